import type { GapCause } from "../../../protocol/live.js"
import type { UnixMs } from "../../../protocol/units.js"

/** A stretch without data. The same id stands for the same gap when it changes. */
export interface Gap {
    id: string
    deviceId: string
    fromMs: UnixMs
    /** Null while nothing is known to lie behind it. */
    toMs: UnixMs | null
    cause: GapCause
    /** Records, null where nobody can know. */
    missing: number | null
}

export function isSameGap(a: Gap | undefined, b: Gap): boolean {
    if (a?.cause !== b.cause || a.missing !== b.missing) return false
    return a.fromMs === b.fromMs && a.toMs === b.toMs
}
