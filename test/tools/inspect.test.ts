import { writeFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { bodyParts } from "../../bin/inspect/body-parts.js"
import type { Part } from "../../bin/inspect/part.js"
import { RULE } from "../../bin/inspect/rules.js"
import { takeApart } from "../../bin/inspect/take-apart.js"
import { inspect } from "../../bin/inspect.js"
import { nodeAead } from "../../gateway/adapters/crypto/node-crypto.js"
import { InputError } from "../../gateway/core/input-error.js"
import { encodeAck } from "../../protocol/ack.js"
import { encodeCommand } from "../../protocol/command.js"
import { MessageType, sealMessage } from "../../protocol/envelope.js"
import { encodeEvent } from "../../protocol/event.js"
import { type PackedTail, PackedWriter } from "../../protocol/pack/packed-batch.js"
import { BATCH_BYTES_MAX, packedBody } from "../../protocol/pack/packed-body.js"
import { profileOf } from "../../protocol/pack/profile.js"
import { ReadingBatchWriter } from "../../protocol/reading.js"
import { encodeRelay } from "../../protocol/relay.js"
import { encodeResponse } from "../../protocol/response.js"
import { encodeScan } from "../../protocol/scan.js"
import { encodeStatus } from "../../protocol/status.js"
import { ACKS, BATCHES, HELLOS, SEALS } from "../../protocol/vectors.js"
import { cases } from "../support/cases.js"
import { tempFolder } from "../support/temp-folder.js"

const [HELLO, TELEMETRY, COMMAND] = SEALS
const SALT = TELEMETRY!.salt
const KEY = TELEMETRY!.key

function bytesOf(body: string): Buffer {
    return Buffer.from(body.replaceAll(" ", ""), "hex")
}

function sealed(type: number, body: Buffer): string {
    const options = { type, salt: Buffer.from(SALT, "hex"), carrySalt: true, seq: 7 }
    return sealMessage(nodeAead, Buffer.from(KEY, "hex"), options, body).toString("hex")
}

/** The bytes that the parts stand for, each once: the header's bits share one. */
function joined(parts: readonly Part[]): string {
    return parts
        .filter((part, index) => part.offset !== parts[index - 1]?.offset)
        .map(({ bytes }) => bytes)
        .join("")
}

describe("a message without a key", () => {
    it("shows header bits, seq, ciphertext and tag, each with its rule", () => {
        const { bytes, parts, body, decoded } = inspect(TELEMETRY!.message, {})
        expect({ bytes, body, decoded }).toEqual({ bytes: 29, body: null, decoded: null })
        expect(parts.map(({ offset, field, value, rule }) => [offset, field, value, rule])).toEqual(
            [
                [0, "header.version", 1, RULE.version],
                [0, "header.type", 0, RULE.type],
                [0, "header.salt", 0, RULE.saltPresent],
                [0, "header.length", 1, RULE.seq],
                [1, "seq", 256, RULE.seq],
                [3, "ciphertext", "18 bytes", RULE.ciphertext],
                [21, "tag", "5ec8eb8f64088b8f", RULE.tag],
            ],
        )
    })

    it("shows the salt where there is one, and the longer tag of a command", () => {
        const salt = inspect(HELLO!.message, {}).parts.find(({ field }) => field === "salt")
        expect(salt).toMatchObject({ offset: 1, bytes: SALT, rule: RULE.salt })
        const tag = inspect(COMMAND!.message, {}).parts.at(-1)
        expect(tag).toMatchObject({ field: "tag", offset: 8 })
        expect(tag!.bytes).toHaveLength(32)
    })

    it("accounts for every byte of every golden message", () => {
        for (const { message } of SEALS) expect(joined(inspect(message, {}).parts)).toBe(message)
    })

    it("shows a record inside its relay, byte for byte", () => {
        for (const [epochsBack, session] of [
            [1, 3],
            [70000, 300],
        ]) {
            const record = Buffer.from(TELEMETRY!.message, "hex")
            const relay = encodeRelay(epochsBack!, session!, record).toString("hex")
            const { parts } = inspect(relay, {})
            expect(parts.slice(4, 6).map(({ field, value }) => [field, value])).toEqual([
                ["relay.epochsBack", epochsBack],
                ["relay.session", session],
            ])
            expect(joined(parts)).toBe(relay)
        }
    })
})

describe("a message with its key", () => {
    it("shows every item of the body with the name of its key, and what it is read as", () => {
        const [, two] = BATCHES
        const message = sealed(MessageType.telemetry, bytesOf(two!.body))
        const { body, decoded } = inspect(message, { key: KEY })
        expect(joined(body!)).toBe(bytesOf(two!.body).toString("hex"))
        const named = Object.fromEntries(body!.map(({ field, value }) => [field, value]))
        expect(named).toMatchObject({
            firstFix: 300,
            count: 2,
            "first.time": 16890554520,
            "first.latitude": 35165394,
            "fixes.0.time": 10,
            "fixes.0.latitude": -135,
            profile: 0,
            thinned: 1,
        })
        expect(decoded).toMatchObject({ kind: "fixes", firstFix: 300, thinned: 1 })
    })

    it("shows the head of a packed batch, and the fixes in it", () => {
        const writer = new PackedWriter(profileOf(1)!, 300, BATCH_BYTES_MAX, undefined)
        const columns = [16890554520, 35165390, 136881440, 40, 0, 73, 50, undefined, undefined]
        writer.add(columns)
        const bytes = packedBody(writer.finished(), 2)
        const { body, decoded } = inspect(sealed(MessageType.telemetry, bytes), { key: KEY })
        expect(joined(body!)).toBe(bytes.toString("hex"))
        expect(body!.find(({ field }) => field === "fixes.profile")).toMatchObject({
            offset: 3,
            bytes: "01",
            value: 1,
            rule: RULE.packed,
        })
        expect(body!.find(({ field }) => field === "fixes.count")).toMatchObject({
            value: 1,
            meaning: "by itself",
        })
        expect(decoded).toMatchObject({ profile: 1, firstFix: 300, base: -1, thinned: 2 })
        expect((decoded as { fixes: number[][] }).fixes).toEqual([columns])
    })

    it("reads hellos, acks and commands", () => {
        const command = {
            kind: "command" as const,
            expiresAtS: 2_000_000_000,
            mandate: Buffer.from("M-1"),
            order: 1,
            args: [60],
        }
        const bodies: [type: number, body: Buffer, decoded: object, field: string][] = [
            [MessageType.hello, bytesOf(HELLOS[0]!.body), { board: "simulator" }, "programHash"],
            [MessageType.ack, bytesOf(ACKS[0]!.body), { seq: 70000 }, "earlier"],
            [MessageType.command, encodeCommand(command), { mandate: "4d2d31" }, "expiresAtS"],
        ]
        for (const [type, bytes, expected, field] of bodies) {
            const { body, decoded } = inspect(sealed(type, bytes), { key: KEY })
            expect(decoded).toMatchObject(expected)
            expect(body!.map((part) => part.field)).toContain(field)
            expect(joined(body!)).toBe(bytes.toString("hex"))
        }
    })

    it("shows the parts of a combined body, each by its own rule", () => {
        const instant = { timeDs: 16889902520, uptimeDs: undefined }
        const points = [{ bssid: Buffer.from("a8b1d4010203", "hex"), signalDbm: -41 }]
        const readings = new ReadingBatchWriter(instant)
        for (const afterDs of [0, 600, 1300]) readings.add({ quantity: 1, afterDs, value: 2150 })
        const event = { kind: "event" as const, instant, event: 6, args: [3310] }
        const status = { kind: "status" as const, instant, batteryMv: 3600 }
        const parts = [
            readings.body(),
            encodeScan(instant, points),
            encodeEvent(event),
            encodeStatus(status),
        ]
        // The instant stands once, in ten bytes behind the map's head.
        const instantBytes = parts[0]!.subarray(1, 11)
        const rest = parts.map((part) => part.subarray(11))
        const bytes = Buffer.concat([Buffer.of(0xa5), instantBytes, ...rest])
        const { body, decoded } = inspect(sealed(MessageType.event, bytes), { key: KEY })
        expect(joined(body!)).toBe(bytes.toString("hex"))
        const shown = Object.fromEntries(
            body!.map(({ field, value, meaning, rule }) => [field, [value, meaning, rule]]),
        )
        expect(shown).toMatchObject({
            time: [16889902520, "tenths of a second of UTC since 1970", RULE.instant],
            "readings.0.quantity": [1, "temperature", RULE.readings],
            "readings.0.intervals.1": [700, "tenths of a second", RULE.readings],
            "readings.0.value": [2150, "value in 0.01 Cel", RULE.readings],
            "readings.0.difference.1": [0, "difference in 0.01 Cel", RULE.readings],
            "scan.0.bssid": ["a8b1d4010203", "the access point", RULE.scan],
            "scan.0.signal": [-41, "dBm", RULE.scan],
            "event.kind": [6, "what happened", RULE.event],
            "event.args.0": [3310, "as the kind has it", RULE.event],
            batteryMv: [3600, "battery, mV", RULE.status],
        })
        expect(decoded).toMatchObject({
            kind: "report",
            readings: { readings: [{ value: 2150 }, { afterDs: 600 }, { afterDs: 1300 }] },
            scan: { accessPoints: [{ bssid: "a8b1d4010203", signalDbm: -41 }] },
            event: { event: 6, args: [3310] },
            status: { batteryMv: 3600 },
        })
    })

    it("shows a lone part as what it is, and a response", () => {
        const instant = { timeDs: undefined, uptimeDs: 3600 }
        const event = encodeEvent({ kind: "event", instant, event: 3, args: [] })
        expect(inspect(sealed(MessageType.event, event), { key: KEY }).decoded).toMatchObject({
            kind: "event",
            event: 3,
        })
        const response = {
            ...{ session: 1, counter: 7, order: 1, answer: 0 },
            ...{ atS: 1_689_000_000, inForce: [60] },
        }
        const bytes = encodeResponse({ kind: "response", ...response })
        const { body, decoded } = inspect(sealed(MessageType.response, bytes), { key: KEY })
        expect(decoded).toMatchObject(response)
        expect(body!.map(({ field }) => field)).toContain("inForce.0")
        expect(joined(body!)).toBe(bytes.toString("hex"))
    })

    it("shows the ack that a base is unknown", () => {
        const ack = { kind: "ack" as const, epoch: 0, session: 1, seq: 7, earlier: 0 }
        const bytes = encodeAck({ ...ack, isBaseUnknown: true })
        const { body, decoded } = inspect(sealed(MessageType.ack, bytes), { key: KEY })
        expect(decoded).toMatchObject({ seq: 7, isBaseUnknown: true })
        expect(body!.at(-1)).toMatchObject({ field: "isBaseUnknown", rule: RULE.baseUnknown })
    })

    describe("that is chained to another", () => {
        const columns = (number: number) => {
            const place = [35165390 + 120 * number, 136881440]
            return [16890554520 + 10 * number, ...place, 40, 0, 73, 50, undefined, undefined]
        }
        /** Two fixes from number `first` on. */
        const batch = (first: number, base?: PackedTail) => {
            const writer = new PackedWriter(profileOf(1)!, first, BATCH_BYTES_MAX, base)
            writer.add(columns(first))
            writer.add(columns(first + 1))
            const message = sealed(MessageType.telemetry, packedBody(writer.finished(), 0))
            return { message, tail: writer.tail() }
        }
        const first = batch(300)
        const second = batch(302, first.tail)
        const third = batch(304, second.tail)

        it("says to which fix, and that its base is needed", () => {
            const { body, decoded } = inspect(second.message, { key: KEY })
            expect(decoded).toEqual({
                ...{ kind: "reject", reason: "unknown-base" },
                what: "chained to fix 301; its base is needed to read the fixes",
            })
            const count = body!.find(({ field }) => field === "fixes.count")
            expect(count).toMatchObject({ value: 2, meaning: "chained to fix 301" })
        })

        it("is read with its base, and with all that this one goes on from", () => {
            const one = inspect(second.message, { key: KEY, base: first.message })
            expect(one.decoded).toMatchObject({ base: 301, fixes: [columns(302), columns(303)] })
            const base = `${first.message},${second.message}`
            const two = inspect(third.message, { key: KEY, base })
            expect(two.decoded).toMatchObject({ base: 303, fixes: [columns(304), columns(305)] })
        })

        it("is not read with what is no base of it", () => {
            const given = (base: string) => () => inspect(third.message, { key: KEY, base })
            expect(given(second.message)).toThrow("base is refused (unknown-base), expected")
            expect(given(TELEMETRY!.message.replace(/.$/, "0"))).toThrow("base does not open")
            expect(inspect(third.message, { key: KEY, base: first.message }).decoded).toMatchObject(
                { reason: "unknown-base" },
            )
        })
    })

    it("takes the salt of the session where the message has none", () => {
        const { decoded } = inspect(TELEMETRY!.message, { key: KEY, salt: SALT })
        expect(decoded).toEqual({ kind: "reject", reason: "trailing-bytes" })
    })

    it("says what follows a body, and why one is no CBOR", () => {
        const parts = (hex: string) => bodyParts(MessageType.telemetry, Buffer.from(hex, "hex"))
        expect(parts("a0ff").at(-1)).toMatchObject({
            offset: 1,
            bytes: "ff",
            meaning: "bytes after the body's end",
        })
        expect(parts("a101").at(-1)!.meaning).toBe("no CBOR: an item that is cut short")
        expect(parts("a1187f00").at(-1)).toMatchObject({ field: "127", rule: RULE.unknownKey })
    })

    it("accounts for every byte of any body", () => {
        fc.assert(
            fc.property(fc.uint8Array({ minLength: 1, maxLength: 80, size: "max" }), (bytes) => {
                const body = Buffer.from(bytes)
                const parts = bodyParts(MessageType.telemetry, body)
                const last = parts.at(-1)!
                expect(last.offset + last.bytes.length / 2).toBe(body.length)
            }),
            { numRuns: cases(500, 50_000) },
        )
    })
})

describe("what a message may be given as", () => {
    it("digits with spaces, a file of digits, a file of bytes", () => {
        const folder = tempFolder()
        const text = join(folder, "message.hex")
        const binary = join(folder, "message.bin")
        writeFileSync(text, `${TELEMETRY!.message.replace(/../g, "$& ")}\n`)
        writeFileSync(binary, Buffer.from(TELEMETRY!.message, "hex"))
        const expected = inspect(TELEMETRY!.message, {})
        for (const given of [text, binary, TELEMETRY!.message.replace(/../g, "$&:")])
            expect(inspect(given, {})).toEqual(expected)
    })

    const refusals: [message: string, flags: object, says: string][] = [
        ["burr", {}, 'message is "burr", expected pairs of hexadecimal digits or a file'],
        ["000", {}, 'message is "000", expected pairs of hexadecimal digits or a file'],
        ["01", {}, "message is refused (version-unknown), expected 1 in the two highest bits"],
        ["4001", {}, "message is refused (message-too-short), expected header, seq, a byte of"],
        [`41${"00".repeat(20)}`, {}, "message is refused (seq-not-shortest), expected as many"],
        ["40".repeat(1025), {}, "message is refused (message-too-long), expected at most 1024"],
        ["58000058000040", {}, "message is refused (relay-in-relay), expected a sealed record"],
        [TELEMETRY!.message, { key: "0011" }, "key is 2 bytes, expected 32 bytes as 64 digits"],
        [TELEMETRY!.message, { key: "secret" }, "key is not hexadecimal, expected 32 bytes as"],
        [TELEMETRY!.message, { key: KEY }, "salt is missing: the message carries none, expected"],
        [TELEMETRY!.message, { key: KEY, salt: "00" }, "salt is 1 bytes, expected 8 bytes as 16"],
        [
            TELEMETRY!.message,
            { key: KEY, salt: "00".repeat(8) },
            "key does not open the message: expected the key of its epoch and direction",
        ],
    ]
    it.each(refusals)("not %s with %j", (message, flags, says) => {
        expect(() => inspect(message, flags)).toThrow(InputError)
        expect(() => inspect(message, flags)).toThrow(says)
    })

    it("any bytes at all are taken apart or refused", () => {
        const secrets = { key: Buffer.alloc(32), salt: Buffer.alloc(8) }
        fc.assert(
            fc.property(
                fc.uint8Array({ maxLength: 60, size: "max" }),
                fc.boolean(),
                (bytes, isKeyed) => {
                    const message = Buffer.from(bytes)
                    if (message.length > 0) message[0] = 0x40 | (message[0]! & 63)
                    try {
                        const none = { key: undefined, salt: undefined }
                        const { parts } = takeApart(message, isKeyed ? secrets : none)
                        expect(joined(parts)).toBe(message.toString("hex"))
                    } catch (error) {
                        expect(error).toBeInstanceOf(InputError)
                    }
                },
            ),
            { numRuns: cases(500, 50_000) },
        )
    })
})
