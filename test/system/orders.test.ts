// Orders, the whole way: asked for and approved over HTTP, queued on disk, sealed, told over a real
// broker on real TCP, obeyed or refused by the tracker's own decisions (firmware/logic on Node, in
// virtual time), and the answer seen by those who asked.

import { beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { newMission } from "../../firmware/logic/mission.js"
import { ProfileNumber, profileOf } from "../../firmware/logic/profile.js"
import { nodeAead, nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import type { CaseAdditions } from "../../gateway/adapters/registry/sqlite-registry.js"
import { gatewayConfig } from "../../gateway/config.js"
import type { OrdersView } from "../../gateway/core/downlink/order-desk.js"
import type { OrderView } from "../../gateway/core/downlink/order-view.js"
import { type Gateway, startGateway } from "../../gateway/main.js"
import { unixMs } from "../../protocol/units.js"
import { Fram } from "../../simulator/chips/fram.js"
import { LIS3DH_ADDRESS, Lis3dh } from "../../simulator/chips/lis3dh.js"
import { Ublox } from "../../simulator/chips/ublox.js"
import { ModelTracker } from "../../simulator/fleet/model-tracker.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { TcpNetwork } from "../../simulator/vm/tcp-network.js"
import { motionOf } from "../../simulator/world/motion.js"
import { skyOf } from "../../simulator/world/sky.js"
import { aCircle } from "../support/builders.js"
import { aCase, DEVICE_ID, FENCE_ID } from "../support/case.js"
import { commuting, NEVER } from "../support/commute.js"
import { sha256 } from "../support/fram-board.js"
import { seededBytes } from "../support/seeded-bytes.js"
import { tempFolder } from "../support/temp-folder.js"
import { quiet } from "../support/test-gateway.js"
import { signIn } from "../support/viewer.js"

const START_MS = Date.UTC(2026, 5, 1)
const HOUR_MS = 3_600_000
const RUN_WAIT_MS = 60_000

/** A gateway on the clock of one parked tracker. */
class Rig {
    readonly clock = new VirtualClock(START_MS)
    readonly data = tempFolder()
    gateway!: Gateway
    tracker!: ModelTracker
    private readonly network = new TcpNetwork(this.clock)
    private mqttPort = 0

    async start(additions: CaseAdditions = aCase()): Promise<this> {
        await this.startGateway()
        this.gateway.registry.add(additions)
        const { clock } = this
        const vehicle = commuting({ startMs: START_MS, ...NEVER })
        const felt = motionOf({
            seed: "orders",
            speedMpsAt: vehicle.speedMps,
            parkedUntil: vehicle.parkedUntil,
        })
        const accelerometer = new Lis3dh({
            clock,
            motion: felt.at,
            stillUntil: felt.stillUntil,
            onInterrupt: () => this.tracker.pulseReset(),
        })
        this.tracker = new ModelTracker({
            ...{ clock, network: this.network, deviceId: DEVICE_ID },
            crypto: { aead: nodeAead, hkdf: nodeHkdf, sha256 },
            chainKey: this.gateway.provision(DEVICE_ID),
            ...{ brokerHost: "127.0.0.1", brokerPort: this.mqttPort },
            programHash: Buffer.alloc(32, 1),
            profile: profileOf(ProfileNumber.normal)!,
            mission: newMission(),
            ...{ canWake: true, hasWakePin: true },
            receiver: new Ublox({
                clock,
                source: (atMs) => vehicle.solution(atMs, 0),
                sky: skyOf({ seed: "orders", coverAt: () => "open" }),
                random: () => 0.5,
                hasBackupSupply: true,
            }),
            fram: new Fram(),
            parts: new Map([[LIS3DH_ADDRESS, accelerometer]]),
            randomBytes: seededBytes(5),
        })
        accelerometer.powerOn()
        this.tracker.powerOn()
        return this
    }
    async restartGateway(): Promise<void> {
        await this.gateway.close()
        await this.startGateway()
    }
    private async startGateway(): Promise<void> {
        const config = gatewayConfig({ data: this.data, port: 0, mqttPort: this.mqttPort })
        const clock = { nowMs: () => unixMs(Math.floor(this.clock.nowMs)) }
        const gateway = await startGateway(config, quiet, { clock })
        onTestFinished(() => gateway.close())
        this.gateway = gateway
        this.mqttPort = gateway.mqttPort
    }

    async run(hours: number): Promise<void> {
        const { clock, tracker, network } = this
        await clock.runUntil(clock.nowMs + hours * HOUR_MS, () => {
            if (tracker.isBusy) return Promise.resolve()
            const { ledger, store } = this.gateway
            // What was derived may bring the next word to the tracker.
            if (ledger.count() > store.cursor()) return this.gateway.settled()
            return network.settle()
        })
    }

    async ask(body: object, who = "operator"): Promise<Response> {
        return this.call("POST", `/api/devices/${DEVICE_ID}/orders`, who, body)
    }
    async approve(id: number, who = "team-lead"): Promise<Response> {
        return this.call("POST", `/api/devices/${DEVICE_ID}/orders/${id}/approval`, who)
    }
    /** Asked for by one and approved by another; its number. */
    async order(body: object): Promise<number> {
        const asked = await this.ask(body)
        const view = (await asked.json()) as OrderView
        expect([asked.status, view]).toMatchObject([201, { state: "asked" }])
        expect((await this.approve(view.id)).status).toBe(200)
        return view.id
    }
    async orders(who = "operator"): Promise<OrderView[]> {
        const answer = await this.call("GET", `/api/devices/${DEVICE_ID}/orders`, who)
        return ((await answer.json()) as OrdersView).orders
    }
    async view(id: number): Promise<OrderView> {
        return (await this.orders()).find((one) => one.id === id)!
    }
    async call(method: string, path: string, who: string, body?: object): Promise<Response> {
        const cookie = await signIn(this.gateway, who, this.clock.nowMs)
        const json = body && { "content-type": "application/json" }
        return fetch(this.gateway.url + path, {
            method,
            headers: { cookie, ...json },
            ...(body ? { body: JSON.stringify(body) } : {}),
        })
    }
    /** Times of the fixes that the store holds, UTC in milliseconds. */
    fixTimes(): number[] {
        return this.gateway.store.fixes(DEVICE_ID).map(({ timeDs }) => timeDs * 100)
    }
}

let rig: Rig
beforeEach(() => {
    rig = new Rig()
})

describe("an order that was posted", () => {
    it(
        "is obeyed by the tracker at its next window, and its answer says what is in force",
        async () => {
            await rig.start()
            await rig.run(1)
            const id = await rig.order({ order: "profile", profile: "long-life" })
            const behind = await rig.order({ order: "heartbeat", seconds: 3600 })
            expect(await rig.view(id)).toMatchObject({
                ...{ order: "profile", fields: { profile: "long-life" }, mandate: "4 Js 17/31" },
                ...{ state: "waiting", reason: null, inForce: null, toldAtMs: null },
                ...{ askedBy: "operator", approvedBy: "team-lead" },
            })
            await rig.run(7)
            const view = await rig.view(id)
            expect(view).toMatchObject({
                ...{ state: "answered", reason: null, inForce: { profile: "long-life" } },
            })
            expect(view.decidedAtMs).toBeGreaterThan(START_MS + HOUR_MS)
            // In the order in which they were approved: a profile ends what was ordered beside one.
            expect(await rig.view(behind)).toMatchObject({
                ...{ state: "answered", inForce: { seconds: 3600 } },
            })
            await rig.run(5)
            const { status } = rig.gateway.store.evidence.lastStatus(DEVICE_ID)!
            expect(status.profile).toBe(ProfileNumber.longLife)
        },
        RUN_WAIT_MS,
    )

    it(
        "to report brings a fix of a tracker that stands still, once",
        async () => {
            await rig.start()
            await rig.run(1)
            await rig.order({ order: "heartbeat", seconds: 60 * 60 })
            await rig.run(8)
            const id = await rig.order({ order: "report" })
            const counts = [rig.fixTimes().length]
            for (let hour = 0; hour < 3; hour++) {
                await rig.run(1)
                counts.push(rig.fixTimes().length)
            }
            expect(await rig.view(id)).toMatchObject({ state: "answered", fields: {} })
            expect(counts.slice(1).map((count, hour) => count - counts[hour]!)).toEqual([1, 0, 0])
        },
        RUN_WAIT_MS,
    )

    it(
        "and refused by the tracker shows its reason, and has changed nothing",
        async () => {
            await rig.start()
            await rig.run(1)
            const refused = await rig.order({ order: "profile", profile: 200 })
            const obeyed = await rig.order({ order: "bounds", liveM: null, historyM: 40 })
            await rig.run(7)
            expect(await rig.view(refused)).toMatchObject({
                ...{ state: "refused", fields: { profile: 200 } },
                ...{ reason: "a value is out of its range, or a time has passed" },
                inForce: { profile: "normal" },
            })
            expect(await rig.view(obeyed)).toMatchObject({
                ...{ state: "answered", inForce: { liveM: 0, historyM: 40 } },
            })
        },
        RUN_WAIT_MS,
    )

    it(
        "outlives restarts of the gateway, before its approval, before its telling and after its answer",
        async () => {
            await rig.start()
            await rig.run(1)
            const { id } = (await (
                await rig.ask({ order: "hold", seconds: 60 })
            ).json()) as OrderView
            await rig.restartGateway()
            expect(await rig.view(id)).toMatchObject({ state: "asked", approvedBy: null })
            expect((await rig.approve(id, "officer")).status).toBe(200)
            await rig.restartGateway()
            expect(await rig.view(id)).toMatchObject({ state: "waiting", approvedBy: "officer" })
            await rig.run(7)
            const answered = await rig.view(id)
            expect(answered).toMatchObject({ state: "answered", inForce: { seconds: 60 } })
            await rig.restartGateway()
            await rig.run(13)
            expect(await rig.view(id)).toEqual(answered)
        },
        RUN_WAIT_MS,
    )

    it(
        "is a fence of the operation, and the tracker watches it",
        async () => {
            await rig.start(aCase({ fence: aCircle(300).shape }))
            await rig.run(1)
            const watch = { order: "fence", number: 7, fenceId: FENCE_ID, fixes: 2, seconds: 60 }
            const id = await rig.order(watch)
            await rig.run(7)
            expect(await rig.view(id)).toMatchObject({
                ...{ order: "fence", state: "answered" },
                fields: { number: 7, shape: "circle", fixes: 2, seconds: 60 },
                inForce: { circles: 1, polygons: 0 },
            })
        },
        RUN_WAIT_MS,
    )
})

describe("the mandate", () => {
    it(
        "is told by itself, and after its end nothing but a wipe",
        async () => {
            const endMs = START_MS + 8 * HOUR_MS
            await rig.start(aCase({ toMs: endMs }))
            await rig.run(7)
            const told = (await rig.orders()).filter(({ order }) => order === "mandate")
            expect(told).toMatchObject([
                { state: "answered", fields: { endMs }, askedBy: null, approvedBy: null },
            ])
            const late = await rig.order({ order: "profile", profile: "live" })
            await rig.run(48)
            expect(await rig.view(late)).toMatchObject({
                ...{ state: "expired", toldAtMs: null },
                reason: "its mandate had ended before the device was heard",
            })
            expect(Math.max(...rig.fixTimes())).toBeLessThan(endMs)
            const refused = await rig.ask({ order: "report" })
            expect(refused.status).toBe(403)
            expect(await refused.json()).toMatchObject({
                detail: `device ${DEVICE_ID}: no mandate runs that it is assigned under`,
            })
            const wipe = await rig.order({ order: "wipe", deviceId: DEVICE_ID })
            await rig.run(30)
            expect(await rig.view(wipe)).toMatchObject({ state: "answered", order: "wipe" })
            const toldAfter = (await rig.orders()).filter(({ toldAtMs }) => toldAtMs! >= endMs)
            expect(toldAfter.map(({ id }) => id)).toEqual([wipe])
        },
        RUN_WAIT_MS,
    )
})
