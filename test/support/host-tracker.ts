// A tracker as far as the gateway can tell: sealed messages made on the host, sent over MQTT.

import { randomBytes } from "node:crypto"
import { connectAsync, type MqttClient } from "mqtt"
import { onTestFinished } from "vitest"
import { nodeAead } from "../../gateway/adapters/crypto/node-crypto.js"
import type { Gateway } from "../../gateway/main.js"
import { type Ack, decodeAck } from "../../protocol/ack.js"
import { MessageType, openEnvelope, parseEnvelope, sealMessage } from "../../protocol/envelope.js"
import { type Fix, FixBatchWriter } from "../../protocol/fix.js"
import { encodeHello, type Hello } from "../../protocol/hello.js"
import type { EpochKeys } from "../../protocol/keys.js"
import { downlinkTopic, uplinkTopic } from "../../protocol/topics.js"
import { HOME, START_MS } from "./builders.js"
import { DEVICE_ID } from "./case.js"

export function aFix(parts: Partial<Fix> = {}): Fix {
    return {
        kind: "fix",
        timeDs: START_MS / 100,
        latUdeg: Math.round(HOME.latDeg * 1e6),
        lonUdeg: Math.round(HOME.lonDeg * 1e6),
        altM: 460,
        speedDmps: 0,
        courseDeg: 0,
        accuracyDm: 50,
        satellites: 9,
        ...parts,
    }
}

export function aHello(parts: Partial<Hello> = {}): Hello {
    return {
        kind: "hello",
        session: 0,
        programHash: Buffer.alloc(32, 7),
        board: "host",
        resetCause: 1,
        uptimeMs: 2000,
        ...parts,
    }
}

/** One session: a salt, and what is sealed under it. */
export class SealedSession {
    nextSeq = 0
    private nextFix = 0

    constructor(
        readonly keys: EpochKeys,
        readonly salt: Buffer = randomBytes(8),
    ) {}

    hello(parts: Partial<Hello> = {}): Buffer {
        return this.seal(MessageType.hello, encodeHello(aHello(parts)))
    }
    fixes(...fixes: Fix[]): Buffer {
        return this.seal(MessageType.telemetry, this.batch(fixes))
    }
    seal(type: number, body: Buffer, carrySalt = true, seq = this.nextSeq++): Buffer {
        return sealMessage(nodeAead, this.keys.up, { type, salt: this.salt, carrySalt, seq }, body)
    }
    /** The body of a batch; it takes the next fix numbers. */
    batch(fixes: readonly Fix[], thinned = 0): Buffer {
        const writer = new FixBatchWriter(this.nextFix)
        for (const fix of fixes) if (!writer.add(fix)) throw new Error("does not fit in one batch")
        this.nextFix += fixes.length
        return writer.body(thinned)
    }
    /** The ack, or undefined when the message is none of this session. */
    readAck(message: Buffer): Ack | undefined {
        const envelope = parseEnvelope(message)
        if (envelope.kind === "reject" || envelope.type !== MessageType.ack) return undefined
        const body = openEnvelope(nodeAead, this.keys.down, envelope, this.salt)
        const ack = body && decodeAck(body)
        return ack?.kind === "ack" ? ack : undefined
    }
}

/** A connection under a device's own handle that listens to its downlink. */
export class HostTracker {
    session: SealedSession
    /** Payloads from the gateway, oldest first; its commands are apart. */
    readonly downlinks: Buffer[] = []
    readonly commands: Buffer[] = []
    private waiting: (() => void) | undefined

    private constructor(
        readonly keys: EpochKeys,
        readonly client: MqttClient,
    ) {
        this.session = new SealedSession(keys)
        client.on("message", (_topic, payload) => {
            const envelope = parseEnvelope(payload)
            const isCommand = envelope.kind !== "reject" && envelope.type === MessageType.command
            if (isCommand) this.commands.push(payload)
            else this.downlinks.push(payload)
            this.waiting?.()
        })
    }

    /** Provisions the device where needed, connects and subscribes. */
    static async connect(gateway: Gateway, deviceId = DEVICE_ID): Promise<HostTracker> {
        gateway.provision(deviceId)
        const keys = gateway.keysOf(deviceId)!
        const client = await connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`, {
            clientId: keys.handle,
            username: keys.handle,
            password: keys.password,
            reconnectPeriod: 0,
        })
        client.on("error", () => {}).setMaxListeners(0)
        onTestFinished(() => void client.end(true))
        const tracker = new HostTracker(keys, client)
        await client.subscribeAsync(downlinkTopic(keys.handle), { qos: 1 })
        return tracker
    }

    /** Resolves once the broker has acknowledged; rejects when it closes the connection instead. */
    async publish(message: Buffer): Promise<void> {
        const { client } = this
        const topic = uplinkTopic(this.keys.handle)
        await new Promise<void>((resolve, reject) => {
            const closed = () => reject(new Error("connection closed without PUBACK"))
            client.once("close", closed)
            client.publish(topic, message, { qos: 1 }, (error) => {
                client.off("close", closed)
                if (error) reject(error)
                else resolve()
            })
        })
    }

    /** Publishes and gives the gateway's own acknowledgement. */
    async send(message: Buffer): Promise<Ack> {
        const before = this.downlinks.length
        await this.publish(message)
        while (this.downlinks.length === before)
            await new Promise<void>((resolve) => {
                this.waiting = resolve
            })
        const ack = this.session.readAck(this.downlinks.at(-1)!)
        if (!ack) throw new Error("the downlink is no ack of this session")
        return ack
    }

    /**
     * Publishes what must not be acknowledged, and a known good record behind it: what had come of
     * the first is there by the time the second is answered.
     */
    async sendInVain(message: Buffer): Promise<void> {
        await this.publish(message)
        const before = this.downlinks.length
        const ack = await this.send(this.session.hello())
        if (this.downlinks.length !== before + 1) throw new Error("the message was acknowledged")
        if (ack.seq !== this.session.nextSeq - 1) throw new Error("another record is acknowledged")
    }
}
