// The messages beside NAV-PVT with which a u-blox part tells of itself. Layouts: interface
// description UBX-21035062 R02 (M10 SPG 5.10), chapter 3; MON-HW from UBX-13003221 R25 (M8). SEC-SIG
// (version 1) came after SPG 5.10, whose MON-RF already points to it.

import type { HeardSatellite } from "./nmea-sentences.js"
import { timeOfWeekMs, ubxFrame } from "./ubx-frame.js"

/** 0 unknown or monitor off, 1 no jamming, 2 jamming but a fix, 3 jamming and no fix. */
export type JammingState = 0 | 1 | 2 | 3

export interface ReceiverStatus {
    atMs: number
    fixType: number
    isFixOk: boolean
    isTimeKnown: boolean
    /** 0 acquisition or full power, 1 tracking, 2 power optimized tracking. */
    powerState: 0 | 1 | 2
    isSpoofed: boolean
    jamming: JammingState
    /** Milliseconds from start to first fix; 0 before it. */
    firstFixMs: number
    sinceStartMs: number
    satellites: readonly HeardSatellite[]
}

const CLASS_NAV = 0x01
const CLASS_MON = 0x0a
const CLASS_SEC = 0x27
const SPOOFING_NONE = 1
const SPOOFING_INDICATED = 2
/** Continuous-wave suppression 0 to 255: quiet air and a jammer in the street. */
const SUPPRESSION_QUIET = 12
const SUPPRESSION_JAMMED = 200
const NOISE_PER_MS = 90
const AGC_COUNT_QUIET = 5500
const AGC_COUNT_JAMMED = 1200
const ANTENNA_OK = 2
const ANTENNA_ON = 1

export function navStatus(status: ReceiverStatus): Buffer {
    const payload = Buffer.alloc(16)
    payload.writeUInt32LE(timeOfWeekMs(status.atMs), 0)
    payload[4] = status.fixType
    payload[5] = (status.isFixOk ? 1 : 0) | (status.isTimeKnown ? 0b1100 : 0)
    payload[7] = status.powerState | (spoofing(status) << 3)
    payload.writeUInt32LE(status.firstFixMs, 8)
    payload.writeUInt32LE(status.sinceStartMs, 12)
    return ubxFrame(CLASS_NAV, 0x03, payload)
}

export function navSat(status: ReceiverStatus): Buffer {
    const payload = Buffer.alloc(8 + 12 * status.satellites.length)
    payload.writeUInt32LE(timeOfWeekMs(status.atMs), 0)
    payload[4] = 1
    payload[5] = status.satellites.length
    status.satellites.forEach(({ id, cn0DbHz, elevationDeg, azimuthDeg, isUsed }, i) => {
        const at = 8 + 12 * i
        payload[at + 1] = id
        payload[at + 2] = Math.round(cn0DbHz)
        payload.writeInt8(elevationDeg, at + 3)
        payload.writeInt16LE(azimuthDeg, at + 4)
        // Quality 7 locked or 2 acquired, used, healthy, orbit from its ephemeris.
        payload.writeUInt32LE(isUsed ? 0x0000_091f : 0x0000_0002, at + 8)
    })
    return ubxFrame(CLASS_NAV, 0x35, payload)
}

/** One RF block. */
export function monRf({ jamming }: ReceiverStatus): Buffer {
    const payload = Buffer.alloc(28)
    payload[1] = 1
    payload[5] = jamming
    payload[6] = ANTENNA_OK
    payload[7] = ANTENNA_ON
    payload.writeUInt16LE(NOISE_PER_MS, 16)
    payload.writeUInt16LE(jamming > 1 ? AGC_COUNT_JAMMED : AGC_COUNT_QUIET, 18)
    payload[20] = jamming > 1 ? SUPPRESSION_JAMMED : SUPPRESSION_QUIET
    return ubxFrame(CLASS_MON, 0x38, payload)
}

export function monHw({ jamming }: ReceiverStatus): Buffer {
    const payload = Buffer.alloc(60)
    payload.writeUInt16LE(NOISE_PER_MS, 16)
    payload.writeUInt16LE(jamming > 1 ? AGC_COUNT_JAMMED : AGC_COUNT_QUIET, 18)
    payload[20] = ANTENNA_OK
    payload[21] = ANTENNA_ON
    payload[22] = 1 | (jamming << 2) // RTC calibrated
    payload[45] = jamming > 1 ? SUPPRESSION_JAMMED : SUPPRESSION_QUIET
    return ubxFrame(CLASS_MON, 0x09, payload)
}

export function secSig(status: ReceiverStatus): Buffer {
    const payload = Buffer.alloc(12)
    payload[0] = 1
    payload[4] = (status.jamming === 0 ? 0 : 1) | (status.jamming << 1)
    payload[8] = 1 | (spoofing(status) << 1)
    return ubxFrame(CLASS_SEC, 0x09, payload)
}

/** `extensions` are text of at most 29 characters. */
export function monVer(software: string, hardware: string, extensions: readonly string[]): Buffer {
    const payload = Buffer.alloc(40 + 30 * extensions.length)
    payload.write(software, 0, "latin1")
    payload.write(hardware, 30, "latin1")
    extensions.forEach((text, i) => {
        payload.write(text, 40 + 30 * i, "latin1")
    })
    return ubxFrame(CLASS_MON, 0x04, payload)
}

/** Code 0 taken, 1 time unknown, 2 version, 3 size, 4 not stored, 5 not ready, 6 type unknown. */
export function mgaAck(code: number, id: number, payload: Buffer): Buffer {
    const start = Buffer.alloc(4)
    payload.copy(start, 0, 0, 4)
    return ubxFrame(0x13, 0x60, Buffer.from([code === 0 ? 1 : 0, 0, code, id, ...start]))
}

function spoofing({ isSpoofed }: ReceiverStatus): number {
    return isSpoofed ? SPOOFING_INDICATED : SPOOFING_NONE
}
