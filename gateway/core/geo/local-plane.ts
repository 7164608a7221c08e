// A flat map around one point: metres east and north of it, linear in longitude and latitude.
//
//     east  = N(φ₀) cos φ₀ · Δλ        N: radius of curvature across the meridian
//     north = M(φ₀) · Δφ               M: radius of curvature along the meridian
//
// Linear on purpose: an edge that is straight in longitude and latitude (RFC 7946) stays straight,
// and there and back is exact. What is left out is the convergence of the meridians. At a distance
// d the position in the plane differs from geodesic distance and bearing by at most `planeErrorM`;
// the target is the origin, so what decides a fence or an innovation is close to it.

import { type Deg, deg, type Metres, metres } from "../../../protocol/units.js"
import { DEGREE, ECCENTRICITY_SQ, EQUATOR_RADIUS_M, wrapLongitude } from "./ellipsoid.js"
import type { Position } from "./position.js"

export interface LocalPlane {
    readonly origin: Position
    /** Metres for one degree of longitude and of latitude at the origin. */
    readonly eastMPerDeg: number
    readonly northMPerDeg: number
}

export interface PlanePoint {
    eastM: Metres
    northM: Metres
}

/** Within 60 m of a pole a degree of longitude has no length to divide by; this stands in for it. */
const COS_LAT_MIN = 1e-5

export function planeAt(origin: Position): LocalPlane {
    const latRad = origin.latDeg * DEGREE
    const sinLat = Math.sin(latRad)
    const w = 1 - ECCENTRICITY_SQ * sinLat * sinLat
    const acrossM = EQUATOR_RADIUS_M / Math.sqrt(w)
    return {
        origin,
        eastMPerDeg: acrossM * Math.max(Math.cos(latRad), COS_LAT_MIN) * DEGREE,
        northMPerDeg: ((acrossM * (1 - ECCENTRICITY_SQ)) / w) * DEGREE,
    }
}

/** Metres east and north of the origin, the short way round the antimeridian. */
export function toPlane(plane: LocalPlane, position: Position): PlanePoint {
    return {
        eastM: metres(wrapLongitude(position.lonDeg - plane.origin.lonDeg) * plane.eastMPerDeg),
        northM: metres((position.latDeg - plane.origin.latDeg) * plane.northMPerDeg),
    }
}

/** The position of a point of the plane; longitude in [-180, 180), latitude stops at the poles. */
export function fromPlane(plane: LocalPlane, { eastM, northM }: PlanePoint): Position {
    const latDeg = plane.origin.latDeg + northM / plane.northMPerDeg
    return {
        latDeg: deg(Math.min(90, Math.max(-90, latDeg))),
        lonDeg: deg(wrapLongitude(plane.origin.lonDeg + eastM / plane.eastMPerDeg)),
    }
}

/**
 * An upper bound of the plane's error at a distance from its origin, in metres, for latitudes
 * within 85° of the equator and distances up to 10 km.
 *
 * The first terms left out are `east · north · tan φ / R` eastward and `east² · tan φ / 2R`
 * northward, together at most 0.58 d² tan φ / R; 0.6 covers the third order, and 0.01 the change of
 * M with latitude. At 50° and 1 km that is 0.11 m, at 10 km 11 m.
 */
export function planeErrorM(latDeg: Deg, distanceM: Metres): Metres {
    const tanLat = Math.abs(Math.tan(latDeg * DEGREE))
    return metres(((0.6 * tanLat + 0.01) * distanceM * distanceM) / EQUATOR_RADIUS_M)
}
