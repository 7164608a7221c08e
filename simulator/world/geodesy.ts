// Exact geodesy on WGS 84: the world's own opinion of distance and direction, independent of the
// gateway's fast plane. C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87 (2013), good to
// 15 nm. Bearings are clockwise from true north, in [0, 360).

import geographiclib from "geographiclib-geodesic"
import { type Deg, deg, type Metres, metres } from "../../protocol/units.js"

export interface Position {
    latDeg: Deg
    lonDeg: Deg
}

const wgs84 = geographiclib.Geodesic.WGS84

/** Where one arrives after `distanceM` along the geodesic that leaves at `bearingDeg`. */
export function direct(from: Position, bearingDeg: Deg, distanceM: Metres): Position {
    const { lat2, lon2 } = wgs84.Direct(from.latDeg, from.lonDeg, bearingDeg, distanceM)
    return { latDeg: deg(lat2!), lonDeg: deg(lon2!) }
}

/**
 * The shortest way from `a` to `b`: its length, and its bearing where it leaves `a` and where it
 * arrives at `b`. Between equal positions the length is 0 and the bearings mean nothing.
 */
export function inverse(
    a: Position,
    b: Position,
): { distanceM: Metres; bearingDeg: Deg; finalBearingDeg: Deg } {
    const { s12, azi1, azi2 } = wgs84.Inverse(a.latDeg, a.lonDeg, b.latDeg, b.lonDeg)
    return {
        distanceM: metres(s12!),
        bearingDeg: normalCourseDeg(azi1!),
        finalBearingDeg: normalCourseDeg(azi2!),
    }
}

/** Metres in one degree of latitude and of longitude at a latitude: the ellipsoid's curvatures. */
export function metresPerDegree(latDeg: number): { northM: number; eastM: number } {
    const { a, f } = wgs84
    const e2 = f * (2 - f)
    const sin = Math.sin(latDeg * RAD)
    const w2 = 1 - e2 * sin * sin
    const primeVerticalM = a / Math.sqrt(w2)
    const meridianM = (primeVerticalM * (1 - e2)) / w2
    return {
        northM: meridianM * RAD,
        eastM: primeVerticalM * Math.cos(latDeg * RAD) * RAD,
    }
}

/** The same direction in [0, 360). */
export function normalCourseDeg(courseDeg: number): Deg {
    const course = courseDeg % 360
    // A tiny negative remainder rounds up to 360 itself.
    return deg(course < 0 ? (course + 360) % 360 : course)
}

/** The shorter turn from one course to another, in [-180, 180); right is positive. */
export function turnDeg(fromDeg: number, toDeg: number): Deg {
    return deg(normalCourseDeg(toDeg - fromDeg + 180) - 180)
}

/** Radians in a degree. */
export const RAD = Math.PI / 180
