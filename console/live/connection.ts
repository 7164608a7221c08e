// Keeps a console connected to one operation's feed, and says truthfully how well that goes.
//
// The gateway sends something at least every 5 s. Silence is measured on a steady clock, not by what
// the socket believes of itself: a gateway that was stopped keeps its sockets open and says nothing.
//
//     heard within 10 s   live
//     10 s to 30 s        late, with the seconds
//     30 s, or closed     offline, with the time last heard; the socket is given up and opened anew
//
// One ticker drives everything: no timer per attempt, so a test turns the clock and sees all of it.

import type { LiveMessage } from "../../protocol/live.js"
import { type UnixMs, unixMs } from "../../protocol/units.js"

export type ConnectionStatus =
    /** Nothing was heard yet and the first attempt is young. */
    | { state: "connecting" }
    | { state: "live" }
    | { state: "late"; silentS: number }
    /**
     * `sinceMs` is the browser's own time of the last word; `retryInS` null means trying just now;
     * `reason` is what the gateway said when it closed, null where it said nothing.
     */
    | { state: "offline"; sinceMs: UnixMs; retryInS: number | null; reason: string | null }
    /** Final: the session ended. */
    | { state: "signed-out" }
    /** Final: this user may not see this operation. */
    | { state: "refused" }

export interface ConnectionLimits {
    lateAfterMs: number
    offlineAfterMs: number
    /** How long a new socket may take to bring its first message. */
    attemptMaxMs: number
    retryMinMs: number
    retryMaxMs: number
    /** A connection that lasted this long counts as good: the next retry starts small again. */
    stableAfterMs: number
    tickMs: number
}

export const connectionLimits: ConnectionLimits = {
    lateAfterMs: 10_000,
    offlineAfterMs: 30_000,
    attemptMaxMs: 10_000,
    retryMinMs: 500,
    retryMaxMs: 15_000,
    stableAfterMs: 10_000,
    tickMs: 500,
}

export const CLOSE_SIGNED_OUT = 4401
export const CLOSE_REFUSED = 4403

export interface SocketHandlers {
    received(text: string): void
    /** Comes once, also where the socket never opened. */
    closed(code: number, reason: string): void
}

export interface ConnectionWorld {
    /** Opens a socket to the feed; `since` is `run:seq`, or null for a snapshot. */
    open(since: string | null, handlers: SocketHandlers): { close(): void }
    /** True where the gateway answers that nobody is signed in; false where it cannot be asked. */
    isSignedOut(): Promise<boolean>
    steadyMs(): number
    wallMs(): number
    /** From 0 to 1, for jitter. */
    random(): number
    /** Runs `task` every `periodMs` until the returned function is called. */
    every(periodMs: number, task: () => void): () => void
}

export interface ConnectionEvents {
    heard(message: LiveMessage): void
    changed(status: ConnectionStatus): void
    /** Where to take up again, asked before each attempt. */
    since(): string | null
}

interface Attempt {
    socket: { close(): void }
    startedMs: number
    hasHeard: boolean
}

export class Connection {
    private status: ConnectionStatus = { state: "connecting" }
    private attempt: Attempt | null = null
    private retryAtMs: number | null = null
    private failures = 0
    private hasHeardEver = false
    private reason: string | null = null
    private heardMs: number
    private heardWallMs: number
    private stopTicking: (() => void) | null = null
    private readonly world: ConnectionWorld
    private readonly events: ConnectionEvents
    private readonly limits: ConnectionLimits

    constructor(world: ConnectionWorld, events: ConnectionEvents, limits = connectionLimits) {
        this.world = world
        this.events = events
        this.limits = limits
        this.heardMs = world.steadyMs()
        this.heardWallMs = world.wallMs()
    }

    start(): void {
        this.heardMs = this.world.steadyMs()
        this.heardWallMs = this.world.wallMs()
        this.stopTicking = this.world.every(this.limits.tickMs, () => this.check())
        this.connect()
    }

    stop(): void {
        this.stopTicking?.()
        this.stopTicking = null
        this.drop()
        this.retryAtMs = null
    }

    /** Starts over from a snapshot, because what was heard has a hole in it. */
    refresh(): void {
        if (this.stopTicking !== null) this.retryLater()
    }

    /** Tries at once: the network came back, or the operator asked. */
    retryNow(): void {
        if (this.retryAtMs !== null) this.connect()
        this.check()
    }

    /** Compares the silence with the limits. Runs on every tick, and when a hidden page is shown. */
    check(): void {
        if (this.stopTicking === null) return
        const nowMs = this.world.steadyMs()
        if (this.attempt !== null) {
            const quietMs = this.attempt.hasHeard
                ? nowMs - this.heardMs - this.limits.offlineAfterMs
                : nowMs - this.attempt.startedMs - this.limits.attemptMaxMs
            if (quietMs >= 0) {
                if (this.attempt.hasHeard) this.connect()
                else this.retryLater()
            }
        }
        if (this.retryAtMs !== null && nowMs >= this.retryAtMs) this.connect()
        this.tell(this.judge(nowMs))
    }

    private connect(): void {
        this.drop()
        this.retryAtMs = null
        const attempt: Attempt = {
            socket: { close() {} },
            startedMs: this.world.steadyMs(),
            hasHeard: false,
        }
        this.attempt = attempt
        // Handlers of a socket that was given up still fire; only the present attempt counts.
        attempt.socket = this.world.open(this.events.since(), {
            received: (text) => {
                if (this.attempt === attempt) this.receive(attempt, text)
            },
            closed: (code, reason) => {
                if (this.attempt === attempt) this.closed(attempt, code, reason)
            },
        })
    }

    private receive(attempt: Attempt, text: string): void {
        const message = parseMessage(text)
        if (message === null) {
            this.retryLater()
            return
        }
        attempt.hasHeard = true
        this.reason = null
        this.hasHeardEver = true
        this.heardMs = this.world.steadyMs()
        this.heardWallMs = this.world.wallMs()
        if (this.heardMs - attempt.startedMs >= this.limits.stableAfterMs) this.failures = 0
        this.events.heard(message)
        // The listener may have asked for a refresh, which ends this attempt.
        if (this.attempt === attempt) this.tell({ state: "live" })
    }

    private closed(attempt: Attempt, code: number, reason: string): void {
        if (code === CLOSE_SIGNED_OUT || code === CLOSE_REFUSED) {
            this.end({ state: code === CLOSE_SIGNED_OUT ? "signed-out" : "refused" })
            return
        }
        this.reason = reason === "" ? null : reason
        this.retryLater()
        if (attempt.hasHeard) return
        // A refused upgrade looks like any failure to a browser; the session's own route knows.
        void this.world.isSignedOut().then((isSignedOut) => {
            if (isSignedOut && this.stopTicking !== null) this.end({ state: "signed-out" })
        })
    }

    private retryLater(): void {
        this.drop()
        const fullMs = Math.min(
            this.limits.retryMaxMs,
            this.limits.retryMinMs * 2 ** Math.min(this.failures, 16),
        )
        this.failures += 1
        this.retryAtMs = this.world.steadyMs() + fullMs * (0.5 + 0.5 * this.world.random())
        this.tell(this.judge(this.world.steadyMs()))
    }

    private judge(nowMs: number): ConnectionStatus {
        const silentMs = nowMs - this.heardMs
        const isOpen = this.attempt?.hasHeard === true
        if (isOpen && silentMs < this.limits.lateAfterMs) return { state: "live" }
        if (isOpen && silentMs < this.limits.offlineAfterMs) {
            return { state: "late", silentS: Math.floor(silentMs / 1000) }
        }
        const isFirst = !this.hasHeardEver && this.failures === 0
        if (isFirst && silentMs < this.limits.lateAfterMs) return { state: "connecting" }
        const retryInS =
            this.retryAtMs === null ? null : Math.max(0, Math.ceil((this.retryAtMs - nowMs) / 1000))
        return {
            state: "offline",
            sinceMs: unixMs(this.heardWallMs),
            retryInS,
            reason: this.reason,
        }
    }

    private end(status: ConnectionStatus): void {
        this.stop()
        this.tell(status)
    }

    private drop(): void {
        const attempt = this.attempt
        this.attempt = null
        attempt?.socket.close()
    }

    private tell(status: ConnectionStatus): void {
        if (JSON.stringify(status) === JSON.stringify(this.status)) return
        this.status = status
        this.events.changed(status)
    }
}

const kinds = ["snapshot", "resume", "delta", "event", "gap", "withdrawn", "heartbeat"]

/** Null for anything that is not a message of this protocol. */
function parseMessage(text: string): LiveMessage | null {
    try {
        const value: unknown = JSON.parse(text)
        if (typeof value !== "object" || value === null) return null
        const { kind, seq, atMs } = value as { kind?: unknown; seq?: unknown; atMs?: unknown }
        const isKnown = typeof kind === "string" && kinds.includes(kind)
        return isKnown && Number.isSafeInteger(seq) && Number.isFinite(atMs)
            ? (value as LiveMessage)
            : null
    } catch {
        return null
    }
}
