import type { Continuity } from "./continuity.js"
import type { ClockTie } from "./place-instant.js"
import type { KeptTail } from "./tails.js"

/** What ingest remembers of a device between its uplinks: plain data, a function of the ledger. */
export interface DeviceMemory {
    continuity: Continuity | null
    /** Where its newest packed batches left off, oldest first. */
    tails: readonly KeptTail[]
    /** What its clocks have to do with each other, by session. */
    ties: readonly ClockTie[]
}

export const NEW_DEVICE: DeviceMemory = { continuity: null, tails: [], ties: [] }
