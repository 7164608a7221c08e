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
import { encodeCommand } from "../../protocol/command.js"
import { MessageType, sealMessage } from "../../protocol/envelope.js"
import { PackedWriter } from "../../protocol/pack/packed-batch.js"
import { BATCH_BYTES_MAX, packedBody } from "../../protocol/pack/packed-body.js"
import { profileOf } from "../../protocol/pack/profile.js"
import { encodeRelay } from "../../protocol/relay.js"
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
