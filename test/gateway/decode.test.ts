// Bytes from outside are data: any of them decode to a value or a reject, and nothing throws.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { nodeAead, nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import { authenticate, decodeBody } from "../../gateway/core/ingest/open-uplink.js"
import { ACK_UTC_S_END, ACK_UTC_S_LEAST, decodeAck, encodeAck } from "../../protocol/ack.js"
import { parseEnvelope, SEQ_MAX } from "../../protocol/envelope.js"
import { decodeFixBatch, FixBatchWriter } from "../../protocol/fix.js"
import { decodeHello, encodeHello } from "../../protocol/hello.js"
import { epochKeys } from "../../protocol/keys.js"
import { BODY_BYTES_MAX } from "../../protocol/limits.js"
import { anyFix } from "../support/any-fix.js"
import { cases } from "../support/cases.js"
import { aFix, aHello, SealedSession } from "../support/host-tracker.js"

const KEYS = epochKeys(nodeHkdf, Buffer.alloc(32, 1), Buffer.from("00112233445566aa", "hex"), 0)
const SALT = "0102030405060708"
const RUNS = { numRuns: cases(3000, 300_000) }

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
const type = fc.integer({ min: 0, max: 7 })
const count = fc.integer({ min: 0, max: SEQ_MAX })

/** A real body with one byte changed, cut or doubled: most of it still makes sense. */
function nearly(body: Buffer): fc.Arbitrary<Buffer> {
    return fc
        .record({
            at: fc.nat(body.length - 1),
            byte: fc.nat(255),
            how: fc.constantFrom("set", "cut", "insert" as const),
        })
        .map(({ at, byte, how }) => {
            const rest = body.subarray(how === "insert" ? at : at + 1)
            const middle = how === "cut" ? Buffer.alloc(0) : Buffer.of(byte)
            return Buffer.concat([body.subarray(0, at), middle, rest])
        })
}
const aBatch = new SealedSession(KEYS).batch([aFix(), aFix({ timeDs: aFix().timeDs + 10 })])
const anyBody = fc.oneof(bytes, nearly(aBatch), nearly(encodeHello(aHello())))

describe("any bytes at all", () => {
    it("are an envelope or a reject", () => {
        fc.assert(
            fc.property(bytes, (message) => {
                expect(["envelope", "reject"]).toContain(parseEnvelope(message).kind)
            }),
            RUNS,
        )
    })

    it("are never authentic", () => {
        fc.assert(
            fc.property(bytes, fc.constantFrom(SALT, undefined), (message, session) => {
                expect(authenticate(nodeAead, KEYS, message, session).kind).toBe("reject")
            }),
            RUNS,
        )
    })

    it("under a good seal are a hello, a report, a response or a reject", () => {
        fc.assert(
            fc.property(anyBody, type, (body, type) => {
                const kinds = ["hello", "report", "response", "reject"]
                expect(kinds).toContain(decodeBody(type, body).kind)
            }),
            RUNS,
        )
    })

    it("are an ack or a reject", () => {
        const ack = encodeAck({ kind: "ack", epoch: 0, session: 0, seq: 77, earlier: 5 })
        fc.assert(
            fc.property(fc.oneof(bytes, nearly(ack)), (body) => {
                expect(["ack", "reject"]).toContain(decodeAck(body).kind)
            }),
            RUNS,
        )
    })
})

describe("what is sealed and encoded comes back:", () => {
    it("any hello", () => {
        const hello = fc.record({
            kind: fc.constant("hello" as const),
            session: count,
            programHash: fc.constantFrom(Buffer.alloc(0), Buffer.alloc(32, 9)),
            board: fc.stringMatching(/^[ -~]{0,32}$/),
            resetCause: fc.nat(255),
            uptimeMs: fc.maxSafeNat(),
        })
        fc.assert(
            fc.property(hello, (given) => {
                expect(decodeHello(encodeHello(given))).toEqual(given)
            }),
            RUNS,
        )
    })

    it("any ack", () => {
        const ack = fc.record({
            ...{ kind: fc.constant("ack" as const), epoch: count, session: count },
            ...{ seq: count, earlier: count },
            isBaseUnknown: fc.constantFrom(true, undefined),
            utcS: fc.option(fc.integer({ min: ACK_UTC_S_LEAST, max: ACK_UTC_S_END - 1 }), {
                nil: undefined,
            }),
        })
        fc.assert(
            fc.property(ack, (given) => {
                expect(decodeAck(encodeAck(given))).toEqual(given)
            }),
            RUNS,
        )
    })

    it("any ack but one with a time that no gateway has [P-E34]", () => {
        const ack = { kind: "ack" as const, epoch: 0, session: 0, seq: 0, earlier: 0 }
        for (const utcS of [-1, 0, ACK_UTC_S_LEAST - 1, ACK_UTC_S_END, 2 ** 40])
            expect(decodeAck(encodeAck({ ...ack, utcS }))).toMatchObject({ reason: "utc-range" })
    })

    it("any run of fixes, as many as fit into a body", () => {
        const run = fc.array(anyFix, { minLength: 1, maxLength: 60 })
        fc.assert(
            fc.property(run, count, count, (given, firstFix, thinned) => {
                const writer = new FixBatchWriter(firstFix)
                const taken = given.filter((_, i) => writer.count === i && writer.add(given[i]!))
                const body = writer.body(thinned)
                expect(taken.length).toBeGreaterThan(0)
                expect(body.length).toBeLessThanOrEqual(BODY_BYTES_MAX)
                expect(decodeFixBatch(body)).toEqual({
                    kind: "fixes",
                    firstFix,
                    fixes: taken,
                    thinned,
                })
            }),
            { numRuns: cases(500, 100_000) },
        )
    })

    it("any record, under its key and session only", () => {
        const other = { ...KEYS, up: Buffer.alloc(32, 3) }
        fc.assert(
            fc.property(
                bytes,
                fc.constantFrom(0, 1, 2, 7),
                count,
                fc.boolean(),
                (body, type, seq, salted) => {
                    fc.pre(body.length > 0)
                    const session = new SealedSession(KEYS, Buffer.from(SALT, "hex"))
                    const message = session.seal(type, body, salted, seq)
                    const opened = authenticate(nodeAead, KEYS, message, SALT)
                    expect(opened).toEqual({ kind: "authentic", type, session: SALT, seq, body })
                    expect(authenticate(nodeAead, other, message, SALT).kind).toBe("reject")
                    const elsewhere = authenticate(nodeAead, KEYS, message, "ffffffffffffffff")
                    expect(elsewhere.kind).toBe(salted ? "authentic" : "reject")
                },
            ),
            { numRuns: cases(500, 100_000) },
        )
    })
})
