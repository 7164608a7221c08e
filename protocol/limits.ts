/** A writer closes a body here, so that a sealed record has at most 250 bytes. */
export const BODY_BYTES_MAX = 232
/** 2100-01-01 in tenths of a second of UTC: from there on a time is a fault. */
export const TIME_DS_END = 41024448000
