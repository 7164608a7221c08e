// Any reading, scan, event and status survives the way [P-B2]; a writer keeps its limits [P-B10].

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Instant } from "../../protocol/body.js"
import { type DeviceEvent, decodeEvent, encodeEvent } from "../../protocol/event.js"
import { BODY_BYTES_MAX } from "../../protocol/limits.js"
import { QUANTITIES } from "../../protocol/quantity.js"
import {
    decodeReadings,
    READING_SPAN_DS_MAX,
    READINGS_MAX,
    type Reading,
    ReadingBatchWriter,
} from "../../protocol/reading.js"
import { decodeScan, encodeScan, SCAN_MAX, strongest } from "../../protocol/scan.js"
import { decodeStatus, encodeStatus, type Status } from "../../protocol/status.js"
import { cases } from "../support/cases.js"

const RUNS = { numRuns: cases(2000, 20_000) }
const SOAK_MS = 180_000

const time = fc.integer({ min: 1, max: 41_024_447_999 })
const count = fc.integer({ min: 0, max: 0xffffffff })
const instant: fc.Arbitrary<Instant> = fc.oneof(
    fc.record({ timeDs: time, uptimeDs: count }),
    fc.record({ timeDs: time, uptimeDs: fc.constant(undefined) }),
    fc.record({ timeDs: fc.constant(undefined), uptimeDs: count }),
)

/** Of a few quantities, close to each other or far apart in time and value. */
const sample = fc.constantFrom(...QUANTITIES).chain(({ number, least, most }) =>
    fc.record({
        quantity: fc.constant(number),
        stepDs: fc.oneof(fc.constantFrom(0, 600), fc.nat(1000), fc.nat(1_000_000)),
        value: fc.oneof(
            fc.integer({ min: least, max: Math.min(most, least + 20) }),
            fc.integer({ min: least, max: most }),
        ),
    }),
)
/** Rounds of a few sensors at uneven moments: their times are shared. */
const round = fc.integer({ min: 1, max: 4 }).chain((sensors) =>
    fc
        .array(fc.tuple(fc.integer({ min: 590, max: 610 }), fc.nat(20)), {
            ...{ minLength: 1, maxLength: 30, size: "max" as const },
        })
        .map((moments) =>
            moments.flatMap(([stepDs, value]) =>
                QUANTITIES.slice(0, sensors).map(({ number }, i) => ({
                    ...{ quantity: number, stepDs: i === 0 ? stepDs : 0, value: value + i },
                })),
            ),
        ),
)
const samples = fc.oneof(fc.array(sample, { minLength: 1, maxLength: 90, size: "max" }), round)

/** As a node takes them: each a while after the one before. */
function inTime(taken: { quantity: number; stepDs: number; value: number }[]): Reading[] {
    let afterDs = 0
    return taken.map(({ quantity, stepDs, value }) => {
        afterDs += stepDs
        return { quantity, afterDs, value }
    })
}

describe("what is encoded comes back:", { timeout: SOAK_MS }, () => {
    it("any readings, as many as a writer takes", () => {
        let most = 0
        fc.assert(
            fc.property(instant, samples, (at, given) => {
                const writer = new ReadingBatchWriter(at)
                const taken = inTime(given).filter((reading) => writer.add(reading))
                const body = writer.body()
                most = Math.max(most, taken.length)
                expect(taken.length).toBe(writer.count)
                expect(taken.length).toBeGreaterThan(0)
                expect(body.length).toBeLessThanOrEqual(BODY_BYTES_MAX)
                taken.sort((a, b) => a.quantity - b.quantity)
                expect(decodeReadings(body)).toEqual({
                    kind: "readings",
                    instant: at,
                    readings: taken,
                })
            }),
            RUNS,
        )
        expect(most).toBe(READINGS_MAX)
    })

    it("any scan, whatever was heard, in whatever order", () => {
        const point = fc.record({
            // Few names, so that some are heard twice.
            bssid: fc
                .tuple(fc.constantFrom(0, 2, 3), fc.nat(4))
                .map(([first, last]) => Buffer.of(first, 0, 0, 0, 0, last)),
            signalDbm: fc.integer({ min: -130, max: 3 }),
        })
        fc.assert(
            fc.property(instant, fc.array(point, { maxLength: 30, size: "max" }), (at, heard) => {
                const kept = strongest(heard)
                const sane = heard.filter(
                    ({ bssid, signalDbm }) =>
                        (bssid[0]! & 1) === 0 &&
                        bssid.some((byte) => byte > 0) &&
                        signalDbm <= 0 &&
                        signalDbm >= -127,
                )
                const names = new Set(sane.map(({ bssid }) => bssid.toString("hex")))
                expect(kept.length).toBe(Math.min(names.size, SCAN_MAX))
                const loudest = Math.max(...sane.map(({ signalDbm }) => signalDbm))
                if (kept.length > 0) expect(kept[0]!.signalDbm).toBe(loudest)
                const body = encodeScan(at, kept)
                expect(decodeScan(body)).toEqual({ kind: "scan", instant: at, accessPoints: kept })
            }),
            RUNS,
        )
    })

    it("any event, of kinds known and unknown", () => {
        const big = fc.integer({ min: -0xffffffff, max: 0xffffffff })
        const kind = fc.oneof(
            fc.tuple(fc.constantFrom(1, 2, 7), fc.tuple(fc.nat(255))),
            fc.tuple(fc.constantFrom(3, 4), fc.constant([])),
            fc.tuple(fc.constant(5), fc.tuple(fc.nat(65535), fc.nat(1))),
            fc.tuple(fc.constant(6), fc.tuple(fc.nat(20000))),
            fc.tuple(fc.integer({ min: 14, max: 65535 }), fc.array(big, { maxLength: 2 })),
        )
        fc.assert(
            fc.property(
                instant,
                kind,
                fc.array(big, { maxLength: 2 }),
                (at, [event, args], more) => {
                    const given: DeviceEvent = {
                        kind: "event",
                        instant: at,
                        event,
                        args: [...args, ...more],
                    }
                    expect(decodeEvent(encodeEvent(given))).toEqual(given)
                },
            ),
            RUNS,
        )
    })

    it("any status with at least one field", () => {
        const fields = fc.record(
            {
                batteryMv: fc.nat(20000),
                temperatureC: fc.integer({ min: -100, max: 150 }),
                chargePercent: fc.nat(100),
                drawnMah: fc.nat(10_000_000),
                ...{ meteredS: count, radioS: count, gnssS: count },
                firstFixDs: fc.nat(864_000),
                ...{ queued: count, thinned: count, boots: count },
                resetCause: fc.nat(255),
                programHash: fc
                    .uint8Array({ minLength: 8, maxLength: 8 })
                    .map((bytes) => Buffer.from(bytes)),
            },
            { requiredKeys: [] },
        )
        fc.assert(
            fc.property(instant, fields, (at, some) => {
                const given: Status = { kind: "status", instant: at, ...some }
                const back = decodeStatus(encodeStatus(given))
                if (Object.keys(some).length > 0) expect(back).toEqual(given)
                else expect(back).toEqual({ kind: "reject", reason: "status-missing" })
            }),
            RUNS,
        )
    })
})

describe("a reading writer", () => {
    const at: Instant = { timeDs: 19_000_000_000, uptimeDs: undefined }

    it("takes 60 readings of a node with four sensors, in less than 130 bytes", () => {
        const writer = new ReadingBatchWriter(at)
        let minute = 0
        const add = (quantity: number, value: number) =>
            writer.add({ quantity, afterDs: minute * 600, value })
        while (
            add(1, 2100 + ((minute * 7) % 23)) &&
            add(2, 50 + (minute % 3)) &&
            add(4, 300 + ((minute * 31) % 90)) &&
            add(5, 10132 + (minute % 2))
        )
            minute++
        expect(writer.count).toBe(READINGS_MAX)
        expect(writer.body().length).toBeLessThan(130)
    })

    it("refuses what goes back in time, lies too far off, is out of range, or is unknown", () => {
        const writer = new ReadingBatchWriter(at)
        expect(writer.add({ quantity: 1, afterDs: 10, value: 0 })).toBe(true)
        expect(writer.add({ quantity: 1, afterDs: 10, value: 0 })).toBe(false)
        expect(writer.add({ quantity: 1, afterDs: 9, value: 0 })).toBe(false)
        expect(writer.add({ quantity: 2, afterDs: 9, value: 0 })).toBe(true)
        expect(writer.add({ quantity: 1, afterDs: READING_SPAN_DS_MAX + 1, value: 0 })).toBe(false)
        expect(writer.add({ quantity: 1, afterDs: 20, value: 20001 })).toBe(false)
        expect(writer.add({ quantity: 99, afterDs: 20, value: 0 })).toBe(false)
        expect(writer.count).toBe(2)
    })
})
