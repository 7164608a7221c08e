// What is missing: every number that a session passed over, and every new session that found the
// one before it cut short, is a gap with a cause.

import type { FixBatch } from "../../../protocol/fix.js"
import type { Hello } from "../../../protocol/hello.js"
import type { GapCause } from "../../../protocol/live.js"
import type { UnixMs } from "../../../protocol/units.js"
import type { Uplink } from "./uplink.js"

/** A stretch without data. The same id stands for the same gap when it changes. */
export interface Gap {
    id: string
    deviceId: string
    fromMs: UnixMs
    toMs: UnixMs | null
    cause: GapCause
    missing: number | null
}

interface MissingRange {
    firstSeq: number
    lastSeq: number
    fromMs: UnixMs
    toMs: UnixMs
}

/** What is remembered of a device between its uplinks. */
export interface Continuity {
    session: string
    highestSeq: number
    missing: MissingRange[]
    thinned: number
    /** Time of the device's newest fix, null while it has sent none. */
    newestFixMs: UnixMs | null
    /** When the session's hello was received: where a gap starts that no fix precedes. */
    openedAtMs: UnixMs
    /** A restart whose first fix has not come yet. */
    open: Gap | null
}

export interface ContinuityStep {
    memory: Continuity | null
    /** Gaps that are new or have changed. */
    gaps: Gap[]
    /** Ids of gaps that have been filled. */
    filled: string[]
}

/** Which gaps an uplink opens, changes or fills. */
export function follow(
    memory: Continuity | null,
    uplink: Uplink,
    body: FixBatch | Hello | undefined,
): ContinuityStep {
    if (body?.kind === "hello") return begin(memory, uplink)
    if (!memory || memory.session !== uplink.session) return { memory, gaps: [], filled: [] }
    return proceed(memory, uplink, body)
}

function begin(previous: Continuity | null, uplink: Uplink): ContinuityStep {
    const memory: Continuity = {
        session: uplink.session,
        highestSeq: uplink.seq,
        missing: [],
        thinned: 0,
        newestFixMs: previous?.newestFixMs ?? null,
        openedAtMs: uplink.receivedAtMs,
        open: null,
    }
    if (!previous) return { memory, gaps: [], filled: [] }
    // Several restarts with no fix between them are one gap.
    const gap: Gap = previous.open ?? {
        id: `${uplink.deviceId}:${uplink.session}:restart`,
        deviceId: uplink.deviceId,
        fromMs: previous.newestFixMs ?? previous.openedAtMs,
        toMs: null,
        cause: "restart",
        missing: null,
    }
    memory.open = gap
    return { memory, gaps: [gap], filled: [] }
}

function proceed(before: Continuity, uplink: Uplink, body: FixBatch | undefined): ContinuityStep {
    const memory = { ...before, missing: [...before.missing] }
    const step: ContinuityStep = { memory, gaps: [], filled: [] }
    const last = before.newestFixMs ?? before.openedAtMs
    const first = body ? fixTimeMs(body, 0) : last
    if (memory.open && body) {
        step.gaps.push({ ...memory.open, toMs: first })
        memory.open = null
    }
    if (uplink.seq > memory.highestSeq + 1)
        memory.missing.push({
            firstSeq: memory.highestSeq + 1,
            lastSeq: uplink.seq - 1,
            fromMs: last,
            toMs: first,
        })
    memory.missing = memory.missing.flatMap((range) => without(range, uplink.seq))
    memory.highestSeq = Math.max(memory.highestSeq, uplink.seq)
    memory.thinned = Math.max(memory.thinned, body?.thinned ?? 0)
    if (body) {
        const newest = fixTimeMs(body, body.fixes.length - 1)
        memory.newestFixMs = Math.max(before.newestFixMs ?? newest, newest) as UnixMs
    }
    const was = gapsOf(before, uplink.deviceId)
    const is = gapsOf(memory, uplink.deviceId)
    step.filled = was.map((gap) => gap.id).filter((id) => !is.some((gap) => gap.id === id))
    step.gaps.push(...is.filter((gap) => !was.some((one) => isSame(one, gap))))
    return step
}

/** The tracker counts what its full queue let go of: while that explains all, it is the cause. */
function gapsOf(memory: Continuity, deviceId: string): Gap[] {
    const total = memory.missing.reduce((sum, one) => sum + one.lastSeq - one.firstSeq + 1, 0)
    return memory.missing.map((range) => ({
        id: `${deviceId}:${memory.session}:${range.lastSeq}`,
        deviceId,
        fromMs: range.fromMs,
        toMs: range.toMs,
        cause: memory.thinned >= total ? "thinned" : "missing",
        missing: range.lastSeq - range.firstSeq + 1,
    }))
}

/** What stays missing of a range once `seq` has come. */
function without(range: MissingRange, seq: number): MissingRange[] {
    if (seq < range.firstSeq || seq > range.lastSeq) return [range]
    const parts = [
        { ...range, lastSeq: seq - 1 },
        { ...range, firstSeq: seq + 1 },
    ]
    return parts.filter((part) => part.firstSeq <= part.lastSeq)
}

function isSame(a: Gap, b: Gap): boolean {
    return a.id === b.id && a.cause === b.cause && a.missing === b.missing && a.toMs === b.toMs
}

function fixTimeMs(batch: FixBatch, index: number): UnixMs {
    return (batch.fixes[index]!.timeDs * 100) as UnixMs
}
