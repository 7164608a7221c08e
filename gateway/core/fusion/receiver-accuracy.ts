// Metres for receivers that state something else, or nothing. `Observation.accuracyM` is the 1-sigma
// horizontal error (both axes together, "drms").

import { type Metres, metres } from "../../../protocol/units.js"

/**
 * User equivalent range error: 1 sigma of one pseudorange of a single-frequency receiver without
 * corrections, about 7 m, nearly all of it what the broadcast model leaves of the ionosphere (Kaplan & Hegarty,
 * "Understanding GPS", 2nd ed., ch. 7, budget of the standard positioning service). Good skies do
 * better; trackers live under dashboards.
 */
export const UERE_M = 7

/** A receiver that states nothing: HDOP 0.7, usual with several constellations in the open. */
export const ASSUMED_ACCURACY_M = metres(5)

/** HDOP is the ratio of horizontal to range error, so the accuracy is their product. */
export function accuracyOfHdop(hdop: number): Metres {
    return metres(hdop * UERE_M)
}
