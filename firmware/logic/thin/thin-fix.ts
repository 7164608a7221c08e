// What thinning looks at. Every `Fix` is one; where a receiver gives no Doppler speed or course, they
// are left out. Numbers need not be whole, so that a bound can be proven before anything is rounded.

export interface ThinFix {
    /** Tenths of a second of UTC since 1970. */
    timeDs: number
    /** Millionths of a degree, north positive. */
    latUdeg: number
    /** Millionths of a degree, east positive. */
    lonUdeg: number
    /** Ground speed in decimetres per second. */
    speedDmps?: number
    /** Clockwise from true north, in degrees. */
    courseDeg?: number
}

/**
 * Share of a bound that is used up. The rest covers what differs between one ruler and another: the
 * flat plane against the geodesic, and a sphere, which others measure with, against the ellipsoid
 * (at most 0.56 % along a meridian).
 */
export const BOUND_SHARE = 0.99
