// What the console knows, and how each message changes it. Nothing here touches a socket, a clock
// or the page: an input comes in, the next state comes out, and what did not change keeps its
// identity, so that whoever draws it can compare by reference.
//
// Sequence: a snapshot holds everything up to its `seq`; after that every delta, event, gap and
// withdrawal takes the next number, and a heartbeat repeats the last. A number passed over means
// that something was lost. The state then stands still and says `isBroken`, until a snapshot comes.

import type {
    AlertView,
    FenceView,
    GapView,
    LiveMessage,
    OperationView,
    TargetView,
} from "../../protocol/live.js"
import type { UnixMs } from "../../protocol/units.js"
import { type GatewayClock, gatewayNow, hearClock } from "./gateway-clock.js"

/** Why a target is no longer shown. Its positions, gaps and alerts are already forgotten. */
export interface Farewell {
    targetId: string
    name: string
    reason: string
    atMs: UnixMs
}

export interface ConsoleState {
    /** The gateway's life that `seq` belongs to, null before the first snapshot. */
    run: string | null
    seq: number
    operation: OperationView | null
    /** In the gateway's order. */
    targets: ReadonlyMap<string, TargetView>
    fences: readonly FenceView[]
    /** Newest first. */
    alerts: readonly AlertView[]
    gaps: readonly GapView[]
    /** Newest first. */
    farewells: readonly Farewell[]
    clock: GatewayClock | null
    /** A message was lost: only a snapshot puts this right. */
    isBroken: boolean
}

export type ConsoleInput =
    | { kind: "heard"; message: LiveMessage; steadyMs: number }
    /** Time passed. Mandates end by the clock, whether or not the gateway can still say so. */
    | { kind: "tick"; steadyMs: number }
    /** The operator has read why a target went away. */
    | { kind: "farewell-read"; targetId: string }

/** Older ones leave the list; the gateway keeps them. */
export const ALERTS_MAX = 500
export const GAPS_MAX = 2_000
export const FAREWELLS_MAX = 20

export const emptyState: ConsoleState = {
    run: null,
    seq: 0,
    operation: null,
    targets: new Map(),
    fences: [],
    alerts: [],
    gaps: [],
    farewells: [],
    clock: null,
    isBroken: false,
}

/** The state after one input. Returns the same object where nothing changed. */
export function reduce(state: ConsoleState, input: ConsoleInput): ConsoleState {
    switch (input.kind) {
        case "heard":
            return hear(state, input.message, input.steadyMs)
        case "tick":
            return endMandates(state, input.steadyMs)
        case "farewell-read":
            return {
                ...state,
                farewells: state.farewells.filter((gone) => gone.targetId !== input.targetId),
            }
    }
}

/** What to ask for after a broken connection: `run:seq`, or null where only a snapshot will do. */
export function resumePoint(state: ConsoleState): string | null {
    return state.run === null || state.isBroken ? null : `${state.run}:${state.seq}`
}

function hear(state: ConsoleState, message: LiveMessage, steadyMs: number): ConsoleState {
    if (message.kind === "snapshot") return fromSnapshot(state, message, steadyMs)
    const clock = hearClock(state.clock, message.atMs, steadyMs)
    if (message.kind === "resume") {
        const isOurs = state.run === message.run && message.seq >= state.seq
        return { ...state, clock, isBroken: state.isBroken || !isOurs }
    }
    if (state.isBroken || state.run === null) return { ...state, clock, isBroken: true }
    if (message.kind === "heartbeat") {
        const isBroken = message.seq > state.seq
        return isBroken || clock !== state.clock ? { ...state, clock, isBroken } : state
    }
    if (message.seq <= state.seq) return { ...state, clock }
    if (message.seq > state.seq + 1) return { ...state, clock, isBroken: true }
    return apply({ ...state, clock, seq: message.seq }, message)
}

function fromSnapshot(
    state: ConsoleState,
    message: Extract<LiveMessage, { kind: "snapshot" }>,
    steadyMs: number,
): ConsoleState {
    // Another run may be another machine with another clock: its word replaces ours.
    const previousClock = state.run === message.run ? state.clock : null
    const shown = message.targets.filter((target) => target.mandate.toMs > message.atMs)
    return {
        run: message.run,
        seq: message.seq,
        operation: message.operation,
        targets: new Map(shown.map((target) => [target.id, target])),
        fences: message.fences,
        alerts: [...message.alerts].sort(newestFirst).slice(0, ALERTS_MAX),
        gaps: message.gaps.slice(-GAPS_MAX),
        farewells: state.farewells.filter(
            (gone) => !shown.some((target) => target.id === gone.targetId),
        ),
        clock: hearClock(previousClock, message.atMs, steadyMs),
        isBroken: false,
    }
}

type Change = Extract<LiveMessage, { kind: "delta" | "event" | "gap" | "withdrawn" }>

function apply(state: ConsoleState, message: Change): ConsoleState {
    switch (message.kind) {
        case "delta": {
            const targets = new Map(state.targets)
            for (const target of message.targets) {
                if (target.mandate.toMs > message.atMs) targets.set(target.id, target)
            }
            return { ...state, targets }
        }
        case "event": {
            const others = state.alerts.filter((alert) => alert.id !== message.alert.id)
            const alerts = [message.alert, ...others].sort(newestFirst).slice(0, ALERTS_MAX)
            return { ...state, alerts }
        }
        case "gap": {
            const others = state.gaps.filter((gap) => !isSameGap(gap, message.gap))
            return { ...state, gaps: [...others, message.gap].slice(-GAPS_MAX) }
        }
        case "withdrawn":
            return forget(state, message.targetId, message.reason, message.atMs)
    }
}

function endMandates(state: ConsoleState, steadyMs: number): ConsoleState {
    const nowMs = gatewayNow(state.clock, steadyMs)
    if (nowMs === null) return state
    const ended = [...state.targets.values()].filter((target) => target.mandate.toMs <= nowMs)
    return ended.reduce(
        (next, target) =>
            forget(
                next,
                target.id,
                `mandate ${target.mandate.reference} ended`,
                target.mandate.toMs,
            ),
        state,
    )
}

function forget(state: ConsoleState, targetId: string, reason: string, atMs: UnixMs): ConsoleState {
    const target = state.targets.get(targetId)
    if (target === undefined) return state
    const targets = new Map(state.targets)
    targets.delete(targetId)
    const gone: Farewell = { targetId, name: target.name, reason, atMs }
    const others = state.farewells.filter((farewell) => farewell.targetId !== targetId)
    return {
        ...state,
        targets,
        alerts: state.alerts.filter((alert) => alert.targetId !== targetId),
        gaps: state.gaps.filter((gap) => gap.targetId !== targetId),
        farewells: [gone, ...others].slice(0, FAREWELLS_MAX),
    }
}

/** A gap is told again when it closes or its count becomes known. */
function isSameGap(left: GapView, right: GapView): boolean {
    return (
        left.targetId === right.targetId &&
        left.deviceId === right.deviceId &&
        left.fromMs === right.fromMs &&
        left.cause === right.cause
    )
}

function newestFirst(left: AlertView, right: AlertView): number {
    return right.raisedAtMs - left.raisedAtMs || right.atMs - left.atMs
}
