import fc from "fast-check"
import geographiclib from "geographiclib-geodesic"
import { describe, expect, it } from "vitest"
import { wrapLongitude } from "../../../gateway/core/geo/ellipsoid.js"
import { bearingDeg, distanceM } from "../../../gateway/core/geo/geodesic.js"
import { fromPlane, planeAt, planeErrorM, toPlane } from "../../../gateway/core/geo/local-plane.js"
import type { Position } from "../../../gateway/core/geo/position.js"
import { deg, metres } from "../../../protocol/units.js"
import { cases } from "../../support/cases.js"

const WGS84 = geographiclib.Geodesic.WGS84
const DEGREE = Math.PI / 180

function position(latDeg: number, lonDeg: number): Position {
    return { latDeg: deg(latDeg), lonDeg: deg(lonDeg) }
}

function destination(from: Position, azimuthDeg: number, lengthM: number): Position {
    const { lat2, lon2 } = WGS84.Direct(from.latDeg, from.lonDeg, azimuthDeg, lengthM)
    return position(lat2!, lon2!)
}

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const latitude = (limit: number) => number(-limit, limit)
const longitude = number(-180, 180)

describe("the geodesic", () => {
    it("agrees with geographiclib to a millimetre and a millionth of a degree, all over the globe", () => {
        fc.assert(
            fc.property(
                latitude(90),
                longitude,
                number(0, 360),
                number(0.01, 19_000_000),
                (lat, lon, azimuthDeg, lengthM) => {
                    const from = position(lat, lon)
                    const to = destination(from, azimuthDeg, lengthM)
                    const exact = WGS84.Inverse(lat, lon, to.latDeg, to.lonDeg)
                    expect(Math.abs(distanceM(from, to) - exact.s12!)).toBeLessThan(1e-3)
                    // The course turns fast beside a pole: measure it as metres across.
                    const turn = wrapLongitude(bearingDeg(from, to) - exact.azi1!) * DEGREE
                    const reachM = Math.min(exact.s12!, 6_378_137)
                    expect(Math.abs(turn) * reachM * Math.cos(lat * DEGREE)).toBeLessThan(0.1)
                },
            ),
            { numRuns: cases(500, 20_000) },
        )
    })

    it("measures no distance from a place to itself and the same both ways", () => {
        const nagoya = position(35.16, 136.88)
        const berlin = position(52.52, 13.4)
        expect(distanceM(nagoya, nagoya)).toBe(0)
        expect(bearingDeg(nagoya, nagoya)).toBe(0)
        expect(distanceM(nagoya, berlin)).toBeCloseTo(distanceM(berlin, nagoya), 6)
    })

    it("crosses the antimeridian the short way", () => {
        const west = position(-17, 179.999)
        const east = position(-17, -179.999)
        expect(distanceM(west, east)).toBeLessThan(250)
        expect(bearingDeg(west, east)).toBeCloseTo(90, 2)
    })

    it("stays finite between opposite points, where it is only roughly right", () => {
        const exact = WGS84.Inverse(0.2, 0, -0.2, 179.9).s12!
        const rough = distanceM(position(0.2, 0), position(-0.2, 179.9))
        expect(Math.abs(rough / exact - 1)).toBeLessThan(0.003)
    })
})

describe("the local plane", () => {
    it("stays within its stated error of the exact geodesic, all over the globe", () => {
        fc.assert(
            fc.property(
                latitude(85),
                longitude,
                number(0, 360),
                number(0.1, 10_000),
                (lat, lon, azimuthDeg, lengthM) => {
                    const origin = position(lat, lon)
                    const point = destination(origin, azimuthDeg, lengthM)
                    const { eastM, northM } = toPlane(planeAt(origin), point)
                    const error = Math.hypot(
                        eastM - lengthM * Math.sin(azimuthDeg * DEGREE),
                        northM - lengthM * Math.cos(azimuthDeg * DEGREE),
                    )
                    // A nanodegree of rounding in the positions is a tenth of a millimetre.
                    const bound = planeErrorM(deg(lat), metres(lengthM)) + 1e-4
                    expect(error).toBeLessThan(bound)
                },
            ),
            { numRuns: cases(2_000, 100_000) },
        )
    })

    it("comes back to the position it left from", () => {
        fc.assert(
            fc.property(
                latitude(85),
                longitude,
                number(-20_000, 20_000),
                number(-20_000, 20_000),
                (lat, lon, eastM, northM) => {
                    const plane = planeAt(position(lat, lon))
                    const there = fromPlane(plane, {
                        eastM: metres(eastM),
                        northM: metres(northM),
                    })
                    expect(there.lonDeg).toBeGreaterThanOrEqual(-180)
                    expect(there.lonDeg).toBeLessThan(180)
                    const back = toPlane(plane, there)
                    expect(back.eastM).toBeCloseTo(eastM, 4)
                    expect(back.northM).toBeCloseTo(northM, 4)
                },
            ),
            { numRuns: cases(300, 10_000) },
        )
    })

    it("stays finite at a pole", () => {
        const plane = planeAt(position(90, 0))
        const there = fromPlane(plane, { eastM: metres(5), northM: metres(5) })
        expect(Number.isFinite(there.lonDeg)).toBe(true)
        expect(there.latDeg).toBe(90)
    })

    it("wraps longitudes into [-180, 180)", () => {
        expect(wrapLongitude(180)).toBe(-180)
        expect(wrapLongitude(-180)).toBe(-180)
        expect(wrapLongitude(540)).toBe(-180)
        expect(wrapLongitude(-180 - 1e-14)).toBe(-180)
        expect(wrapLongitude(12.25)).toBe(12.25)
    })
})
