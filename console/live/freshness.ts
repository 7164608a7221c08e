// How old a position is, in three steps that the map and the table share. A silent target is drawn
// hollow as well as faint, so that the difference does not rest on brightness alone.

import type { UnixMs } from "../../protocol/units.js"

export type Freshness = "fresh" | "ageing" | "silent"

/** A tracker on the move reports at least once a minute. */
export const AGEING_AFTER_MS = 60_000
export const SILENT_AFTER_MS = 300_000

export function freshnessOf(fixAtMs: UnixMs, nowMs: UnixMs): Freshness {
    const ageMs = nowMs - fixAtMs
    if (ageMs < AGEING_AFTER_MS) return "fresh"
    return ageMs < SILENT_AFTER_MS ? "ageing" : "silent"
}
