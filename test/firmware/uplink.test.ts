import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { MqttScanner, PacketType, publishPacket } from "../../firmware/logic/mqtt.js"
import { OUTBOX_RECORDS_MAX, RamOutbox } from "../../firmware/logic/outbox.js"
import {
    BACKOFF_MAX_MS,
    BACKOFF_MIN_MS,
    Uplink,
    type UplinkAction,
    type UplinkEvent,
} from "../../firmware/logic/uplink.js"
import type { Ack } from "../../protocol/ack.js"
import { MessageType } from "../../protocol/envelope.js"
import { cases } from "../support/cases.js"
import { recordsOf } from "../support/records-of.js"

const IDENTITY = { handle: "jnFdFA8R", password: "nAovtWSl_zUf4oisEPmVHg" }
const CONNACK = Buffer.from([0x20, 2, 0, 0])
const SUBACK = Buffer.from([0x90, 3, 0, 1, 1])
const PINGRESP = Buffer.from([0xd0, 0])

function recordOf(seq: number) {
    return { epoch: 0, session: 0, seq, type: MessageType.telemetry }
}

function ackOf(seq: number, earlier = 0): Ack {
    return { kind: "ack", epoch: 0, session: 0, seq, earlier }
}

/** An uplink with the world around it: what it sends is kept, what happens is told to it. */
class Bench {
    readonly outbox = new RamOutbox()
    readonly uplink = new Uplink(IDENTITY, this.outbox, () => 0.5)
    nowMs = 0
    opens = 0
    closes = 0
    sent: Buffer[] = []

    tell(event: UplinkEvent): UplinkAction[] {
        const actions = this.uplink.step(event, this.nowMs)
        for (const action of actions) {
            if (action.what === "open") this.opens++
            if (action.what === "close") this.closes++
            if (action.what === "send") this.sent.push(action.bytes)
        }
        return actions
    }
    wait(ms: number): void {
        this.nowMs += ms
        this.tell({ what: "wake" })
    }
    connect(): void {
        this.tell({ what: "wake" })
        this.tell({ what: "opened" })
        this.tell({ what: "received", bytes: CONNACK })
        this.tell({ what: "received", bytes: SUBACK })
    }
    /** Payloads published since the last look. */
    published(): string[] {
        const scanner = new MqttScanner()
        for (const bytes of this.sent) scanner.push(bytes)
        this.sent = []
        return scanner.packets
            .filter(({ type }) => type === PacketType.publish)
            .map(({ body }) => body.subarray(2 + body.readUInt16BE(0) + 2).toString())
    }
}

describe("the uplink", () => {
    it("sends no more than its window and goes on as acks come", () => {
        const bench = new Bench()
        for (let seq = 0; seq < 6; seq++) bench.outbox.push(recordOf(seq), Buffer.from(`m${seq}`))
        bench.connect()
        expect(bench.published()).toEqual(["m0", "m1", "m2", "m3"])
        bench.uplink.acknowledged(ackOf(1, 1), bench.nowMs)
        bench.tell({ what: "wake" })
        expect(bench.published()).toEqual(["m4", "m5"])
    })

    it("keeps a record through any number of lost connections and sends it byte for byte", () => {
        const bench = new Bench()
        bench.outbox.push(recordOf(0), Buffer.from("only"))
        for (let i = 0; i < 5; i++) {
            bench.connect()
            expect(bench.published()).toEqual(["only"])
            bench.tell({ what: "closed" })
            bench.nowMs += BACKOFF_MAX_MS * 2
        }
        expect(recordsOf(bench.outbox)).toHaveLength(1)
    })

    it("is not impressed by a PUBACK", () => {
        const bench = new Bench()
        bench.outbox.push(recordOf(0), Buffer.from("m"))
        bench.connect()
        bench.tell({ what: "received", bytes: Buffer.from([0x40, 2, 0, 2]) })
        expect(recordsOf(bench.outbox)).toHaveLength(1)
    })

    it("gives up a link on which an ack is overdue, however open it looks", () => {
        const bench = new Bench()
        bench.outbox.push(recordOf(0), Buffer.from("m"))
        bench.connect()
        bench.wait(14_999)
        expect(bench.closes).toBe(0)
        bench.wait(1)
        expect(bench.closes).toBe(1)
    })

    it("finds a dead link by a ping that nobody answers, and keeps one that answers", () => {
        const bench = new Bench()
        bench.connect()
        for (let i = 0; i < 10; i++) {
            bench.wait(120_001)
            bench.tell({ what: "received", bytes: PINGRESP })
        }
        expect(bench.closes).toBe(0)
        bench.wait(120_001)
        bench.wait(15_000)
        expect(bench.closes).toBe(1)
    })

    it("waits twice as long after each failure, to a limit, until the gateway acknowledges", () => {
        const bench = new Bench()
        const waits: number[] = []
        for (let i = 0; i < 10; i++) {
            bench.tell({ what: "wake" })
            bench.tell({ what: "closed" })
            const failedAt = bench.nowMs
            const before = bench.opens
            while (bench.opens === before) bench.wait(bench.uplink.idleMs(bench.nowMs))
            waits.push(bench.nowMs - failedAt)
            bench.tell({ what: "closed" })
            bench.nowMs += BACKOFF_MAX_MS * 2
        }
        expect(waits[0]).toBe(BACKOFF_MIN_MS)
        expect(waits.at(-1)).toBe(BACKOFF_MAX_MS)
    })

    it("tries again after a refused CONNECT", () => {
        const bench = new Bench()
        bench.tell({ what: "wake" })
        bench.tell({ what: "opened" })
        bench.tell({ what: "received", bytes: Buffer.from([0x20, 2, 0, 4]) })
        expect(bench.closes).toBe(1)
        bench.wait(BACKOFF_MAX_MS)
        expect(bench.opens).toBe(2)
    })
})

describe("an uplink whose epoch turns", () => {
    it("leaves at once, comes back under the new name without a wait, and sends all again", () => {
        const bench = new Bench()
        bench.outbox.push(recordOf(0), Buffer.from("m0"))
        bench.connect()
        expect(bench.published()).toEqual(["m0"])
        bench.uplink.rename({ handle: "CuWxVkOk", password: "AOKW8zWJAh9Es5weotypqA" })
        bench.tell({ what: "wake" })
        expect(bench.closes).toBe(1)
        expect(bench.opens).toBe(2)
        bench.tell({ what: "opened" })
        expect(bench.sent.at(-1)!.toString("latin1")).toContain("CuWxVkOk")
        bench.tell({ what: "received", bytes: CONNACK })
        bench.tell({ what: "received", bytes: SUBACK })
        expect(bench.published()).toEqual(["m0"])
    })

    it("that is not connected comes under the new name when it does", () => {
        const bench = new Bench()
        bench.tell({ what: "wake" })
        bench.tell({ what: "closed" })
        bench.uplink.rename({ handle: "CuWxVkOk", password: "AOKW8zWJAh9Es5weotypqA" })
        bench.tell({ what: "wake" })
        expect(bench.closes).toBe(0)
        expect(bench.opens).toBe(1)
        bench.wait(BACKOFF_MAX_MS)
        bench.tell({ what: "opened" })
        expect(bench.sent.at(-1)!.toString("latin1")).toContain("CuWxVkOk")
    })
})

describe("the outbox", () => {
    it("lets go of the second-oldest when full, counts it, and keeps both ends", () => {
        const outbox = new RamOutbox()
        for (let seq = 0; seq < OUTBOX_RECORDS_MAX + 5; seq++)
            outbox.push(recordOf(seq), Buffer.from([seq]))
        expect(recordsOf(outbox)).toHaveLength(OUTBOX_RECORDS_MAX)
        expect(outbox.thinned).toBe(5)
        expect(recordsOf(outbox)[0]!.seq).toBe(0)
        expect(recordsOf(outbox)[1]!.seq).toBe(6)
        expect(recordsOf(outbox).at(-1)!.seq).toBe(OUTBOX_RECORDS_MAX + 4)
    })

    it("frees exactly what an ack names", () => {
        fc.assert(
            fc.property(fc.nat(100), fc.nat(0xffffffff), (seq, earlier) => {
                const outbox = new RamOutbox()
                for (let one = 70; one < 100; one++) outbox.push(recordOf(one), Buffer.alloc(1))
                outbox.release(ackOf(seq, earlier))
                const named = (one: number) => {
                    const bit = seq - 1 - one
                    return one === seq || (bit >= 0 && bit < 32 && ((earlier >>> bit) & 1) === 1)
                }
                for (const { seq: kept } of recordsOf(outbox)) expect(named(kept)).toBe(false)
                const expected = Array.from({ length: 30 }, (_, i) => 70 + i).filter(
                    (n) => !named(n),
                )
                expect(recordsOf(outbox)).toHaveLength(expected.length)
            }),
            { numRuns: cases(200, 20_000) },
        )
    })
})

describe("the MQTT scanner", () => {
    it("finds the same packets however the stream is cut, and passes over what is too long", () => {
        const packets = fc.array(fc.uint8Array({ maxLength: 1500 }), { maxLength: 6 })
        fc.assert(
            fc.property(packets, fc.array(fc.integer({ min: 1, max: 40 })), (payloads, cuts) => {
                const frames = payloads.map((one, i) => publishPacket("t", i + 1, Buffer.from(one)))
                const stream = Buffer.concat(frames)
                const scanner = new MqttScanner()
                for (let at = 0, i = 0; at < stream.length; i++) {
                    const size = cuts.length > 0 ? cuts[i % cuts.length]! : stream.length
                    scanner.push(stream.subarray(at, at + size))
                    at += size
                }
                const fitting = payloads.filter(({ length }) => length + 5 <= 1024)
                expect(scanner.packets.map(({ body }) => Buffer.from(body.subarray(5)))).toEqual(
                    fitting.map((one) => Buffer.from(one)),
                )
            }),
            { numRuns: cases(100, 5000) },
        )
    })
})
