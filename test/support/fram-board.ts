// A tracker's board with FRAM, as far as firmware/logic sees it, on Node: what a boot finds, what it
// seals, and the power failing between any two bytes that go into the memory.

import { createHash } from "node:crypto"
import { FixLog } from "../../firmware/logic/fix-log.js"
import { KeyStore } from "../../firmware/logic/key-store.js"
import type { Nvm } from "../../firmware/logic/nvm.js"
import { NvmOutbox } from "../../firmware/logic/nvm-outbox.js"
import { RECORDS_MAX } from "../../firmware/logic/record-list.js"
import { Reporter } from "../../firmware/logic/reporter.js"
import { Session } from "../../firmware/logic/session.js"
import { SessionStore } from "../../firmware/logic/session-store.js"
import { NvmStateStore } from "../../firmware/logic/state-store.js"
import { nodeAead, nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import { type Aead, MessageType } from "../../protocol/envelope.js"
import { encodeHello } from "../../protocol/hello.js"
import { Fram } from "../../simulator/chips/fram.js"

export const sha256 = (parts: Buffer[]): Buffer =>
    createHash("sha256").update(Buffer.concat(parts)).digest()

/** Memory in the chip, reached as the driver reaches it. */
export class ChipNvm implements Nvm {
    constructor(
        readonly chip: Fram,
        readonly size: number,
    ) {}
    read(at: number, count: number): Buffer {
        this.chip.write(Uint8Array.of(at >> 8, at & 255))
        return Buffer.from(this.chip.read(count))
    }
    write(at: number, bytes: Buffer): void {
        this.chip.write(Buffer.concat([Buffer.from([at >> 8, at & 255]), bytes]))
    }
}

export interface BoardOptions {
    deviceId: Buffer
    /** What the bench wrote; undefined once it is scrubbed. */
    chain: Buffer | undefined
    random: (count: number) => Buffer
    /** Bytes of the chip that the firmware uses; fewer make a shorter queue. */
    framBytes?: number
    /** Sees every key and nonce under which something is sealed. */
    onSeal?: (key: Buffer, nonce: Buffer, body: Buffer) => void
}

export class FramBoard {
    readonly chip = new Fram()
    /** False from the moment on at which the power has failed. */
    isPowered = false
    uptimeMs = 0
    keys!: KeyStore
    memory!: SessionStore
    outbox!: NvmOutbox
    fixes!: FixLog
    state!: NvmStateStore
    reporter!: Reporter
    session!: Session

    constructor(readonly options: BoardOptions) {}

    /** Starts the program as firmware/tracker.ts does; isPlanned: out of a sleep of its own. */
    boot(isPlanned = true): void {
        const { deviceId, chain, random } = this.options
        const nvm = new ChipNvm(this.chip, this.options.framBytes ?? 32768)
        this.isPowered = true
        this.uptimeMs = 2000
        this.chip.beforeByte = undefined
        this.keys = new KeyStore(nvm, sha256, nodeHkdf, deviceId, chain)
        this.memory = new SessionStore(nvm, sha256)
        this.outbox = new NvmOutbox(nvm, sha256)
        this.outbox.find(RECORDS_MAX)
        this.fixes = new FixLog(nvm, sha256)
        this.state = new NvmStateStore(nvm, sha256)
        if (this.keys.isNew) {
            this.outbox.clear()
            this.memory.isValid = false
            this.keys.adopt()
        }
        this.session = new Session({
            aead: this.watchedAead(),
            hash: sha256,
            random,
            uptimeMs: () => this.uptimeMs,
            deviceId,
            keys: this.keys,
            memory: this.memory,
            outbox: this.outbox,
            hello: (session) =>
                encodeHello({
                    kind: "hello",
                    session,
                    programHash: Buffer.alloc(32, 7),
                    board: "node",
                    resetCause: 1,
                    uptimeMs: this.uptimeMs,
                }),
        })
        this.session.open(isPlanned)
        this.reporter = new Reporter(this.fixes, this.memory.nextFix)
    }

    /** Seals what is full or due, as the tracker does. */
    postFixes(): void {
        const { reporter, memory, outbox } = this
        let closed = reporter.next(outbox.thinned)
        while (closed || reporter.hasMore()) {
            if (closed) {
                const seq = this.session.post(MessageType.telemetry, closed.body)
                reporter.noteSealed(memory.counter, seq, closed.tail)
                memory.nextFix = reporter.closedFixes
                memory.save()
            }
            closed = reporter.next(outbox.thinned)
        }
    }

    /** Runs `work` with the power failing before byte `count` of what it writes. True when it did. */
    cutAfter(count: number, work: () => void): boolean {
        let written = 0
        this.chip.beforeByte = () => {
            if (written >= count) {
                this.isPowered = false
                throw new Error("the power has failed")
            }
            written++
        }
        try {
            work()
        } catch (error) {
            if (this.isPowered) throw error
        }
        this.chip.beforeByte = undefined
        return !this.isPowered
    }

    private watchedAead(): Aead {
        return {
            open: nodeAead.open,
            seal: (key, nonce, body, tagBytes) => {
                // What the code does after the power has failed does not happen.
                if (this.isPowered) this.options.onSeal?.(key, nonce, body)
                return nodeAead.seal(key, nonce, body, tagBytes)
            },
        }
    }
}
