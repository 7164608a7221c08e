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

/** Stretches of missing numbers that may still be filled; past this many the oldest is settled. */
export const MISSING_RANGES_MAX = 256

/** Former sessions of which a straggler is known for one. */
const PAST_SESSIONS_MAX = 16

interface MissingRange {
    firstSeq: number
    lastSeq: number
    fromMs: UnixMs
    toMs: UnixMs
}

/** What is remembered of a device between its uplinks. */
export interface Continuity {
    session: string
    /** Counter of its hello; 0 where it has none, as on boards without FRAM. */
    counter: number
    /** Sessions before this one, newest first: what still arrives of them changes nothing. */
    pastSessions: string[]
    highestSeq: number
    missing: MissingRange[]
    /** Records in gaps that are settled: they stay gaps for good. */
    settled: number
    thinned: number
    /** Time of the device's newest fix, null while it has sent none. */
    newestFixMs: UnixMs | null
    /** When the session was first heard of: where a gap starts that no fix precedes. */
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

/**
 * Which gaps an uplink opens, changes or fills. A session begins with its hello; where another of
 * its records comes first, the numbers before that one are missing until they come. A session whose
 * counter is below today's is of the past, however late it comes; a further hello in the same
 * session tells of a reset that lost what was in RAM.
 */
export function follow(
    memory: Continuity | null,
    uplink: Uplink,
    body: FixBatch | Hello | undefined,
): ContinuityStep {
    const batch = body?.kind === "fixes" ? body : undefined
    const hello = body?.kind === "hello" ? body : undefined
    if (memory?.session === uplink.session) {
        if (!hello || uplink.seq <= memory.highestSeq) return proceed(memory, uplink, batch)
        const open = restartGap(memory, uplink)
        const step = proceed({ ...memory, open }, uplink, batch)
        return { ...step, gaps: [open, ...step.gaps] }
    }
    if (memory?.pastSessions.includes(uplink.session)) return { memory, gaps: [], filled: [] }
    if (memory && hello && hello.session > 0 && hello.session < memory.counter) {
        const pastSessions = [uplink.session, ...memory.pastSessions].slice(0, PAST_SESSIONS_MAX)
        return { memory: { ...memory, pastSessions }, gaps: [], filled: [] }
    }
    const begun = begin(memory, uplink, hello)
    const step = proceed(begun, uplink, batch)
    return begun.open && !batch ? { ...step, gaps: [begun.open, ...step.gaps] } : step
}

function begin(previous: Continuity | null, uplink: Uplink, hello: Hello | undefined): Continuity {
    const past = previous ? [previous.session, ...previous.pastSessions] : []
    return {
        session: uplink.session,
        counter: hello?.session ?? 0,
        pastSessions: past.slice(0, PAST_SESSIONS_MAX),
        highestSeq: hello ? uplink.seq - 1 : -1,
        missing: [],
        settled: 0,
        thinned: 0,
        newestFixMs: previous?.newestFixMs ?? null,
        openedAtMs: uplink.receivedAtMs,
        open: previous && restartGap(previous, uplink),
    }
}

/** Several restarts with no fix between them are one gap. */
function restartGap(previous: Continuity, { deviceId, session, seq }: Uplink): Gap {
    return (
        previous.open ?? {
            id: `${deviceId}:${session}:restart:${seq}`,
            deviceId,
            fromMs: previous.newestFixMs ?? previous.openedAtMs,
            toMs: null,
            cause: "restart",
            missing: null,
        }
    )
}

function proceed(
    before: Continuity,
    { deviceId, seq, receivedAtMs }: Uplink,
    batch: FixBatch | undefined,
): ContinuityStep {
    const memory = { ...before }
    const gaps: Gap[] = []
    const last = before.newestFixMs ?? before.openedAtMs
    const first = batch ? fixTimeMs(batch, 0) : last
    if (memory.open && batch) {
        gaps.push({ ...memory.open, toMs: first })
        memory.open = null
    }
    const passed = { firstSeq: before.highestSeq + 1, lastSeq: seq - 1, fromMs: last, toMs: first }
    const missing = passed.firstSeq <= passed.lastSeq ? [...before.missing, passed] : before.missing
    const remaining = missing.flatMap((range) => without(range, seq, batch))
    const surplus = Math.max(0, remaining.length - MISSING_RANGES_MAX)
    memory.missing = remaining.slice(surplus)
    memory.settled += remaining.slice(0, surplus).reduce((sum, range) => sum + sizeOf(range), 0)
    memory.highestSeq = Math.max(before.highestSeq, seq)
    memory.thinned = Math.max(before.thinned, batch?.thinned ?? 0)
    if (batch) {
        // A fix cannot be from after its receipt: a wrong clock must not move the next gap ahead.
        const claimed = fixTimeMs(batch, batch.fixes.length - 1)
        const newest = Math.min(claimed, receivedAtMs)
        memory.newestFixMs = Math.max(before.newestFixMs ?? newest, newest) as UnixMs
    }
    const was = new Map(gapsOf(before, deviceId).map((gap) => [gap.id, gap]))
    for (const gap of gapsOf(memory, deviceId)) {
        if (!isSame(was.get(gap.id), gap)) gaps.push(gap)
        was.delete(gap.id)
    }
    for (const range of remaining.slice(0, surplus)) was.delete(idOf(range, memory, deviceId))
    return { memory, gaps, filled: [...was.keys()] }
}

/** The tracker counts what its full queue let go of: while that explains all, it is the cause. */
function gapsOf(memory: Continuity, deviceId: string): Gap[] {
    const total = memory.missing.reduce((sum, range) => sum + sizeOf(range), memory.settled)
    return memory.missing.map((range) => ({
        id: idOf(range, memory, deviceId),
        deviceId,
        fromMs: range.fromMs,
        toMs: range.toMs,
        cause: memory.thinned >= total ? "thinned" : "missing",
        missing: sizeOf(range),
    }))
}

/** What stays missing of a range once `seq` has come, up to and after the time of its fixes. */
function without(range: MissingRange, seq: number, batch: FixBatch | undefined): MissingRange[] {
    if (seq < range.firstSeq || seq > range.lastSeq) return [range]
    const inside = (atMs: UnixMs) =>
        Math.min(Math.max(atMs, range.fromMs), Math.max(range.fromMs, range.toMs)) as UnixMs
    const toMs = batch ? inside(fixTimeMs(batch, 0)) : range.toMs
    const fromMs = batch ? inside(fixTimeMs(batch, batch.fixes.length - 1)) : range.fromMs
    const parts = [
        { ...range, lastSeq: seq - 1, toMs },
        { ...range, firstSeq: seq + 1, fromMs },
    ]
    return parts.filter((part) => part.firstSeq <= part.lastSeq)
}

function idOf({ lastSeq }: MissingRange, { session }: Continuity, deviceId: string): string {
    return `${deviceId}:${session}:${lastSeq}`
}
function sizeOf({ firstSeq, lastSeq }: MissingRange): number {
    return lastSeq - firstSeq + 1
}
function isSame(a: Gap | undefined, b: Gap): boolean {
    if (a?.cause !== b.cause || a.missing !== b.missing) return false
    return a.fromMs === b.fromMs && a.toMs === b.toMs
}
function fixTimeMs(batch: FixBatch, index: number): UnixMs {
    return (batch.fixes[index]!.timeDs * 100) as UnixMs
}
