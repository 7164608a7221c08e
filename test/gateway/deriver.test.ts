// One record that breaks us must not blind the teams that follow the others; a full disk must not
// make us skip a record.

import { describe, expect, it, onTestFinished, vi } from "vitest"
import { SqliteStore } from "../../gateway/adapters/store/sqlite-store.js"
import { gatewayConfig } from "../../gateway/config.js"
import { NEW_DEVICE } from "../../gateway/core/ingest/device-memory.js"
import { type Derived, nothingDerived } from "../../gateway/core/pipeline.js"
import { type DerivedStep, UnstorableError } from "../../gateway/core/ports.js"
import { type Gateway, startGateway } from "../../gateway/main.js"
import { MessageType } from "../../protocol/envelope.js"
import type { FenceShape } from "../../protocol/live.js"
import { metres, unixMs } from "../../protocol/units.js"
import { fillDisk, refuseRows } from "../support/break-database.js"
import { HOME, START_MS } from "../support/builders.js"
import { aCase, DEVICE_ID, FENCE_ID, OPERATION_ID, TARGET_ID } from "../support/case.js"
import { aFix, HostTracker } from "../support/host-tracker.js"
import { tempFolder } from "../support/temp-folder.js"
import { quiet, testGateway } from "../support/test-gateway.js"

const POISONED = "ffeeddccbbaa9988"
const ALL_TIME = { fromMs: unixMs(0), toMs: unixMs(4e12) }

/** A second operation whose fence no code can work with: each fix of its device throws. */
function aPoisonedCase() {
    const good = aCase()
    const { operations, targets, devices, mandates, assignments } = good
    const operationId = "op-broken"
    const broken = { type: "polygon", rings: null } as unknown as FenceShape
    const targetId = "target-broken"
    const mandateId = "mandate-broken"
    return {
        ...good,
        operations: [...operations!, { id: operationId, name: "Broken" }],
        targets: [...targets!, { ...targets![0]!, id: targetId, operationId }],
        devices: [...devices!, { ...devices![0]!, id: POISONED }],
        mandates: [...mandates!, { ...mandates![0]!, id: mandateId, operationId, targetId }],
        assignments: [
            ...assignments!,
            { ...assignments![0]!, deviceId: POISONED, targetId, mandateId },
        ],
        fences: [{ id: "fence-broken", operationId, name: "Broken", shape: broken }],
    }
}
async function statusOf(gateway: Gateway): Promise<Record<string, unknown>> {
    return (await (await fetch(`${gateway.url}/health`)).json()) as Record<string, unknown>
}

describe("a record that our own code fails on", () => {
    it("is set aside with an error that quotes no position, and the others go on", async () => {
        const told: string[] = []
        const log = (level: string, text: string) => void (level === "error" && told.push(text))
        const gateway = await testGateway(aPoisonedCase(), tempFolder(), log)
        const poisoned = await HostTracker.connect(gateway, POISONED)
        const good = await HostTracker.connect(gateway)
        for (const tracker of [poisoned, good]) await tracker.send(tracker.session.hello())
        const place = { latUdeg: 47_141_593, lonUdeg: 9_526_535 }
        await poisoned.send(poisoned.session.fixes(aFix(place)))
        await good.send(good.session.fixes(aFix()))
        await gateway.settled()

        expect(gateway.store.fixes(DEVICE_ID)).toHaveLength(1)
        expect(gateway.store.fixes(POISONED)).toHaveLength(0)
        expect(gateway.store.counts()).toMatchObject({ fixes: 1, rejected: 1 })
        expect(gateway.ledger.count()).toBe(4)
        expect(told).toHaveLength(1)
        expect(told[0]).toMatch(
            new RegExp(`^record 3 of device ${POISONED} is set aside, internal: TypeError at `),
        )
        expect(told[0]).not.toMatch(/47[.]?14|9[.]?526/)
        expect(await statusOf(gateway)).toMatchObject({ status: "ok", uplinksNotDerived: 0 })
    })

    it("shows as missing once the next one comes", async () => {
        const gateway = await testGateway(aPoisonedCase())
        const tracker = await HostTracker.connect(gateway, POISONED)
        const { session } = tracker
        await tracker.send(session.hello())
        await tracker.send(session.fixes(aFix()))
        await tracker.send(session.seal(MessageType.telemetry, Buffer.from("no CBOR")))
        await gateway.settled()
        const gaps = gateway.store.gaps(POISONED, ALL_TIME)
        expect(gaps.map(({ cause, missing }) => [cause, missing])).toEqual([
            ["missing", 1],
            ["unreadable", 1],
        ])
    })
})

it("a record of a device whose key is lost is set aside, and the others go on", async () => {
    const data = tempFolder()
    const before = await startGateway(gatewayConfig({ data, port: 0, mqttPort: 0 }), quiet)
    before.registry.add(aPoisonedCase())
    const good = await HostTracker.connect(before)
    const uplink = { epoch: 0, session: "aa", seq: 0, type: 0, message: Buffer.of(1) }
    const arrival = {
        ...{ receivedAtMs: START_MS, remote: "" },
        ...{ helloCounter: null, isRelayed: false },
    }
    await before.ledger.append({ deviceId: POISONED, ...uplink, ...arrival })
    await good.send(good.session.hello())
    await good.send(good.session.fixes(aFix()))
    await before.close()

    const after = await testGateway({}, data)
    await after.settled()
    expect(after.store.fixes(DEVICE_ID)).toHaveLength(1)
    expect(after.store.counts()).toMatchObject({ rejected: 1 })
})

describe("what the store refuses", () => {
    function aStep(id: number, parts: Partial<Derived>): DerivedStep {
        const memory = { device: NEW_DEVICE, targets: new Map() }
        const derived: Derived = { ...nothingDerived(memory, null), ...parts }
        const uplink = {
            ...{ id, deviceId: DEVICE_ID, epoch: 0, session: "aa", seq: id, type: 0 },
            ...{ message: Buffer.alloc(0), receivedAtMs: START_MS },
        }
        return { uplink, derived }
    }
    function aStore(): SqliteStore {
        const store = new SqliteStore(`${tempFolder()}/derived.sqlite`)
        onTestFinished(() => store.close())
        return store
    }
    const state = {
        ...{ atMs: START_MS, ...HOME, accuracyM: metres(5) },
        ...{ speedMps: 0 as never, headingDeg: null },
    }

    it("for what it is can never be stored, and nothing of the turn is", () => {
        const store = aStore()
        const notANumber = { ...state, latDeg: Number.NaN as never }
        const steps = [
            aStep(1, { rejected: "first" }),
            aStep(2, { states: [{ targetId: TARGET_ID, state: notANumber }] }),
        ]
        expect(() => store.commit(steps)).toThrow(UnstorableError)
        expect(store.cursor()).toBe(0)
        expect(store.counts().rejected).toBe(0)
    })

    it("for want of room may be stored later", () => {
        const store = aStore()
        const mend = fillDisk(store)
        const states = Array.from({ length: 200 }, (_, i) => ({
            targetId: TARGET_ID,
            state: { ...state, atMs: unixMs(START_MS + i) },
        }))
        expect(() => store.commit([aStep(1, { states })])).toThrow(/full/)
        expect(() => store.commit([aStep(1, { states })])).not.toThrow(UnstorableError)
        mend()
        store.commit([aStep(1, { states })])
        expect(store.cursor()).toBe(1)
    })

    it("is one record of many: the others of its turn are stored, in order", async () => {
        const data = tempFolder()
        const told: string[] = []
        const log = (level: string, text: string) => void (level === "error" && told.push(text))
        const gateway = await testGateway(aCase(), data, log)
        const seventhMs = START_MS + 7000
        refuseRows(data, "derived.sqlite", "track", `NEW.at_ms = ${seventhMs}`)
        const tracker = await HostTracker.connect(gateway)
        await tracker.send(tracker.session.hello())
        const sealed = Array.from({ length: 20 }, (_, i) =>
            tracker.session.fixes(aFix({ timeDs: aFix().timeDs + 10 * i })),
        )
        await Promise.all(sealed.map((message) => tracker.publish(message)))
        await gateway.settled()
        expect(gateway.store.fixes(DEVICE_ID).map(({ number }) => number)).toEqual(
            sealed.map((_, i) => i).filter((i) => i !== 7),
        )
        expect(gateway.store.counts()).toMatchObject({ fixes: 19, rejected: 1 })
        expect(gateway.store.cursor()).toBe(21)
        expect(told).toEqual([
            `record 9 of device ${DEVICE_ID} is set aside, internal: the disk is broken`,
        ])
    })

    it("is not the same crossing told twice: it is one alert", () => {
        const store = aStore()
        const event = {
            ...{ kind: "enter" as const, fenceId: FENCE_ID, atMs: START_MS },
            ...{ targetId: TARGET_ID, operationId: OPERATION_ID, raisedAtMs: START_MS },
        }
        store.commit([aStep(1, { events: [event, event] })])
        expect(store.alerts(OPERATION_ID, 9)).toHaveLength(1)
        expect(store.counts().alerts).toBe(1)
    })
})

describe("when the derived store has no room", () => {
    it("nothing is skipped, health says so without detail, and it goes on by itself", async () => {
        const told: string[] = []
        const log = (level: string, text: string) => void told.push(`${level}: ${text}`)
        const world = { deriveRetryMs: 20 }
        const gateway = await testGateway(aCase(), tempFolder(), log, world)
        const tracker = await HostTracker.connect(gateway)
        await tracker.send(tracker.session.hello())
        await gateway.settled()
        const mend = fillDisk(gateway.store)
        let sent = 0
        while (gateway.store.cursor() === gateway.ledger.count() && sent < 50) {
            const fixes = Array.from({ length: 12 }, (_, i) =>
                aFix({ timeDs: aFix().timeDs + sent * 120 + i * 10 }),
            )
            await tracker.send(tracker.session.fixes(...fixes))
            await gateway.settled()
            sent++
        }
        expect(await statusOf(gateway)).toMatchObject({
            status: "degraded",
            reason: "deriving fails, the log says why",
            uplinksNotDerived: 1,
        })
        expect(gateway.store.counts().rejected).toBe(0)

        mend()
        await vi.waitFor(() => expect(gateway.store.cursor()).toBe(gateway.ledger.count()))
        expect(gateway.store.fixes(DEVICE_ID)).toHaveLength(12 * sent)
        expect(await statusOf(gateway)).toMatchObject({ status: "ok" })
        // However often it was tried, the log has it once.
        expect(told).toEqual([
            expect.stringMatching(
                /^error: deriving stopped: cannot store what 1 uplinks mean: .*full/,
            ),
            "info: deriving goes on",
        ])
    })
})

it("a gateway that is closed in the middle goes on behind its cursor at the next start", async () => {
    const data = tempFolder()
    const first = await startGateway(gatewayConfig({ data, port: 0, mqttPort: 0 }), quiet)
    first.registry.add(aCase())
    const tracker = await HostTracker.connect(first)
    const sent = 300
    await tracker.send(tracker.session.hello())
    const all = Array.from({ length: sent }, (_, i) =>
        tracker.publish(tracker.session.fixes(aFix({ timeDs: aFix().timeDs + 10 * i }))),
    )
    await Promise.all(all)
    await first.close()

    const second = await testGateway({}, data)
    await second.settled()
    expect(second.store.fixes(DEVICE_ID)).toHaveLength(sent)
    expect(second.store.cursor()).toBe(sent + 1)
})
