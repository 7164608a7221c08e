// Fixes in the plain profile (0): arrays of differences that any CBOR library reads. One quantum
// serves device, wire and store, so a fix survives the way unchanged: 0.1 s, 1e-6 degree (11 cm),
// 1 m of altitude, 0.1 m/s, 1 degree of course, 0.1 m of accuracy. The other profiles are packed and
// keep as much of that as they say; the byte string under key 4 tells them apart.

import { CborReader, CborWriter, cborIntLength } from "./cbor.js"
import { BODY_BYTES_MAX, TIME_DS_END } from "./limits.js"
import { type PackedTail, PackedWriter } from "./pack/packed-batch.js"
import { BATCH_BYTES_MAX, decodePackedBody, packedBody } from "./pack/packed-body.js"
import { type FixColumns, PROFILES, profileOf } from "./pack/profile.js"
import { type Reject, reject } from "./reject.js"

/** One position solution as the receiver reported it, in the wire's quanta: integers throughout. */
export interface Fix {
    kind: "fix"
    /** Tenths of a second of UTC since 1970. */
    timeDs: number
    /** Millionths of a degree, north positive. */
    latUdeg: number
    /** Millionths of a degree, east positive. */
    lonUdeg: number
    /** Metres above mean sea level. */
    altM: number
    /** Ground speed in decimetres per second. */
    speedDmps: number
    /** Clockwise from true north, 0 to 359. */
    courseDeg: number
    /** The receiver's own one-sigma horizontal error in decimetres, 1 or more. */
    accuracyDm: number
    satellites: number
}

/** A run of fixes from one session, oldest first. */
export interface FixBatch {
    kind: "fixes"
    /** Number of the first fix within its session; the others follow without a gap. */
    firstFix: number
    fixes: Fix[]
    /** Records that the full outbox has let go of since the session began. */
    thinned: number
    /** Where a packed batch left off: one that is chained to its last fix goes on from there. */
    tail?: PackedTail
}

export const PROFILE_PLAIN = 0
/** A batch closes at 60 fixes or 232 bytes of body, whichever comes first. */
export const BATCH_FIXES_MAX = 60

const KEY_FIRST_FIX = 1
const KEY_COUNT = 2
const KEY_FIRST = 3
const KEY_REST = 4
const KEY_PROFILE = 5
const KEY_THINNED = 7
const COLUMNS = 8
/** Map head, keys and their values at their longest but for the fixes: 1+6+3+2+3+2+6. */
const FRAME_BYTES_MAX = 23

/** Collects fixes until one more would break the limits, then gives the body. */
export class FixBatchWriter {
    private first: Fix | undefined = undefined
    private last: Fix | undefined = undefined
    private rest = new CborWriter()
    private firstBytes = 0
    private packed: PackedWriter | undefined = undefined
    count = 0

    /**
     * `profile`: plain, or a packed one; throws for any other number. `base`: what a packed batch is
     * chained to, if to any.
     */
    constructor(
        private firstFix: number,
        profile: number = PROFILE_PLAIN,
        base: PackedTail | undefined = undefined,
    ) {
        const packing = profileOf(profile)
        if (packing !== undefined)
            this.packed = new PackedWriter(packing, firstFix, BATCH_BYTES_MAX, base)
        else if (profile !== PROFILE_PLAIN)
            throw new Error(`profile is ${profile}, expected 0 or one of 1 to ${PROFILES}`)
    }

    /**
     * False when the batch is full: close it and put the fix in the next one. The fix must be free of
     * `faultOf`; a packed batch throws for one that is not.
     */
    add(fix: Fix): boolean {
        const packed = this.packed
        if (packed !== undefined) {
            const isIn = packed.add(packedColumnsOf(fix))
            this.count = packed.count
            return isIn
        }
        const last = this.last
        if (last === undefined) {
            this.first = fix
            this.firstBytes = rowBytes(columnsOf(fix))
        } else {
            const row = differences(columnsOf(fix), columnsOf(last))
            const bytes = FRAME_BYTES_MAX + this.firstBytes + this.rest.length + rowBytes(row)
            if (this.count >= BATCH_FIXES_MAX || bytes > BODY_BYTES_MAX) return false
            writeRow(this.rest, row)
        }
        this.last = fix
        this.count++
        return true
    }

    /** The body of what was added. `thinned` is left out while it is 0. */
    body(thinned: number): Buffer {
        const packed = this.packed
        if (packed !== undefined) return packedBody(packed.finished(), thinned)
        const out = new CborWriter()
        const first = this.first
        if (first === undefined) return out.result()
        out.map(4 + (this.count > 1 ? 1 : 0) + (thinned > 0 ? 1 : 0))
        out.int(KEY_FIRST_FIX)
        out.int(this.firstFix)
        out.int(KEY_COUNT)
        out.int(this.count)
        out.int(KEY_FIRST)
        writeRow(out, columnsOf(first))
        if (this.count > 1) {
            out.int(KEY_REST)
            out.array(this.count - 1)
            out.raw(this.rest.result())
        }
        out.int(KEY_PROFILE)
        out.int(PROFILE_PLAIN)
        if (thinned > 0) {
            out.int(KEY_THINNED)
            out.int(thinned)
        }
        return out.result()
    }

    /** Where a packed batch of one fix at least leaves off; undefined in the plain profile. */
    tail(): PackedTail | undefined {
        const packed = this.packed
        return packed === undefined ? undefined : packed.tail()
    }
}

/**
 * A batch, or why the body is none. Unknown keys are passed over. `baseOf`: the tail of the batch of
 * the session that ended with a fix, for packed batches that are chained to it.
 */
export function decodeFixBatch(
    body: Buffer,
    baseOf: (fix: number) => PackedTail | undefined = noBase,
): FixBatch | Reject {
    return isPackedBody(body) ? decodePackedFixes(body, baseOf) : decodePlainFixes(body)
}

function decodePlainFixes(body: Buffer): FixBatch | Reject {
    const reader = new CborReader(body)
    const batch: FixBatch = { kind: "fixes", firstFix: -1, fixes: [], thinned: 0 }
    let count = 0
    let profile = -1
    const pairs = reader.map()
    for (let i = 0; i < pairs && reader.fault === undefined; i++) {
        const key = reader.mapKey()
        if (key === KEY_FIRST_FIX) batch.firstFix = reader.int()
        else if (key === KEY_COUNT) count = reader.int()
        else if (key === KEY_FIRST) {
            const fix = fixOf(readRow(reader))
            batch.fixes.push(fix)
        } else if (key === KEY_REST) {
            const rows = reader.array()
            if (rows !== count - 1 || batch.fixes.length !== 1) return reject("fix-count")
            for (let row = 0; row < rows && reader.fault === undefined; row++) {
                const previous = columnsOf(batch.fixes[row])
                batch.fixes.push(fixOf(sums(readRow(reader), previous)))
            }
        } else if (key === KEY_PROFILE) profile = reader.int()
        else if (key === KEY_THINNED) batch.thinned = reader.int()
        else reader.skip()
    }
    const fault = reader.finish()
    if (fault !== undefined) return reject(fault)
    if (profile !== PROFILE_PLAIN) return reject("profile-unknown")
    if (batch.firstFix < 0) return reject("first-fix-missing")
    if (count < 1 || count > BATCH_FIXES_MAX || count !== batch.fixes.length)
        return reject("fix-count")
    if (batch.thinned < 0) return reject("thinned-range")
    for (const fix of batch.fixes) {
        const wrong = faultOf(fix)
        if (wrong !== undefined) return reject(wrong)
    }
    return batch
}

/** A packed batch whose fixes are whole: all that a Fix has. Others are for `decodePackedBody`. */
function decodePackedFixes(
    body: Buffer,
    baseOf: (fix: number) => PackedTail | undefined,
): FixBatch | Reject {
    const packed = decodePackedBody(body, baseOf)
    if (packed.kind === "reject") return packed
    const fixes: Fix[] = []
    for (const columns of packed.batch.fixes) {
        const fix = fixOfColumns(columns)
        if (fix === undefined) return reject("column-missing")
        fixes.push(fix)
    }
    return {
        kind: "fixes",
        firstFix: packed.batch.firstFix,
        fixes: fixes,
        thinned: packed.thinned,
        tail: packed.batch.tail,
    }
}

/** The first key is 4 and its value a byte string: a plain batch begins with key 1. */
function isPackedBody(body: Buffer): boolean {
    return body.length > 2 && body[1] === KEY_REST && body[2] >> 5 === 2
}
function noBase(): PackedTail | undefined {
    return undefined
}

/** What is out of range in a fix, or undefined. */
export function faultOf(fix: Fix): string | undefined {
    if (fix.timeDs <= 0 || fix.timeDs >= TIME_DS_END) return "time-range"
    if (fix.latUdeg < -90000000 || fix.latUdeg > 90000000) return "latitude-range"
    if (fix.lonUdeg < -180000000 || fix.lonUdeg > 180000000) return "longitude-range"
    if (fix.altM < -1000 || fix.altM > 100000) return "altitude-range"
    if (fix.speedDmps < 0 || fix.speedDmps > 100000) return "speed-range"
    if (fix.courseDeg < 0 || fix.courseDeg > 359) return "course-range"
    if (fix.accuracyDm < 1 || fix.accuracyDm > 100000000) return "accuracy-range"
    if (fix.satellites < 0 || fix.satellites > 255) return "satellites-range"
    return undefined
}

/** Its eight numbers, in the order of the wire's columns. */
export function columnsOf(fix: Fix): number[] {
    return [
        fix.timeDs,
        fix.latUdeg,
        fix.lonUdeg,
        fix.altM,
        fix.speedDmps,
        fix.courseDeg,
        fix.accuracyDm,
        fix.satellites,
    ]
}
/** Its columns for packing: the same, and no quality, of which a Fix has none. */
export function packedColumnsOf(fix: Fix): FixColumns {
    const columns: FixColumns = []
    for (const value of columnsOf(fix)) columns.push(value)
    columns.push(undefined)
    return columns
}
/** The fix of unpacked columns; undefined when one is missing that every Fix has. */
export function fixOfColumns(columns: FixColumns): Fix | undefined {
    const whole: number[] = []
    for (let i = 0; i < COLUMNS; i++) {
        const value = columns[i]
        if (value === undefined) return undefined
        whole.push(value)
    }
    return fixOf(whole)
}
function fixOf(columns: number[]): Fix {
    return {
        kind: "fix",
        timeDs: columns[0],
        latUdeg: columns[1],
        lonUdeg: columns[2],
        altM: columns[3],
        speedDmps: columns[4],
        courseDeg: columns[5],
        accuracyDm: columns[6],
        satellites: columns[7],
    }
}
function differences(now: number[], before: number[]): number[] {
    return now.map((value, i) => value - before[i])
}
function sums(change: number[], before: number[]): number[] {
    return change.map((value, i) => value + before[i])
}
function rowBytes(row: number[]): number {
    let bytes = 1
    for (const value of row) bytes += cborIntLength(value)
    return bytes
}
function writeRow(out: CborWriter, row: number[]): void {
    out.array(row.length)
    for (const value of row) out.int(value)
}
/** Always eight numbers: a row of another length is a fault that the reader keeps. */
function readRow(reader: CborReader): number[] {
    const row: number[] = []
    if (reader.array() !== COLUMNS) reader.refuse("column-count")
    for (let i = 0; i < COLUMNS; i++) row.push(reader.int())
    return row
}
