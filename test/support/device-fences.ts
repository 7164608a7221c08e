// Fences as a tracker is told them, made at random all over the globe.

import fc from "fast-check"
import { deviceFenceOf } from "../../gateway/core/downlink/device-fence.js"
import {
    CORNER_REACH_UNITS,
    CORNER_UNIT_MAX_UDEG,
    CORNERS_MAX,
    circleOf,
    type DeviceFence,
    FENCE_LAT_MAX_UDEG,
    FENCE_NUMBER_MAX,
    fenceArgs,
    polygonOf,
    RADIUS_MAX_M,
    RADIUS_MIN_M,
} from "../../protocol/fence-order.js"
import type { FenceShape } from "../../protocol/live.js"
import { deg, metres } from "../../protocol/units.js"

const place = fc.record({
    latUdeg: fc.integer({ min: -FENCE_LAT_MAX_UDEG + 600_000, max: FENCE_LAT_MAX_UDEG - 600_000 }),
    lonUdeg: fc.integer({ min: -179_999_999, max: 179_999_999 }),
})
const dwell = fc.record({
    fixes: fc.integer({ min: 1, max: 15 }),
    seconds: fc.integer({ min: 0, max: 3600 }),
})
const number = fc.integer({ min: 0, max: FENCE_NUMBER_MAX })

/** The shape on the map and the fence of the tracker. */
export interface FencePair {
    shape: FenceShape
    fence: DeviceFence
}

export const circles: fc.Arbitrary<FencePair> = fc
    .tuple(place, dwell, number, fc.integer({ min: RADIUS_MIN_M, max: RADIUS_MAX_M }))
    .map(([{ latUdeg, lonUdeg }, dwell, number, radiusM]) => {
        const center = { latDeg: deg(latUdeg / 1e6), lonDeg: deg(lonUdeg / 1e6) }
        const shape: FenceShape = { type: "circle", center, radiusM: metres(radiusM) }
        return { shape, fence: deviceFenceOf(number, shape, dwell) }
    })

/** Any corners, so outlines that cross themselves as well; on the grid that the tracker has. */
export const polygons: fc.Arbitrary<FencePair> = fc
    .tuple(
        place,
        dwell,
        number,
        fc.integer({ min: 1, max: CORNER_UNIT_MAX_UDEG }),
        fc.constantFrom(50, 900, CORNER_REACH_UNITS),
    )
    .chain(([at, dwell, number, unit, reach]) => {
        const offset = fc.integer({ min: -reach, max: reach })
        const corners = fc.array(fc.tuple(offset, offset), {
            minLength: 2,
            maxLength: CORNERS_MAX - 1,
        })
        return corners.map((others) => {
            const east = (value: number) => (at.lonUdeg + value * unit) / 1e6
            const north = (value: number) => (at.latUdeg + value * unit) / 1e6
            const ring: [number, number][] = [[0, 0], ...others].map(([e, n]) => [
                east(e!),
                north(n!),
            ])
            ring.push(ring[0]!)
            const shape: FenceShape = { type: "polygon", rings: [ring] }
            return { shape, at, dwell, number, isFlat: isFlat(others) }
        })
    })
    .filter(({ isFlat }) => !isFlat)
    .map(({ shape, dwell, number }) => ({ shape, fence: deviceFenceOf(number, shape, dwell) }))

/** The map's shape of what the tracker holds: its corners may be rounded to their unit. */
export function shapeHeld(fence: DeviceFence): FenceShape {
    const ring: [number, number][] = [[fence.lonUdeg / 1e6, fence.latUdeg / 1e6]]
    fence.norths.forEach((north, i) => {
        const east = fence.easts[i]!
        ring.push([
            (fence.lonUdeg + east * fence.unitUdeg) / 1e6,
            (fence.latUdeg + north * fence.unitUdeg) / 1e6,
        ])
    })
    ring.push(ring[0]!)
    return { type: "polygon", rings: [ring] }
}

export function readBack(fence: DeviceFence): DeviceFence | string {
    return fence.radiusM > 0 ? circleOf(fenceArgs(fence)) : polygonOf(fenceArgs(fence))
}

function isFlat(others: readonly (readonly [number, number])[]): boolean {
    const [first, ...rest] = others.filter(([e, n]) => e !== 0 || n !== 0)
    return !first || rest.every(([e, n]) => e * first[1] === n * first[0])
}
