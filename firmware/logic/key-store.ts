// The chain key in non-volatile memory. When the epoch turns, the next key takes the older cell,
// and once that is read back it overwrites the other cell too: then the old key is nowhere.

import { putBigEndian } from "../../protocol/bytes.js"
import type { EpochKeys, Hkdf } from "../../protocol/keys.js"
import { epochKeys, nextChainKey } from "../../protocol/keys.js"
import { bigEndian, CellPair } from "./cell-pair.js"
import { EPOCH_MESSAGES_MAX, EPOCHS_AHEAD_MAX, type KeyMemory } from "./key-memory.js"
import { type Hash, isSameBytes, type Nvm } from "./nvm.js"
import { KEY_CELL_BYTES, KEY_CELLS_AT } from "./nvm-layout.js"

const EPOCH = 0
const DAY = 4
const ANSWERED = 8
const ORIGIN = 12
const ORIGIN_BYTES = 8
const CHAIN = 20
const STATE_BYTES = 52

export class KeyStore implements KeyMemory {
    keys: EpochKeys
    /** The bench has provisioned the board anew: what is queued belongs to another device. */
    isNew = false
    private cells: CellPair
    private chain: Buffer
    private epoch = 0
    /** Day of UTC, counted from 1970, on which the epoch began; 0 until a fix has told. */
    private day = 0
    private answeredEpoch = 0
    private origin: Buffer

    /**
     * `benchChain`: what the bench wrote, chain key of epoch 0; undefined once it is scrubbed. It
     * counts when the memory holds no key that has grown from it. Throws when the part does not
     * answer or there is no key anywhere.
     */
    constructor(
        nvm: Nvm,
        hash: Hash,
        private hkdf: Hkdf,
        private deviceId: Buffer,
        benchChain: Buffer | undefined,
    ) {
        this.cells = new CellPair(nvm, hash, KEY_CELLS_AT, KEY_CELL_BYTES)
        const kept = this.cells.load()
        const state = kept.length === 0 ? undefined : kept[0]
        const origin = benchChain === undefined ? undefined : originOf(hash, deviceId, benchChain)
        if (state !== undefined && (origin === undefined || isSameBytes(origin, originIn(state)))) {
            this.epoch = bigEndian(state, EPOCH, 4)
            this.day = bigEndian(state, DAY, 4)
            this.answeredEpoch = bigEndian(state, ANSWERED, 4)
            this.origin = originIn(state)
            this.chain = state.slice(CHAIN, STATE_BYTES)
        } else if (benchChain !== undefined && origin !== undefined) {
            this.isNew = true
            this.origin = origin
            this.chain = benchChain
        } else throw new Error("no chain key: the board has to be provisioned anew")
        this.keys = this.derive()
        if (!this.isNew && !this.isOldKeyGone(kept)) this.cells.store(this.state())
    }

    /** The bench's key is taken over. To be called once nothing of another device is left. */
    adopt(): void {
        if (!this.saveTwice()) throw new Error("the chain key could not be kept")
        this.isNew = false
    }

    turnIfDue(dayUtc: number, sealedInEpoch: number): boolean {
        const isNewDay = dayUtc > this.day
        const isTooFar = this.epoch - this.answeredEpoch >= EPOCHS_AHEAD_MAX
        const isDue = (isNewDay && this.day > 0) || sealedInEpoch >= EPOCH_MESSAGES_MAX
        // A receiver that was days ahead was wrong, now or then.
        const isStray = dayUtc < this.day - 1
        if (isNewDay || isStray) this.day = dayUtc
        if (isDue && !isTooFar) return this.turn()
        if (isNewDay || isStray) this.cells.store(this.state())
        return false
    }

    noteAnswered(): void {
        if (this.answeredEpoch === this.epoch) return
        this.answeredEpoch = this.epoch
        this.cells.store(this.state())
    }

    /** False, and all as before, when the memory did not take the next key. */
    private turn(): boolean {
        const before = this.chain
        this.chain = nextChainKey(this.hkdf, before, this.deviceId)
        this.epoch++
        if (!this.saveTwice()) {
            this.chain = before
            this.epoch--
            return false
        }
        this.keys = this.derive()
        return true
    }

    /** True once one cell holds; the other is overwritten at the next start if it was not now. */
    private saveTwice(): boolean {
        if (!this.cells.store(this.state())) return false
        this.cells.store(this.state())
        return true
    }
    private isOldKeyGone(kept: Buffer[]): boolean {
        return kept.length === 2 && bigEndian(kept[1], EPOCH, 4) === this.epoch
    }
    private derive(): EpochKeys {
        return epochKeys(this.hkdf, this.chain, this.deviceId, this.epoch)
    }
    private state(): Buffer {
        const state = Buffer.alloc(STATE_BYTES)
        putBigEndian(state, EPOCH, this.epoch, 4)
        putBigEndian(state, DAY, this.day, 4)
        putBigEndian(state, ANSWERED, this.answeredEpoch, 4)
        state.set(this.origin, ORIGIN)
        state.set(this.chain, CHAIN)
        return state
    }
}

/** Names what the bench wrote without giving it away. */
function originOf(hash: Hash, deviceId: Buffer, chain: Buffer): Buffer {
    return hash([Buffer.from("TRK1 origin"), deviceId, chain]).slice(0, ORIGIN_BYTES)
}
function originIn(state: Buffer): Buffer {
    return state.slice(ORIGIN, ORIGIN + ORIGIN_BYTES)
}
