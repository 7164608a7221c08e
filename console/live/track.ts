// The chosen target's last hour as it is drawn: points in order, cut where nothing is known.

import type { GapView, TrackPoint, TrackView } from "../../protocol/live.js"
import type { UnixMs } from "../../protocol/units.js"

export const TRACK_SPAN_MS = 3_600_000
/** An hour at 1 Hz, and room to spare. */
export const TRACK_POINTS_MAX = 8_000
/** A line across a longer silence would claim a way that nobody saw. */
export const BREAK_AFTER_MS = 60_000

export interface Track {
    targetId: string
    /** Oldest first, one a millisecond. */
    points: readonly TrackPoint[]
    gaps: readonly GapView[]
    /** The gateway held more than it sent. */
    isTruncated: boolean
}

export function emptyTrack(targetId: string): Track {
    return { targetId, points: [], gaps: [], isTruncated: false }
}

/**
 * The track with a stretch as the gateway gave it, which replaces what was held of `fromMs` to
 * `toMs`: late messages re-open a track, and then the store is right and we are not.
 */
export function mergeStretch(
    track: Track,
    view: TrackView,
    stretch: { fromMs: UnixMs; toMs: UnixMs },
): Track {
    const outside = track.points.filter(
        (point) => point.atMs < stretch.fromMs || point.atMs > stretch.toMs,
    )
    const gaps = track.gaps.filter(
        (gap) => gap.fromMs > stretch.toMs || (gap.toMs !== null && gap.toMs < stretch.fromMs),
    )
    return trimTrack({
        ...track,
        points: [...outside, ...view.points].sort((left, right) => left.atMs - right.atMs),
        gaps: [...gaps, ...view.gaps],
        isTruncated: track.isTruncated || view.truncated,
    })
}

/** The track with the newest position at its end. One that is not newer changes nothing. */
export function appendPoint(track: Track, point: TrackPoint): Track {
    const tail = track.points.at(-1)
    if (tail !== undefined && point.atMs <= tail.atMs) return track
    return trimTrack({ ...track, points: [...track.points, point] })
}

/** Runs of points with no break inside; a run may be a single point. */
export function unbrokenRuns(
    points: readonly TrackPoint[],
    gaps: readonly GapView[],
): TrackPoint[][] {
    const runs: TrackPoint[][] = []
    let previous: TrackPoint | null = null
    for (const point of points) {
        const isBreak = previous === null || isBroken(previous, point, gaps)
        if (isBreak) runs.push([point])
        else runs.at(-1)!.push(point)
        previous = point
    }
    return runs
}

function isBroken(left: TrackPoint, right: TrackPoint, gaps: readonly GapView[]): boolean {
    if (right.atMs - left.atMs > BREAK_AFTER_MS) return true
    // An open gap reaches to the first point after its start, and no further.
    return gaps.some((gap) =>
        gap.toMs === null
            ? gap.fromMs >= left.atMs && gap.fromMs < right.atMs
            : gap.fromMs < right.atMs && gap.toMs > left.atMs,
    )
}

function trimTrack(track: Track): Track {
    const newest = track.points.at(-1)
    if (newest === undefined) return track
    const kept = track.points.filter((point) => point.atMs >= newest.atMs - TRACK_SPAN_MS)
    return { ...track, points: kept.slice(-TRACK_POINTS_MAX) }
}
