// What a session remembers. On a board with FRAM it outlives sleep and reset (session-store.ts);
// without, it lasts as long as the program runs.

import { SEQ_MAX } from "../../protocol/envelope.js"

export interface SessionMemory {
    /** False: nothing here may be used, a session has to be begun. */
    isValid: boolean
    /** Counts sessions where FRAM keeps it; 0 on a board without. */
    counter: number
    salt: Buffer
    /** Until the gateway is known to hold the hello, every record must carry the salt itself. */
    isHelloHeld: boolean
    /** Messages sealed since the epoch began. */
    sealedInEpoch: number
    /** Records of this session that a full queue let go of. */
    thinned: number
    /** Number for the next fix: numbers are not used again within a session. */
    nextFix: number
    /** The least counter that a command must have to be obeyed. */
    nextCommand: number

    /** The next seq, reserved for good; undefined when it could not be, and nothing may use it. */
    reserve(): number | undefined
    /** Every seq below is given out. */
    reserved(): number
    /** Keeps what has changed besides. False when it could not be kept. */
    save(): boolean
    /** The counter for the session that follows, above every one known of. */
    nextCounter(knownCounter: number): number
    begin(counter: number, salt: Buffer): void
    /** Random bytes gathered over all boots; none without FRAM. */
    seedPool(): Buffer
    refreshSeedPool(pool: Buffer): void
}

export class RamSessionMemory implements SessionMemory {
    isValid = false
    counter = 0
    salt: Buffer = Buffer.alloc(0)
    isHelloHeld = false
    sealedInEpoch = 0
    thinned = 0
    nextFix = 0
    nextCommand = 0
    private nextSeq = 0

    reserve(): number | undefined {
        if (this.nextSeq > SEQ_MAX) return undefined
        this.nextSeq++
        return this.nextSeq - 1
    }
    reserved(): number {
        return this.nextSeq
    }
    save(): boolean {
        return true
    }
    nextCounter(): number {
        return 0
    }
    begin(counter: number, salt: Buffer): void {
        this.isValid = true
        this.counter = counter
        this.salt = salt
        this.isHelloHeld = false
        this.thinned = 0
        this.nextCommand = 0
        this.nextSeq = 0
    }
    seedPool(): Buffer {
        return Buffer.alloc(0)
    }
    refreshSeedPool(): void {
        // Nothing here outlives the program.
    }
}
