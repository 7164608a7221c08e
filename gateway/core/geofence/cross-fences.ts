import type { TrackState } from "../fusion/track-state.js"
import { boundaryDistanceM } from "./boundary.js"
import type { Geofence, GeofenceEvent, Presence } from "./geofence.js"
import { firstPresence, nextPresence } from "./presence.js"

/** A target's side of one fence. */
export interface FencePresence {
    readonly fenceId: string
    readonly presence: Presence
}

/** A target's side of each fence: a list, so plain JSON whatever people call their fences. */
export type Presences = readonly FencePresence[]

export interface Crossed {
    presences: Presences
    events: GeofenceEvent[]
}

/**
 * The sides a target is on now, and which of them it changed, in the order of `fences`.
 *
 * The first state against a fence sets the side silently: neither a new target nor a new fence is a
 * crossing. What is remembered of a fence that is no longer given is dropped.
 */
export function crossFences(
    presences: Presences,
    state: TrackState,
    fences: readonly Geofence[],
): Crossed {
    const before = new Map(presences.map(({ fenceId, presence }) => [fenceId, presence]))
    const events: GeofenceEvent[] = []
    const after = fences.map(({ id: fenceId, shape }): FencePresence => {
        const boundary = {
            distanceM: boundaryDistanceM(shape, state),
            accuracyM: state.accuracyM,
        }
        const previous = before.get(fenceId)
        const presence =
            previous === undefined ? firstPresence(boundary) : nextPresence(previous, boundary)
        if (previous !== undefined && presence !== previous) {
            const kind = presence === "inside" ? "enter" : "exit"
            events.push({ kind, fenceId, atMs: state.atMs })
        }
        return { fenceId, presence }
    })
    return { presences: after, events }
}
