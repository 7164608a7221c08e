import type { TrackPoint } from "../../../protocol/live.js"

/** Our belief about a target at an instant. The console and the store see the same five figures. */
export type TrackState = TrackPoint
