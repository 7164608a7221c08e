// Keeps the chosen target's last hour. Every request is one entry in the consultation log, so it asks
// when a target is chosen, when the feed started over, when a gap was told or closed, and when the
// live position moved so far ahead that points in between must exist; nothing is polled.

import type { GapView, TrackPoint, TrackView } from "../../protocol/live.js"
import { type UnixMs, unixMs } from "../../protocol/units.js"
import type { ConsoleState } from "./console-state.js"
import { GatewayRefusal } from "./gateway-http.js"
import { appendPoint, emptyTrack, mergeStretch, TRACK_SPAN_MS, type Track } from "./track.js"

/** A live position this far past the last one has company that the feed left out. */
const STEP_MAX_MS = 5_000
/** A tracker that sends in batches makes one request a batch, and not more often than this. */
const REQUEST_MIN_MS = 15_000

export interface TrackFeedWorld {
    fetchTrack(
        operationId: string,
        targetId: string,
        stretch: { fromMs: UnixMs; toMs: UnixMs },
    ): Promise<TrackView>
    steadyMs(): number
}

export class TrackFeed {
    /** Null while no target is chosen. */
    track: Track | null = null
    /** What went wrong with the last request, null where it went well. */
    problem: string | null = null
    isLoading = false
    private operationId: string | null = null
    private run: string | null = null
    private gaps: readonly GapView[] = []
    private latest: TrackPoint | null = null
    /** Start of the stretch to ask for, null where nothing is wanted. */
    private wantedFromMs: UnixMs | null = null
    private askedMs = Number.NEGATIVE_INFINITY
    private readonly world: TrackFeedWorld
    private readonly changed: () => void

    constructor(world: TrackFeedWorld, changed: () => void) {
        this.world = world
        this.changed = changed
    }

    /** Follows the chosen target through the state. Call on every change and every second. */
    follow(state: ConsoleState, targetId: string | null, nowMs: UnixMs): void {
        const target = targetId === null ? undefined : state.targets.get(targetId)
        if (target === undefined || state.operation === null) {
            if (this.track !== null) this.reset(null, null)
            return
        }
        if (this.track?.targetId !== target.id || this.operationId !== state.operation.id) {
            this.reset(state.operation.id, target.id)
        }
        if (this.run !== state.run) {
            this.run = state.run
            this.want(unixMs(nowMs - TRACK_SPAN_MS))
        }
        if (this.gaps !== state.gaps) {
            const before = new Set(this.gaps)
            this.gaps = state.gaps
            const news = state.gaps.filter((gap) => gap.targetId === target.id && !before.has(gap))
            for (const gap of news) this.want(gap.fromMs)
        }
        if (target.last !== null && target.last !== this.latest) this.advance(target.last)
        this.ask(nowMs)
    }

    private advance(point: TrackPoint): void {
        const tail = this.track!.points.at(-1)
        this.latest = point
        if (tail !== undefined && point.atMs - tail.atMs > STEP_MAX_MS) this.want(tail.atMs)
        const next = appendPoint(this.track!, point)
        if (next === this.track) return
        this.track = next
        this.changed()
    }

    private want(fromMs: UnixMs): void {
        const earliest = Math.min(this.wantedFromMs ?? fromMs, fromMs)
        this.wantedFromMs = unixMs(earliest)
    }

    private ask(nowMs: UnixMs): void {
        const steadyMs = this.world.steadyMs()
        if (this.wantedFromMs === null || this.isLoading) return
        if (steadyMs - this.askedMs < REQUEST_MIN_MS) return
        const { track, operationId } = this
        if (track === null || operationId === null) return
        const oldest = nowMs - TRACK_SPAN_MS
        const stretch = { fromMs: unixMs(Math.max(this.wantedFromMs, oldest)), toMs: nowMs }
        this.wantedFromMs = null
        this.askedMs = steadyMs
        this.isLoading = true
        this.changed()
        this.world.fetchTrack(operationId, track.targetId, stretch).then(
            (view) =>
                this.received(operationId, track.targetId, () => {
                    this.track = mergeStretch(this.track!, view, stretch)
                    if (this.latest !== null) this.track = appendPoint(this.track, this.latest)
                    this.problem = null
                }),
            (error: unknown) =>
                this.received(operationId, track.targetId, () => {
                    this.problem = error instanceof Error ? error.message : String(error)
                    // A refusal stands; anything else is the network, and is tried again.
                    if (!(error instanceof GatewayRefusal)) this.want(stretch.fromMs)
                }),
        )
    }

    /** An answer for a target that is no longer chosen is dropped. */
    private received(operationId: string, targetId: string, take: () => void): void {
        if (this.track?.targetId !== targetId || this.operationId !== operationId) return
        this.isLoading = false
        take()
        this.changed()
    }

    private reset(operationId: string | null, targetId: string | null): void {
        this.operationId = operationId
        this.track = targetId === null ? null : emptyTrack(targetId)
        this.problem = null
        this.isLoading = false
        this.run = null
        this.gaps = []
        this.latest = null
        this.wantedFromMs = null
        this.askedMs = Number.NEGATIVE_INFINITY
        this.changed()
    }
}
