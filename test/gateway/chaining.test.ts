// Batches that are chained to others [P-pack.16], through broker, ledger and ingest: a batch that is
// lost spoils none but those chained to it, and of these the device is told.

import { readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it, vi } from "vitest"
import { gatewayConfig } from "../../gateway/config.js"
import { TAILS_MAX } from "../../gateway/core/ingest/tails.js"
import { ANSWER_WITHIN_MS } from "../../gateway/core/unknown-bases.js"
import { type Gateway, startGateway } from "../../gateway/main.js"
import type { Ack } from "../../protocol/ack.js"
import { MessageType, parseEnvelope } from "../../protocol/envelope.js"
import { type Fix, FixBatchWriter } from "../../protocol/fix.js"
import type { PackedTail } from "../../protocol/pack/packed-batch.js"
import { PROFILES } from "../../protocol/pack/profile.js"
import { encodeStatus } from "../../protocol/status.js"
import { unixMs } from "../../protocol/units.js"
import { BoardLink } from "../support/board-link.js"
import { START_MS } from "../support/builders.js"
import { aCase, DEVICE_ID } from "../support/case.js"
import { FramBoard } from "../support/fram-board.js"
import { aFix, HostTracker } from "../support/host-tracker.js"
import { ManualClock } from "../support/manual-clock.js"
import { seededBytes } from "../support/seeded-bytes.js"
import { tempFolder } from "../support/temp-folder.js"
import { quiet, testGateway } from "../support/test-gateway.js"

/** Nothing of a fix is lost. */
const WHOLE = PROFILES
const ALL_TIME = { fromMs: unixMs(0), toMs: unixMs(4e12) }

interface Batch {
    body: Buffer
    tail: PackedTail
    fixes: Fix[]
}
/** Five fixes from number `first` on, on a straight road. */
function aBatch(first: number, base?: PackedTail): Batch {
    const writer = new FixBatchWriter(first, WHOLE, base)
    const fixes = [0, 1, 2, 3, 4].map((i) => roadFix(first + i))
    for (const fix of fixes) writer.add(fix)
    return { body: writer.body(0), tail: writer.tail()!, fixes }
}
function roadFix(number: number): Fix {
    const { timeDs, latUdeg, lonUdeg } = aFix()
    return aFix({
        ...{ timeDs: timeDs + number * 10, latUdeg: latUdeg + number * 120 },
        ...{ lonUdeg: lonUdeg + number * 31, speedDmps: 136, courseDeg: 10 },
    })
}
/** Of a batch that never came. */
const LOST_BASE = aBatch(0).tail

async function aTracker(data = tempFolder()) {
    const gateway = await testGateway(aCase(), data)
    const tracker = await HostTracker.connect(gateway)
    await tracker.send(tracker.session.hello())
    return { gateway, tracker, data }
}
const seal = (tracker: HostTracker, { body }: Batch) =>
    tracker.session.seal(MessageType.telemetry, body)

function numbers(gateway: Gateway): number[] {
    return gateway.store.fixes(DEVICE_ID).map(({ number }) => number)
}
function gapsOf(gateway: Gateway) {
    return gateway.store.gaps(DEVICE_ID, ALL_TIME).map(({ cause, missing }) => [cause, missing])
}
function seqsOf(downlinks: readonly Buffer[]): number[] {
    return downlinks.map((message) => {
        const envelope = parseEnvelope(message)
        if (envelope.kind === "reject") throw new Error(envelope.reason)
        return envelope.seq
    })
}

describe("a batch chained to one that is held", () => {
    it("is read to the last fix, and so is the next one chained to it", async () => {
        const { gateway, tracker } = await aTracker()
        const first = aBatch(0)
        const second = aBatch(5, first.tail)
        const third = aBatch(10, second.tail)
        expect(second.body.length).toBeLessThan(first.body.length)
        for (const batch of [first, second, third]) await tracker.send(seal(tracker, batch))
        await gateway.settled()
        const stored = gateway.store.fixes(DEVICE_ID)
        expect(stored).toMatchObject(
            [first, second, third].flatMap(({ fixes }) => fixes).map(({ kind: _, ...fix }) => fix),
        )
        expect(gapsOf(gateway)).toEqual([])
    })

    it("is not spoilt by the loss of one between, chained or not", async () => {
        const { gateway, tracker } = await aTracker()
        const first = aBatch(0)
        for (const base of [first.tail, undefined]) {
            const from = base ? 0 : 100
            const start = base ? first : aBatch(from)
            await tracker.send(seal(tracker, start))
            seal(tracker, aBatch(from + 5, base))
            await tracker.send(seal(tracker, aBatch(from + 10, base)))
        }
        await gateway.settled()
        const run = (from: number) => [0, 1, 2, 3, 4, 10, 11, 12, 13, 14].map((i) => from + i)
        expect(numbers(gateway)).toEqual([...run(0), ...run(100)])
        expect(gapsOf(gateway)).toEqual([
            ["missing", 1],
            ["missing", 1],
        ])
    })

    it("is read after a restart in the middle, and when all is derived anew", async () => {
        const data = tempFolder()
        const config = gatewayConfig({ data, port: 0, mqttPort: 0 })
        let gateway = await startGateway(config, quiet)
        gateway.registry.add(aCase())
        let tracker = await HostTracker.connect(gateway)
        const { session } = tracker
        let batch = aBatch(0)
        await tracker.send(session.hello())
        await tracker.send(seal(tracker, batch))
        for (const isRebuilt of [false, true]) {
            await gateway.settled()
            await gateway.close()
            if (isRebuilt) rmSync(join(data, "derived.sqlite"))
            gateway = await startGateway(config, quiet)
            tracker = await HostTracker.connect(gateway)
            tracker.session = session
            batch = aBatch(batch.tail.fix + 1, batch.tail)
            await tracker.send(seal(tracker, batch))
        }
        await gateway.settled()
        expect(numbers(gateway)).toEqual(Array.from({ length: 15 }, (_, i) => i))
        expect(gateway.store.counts()).toMatchObject({ fixes: 15, rejected: 0 })
        await gateway.close()
    })

    it("may go on from one of the newest, and from none before them", async () => {
        const { gateway, tracker } = await aTracker()
        const batches = Array.from({ length: TAILS_MAX + 1 }, (_, i) => aBatch(5 * i))
        for (const batch of batches) await tracker.send(seal(tracker, batch))
        await tracker.send(seal(tracker, aBatch(200, batches[1]!.tail)))
        await tracker.publish(seal(tracker, aBatch(300, batches[0]!.tail)))
        await gateway.settled()
        expect(numbers(gateway).filter((number) => number >= 200)).toEqual([
            200, 201, 202, 203, 204,
        ])
        expect(gateway.store.counts()).toMatchObject({ rejected: 1 })
    })

    it("is read where a mandate begins, though nothing of its base may be kept in the clear", async () => {
        const data = tempFolder()
        const fromMs = START_MS + 5000
        const gateway = await testGateway(aCase({ fromMs }), data)
        const tracker = await HostTracker.connect(gateway)
        await tracker.send(tracker.session.hello())
        const before = aBatch(0)
        await tracker.send(seal(tracker, before))
        await tracker.send(seal(tracker, aBatch(5, before.tail)))
        await gateway.settled()
        expect(numbers(gateway)).toEqual([5, 6, 7, 8, 9])
        expect(gateway.store.counts()).toMatchObject({ withheld: 5 })
        const latitude = String(before.tail.trail.values[1])
        for (const name of readdirSync(data))
            expect(readFileSync(join(data, name)).includes(latitude), name).toBe(false)
    })
})

describe("a batch chained to one that is not known", () => {
    it("is held, shown as a gap, and told to the device under a number of its own", async () => {
        const { gateway, tracker } = await aTracker()
        await tracker.publish(seal(tracker, aBatch(5, LOST_BASE)))
        await vi.waitFor(() => expect(tracker.downlinks).toHaveLength(3))
        const [, held, told] = tracker.downlinks.map((one) => tracker.session.readAck(one))
        expect(held?.seq).toBe(1)
        expect(held?.isBaseUnknown).toBeUndefined()
        expect(told).toMatchObject({ seq: 1, isBaseUnknown: true })
        expect(new Set(seqsOf(tracker.downlinks)).size).toBe(3)
        expect(gapsOf(gateway)).toEqual([["unreadable", 1]])
        expect(gateway.ledger.count()).toBe(2)
        // The next one is chained to none, and goes on as if nothing had been.
        await tracker.send(seal(tracker, aBatch(10)))
        await gateway.settled()
        expect(numbers(gateway)).toEqual([10, 11, 12, 13, 14])
    })

    it("does not take what stands beside it", async () => {
        const { gateway, tracker } = await aTracker()
        const instant = { timeDs: START_MS / 100, uptimeDs: undefined }
        const status = encodeStatus({ kind: "status", instant, batteryMv: 3600 })
        // One map of both: their keys ascend.
        const { body } = aBatch(5, LOST_BASE)
        const pairs = (body[0]! & 31) + (status[0]! & 31)
        const both = Buffer.concat([Buffer.of(0xa0 + pairs), body.subarray(1), status.subarray(1)])
        await tracker.publish(tracker.session.seal(MessageType.telemetry, both))
        await gateway.settled()
        expect(gateway.store.evidence.lastStatus(DEVICE_ID)?.status).toEqual({ batteryMv: 3600 })
        expect(gateway.store.counts()).toMatchObject({ fixes: 0, rejected: 1 })
        expect(gapsOf(gateway)).toEqual([["unreadable", 1]])
    })

    it("is not told again when all is derived anew, nor long after its receipt", async () => {
        const data = tempFolder()
        const clock = new ManualClock(START_MS)
        const config = gatewayConfig({ data, port: 0, mqttPort: 0 })
        const first = await startGateway(config, quiet, { clock })
        first.registry.add(aCase())
        const tracker = await HostTracker.connect(first)
        await tracker.send(tracker.session.hello())
        await tracker.publish(seal(tracker, aBatch(5, LOST_BASE)))
        await vi.waitFor(() => expect(tracker.downlinks).toHaveLength(3))
        await first.close()

        rmSync(join(data, "derived.sqlite"))
        const second = await testGateway({}, data, quiet, { clock })
        const again = await HostTracker.connect(second)
        again.session = tracker.session
        await second.settled()
        expect(second.store.counts()).toMatchObject({ rejected: 1 })
        const late = seal(again, aBatch(10, LOST_BASE))
        // The clock has gone on before the record is derived.
        const append = second.ledger.append.bind(second.ledger)
        vi.spyOn(second.ledger, "append").mockImplementationOnce(async (uplink) => {
            const appended = await append(uplink)
            clock.ms += ANSWER_WITHIN_MS + 1
            return appended
        })
        await again.send(late)
        await second.settled()
        await again.send(again.session.hello())
        expect(again.downlinks).toHaveLength(2)
    })

    it("is an answer that opens in the tracker's own logic", async () => {
        const gateway = await testGateway(aCase())
        const board = new FramBoard({
            deviceId: Buffer.from(DEVICE_ID, "hex"),
            chain: gateway.provision(DEVICE_ID),
            random: seededBytes(33),
        })
        board.boot()
        const heard: (Ack | undefined)[] = []
        const readAck = board.session.readAck.bind(board.session)
        vi.spyOn(board.session, "readAck").mockImplementation((message) => {
            heard.push(readAck(message))
            return heard.at(-1)
        })
        const link = new BoardLink(board, gateway.mqttPort)
        board.session.post(MessageType.telemetry, aBatch(5, LOST_BASE).body)
        await link.drain()
        await vi.waitFor(() =>
            expect(heard.at(-1)).toMatchObject({ session: 1, seq: 1, isBaseUnknown: true }),
        )
        link.cut()
    })
})

it("no number goes down twice, whoever asks for it and whatever the gateway lives through", async () => {
    const data = tempFolder()
    const config = gatewayConfig({ data, port: 0, mqttPort: 0 })
    const given: number[] = []
    let session: HostTracker["session"] | undefined
    for (let life = 0; life < 3; life++) {
        const gateway = await startGateway(config, quiet)
        expect(gateway.ledger.nextDownlink("ffeeddccbbaa9988")).toBeUndefined()
        const tracker = await HostTracker.connect(gateway)
        if (session) tracker.session = session
        session = tracker.session
        await tracker.send(session.hello())
        const downlink = gateway.ledger.nextDownlink(DEVICE_ID)!
        expect(downlink.salt).toBe(session.salt.toString("hex"))
        given.push(...seqsOf(tracker.downlinks), downlink.seq)
        await gateway.close()
    }
    expect(given).toEqual([0, 1, 2, 3, 4, 5])
})

it("records made durable together are acknowledged together", async () => {
    const { gateway, tracker } = await aTracker()
    const sealed = [0, 5, 10, 15].map((first) => seal(tracker, aBatch(first)))
    const uplinks = sealed.map((message, i) => ({
        ...{ deviceId: DEVICE_ID, epoch: 0, session: tracker.session.salt.toString("hex") },
        ...{ seq: i + 1, type: MessageType.telemetry, message, receivedAtMs: START_MS },
        ...{ remote: "test", helloCounter: null, isRelayed: false },
    }))
    const order = [2, 0, 3, 1]
    const appended = await Promise.all(order.map((i) => gateway.ledger.append(uplinks[i]!)))
    const answers = appended.map(({ answer }) => answer?.earlier)
    expect(answers).toEqual([undefined, undefined, 0b1111, undefined])
    // One that lies further back than an ack reaches speaks for itself.
    const far = { ...uplinks[0]!, seq: 100, message: Buffer.of(1) }
    const both = await Promise.all([far, uplinks[3]!].map((one) => gateway.ledger.append(one)))
    expect(both.map(({ kind, answer }) => [kind, answer?.earlier])).toEqual([
        ["stored", 0],
        ["duplicate", 0b1111],
    ])
})
