// The golden bodies of readings, scans, events and status [P-B1, P-B5, P-B12].

import { decode } from "cbor-x"
import { describe, expect, it } from "vitest"
import { partsOf } from "../../protocol/body.js"
import { EVENTS, READINGS, SCANS, STATUSES, VERSIONS } from "../../protocol/body-vectors.js"
import { decodeEvent } from "../../protocol/event.js"
import { decodeFixBatch } from "../../protocol/fix.js"
import { QUANTITIES, quantityOf } from "../../protocol/quantity.js"
import { decodeReadings } from "../../protocol/reading.js"
import { decodeScan } from "../../protocol/scan.js"
import { decodeStatus } from "../../protocol/status.js"
import { BATCHES } from "../../protocol/vectors.js"
import { bodyLines, FullReadings } from "../device/runs/bodies-run.js"
import { runOnDevice } from "../support/device-run.js"

const hex = (text: string) => text.replaceAll(" ", "")

/** The lines that the vectors ask for. */
function golden(): string[] {
    const bodies = (kind: string, vectors: { name: string; body: string }[]) =>
        vectors.flatMap(({ name, body }) => [
            `${kind} ${name}: ${hex(body)}`,
            `${kind} ${name}, read and written again: ${hex(body)}`,
        ])
    return [
        ...bodies("readings", READINGS),
        ...bodies("scan", SCANS),
        ...bodies("event", EVENTS),
        ...bodies("status", STATUSES),
        ...VERSIONS.map(({ name, understood }) => `${name}: ${hex(understood)}`),
    ]
}

describe("the golden bodies", () => {
    it("come out byte for byte on Node", () => {
        const lines: string[] = []
        for (let step = 0; bodyLines(step).length > 0; step++) lines.push(...bodyLines(step))
        expect(lines).toEqual(golden())
    })

    it("come out byte for byte on the tracker's machine", async () => {
        const { said, complaints } = await runOnDevice("bodies", 5)
        expect(complaints).toEqual([])
        const full = new FullReadings()
        while (full.next());
        expect(said.map(({ text }) => text)).toEqual([...golden(), full.line(), "."])
    })

    it("are read by any CBOR library", () => {
        const value = (body: string) => decode(Buffer.from(hex(body), "hex")) as object
        expect(value(STATUSES[0]!.body)).toEqual({ 9: 3600, 21: 3 })
        expect(value(EVENTS[0]!.body)).toEqual({ 9: 20, 12: [1, 1] })
        expect(value(READINGS[0]!.body)).toEqual({ 9: 3600, 10: [[1, 0, [], 2150]] })
    })
})

describe("one body", () => {
    const none = { kind: "parts", fixes: false, readings: false, scan: false, event: false }

    it("may carry fixes, readings, a scan, an event and a status, each read by its decoder", () => {
        const whole = Buffer.from(
            hex(
                `aa ${BATCHES[0]!.body.slice(2)} ${READINGS[0]!.body.slice(2)}` +
                    `0b40 0c8103 1503 1903e8f6`,
            ),
            "hex",
        )
        expect(partsOf(whole)).toEqual({
            ...none,
            ...{ fixes: true, readings: true, scan: true, event: true, status: true },
        })
        const instant = { timeDs: undefined, uptimeDs: 3600 }
        expect(decodeFixBatch(whole)).toMatchObject({ kind: "fixes", ...BATCHES[0]!.value })
        expect(decodeReadings(whole)).toMatchObject({ kind: "readings", ...READINGS[0]!.value })
        expect(decodeScan(whole)).toEqual({ kind: "scan", instant, accessPoints: [] })
        expect(decodeEvent(whole)).toEqual({ kind: "event", instant, event: 3, args: [] })
        expect(decodeStatus(whole)).toEqual({ kind: "status", instant, queued: 3 })
    })

    it("of keys unknown to this version has no part", () => {
        expect(partsOf(Buffer.from("a10000", "hex"))).toEqual({ ...none, status: false })
    })
})

describe("the table of quantities", () => {
    it("has each number in its place, a range, and a quantum above nothing", () => {
        QUANTITIES.forEach((quantity, i) => {
            expect(quantity.number).toBe(i + 1)
            expect(quantityOf(quantity.number)).toBe(quantity)
            expect(quantity.least).toBeLessThan(quantity.most)
            expect(quantity.quantum).toBeGreaterThan(0)
        })
        expect([0, -1, QUANTITIES.length + 1].map(quantityOf)).toEqual([
            undefined,
            undefined,
            undefined,
        ])
    })
})
