// A recorded track as what a vehicle does with a day: it stands where the track begins, makes it, and
// stands where it ends.

import type { NavSolution } from "../../simulator/chips/ubx-frame.js"
import { trackSky } from "../../simulator/fleet/track-sky.js"
import { metresPerDegree } from "../../simulator/world/geodesy.js"
import type { Vehicle } from "./commute.js"
import type { RecordedTrack } from "./recorded-tracks.js"

/** Below this the wheels stand, whatever a receiver at rest says. */
const STANDS_MPS = 0.5

/** Rows of `track` from `leavesMs` on, UTC, each at its own distance in time from the first. */
export function drivenDay(track: RecordedTrack, leavesMs: number): Vehicle & { arrivesMs: number } {
    const { rows } = track
    const shiftMs = leavesMs - rows[0]!.atMs
    const samples = rows.map((row, i) => ({
        ...row,
        atMs: Math.floor((row.atMs + shiftMs) / 1000) * 1000,
        speedMps: row.speedMps ?? speedBetween(rows[i - 1], row),
        accuracyM: 3,
        satellites: row.satellites ?? 9,
    }))
    const sky = trackSky(samples)
    const arrivesMs = samples.at(-1)!.atMs
    const speeds = new Map(samples.map(({ atMs, speedMps }) => [atMs, speedMps]))
    const at = (atMs: number) => Math.min(arrivesMs, Math.max(leavesMs, atMs))
    return {
        arrivesMs,
        speedMps: (atMs) => {
            const speedMps = speeds.get(Math.floor(atMs / 1000) * 1000) ?? 0
            return speedMps > STANDS_MPS ? speedMps : 0
        },
        parkedUntil: (atMs) =>
            atMs < leavesMs ? leavesMs : atMs > arrivesMs ? arrivesMs + 1e10 : atMs,
        solution: (atMs, errorM) => {
            const drawn = sky(at(atMs))
            if (!drawn || at(atMs) === atMs) return drawn
            return parked(drawn, atMs, errorM)
        },
    }
}

function parked(place: NavSolution, atMs: number, errorM: number): NavSolution {
    return {
        ...place,
        atMs,
        speedMms: 0,
        latE7: place.latE7 + Math.round(errorM * 90),
        lonE7: place.lonE7 + Math.round(errorM * 90),
    }
}

function speedBetween(
    from: RecordedTrack["rows"][number] | undefined,
    to: RecordedTrack["rows"][number],
): number {
    if (!from || to.atMs <= from.atMs) return 0
    const passedS = (to.atMs - from.atMs) / 1000
    const { northM, eastM } = metresPerDegree(to.latDeg)
    const north = (to.latDeg - from.latDeg) * northM
    return Math.hypot(north, (to.lonDeg - from.lonDeg) * eastM) / passedS
}
