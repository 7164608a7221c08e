// Gathers fixes into bodies: a body closes when it is full or when what waits is called due. Fixes
// wait in the log, and go from there into the open body, a few at a call: as compact code packing one
// takes up to 10,000 of the 131,072 steps that the machine allows without a rest.
//
// A body goes on from the newest one that the gateway has acknowledged on this connection
// [P-pack.16]: of the six recorded tracks ten fixes then take 3.2 bytes each instead of 4.7
// (`burr measure --batch 10 --profile 24`).

import { type Ack, acknowledges } from "../../protocol/ack.js"
import { type Fix, FixBatchWriter } from "../../protocol/fix.js"
import type { PackedTail } from "../../protocol/pack/packed-batch.js"
import { profileNumber } from "../../protocol/pack/profile.js"
import type { FixLog } from "./fix-log.js"

/** Packed, and nothing of a fix lost: every column at its own quantum. */
const PROFILE = profileNumber({
    finePosition: true,
    fineTime: true,
    auxiliary: "fine",
    reception: true,
})
/** Bodies on the way whose tails are kept. One that is acknowledged after later ones is no base. */
const TAILS_MAX = 8
const PACKED_AT_A_CALL = 4

export interface ClosedBody {
    body: Buffer
    tail: PackedTail | undefined
}

interface SealedTail {
    session: number
    seq: number
    tail: PackedTail
}

export class Reporter {
    /** Number after the last fix in a body that has closed: the log may forget those below. */
    closedFixes: number
    private nextFix: number
    private packedFixes: number
    private open: FixBatchWriter | undefined = undefined
    private isDue = false
    private base: PackedTail | undefined = undefined
    private sealed: SealedTail[] = []

    /** `nextFix`: number of the first fix that is in no record; the log may hold it and more. */
    constructor(
        private log: FixLog,
        nextFix: number,
    ) {
        this.closedFixes = nextFix
        this.packedFixes = nextFix
        this.nextFix = nextFix + heldFrom(log, nextFix)
    }

    /** Fixes that are in no closed body. */
    waiting(): number {
        return this.nextFix - this.closedFixes
    }

    /** No further fix can be kept before a body has closed. */
    isFull(): boolean {
        return this.waiting() >= this.log.capacity
    }

    /** False when the fix could be kept nowhere: the log is full, or its memory failed. */
    add(fix: Fix): boolean {
        if (this.isFull() || !this.log.put(this.nextFix, fix)) return false
        this.nextFix++
        return true
    }

    /** What waits is to go out now. */
    due(): void {
        this.isDue = this.waiting() > 0
    }

    /** The next body, full or due, or undefined; to be called while `hasMore`, with rests. */
    next(thinned: number): ClosedBody | undefined {
        if (this.packedFixes === this.nextFix) return this.closeIfDue(thinned)
        for (let i = 0; i < PACKED_AT_A_CALL && this.packedFixes < this.nextFix; i++) {
            const fix = this.log.get(this.packedFixes)
            if (fix === undefined) {
                // The memory has lost it: its number stays missing, for the gateway to see.
                const before = this.close(thinned)
                this.packedFixes++
                this.closedFixes = this.packedFixes
                if (before !== undefined) return before
                continue
            }
            const open = this.open
            if (open !== undefined && !open.add(fix)) return this.close(thinned)
            if (open === undefined) this.open = this.begun(fix)
            this.packedFixes++
        }
        return undefined
    }

    private closeIfDue(thinned: number): ClosedBody | undefined {
        if (!this.isDue) return undefined
        this.isDue = false
        return this.close(thinned)
    }

    /** The last closed body became no record: its fixes, from this number on, are to be packed again. */
    takeBack(firstFix: number): void {
        this.open = undefined
        this.closedFixes = firstFix
        this.packedFixes = firstFix
        this.isDue = true
    }

    /** There is something to pack or to close without waiting for anything. */
    hasMore(): boolean {
        return this.packedFixes < this.nextFix || this.isDue
    }

    /** The last closed body became this record. */
    noteSealed(session: number, seq: number, tail: PackedTail | undefined): void {
        if (tail === undefined) return
        this.sealed.push({ session: session, seq: seq, tail: tail })
        if (this.sealed.length > TAILS_MAX) this.sealed.shift()
    }

    /** The newest body that the ack names is what the next one goes on from. */
    noteHeld(ack: Ack): void {
        if (ack.isBaseUnknown) {
            this.forgetBase()
            return
        }
        for (let i = this.sealed.length - 1; i >= 0; i--) {
            const one = this.sealed[i]
            if (one.session !== ack.session || !acknowledges(ack, one.seq)) continue
            this.base = one.tail
            this.sealed = this.sealed.slice(i + 1, this.sealed.length)
            return
        }
    }

    /** The connection is lost, or the gateway does not know the base: the next body stands alone. */
    forgetBase(): void {
        if (this.base !== undefined) {
            this.open = undefined
            this.packedFixes = this.closedFixes
        }
        this.base = undefined
        this.sealed = []
    }

    private begun(fix: Fix): FixBatchWriter {
        const batch = new FixBatchWriter(this.packedFixes, PROFILE, this.base)
        batch.add(fix)
        return batch
    }
    private close(thinned: number): ClosedBody | undefined {
        const open = this.open
        this.open = undefined
        this.closedFixes = this.packedFixes
        return open === undefined ? undefined : { body: open.body(thinned), tail: open.tail() }
    }
}

/**
 * Fixes that the log holds from a number on without a hole. Found by halves: one look takes 7,000 of the
 * steps that the machine allows without a rest, and a full log would take 67. A slot that has decayed
 * among them is found where it is packed, or ends them.
 */
function heldFrom(log: FixLog, first: number): number {
    let held = 0
    let most = log.capacity
    while (held < most) {
        const middle = Math.floor((held + most) / 2)
        if (log.get(first + middle) !== undefined) held = middle + 1
        else most = middle
    }
    return held
}
