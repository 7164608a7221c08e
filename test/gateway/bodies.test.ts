// Every kind of body on its way into the store: as reported, placed in time, under its mandate.

import { describe, expect, it } from "vitest"
import type { Gateway } from "../../gateway/main.js"
import type { Instant } from "../../protocol/body.js"
import { EVENTS, READINGS, SCANS, STATUSES } from "../../protocol/body-vectors.js"
import { MessageType } from "../../protocol/envelope.js"
import { type DeviceEvent, EventKind, encodeEvent } from "../../protocol/event.js"
import type { FenceShape } from "../../protocol/live.js"
import { ReadingBatchWriter } from "../../protocol/reading.js"
import { Answer, encodeResponse } from "../../protocol/response.js"
import { encodeScan } from "../../protocol/scan.js"
import { encodeStatus } from "../../protocol/status.js"
import { metres, unixMs } from "../../protocol/units.js"
import { handleOf } from "../support/break-database.js"
import { HOME, START_MS } from "../support/builders.js"
import { aCase, DEVICE_ID, MANDATE_ID, TARGET_ID } from "../support/case.js"
import { aFix, HostTracker } from "../support/host-tracker.js"
import { ManualClock } from "../support/manual-clock.js"
import { tempFolder } from "../support/temp-folder.js"
import { quiet, testGateway } from "../support/test-gateway.js"

const ALL_TIME = { fromMs: unixMs(0), toMs: unixMs(4e12) }
const RECEIVED_MS = START_MS + 60_000
const COVERED = { targetId: TARGET_ID, mandateId: MANDATE_ID, isLate: false }

/** So many seconds after START_MS, in UTC. */
function utc(seconds: number, uptimeDs?: number): Instant {
    return { timeDs: START_MS / 100 + seconds * 10, uptimeDs }
}
/** So many seconds after boot, and no time. */
function uptime(seconds: number): Instant {
    return { timeDs: undefined, uptimeDs: seconds * 10 }
}
function anEvent(kind: number, args: number[] = [], instant = utc(0)): Buffer {
    return encodeEvent({ kind: "event", instant, event: kind, args } satisfies DeviceEvent)
}

async function aTracker(parts: Parameters<typeof aCase>[0] = {}) {
    const clock = new ManualClock(RECEIVED_MS)
    const gateway = await testGateway(aCase(parts), tempFolder(), quiet, { clock })
    const tracker = await HostTracker.connect(gateway)
    await tracker.send(tracker.session.hello())
    const send = (type: number, body: Buffer) => tracker.publish(tracker.session.seal(type, body))
    return { gateway, tracker, clock, send }
}
async function eventsOf(gateway: Gateway) {
    await gateway.settled()
    return gateway.store.evidence.events(DEVICE_ID, ALL_TIME, 99)
}

describe("what a device reports beside fixes", () => {
    it("is stored as it was sent: readings", async () => {
        const { gateway, send } = await aTracker()
        const writer = new ReadingBatchWriter(utc(0))
        for (const [quantity, afterDs, value] of [
            [1, 0, 2150],
            [2, 0, 48],
            [1, 6000, 2146],
        ] as const)
            expect(writer.add({ quantity, afterDs, value })).toBe(true)
        await send(MessageType.telemetry, writer.body())
        await gateway.settled()
        const at = (seconds: number) => ({ atMs: START_MS + seconds * 1000, quality: "utc" })
        expect(gateway.store.evidence.readings(DEVICE_ID, ALL_TIME, 9)).toEqual([
            { uplinkId: 2, ...COVERED, ...at(0), quantity: 1, value: 2150 },
            { uplinkId: 2, ...COVERED, ...at(0), quantity: 2, value: 48 },
            { uplinkId: 2, ...COVERED, ...at(600), quantity: 1, value: 2146 },
        ])
        expect(gateway.store.evidence.readings(DEVICE_ID, ALL_TIME, 1)).toHaveLength(1)
    })

    it("is stored as it was sent: scans", async () => {
        const { gateway, send } = await aTracker()
        const accessPoints = [
            { bssid: Buffer.from("a8b1d4010203", "hex"), signalDbm: -41 },
            { bssid: Buffer.from("a8b1d4010204", "hex"), signalDbm: -97 },
        ]
        await send(MessageType.telemetry, encodeScan(utc(5), accessPoints))
        await send(MessageType.telemetry, encodeScan(utc(6), []))
        await gateway.settled()
        const scans = gateway.store.evidence.scans(DEVICE_ID, ALL_TIME, 9)
        expect(scans.map((scan) => scan.accessPoints)).toEqual([accessPoints, []])
        expect(scans[0]).toMatchObject({ ...COVERED, atMs: START_MS + 5000 })
    })

    it("is stored as it was sent: events, by either type of message", async () => {
        const { gateway, send } = await aTracker()
        await send(MessageType.event, anEvent(EventKind.tamper, [1]))
        await send(MessageType.event, anEvent(EventKind.lowBattery, [3310], utc(1)))
        await send(MessageType.event, anEvent(EventKind.jamSuspected, [200], utc(2)))
        await send(MessageType.telemetry, anEvent(EventKind.fenceSide, [7, 1], utc(3)))
        // Of a later version: kept as numbers.
        await send(MessageType.event, anEvent(4711, [-5, 6], utc(4)))
        const events = await eventsOf(gateway)
        expect(events.map(({ event, args }) => [event, args])).toEqual([
            [EventKind.tamper, [1]],
            [EventKind.lowBattery, [3310]],
            [EventKind.jamSuspected, [200]],
            [EventKind.fenceSide, [7, 1]],
            [4711, [-5, 6]],
        ])
        for (const event of events) expect(event).toMatchObject(COVERED)
    })

    it("is stored as it was sent: statuses, the newest at hand", async () => {
        const { gateway, send } = await aTracker()
        const hash = Buffer.from("0011223344556677", "hex")
        const first = { batteryMv: 3604, queued: 2, thinned: 0, programHash: hash }
        const instant = utc(0)
        await send(MessageType.telemetry, encodeStatus({ kind: "status", instant, ...first }))
        const later = { kind: "status" as const, instant: utc(9), batteryMv: 3600 }
        await send(MessageType.telemetry, encodeStatus(later))
        await gateway.settled()
        const { evidence } = gateway.store
        expect(evidence.lastStatus(DEVICE_ID)?.status).toEqual({ batteryMv: 3600 })
        expect(evidence.statuses(DEVICE_ID, ALL_TIME, 9).map(({ status }) => status)).toEqual([
            { ...first, programHash: "0011223344556677" },
            { batteryMv: 3600 },
        ])
        expect(evidence.lastStatus("ffeeddccbbaa9988")).toBeUndefined()
    })

    it("is stored as it was sent: responses to commands", async () => {
        const { gateway, send } = await aTracker()
        const response = {
            ...{ session: 1, counter: 7, order: 1, answer: Answer.accepted },
            ...{ atS: START_MS / 1000, inForce: [60] },
        }
        await send(MessageType.response, encodeResponse({ kind: "response", ...response }))
        await gateway.settled()
        expect(gateway.store.evidence.responses(DEVICE_ID, 9)).toEqual([
            { uplinkId: 2, receivedAtMs: RECEIVED_MS, response },
        ])
        expect(gateway.store.counts().rejected).toBe(0)
    })

    it("may stand in one body with fixes, and each goes its way", async () => {
        const { gateway, tracker, send } = await aTracker()
        const fixes = tracker.session.batch([aFix(), aFix({ timeDs: aFix().timeDs + 10 })])
        const event = anEvent(EventKind.motionStart)
        const status = encodeStatus({ kind: "status", instant: utc(0), batteryMv: 3700 })
        // One map: the fixes' keys, the instant once, the event, the status.
        const instantBytes = 10
        const pairs = (fixes[0]! & 31) + (event[0]! & 31) + (status[0]! & 31) - 1
        const rest = status.subarray(1 + instantBytes)
        const parts = [Buffer.of(0xa0 + pairs), fixes.subarray(1), event.subarray(1), rest]
        await send(MessageType.telemetry, Buffer.concat(parts))
        await gateway.settled()
        expect(gateway.store.fixes(DEVICE_ID)).toHaveLength(2)
        expect((await eventsOf(gateway)).map((one) => one.event)).toEqual([EventKind.motionStart])
        expect(gateway.store.evidence.lastStatus(DEVICE_ID)?.status).toEqual({ batteryMv: 3700 })
        expect(gateway.store.counts()).toMatchObject({ rejected: 0, withheld: 0 })
    })

    it("comes into the store from every golden body", async () => {
        const { gateway, send } = await aTracker({ fromMs: 0 })
        for (const { body } of [...READINGS, ...SCANS, ...EVENTS, ...STATUSES])
            await send(MessageType.telemetry, Buffer.from(body.replaceAll(" ", ""), "hex"))
        await gateway.settled()
        expect(gateway.store.counts()).toMatchObject({ rejected: 0 })
    })
})

describe("an instant without time", () => {
    const status = (instant: Instant) => encodeStatus({ kind: "status", instant, queued: 1 })
    const places = (gateway: Gateway) =>
        gateway.store.evidence
            .statuses(DEVICE_ID, ALL_TIME, 9)
            .map(({ uplinkId, atMs, quality }) => [uplinkId, (atMs - START_MS) / 1000, quality])
            .sort((a, b) => Number(a[0]) - Number(b[0]))

    it("is reckoned from what the session told of both clocks, else it is its receipt", async () => {
        const { gateway, tracker, send } = await aTracker()
        await send(MessageType.telemetry, status(uptime(10)))
        await send(MessageType.telemetry, status(utc(20, 300)))
        await send(MessageType.telemetry, status(uptime(12)))
        // Another hello: the program began again, and its uptime with it.
        await tracker.send(tracker.session.hello())
        await send(MessageType.telemetry, status(uptime(12)))
        // A clock that is years ahead ties nothing.
        await send(MessageType.telemetry, status(utc(1e8, 140)))
        await send(MessageType.telemetry, status(uptime(14)))
        await gateway.settled()
        expect(places(gateway)).toEqual([
            [2, 60, "received"],
            [3, 20, "utc"],
            [4, 2, "placed"],
            [6, 60, "received"],
            [7, 1e8, "utc"],
            [8, 60, "received"],
        ])
    })

    it("is not reckoned past its receipt", async () => {
        const { gateway, send } = await aTracker()
        await send(MessageType.telemetry, status(utc(20, 300)))
        await send(MessageType.telemetry, status(uptime(3000)))
        await gateway.settled()
        expect(places(gateway).at(-1)).toEqual([3, 60, "received"])
    })
})

describe("outside its mandate", () => {
    it("only statuses and what concerns the device alone are kept, of the rest time and count", async () => {
        const { gateway, send } = await aTracker({ fromMs: START_MS + 10_000 })
        const writer = new ReadingBatchWriter(utc(0))
        // The first of two before the mandate begins, the second after.
        writer.add({ quantity: 1, afterDs: 0, value: 1 })
        writer.add({ quantity: 1, afterDs: 200, value: 2 })
        await send(MessageType.telemetry, writer.body())
        await send(MessageType.telemetry, encodeScan(utc(0), []))
        await send(MessageType.event, anEvent(EventKind.tamper, [1]))
        await send(MessageType.event, anEvent(EventKind.boot, [1]))
        const status = { kind: "status" as const, instant: utc(0), queued: 0 }
        await send(MessageType.telemetry, encodeStatus(status))
        await gateway.settled()
        const { evidence } = gateway.store
        const values = evidence.readings(DEVICE_ID, ALL_TIME, 9).map(({ value }) => value)
        expect(values).toEqual([2])
        expect(evidence.scans(DEVICE_ID, ALL_TIME, 9)).toEqual([])
        expect(await eventsOf(gateway)).toMatchObject([
            { event: EventKind.boot, targetId: null, mandateId: null },
        ])
        expect(evidence.lastStatus(DEVICE_ID)).toBeDefined()
        expect(gateway.store.counts()).toMatchObject({ withheld: 3, rejected: 0 })
    })

    it("is also what names no place, where the mandate is limited to an area", async () => {
        const area: FenceShape = { type: "circle", center: HOME, radiusM: metres(100) }
        const { gateway, tracker, send } = await aTracker({ area })
        await tracker.send(tracker.session.fixes(aFix()))
        await send(MessageType.event, anEvent(EventKind.motionStart))
        expect(await eventsOf(gateway)).toEqual([])
        expect(gateway.store.counts()).toMatchObject({ fixes: 1, withheld: 1 })
    })
})

describe("a body that cannot be read", () => {
    const bodies: [string, number, Buffer, string][] = [
        ["is no CBOR", MessageType.telemetry, Buffer.from("no CBOR"), "map-expected"],
        ["has no part that is known", MessageType.telemetry, Buffer.of(0xa0), "no-part-known"],
        ["is an event without one", MessageType.event, Buffer.of(0xa0), "event-missing"],
        ["is a hello without counter", MessageType.hello, Buffer.of(0xa0), "session-range"],
        ["is a response without answer", MessageType.response, Buffer.of(0xa0), "session-range"],
        [
            "has an event out of its range",
            MessageType.event,
            anEvent(EventKind.lowBattery, [20_001]),
            "event-argument-range",
        ],
    ]
    it.each(bodies)("because it %s is kept, rejected and shown as a gap", async (...given) => {
        const [, type, body, reason] = given
        const { gateway, tracker, send } = await aTracker()
        await tracker.send(tracker.session.fixes(aFix()))
        await send(type, body)
        await tracker.send(tracker.session.fixes(aFix({ timeDs: aFix().timeDs + 100 })))
        await gateway.settled()
        expect(gateway.store.counts()).toMatchObject({ fixes: 2, rejected: 1 })
        const gaps = gateway.store.gaps(DEVICE_ID, ALL_TIME)
        expect(gaps.filter(({ cause }) => cause === "unreadable")).toMatchObject([
            { missing: 1, fromMs: START_MS, toMs: START_MS + 10_000 },
        ])
        expect(gateway.ledger.count()).toBe(4)
        const rejected = handleOf(gateway.store).prepare("SELECT reason FROM rejected").all()
        expect(rejected).toEqual([{ reason }])
    })
})
