// A thousand messages up and two hundred commands down, all made from a counter: what one machine
// seals the other must seal byte for byte, and open.

import { encodeAck } from "../../../protocol/ack.js"
import { openCommand, sealCommand } from "../../../protocol/command.js"
import type { Aead } from "../../../protocol/envelope.js"
import {
    MessageType,
    openEnvelope,
    parseEnvelope,
    sealMessage,
} from "../../../protocol/envelope.js"
import type { EpochKeys, Hkdf } from "../../../protocol/keys.js"
import { epochKeys, nextChainKey } from "../../../protocol/keys.js"
import { BODY_BYTES_MAX } from "../../../protocol/limits.js"
import { encodeRelay, parseRelay } from "../../../protocol/relay.js"
import {
    CCM_VECTORS,
    COSE_BODY,
    COSE_CIPHERTEXT,
    COSE_KEY,
    COSE_NONCE,
    COSE_TAG_BYTES,
} from "./ccm-vectors.js"

export const UPLINKS = 1000
export const COMMANDS = 200
const EPOCHS = 3
const NIST_TAG_BYTES = 16
const TYPES = [MessageType.telemetry, MessageType.hello, MessageType.event, MessageType.response]
/** The ends of every length of seq, besides small ones. */
const SEQS = [0, 255, 256, 65535, 65536, 16777215, 16777216, 4294967295]

/** Numbers below 65,537 that look random; exact on the tracker's machine. */
export class Sequence {
    constructor(private state: number) {}
    next(): number {
        const product = this.state * 75 + 74
        this.state = product - Math.floor(product / 65537) * 65537
        return this.state
    }
    below(bound: number): number {
        const value = this.next()
        return value - Math.floor(value / bound) * bound
    }
    bytes(count: number): Buffer {
        const bytes = Buffer.alloc(count)
        for (let i = 0; i < count; i++) bytes[i] = this.below(256)
        return bytes
    }
}

/** Calls `say` with a line for each message: its bytes, and whether it opened here. */
export class Agreement {
    private epochs: EpochKeys[] = []
    private random = new Sequence(1)

    constructor(
        private aead: Aead,
        hkdf: Hkdf,
    ) {
        const deviceId = this.random.bytes(8)
        let chain = this.random.bytes(32)
        for (let epoch = 0; epoch < EPOCHS; epoch++) {
            this.epochs.push(epochKeys(hkdf, chain, deviceId, epoch))
            chain = nextChainKey(hkdf, chain, deviceId)
        }
    }

    uplink(index: number): string {
        const keys = this.epochs[this.random.below(EPOCHS)]
        const salt = this.random.bytes(8)
        const body = this.random.bytes(1 + this.random.below(BODY_BYTES_MAX))
        const seq = index < SEQS.length ? SEQS[index] : this.random.next()
        const options = {
            type: TYPES[this.random.below(TYPES.length)],
            salt: salt,
            carrySalt: this.random.below(2) === 1,
            seq: seq,
        }
        const message = sealMessage(this.aead, keys.up, options, body)
        const relayed = encodeRelay(keys.epoch, this.random.next(), message)
        const relay = parseRelay(relayed)
        const record = relay.kind === "relay" ? relay.record : Buffer.alloc(0)
        const envelope = parseEnvelope(record)
        if (envelope.kind === "reject") return `up ${index}: ${envelope.reason}`
        const opened = openEnvelope(this.aead, keys.up, envelope, salt)
        const isOpen = opened !== undefined && opened.toString("hex") === body.toString("hex")
        return `up ${index}: ${relayed.toString("hex")} ${isOpen ? "opens" : "is lost"}`
    }

    command(index: number): string {
        const keys = this.epochs[this.random.below(EPOCHS)]
        const salt = this.random.bytes(8)
        const args: number[] = []
        const count = this.random.below(4)
        for (let i = 0; i < count; i++) args.push(this.random.next() - 30000)
        const counter = index < SEQS.length ? SEQS[index] : this.random.next()
        const message = sealCommand(this.aead, keys.down, salt, counter, {
            kind: "command",
            expiresAtS: 1900000000 + this.random.next(),
            mandate: this.random.bytes(1 + this.random.below(16)),
            order: this.random.below(300),
            args: args,
        })
        const opened = openCommand(this.aead, keys.down, salt, message)
        const isOpen = opened.kind === "opened" && opened.counter === counter
        const ack = sealMessage(
            this.aead,
            keys.down,
            { type: MessageType.ack, salt: salt, carrySalt: false, seq: counter },
            encodeAck({
                kind: "ack",
                epoch: keys.epoch,
                session: this.random.next(),
                seq: this.random.next(),
                earlier: this.random.next() * 65535,
            }),
        )
        const bytes = `${message.toString("hex")} ${ack.toString("hex")}`
        return `down ${index}: ${bytes} ${isOpen ? "opens" : "is lost"}`
    }

    /** The published vectors of the cipher itself. */
    cipher(): string[] {
        const lines: string[] = []
        for (const vector of CCM_VECTORS) {
            const key = Buffer.from(vector.key, "hex")
            const nonce = Buffer.from(vector.nonce, "hex")
            const body = Buffer.from(vector.body, "hex")
            const sealed = this.aead.seal(key, nonce, body, NIST_TAG_BYTES)
            const opened = this.aead.open(key, nonce, sealed, NIST_TAG_BYTES)
            lines.push(sealed.toString("hex"))
            lines.push(opened === undefined ? "refused" : opened.toString("hex"))
            sealed[sealed.length - 1] = sealed[sealed.length - 1] ^ 1
            const damaged = this.aead.open(key, nonce, sealed, NIST_TAG_BYTES)
            lines.push(damaged === undefined ? "refused" : "opened")
        }
        const key = Buffer.from(COSE_KEY, "hex")
        const nonce = Buffer.from(COSE_NONCE, "hex")
        const sealed = this.aead.seal(key, nonce, Buffer.from(COSE_BODY), COSE_TAG_BYTES)
        lines.push(sealed.slice(0, COSE_CIPHERTEXT.length / 2).toString("hex"))
        return lines
    }
}
