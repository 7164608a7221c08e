// A packed batch: the fixes of one session in as few bytes as a tracker can make them. The bytes
// begin with the profile and the count, all else goes through the range coder:
//
//     byte 0     profile, 1 to 24
//     byte 1     fixes, 1 to 60; bit 7: chained to an earlier fix; bit 6: 0
//     then       number of the first fix; chained: how far back the base lies; the fixes
//
// A chained batch goes on from the trail of the batch that ended with its base, which the gateway
// has acknowledged. Otherwise no batch depends on another, so a lost one spoils only those that are
// chained to it. docs/protocol.md says the same bit by bit.

import { type Reject, reject } from "../reject.js"
import {
    columnsFault,
    emptyRow,
    type FixColumns,
    fromQuanta,
    type Profile,
    profileOf,
    quantised,
} from "./profile.js"
import { type SymbolCoder, SymbolReader, SymbolWriter } from "./symbols.js"
import { copyTrail, type Trail } from "./trail.js"
import { Walk } from "./walk.js"

/** A batch closes at this many fixes, or when one more would not fit into its bytes. */
export const PACKED_FIXES_MAX = 60
const HEAD_BYTES = 2
const CHAINED = 128

/** Bits of the largest fix number. */
const NUMBER_BITS = 32
/** The base is nearly always the fix before the first: a distance that is seldom above 0. */
const BACK_FOCUS = 56
/**
 * More than one fix and the numbers before it ever take: nine residuals of 14 bits for the class and
 * 37 for the place in it, the columns it carries and two fix numbers are under 72 bytes.
 */
const FIX_BYTES_MAX = 72

/** Where a batch left off: what a batch chained to its last fix goes on from. Plain data. */
export interface PackedTail {
    /** Number of the last fix, within its session. */
    fix: number
    profile: number
    trail: Trail
}

export interface PackedBatch {
    kind: "packed"
    profile: number
    /** Number of the first fix within its session; the others follow without a gap. */
    firstFix: number
    /** The fix that this batch is chained to, or -1. */
    base: number
    /** To the profile's quanta. */
    fixes: FixColumns[]
    tail: PackedTail
}

/**
 * Collects fixes until one more would not fit. A fix takes the tracker's machine up to 3,000 of the 131,072 steps that it allows without a rest.
 */
export class PackedWriter {
    count = 0
    private base: PackedTail | undefined = undefined
    private out: SymbolWriter
    private walk: Walk

    /**
     * `bytesMax`: what `finished` takes at most. `base`: where an acknowledged batch of the session
     * left off, for a chained batch; one of another profile is of no use and passed over.
     */
    constructor(
        private profile: Profile,
        private firstFix: number,
        private bytesMax: number,
        base: PackedTail | undefined,
    ) {
        let trail: Trail | undefined
        if (base !== undefined && base.profile === profile.number && base.fix < firstFix) {
            this.base = base
            trail = copyTrail(base.trail)
        }
        const out = new SymbolWriter(Buffer.alloc(bytesMax + FIX_BYTES_MAX))
        codeNumber(out, firstFix)
        if (base !== undefined && trail !== undefined) codeBack(out, firstFix - 1 - base.fix)
        this.out = out
        this.walk = new Walk(out, profile, trail)
    }

    /**
     * False when the batch is full: close it and put the fix in the next one. Throws for a fix that
     * has a `columnsFault`: no decoder would take the batch.
     */
    add(fix: FixColumns): boolean {
        if (this.count >= PACKED_FIXES_MAX) return false
        const fault = columnsFault(fix)
        if (fault !== undefined) throw new Error(`fix ${this.firstFix + this.count}: ${fault}`)
        const row = quantised(this.profile, fix)
        if (HEAD_BYTES + this.out.length + FIX_BYTES_MAX <= this.bytesMax) {
            this.walk.pass(row)
            this.count++
            return true
        }
        const out = new SymbolWriter(Buffer.alloc(0))
        out.resume(this.out)
        const walk = this.walk.copy(out)
        walk.pass(row)
        if (HEAD_BYTES + out.finished().length > this.bytesMax) return false
        this.out = out
        this.walk = walk
        this.count++
        return true
    }

    /** The batch of what was added, one fix at least. */
    finished(): Buffer {
        const columns = this.out.finished()
        const bytes = Buffer.alloc(HEAD_BYTES + columns.length)
        bytes[0] = this.profile.number
        bytes[1] = this.base === undefined ? this.count : CHAINED + this.count
        bytes.set(columns, HEAD_BYTES)
        return bytes
    }

    /** Where the batch leaves off, one fix added at least. */
    tail(): PackedTail {
        return tailOf(this.firstFix + this.count - 1, this.profile, this.walk)
    }
}

/**
 * A batch, or why the bytes are none. `baseOf` gives the tail of the batch that ended with a fix, or
 * undefined, which makes a batch that is chained to it an "unknown-base".
 */
export function decodePacked(
    bytes: Buffer,
    baseOf: (fix: number) => PackedTail | undefined,
): PackedBatch | Reject {
    if (bytes.length < HEAD_BYTES) return reject("packed-cut-short")
    const profile = profileOf(bytes[0])
    if (profile === undefined) return reject("profile-unknown")
    const isChained = bytes[1] >= CHAINED
    const count = isChained ? bytes[1] - CHAINED : bytes[1]
    if (count < 1 || count > PACKED_FIXES_MAX) return reject("fix-count")
    const coder = new SymbolReader(bytes.slice(HEAD_BYTES))
    const firstFix = codeNumber(coder, 0)
    if (firstFix + count > 2 ** NUMBER_BITS) return reject("first-fix-range")
    let base = -1
    let trail: Trail | undefined
    if (isChained) {
        const back = codeBack(coder, 0)
        base = firstFix - 1 - back
        if (back < 0 || base < 0) return reject("base-range")
        const tail = baseOf(base)
        if (tail === undefined || tail.fix !== base) return reject("unknown-base")
        if (tail.profile !== profile.number) return reject("base-profile")
        trail = copyTrail(tail.trail)
    }
    const walk = new Walk(coder, profile, trail)
    const fixes: FixColumns[] = []
    for (let i = 0; i < count; i++) {
        const row = emptyRow()
        walk.pass(row)
        const fix = fromQuanta(profile, row)
        const fault = columnsFault(fix)
        if (fault !== undefined) return reject(fault)
        if ((row.mask & profile.kept) !== row.mask) return reject("column-not-of-profile")
        fixes.push(fix)
    }
    if (coder.hasMore()) return reject("packed-too-long")
    return {
        kind: "packed",
        profile: profile.number,
        firstFix: firstFix,
        base: base,
        fixes: fixes,
        tail: tailOf(firstFix + count - 1, profile, walk),
    }
}

function tailOf(fix: number, profile: Profile, walk: Walk): PackedTail {
    return { fix: fix, profile: profile.number, trail: copyTrail(walk.trail) }
}

/** How many bits it has, then those below the highest. */
function codeNumber(coder: SymbolCoder, value: number): number {
    let bits = 0
    let power = 1
    while (power <= value) {
        power *= 2
        bits++
    }
    bits = coder.uniform(bits, NUMBER_BITS + 1)
    if (bits === 0) return 0
    const least = 2 ** (bits - 1)
    return least + coder.uniform(value - least, least)
}

function codeBack(coder: SymbolCoder, back: number): number {
    return coder.residual(back, [BACK_FOCUS], 0)
}
