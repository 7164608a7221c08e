// What a receiver's NMEA sentences say about one instant, and what of it the tracker takes for a fix.
// RMC gives the date, speed and course, GGA or GNS altitude and satellites: a fix needs both kinds.

import { type Fix, faultOf } from "../../protocol/fix.js"
import { microDegrees } from "./nmea-fields.js"
import { unrolledDays } from "./receiver-time.js"

export interface NmeaEpoch {
    /** Of the first of its sentences in the stream. */
    offset: number
    /** Milliseconds of the UTC day. */
    timeMs: number
    /** Days since 1970, from RMC; undefined without one, as all below. */
    days: number | undefined
    /** North and east positive, in 1e-8 minute: with up to eight decimals nothing is lost. */
    lat: number | undefined
    lon: number | undefined
    /** Above mean sea level, in millimetres. */
    altMm: number | undefined
    /** Of the ellipsoid below mean sea level, in millimetres. */
    geoidMm: number | undefined
    /** In 0.001 knot. */
    speedMkn: number | undefined
    /** In 0.01 degree; empty as a rule at a standstill. */
    courseCdeg: number | undefined
    satellites: number | undefined
    /** In 0.01. */
    hdopC: number | undefined
    /** One sigma of both axes together, from GST, in millimetres. */
    errorMm: number | undefined
    /** 2 or 3 dimensions, from GSA. */
    dimensions: number | undefined
    /** A sentence says that there is no fix, or one that is estimated, typed in or simulated. */
    isVoid: boolean
    /** A field out of its range or form, or two sentences that contradict each other. */
    isFaulty: boolean
}

/**
 * Range error by which HDOP is multiplied, in decimetres: 7 m, one sigma of one pseudorange of a
 * single-frequency receiver (Kaplan & Hegarty, "Understanding GPS", 2nd ed., ch. 7). The gateway
 * takes the same for receivers that state HDOP alone.
 */
export const RANGE_ERROR_DM = 70
/** Receivers write 50 and more, mostly 99, for "none". */
const HDOP_END_C = 5000
/** As for NAV-PVT, an error past a kilometre says that there is no position. */
const ERROR_MAX_MM = 1000000
const DAY_DS = 864000

export function newEpoch(offset: number, timeMs: number): NmeaEpoch {
    return {
        offset: offset,
        timeMs: timeMs,
        days: undefined,
        lat: undefined,
        lon: undefined,
        altMm: undefined,
        geoidMm: undefined,
        speedMkn: undefined,
        courseCdeg: undefined,
        satellites: undefined,
        hdopC: undefined,
        errorMm: undefined,
        dimensions: undefined,
        isVoid: false,
        isFaulty: false,
    }
}

/**
 * The horizontal error in decimetres, one sigma, rounded up: from GST where the receiver sends it,
 * else HDOP times RANGE_ERROR_DM. Undefined where it states neither, or one that means "none".
 */
export function accuracyOf(epoch: NmeaEpoch): number | undefined {
    const { errorMm, hdopC } = epoch
    if (errorMm !== undefined && errorMm > 0) {
        if (errorMm > ERROR_MAX_MM) return undefined
        return Math.floor((errorMm + 99) / 100)
    }
    if (hdopC === undefined || hdopC <= 0 || hdopC >= HDOP_END_C) return undefined
    return Math.floor((hdopC * RANGE_ERROR_DM + 99) / 100)
}

/**
 * The fix in an epoch. Undefined where the receiver does not stand by it, where a part of it is
 * missing or where one is out of range. `earliestDays`: a day since 1970 that is known to be over,
 * by which the date of a receiver in the wrong GPS era is put right; 0 where none is known.
 */
export function fixOfEpoch(epoch: NmeaEpoch, earliestDays: number): Fix | undefined {
    const { days, lat, lon, altMm, speedMkn, satellites } = epoch
    const accuracyDm = accuracyOf(epoch)
    if (epoch.isVoid || epoch.isFaulty || accuracyDm === undefined) return undefined
    if (days === undefined || lat === undefined || lon === undefined) return undefined
    if (altMm === undefined || speedMkn === undefined || satellites === undefined) return undefined
    const courseCdeg = epoch.courseCdeg === undefined ? 0 : epoch.courseCdeg
    const day = unrolledDays(days, earliestDays)
    const fix: Fix = {
        kind: "fix",
        timeDs: day * DAY_DS + Math.floor((epoch.timeMs + 50) / 100),
        latUdeg: microDegrees(lat),
        lonUdeg: microDegrees(lon),
        altM: Math.floor((altMm + 500) / 1000),
        // A knot is 1852 m in 3600 s.
        speedDmps: Math.floor((speedMkn * 1852 + 180000) / 360000),
        courseDeg: Math.floor((courseCdeg + 50) / 100) % 360,
        accuracyDm: accuracyDm,
        satellites: satellites,
    }
    return faultOf(fix) === undefined ? fix : undefined
}
