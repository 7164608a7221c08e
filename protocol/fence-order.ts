// A fence that a tracker watches by itself [P-E67], as the arguments of one order.
//
// The tracker has no trigonometry, so a fence brings its own plane: how long a millionth of a degree
// is there, in nanometres, northward and eastward. A circle brings the change of the eastward length
// with latitude besides, and stays round to a metre at 50 km. An edge is straight in longitude and
// latitude (RFC 7946, 3.1.1), so a polygon's inside does not depend on the lengths at all.

/** A circle around a centre, or 3 to 12 corners. Integers throughout. */
export interface DeviceFence {
    /** Names it towards the gateway, 0 to 65,535. */
    number: number
    /** It is crossed once so many fixes in a row were past the line. */
    dwellFixes: number
    /** And once so many seconds lie between the first and the last of them. */
    dwellS: number
    /** Length of a millionth of a degree of latitude, in nanometres. */
    northNm: number
    /** Length of a millionth of a degree of longitude, in nanometres: of a circle at its centre. */
    eastNm: number
    /** What that changes by over a degree of latitude northward, in nanometres; 0 for a polygon. */
    eastSlopeNm: number
    /** Centre, or first corner. */
    latUdeg: number
    lonUdeg: number
    /** 0 for a polygon. */
    radiusM: number
    /** Of the other corners, in millionths of a degree: 1 reaches 3.6 km, 16 reaches 58 km; 1 for a circle. */
    unitUdeg: number
    /** The other corners, in units from the first; none for a circle. */
    norths: number[]
    easts: number[]
}

export const CIRCLES_MAX = 16
export const POLYGONS_MAX = 8
export const CORNERS_MIN = 3
export const CORNERS_MAX = 12
/** So that a corner takes two bytes each way. */
export const CORNER_REACH_UNITS = 32767
/** Half a degree, 58 km northward: within it a plane is flat enough for distances to a line. */
export const CORNER_UNIT_MAX_UDEG = 16
export const RADIUS_MIN_M = 10
export const RADIUS_MAX_M = 50000
export const DWELL_FIXES_MAX = 15
export const DWELL_MAX_S = 3600
export const FENCE_NUMBER_MAX = 65535
/** Nearer to a pole a degree of longitude is too short for a plane. */
export const FENCE_LAT_MAX_UDEG = 85000000

const LON_MAX_UDEG = 180000000
/** WGS 84 between 110,574 m and 111,694 m for a degree of latitude. */
export const NORTH_MIN_NM = 110500000
const NORTH_MAX_NM = 111700000
/** At 85 degrees 9,735 m for a degree of longitude, at the equator 111,319 m. */
const EAST_MIN_NM = 9000000
const EAST_MAX_NM = 111400000
export const EAST_SLOPE_MAX_NM = 2000000

/** In the order of the arguments. */
const CIRCLE_LEAST: number[] = [0, 1, 0, NORTH_MIN_NM, EAST_MIN_NM, -EAST_SLOPE_MAX_NM]
const CIRCLE_MOST: number[] = [
    FENCE_NUMBER_MAX,
    DWELL_FIXES_MAX,
    DWELL_MAX_S,
    NORTH_MAX_NM,
    EAST_MAX_NM,
    EAST_SLOPE_MAX_NM,
]
export const CIRCLE_ARGS = 9
/** Of a polygon's arguments these have the ranges of a circle's. */
const POLYGON_LEADING = 5
/** Before the corners behind the first. */
const POLYGON_ARGS = 8

export function isCircle(fence: DeviceFence): boolean {
    return fence.radiusM > 0
}

/** The arguments of the order that sets the fence. */
export function fenceArgs(fence: DeviceFence): number[] {
    const args = [fence.number, fence.dwellFixes, fence.dwellS, fence.northNm, fence.eastNm]
    if (isCircle(fence)) args.push(fence.eastSlopeNm)
    args.push(fence.latUdeg)
    args.push(fence.lonUdeg)
    args.push(isCircle(fence) ? fence.radiusM : fence.unitUdeg)
    for (let i = 0; i < fence.norths.length; i++) {
        args.push(fence.norths[i])
        args.push(fence.easts[i])
    }
    return args
}

/** What is wrong with a circle's arguments, or the fence. */
export function circleOf(args: number[]): DeviceFence | "arguments" | "range" {
    if (args.length !== CIRCLE_ARGS) return "arguments"
    for (let i = 0; i < CIRCLE_LEAST.length; i++)
        if (args[i] < CIRCLE_LEAST[i] || args[i] > CIRCLE_MOST[i]) return "range"
    if (!isPlace(args[6], args[7])) return "range"
    if (args[8] < RADIUS_MIN_M || args[8] > RADIUS_MAX_M) return "range"
    return {
        number: args[0],
        dwellFixes: args[1],
        dwellS: args[2],
        northNm: args[3],
        eastNm: args[4],
        eastSlopeNm: args[5],
        latUdeg: args[6],
        lonUdeg: args[7],
        radiusM: args[8],
        unitUdeg: 1,
        norths: [],
        easts: [],
    }
}

/** The same for a polygon. One without any area has no inside, and is refused. */
export function polygonOf(args: number[]): DeviceFence | "arguments" | "range" {
    const rest = args.length - POLYGON_ARGS
    const corners = 1 + rest / 2
    if (Math.floor(corners) !== corners) return "arguments"
    if (corners < CORNERS_MIN || corners > CORNERS_MAX) return "arguments"
    for (let i = 0; i < POLYGON_LEADING; i++)
        if (args[i] < CIRCLE_LEAST[i] || args[i] > CIRCLE_MOST[i]) return "range"
    if (!isPlace(args[5], args[6])) return "range"
    if (args[7] < 1 || args[7] > CORNER_UNIT_MAX_UDEG) return "range"
    const norths: number[] = []
    const easts: number[] = []
    for (let i = POLYGON_ARGS; i < args.length; i += 2) {
        if (Math.abs(args[i]) > CORNER_REACH_UNITS) return "range"
        if (Math.abs(args[i + 1]) > CORNER_REACH_UNITS) return "range"
        norths.push(args[i])
        easts.push(args[i + 1])
    }
    if (isFlat(norths, easts)) return "range"
    return {
        number: args[0],
        dwellFixes: args[1],
        dwellS: args[2],
        northNm: args[3],
        eastNm: args[4],
        eastSlopeNm: 0,
        latUdeg: args[5],
        lonUdeg: args[6],
        radiusM: 0,
        unitUdeg: args[7],
        norths: norths,
        easts: easts,
    }
}

function isPlace(latUdeg: number, lonUdeg: number): boolean {
    return Math.abs(latUdeg) <= FENCE_LAT_MAX_UDEG && Math.abs(lonUdeg) <= LON_MAX_UDEG
}

/** Whether all corners lie on one line with the first, which stands at 0, 0. */
function isFlat(norths: number[], easts: number[]): boolean {
    let north = 0
    let east = 0
    for (let i = 0; i < norths.length; i++) {
        if (north === 0 && east === 0) {
            north = norths[i]
            east = easts[i]
        } else if (north * easts[i] !== east * norths[i]) return false
    }
    return true
}
