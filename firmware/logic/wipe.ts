// The end of a device, by order: everything in non-volatile memory is overwritten and read back,
// keys first, then session, orders, fixes and queue. A marker lies where nothing else does from before
// the first byte until after the last, so a power cut on the way is carried on from at the next boot.
//
// The answer to the order is to be held by the gateway before that; when it cannot be had it happens
// all the same, WIPE_WAIT_S after the order at the latest (orders.ts).

import { MessageType } from "../../protocol/envelope.js"
import { isSameBytes, type Nvm } from "./nvm.js"
import { SEED_POOL_AT, SEED_POOL_BYTES } from "./nvm-layout.js"
import type { Orders } from "./orders.js"
import type { Outbox } from "./outbox.js"

/** Behind the seed pool nothing else is kept. */
export const WIPE_MARKER_AT = SEED_POOL_AT + SEED_POOL_BYTES
/** 64 bits that a memory does not hold by chance. */
const MARKER = "BURRWIPE"
const MARKER_BYTES = 8
const CHUNK_BYTES = 64
/** Chunks of one step: 10,000 of the machine's 131,072 steps without a rest. */
const CHUNKS_A_STEP = 12
const TRIES_MAX = 3

/**
 * Whether it is time: the answer is held, or has been waited for long enough. `atS` is the device's
 * clock. False where no wipe is ordered.
 */
export function isWipeDue(orders: Orders, outbox: Outbox, atS: number): boolean {
    if (orders.wipeByS < 0) return false
    if (atS >= orders.wipeByS) return true
    return !outbox.holds(MessageType.response)
}

/** Whether a wipe was begun and not ended: to be asked first at every boot, and carried on. */
export function isWiping(nvm: Nvm): boolean {
    return isSameBytes(nvm.read(WIPE_MARKER_AT, MARKER_BYTES), Buffer.from(MARKER))
}

export class Wipe {
    /** Bytes that kept something after TRIES_MAX writes. */
    unwiped = 0
    private at = 0

    constructor(private nvm: Nvm) {}

    /** Nothing is touched before this. False when the marker could not be set. */
    begin(): boolean {
        return this.overwrite(WIPE_MARKER_AT, Buffer.from(MARKER))
    }

    /** Overwrites a stretch. True while there is more; a program rests between two steps. */
    step(): boolean {
        for (let i = 0; i < CHUNKS_A_STEP && this.at < this.nvm.size; i++) {
            const end = Math.min(this.nvm.size, this.at + CHUNK_BYTES)
            this.clear(this.at, end)
            this.at = end
        }
        return this.at < this.nvm.size
    }

    /**
     * Takes the marker away, when all of the memory is known to be blank. False when it is not: the
     * marker stays, and the next boot tries again. To be called once what else the board keeps (the
     * bench's copy of the chain key in flash) is gone too.
     */
    finish(): boolean {
        if (this.at < this.nvm.size || this.unwiped > 0) return false
        return this.overwrite(WIPE_MARKER_AT, Buffer.alloc(MARKER_BYTES))
    }

    /** All of a stretch but the marker. */
    private clear(from: number, to: number): void {
        const markerEnd = WIPE_MARKER_AT + MARKER_BYTES
        this.clearPart(from, Math.min(to, WIPE_MARKER_AT))
        this.clearPart(Math.max(from, markerEnd), to)
    }
    private clearPart(from: number, to: number): void {
        if (from >= to) return
        if (!this.overwrite(from, Buffer.alloc(to - from))) this.unwiped += to - from
    }
    private overwrite(at: number, bytes: Buffer): boolean {
        for (let i = 0; i < TRIES_MAX; i++) {
            try {
                this.nvm.write(at, bytes)
                if (isSameBytes(this.nvm.read(at, bytes.length), bytes)) return true
            } catch {
                // The part may answer the next time.
            }
        }
        return false
    }
}
