// A gateway as far as a tracker can tell, in virtual time and without a socket: takes records, knows
// them again, acknowledges each one, and remembers what they said. For runs of months, in which the
// real gateway would only be waited for.

import { EPOCHS_AHEAD_MAX } from "../../firmware/logic/key-memory.js"
import { MqttScanner, PacketType } from "../../firmware/logic/mqtt.js"
import { nodeAead, nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import { encodeAck } from "../../protocol/ack.js"
import { sealCommand } from "../../protocol/command.js"
import { MessageType, openEnvelope, parseEnvelope, sealMessage } from "../../protocol/envelope.js"
import { decodeHello } from "../../protocol/hello.js"
import { type EpochKeys, epochKeys, nextChainKey } from "../../protocol/keys.js"
import { isRelay, parseRelay } from "../../protocol/relay.js"
import { decodeResponse, type Response } from "../../protocol/response.js"
import type { Clock } from "../../simulator/vm/clock.js"
import type { Link, LinkEvents, Network } from "../../simulator/vm/network.js"

export interface TakenRecord {
    atMs: number
    epoch: number
    session: number
    seq: number
    type: number
    body: Buffer
}

export interface VirtualGatewayOptions {
    clock: Clock
    deviceId: Buffer
    chainKey: Buffer
    /** False while there is no way to it: connections are refused. */
    isReachable?: (atMs: number) => boolean
    /** What becomes of a publish, and of the connection with it. */
    fate?: () => Fate
}

/**
 * Taken and acknowledged; taken and the ack lost, or lost itself; either with the connection reset;
 * lost on a connection that from there on is half open: nothing comes back, and nothing says so.
 */
export type Fate = "held" | "ack-lost" | "lost" | "reset" | "ack-reset" | "half-open"

/** What a tracker is to be told; told anew on each connection until it has answered. */
export interface Told {
    order: number
    args: number[]
    mandate: Buffer
    /** UTC in seconds. */
    expiresAtS: number
    /** Session and counter under which it went out, each time. */
    sent: string[]
    response: Response | undefined
}

const DELAY_MS = 40
const CONNACK = Buffer.from([0x20, 2, 0, 0])
const PINGRESP = Buffer.from([0xd0, 0])
const CONNECT = 1
const SUBSCRIBE = 8
const PINGREQ = 12
const PUBLISH_DOWN = 0x30

interface OpenLink {
    drop: () => void
    say: (payload: Buffer) => void
}

interface KnownSession {
    salt: Buffer
    counter: number
}

export class VirtualGateway implements Network {
    /** Each record once, in the order in which they came. */
    readonly taken: TakenRecord[] = []
    doubled = 0
    unreadable = 0
    connections = 0
    /** In the order in which they were given. */
    readonly told: Told[] = []
    /** Numbers under which two different messages have come: a nonce was used twice. */
    readonly reused: string[] = []
    /** Sealed bytes by salt and number. */
    private known = new Map<string, string>()
    private link: OpenLink | undefined
    private commandSeq = 0
    private readonly epochs: EpochKeys[] = []
    private chain: Buffer
    private sessions: KnownSession[] = []
    private downSeq = 0
    /** The newest epoch of which a record has come. */
    private latest = 0

    constructor(private readonly options: VirtualGatewayOptions) {
        this.chain = options.chainKey
    }

    open(_host: string, _port: number, events: LinkEvents): Link {
        const { clock, isReachable } = this.options
        this.connections++
        let isOpen = true
        let isDeaf = false
        let topic = ""
        const scanner = new MqttScanner()
        const later = (run: () => void) => {
            clock.after(DELAY_MS, () => {
                if (isOpen) run()
            })
        }
        const send = (bytes: Buffer) => later(() => events.received(bytes))
        const drop = () =>
            later(() => {
                isOpen = false
                events.closed()
            })
        if (isReachable && !isReachable(clock.nowMs)) drop()
        else later(() => events.opened())
        const take = (type: number, body: Buffer) => {
            if (isDeaf || (isReachable && !isReachable(clock.nowMs))) return
            if (type === CONNECT) {
                topic = `b/${clientIdOf(body)}/d`
                send(CONNACK)
            } else if (type === SUBSCRIBE) {
                send(Buffer.from([0x90, 3, body[0]!, body[1]!, 1]))
                this.link = { drop, say: (payload) => send(downPublish(topic, payload)) }
                this.sayAll()
            } else if (type === PINGREQ) send(PINGRESP)
            else if (type === PacketType.publish) {
                if (this.published(body, topic, send, drop) === "half-open") isDeaf = true
            }
        }
        return {
            write: (bytes) => {
                if (!isOpen) return false
                later(() => {
                    scanner.push(bytes)
                    for (const packet of scanner.packets) take(packet.type, packet.body)
                    scanner.packets = []
                })
                return true
            },
            close: () => {
                isOpen = false
            },
        }
    }

    /** Another with all that this one holds now and no connection, on a clock of its own. */
    fork(clock: Clock): VirtualGateway {
        const copy = new VirtualGateway({ ...this.options, clock })
        copy.taken.push(...this.taken)
        copy.told.push(...this.told)
        copy.known = new Map(this.known)
        copy.sessions = [...this.sessions]
        copy.commandSeq = this.commandSeq
        copy.downSeq = this.downSeq
        copy.latest = this.latest
        return copy
    }

    /** The broker starts anew: every connection is lost, and nothing that was taken. */
    restart(): void {
        this.link?.drop()
        this.link = undefined
    }

    /** Tells the tracker, now where it is connected, else when it is. */
    tell(order: number, args: number[], mandate: Buffer, forS = 30 * 86_400): Told {
        const expiresAtS = Math.floor(this.options.clock.nowMs / 1000) + forS
        const told: Told = { order, args, mandate, expiresAtS, sent: [], response: undefined }
        this.told.push(told)
        if (this.link) this.say(told)
        return told
    }

    /** Until the first hello there is no session to seal a command for. */
    private sayAll(): void {
        for (const told of this.told)
            if (!told.response && !told.sent.some((name) => name.startsWith(this.sessionName())))
                this.say(told)
    }
    private say(told: Told): void {
        const session = this.sessions[0]
        if (!session || !this.link) return
        const counter = this.commandSeq++
        told.sent.push(`${this.sessionName()}${counter}`)
        const down = this.keysOf(this.latest).down
        const { order, args, mandate, expiresAtS } = told
        const command = { kind: "command" as const, order, args, mandate, expiresAtS }
        this.link.say(sealCommand(nodeAead, down, session.salt, counter, command))
    }
    /** What was told under this name is not told again: it was heard, or is on its way. */
    private sessionName(): string {
        return `${this.connections}.${this.latest}/${this.sessions[0]?.counter}/`
    }
    private answered(body: Buffer): void {
        const response = decodeResponse(body)
        if (response.kind === "reject") throw new Error(response.reason)
        const name = `/${response.session}/${response.counter}`
        const told = this.told.find((one) => one.sent.some((sent) => sent.endsWith(name)))
        if (told) told.response = response
    }

    private published(
        body: Buffer,
        topic: string,
        send: (bytes: Buffer) => void,
        drop: () => void,
    ): Fate {
        const fate = this.options.fate?.() ?? "held"
        if (fate === "reset") drop()
        if (fate === "lost" || fate === "half-open" || fate === "reset") return fate
        const start = 2 + body.readUInt16BE(0)
        send(Buffer.from([0x40, 2, body[start]!, body[start + 1]!]))
        const ack = this.take(Buffer.from(body.subarray(start + 2)))
        if (fate === "ack-reset") drop()
        else if (ack && fate === "held") send(downPublish(topic, ack))
        this.sayAll()
        return fate
    }

    /** The sealed ack; undefined for what opens under no key of the device. */
    private take(message: Buffer): Buffer | undefined {
        const relay = isRelay(message) ? parseRelay(message) : undefined
        if (relay?.kind === "reject") throw new Error(relay.reason)
        const envelope = parseEnvelope(relay ? relay.record : message)
        if (envelope.kind === "reject") throw new Error(envelope.reason)
        const salts = envelope.salt ? [envelope.salt] : this.sessions.map(({ salt }) => salt)
        for (const epoch of this.likelyEpochs()) {
            const keys = this.keysOf(epoch)
            for (const salt of salts) {
                const body = openEnvelope(nodeAead, keys.up, envelope, salt)
                if (!body) continue
                // A relay comes under the handle of today: so far has the device's epoch gone on.
                this.latest = Math.max(this.latest, epoch + (relay ? relay.epochsBack : 0))
                const sealed = (relay ? relay.record : message).toString("hex")
                const { type, seq } = envelope
                return this.record({ epoch, salt, type, seq, body, sealed })
            }
        }
        this.unreadable++
        return undefined
    }

    private record(opened: {
        epoch: number
        salt: Buffer
        type: number
        seq: number
        body: Buffer
        sealed: string
    }): Buffer {
        const { epoch, salt, type, seq, body, sealed } = opened
        if (type === MessageType.hello) this.noteSession(salt, body)
        const session = this.sessions.find((one) => one.salt.equals(salt))?.counter ?? 0
        const name = `${salt.toString("hex")}:${seq}`
        const before = this.known.get(name)
        if (before !== undefined && before !== sealed) this.reused.push(name)
        if (before !== undefined) this.doubled++
        else this.taken.push({ atMs: this.options.clock.nowMs, epoch, session, seq, type, body })
        if (type === MessageType.response) this.answered(body)
        this.known.set(name, sealed)
        const answerSalt = this.sessions[0]?.salt ?? salt
        // As the gateway does [P-E34].
        const utcS = Math.floor(this.options.clock.nowMs / 1000)
        const time = type === MessageType.hello ? { utcS } : {}
        const ack = encodeAck({ kind: "ack", epoch, session, seq, earlier: 0, ...time })
        const options = {
            type: MessageType.ack,
            salt: answerSalt,
            carrySalt: false,
            seq: this.downSeq++,
        }
        return sealMessage(nodeAead, this.keysOf(this.latest).down, options, ack)
    }

    /** The newest, what may have come since, and what an old record may be of. */
    private likelyEpochs(): number[] {
        const epochs = [this.latest]
        for (let ahead = 1; ahead <= EPOCHS_AHEAD_MAX; ahead++) epochs.push(this.latest + ahead)
        for (let epoch = this.latest - 1; epoch >= 0; epoch--) epochs.push(epoch)
        return epochs
    }
    private noteSession(salt: Buffer, body: Buffer): void {
        const hello = decodeHello(body)
        if (hello.kind === "reject") throw new Error(hello.reason)
        if (this.sessions.some((one) => one.salt.equals(salt))) return
        this.sessions.unshift({ salt, counter: hello.session })
        this.sessions.sort((a, b) => b.counter - a.counter)
    }
    private keysOf(epoch: number): EpochKeys {
        while (this.epochs.length <= epoch) {
            const next = this.epochs.length
            this.epochs.push(epochKeys(nodeHkdf, this.chain, this.options.deviceId, next))
            this.chain = nextChainKey(nodeHkdf, this.chain, this.options.deviceId)
        }
        return this.epochs[epoch]!
    }
}

function clientIdOf(body: Buffer): string {
    const at = 2 + body.readUInt16BE(0) + 4
    const length = body.readUInt16BE(at)
    return body.subarray(at + 2, at + 2 + length).toString()
}

/** At QoS 0, as the gateway sends its acks. */
function downPublish(topic: string, payload: Buffer): Buffer {
    const name = Buffer.from(topic)
    const length = 2 + name.length + payload.length
    const head = length < 128 ? [length] : [(length & 127) | 128, length >> 7]
    return Buffer.concat([
        Buffer.from([PUBLISH_DOWN, ...head, name.length >> 8, name.length & 255]),
        name,
        payload,
    ])
}
