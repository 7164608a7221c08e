// Help from the host at the start, UBX-MGA-INI: a position (POS_LLH) and the time (TIME_UTC). Answer
// codes are those of MGA-ACK (interface description UBX-21035062 R02, section 3.13.1).

import type { GnssMemory } from "./gnss-search.js"

const POSITION = 0x01
const TIME = 0x10
const POSITION_BYTES = 20
const TIME_BYTES = 24
export const AIDING_TAKEN = 0
const VERSION_UNKNOWN = 2
const SIZE_WRONG = 3
const TYPE_UNKNOWN = 6
/** Time is of use when it is no further off than this beyond its stated accuracy. */
const TIME_OFF_MS = 2000

/** What the part makes of the message; `memory` learns from it. `nowMs` is the true time. */
export function takeAiding(payload: Buffer, memory: GnssMemory, nowMs: number): number {
    const type = payload[0]
    if (type !== POSITION && type !== TIME) return TYPE_UNKNOWN
    if (payload[1] !== 0) return VERSION_UNKNOWN
    if (payload.length !== (type === TIME ? TIME_BYTES : POSITION_BYTES)) return SIZE_WRONG
    if (type === POSITION) memory.hasPosition = true
    else if (isTimeRight(payload, nowMs)) memory.hasTime = true
    return AIDING_TAKEN
}

/** Wrong time is no help: the part would look for satellites that are not there. */
function isTimeRight(payload: Buffer, nowMs: number): boolean {
    const [month, day, hour, minute, second] = payload.subarray(6, 11)
    const givenMs = Date.UTC(payload.readUInt16LE(4), month! - 1, day!, hour!, minute!, second!)
    const accuracyMs = payload.readUInt16LE(16) * 1000
    return Math.abs(givenMs - nowMs) <= accuracyMs + TIME_OFF_MS
}
