// The session in non-volatile memory: salt and numbers outlive sleep and reset.
//
// A seq is reserved and read back before it seals anything. Two seals under one nonce would lay both
// bodies open, so whatever looks odd ends the session instead: a cell that does not hold, cells that
// are not one write apart, a read-back that differs. A new salt costs one hello.

import { putBigEndian } from "../../protocol/bytes.js"
import { SALT_BYTES, SEQ_MAX } from "../../protocol/envelope.js"
import { bigEndian, CellPair } from "./cell-pair.js"
import type { Hash, Nvm } from "./nvm.js"
import {
    SEED_POOL_AT,
    SEED_POOL_BYTES,
    SESSION_CELL_BYTES,
    SESSION_CELLS_AT,
} from "./nvm-layout.js"
import type { SessionMemory } from "./session-memory.js"

const COUNTER = 0
const SALT = 4
const NEXT_SEQ = 12
const FLAGS = 16
const THINNED = 17
const NEXT_COMMAND = 21
const SEALED = 25
const NEXT_FIX = 29
const STATE_BYTES = 33
const HELLO_HELD = 1

export class SessionStore implements SessionMemory {
    isValid = false
    counter = 0
    salt: Buffer = Buffer.alloc(SALT_BYTES)
    isHelloHeld = false
    sealedInEpoch = 0
    thinned = 0
    nextFix = 0
    nextCommand = 0
    /** The memory lost the beginning of this session: it lasts until the program ends. */
    isVolatile = false
    private nextSeq = 0
    private cells: CellPair

    /** Reads what is there. Throws when the part does not answer. */
    constructor(
        private nvm: Nvm,
        hash: Hash,
    ) {
        this.cells = new CellPair(nvm, hash, SESSION_CELLS_AT, SESSION_CELL_BYTES)
        const kept = this.cells.load()
        if (kept.length === 0) return
        const state = kept[0]
        this.counter = bigEndian(state, COUNTER, 4)
        this.salt = state.slice(SALT, SALT + SALT_BYTES)
        this.nextSeq = bigEndian(state, NEXT_SEQ, 4)
        this.isHelloHeld = (state[FLAGS] & HELLO_HELD) !== 0
        this.thinned = bigEndian(state, THINNED, 4)
        this.nextCommand = bigEndian(state, NEXT_COMMAND, 4)
        this.sealedInEpoch = bigEndian(state, SEALED, 4)
        this.nextFix = bigEndian(state, NEXT_FIX, 4)
        this.isValid = this.cells.isUnbroken
    }

    reserve(): number | undefined {
        if (!this.isValid || this.nextSeq >= SEQ_MAX) return undefined
        this.nextSeq++
        if (this.save()) return this.nextSeq - 1
        this.isValid = false
        return undefined
    }

    reserved(): number {
        return this.nextSeq
    }

    save(): boolean {
        return this.isVolatile || this.cells.store(this.state())
    }

    nextCounter(knownCounter: number): number {
        return Math.max(this.counter, knownCounter) + 1
    }

    begin(counter: number, salt: Buffer): void {
        this.counter = counter
        this.salt = salt
        this.isHelloHeld = false
        this.thinned = 0
        this.nextCommand = 0
        this.nextSeq = 0
        this.isValid = true
        // Both cells, so that nothing of the session before can come back.
        this.isVolatile = false
        this.isVolatile = !this.save() || !this.save()
    }

    seedPool(): Buffer {
        try {
            return this.nvm.read(SEED_POOL_AT, SEED_POOL_BYTES)
        } catch {
            return Buffer.alloc(0)
        }
    }
    refreshSeedPool(pool: Buffer): void {
        try {
            this.nvm.write(SEED_POOL_AT, pool)
        } catch {
            // The salt has its 32 fresh random bytes all the same.
        }
    }

    private state(): Buffer {
        const state = Buffer.alloc(STATE_BYTES)
        putBigEndian(state, COUNTER, this.counter, 4)
        state.set(this.salt, SALT)
        putBigEndian(state, NEXT_SEQ, this.nextSeq, 4)
        state[FLAGS] = this.isHelloHeld ? HELLO_HELD : 0
        putBigEndian(state, THINNED, this.thinned, 4)
        putBigEndian(state, NEXT_COMMAND, this.nextCommand, 4)
        putBigEndian(state, SEALED, this.sealedInEpoch, 4)
        putBigEndian(state, NEXT_FIX, this.nextFix, 4)
        return state
    }
}
