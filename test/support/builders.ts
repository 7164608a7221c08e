// Values for tests that say only what matters to them: `anObservation({ speedMps: mps(3) })`.

import type { TrackState } from "../../gateway/core/fusion/track-state.js"
import { wrapLongitude } from "../../gateway/core/geo/ellipsoid.js"
import { fromPlane, planeAt } from "../../gateway/core/geo/local-plane.js"
import type { Position } from "../../gateway/core/geo/position.js"
import type { Geofence } from "../../gateway/core/geofence/geofence.js"
import type { Observation } from "../../gateway/core/ingest/observation.js"
import { deg, metres, mps, unixMs } from "../../protocol/units.js"
import type { NavSolution } from "../../simulator/chips/ubx-frame.js"

/** Where tests happen unless they say otherwise: Vaduz, on a full second of 2021. */
export const HOME: Position = { latDeg: deg(47.1392), lonDeg: deg(9.5228) }
export const START_MS = unixMs(Date.UTC(2021, 4, 5, 6, 0, 0))

/** A fix without Doppler from the one device of the target. */
export function anObservation(parts: Partial<Observation> = {}): Observation {
    return {
        deviceId: "7f3a",
        atMs: START_MS,
        latDeg: HOME.latDeg,
        lonDeg: HOME.lonDeg,
        accuracyM: metres(5),
        speedMps: undefined,
        courseDeg: undefined,
        satellites: undefined,
        ...parts,
    }
}

export function aTrackState(parts: Partial<TrackState> = {}): TrackState {
    return {
        atMs: START_MS,
        latDeg: HOME.latDeg,
        lonDeg: HOME.lonDeg,
        speedMps: mps(0),
        headingDeg: null,
        accuracyM: metres(5),
        ...parts,
    }
}

/** Metres east and north of a place; good to a few centimetres within a kilometre. */
export function offset(eastM: number, northM: number, from: Position = HOME): Position {
    return fromPlane(planeAt(from), { eastM: metres(eastM), northM: metres(northM) })
}

/** Seconds after START_MS. */
export function at(seconds: number) {
    return unixMs(START_MS + Math.round(seconds * 1000))
}

export function aCircle(radiusM = 100, center: Position = HOME, id = "depot"): Geofence {
    return { id, name: id, shape: { type: "circle", center, radiusM: metres(radiusM) } }
}

/** A rectangle of given size around a place, its sides along the meridians and parallels. */
export function aRectangle(
    widthM: number,
    heightM: number,
    center: Position = HOME,
    id = "yard",
): Geofence {
    const west = offset(-widthM / 2, -heightM / 2, center)
    const east = offset(widthM / 2, heightM / 2, center)
    // The east side may lie past the antimeridian: it stays east of the west side.
    const eastLon = west.lonDeg + wrapLongitude(east.lonDeg - west.lonDeg)
    const ring: [number, number][] = [
        [west.lonDeg, west.latDeg],
        [eastLon, west.latDeg],
        [eastLon, east.latDeg],
        [west.lonDeg, east.latDeg],
        [west.lonDeg, west.latDeg],
    ]
    return { id, name: id, shape: { type: "polygon", rings: [ring] } }
}

/** What a receiver at rest under open sky reports. */
export function aSolution(atMs: number): NavSolution {
    return {
        atMs,
        fixType: 3,
        isFixOk: true,
        satellites: 9,
        latE7: 471_392_000,
        lonE7: 95_228_000,
        altMm: 455_000,
        accuracyMm: 2500,
        speedMms: 0,
        courseE5: 0,
    }
}
