// The tracker's fences against the geography of the gateway and of the world: which side, how far,
// and when a change of side is one.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { numberAt, packFence } from "../../firmware/logic/fence-list.js"
import { FencePlace, placeAt } from "../../firmware/logic/fence-place.js"
import {
    type FenceWatch,
    fenceWatchOf,
    fenceWatchRow,
    newFenceWatch,
    watchFences,
} from "../../firmware/logic/fence-watch.js"
import { deviceFenceOf } from "../../gateway/core/downlink/device-fence.js"
import { boundaryDistanceM } from "../../gateway/core/geofence/boundary.js"
import type { DeviceFence } from "../../protocol/fence-order.js"
import type { Fix } from "../../protocol/fix.js"
import type { FenceShape } from "../../protocol/live.js"
import { deg, metres } from "../../protocol/units.js"
import { direct, inverse } from "../../simulator/world/geodesy.js"
import { aCircle, aRectangle, HOME, offset } from "../support/builders.js"
import { cases } from "../support/cases.js"
import { circles, polygons, shapeHeld } from "../support/device-fences.js"

const START_S = 1_900_000_000

function fixAt(latDeg: number, lonDeg: number, accuracyDm = 50, second = 0): Fix {
    return {
        kind: "fix",
        timeDs: (START_S + second) * 10,
        latUdeg: Math.round(latDeg * 1e6),
        lonUdeg: Math.round(lonDeg * 1e6),
        altM: 0,
        speedDmps: 0,
        courseDeg: 0,
        accuracyDm,
        satellites: 8,
    }
}
const positionOf = ({ latUdeg, lonUdeg }: Fix) => ({
    latDeg: deg(latUdeg / 1e6),
    lonDeg: deg(lonUdeg / 1e6),
})
const placeOf = (fence: DeviceFence, fix: Fix) => placeAt(packFence(fence, 1), 0, fix)
const isInside = (place: FencePlace) =>
    place === FencePlace.inside || place === FencePlace.likelyInside
const isSure = (place: FencePlace) => place === FencePlace.inside || place === FencePlace.outside

/** Even-odd in whole numbers, which are exact: whether a polygon holds a place that is not on its line. */
function holds(fence: DeviceFence, latUdeg: number, lonUdeg: number): boolean {
    const corners = [0, ...fence.norths].map((north, i) => ({
        north: north * fence.unitUdeg + fence.latUdeg - latUdeg,
        east: [0, ...fence.easts][i]! * fence.unitUdeg + fence.lonUdeg - lonUdeg,
    }))
    return corners.reduce((isIn, from, i) => {
        const to = corners[(i + 1) % corners.length]!
        if (from.east < 0 === to.east < 0) return isIn
        const cross = from.north * (to.east - from.east) - from.east * (to.north - from.north)
        return to.east > from.east === cross > 0 ? !isIn : isIn
    }, false)
}

describe("a circle on the tracker", () => {
    it("is the circle on the ellipsoid to 1 m and 0.01 % of its radius, wherever it lies", () => {
        const near = fc.tuple(
            circles,
            fc.double({ min: 0, max: 360, noNaN: true }),
            fc.double({ min: -300, max: 300, noNaN: true }),
            fc.integer({ min: 1, max: 2000 }),
        )
        fc.assert(
            fc.property(near, ([{ shape, fence }, bearing, past, accuracyDm]) => {
                if (shape.type !== "circle" || shape.radiusM + past <= 0) return
                const reach = metres(shape.radiusM + past)
                const there = direct(shape.center, deg(bearing), reach)
                const fix = fixAt(there.latDeg, there.lonDeg, accuracyDm)
                const distanceM = inverse(shape.center, positionOf(fix)).distanceM - shape.radiusM
                const errorM = 1 + shape.radiusM / 10_000
                const place = placeOf(fence, fix)
                if (Math.abs(distanceM) > errorM) expect(isInside(place)).toBe(distanceM < 0)
                const beyondM = Math.abs(distanceM) - accuracyDm / 10
                if (Math.abs(beyondM) > errorM) expect(isSure(place)).toBe(beyondM > 0)
            }),
            { numRuns: cases(2000, 200_000) },
        )
    })

    it("is left behind at any distance, also round the back of the globe", () => {
        fc.assert(
            fc.property(
                circles,
                fc.integer({ min: -90_000_000, max: 90_000_000 }),
                fc.integer({ min: -180_000_000, max: 180_000_000 }),
                ({ shape, fence }, latUdeg, lonUdeg) => {
                    const fix = fixAt(latUdeg / 1e6, lonUdeg / 1e6)
                    if (boundaryDistanceM(shape, positionOf(fix)) < 100) return
                    expect(placeOf(fence, fix)).toBe(FencePlace.outside)
                },
            ),
            { numRuns: cases(1000, 100_000) },
        )
    })
})

describe("a polygon on the tracker", () => {
    it("has the inside that the gateway sees, and distances to a fiftieth below 70 degrees", () => {
        // Between three of the corners and then some: half of the fixes are inside.
        const around = fc.tuple(
            polygons,
            fc.array(fc.tuple(fc.nat(11), fc.integer({ min: 1, max: 100 })), {
                minLength: 3,
                maxLength: 3,
            }),
            fc.constantFrom(1, 1, 1.01, 1.5),
            fc.integer({ min: 1, max: 3000 }),
        )
        let seen = 0
        fc.assert(
            fc.property(around, ([{ fence }, picks, stretch, accuracyDm]) => {
                const sum = picks.reduce((total, [, weight]) => total + weight, 0)
                const meanOf = (values: readonly number[]) =>
                    picks.reduce((total, [corner, weight]) => {
                        const value = [0, ...values][corner % (values.length + 1)]!
                        return total + (value * weight * stretch * fence.unitUdeg) / sum
                    }, 0)
                const latUdeg = fence.latUdeg + Math.round(meanOf(fence.norths))
                const lonUdeg = fence.lonUdeg + Math.round(meanOf(fence.easts))
                const turned = lonUdeg - 360e6 * Math.round(lonUdeg / 360e6)
                const fix = fixAt(latUdeg / 1e6, turned / 1e6, accuracyDm)
                const distanceM = boundaryDistanceM(shapeHeld(fence), positionOf(fix))
                const place = placeOf(fence, fix)
                if (Math.abs(distanceM) > 0.001) {
                    const truth = holds(fence, latUdeg, lonUdeg)
                    expect(isInside(place)).toBe(truth)
                    // On the meridian of a corner the gateway's degrees may round to either side.
                    const east = lonUdeg - fence.lonUdeg
                    if (![0, ...fence.easts].some((value) => value * fence.unitUdeg === east))
                        expect(distanceM < 0).toBe(truth)
                    if (truth) seen++
                }
                if (Math.abs(latUdeg) > 70e6) return
                const beyondM = Math.abs(distanceM) - accuracyDm / 10
                const errorM = 0.01 + Math.abs(distanceM) / 50
                if (Math.abs(beyondM) > errorM) expect(isSure(place)).toBe(beyondM > 0)
            }),
            { numRuns: cases(3000, 200_000) },
        )
        expect(seen).toBeGreaterThan(300)
    })

    it("that was drawn on the map is rounded by less than its unit", () => {
        const ring: [number, number][] = [
            [9.5, 47.1],
            [9.9, 47.1234567],
            [9.7, 47.4],
            [9.5, 47.1],
        ]
        const fence = deviceFenceOf(1, { type: "polygon", rings: [ring] }, { fixes: 1, seconds: 0 })
        expect(fence.unitUdeg).toBe(13)
        const held = shapeHeld(fence) as Extract<FenceShape, { type: "polygon" }>
        held.rings[0]!.forEach(([lonDeg, latDeg], i) => {
            expect(Math.abs(lonDeg - ring[i]![0])).toBeLessThan(7e-6)
            expect(Math.abs(latDeg - ring[i]![1])).toBeLessThan(7e-6)
        })
    })
})

/** Feeds fixes so many metres east of HOME, one a second unless a time is given. */
function crossingsOf(
    fence: Buffer,
    fixes: readonly { eastM: number; accuracyDm?: number; second?: number }[],
): { second: number; side: number }[] {
    let memory: FenceWatch = newFenceWatch()
    return fixes.flatMap(({ eastM, accuracyDm = 50, second }, i) => {
        const { latDeg, lonDeg } = offset(eastM, 0)
        const at = second ?? i
        const watched = watchFences(memory, fence, fixAt(latDeg, lonDeg, accuracyDm, at))
        // Every step through the row, as over a sleep.
        memory = fenceWatchOf(fenceWatchRow(watched.memory))
        expect(memory).toEqual(watched.memory)
        return watched.crossings.map(({ number, side }) => {
            expect(number).toBe(numberAt(fence, 0))
            return { second: at, side }
        })
    })
}
const kept = (shape: FenceShape, fixes: number, seconds: number, number = 9, stamp = 1) =>
    packFence(deviceFenceOf(number, shape, { fixes, seconds }), stamp)
const ring = (fixes: number, seconds = 0) => kept(aCircle(100).shape, fixes, seconds)
const at = (...metresEast: number[]) => metresEast.map((eastM) => ({ eastM }))

describe("a side of a fence", () => {
    it("is set by the first fix without a word, the likelier side when it is close", () => {
        for (const eastM of [0, 99, 101, 500]) expect(crossingsOf(ring(1), at(eastM))).toEqual([])
        expect(crossingsOf(ring(1), at(99, 120))).toEqual([{ second: 1, side: 0 }])
        expect(crossingsOf(ring(1), at(101, 80))).toEqual([{ second: 1, side: 1 }])
    })

    it("is left past the line by more than the accuracy only", () => {
        expect(crossingsOf(ring(1), at(0, 104, 104, 104))).toEqual([])
        expect(crossingsOf(ring(1), at(0, 106))).toEqual([{ second: 1, side: 0 }])
        const poor = { eastM: 150, accuracyDm: 600 }
        expect(crossingsOf(ring(1), [{ eastM: 0 }, poor, poor])).toEqual([])
    })

    it("is left after so many fixes in a row, over so many seconds", () => {
        expect(crossingsOf(ring(3), at(0, 200, 200, 200))).toEqual([{ second: 3, side: 0 }])
        expect(crossingsOf(ring(3), at(0, 200, 200, 0, 200, 200, 102, 200, 200))).toEqual([])
        const slow = [0, 200, 200, 200].map((eastM, i) => ({ eastM, second: i * 10 }))
        expect(crossingsOf(ring(2, 20), slow)).toEqual([{ second: 30, side: 0 }])
        expect(crossingsOf(ring(2, 21), slow)).toEqual([])
    })

    it("begins its seconds anew when the clock was set back", () => {
        const fixes = [0, 200, 200, 200].map((eastM, i) => ({ eastM, second: [0, 50, 20, 45][i]! }))
        expect(crossingsOf(ring(2, 30), fixes)).toEqual([])
        expect(crossingsOf(ring(2, 25), fixes)).toEqual([{ second: 45, side: 0 }])
    })

    it("is kept by whoever is parked on the line, whatever the scatter", () => {
        fc.assert(
            fc.property(
                fc.array(fc.integer({ min: -90, max: 90 }), { minLength: 50, maxLength: 200 }),
                (scatterDm) => {
                    const fixes = scatterDm.map((dm) => ({ eastM: 100 + dm / 10, accuracyDm: 100 }))
                    expect(crossingsOf(ring(1), fixes)).toEqual([])
                },
            ),
            { numRuns: cases(50, 5000) },
        )
    })

    it("is told once on the way in and once on the way out", () => {
        const way = Array.from({ length: 121 }, (_, i) => ({ eastM: -300 + i * 5 }))
        for (const shape of [aCircle(100).shape, aRectangle(200, 150).shape])
            expect(crossingsOf(kept(shape, 2, 1), way).map(({ side }) => side)).toEqual([1, 0])
    })

    it("is asked anew of a fence that was replaced, and of no other", () => {
        const [here, there] = [fixAt(HOME.latDeg, HOME.lonDeg), fixAt(48, 10, 50, 1)]
        const { shape } = aCircle(100)
        const first = kept(shape, 1, 0, 9, 1)
        const second = kept(shape, 1, 0, 4, 2)
        const { memory } = watchFences(newFenceWatch(), Buffer.concat([first, second]), here)
        const replaced = kept(shape, 1, 0, 9, 3)
        // The one that stayed stands at another place of the list.
        const watched = watchFences(memory, Buffer.concat([second, replaced]), there)
        expect(watched.crossings).toEqual([{ number: 4, side: 0 }])
        expect(watched.memory.sides.map(({ stamp }) => stamp)).toEqual([2, 3])
    })

    it("is kept in a row of 24 integers below 2^53, and a broken row gives a new one", () => {
        const sides = Array.from({ length: 24 }, (_, i) => {
            return { stamp: 4095 - i, side: 1, run: 31, sinceS: 0xffffffff }
        })
        const row = fenceWatchRow({ sides })
        expect(row.every(Number.isSafeInteger)).toBe(true)
        expect(fenceWatchOf(row)).toEqual({ sides })
        expect(fenceWatchOf([-1, 0.5])).toEqual(newFenceWatch())
    })
})
