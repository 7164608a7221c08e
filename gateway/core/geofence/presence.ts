import type { Metres } from "../../../protocol/units.js"
import type { Presence } from "./geofence.js"

/** Where a track stands against the line of a fence: signed distance, negative inside. */
export interface Boundary {
    distanceM: Metres
    /** Radius that contains the truth in 68 % of cases. */
    accuracyM: Metres
}

/**
 * The side of a fence a track is on, given the side it was on.
 *
 * A side is left only when the track is past the line by more than its own accuracy, so a parked
 * tracker whose fixes scatter across the line keeps its presence.
 */
export function nextPresence(previous: Presence, { distanceM, accuracyM }: Boundary): Presence {
    if (previous === "inside") return distanceM > accuracyM ? "outside" : "inside"
    return distanceM < -accuracyM ? "inside" : "outside"
}

/** The side of a track that has none yet: the likelier one. The line itself is inside. */
export function firstPresence({ distanceM }: Boundary): Presence {
    return distanceM <= 0 ? "inside" : "outside"
}
