// The live feed: a snapshot, then every change once and in order, over broken connections too, and
// nothing of a target whose mandate has ended.

import { once } from "node:events"
import { createServer, request } from "node:http"
import { type AddressInfo, connect as connectTcp } from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { WebSocket } from "ws"
import { LiveHub } from "../../gateway/adapters/live/live-hub.js"
import type { CaseFile } from "../../gateway/core/domain/case-file.js"
import { NEW_DEVICE } from "../../gateway/core/ingest/device-memory.js"
import { LiveFeed } from "../../gateway/core/live-feed.js"
import { type Derived, nothingDerived } from "../../gateway/core/pipeline.js"
import type { DerivedStep, TrackReader } from "../../gateway/core/ports.js"
import type { Gateway } from "../../gateway/main.js"
import type { LiveMessage } from "../../protocol/live.js"
import { metres, unixMs } from "../../protocol/units.js"
import { HOME, offset, START_MS } from "../support/builders.js"
import {
    aCase,
    DEVICE_ID,
    FENCE_ID,
    MEMBERS,
    OPERATION_ID,
    OPERATOR_ID,
    TARGET_ID,
} from "../support/case.js"
import { aFix, HostTracker } from "../support/host-tracker.js"
import { ManualClock } from "../support/manual-clock.js"
import { tempFolder } from "../support/temp-folder.js"
import { quiet, testGateway } from "../support/test-gateway.js"
import { signIn, Viewer } from "../support/viewer.js"

const PACE = { coalesceMs: 5, heartbeatMs: 20 }
const SECOND_MS = 1000

interface Scene {
    gateway: Gateway
    clock: ManualClock
    tracker: HostTracker
    cookie: string
    /** Sends a fix of the clock's time, so many metres east of home. */
    fixAt: (eastM: number) => Promise<void>
    view: (since?: string) => Viewer
}
async function aScene(parts: Parameters<typeof aCase>[0] = {}): Promise<Scene> {
    const clock = new ManualClock(START_MS)
    const gateway = await testGateway(aCase(parts), tempFolder(), quiet, { clock, pace: PACE })
    const tracker = await HostTracker.connect(gateway)
    await tracker.send(tracker.session.hello())
    const cookie = await signIn(gateway, OPERATOR_ID, clock.ms)
    const fixAt = async (eastM: number) => {
        const { latDeg, lonDeg } = offset(eastM, 0, HOME)
        const place = { latUdeg: Math.round(latDeg * 1e6), lonUdeg: Math.round(lonDeg * 1e6) }
        await tracker.send(tracker.session.fixes(aFix({ timeDs: clock.ms / 100, ...place })))
        await gateway.settled()
    }
    const view = (since?: string) => new Viewer(gateway, { cookie, since })
    return { gateway, clock, tracker, cookie, fixAt, view }
}
function numbered(messages: readonly LiveMessage[]): LiveMessage[] {
    return messages.filter(({ kind }) => kind !== "heartbeat")
}
/** A delta whose target was last seen at this time. */
function seenAt(atMs: number) {
    return ({ targets }: { targets: { last: { atMs: number } | null }[] }) =>
        targets[0]?.last?.atMs === atMs
}

describe("a viewer", () => {
    it("gets a snapshot, then the changes, numbered without a hole", async () => {
        const { clock, fixAt, view } = await aScene()
        await fixAt(0)
        const viewer = view()
        const snapshot = await viewer.next("snapshot")
        expect(snapshot).toMatchObject({
            operation: { name: "Harbour" },
            targets: [
                { id: TARGET_ID, last: { atMs: START_MS }, mandate: { reference: "4 Js 17/31" } },
            ],
        })
        for (let second = 1; second <= 3; second++) {
            clock.ms += SECOND_MS
            await fixAt(10 * second)
            await viewer.next("delta", seenAt(clock.ms))
        }
        const [first, ...changes] = numbered(viewer.messages)
        expect(first!.kind).toBe("snapshot")
        expect(changes.map(({ seq }) => seq)).toEqual(changes.map((_, i) => snapshot.seq + 1 + i))
    })

    it("hears of a crossing and a gap at once, and finds both in the next snapshot", async () => {
        const gate = {
            type: "circle" as const,
            center: offset(1000, 0, HOME),
            radiusM: metres(200),
        }
        const { clock, tracker, fixAt, view } = await aScene({ fence: gate })
        const viewer = view()
        await viewer.next("snapshot")
        for (let second = 0; second <= 100; second += 5) {
            clock.ms = START_MS + second * SECOND_MS
            await fixAt(second * 10)
        }
        const { alert } = await viewer.next("event")
        expect(alert).toMatchObject({
            ...{ kind: "enter", fenceId: FENCE_ID, fenceName: "Gate", targetName: "White van" },
        })
        tracker.session.nextSeq += 2
        clock.ms += SECOND_MS
        await fixAt(1000)
        const { gap } = await viewer.next("gap")
        expect(gap).toMatchObject({ targetId: TARGET_ID, cause: "missing", missing: 2 })
        const again = await view().next("snapshot")
        expect(again.alerts).toEqual([alert])
        expect(again.gaps).toEqual([gap])
        expect(again.fences).toMatchObject([{ id: FENCE_ID }])
    })

    it("hears a heartbeat that carries the number of the last message", async () => {
        const { fixAt, view } = await aScene()
        const viewer = view()
        await viewer.next("snapshot")
        await fixAt(0)
        const { seq } = await viewer.next("delta", seenAt(START_MS))
        const heard = viewer.messages.length
        const heartbeat = await viewer.next("heartbeat", (one) => one.seq >= seq, heard)
        expect(heartbeat.atMs).toBe(START_MS)
    })

    it("of another operation hears nothing of this one", async () => {
        const { gateway, fixAt } = await aScene()
        const other = { id: "op-other", name: "Other" }
        gateway.registry.add({
            operations: [other],
            memberships: [{ userId: OPERATOR_ID, operationId: other.id }],
        })
        const cookie = await signIn(gateway, OPERATOR_ID, START_MS)
        const viewer = new Viewer(gateway, { cookie, operationId: other.id })
        await viewer.next("snapshot")
        await fixAt(0)
        await viewer.next("heartbeat", () => true, viewer.messages.length)
        expect(JSON.stringify(viewer.messages)).not.toContain(TARGET_ID)
    })
})

describe("a viewer that comes back", () => {
    it("gets exactly what it missed", async () => {
        const { clock, fixAt, view } = await aScene()
        const stays = view()
        const leaves = view()
        const { run } = await stays.next("snapshot")
        await leaves.next("snapshot")
        await fixAt(0)
        const { seq } = await leaves.next("delta", seenAt(START_MS))
        leaves.socket.terminate()
        for (let second = 1; second <= 5; second++) {
            clock.ms += SECOND_MS
            await fixAt(10 * second)
            await stays.next("delta", seenAt(clock.ms))
        }
        const back = view(`${run}:${seq}`)
        expect(await back.next("resume")).toMatchObject({ run, seq })
        await back.next("delta", seenAt(clock.ms))
        const missed = numbered(stays.messages).filter((one) => one.seq > seq)
        expect(missed.length).toBeGreaterThanOrEqual(5)
        expect(numbered(back.messages).slice(1)).toEqual(missed)
    })

    it.each([
        ["of another run", (run: string) => `${run}x:0`],
        ["from the future", (run: string) => `${run}:999999`],
        ["with no number", (run: string) => `${run}:`],
        ["with nonsense", () => "::::"],
        ["with a name that every object has", () => "__proto__:constructor"],
    ])("%s gets a snapshot", async (_name, since) => {
        const { view } = await aScene()
        const { run } = await view().next("snapshot")
        const back = view(since(run))
        expect((await back.next("snapshot")).run).toBe(run)
        expect(back.messages[0]!.kind).toBe("snapshot")
    })
})

describe("the ring of messages", () => {
    const withdrawn = (ms: number) => ({
        ...{ kind: "withdrawn" as const, atMs: unixMs(ms), targetId: TARGET_ID, reason: "" },
    })
    it("answers from any number that it still holds, and from no other", () => {
        const feed = new LiveFeed()
        expect(feed.since(0)).toEqual([])
        for (let i = 0; i < 10; i++) feed.add(withdrawn(START_MS))
        for (let seq = 0; seq <= 10; seq++) expect(feed.since(seq)).toHaveLength(10 - seq)
        expect(feed.since(11)).toBeUndefined()
    })

    it("holds ten minutes, and 5000 messages at most", () => {
        const feed = new LiveFeed()
        feed.add(withdrawn(START_MS))
        feed.add(withdrawn(START_MS + 600_001))
        expect(feed.since(0)).toBeUndefined()
        expect(feed.since(1)).toHaveLength(1)
        for (let i = 0; i < 6000; i++) feed.add(withdrawn(START_MS + 600_001))
        expect(feed.since(1001)).toBeUndefined()
        expect(feed.since(1002)).toHaveLength(5000)
    })
})

describe("when a mandate ends while viewers are connected", () => {
    const TO_MS = START_MS + 60 * SECOND_MS

    it("the target is withdrawn and nothing of it follows, late fixes included", async () => {
        const { gateway, clock, tracker, fixAt, view } = await aScene({ toMs: TO_MS })
        const viewer = view()
        const { run } = await viewer.next("snapshot")
        await fixAt(0)
        const { seq } = await viewer.next("delta", seenAt(START_MS))
        clock.ms = TO_MS
        const { reason } = await viewer.next("withdrawn", ({ targetId }) => targetId === TARGET_ID)
        expect(reason).toBe("its mandate has ended")
        const heard = viewer.messages.length

        await fixAt(20)
        const inside = aFix({ timeDs: (TO_MS - SECOND_MS) / 100 })
        await tracker.send(tracker.session.fixes(inside))
        tracker.session.nextSeq += 3
        await fixAt(30)
        expect(gateway.store.fixes(DEVICE_ID)).toHaveLength(2)
        await viewer.next("heartbeat", () => true, viewer.messages.length)
        expect(JSON.stringify(viewer.messages.slice(heard))).not.toContain(TARGET_ID)

        // Nor is it replayed to one that was away, or shown to one that comes.
        const back = view(`${run}:${seq - 1}`)
        await back.next("withdrawn")
        const positions = back.messages.filter((one) => JSON.stringify(one).includes("latDeg"))
        expect(positions).toEqual([])
        expect((await view().next("snapshot")).targets).toEqual([])
    })

    it("and another has begun, the target goes on under that one", async () => {
        const { gateway, clock, fixAt, view } = await aScene({ toMs: TO_MS })
        const [mandate] = gateway.registry.caseFile().mandates
        const [assignment] = gateway.registry.caseFile().assignments
        const extension = {
            ...{ ...mandate!, id: "mandate-2", reference: "extension" },
            ...{ fromMs: unixMs(TO_MS - SECOND_MS), toMs: unixMs(TO_MS + 60 * SECOND_MS) },
        }
        gateway.registry.add({
            mandates: [extension],
            assignments: [{ ...assignment!, mandateId: extension.id, fromMs: extension.fromMs }],
        })
        const viewer = view()
        await viewer.next("snapshot")
        await fixAt(0)
        await viewer.next("delta", seenAt(START_MS))
        clock.ms = TO_MS
        const { targets } = await viewer.next(
            "delta",
            ({ targets }) => targets[0]?.mandate.reference === "extension",
        )
        expect(targets[0]!.last).toBeNull()
        await fixAt(10)
        await viewer.next("delta", seenAt(TO_MS))
        expect(viewer.messages.some(({ kind }) => kind === "withdrawn")).toBe(false)
    })
})

describe("hostile or careless peers", () => {
    it("that do not read are dropped, and others are served meanwhile", async () => {
        const { hub, view } = await aHubWithLongNames()
        const [stalled, reader] = [await view(), await view()]
        stalled.pause()
        let heard = 0
        reader.on("message", () => heard++)
        let told = 0
        // The system's socket buffers take some megabytes before the stalled one backs up here.
        while (hub.connections() === 2 && told < 10_000) {
            hub.derived(aCrossing(++told))
            await new Promise(setImmediate)
        }
        expect(hub.connections()).toBe(1)
        await expect.poll(() => heard).toBeGreaterThanOrEqual(told)
        expect(hub.connections()).toBe(1)
    })

    it("that send something are dropped", async () => {
        const { view } = await aScene()
        const viewer = view()
        await viewer.next("snapshot")
        viewer.socket.send("hello")
        expect(await viewer.closed).toBe(1006)
    })

    it("that break the protocol, signed in or not, end nobody but themselves", async () => {
        const { gateway, cookie, view } = await aScene()
        const handshake = (path: string, cookie: string) =>
            [
                `GET ${path} HTTP/1.1`,
                ...["Host: x", "Connection: Upgrade", "Upgrade: websocket", `Cookie: ${cookie}`],
                ...["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
                "\r\n",
            ].join("\r\n")
        const live = "/api/operations/op-harbour/live"
        const unmasked = Buffer.from([0x81, 2, 1, 1])
        const attacks: [string, Buffer][] = [
            [handshake(live, ""), unmasked],
            [handshake(live, cookie), unmasked],
            [
                handshake(live, cookie),
                Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
            ],
            [handshake("/api/operations/%zz/live", cookie), unmasked],
            [handshake("//", cookie), unmasked],
            [handshake("http://[/live", cookie), unmasked],
            [handshake(`${live}?since=%zz`, cookie), unmasked],
            [handshake(live, `burr_session=%zz; ${"x".repeat(4000)}`), unmasked],
        ]
        for (const [request, frame] of attacks)
            await new Promise<void>((resolve) => {
                const { port } = new URL(gateway.url)
                const socket = connectTcp(Number(port), "127.0.0.1", () => {
                    socket.write(request)
                    setTimeout(() => socket.write(frame), 20)
                    setTimeout(() => socket.resetAndDestroy(), 60)
                })
                onTestFinished(() => void socket.destroy())
                socket.on("error", () => {})
                socket.on("close", () => resolve())
            })
        await view().next("snapshot")
    })

    it("that ask for an upgrade to something else get an answer", async () => {
        const { gateway } = await aScene()
        const status = await new Promise<number | undefined>((resolve, reject) => {
            const headers = { connection: "Upgrade", upgrade: "h2c" }
            const asked = request(`${gateway.url}/api/session`, { headers }, (answer) =>
                resolve(answer.statusCode),
            )
            asked.on("error", reject).end()
        })
        expect(status).toBe(403)
    })
})

/** A hub by itself, in whose messages a target's name takes 20 kB. */
async function aHubWithLongNames() {
    const additions = aCase() as CaseFile
    const targets = additions.targets.map((one) => ({ ...one, name: "n".repeat(20_000) }))
    const source: TrackReader = {
        ...{ lastPoint: () => undefined, track: () => [], alerts: () => [], gaps: () => [] },
        receivedAt: () => undefined,
    }
    const hub = new LiveHub({
        ...{ run: "run", clock: new ManualClock(START_MS), source, log: quiet },
        caseFile: () => ({ ...additions, targets }),
        consultations: { record: () => 1 },
    })
    const server = createServer()
    server.on("upgrade", (incoming, socket, head) =>
        hub.accept(incoming, socket, head, {
            ...{ operationId: OPERATION_ID, since: null, remote: "" },
            user: () => MEMBERS.find(({ id }) => id === OPERATOR_ID),
        }),
    )
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => {
        hub.close()
        server.close()
    })
    const { port } = server.address() as AddressInfo
    const view = async () => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
        onTestFinished(() => socket.terminate())
        await once(socket, "message")
        return socket
    }
    return { hub, view }
}

function aCrossing(id: number): DerivedStep[] {
    const event = {
        ...{ kind: "enter" as const, fenceId: FENCE_ID, atMs: unixMs(START_MS + id) },
        ...{ targetId: TARGET_ID, operationId: OPERATION_ID, raisedAtMs: START_MS },
    }
    const derived: Derived = {
        ...nothingDerived({ device: NEW_DEVICE, targets: new Map() }, null),
        events: [event],
    }
    const uplink = {
        ...{ id, deviceId: DEVICE_ID, epoch: 0, session: "aa", seq: id, type: 0 },
        ...{ message: Buffer.alloc(0), receivedAtMs: START_MS },
    }
    return [{ uplink, derived }]
}
