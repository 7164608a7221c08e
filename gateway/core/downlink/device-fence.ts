// A fence of the map as one that a tracker watches by itself.

import {
    CORNER_REACH_UNITS,
    CORNER_UNIT_MAX_UDEG,
    CORNERS_MAX,
    CORNERS_MIN,
    circleOf,
    type DeviceFence,
    fenceArgs,
    isCircle,
    polygonOf,
} from "../../../protocol/fence-order.js"
import type { FenceShape } from "../../../protocol/live.js"
import { deg } from "../../../protocol/units.js"
import { DEGREE, wrapLongitude } from "../geo/ellipsoid.js"
import { planeAt } from "../geo/local-plane.js"
import { InputError } from "../input-error.js"

const UDEG = 1_000_000
/** A length of a degree in metres, times this: of a millionth of one, in nanometres. */
const NM_PER_UDEG = 1000

export interface Dwell {
    fixes: number
    seconds: number
}

/** Throws an InputError that says why the tracker cannot watch it. */
export function deviceFenceOf(number: number, shape: FenceShape, dwell: Dwell): DeviceFence {
    const fence =
        shape.type === "circle" ? round(number, shape, dwell) : straight(number, shape, dwell)
    const read = isCircle(fence) ? circleOf(fenceArgs(fence)) : polygonOf(fenceArgs(fence))
    if (read === "arguments" || read === "range")
        throw new InputError(
            `fence ${number} for the tracker: out of range (docs/protocol.md P-E67) in ${JSON.stringify(fence)}`,
        )
    return fence
}

function round(
    number: number,
    { center, radiusM }: Extract<FenceShape, { type: "circle" }>,
    dwell: Dwell,
): DeviceFence {
    const lengths = lengthsAt(center.latDeg)
    const slope = -lengths.northNm * Math.sin(center.latDeg * DEGREE) * DEGREE
    return {
        number,
        dwellFixes: dwell.fixes,
        dwellS: dwell.seconds,
        ...lengths,
        // Not -0 at the equator: the wire has but one zero.
        eastSlopeNm: Math.round(slope) + 0,
        latUdeg: Math.round(center.latDeg * UDEG),
        lonUdeg: Math.round(wrapLongitude(center.lonDeg) * UDEG),
        radiusM: Math.round(radiusM),
        unitUdeg: 1,
        norths: [],
        easts: [],
    }
}

function straight(
    number: number,
    { rings }: Extract<FenceShape, { type: "polygon" }>,
    dwell: Dwell,
): DeviceFence {
    const ring = rings[0]?.slice(0, -1) ?? []
    if (rings.length !== 1 || ring.length < CORNERS_MIN || ring.length > CORNERS_MAX)
        throw new InputError(
            `fence ${number} for the tracker: ${rings.length} rings, ${ring.length} corners, ` +
                `expected one ring of ${CORNERS_MIN} to ${CORNERS_MAX}`,
        )
    const [first, ...others] = ring as [[number, number], ...[number, number][]]
    const latUdeg = Math.round(first[1] * UDEG)
    const lonUdeg = Math.round(wrapLongitude(first[0]) * UDEG)
    const fromFirst = others.map(([lonDeg, latDeg]) => ({
        north: Math.round(latDeg * UDEG) - latUdeg,
        east: Math.round(wrapLongitude(lonDeg - first[0]) * UDEG),
    }))
    const offsets = fromFirst.flatMap(({ north, east }) => [Math.abs(north), Math.abs(east)])
    const reach = Math.max(...offsets)
    const unitUdeg = Math.max(1, Math.ceil(reach / CORNER_REACH_UNITS))
    if (unitUdeg > CORNER_UNIT_MAX_UDEG)
        throw new InputError(
            `fence ${number} for the tracker: a corner ${reach / UDEG} degrees from the first, ` +
                `expected ${(CORNER_REACH_UNITS * CORNER_UNIT_MAX_UDEG) / UDEG} at most`,
        )
    const norths = fromFirst.map(({ north }) => north)
    const middle = (Math.min(0, ...norths) + Math.max(0, ...norths)) / 2
    return {
        number,
        dwellFixes: dwell.fixes,
        dwellS: dwell.seconds,
        ...lengthsAt((latUdeg + middle) / UDEG),
        eastSlopeNm: 0,
        latUdeg,
        lonUdeg,
        radiusM: 0,
        unitUdeg,
        norths: norths.map((north) => Math.round(north / unitUdeg)),
        easts: fromFirst.map(({ east }) => Math.round(east / unitUdeg)),
    }
}

function lengthsAt(latDeg: number): { northNm: number; eastNm: number } {
    const plane = planeAt({ latDeg: deg(latDeg), lonDeg: deg(0) })
    return {
        northNm: Math.round(plane.northMPerDeg * NM_PER_UDEG),
        eastNm: Math.round(plane.eastMPerDeg * NM_PER_UDEG),
    }
}
