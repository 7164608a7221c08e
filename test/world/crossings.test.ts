import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { unixMs } from "../../protocol/units.js"
import { crossingsBetween, lapCrossings } from "../../simulator/world/crossings.js"
import { demoWorld } from "../../simulator/world/demo.js"
import { fenceDistance } from "../../simulator/world/fence-distance.js"
import { lapMs, vehicleTruth } from "../../simulator/world/vehicle.js"
import { cases } from "../support/cases.js"

const { vehicles, fences } = demoWorld("crossings")
const day = 86_400_000

describe("a true crossing", () => {
    it("has the vehicle on one side a moment before and on the other a moment after", () => {
        for (const { vehicle } of vehicles)
            for (const { fenceId, kind, atMs } of lapCrossings(vehicle, fences)) {
                const distance = fenceDistance(fences.find(({ id }) => id === fenceId)!.shape)
                const [before, after] = [atMs - 2, atMs + 2].map((ms) =>
                    distance(vehicleTruth(vehicle, unixMs(ms))),
                )
                expect(Math.sign(before!)).toBe(kind === "enter" ? 1 : -1)
                expect(Math.sign(after!)).toBe(kind === "enter" ? -1 : 1)
            }
    })

    it("is followed by one the other way: what goes in comes out", () => {
        for (const { vehicle } of vehicles)
            for (const fence of fences) {
                const found = crossingsBetween(vehicle, [fence], unixMs(0), unixMs(day / 4))
                found.slice(1).forEach(({ kind }, i) => {
                    expect(kind).not.toBe(found[i]!.kind)
                })
            }
    })

    it("is found in whatever span it falls, once", () => {
        const all = vehicles.map(({ vehicle }) =>
            crossingsBetween(vehicle, fences, unixMs(0), unixMs(day)),
        )
        fc.assert(
            fc.property(
                fc.nat(vehicles.length - 1),
                fc.array(fc.nat(day - 1), { maxLength: 5 }),
                (i, cuts) => {
                    const ends = [0, ...cuts.sort((a, b) => a - b), day]
                    const parts = ends
                        .slice(1)
                        .flatMap((to, j) =>
                            crossingsBetween(
                                vehicles[i]!.vehicle,
                                fences,
                                unixMs(ends[j]!),
                                unixMs(to),
                            ),
                        )
                    expect(parts.map(({ kind }) => kind)).toEqual(all[i]!.map(({ kind }) => kind))
                    parts.forEach(({ atMs }, j) => {
                        expect(atMs).toBeCloseTo(all[i]![j]!.atMs, 3)
                    })
                },
            ),
            { numRuns: cases(20, 500) },
        )
        all.forEach((found, i) => {
            const { vehicle } = vehicles[i]!
            const laps = day / lapMs(vehicle)
            expect(found.length).toBe(Math.round(laps * lapCrossings(vehicle, fences).length))
        })
    })
})
