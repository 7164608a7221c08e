// Lengths on WGS 84 where there is no trigonometry: the tracker's runtime has neither sine nor
// cosine, and its square root is a power that may differ in the last bit. What stands here uses
// + - * / alone, so the tracker's machine and Node get the same doubles.

const DEGREE = 0.017453292519943295
const EQUATOR_RADIUS_M = 6378137
const ECCENTRICITY_SQ = 0.0066943799901413165
/** Metres of arc for a millionth of a degree on a circle of a metre. */
const UDEG = DEGREE / 1000000
/** Newton's steps for a root: from any double it takes fewer. */
const ROOT_STEPS_MAX = 1100

/** Sine of -360 to 720 degrees, to 1e-11. */
export function sineOfDeg(angle: number): number {
    let turned = angle
    while (turned > 180) turned -= 360
    while (turned < -180) turned += 360
    // Both halves of the circle fold onto -90 to 90, where the series is short.
    if (turned > 90) turned = 180 - turned
    if (turned < -90) turned = -180 - turned
    const x = turned * DEGREE
    const q = x * x
    // x - x^3/3! + x^5/5! ... x^15/15!, each factor the quotient of neighbouring terms.
    let tail = 1 - q / 210
    tail = 1 - (q / 156) * tail
    tail = 1 - (q / 110) * tail
    tail = 1 - (q / 72) * tail
    tail = 1 - (q / 42) * tail
    tail = 1 - (q / 20) * tail
    tail = 1 - (q / 6) * tail
    return x * tail
}

export function cosineOfDeg(angle: number): number {
    return sineOfDeg(angle + 90)
}

/** Metres in a millionth of a degree of longitude at a latitude; never 0, so it may divide. */
export function eastMPerUdeg(latUdeg: number): number {
    const cosine = cosineOfDeg(latUdeg / 1000000)
    return EQUATOR_RADIUS_M * UDEG * Math.max(cosine, 0.00001) * curvature(latUdeg)
}

/** Metres in a millionth of a degree of latitude at a latitude. */
export function northMPerUdeg(latUdeg: number): number {
    const c = curvature(latUdeg)
    return EQUATOR_RADIUS_M * UDEG * (1 - ECCENTRICITY_SQ) * c * c * c
}

/** A difference of longitudes the short way round. */
export function wrapUdeg(difference: number): number {
    if (difference > 180000000) return difference - 360000000
    if (difference < -180000000) return difference + 360000000
    return difference
}

/** The square root of a number, 0 for what is negative. */
export function squareRoot(square: number): number {
    if (!(square > 0)) return 0
    let root = Math.max(square, 1)
    // From above, Newton's steps fall until rounding stops them.
    for (let i = 0; i < ROOT_STEPS_MAX; i++) {
        const next = (root + square / root) / 2
        if (next >= root) return root
        root = next
    }
    return root
}

/** 1 / sqrt(1 - e2 sin2): its series, whose first neglected term is 6e-10. */
function curvature(latUdeg: number): number {
    const sine = sineOfDeg(latUdeg / 1000000)
    const u = ECCENTRICITY_SQ * sine * sine
    return 1 + u * (0.5 + u * (0.375 + u * 0.3125))
}
