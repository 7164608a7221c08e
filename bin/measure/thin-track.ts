// What the two channels make of a track: which fixes go out, in how many messages, and how far off
// whoever draws or watches them really was. The errors are measured here on the ellipsoid, against
// every fix of the recording; the tracker's own plain arithmetic is not asked.

import { HistoryThinner } from "../../firmware/logic/thin/history.js"
import { type Velocity, velocityAt } from "../../firmware/logic/thin/live.js"
import type { ThinFix } from "../../firmware/logic/thin/thin-fix.js"
import { TrackThinner } from "../../firmware/logic/thin/track-thinner.js"
import { wrapLongitude } from "../../gateway/core/geo/ellipsoid.js"
import { distanceM } from "../../gateway/core/geo/geodesic.js"
import { BATCH_FIXES_MAX } from "../../protocol/fix.js"
import { deg } from "../../protocol/units.js"
import type { BatchCodec } from "./batch-codec.js"
import { type MeasuredFix, verify } from "./measured-fix.js"
import { publishBytes, securityBytes } from "./overhead.js"

export interface ThinBounds {
    /** Metres; undefined: the channel is off. */
    liveM: number | undefined
    historyM: number | undefined
}

export interface ThinFigures {
    name: string
    profile: number
    chained: boolean
    /** What the history alone keeps, and what goes out when reports are part of it. */
    historyFixes: number
    sentFixes: number
    reports: number
    /** Reports of a filter that sends when moved by more than the live bound. */
    distanceFilterReports: number
    messages: number
    messagesPerHour: number
    /** MQTT and seal included. */
    bytesPerHour: number
    /** Synchronised error of the history, before anything is rounded and as received. */
    worstHistoryErrorM: number | null
    worstHistoryErrorReceivedM: number | null
    /** Of the extrapolated last report, at each fix that was not reported. */
    worstLiveErrorM: number | null
    worstLiveErrorReceivedM: number | null
}

interface Numbered extends ThinFix {
    index: number
}

/** Which fixes go out together, by index: one array a message, before its body's limits are met. */
interface Plan {
    messages: number[][]
    /** Indices of the reports. */
    reports: Set<number>
}

export function thinTrack(
    fixes: readonly MeasuredFix[],
    { liveM, historyM }: ThinBounds,
    codec: BatchCodec,
    file: string,
): ThinFigures {
    const { messages, reports } = plan(fixes, liveM, historyM)
    const run = codec.open()
    let [count, bytes, seq] = [0, 0, 0]
    const received = new Map<number, MeasuredFix>()
    for (const indices of messages) {
        const batch = indices.map((index) => fixes[index]!)
        const bodies = run.encode(batch)
        const decoded = bodies.flatMap((body) => run.decode(body.bytes))
        verify(batch, decoded, codec.tolerances, `${file}, ${codec.name}, thinned`, indices[0]!)
        decoded.forEach((fix, at) => {
            received.set(indices[at]!, fix)
        })
        for (const body of bodies) {
            seq++
            const sealed = body.bytes.length + securityBytes(body.bytes, seq)
            bytes += sealed + publishBytes(sealed)
            count++
        }
    }
    const sent = messages.flat()
    const historyOnly = historyM === undefined ? sent : historyIndices(fixes, historyM)
    const spanH = (fixes.at(-1)!.atMs - fixes[0]!.atMs) / 3_600_000
    const asRecorded = (index: number) => fixes[index]!
    // The plain profile cannot leave a column out: what it fills in is not taken for a value.
    const asReceived = (index: number) => {
        const { speedMps, courseDeg, ...rest } = received.get(index)!
        const real = fixes[index]!
        return {
            ...rest,
            ...(real.speedMps !== undefined && { speedMps }),
            ...(real.courseDeg !== undefined && { courseDeg }),
        }
    }
    return {
        name: `burr ${codec.name}`,
        profile: codec.profile,
        chained: codec.chained,
        historyFixes: historyOnly.length,
        sentFixes: sent.length,
        reports: liveM === undefined ? 0 : reports.size,
        distanceFilterReports: liveM === undefined ? 0 : distanceFilter(fixes, liveM),
        messages: count,
        messagesPerHour: spanH > 0 ? count / spanH : 0,
        bytesPerHour: spanH > 0 ? bytes / spanH : 0,
        worstHistoryErrorM:
            historyM === undefined ? null : worstDrawnM(fixes, historyOnly, asRecorded),
        worstHistoryErrorReceivedM:
            historyM === undefined ? null : worstDrawnM(fixes, sent, asReceived),
        worstLiveErrorM:
            liveM === undefined ? null : worstWatchedM(fixes, messages, reports, asRecorded),
        worstLiveErrorReceivedM:
            liveM === undefined ? null : worstWatchedM(fixes, messages, reports, asReceived),
    }
}

/** A channel that is off has a bound that nothing exceeds. */
function plan(
    fixes: readonly MeasuredFix[],
    liveM = Number.POSITIVE_INFINITY,
    historyM = Number.POSITIVE_INFINITY,
): Plan {
    const thinner = new TrackThinner<Numbered>(liveM, historyM)
    const messages: number[][] = []
    const reports = new Set<number>()
    let waiting: number[] = []
    const send = () => {
        if (waiting.length > 0) messages.push(waiting)
        waiting = []
    }
    fixes.forEach((fix, index) => {
        const { kept, isReport } = thinner.add(thinFix(fix, index))
        waiting.push(...kept.map((one) => one.index))
        if (isReport) reports.add(index)
        if (isReport || waiting.length >= BATCH_FIXES_MAX) send()
    })
    const last = thinner.end()
    if (last !== undefined) waiting.push(last.index)
    send()
    return { messages, reports }
}

function historyIndices(fixes: readonly MeasuredFix[], historyM: number): number[] {
    const thinner = new HistoryThinner<Numbered>(historyM)
    const kept = fixes.flatMap((fix, index) => thinner.add(thinFix(fix, index)))
    const last = thinner.pin()
    return [...kept, ...(last === undefined ? [] : [last])].map(({ index }) => index)
}

/** Position and time unrounded, speed and course as the wire states them. */
function thinFix(fix: MeasuredFix, index: number): Numbered {
    const thin: Numbered = {
        index,
        timeDs: fix.atMs / 100,
        latUdeg: fix.latDeg * 1e6,
        lonUdeg: fix.lonDeg * 1e6,
    }
    if (fix.speedMps !== undefined) thin.speedDmps = Math.round(fix.speedMps * 10)
    if (fix.courseDeg !== undefined) thin.courseDeg = Math.round(fix.courseDeg) % 360
    return thin
}

function distanceFilter(fixes: readonly MeasuredFix[], liveM: number): number {
    let reports = 0
    let last: MeasuredFix | undefined
    for (const fix of fixes) {
        if (last !== undefined && distanceM(last, fix) <= liveM) continue
        reports++
        last = fix
    }
    return reports
}

/** Metres by which the drawn line is off, at worst, from a fix at that fix's own time. */
function worstDrawnM(
    fixes: readonly MeasuredFix[],
    kept: readonly number[],
    known: (index: number) => MeasuredFix,
): number {
    let worst = 0
    let segment = 0
    fixes.forEach((fix, index) => {
        while (segment < kept.length - 2 && kept[segment + 1]! <= index) segment++
        const from = known(kept[segment]!)
        const to = known(kept[Math.min(segment + 1, kept.length - 1)]!)
        const spanMs = to.atMs - from.atMs
        const share = spanMs <= 0 ? 0 : Math.min(1, Math.max(0, (fix.atMs - from.atMs) / spanMs))
        const drawn = {
            latDeg: deg(from.latDeg + share * (to.latDeg - from.latDeg)),
            lonDeg: deg(from.lonDeg + share * wrapLongitude(to.lonDeg - from.lonDeg)),
        }
        worst = Math.max(worst, distanceM(drawn, fix))
    })
    return worst
}

/** Metres by which the extrapolated last report is off, at worst, where none was due. */
function worstWatchedM(
    fixes: readonly MeasuredFix[],
    messages: readonly number[][],
    reports: ReadonlySet<number>,
    known: (index: number) => MeasuredFix,
): number {
    const before = new Map<number, number>()
    messages.flat().forEach((index, at, sent) => {
        if (at > 0) before.set(index, sent[at - 1]!)
    })
    let worst = 0
    let report = fixes[0]!
    let velocity: Velocity = { north: 0, east: 0 }
    fixes.forEach((fix, index) => {
        if (reports.has(index)) {
            report = known(index)
            const previous = before.get(index)
            velocity = velocityAt(
                thinFix(report, index),
                previous === undefined ? undefined : thinFix(known(previous), previous),
            )
            return
        }
        const sinceDs = (fix.atMs - report.atMs) / 100
        const believed = {
            latDeg: deg(report.latDeg + (velocity.north * sinceDs) / 1e6),
            lonDeg: deg(report.lonDeg + (velocity.east * sinceDs) / 1e6),
        }
        worst = Math.max(worst, distanceM(believed, fix))
    })
    return worst
}
