// Restarts of a device: between the last fix of one run of its program and the first of the next
// lies a gap, for what was only in RAM is lost.

import type { UnixMs } from "../../../protocol/units.js"
import type { Gap } from "./gap.js"

/** From a hello, or the first record that was heard of a session, to the next hello. */
export interface Run {
    session: string
    /** Number of the record that opened it. */
    seq: number
    /** When that was received: where a gap begins that no fix precedes. */
    openedAtMs: UnixMs
    /** Its fixes' times: those of its lowest record, and the newest. Null while it has none. */
    fixes: { firstSeq: number; firstMs: UnixMs; newestMs: UnixMs } | null
}

/** Where the search for restarts stands behind a run. */
export interface RestartPoint {
    /** From when on a restart would be a gap; null before the first run. */
    fromMs: UnixMs | null
    /** A restart that no fix has followed so far. */
    open: Gap | null
}

export const NO_RUN: RestartPoint = { fromMs: null, open: null }

/** Behind one more run, with the gap that it closes. Restarts with no fix between are one gap. */
export function pastRun(
    { fromMs, open }: RestartPoint,
    run: Run,
    deviceId: string,
): { point: RestartPoint; closed: Gap | null } {
    const { session, seq, openedAtMs, fixes } = run
    const id = `${deviceId}:${session}:restart:${seq}`
    const begun: Gap | null =
        open ??
        (fromMs === null
            ? null
            : { id, deviceId, fromMs, toMs: null, cause: "restart", missing: null })
    if (!fixes) return { point: { fromMs: fromMs ?? openedAtMs, open: begun }, closed: null }
    const { firstMs, newestMs } = fixes
    const closed = begun && {
        ...begun,
        fromMs: Math.min(begun.fromMs, firstMs) as UnixMs,
        toMs: firstMs,
    }
    return { point: { fromMs: newestMs, open: null }, closed }
}

/** The gaps between runs, in their order. */
export function restartGaps(since: RestartPoint, runs: readonly Run[], deviceId: string): Gap[] {
    const gaps: Gap[] = []
    let point = since
    for (const run of runs) {
        const past = pastRun(point, run, deviceId)
        if (past.closed) gaps.push(past.closed)
        point = past.point
    }
    return point.open ? [...gaps, point.open] : gaps
}
