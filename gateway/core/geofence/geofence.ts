import type { FenceShape } from "../../../protocol/live.js"
import type { UnixMs } from "../../../protocol/units.js"

/** An area that somebody wants to hear about. */
export interface Geofence {
    id: string
    name: string
    shape: FenceShape
}

export type Presence = "inside" | "outside"

/** A change of side. `atMs` is the instant of the observation that settled it. */
export interface GeofenceEvent {
    kind: "enter" | "exit"
    fenceId: string
    atMs: UnixMs
}
