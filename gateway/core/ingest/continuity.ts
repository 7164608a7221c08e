// What is missing: every number that a session passed over, every record that cannot be read, and
// every run of the tracker's program that found the one before it cut short, is a gap with a cause.
// Each session counts for itself, so what comes late in a relay fills what it left open.

import { type Hello, ResetCause } from "../../../protocol/hello.js"
import type { UnixMs } from "../../../protocol/units.js"
import { type Gap, isSameGap } from "./gap.js"
import { type Arrival, type MissingRange, rangesAfter, sizeOf } from "./missing.js"
import type { Report, Response } from "./open-uplink.js"
import { NO_RUN, pastRun, type RestartPoint, type Run, restartGaps } from "./restarts.js"
import type { Uplink } from "./uplink.js"

/** Stretches of missing numbers that may still be filled; past this many the oldest are settled. */
export const MISSING_RANGES_MAX = 256
/** Sessions that are followed; past this many the oldest is forgotten, and its gaps stay. */
export const SESSIONS_MAX = 17
/** Runs of the program, over all sessions. */
export const RUNS_MAX = 64
/** Forgotten sessions of which a straggler is known for one: it changes nothing. */
const FORGOTTEN_MAX = 64

/** One session as far as its numbers go. */
export interface SessionTrack {
    session: string
    /** Counter of its hello; 0 where it has none, as on boards without FRAM. */
    counter: number
    highestSeq: number
    ranges: readonly MissingRange[]
    /** Records in gaps that are settled: they stay gaps for good. */
    settled: number
    /** Records that the tracker's full queue let go of, as it last said. */
    thinned: number
    /** One at least, oldest first. */
    runs: readonly Run[]
}

/** What is remembered of a device between its uplinks. */
export interface Continuity {
    /** In the order in which they began: by counter where there is one, else by first receipt. */
    sessions: readonly SessionTrack[]
    /** Where the forgotten ones left the restarts. */
    since: RestartPoint
    forgotten: readonly string[]
}

export interface ContinuityStep {
    memory: Continuity
    /** Gaps that are new or have changed. */
    gaps: Gap[]
    /** Ids of gaps that have been filled. */
    filled: string[]
}

/**
 * Which gaps an uplink opens, changes or fills. A session begins with its hello; where another of
 * its records comes first, the numbers before that one are missing until they come. A further hello
 * in the same session tells of a reset that lost what was in RAM, unless it only asks for the time
 * [P-E35]. `body` is undefined where the
 * record cannot be read.
 */
export function follow(
    memory: Continuity | null,
    uplink: Uplink,
    body: Hello | Report | Response | undefined,
): ContinuityStep {
    const known = withRoom(memory ?? { sessions: [], since: NO_RUN, forgotten: [] }, uplink)
    if (known.forgotten.includes(uplink.session)) return { memory: known, gaps: [], filled: [] }
    const index = known.sessions.findIndex(({ session }) => session === uplink.session)
    const before = known.sessions[index]
    const arrival = arrivalOf(uplink, body)
    const hello = body?.kind === "hello" ? body : undefined
    const newestMs = newestBefore(known, index) ?? uplink.receivedAtMs
    const begun = before ?? begin(uplink, hello)
    const track = proceed(begun, uplink, { arrival, hello, newestMs, thinned: thinnedIn(body) })
    const sessions = before
        ? known.sessions.with(index, track)
        : known.sessions.toSpliced(placeOf(known.sessions, track.counter), 0, track)
    const after = settle({ ...known, sessions }, uplink.deviceId)
    return { memory: after.memory, ...changes(known, before, after, uplink) }
}

interface News {
    arrival: Arrival
    hello: Hello | undefined
    /** The newest fix before, or when the device was first heard of. */
    newestMs: UnixMs
    thinned: number
}

function begin({ session, seq }: Uplink, hello: Hello | undefined): SessionTrack {
    const highestSeq = isReset(hello) ? seq - 1 : -1
    return {
        ...{ session, counter: hello?.session ?? 0, highestSeq },
        ...{ ranges: [], settled: 0, thinned: 0, runs: [] },
    }
}

function isReset(hello: Hello | undefined): boolean {
    return hello !== undefined && hello.resetCause !== ResetCause.none
}

function proceed(
    track: SessionTrack,
    { session, seq, receivedAtMs }: Uplink,
    { arrival, hello, newestMs, thinned }: News,
): SessionTrack {
    const isBegun = track.runs.length === 0 || (isReset(hello) && seq > track.highestSeq)
    const run: Run = { session, seq, openedAtMs: receivedAtMs, fixes: null }
    const runs = isBegun ? [...track.runs, run] : track.runs
    return {
        ...track,
        counter: track.counter > 0 ? track.counter : (hello?.session ?? 0),
        highestSeq: Math.max(track.highestSeq, seq),
        ranges: rangesAfter(track.ranges, arrival, track.highestSeq, newestMs),
        thinned: Math.max(track.thinned, thinned),
        runs: arrival.fixes ? withFixes(runs, arrival, arrival.fixes) : runs,
    }
}

/** The fixes belong to the last run that began before their record was made. */
function withFixes(
    runs: readonly Run[],
    { seq }: Arrival,
    { firstMs, lastMs }: NonNullable<Arrival["fixes"]>,
): readonly Run[] {
    const index = Math.max(
        0,
        runs.findLastIndex((run) => run.seq <= seq),
    )
    const run = runs[index]!
    const had = run.fixes
    const isFirst = !had || seq < had.firstSeq
    const fixes = {
        firstSeq: isFirst ? seq : had.firstSeq,
        firstMs: isFirst ? firstMs : had.firstMs,
        newestMs: Math.max(had?.newestMs ?? lastMs, lastMs) as UnixMs,
    }
    return runs.with(index, { ...run, fixes })
}

function arrivalOf(uplink: Uplink, body: Hello | Report | Response | undefined): Arrival {
    const { seq, receivedAtMs } = uplink
    const report = body?.kind === "report" ? body : undefined
    const isUnread = body === undefined || report?.fault !== undefined
    const fixes = report?.fixes?.fixes
    if (!fixes) return { seq, isUnread, fixes: null }
    const firstMs = noLater(fixes[0]!.timeDs, receivedAtMs)
    const lastMs = noLater(fixes.at(-1)!.timeDs, receivedAtMs)
    return { seq, isUnread, fixes: { firstMs, lastMs } }
}

/** A fix cannot be from after its receipt: a wrong clock must not move the next gap ahead. */
function noLater(timeDs: number, receivedAtMs: UnixMs): UnixMs {
    return Math.min(timeDs * 100, receivedAtMs) as UnixMs
}

/** Batches and statuses both tell what the full queue let go of since the session began. */
function thinnedIn(body: Hello | Report | Response | undefined): number {
    if (body?.kind !== "report") return 0
    return Math.max(body.fixes?.thinned ?? 0, body.status?.thinned ?? 0)
}

/** The newest fix of the session at `index`, or of one before it; else when that was first heard. */
function newestBefore({ sessions, since }: Continuity, index: number): UnixMs | null {
    const until = index < 0 ? sessions.length : index + 1
    let openedAtMs: UnixMs | null = since.fromMs
    for (const { runs } of sessions.slice(0, until).reverse()) {
        const times = runs.flatMap(({ fixes }) => fixes?.newestMs ?? [])
        if (times.length > 0) return Math.max(...times) as UnixMs
        openedAtMs ??= runs[0]?.openedAtMs ?? null
    }
    return openedAtMs
}

/**
 * Where a session belongs that was not heard of. A counter that is known under another salt comes
 * from a board that lost its memory and counts again.
 */
function placeOf(sessions: readonly SessionTrack[], counter: number): number {
    if (counter === 0 || sessions.some((one) => one.counter === counter)) return sessions.length
    const later = sessions.findIndex((one) => one.counter > counter)
    return later < 0 ? sessions.length : later
}

/** Forgets the oldest runs and sessions, so that one more of each may come with this uplink. */
function withRoom(memory: Continuity, { deviceId, session }: Uplink): Continuity {
    let { sessions, since, forgotten } = memory
    const isNew = !sessions.some((one) => one.session === session)
    const sessionsMax = SESSIONS_MAX - (isNew ? 1 : 0)
    while (sessions.length > sessionsMax || runsIn(sessions) >= RUNS_MAX) {
        const [oldest, ...others] = sessions as [SessionTrack, ...SessionTrack[]]
        const [first, ...runs] = oldest.runs as [Run, ...Run[]]
        since = pastRun(since, first, deviceId).point
        if (runs.length > 0) sessions = [{ ...oldest, runs }, ...others]
        else {
            sessions = others
            forgotten = [oldest.session, ...forgotten].slice(0, FORGOTTEN_MAX)
        }
    }
    return { sessions, since, forgotten }
}

function runsIn(sessions: readonly SessionTrack[]): number {
    return sessions.reduce((sum, { runs }) => sum + runs.length, 0)
}

interface Settled {
    memory: Continuity
    /** Ids of gaps that nobody waits for any more. */
    ids: ReadonlySet<string>
}

/** No more ranges than may be kept: those of the oldest session go first. */
function settle(memory: Continuity, deviceId: string): Settled {
    const ids = new Set<string>()
    const total = memory.sessions.reduce((sum, { ranges }) => sum + ranges.length, 0)
    let surplus = total - MISSING_RANGES_MAX
    if (surplus <= 0) return { memory, ids }
    const sessions = memory.sessions.map((track) => {
        const gone = track.ranges.slice(0, Math.max(0, surplus))
        if (gone.length === 0) return track
        surplus -= gone.length
        for (const range of gone) ids.add(idOf(deviceId, track, range))
        const ranges = track.ranges.slice(gone.length)
        return { ...track, ranges, settled: track.settled + missingIn(gone) }
    })
    return { memory: { ...memory, sessions }, ids }
}

/** What the uplink's session and the restarts have become. */
function changes(
    known: Continuity,
    before: SessionTrack | undefined,
    { memory, ids }: Settled,
    { deviceId, session }: Uplink,
): Omit<ContinuityStep, "memory"> {
    const after = memory.sessions.find((one) => one.session === session)!
    const isNewest = memory.sessions.at(-1) === after
    const areRunsSame = before !== undefined && bringsNoRestart(before, after, isNewest)
    const was = new Map<string, Gap>()
    if (!areRunsSame) for (const gap of restartsIn(known, deviceId)) was.set(gap.id, gap)
    if (before) for (const gap of numberGaps(before, deviceId)) was.set(gap.id, gap)
    const restarts = areRunsSame ? [] : restartsIn(memory, deviceId)
    const gaps: Gap[] = []
    for (const gap of [...restarts, ...numberGaps(after, deviceId)]) {
        if (!isSameGap(was.get(gap.id), gap)) gaps.push(gap)
        was.delete(gap.id)
    }
    return { gaps, filled: [...was.keys()].filter((id) => !ids.has(id)) }
}

/** No run was begun, and at most the newest one of all, which had fixes before, has more of them. */
function bringsNoRestart(before: SessionTrack, after: SessionTrack, isNewest: boolean): boolean {
    if (before.runs === after.runs) return true
    if (!isNewest || before.runs.length !== after.runs.length) return false
    return before.runs.every((run, i) => {
        const now = after.runs[i]!
        const isLast = i === before.runs.length - 1
        return run === now || (isLast && run.fixes?.firstMs === now.fixes?.firstMs)
    })
}

function restartsIn({ since, sessions }: Continuity, deviceId: string): Gap[] {
    const runs = sessions.flatMap((track) => track.runs)
    return restartGaps(since, runs, deviceId)
}

/** The tracker counts what its full queue let go of: while that explains all, it is the cause. */
function numberGaps(track: SessionTrack, deviceId: string): Gap[] {
    const total = track.settled + missingIn(track.ranges)
    const cause = track.thinned >= total ? "thinned" : "missing"
    return track.ranges.map((range) => ({
        id: idOf(deviceId, track, range),
        deviceId,
        fromMs: range.fromMs,
        toMs: range.toMs,
        cause: range.isUnread ? "unreadable" : cause,
        missing: sizeOf(range),
    }))
}

function missingIn(ranges: readonly MissingRange[]): number {
    return ranges.reduce((sum, range) => sum + (range.isUnread ? 0 : sizeOf(range)), 0)
}
function idOf(deviceId: string, { session }: SessionTrack, range: MissingRange): string {
    const { lastSeq, isUnread } = range
    return `${deviceId}:${session}:${isUnread ? "unread:" : ""}${lastSeq}`
}
