// WGS 84, the datum of every position in Burr (NIMA TR8350.2, table 3.1). Degrees in, metres out.

/** Semi-major axis, metres. */
export const EQUATOR_RADIUS_M = 6_378_137
export const FLATTENING = 1 / 298.257223563
/** Semi-minor axis, metres. */
export const POLAR_RADIUS_M = EQUATOR_RADIUS_M * (1 - FLATTENING)
/** First eccentricity squared. */
export const ECCENTRICITY_SQ = FLATTENING * (2 - FLATTENING)

export const DEGREE = Math.PI / 180

/** A longitude or a difference of longitudes brought into [-180, 180). Exact for what is inside. */
export function wrapLongitude(lonDeg: number): number {
    if (lonDeg >= -180 && lonDeg < 180) return lonDeg
    const wrapped = lonDeg - 360 * Math.floor((lonDeg + 180) / 360)
    // A hair below -180 rounds up to 180 itself, which is the same meridian.
    return wrapped >= 180 ? -180 : wrapped
}
