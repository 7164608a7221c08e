// The uplink session: when to connect, what to send, when to give a connection up. A decision, not
// a socket: it is told what happened and answers what to do.
//
// PUBACK frees nothing, only the gateway's own ack does (docs/architecture.md, delivery). A link on
// which an answer is overdue is dead, whatever TCP says of it, and everything goes out again on the
// next one. The wait between attempts doubles until the gateway has acknowledged something.

import type { Ack } from "../../protocol/ack.js"
import { downlinkTopic, uplinkTopic } from "../../protocol/topics.js"
import {
    connectPacket,
    disconnectPacket,
    MqttScanner,
    PacketType,
    pingPacket,
    pubackPacket,
    publishPacket,
    readPublish,
    subscribePacket,
} from "./mqtt.js"
import type { Outbox } from "./outbox.js"

export type UplinkEvent =
    | { what: "wake" }
    | { what: "opened" }
    | { what: "received"; bytes: Buffer }
    | { what: "closed" }

export type UplinkAction =
    | { what: "open" }
    | { what: "send"; bytes: Buffer }
    | { what: "close" }
    /** A payload from the downlink topic, still sealed. */
    | { what: "downlink"; payload: Buffer }

export interface UplinkIdentity {
    handle: string
    password: string
}

/** Records on the way at a time: enough to fill the link, few enough for one ack to name. */
const WINDOW_RECORDS = 4
const ANSWER_WAIT_MS = 15000
const OPEN_WAIT_MS = 20000
export const KEEP_ALIVE_S = 240
const PING_AFTER_MS = 120000
export const BACKOFF_MIN_MS = 2000
export const BACKOFF_MAX_MS = 300000
/** How long nothing happens at most, so that a missed wake-up costs little. */
const IDLE_MS = 5000

export class Uplink {
    /** False: no connection is made, and one that is there is left once nothing is on the way. */
    isWanted = true
    /** Connections that were lost or left. */
    losses = 0
    /** Attempts in a row that brought no ack. */
    failures = 0
    /** Records that went out, those that went out again among them. */
    sent = 0
    private state: "waiting" | "opening" | "connecting" | "subscribing" | "up" = "waiting"
    private scanner = new MqttScanner()
    private packetId = 0
    private backoffMs = BACKOFF_MIN_MS
    private retryAtMs = 0
    /** When the answer that we wait for is overdue; 0 while we wait for none. */
    private overdueAtMs = 0
    private heardAtMs = 0
    private isPinging = false
    private isRenamed = false

    /** `random()` in [0, 1) spreads reconnects, so that a fleet does not return all at once. */
    constructor(
        private identity: UplinkIdentity,
        private outbox: Outbox,
        private random: () => number,
    ) {}

    step(event: UplinkEvent, nowMs: number): UplinkAction[] {
        const actions: UplinkAction[] = []
        if (event.what === "closed") this.fail(nowMs)
        else if (event.what === "opened") this.opened(nowMs, actions)
        else if (event.what === "received") this.received(event.bytes, nowMs, actions)
        this.proceed(nowMs, actions)
        return actions
    }

    /** The gateway holds what the ack names. */
    acknowledged(ack: Ack, nowMs: number): void {
        if (!this.outbox.release(ack)) return
        this.backoffMs = BACKOFF_MIN_MS
        this.failures = 0
        this.overdueAtMs = this.hasInFlight() ? nowMs + ANSWER_WAIT_MS : 0
    }

    /** The broker has accepted us, and we listen. */
    isUp(): boolean {
        return this.state === "up"
    }

    /** Neither a connection nor an attempt at one. */
    isDown(): boolean {
        return this.state === "waiting"
    }

    /** What went wrong before was another network: the next attempt need not wait. */
    hurry(): void {
        this.backoffMs = BACKOFF_MIN_MS
        this.retryAtMs = 0
    }

    /** The epoch has turned: the connection is left, and made anew under the new name at once. */
    rename(identity: UplinkIdentity): void {
        this.identity = identity
        this.isRenamed = true
    }

    /** How long `step` may be left alone. */
    idleMs(nowMs: number): number {
        let until = nowMs + IDLE_MS
        if (this.state === "waiting" && this.isWanted) until = Math.min(until, this.retryAtMs)
        if (this.overdueAtMs > 0) until = Math.min(until, this.overdueAtMs)
        return Math.max(10, until - nowMs)
    }

    private opened(nowMs: number, actions: UplinkAction[]): void {
        this.state = "connecting"
        this.scanner = new MqttScanner()
        this.isPinging = false
        this.heardAtMs = nowMs
        this.overdueAtMs = nowMs + ANSWER_WAIT_MS
        const { handle, password } = this.identity
        actions.push({
            what: "send",
            bytes: connectPacket(handle, handle, password, KEEP_ALIVE_S),
        })
    }

    private received(bytes: Buffer, nowMs: number, actions: UplinkAction[]): void {
        this.heardAtMs = nowMs
        this.scanner.push(bytes)
        for (const packet of this.scanner.packets) {
            if (packet.type === PacketType.connack) {
                if (packet.body[1] !== 0) {
                    this.abandon(nowMs, actions)
                    break
                }
                this.state = "subscribing"
                this.overdueAtMs = nowMs + ANSWER_WAIT_MS
                const topic = downlinkTopic(this.identity.handle)
                actions.push({ what: "send", bytes: subscribePacket(topic, this.nextId()) })
            } else if (packet.type === PacketType.suback) {
                this.state = "up"
                this.overdueAtMs = 0
            } else if (packet.type === PacketType.pingresp) {
                if (this.isPinging) this.overdueAtMs = 0
                this.isPinging = false
            } else if (packet.type === PacketType.publish) {
                const publish = readPublish(packet.body, packet.flags)
                if (publish === undefined) continue
                if (publish.id > 0) actions.push({ what: "send", bytes: pubackPacket(publish.id) })
                actions.push({ what: "downlink", payload: publish.payload })
            }
        }
        this.scanner.packets = []
    }

    private proceed(nowMs: number, actions: UplinkAction[]): void {
        if (this.isRenamed) this.leave(nowMs, actions)
        if (this.state === "waiting") {
            if (!this.isWanted || nowMs < this.retryAtMs) return
            this.state = "opening"
            this.overdueAtMs = nowMs + OPEN_WAIT_MS
            actions.push({ what: "open" })
            return
        }
        if (this.overdueAtMs > 0 && nowMs >= this.overdueAtMs) {
            this.abandon(nowMs, actions)
            return
        }
        if (!this.isWanted && !this.hasInFlight()) {
            if (this.state === "up") actions.push({ what: "send", bytes: disconnectPacket() })
            this.leave(nowMs, actions)
            return
        }
        if (this.state !== "up") return
        this.sendWaiting(nowMs, actions)
        if (this.overdueAtMs === 0 && nowMs - this.heardAtMs > PING_AFTER_MS) {
            this.isPinging = true
            this.overdueAtMs = nowMs + ANSWER_WAIT_MS
            actions.push({ what: "send", bytes: pingPacket() })
        }
    }

    private sendWaiting(nowMs: number, actions: UplinkAction[]): void {
        const topic = uplinkTopic(this.identity.handle)
        for (const record of this.outbox.first(WINDOW_RECORDS)) {
            if (record.isSent) continue
            const message = this.outbox.messageOf(record)
            if (message === undefined) continue
            this.outbox.markSent(record)
            this.sent++
            if (this.overdueAtMs === 0 || this.isPinging) this.overdueAtMs = nowMs + ANSWER_WAIT_MS
            this.isPinging = false
            actions.push({
                what: "send",
                bytes: publishPacket(topic, this.nextId(), message),
            })
        }
    }

    private hasInFlight(): boolean {
        return this.outbox.hasSent()
    }
    private abandon(nowMs: number, actions: UplinkAction[]): void {
        actions.push({ what: "close" })
        this.fail(nowMs)
    }
    private leave(nowMs: number, actions: UplinkAction[]): void {
        this.isRenamed = false
        if (this.state === "waiting") return
        actions.push({ what: "close" })
        this.state = "waiting"
        this.losses++
        this.overdueAtMs = 0
        this.retryAtMs = nowMs
        this.outbox.unsend()
    }
    private fail(nowMs: number): void {
        if (this.state === "waiting") return
        this.state = "waiting"
        this.losses++
        this.failures++
        this.overdueAtMs = 0
        this.outbox.unsend()
        this.retryAtMs = nowMs + Math.floor(this.backoffMs * (0.5 + this.random()))
        this.backoffMs = Math.min(BACKOFF_MAX_MS, this.backoffMs * 2)
    }
    private nextId(): number {
        this.packetId = this.packetId >= 65535 ? 1 : this.packetId + 1
        return this.packetId
    }
}
