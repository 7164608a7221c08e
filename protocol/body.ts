// What the bodies of readings, scans, events and status share [P-B1]: one map whose keys mean the
// same in every body, so that one message may carry several of them beside a batch of fixes.

import { CborReader, type CborWriter } from "./cbor.js"
import { TIME_DS_END } from "./limits.js"
import { type Reject, reject } from "./reject.js"

const KEY_FIXES_LAST = 7
export const KEY_TIME = 8
export const KEY_UPTIME = 9
export const KEY_READINGS = 10
export const KEY_SCAN = 11
export const KEY_EVENT = 12
export const KEY_STATUS_FIRST = 13
export const KEY_STATUS_LAST = 30

/** A body larger than this is refused unread. */
export const BODY_READ_MAX = 1024

/** 32 bits of tenths of a second: 13 years. */
export const UPTIME_DS_MAX = 0xffffffff

/** When, on one clock or on both; with both the record ties the boot's clock to UTC. */
export interface Instant {
    /** Tenths of a second of UTC since 1970; undefined while the tracker has no time. */
    timeDs: number | undefined
    /** Tenths of a second since the session's boot. */
    uptimeDs: number | undefined
}

export function noInstant(): Instant {
    return { timeDs: undefined, uptimeDs: undefined }
}

/** What is out of range in an instant, or undefined. */
export function instantFault(instant: Instant): string | undefined {
    const time = instant.timeDs
    const uptime = instant.uptimeDs
    if (time === undefined && uptime === undefined) return "instant-missing"
    if (time !== undefined && (time <= 0 || time >= TIME_DS_END)) return "time-range"
    if (uptime !== undefined && (uptime < 0 || uptime > UPTIME_DS_MAX)) return "uptime-range"
    return undefined
}

/** Starts a body: the head of a map with `pairs` pairs behind the instant, and the instant. */
export function writeStart(out: CborWriter, instant: Instant, pairs: number): void {
    const time = instant.timeDs
    const uptime = instant.uptimeDs
    out.map(pairs + (time === undefined ? 0 : 1) + (uptime === undefined ? 0 : 1))
    if (time !== undefined) writePair(out, KEY_TIME, time)
    if (uptime !== undefined) writePair(out, KEY_UPTIME, uptime)
}

export function writePair(out: CborWriter, key: number, value: number): void {
    out.int(key)
    out.int(value)
}

/** What a telemetry or event body carries, by its keys: which decoders to ask. */
export interface Parts {
    kind: "parts"
    fixes: boolean
    readings: boolean
    scan: boolean
    event: boolean
    status: boolean
}

/** The parts of a body, none when all of its keys are unknown; or why it is no body. */
export function partsOf(body: Buffer): Parts | Reject {
    const parts: Parts = {
        kind: "parts",
        fixes: false,
        readings: false,
        scan: false,
        event: false,
        status: false,
    }
    const fault = readBody(body, noInstant(), (key) => {
        if (key >= 1 && key <= KEY_FIXES_LAST) parts.fixes = true
        else if (key === KEY_READINGS) parts.readings = true
        else if (key === KEY_SCAN) parts.scan = true
        else if (key === KEY_EVENT) parts.event = true
        else if (key >= KEY_STATUS_FIRST && key <= KEY_STATUS_LAST) parts.status = true
        return false
    })
    return fault === undefined ? parts : reject(fault)
}

/**
 * Reads a body's instant and hands every other key to `take`, which reads the value and returns
 * true, or returns false to have it passed over. The answer is what is wrong, or undefined.
 */
export function readBody(
    body: Buffer,
    instant: Instant,
    take: (key: number, reader: CborReader) => boolean,
): string | undefined {
    if (body.length > BODY_READ_MAX) return "body-too-long"
    const reader = new CborReader(body)
    const pairs = reader.map()
    for (let i = 0; i < pairs && reader.fault === undefined; i++) {
        const key = reader.mapKey()
        if (key === KEY_TIME) instant.timeDs = reader.int()
        else if (key === KEY_UPTIME) instant.uptimeDs = reader.int()
        else if (!take(key, reader)) reader.skip()
    }
    return reader.finish()
}
