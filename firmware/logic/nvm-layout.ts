// Where things lie in the tracker's non-volatile memory, and how much of it the queue takes.

export const KEY_CELLS_AT = 0x0000
export const KEY_CELL_BYTES = 64
export const SESSION_CELLS_AT = 0x0080
export const SESSION_CELL_BYTES = 64
export const SEED_POOL_AT = 0x0100
export const SEED_POOL_BYTES = 32
/** Up to here room is left for what comes. */
export const SLOTS_AT = 0x0200
