// What the gateway tells a console: the shapes of the live feed and of the HTTP answers beside it.
// The feed is a WebSocket of JSON messages. The first message is a `snapshot`, or a `resume` when
// the console named a `since` that the ring still holds; after that `delta`, `event`, `withdrawn`
// and `heartbeat` follow. Each `delta`, `event`, `gap` and `withdrawn` takes the operation's next
// `seq` of this run; the others name the last one that was taken.

import type { Deg, Metres, Mps, UnixMs } from "./units.js"

/** Our belief about a target at `atMs`, from the derived store. */
export interface TrackPoint {
    atMs: UnixMs
    latDeg: Deg
    lonDeg: Deg
    speedMps: Mps
    /** Course over ground, or null where the target is too slow for one to mean anything. */
    headingDeg: Deg | null
    /** Radius that contains the truth in 68 % of cases. */
    accuracyM: Metres
}

export type TargetKind = "vehicle" | "vessel" | "person" | "asset"

export interface TargetView {
    id: string
    name: string
    kind: TargetKind
    /** Null until the first fix inside a mandate. */
    last: TrackPoint | null
    /** When the gateway last received anything from a device on this target, null for never. */
    receivedAtMs: UnixMs | null
    /** The mandate under which the target is shown, and when it ends. */
    mandate: { reference: string; toMs: UnixMs }
}

export type FenceShape =
    | { type: "circle"; center: { latDeg: Deg; lonDeg: Deg }; radiusM: Metres }
    /** First ring is the outline, others are holes; a point is [lonDeg, latDeg]; rings are closed. */
    | { type: "polygon"; rings: [number, number][][] }

export interface FenceView {
    id: string
    name: string
    shape: FenceShape
}

export interface AlertView {
    id: string
    kind: "enter" | "exit"
    fenceId: string
    fenceName: string
    targetId: string
    targetName: string
    /** When the target crossed. */
    atMs: UnixMs
    /** When the gateway knew. */
    raisedAtMs: UnixMs
    state: "raised" | "acknowledged" | "cleared"
}

/** A stretch for which a device should have reported and nothing is stored. */
export interface GapView {
    targetId: string
    deviceId: string
    fromMs: UnixMs
    /** Null while the gap is open. */
    toMs: UnixMs | null
    cause: GapCause
    /** How many records are missing, null where nobody can know. */
    missing: number | null
}
/** restart: the tracker began again and its memory was lost; thinned: its full queue let go of
 * records; missing: a record's number was passed over and it has not come yet; unreadable: a record
 * is held whose content, or the fixes in it, nobody can read. */
export type GapCause = "restart" | "thinned" | "missing" | "unreadable"

export interface OperationView {
    id: string
    name: string
}

export type LiveMessage =
    | {
          kind: "snapshot"
          /** Names this life of the gateway: a sequence number means nothing in another. */
          run: string
          seq: number
          atMs: UnixMs
          operation: OperationView
          targets: TargetView[]
          fences: FenceView[]
          alerts: AlertView[]
          gaps: GapView[]
      }
    | { kind: "resume"; run: string; seq: number; atMs: UnixMs }
    /** Whole views of the targets that changed, at most one a target in 250 ms. */
    | { kind: "delta"; seq: number; atMs: UnixMs; targets: TargetView[] }
    | { kind: "event"; seq: number; atMs: UnixMs; alert: AlertView }
    | { kind: "gap"; seq: number; atMs: UnixMs; gap: GapView }
    /** The right to see a target ended: forget what is shown of it. */
    | { kind: "withdrawn"; seq: number; atMs: UnixMs; targetId: string; reason: string }
    /** Sent at least every 5 s; a console that has heard nothing for 10 s is not live. */
    | { kind: "heartbeat"; seq: number; atMs: UnixMs }

/** GET /api/session. 401 when nobody is signed in. */
export interface SessionView {
    user: { id: string; name: string; role: string }
    operations: OperationView[]
}

/** GET /api/operations/:operationId/targets. */
export interface TargetsView {
    atMs: UnixMs
    targets: TargetView[]
}

/** GET /api/operations/:operationId/targets/:targetId/track?fromMs=…&toMs=… (oldest first). */
export interface TrackView {
    targetId: string
    points: TrackPoint[]
    gaps: GapView[]
    /** True when the span held more points than one answer carries; the newest are given. */
    truncated: boolean
}

/** GET /api/maps: offline basemaps, the world first. */
export interface MapsView {
    maps: {
        id: string
        name: string
        /** Path of a PMTiles archive on this gateway, its content hash in the name. */
        url: string
        attribution: string
        bounds: [west: number, south: number, east: number, north: number]
        minZoom: number
        maxZoom: number
    }[]
}
