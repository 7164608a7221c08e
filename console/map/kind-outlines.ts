// The outline that says what a target is, as SVG paths about 15 px wide around 0, 0. The map's
// markers and the table's signs are drawn from the same paths, so that one explains the other.

import type { TargetKind } from "../../protocol/live.js"

export const kindOutlines: Record<TargetKind, string> = {
    vehicle: "M-4 -7H4Q7 -7 7 -4V4Q7 7 4 7H-4Q-7 7 -7 4V-4Q-7 -7 -4 -7Z",
    vessel: "M0 -9Q6 -4 6 1V7Q0 8.5 -6 7V1Q-6 -4 0 -9Z",
    person: "M0 -7.5A7.5 7.5 0 1 1 0 7.5A7.5 7.5 0 1 1 0 -7.5Z",
    asset: "M0 -8.5L8.5 0L0 8.5L-8.5 0Z",
}
