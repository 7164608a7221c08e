// UBX-NAV-PVT, the receiver's whole navigation solution, and what of it the tracker takes for a fix.
// Field names and raw units follow the u-blox interface description: lon, lat, headMot 1e-7 and
// 1e-5 deg; heights and accuracies mm; speeds mm/s; pDOP 0.01; tAcc and nano ns.

import { type Fix, faultOf } from "../../protocol/fix.js"
import { type CivilTime, isCivilTime, unixSeconds } from "./receiver-time.js"

export interface NavPvt {
    iTOW: number
    year: number
    month: number
    day: number
    hour: number
    min: number
    sec: number
    valid: number
    tAcc: number
    nano: number
    fixType: number
    flags: number
    flags2: number
    numSV: number
    lon: number
    lat: number
    height: number
    hMSL: number
    hAcc: number
    vAcc: number
    velN: number
    velE: number
    velD: number
    gSpeed: number
    headMot: number
    sAcc: number
    headAcc: number
    pDOP: number
    flags3: number
    /** Four reserved bytes as hex. */
    reserved: string
    /** The last three are missing from the 84-byte payload of old receivers. */
    headVeh: number | null
    magDec: number | null
    magAcc: number | null
}

const VALID_DATE = 1
const VALID_TIME = 2
const GNSS_FIX_OK = 1
const INVALID_LLH = 1
const FIX_2D = 2
const FIX_3D = 3
const FIX_GNSS_AND_DEAD_RECKONING = 4
/** An error estimate past a kilometre says that there is no position. */
export const ACCURACY_MAX_MM = 1000000

/** Reads a payload of 84 or 92 bytes, as the scanner gives it. */
export function readNavPvt(p: Buffer): NavPvt {
    const isLong = p.length >= 92
    return {
        iTOW: u32(p, 0),
        year: u16(p, 4),
        month: p[6],
        day: p[7],
        hour: p[8],
        min: p[9],
        sec: p[10],
        valid: p[11],
        tAcc: u32(p, 12),
        nano: i32(p, 16),
        fixType: p[20],
        flags: p[21],
        flags2: p[22],
        numSV: p[23],
        lon: i32(p, 24),
        lat: i32(p, 28),
        height: i32(p, 32),
        hMSL: i32(p, 36),
        hAcc: u32(p, 40),
        vAcc: u32(p, 44),
        velN: i32(p, 48),
        velE: i32(p, 52),
        velD: i32(p, 56),
        gSpeed: i32(p, 60),
        headMot: i32(p, 64),
        sAcc: u32(p, 68),
        headAcc: u32(p, 72),
        pDOP: u16(p, 76),
        flags3: u16(p, 78),
        reserved: p.slice(80, 84).toString("hex"),
        headVeh: isLong ? i32(p, 84) : null,
        magDec: isLong ? i16(p, 88) : null,
        magAcc: isLong ? u16(p, 90) : null,
    }
}

/**
 * The fix in a solution, or undefined when the receiver does not stand by it: gnssFixOK clear, no
 * position (time only, dead reckoning only), an invalid date or time, or figures out of range.
 */
export function fixOf(pvt: NavPvt): Fix | undefined {
    if ((pvt.flags & GNSS_FIX_OK) === 0) return undefined
    const isPosition =
        pvt.fixType === FIX_2D ||
        pvt.fixType === FIX_3D ||
        pvt.fixType === FIX_GNSS_AND_DEAD_RECKONING
    if (!isPosition || (pvt.flags3 & INVALID_LLH) !== 0) return undefined
    if ((pvt.valid & VALID_DATE) === 0 || (pvt.valid & VALID_TIME) === 0) return undefined
    const time = civilTimeOf(pvt)
    if (!isCivilTime(time) || pvt.hAcc > ACCURACY_MAX_MM) return undefined
    const fix: Fix = {
        kind: "fix",
        timeDs: unixSeconds(time) * 10 + rounded(pvt.nano, 100000000),
        latUdeg: rounded(pvt.lat, 10),
        lonUdeg: rounded(pvt.lon, 10),
        altM: rounded(pvt.hMSL, 1000),
        speedDmps: rounded(Math.max(0, pvt.gSpeed), 100),
        courseDeg: (rounded(pvt.headMot, 100000) + 720) % 360,
        // Rounded up: an accuracy is never stated better than the receiver gave it.
        accuracyDm: Math.max(1, Math.floor((pvt.hAcc + 99) / 100)),
        satellites: pvt.numSV,
    }
    return faultOf(fix) === undefined ? fix : undefined
}

function civilTimeOf(pvt: NavPvt): CivilTime {
    return {
        year: pvt.year,
        month: pvt.month,
        day: pvt.day,
        hour: pvt.hour,
        min: pvt.min,
        sec: pvt.sec,
    }
}

/** Nearest multiple, halves upward. Math.round differs between the tracker and Node at -0.5. */
function rounded(value: number, quantum: number): number {
    return Math.floor((value + quantum / 2) / quantum)
}

function u16(bytes: Buffer, at: number): number {
    return bytes[at] | (bytes[at + 1] << 8)
}
function i16(bytes: Buffer, at: number): number {
    const value = u16(bytes, at)
    return value >= 0x8000 ? value - 0x10000 : value
}
function i32(bytes: Buffer, at: number): number {
    return u16(bytes, at) | (u16(bytes, at + 2) << 16)
}
function u32(bytes: Buffer, at: number): number {
    return u16(bytes, at) + u16(bytes, at + 2) * 0x10000
}
