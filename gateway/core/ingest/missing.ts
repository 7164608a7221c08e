// Numbers of a session that brought nothing: those that have not come, and those whose records came
// and cannot be read. Each stretch lies in time between the fixes around it.

import type { UnixMs } from "../../../protocol/units.js"

/** Numbers that have not come, or one whose record is held and cannot be read. */
export interface MissingRange {
    firstSeq: number
    lastSeq: number
    fromMs: UnixMs
    /** Null until a later record has brought a fix. */
    toMs: UnixMs | null
    isUnread: boolean
}

/** A record as far as its number and its fixes' times go. */
export interface Arrival {
    seq: number
    isUnread: boolean
    /** Times of its first and its last fix, null for a record without fixes. */
    fixes: { firstMs: UnixMs; lastMs: UnixMs } | null
}

/**
 * The ranges once a record has come. `highestSeq` is the highest number before it, `newestMs` the
 * time of the last fix before it. A number that had come already changes nothing.
 */
export function rangesAfter(
    ranges: readonly MissingRange[],
    arrival: Arrival,
    highestSeq: number,
    newestMs: UnixMs,
): readonly MissingRange[] {
    const { seq, isUnread, fixes } = arrival
    const hasCome = seq <= highestSeq && !ranges.some((range) => isIn(range, seq))
    if (hasCome && fixes === null) return ranges
    if (ranges.length === 0 && seq === highestSeq + 1 && !isUnread) return ranges
    const fresh: MissingRange = {
        ...{ firstSeq: highestSeq + 1, lastSeq: seq, fromMs: newestMs, toMs: null },
        isUnread: false,
    }
    const all = seq > highestSeq ? [...ranges, fresh] : ranges
    const split = all.flatMap((range) => (isIn(range, seq) ? without(range, seq, isUnread) : range))
    return fixes === null || split.length === 0 ? split : narrowed(split, seq, fixes)
}

export function sizeOf({ firstSeq, lastSeq }: MissingRange): number {
    return lastSeq - firstSeq + 1
}

function isIn({ firstSeq, lastSeq, isUnread }: MissingRange, seq: number): boolean {
    return !isUnread && seq >= firstSeq && seq <= lastSeq
}

function without(range: MissingRange, seq: number, isUnread: boolean): MissingRange[] {
    const parts = [
        { ...range, lastSeq: seq - 1 },
        ...(isUnread ? [{ ...range, firstSeq: seq, lastSeq: seq, isUnread }] : []),
        { ...range, firstSeq: seq + 1 },
    ]
    return parts.filter((part) => part.firstSeq <= part.lastSeq)
}

/** The stretch before the fixes ends with them at the latest, the one behind begins with them. Ranges
 * whose numbers follow each other are one stretch: no fix lies between them. */
function narrowed(
    ranges: readonly MissingRange[],
    seq: number,
    { firstMs, lastMs }: { firstMs: UnixMs; lastMs: UnixMs },
): MissingRange[] {
    const isJoined = (i: number) =>
        ranges[i]?.firstSeq === (ranges[i - 1]?.lastSeq ?? Number.NaN) + 1
    const lastBefore = ranges.findLastIndex((range) => range.lastSeq < seq)
    let firstBefore = lastBefore
    while (isJoined(firstBefore)) firstBefore--
    const firstBehind = lastBefore + 1
    let lastBehind = firstBehind
    while (isJoined(lastBehind + 1)) lastBehind++
    return ranges.map((range, i) => {
        if (range.toMs === null && range.lastSeq < seq)
            return { ...range, toMs: firstMs, fromMs: earlier(range.fromMs, firstMs) }
        if (i >= firstBefore && i <= lastBefore)
            return { ...range, toMs: within(firstMs, range.fromMs, range.toMs) }
        if (i >= firstBehind && i <= lastBehind)
            return { ...range, fromMs: within(lastMs, range.fromMs, range.toMs) }
        return range
    })
}

function within(atMs: UnixMs, fromMs: UnixMs, toMs: UnixMs | null): UnixMs {
    return Math.min(Math.max(atMs, fromMs), toMs ?? Number.POSITIVE_INFINITY) as UnixMs
}
function earlier(a: UnixMs, b: UnixMs): UnixMs {
    return Math.min(a, b) as UnixMs
}
