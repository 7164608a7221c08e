import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { deg, metres } from "../../protocol/units.js"
import {
    direct,
    inverse,
    metresPerDegree,
    normalCourseDeg,
    turnDeg,
} from "../../simulator/world/geodesy.js"
import { cases } from "../support/cases.js"

const at = (latDeg: number, lonDeg: number) => ({ latDeg: deg(latDeg), lonDeg: deg(lonDeg) })
const dms = (d: number, m: number, s: number) => Math.sign(d) * (Math.abs(d) + m / 60 + s / 3600)

describe("exact geodesy", () => {
    it("agrees with the surveyed line from Flinders Peak to Buninyong", () => {
        // Geocentric Datum of Australia technical manual, chapter 4: GRS 80, alike to a micrometre here.
        const flinders = at(dms(-37, 57, 3.7203), dms(144, 25, 29.5244))
        const buninyong = at(dms(-37, 39, 10.1561), dms(143, 55, 35.3839))
        const line = inverse(flinders, buninyong)
        expect(line.distanceM).toBeCloseTo(54972.271, 3)
        expect(line.bearingDeg).toBeCloseTo(dms(306, 52, 5.37), 5)
        expect(line.finalBearingDeg).toBeCloseTo(dms(127, 10, 25.07) + 180, 5)
    })

    it("finds the nearly antipodal way from Wellington to Salamanca", () => {
        // The worked example of the GeographicLib documentation.
        const { distanceM } = inverse(at(-41.32, 174.81), at(40.96, -5.5))
        expect(distanceM).toBeCloseTo(19959679.267, 3)
    })

    it("comes back to the same distance and bearing it went out by", () => {
        fc.assert(
            fc.property(
                fc.double({ min: -89, max: 89, noNaN: true }),
                fc.double({ min: -180, max: 180, noNaN: true }),
                fc.double({ min: 0, max: 359.9, noNaN: true }),
                fc.double({ min: 1, max: 1e7, noNaN: true }),
                (latDeg, lonDeg, bearingDeg, distanceM) => {
                    const from = at(latDeg, lonDeg)
                    const to = direct(from, deg(bearingDeg), metres(distanceM))
                    const back = inverse(from, to)
                    expect(Math.abs(back.distanceM - distanceM)).toBeLessThan(1e-6)
                    const offM = turnDeg(bearingDeg, back.bearingDeg) * distanceM
                    expect(Math.abs(offM)).toBeLessThan(1e-3 * (1 + distanceM / 1e5))
                },
            ),
            { numRuns: cases(200, 20_000) },
        )
    })

    it("knows the metres in a degree as the geodesic does", () => {
        for (const latDeg of [-80, -33, 0, 0.5, 47.1, 71]) {
            const { northM, eastM } = metresPerDegree(latDeg)
            const h = 5e-4
            const north = inverse(at(latDeg - h, 9), at(latDeg + h, 9)).distanceM / (2 * h)
            const east = inverse(at(latDeg, 9 - h), at(latDeg, 9 + h)).distanceM / (2 * h)
            expect(Math.abs(northM - north)).toBeLessThan(1e-3)
            expect(Math.abs(eastM - east)).toBeLessThan(1e-3)
        }
    })

    it("keeps courses in [0, 360) and turns the shorter way", () => {
        fc.assert(
            fc.property(fc.double({ min: -1e4, max: 1e4, noNaN: true }), (courseDeg) => {
                const normal = normalCourseDeg(courseDeg)
                expect(normal).toBeGreaterThanOrEqual(0)
                expect(normal).toBeLessThan(360)
            }),
            { numRuns: cases(200, 20_000) },
        )
        expect(normalCourseDeg(-1e-20)).toBe(0)
        expect(turnDeg(350, 10)).toBe(20)
        expect(turnDeg(10, 350)).toBe(-20)
        expect(turnDeg(0, 180)).toBe(-180)
    })
})
