// What was measured, over all tracks.

import type { BatchCodec } from "./batch-codec.js"
import type { BatchFigures, FormatFigures } from "./measure-track.js"
import type { ThinBounds, ThinFigures } from "./thin-track.js"

export interface MeasuredTrack {
    file: string
    fixes: number
    spanS: number
    batches: BatchFigures[]
    peers: FormatFigures[]
    thinned: ThinFigures[] | undefined
}

export interface ThinnedSummary {
    /** Mean over the tracks of the share of fixes that the history alone keeps; null: it is off. */
    historyShareMean: number | null
    /** Reports by those of a distance filter, pooled over the tracks that move; null: none does. */
    reportsOfFilter: number | null
}

export interface Measured {
    tracks: MeasuredTrack[]
    /** Unweighted over the tracks. */
    mean: BatchFigures[]
    peerMean: FormatFigures[]
    thinned: ThinnedSummary | undefined
    codecs: readonly BatchCodec[]
    bounds: ThinBounds
}

interface PerFix {
    bodyBytesPerFix: number
    securityBytesPerFix: number
    framingBytesPerFix: number
}

/** One row for each that every track has, its bytes averaged over the tracks. */
export function meanOf<Row extends PerFix>(tracks: readonly (readonly Row[])[]): Row[] {
    const mean = (index: number, key: keyof PerFix) =>
        tracks.reduce((total, rows) => total + rows[index]![key], 0) / tracks.length
    return tracks[0]!.map((row, index) => ({
        ...row,
        bodyBytesPerFix: mean(index, "bodyBytesPerFix"),
        securityBytesPerFix: mean(index, "securityBytesPerFix"),
        framingBytesPerFix: mean(index, "framingBytesPerFix"),
    }))
}

export function thinnedSummary(tracks: readonly MeasuredTrack[]): ThinnedSummary {
    const all = tracks.map(({ fixes, thinned }) => ({ fixes, ...thinned![0]! }))
    const isHistoryOn = all[0]!.worstHistoryErrorM !== null
    const shares = all.map(({ fixes, historyFixes }) => historyFixes / fixes)
    // A track that never leaves the bound is not moving: its first report is the only one.
    const moving = all.filter(({ distanceFilterReports }) => distanceFilterReports > 1)
    const pooled = (key: "reports" | "distanceFilterReports") =>
        moving.reduce((total, figures) => total + figures[key], 0)
    return {
        historyShareMean: isHistoryOn
            ? shares.reduce((total, share) => total + share, 0) / shares.length
            : null,
        reportsOfFilter:
            moving.length > 0 ? pooled("reports") / pooled("distanceFilterReports") : null,
    }
}
