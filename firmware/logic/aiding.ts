// Assisted start: the last position and the time, each with an error that is honest, for a receiver that
// has lost its supply. One that comes out of standby knows both better than we do and is told nothing.

import type { Fix } from "../../protocol/fix.js"
import { civilTime } from "./receiver-time.js"
import { ubxFrame } from "./ubx.js"

/** The last fix that was believed, as it is carried over sleeps. */
export interface LastKnown {
    /** Device clock at the fix; -1 while there was none. */
    fixAtS: number
    /** UTC of the fix, seconds since 1970. */
    utcS: number
    latUdeg: number
    lonUdeg: number
    altM: number
    accuracyM: number
}

/** What the receiver is told. An error of -1 says that nothing is known. */
export interface ReceiverAid {
    utcS: number
    timeErrorS: number
    latUdeg: number
    lonUdeg: number
    altM: number
    positionErrorM: number
}

const CLASS_MGA = 0x13
const MGA_INI = 0x40
const TYPE_POSITION_LLH = 0x01
const TYPE_TIME_UTC = 0x10
const LEAP_SECONDS_UNKNOWN = 0x80
/**
 * The clock over a sleep is the chip's own RC oscillator: its makers promise 5 % over temperature, boards
 * that were measured keep 0.6 to 1 % (public reports, not ours). One in 20 is what holds.
 */
const CLOCK_DRIFT_DIVISOR = 20
/** Whole seconds in the device clock, and the boot that it does not see. */
const CLOCK_STEP_S = 2
/** A time further off than this names the wrong satellites. */
const TIME_ERROR_MAX_S = 600
/** As fast as a vehicle goes on the average of a long drive, 130 km/h. */
const TRAVEL_MPS = 36
/** A parked one may have been moved a little without our noticing. */
const PARKED_M = 200
/** Further off, the same satellites are no longer in view. */
const POSITION_ERROR_MAX_M = 300000

export function newLastKnown(): LastKnown {
    return { fixAtS: -1, utcS: 0, latUdeg: 0, lonUdeg: 0, altM: 0, accuracyM: 0 }
}

/**
 * After one more fix. `isTrusted` is false while the receiver suspects spoofing: such a fix is not
 * handed back to it as knowledge.
 */
export function afterFix(before: LastKnown, fix: Fix, atS: number, isTrusted: boolean): LastKnown {
    if (!isTrusted) return before
    return {
        fixAtS: atS,
        utcS: Math.floor(fix.timeDs / 10),
        latUdeg: fix.latUdeg,
        lonUdeg: fix.lonUdeg,
        altM: fix.altM,
        accuracyM: Math.floor((fix.accuracyDm + 9) / 10),
    }
}

/** As numbers, for the state store. */
export function lastKnownRow(k: LastKnown): number[] {
    return [k.fixAtS, k.utcS, k.latUdeg, k.lonUdeg, k.altM, k.accuracyM]
}
/** A row of another length is no row: a new memory. */
export function lastKnownOf(row: number[]): LastKnown {
    if (row.length !== 6) return newLastKnown()
    return {
        fixAtS: row[0],
        utcS: row[1],
        latUdeg: row[2],
        lonUdeg: row[3],
        altM: row[4],
        accuracyM: row[5],
    }
}

/**
 * What may be told at `atS`: the errors grow with the age of the fix, the position's by how far one may
 * have travelled meanwhile (`isParked`: since the fix nobody moved it). Undefined when neither helps.
 */
export function aidOf(known: LastKnown, atS: number, isParked: boolean): ReceiverAid | undefined {
    const ageS = atS - known.fixAtS
    if (known.fixAtS < 0 || ageS < 0) return undefined
    const timeErrorS = CLOCK_STEP_S + Math.ceil(ageS / CLOCK_DRIFT_DIVISOR)
    const positionErrorM = known.accuracyM + (isParked ? PARKED_M : ageS * TRAVEL_MPS)
    const isTime = timeErrorS <= TIME_ERROR_MAX_S
    const isPosition = positionErrorM <= POSITION_ERROR_MAX_M
    if (!isTime && !isPosition) return undefined
    return {
        utcS: known.utcS + ageS,
        timeErrorS: isTime ? timeErrorS : -1,
        latUdeg: known.latUdeg,
        lonUdeg: known.lonUdeg,
        altM: known.altM,
        positionErrorM: isPosition ? positionErrorM : -1,
    }
}

/** MGA-INI-TIME_UTC, then MGA-INI-POS_LLH, in the order in which the receiver wants them. */
export function aidFrames(aid: ReceiverAid): Buffer[] {
    const frames: Buffer[] = []
    if (aid.timeErrorS >= 0) {
        const t = civilTime(aid.utcS)
        const payload = [
            ...[TYPE_TIME_UTC, 0, 0, LEAP_SECONDS_UNKNOWN],
            ...[t.year & 255, t.year >> 8, t.month, t.day, t.hour, t.min, t.sec, 0],
            ...int32(0),
            ...[aid.timeErrorS & 255, aid.timeErrorS >> 8, 0, 0],
            ...int32(0),
        ]
        frames.push(ubxFrame(CLASS_MGA, MGA_INI, payload))
    }
    if (aid.positionErrorM >= 0) {
        const payload = [
            ...[TYPE_POSITION_LLH, 0, 0, 0],
            ...int32(aid.latUdeg * 10),
            ...int32(aid.lonUdeg * 10),
            ...int32(aid.altM * 100),
            ...int32(aid.positionErrorM * 100),
        ]
        frames.push(ubxFrame(CLASS_MGA, MGA_INI, payload))
    }
    return frames
}

/** Little-endian; of -2^31 to 2^31 - 1. */
function int32(value: number): number[] {
    return [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255]
}
