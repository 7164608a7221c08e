import { beforeAll, describe, expect, it } from "vitest"
import { unixMs } from "../../protocol/units.js"
import { lapCrossings } from "../../simulator/world/crossings.js"
import { fenceDistance } from "../../simulator/world/fence-distance.js"
import { demoWorld, receiverView, type Truth, vehicleTruth } from "../../simulator/world/index.js"
import { groundM } from "../../simulator/world/liechtenstein.js"
import { liechtensteinRoads, loadRoads } from "../../simulator/world/roads.js"
import { lapMs } from "../../simulator/world/vehicle.js"
import { cases } from "../support/cases.js"
import { offRoadM } from "./off-road.js"

const world = demoWorld("demo")
const { vehicles, fences } = world
const start = 1_800_000_000_000
const seconds = Array.from({ length: 86_400 }, (_, s) => s)

describe("twenty-four hours of the demo", () => {
    /** By fence: the seconds at which some vehicle clearly crosses it. */
    const clearly = new Map(fences.map(({ id }) => [id, new Set<number>()]))
    let nearestStandM = Number.POSITIVE_INFINITY

    beforeAll(() => {
        for (const { vehicle } of vehicles) {
            const truths = seconds.map((s) => vehicleTruth(vehicle, unixMs(start + s * 1000)))
            for (const { id, shape } of fences) watch(id, truths, truths.map(fenceDistance(shape)))
        }
    })

    function watch(fenceId: string, truths: readonly Truth[], distances: readonly number[]) {
        /** Whether the vehicle is 40 m from the line within a minute, with no crossing between. */
        const isSoonFar = (s: number, step: 1 | -1) => {
            for (let i = 0; i <= 60; i++) {
                const distance = distances[s + i * step] ?? 0
                if (Math.sign(distance) !== Math.sign(distances[s]!)) break
                if (Math.abs(distance) >= 40) return true
            }
            return false
        }
        for (let s = 1; s < distances.length; s++) {
            if (!truths[s]!.moving) nearestStandM = Math.min(nearestStandM, Math.abs(distances[s]!))
            if (Math.sign(distances[s - 1]!) === Math.sign(distances[s]!)) continue
            if (isSoonFar(s - 1, -1) && isSoonFar(s, 1)) clearly.get(fenceId)!.add(s)
        }
    }

    it("have a vehicle clearly crossing a fence in every three minutes", () => {
        let last = 0
        let longest = 0
        for (const s of seconds) {
            if ([...clearly.values()].some((crossed) => crossed.has(s))) last = s
            longest = Math.max(longest, s - last)
        }
        expect(longest).toBeGreaterThan(0)
        expect(longest).toBeLessThanOrEqual(180)
    })

    it("have two different fences clearly crossed in every five minutes", () => {
        const last = new Map(fences.map(({ id }) => [id, 0]))
        const lonely = seconds.filter((s) => {
            for (const [id, crossed] of clearly) if (crossed.has(s)) last.set(id, s)
            return [...last.values()].filter((at) => s - at <= 300).length < 2
        })
        expect(lonely).toEqual([])
    })

    it("have nobody standing within 25 m of a fence line", () => {
        expect(nearestStandM).toBeGreaterThan(25)
    })
})

describe("the demo", () => {
    it("has twelve vehicles with names of their own on streets of the country", () => {
        expect(vehicles.length).toBe(12)
        expect(new Set(vehicles.map(({ id }) => id)).size).toBe(12)
        expect(new Set(vehicles.map(({ name }) => name)).size).toBe(12)
        const offRoad = offRoadM(loadRoads(liechtensteinRoads))
        for (const { vehicle } of vehicles)
            for (let ms = 0; ms < lapMs(vehicle); ms += 1000)
                expect(offRoad(vehicleTruth(vehicle, unixMs(start + ms)))).toBeLessThan(1)
    })

    it("shows the fences in the country, as closed rings and circles", () => {
        expect(fences.length).toBeGreaterThanOrEqual(2)
        const [west, south, east, north] = world.bounds
        for (const { shape } of fences) {
            const corners: [number, number][] =
                shape.type === "circle"
                    ? [[shape.center.lonDeg, shape.center.latDeg]]
                    : shape.rings.flat()
            for (const [lonDeg, latDeg] of corners) {
                expect(lonDeg > west && lonDeg < east).toBe(true)
                expect(latDeg > south && latDeg < north).toBe(true)
            }
            if (shape.type === "polygon")
                for (const ring of shape.rings) expect(ring.at(-1)).toEqual(ring[0])
        }
    })

    it("goes on after a restart where it would have been, truth and reports alike", () => {
        const again = demoWorld("demo")
        vehicles.forEach((before, i) => {
            const after = again.vehicles[i]!
            for (let s = 0; s < 600; s += 7) {
                const atMs = unixMs(start + s * 1000)
                expect(vehicleTruth(after.vehicle, atMs)).toEqual(
                    vehicleTruth(before.vehicle, atMs),
                )
                const report = ({ vehicle, receiver }: typeof before) =>
                    receiverView(receiver, (ms) => vehicleTruth(vehicle, ms), atMs)
                expect(report(after)).toEqual(report(before))
            }
        })
    })

    it("keeps its word for any seed: laps of 8 to 25 minutes, and no crossing that is not clear", () => {
        // That crossings come as often as promised is proved by demoWorld itself, for all time.
        for (let seed = 0; seed < cases(6, 200); seed++) {
            for (const { vehicle } of demoWorld(seed).vehicles) {
                expect(lapMs(vehicle)).toBeGreaterThanOrEqual(8 * 60_000)
                expect(lapMs(vehicle)).toBeLessThanOrEqual(25 * 60_000)
                for (const { beforeM, afterM } of lapCrossings(vehicle, fences))
                    expect(Math.min(beforeM, afterM)).toBeGreaterThanOrEqual(40)
            }
        }
    })

    it("lies on the floor of the Rhine valley, which falls from Balzers to Ruggell", () => {
        const heights = [47, 47.066, 47.1, 47.14, 47.2, 47.239, 47.3].map((latDeg) =>
            groundM({ latDeg, lonDeg: 9.5 } as Truth),
        )
        expect(heights[0]).toBe(472)
        expect(heights[1]).toBe(472)
        expect(heights.at(-1)).toBe(433)
        expect(heights).toEqual(heights.toSorted((a, b) => b - a))
    })
})
