// A session: one salt, one sequence for everything the tracker seals. Each record is sealed once,
// when it is made, and resent byte for byte.

import type { Ack } from "../../protocol/ack.js"
import { decodeAck } from "../../protocol/ack.js"
import type { Aead } from "../../protocol/envelope.js"
import { MessageType, openEnvelope, parseEnvelope, sealMessage } from "../../protocol/envelope.js"
import type { EpochKeys } from "../../protocol/keys.js"
import { Outbox } from "./outbox.js"

export class Session {
    outbox = new Outbox()
    private nextSeq = 0
    /** Until the gateway is known to hold the hello, every record must carry the salt itself. */
    private isHelloHeld = false
    private helloSeq = -1

    constructor(
        private aead: Aead,
        private keys: EpochKeys,
        private salt: Buffer,
    ) {}

    /** Seals a body and puts it into the outbox. */
    post(type: number, body: Buffer): void {
        const seq = this.nextSeq
        this.nextSeq++
        if (type === MessageType.hello) this.helloSeq = seq
        const options = { type: type, salt: this.salt, carrySalt: !this.isHelloHeld, seq: seq }
        this.outbox.push(seq, sealMessage(this.aead, this.keys.up, options, body))
    }

    /** The ack in a downlink message, or undefined when it is none of this session. */
    readAck(message: Buffer): Ack | undefined {
        const envelope = parseEnvelope(message)
        if (envelope.kind === "reject") return undefined
        if (envelope.type !== MessageType.ack || envelope.salt !== undefined) return undefined
        const body = openEnvelope(this.aead, this.keys.down, envelope, this.salt)
        if (body === undefined) return undefined
        const ack = decodeAck(body)
        if (ack.kind === "reject" || ack.epoch !== this.keys.epoch) return undefined
        return ack
    }

    /** To be called after an ack was applied to the outbox. */
    noteHeld(): void {
        const seq = this.helloSeq
        if (!this.isHelloHeld && seq >= 0)
            this.isHelloHeld = !this.outbox.records.some((record) => record.seq === seq)
    }
}
