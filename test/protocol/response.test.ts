import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { CborWriter } from "../../protocol/cbor.js"
import { SEQ_MAX } from "../../protocol/envelope.js"
import { BODY_BYTES_MAX } from "../../protocol/limits.js"
import {
    Answer,
    decodeResponse,
    encodeResponse,
    IN_FORCE_MAX,
    type Response,
} from "../../protocol/response.js"
import { cases } from "../support/cases.js"

const uint32 = fc.integer({ min: 0, max: 0xffffffff })
const responses = fc.record({
    kind: fc.constant("response" as const),
    session: uint32,
    counter: fc.integer({ min: 0, max: SEQ_MAX - 1 }),
    order: fc.nat(),
    answer: fc.integer({ min: 0, max: 0xffff }),
    atS: uint32,
    inForce: fc.array(fc.maxSafeInteger(), { maxLength: IN_FORCE_MAX }),
})
const HOLD: Response = {
    kind: "response",
    session: 3,
    counter: 7,
    order: 1,
    answer: Answer.accepted,
    atS: 1900000000,
    inForce: [60],
}
const bytes = (hex: string) => Buffer.from(hex.replaceAll(" ", ""), "hex")

describe("a response", () => {
    it("has the bytes that the page shows", () => {
        expect(encodeResponse(HOLD).toString("hex")).toBe(
            bytes("a6 01 03 02 07 03 01 04 00 05 1a713fb300 06 81 183c").toString("hex"),
        )
    })

    it("is what was encoded, and stays a record that fits", () => {
        fc.assert(
            fc.property(responses, (response) => {
                const body = encodeResponse(response)
                expect(body.length).toBeLessThanOrEqual(BODY_BYTES_MAX)
                expect(decodeResponse(body)).toEqual(response)
            }),
            { numRuns: cases(300, 100_000) },
        )
    })

    it("is refused with any byte of it cut off, and never throws on other bytes", () => {
        const body = encodeResponse(HOLD)
        for (let length = 0; length < body.length; length++)
            expect(decodeResponse(body.subarray(0, length)).kind).toBe("reject")
        fc.assert(
            fc.property(fc.uint8Array({ maxLength: 60 }), (any) => {
                const read = decodeResponse(Buffer.from(any))
                // What is taken for one is written back to the same bytes, or has more than we know.
                if (read.kind === "response") expect(encodeResponse(read).length).toBeLessThan(100)
            }),
            { numRuns: cases(2000, 200_000) },
        )
    })

    it.each([
        ["no session", "a5 02 07 03 01 04 00 05 00 06 81 00", "session-range"],
        ["no counter", "a4 01 03 03 01 04 00 05 00", "counter-range"],
        ["the last counter", "a5 01 03 02 1affffffff 03 01 04 00 05 00", "counter-range"],
        ["no order", "a4 01 03 02 07 04 00 05 00", "order-range"],
        ["no answer", "a4 01 03 02 07 03 01 05 00", "answer-range"],
        ["an answer past 16 bits", "a5 01 03 02 07 03 01 04 1a00010000 05 00", "answer-range"],
        ["no time", "a4 01 03 02 07 03 01 04 00", "time-range"],
        ["five values", "a6 01 03 02 07 03 01 04 00 05 00 06 85 00 00 00 00 00", "values-in-force"],
        ["an empty list of values", "a6 01 03 02 07 03 01 04 00 05 00 06 80", "values-in-force"],
        ["a longer form", "a5 01 1803 02 07 03 01 04 00 05 00", "not-shortest-form"],
    ])("with %s is refused", (_, hex, reason) => {
        expect(decodeResponse(bytes(hex))).toEqual({ kind: "reject", reason })
    })

    it("of a later version is read for what is known", () => {
        const out = new CborWriter()
        out.raw(bytes("a7 01 03 02 07 03 01 04 00 05 1a713fb300 06 81 183c 14 63 6e6577"))
        expect(decodeResponse(out.result())).toEqual(HOLD)
    })
})
