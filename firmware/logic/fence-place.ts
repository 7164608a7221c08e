// Where a fix lies against the line of a fence, by whole numbers times the lengths that the fence
// brings: + - * / alone, so the tracker's machine and Node agree to the last bit. Distances are in
// centimetres; squares of them stay below 2^53 within 900 km, and beyond that only the sign counts.
//
// Against the ellipsoid: a circle's line is off by less than 1 m + 0.01 % of the radius, an edge's
// distance by less than 2 % + 1 cm up to 70 degrees of latitude, and the side of an edge by rounding
// (`npx vitest run test/firmware/fence-watch`).

import { CORNER_REACH_UNITS, EAST_SLOPE_MAX_NM, NORTH_MIN_NM } from "../../protocol/fence-order.js"
import type { Fix } from "../../protocol/fix.js"
import {
    CORNER_BYTES,
    CORNER_OFFSET,
    FENCE_BODY,
    FENCE_EAST,
    FENCE_LAT,
    FENCE_LON,
    FENCE_NORTH,
    isCircleAt,
    LAT_OFFSET_UDEG,
    LON_OFFSET_UDEG,
    lengthAt,
    threeBytes,
} from "./fence-list.js"
import { wrapUdeg } from "./thin/ellipsoid.js"

export const enum FencePlace {
    /** Past the line by more than the fix's accuracy. */
    outside = 0,
    /** On that side of the line, and no further from it than the accuracy. */
    likelyOutside = 1,
    likelyInside = 2,
    inside = 3,
}

/** Nanometres for a millionth of a degree, times millionths, over this: centimetres. */
const NM_PER_CM = 10000000
const UDEG_PER_DEG = 1000000

/** Of the fence that begins at `at` of a list (fence-list.ts). The line itself is inside. */
export function placeAt(list: Buffer, at: number, fix: Fix): FencePlace {
    const north = list.readUInt32LE(at + FENCE_LAT) - LAT_OFFSET_UDEG - fix.latUdeg
    const lon = list.readUInt32LE(at + FENCE_LON) - LON_OFFSET_UDEG
    const east = wrapUdeg(lon - fix.lonUdeg)
    if (isCircleAt(list, at)) return placeInCircle(list, at, north, east, fix.accuracyDm * 10)
    return placeInPolygon(list, at, north, east, fix.accuracyDm * 10)
}

/** `northUdeg`, `eastUdeg`: the centre, seen from the fix. `accuracy`, as all below, in centimetres. */
function placeInCircle(
    list: Buffer,
    at: number,
    northUdeg: number,
    eastUdeg: number,
    accuracy: number,
): FencePlace {
    const slopeNm = threeBytes(list, at + FENCE_BODY + 2) - EAST_SLOPE_MAX_NM
    // Between two latitudes a degree of longitude is as long as half way.
    const change = (slopeNm * northUdeg) / UDEG_PER_DEG / 2
    const eastNm = list.readUInt32LE(at + FENCE_EAST) - change
    const north = (northUdeg * northNmAt(list, at)) / NM_PER_CM
    const east = (eastUdeg * eastNm) / NM_PER_CM
    const square = north * north + east * east
    const radius = list.readUInt16LE(at + FENCE_BODY) * 100
    if (square > radius * radius) {
        const past = radius + accuracy
        return square > past * past ? FencePlace.outside : FencePlace.likelyOutside
    }
    const within = radius - accuracy
    return within > 0 && square < within * within ? FencePlace.inside : FencePlace.likelyInside
}

/** `northUdeg`, `eastUdeg`: the first corner, seen from the fix. */
function placeInPolygon(
    list: Buffer,
    at: number,
    northUdeg: number,
    eastUdeg: number,
    accuracy: number,
): FencePlace {
    const unit = list[at + FENCE_BODY]
    const far = 2 * CORNER_REACH_UNITS * unit
    if (northUdeg > far || northUdeg < -far || eastUdeg > far || eastUdeg < -far)
        return FencePlace.outside
    const northCm = northNmAt(list, at) / NM_PER_CM
    const eastCm = list.readUInt32LE(at + FENCE_EAST) / NM_PER_CM
    const yUnit = unit * northCm
    const xUnit = unit * eastCm
    const xBase = eastUdeg * eastCm - CORNER_OFFSET * xUnit
    const yBase = northUdeg * northCm - CORNER_OFFSET * yUnit
    const near = accuracy * accuracy
    const end = at + lengthAt(list, at)
    let isInside = false
    let isNear = false
    // From the first corner around and back to it, computed as at the end: it is one point.
    let x = xBase + xUnit * CORNER_OFFSET
    let y = yBase + yUnit * CORNER_OFFSET
    for (let corner = at + FENCE_BODY + 1; corner < end; corner += CORNER_BYTES) {
        const toX = xBase + xUnit * (list[corner + 2] + (list[corner + 3] << 8))
        const toY = yBase + yUnit * (list[corner] + (list[corner + 1] << 8))
        const alongX = toX - x
        const alongY = toY - y
        const cross = y * alongX - x * alongY
        // Even-odd along the meridian northward; west is one side and the meridian the other.
        if (x < 0 !== toX < 0 && (alongX > 0 ? cross >= 0 : cross <= 0)) isInside = !isInside
        if (!isNear) {
            // Far from the line through it is far from the edge: so it is with most of them.
            const square = alongX * alongX + alongY * alongY
            if (cross * cross <= near * square) {
                const foot = -x * alongX - y * alongY
                if (foot <= 0) isNear = x * x + y * y <= near
                else isNear = foot < square || toX * toX + toY * toY <= near
            }
        }
        x = toX
        y = toY
    }
    if (isInside) return isNear ? FencePlace.likelyInside : FencePlace.inside
    return isNear ? FencePlace.likelyOutside : FencePlace.outside
}

function northNmAt(list: Buffer, at: number): number {
    return threeBytes(list, at + FENCE_NORTH) + NORTH_MIN_NM
}
