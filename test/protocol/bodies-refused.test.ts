// What the decoders of bodies refuse, and why; and that nothing makes any decoder throw [P-B3].

import { describe, expect, it } from "vitest"
import { decodeAck } from "../../protocol/ack.js"
import { BODY_READ_MAX, partsOf } from "../../protocol/body.js"
import { EVENTS, READINGS, SCANS, STATUSES, VERSIONS } from "../../protocol/body-vectors.js"
import { decodeCommand } from "../../protocol/command.js"
import { parseEnvelope } from "../../protocol/envelope.js"
import { decodeEvent } from "../../protocol/event.js"
import { decodeFixBatch } from "../../protocol/fix.js"
import { decodeHello } from "../../protocol/hello.js"
import { PackedWriter } from "../../protocol/pack/packed-batch.js"
import { BATCH_BYTES_MAX, decodePackedBody, packedBody } from "../../protocol/pack/packed-body.js"
import { profileOf } from "../../protocol/pack/profile.js"
import { decodeReadings } from "../../protocol/reading.js"
import { parseRelay } from "../../protocol/relay.js"
import { decodeScan } from "../../protocol/scan.js"
import { decodeStatus } from "../../protocol/status.js"
import { ACKS, BATCHES, COMMANDS, HELLOS, RELAYS, SEALS } from "../../protocol/vectors.js"
import { makePrng } from "../../simulator/world/prng.js"
import { rewritten } from "../device/runs/bodies-run.js"
import { cases } from "../support/cases.js"

const AT = "0814" // time: 2.0 s of 1970

function bytes(hex: string): Buffer {
    return Buffer.from(hex.replaceAll(" ", ""), "hex")
}

type Decoder = (body: Buffer) => { kind: string; reason?: string }

const DECODERS: Record<string, Decoder> = {
    fixes: decodeFixBatch,
    "packed-body": (body) => decodePackedBody(body, () => undefined),
    hello: decodeHello,
    ack: decodeAck,
    command: decodeCommand,
    relay: parseRelay,
    envelope: parseEnvelope,
    readings: decodeReadings,
    scan: decodeScan,
    event: decodeEvent,
    status: decodeStatus,
    parts: partsOf,
}

describe("a body is refused", () => {
    const refused = (decode: Decoder, hex: string) => decode(bytes(hex)).reason

    it("unread, when it is longer than 1,024 bytes", () => {
        const body = Buffer.alloc(BODY_READ_MAX + 1)
        for (const decode of [decodeReadings, decodeScan, decodeEvent, decodeStatus])
            expect(decode(body)).toEqual({ kind: "reject", reason: "body-too-long" })
    })

    it("without an instant, or with one out of range", () => {
        expect(refused(decodeScan, "a1 0b40")).toBe("instant-missing")
        expect(refused(decodeScan, "a2 0800 0b40")).toBe("time-range")
        expect(refused(decodeScan, "a2 081b000000098d3f6600 0b40")).toBe("time-range")
        expect(refused(decodeScan, "a2 0920 0b40")).toBe("uptime-range")
        expect(refused(decodeScan, "a2 091b0000000100000000 0b40")).toBe("uptime-range")
    })

    it("without what it is read for", () => {
        const body = bytes(`a1 ${AT}`)
        expect(decodeReadings(body)).toMatchObject({ reason: "readings-missing" })
        expect(decodeScan(body)).toMatchObject({ reason: "scan-missing" })
        expect(decodeEvent(body)).toMatchObject({ reason: "event-missing" })
        expect(decodeStatus(body)).toMatchObject({ reason: "status-missing" })
    })

    it.each([
        ["no series", "80", "readings-missing"],
        ["no value", "81 83 01 00 80", "reading-count"],
        ["quantity 0", "81 84 00 00 80 00", "quantity-range"],
        ["a quantity twice", "82 84 01 00 80 00 84 01 01 80 00", "quantity-order"],
        ["quantities backwards", "82 84 02 00 80 00 84 01 00 80 00", "quantity-order"],
        ["a start before the instant", "81 84 01 20 80 00", "reading-time-range"],
        ["a start after 31 days", "81 84 01 1a0198b101 80 00", "reading-time-range"],
        ["an end after 31 days", "81 85 01 01 81 1a0198b100 00 00", "reading-time-range"],
        ["no interval for two readings", "81 85 01 00 80 00 00", "intervals-form"],
        ["an interval for one reading", "81 84 01 00 81 01 00", "intervals-form"],
        ["equal intervals one by one", "81 86 01 00 82 0505 00 00 00", "intervals-form"],
        [
            "intervals of the series before said again",
            "82 85 01 00 81 05 00 00 85 02 00 81 05 00 00",
            "intervals-form",
        ],
        ["too few intervals", "81 87 01 00 82 0506 00 00 00 00", "interval-count"],
        ["an interval of nothing", "81 85 01 00 81 00 00 00", "interval-range"],
        ["below the coldest", "81 84 01 00 80 392710", "value-range"],
        ["more than all humidity", "81 85 02 00 81 01 1864 01", "value-range"],
        ["61 readings", `81 9840 0200 8101 ${"00".repeat(61)}`, "reading-count"],
        ["a text for a value", "81 84 01 00 80 60", "integer-expected"],
    ])("readings with %s", (_, series, reason) => {
        expect(refused(decodeReadings, `a2 ${AT} 0a ${series}`)).toBe(reason)
    })

    it.each([
        ["half a row", "46 000000000001", "scan-length"],
        ["nine rows", `583f ${"00000000000100".repeat(9)}`, "scan-count"],
        ["an access point twice", "4e 00000000000110 00000000000120", "bssid-twice"],
        ["the weaker first", "4e 00000000000120 00000000000210", "scan-order"],
        ["a group's address", "47 01000000000110", "bssid-group"],
        ["no address", "47 00000000000010", "bssid-zero"],
        ["a signal below -127 dBm", "47 00000000000180", "signal-range"],
        ["a text", "60", "bytes-expected"],
    ])("a scan with %s", (_, rows, reason) => {
        expect(refused(decodeScan, `a2 ${AT} 0b ${rows}`)).toBe(reason)
    })

    it.each([
        ["no kind", "80", "event-arguments"],
        ["kind 0", "81 00", "event-range"],
        ["a kind past 16 bits", "81 1a00010000", "event-range"],
        ["a boot without cause", "81 01", "event-arguments"],
        ["a fence without side", "82 05 01", "event-arguments"],
        ["a third side of a fence", "83 05 01 02", "event-argument-range"],
        ["an argument below its least", "82 06 20", "event-argument-range"],
        ["five arguments", "86 08 0000000000", "event-arguments"],
        ["an argument past 32 bits", "82 08 1b0000000100000000", "event-argument-range"],
    ])("an event with %s", (_, event, reason) => {
        expect(refused(decodeEvent, `a2 ${AT} 0c ${event}`)).toBe(reason)
    })

    it.each([
        ["a battery of 20.001 V", "0d 194e21", "battery-range"],
        ["a negative voltage", "0d 20", "battery-range"],
        ["101 percent", "0f 1865", "charge-range"],
        ["151 degrees", "0e 1897", "temperature-range"],
        ["a first fix after more than a day", "14 1a000d2f01", "first-fix-range"],
        ["a reset cause past a byte", "1818 190100", "reset-cause-range"],
        ["a hash of 7 bytes", "1819 47 00000000000000", "program-hash-length"],
        ["a text for the hash", "1819 60", "bytes-expected"],
    ])("a status with %s", (_, pair, reason) => {
        expect(refused(decodeStatus, `a2 ${AT} ${pair}`)).toBe(reason)
    })
})

function aPackedBody(): Buffer {
    const writer = new PackedWriter(profileOf(1)!, 5, BATCH_BYTES_MAX, undefined)
    for (let i = 0; i < 12; i++)
        writer.add([19e9 + i * 10, 47139200 + i * 55, 9522800 + i * i, 455, 80, 40, 30, 11, 1])
    return packedBody(writer.finished(), 3)
}

/** Real bodies and messages of every kind. */
const REAL = [
    ...[BATCHES, HELLOS, ACKS, COMMANDS, READINGS, SCANS, EVENTS, STATUSES, VERSIONS].flatMap(
        (vectors) => vectors.map(({ body }) => bytes(body)),
    ),
    ...[...SEALS, ...RELAYS].map(({ message }) => bytes(message)),
    aPackedBody(),
]

/** Bytes from nowhere, and real bodies with a few bytes set, cut, put in, doubled or swapped in. */
function* hostileBodies(seed: number, count: number): Generator<Buffer> {
    const prng = makePrng(seed)
    const below = (limit: number) => Math.floor(prng.next() * limit)
    const noise = (length: number) => Buffer.from(Array.from({ length }, () => below(256)))
    for (let i = 0; i < count; i++) {
        if (i % 4 === 0) {
            yield noise(below(i % 8 === 0 ? 12 : 260))
            continue
        }
        let body = REAL[below(REAL.length)]!
        for (let edits = 1 + below(3); edits > 0; edits--) {
            const from = below(body.length + 1)
            const to = Math.min(body.length, from + below(4))
            const other = REAL[below(REAL.length)]!
            const middle = [
                noise(to - from),
                Buffer.alloc(0),
                noise(1 + below(3)),
                Buffer.concat([body.subarray(from, to), body.subarray(from, to)]),
                other.subarray(below(other.length), other.length),
                Buffer.of([0x00, 0x1b, 0x5f, 0x80, 0x9f, 0xa0, 0xbf, 0xc0, 0xf6, 0xff][below(10)]!),
            ][below(6)]!
            body = Buffer.concat([body.subarray(0, from), middle, body.subarray(to)])
        }
        yield body
    }
}

describe("any bytes at all", { timeout: 180_000 }, () => {
    it("are a value or a reject for every decoder, and what is taken can be written again", () => {
        const taken: Record<string, number> = {}
        for (const body of hostileBodies(11, cases(50_000, 1_000_000))) {
            for (const [kind, decode] of Object.entries(DECODERS)) {
                const value = decode(body)
                if (value.kind === kind) taken[kind] = (taken[kind] ?? 0) + 1
                else if (value.kind !== "reject" || !value.reason)
                    throw new Error(`${kind} is ${JSON.stringify(value)}: ${body.toString("hex")}`)
            }
            const first = rewritten(body)
            if (/^[0-9a-f]+$/.test(first) && rewritten(bytes(first)) !== first)
                throw new Error(`not the same when read again: ${body.toString("hex")}`)
        }
        // Unless some are taken, the test has not come past the first byte.
        for (const kind of Object.keys(DECODERS)) expect(taken[kind], kind).toBeGreaterThan(50)
    })

    it("cut short anywhere are refused", () => {
        for (const { body } of [...READINGS, ...SCANS, ...EVENTS, ...STATUSES]) {
            const whole = bytes(body)
            for (let length = 0; length < whole.length; length++)
                expect(rewritten(whole.subarray(0, length))).toMatch(/cut-short/)
        }
    })
})
