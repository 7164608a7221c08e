// Where things lie in the tracker's non-volatile memory, and how much of it the queue takes.

export const KEY_CELLS_AT = 0x0000
export const KEY_CELL_BYTES = 64
export const SESSION_CELLS_AT = 0x0080
export const SESSION_CELL_BYTES = 64
/** The marker of a wipe lies behind it (wipe.ts). */
export const SEED_POOL_AT = 0x0100
export const SEED_POOL_BYTES = 32
/** What the decisions remember over a sleep. */
export const STATE_CELLS_AT = 0x0200
export const STATE_CELL_BYTES = 1024
/** What the gateway has told the tracker to do: profile, bounds, mandate's end, fences. */
export const ORDER_CELLS_AT = 0x0a00
export const ORDER_CELL_BYTES = 1536
/** Fixes that are in no record yet. */
export const FIX_LOG_AT = 0x1600
export const FIX_LOG_BYTES = 0x0900
/** Records that no ack has named, up to the end of the memory. */
export const SLOTS_AT = 0x1f00
