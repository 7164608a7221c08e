import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { FenceShape } from "../../protocol/live.js"
import { deg, metres } from "../../protocol/units.js"
import { fenceDistance } from "../../simulator/world/fence-distance.js"
import { direct, type Position } from "../../simulator/world/geodesy.js"
import { cases } from "../support/cases.js"

const vaduz: Position = { latDeg: deg(47.1392), lonDeg: deg(9.5214) }
const bearing = fc.double({ min: 0, max: 359.9, noNaN: true })

/** A ring of corners at given bearings and distances from Vaduz. */
function ring(...corners: [bearingDeg: number, distanceM: number][]): [number, number][] {
    const points = corners.map(([bearingDeg, distanceM]): [number, number] => {
        const { latDeg, lonDeg } = direct(vaduz, deg(bearingDeg), metres(distanceM))
        return [lonDeg, latDeg]
    })
    return [...points, points[0]!]
}

describe("the true distance from a fence", () => {
    it("is that of the geodesic for a circle, to a decimetre within a kilometre", () => {
        fc.assert(
            fc.property(
                bearing,
                fc.double({ min: 0, max: 1000, noNaN: true }),
                fc.double({ min: 50, max: 1000, noNaN: true }),
                (bearingDeg, awayM, radiusM) => {
                    const shape: FenceShape = {
                        type: "circle",
                        center: vaduz,
                        radiusM: metres(radiusM),
                    }
                    const at = direct(vaduz, deg(bearingDeg), metres(awayM))
                    const offM = fenceDistance(shape)(at) - (awayM - radiusM)
                    expect(Math.abs(offM)).toBeLessThan(0.1)
                },
            ),
            { numRuns: cases(200, 20_000) },
        )
    })

    const square = ring([45, 500], [135, 500], [225, 500], [315, 500])
    const hole = ring([45, 100], [135, 100], [225, 100], [315, 100])
    const halfSideM = 500 / Math.SQRT2

    it("is measured across a side, and round a corner", () => {
        const distance = fenceDistance({ type: "polygon", rings: [square] })
        const at = (bearingDeg: number, awayM: number) =>
            distance(direct(vaduz, deg(bearingDeg), metres(awayM)))
        expect(at(0, halfSideM + 40)).toBeCloseTo(40, 1)
        expect(at(90, halfSideM - 40)).toBeCloseTo(-40, 1)
        expect(at(225, 600)).toBeCloseTo(100, 1)
        expect(at(0, 0)).toBeCloseTo(-halfSideM, 1)
    })

    it("counts a hole as outside", () => {
        const distance = fenceDistance({ type: "polygon", rings: [square, hole] })
        expect(distance(vaduz)).toBeCloseTo(100 / Math.SQRT2, 1)
        expect(distance(direct(vaduz, deg(0), metres(200)))).toBeLessThan(0)
    })

    it("does not depend on where a ring begins or which way it runs", () => {
        const turned: [number, number][] = [...square.slice(1), square[1]!]
        fc.assert(
            fc.property(bearing, fc.double({ min: 0, max: 900, noNaN: true }), (at, awayM) => {
                const point = direct(vaduz, deg(at), metres(awayM))
                const [once, other, back] = [square, turned, square.toReversed()].map((one) =>
                    fenceDistance({ type: "polygon", rings: [one] })(point),
                )
                expect(other).toBeCloseTo(once!, 6)
                expect(back).toBeCloseTo(once!, 6)
            }),
            { numRuns: cases(200, 20_000) },
        )
    })
})
