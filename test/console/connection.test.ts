import { describe, expect, it } from "vitest"
import {
    Connection,
    type ConnectionStatus,
    type ConnectionWorld,
    connectionLimits,
    type SocketHandlers,
} from "../../console/live/connection.js"
import { LiveStore } from "../../console/live/live-store.js"
import { SteadyClock } from "../../console/live/steady-clock.js"
import type { LiveMessage } from "../../protocol/live.js"
import { unixMs } from "../../protocol/units.js"

const NOON = Date.UTC(2031, 4, 5, 12)

interface FakeSocket extends SocketHandlers {
    since: string | null
    isClosed: boolean
}

/** A world whose time goes only where a test sends it. */
class FakeWorld implements ConnectionWorld {
    nowMs = 0
    isOut = false
    sockets: FakeSocket[] = []
    private readonly tasks = new Set<{ periodMs: number; nextMs: number; task: () => void }>()

    open(since: string | null, handlers: SocketHandlers) {
        const socket: FakeSocket = { ...handlers, since, isClosed: false }
        this.sockets.push(socket)
        return {
            close() {
                socket.isClosed = true
            },
        }
    }
    isSignedOut = async () => this.isOut
    steadyMs = () => this.nowMs
    wallMs = () => NOON + this.nowMs
    random = () => 1
    every(periodMs: number, task: () => void) {
        const entry = { periodMs, nextMs: this.nowMs + periodMs, task }
        this.tasks.add(entry)
        return () => this.tasks.delete(entry)
    }

    get socket(): FakeSocket {
        return this.sockets.at(-1)!
    }
    say(message: Partial<LiveMessage> & { kind: LiveMessage["kind"] }): void {
        this.socket.received(JSON.stringify({ seq: 1, atMs: NOON + this.nowMs, ...message }))
    }
    /** Lets time pass in half seconds, as the tickers would see it. */
    pass(spanMs: number): void {
        const endMs = this.nowMs + spanMs
        while (this.nowMs < endMs) {
            this.nowMs = Math.min(endMs, this.nowMs + 500)
            for (const entry of [...this.tasks]) {
                if (entry.nextMs > this.nowMs) continue
                entry.nextMs += entry.periodMs
                entry.task()
            }
        }
    }
}

function connect() {
    const world = new FakeWorld()
    const statuses: ConnectionStatus[] = []
    const heard: LiveMessage[] = []
    let since: string | null = null
    const connection = new Connection(world, {
        heard: (message) => {
            heard.push(message)
            since = `r1:${message.seq}`
        },
        changed: (status) => statuses.push(status),
        since: () => since,
    })
    connection.start()
    const status = () => statuses.at(-1) ?? { state: "connecting" as const }
    return { world, connection, statuses, heard, status }
}

describe("the connection to the gateway", () => {
    it("is live from the first message on, and stays so while heartbeats come", () => {
        const { world, statuses, status } = connect()
        expect(status()).toEqual({ state: "connecting" })
        world.say({ kind: "heartbeat" })
        for (let count = 0; count < 20; count++) {
            world.pass(5_000)
            world.say({ kind: "heartbeat" })
        }
        expect(statuses).toEqual([{ state: "live" }])
        expect(world.sockets).toHaveLength(1)
    })

    it("leaves live within 20 s when an open socket falls silent, and counts the seconds", () => {
        const { world, status } = connect()
        world.say({ kind: "heartbeat" })
        world.pass(9_500)
        expect(status()).toEqual({ state: "live" })
        world.pass(500)
        expect(status()).toEqual({ state: "late", silentS: 10 })
        world.pass(12_000)
        expect(status()).toEqual({ state: "late", silentS: 22 })
    })

    it("is offline after 30 s of silence, gives the socket up and asks to go on", () => {
        const { world, status } = connect()
        world.pass(1_000)
        world.say({ kind: "heartbeat", seq: 41 })
        const first = world.socket
        world.pass(30_000)
        expect(status()).toEqual({
            state: "offline",
            sinceMs: NOON + 1_000,
            retryInS: null,
            reason: null,
        })
        expect(first.isClosed).toBe(true)
        expect(world.sockets).toHaveLength(2)
        expect(world.socket.since).toBe("r1:41")
    })

    it("comes back by itself when a stopped gateway goes on", () => {
        const { world, status } = connect()
        world.say({ kind: "heartbeat" })
        world.pass(300_000)
        expect(status().state).toBe("offline")
        // Attempts that stay unanswered are given up, so one is always young.
        world.say({ kind: "resume", run: "r1" } as LiveMessage)
        expect(status()).toEqual({ state: "live" })
    })

    it("pays no heed to a socket that it has given up", () => {
        const { world, heard, status } = connect()
        world.say({ kind: "heartbeat" })
        const first = world.socket
        world.pass(30_000)
        first.received(JSON.stringify({ kind: "heartbeat", seq: 1, atMs: NOON }))
        first.closed(1006, "")
        expect(heard).toHaveLength(1)
        expect(status().state).toBe("offline")
        expect(world.sockets).toHaveLength(2)
    })

    it("tells a closed socket at once, and waits longer each time up to a limit", () => {
        const { world, status } = connect()
        world.say({ kind: "heartbeat" })
        world.socket.closed(1006, "")
        expect(status()).toEqual({ state: "offline", sinceMs: NOON, retryInS: 1, reason: null })
        const waits: number[] = []
        for (let count = 0; count < 9; count++) {
            const before = world.nowMs
            const attempts = world.sockets.length
            while (world.sockets.length === attempts) world.pass(500)
            waits.push(world.nowMs - before)
            world.socket.closed(1006, "")
        }
        expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000])
        expect(Math.max(...waits)).toBe(connectionLimits.retryMaxMs)
    })

    it("starts with short waits again after a connection that lasted", () => {
        const { world } = connect()
        for (let count = 0; count < 5; count++) {
            world.socket.closed(1006, "")
            world.pass(connectionLimits.retryMaxMs)
        }
        world.say({ kind: "heartbeat" })
        world.pass(connectionLimits.stableAfterMs - 1_000)
        world.say({ kind: "heartbeat" })
        world.pass(1_000)
        world.say({ kind: "heartbeat" })
        const attempts = world.sockets.length
        world.socket.closed(1006, "")
        world.pass(500)
        expect(world.sockets).toHaveLength(attempts + 1)
    })

    it("gives up an attempt that brings no first message in 10 s", () => {
        const { world, status } = connect()
        const first = world.socket
        world.pass(9_500)
        expect(status()).toEqual({ state: "connecting" })
        world.pass(500)
        expect(first.isClosed).toBe(true)
        expect(status()).toEqual({ state: "offline", sinceMs: NOON, retryInS: 1, reason: null })
    })

    it.each([
        [4401, "signed-out"],
        [4403, "refused"],
    ])("ends for good when the gateway closes with %i", (code, state) => {
        const { world, status } = connect()
        world.say({ kind: "heartbeat" })
        world.socket.closed(code, "")
        expect(status()).toEqual({ state })
        world.pass(120_000)
        expect(world.sockets).toHaveLength(1)
    })

    it("passes on why the gateway closed, until it is heard again", () => {
        const { world, status } = connect()
        world.say({ kind: "heartbeat" })
        world.socket.closed(4503, "the consultation log cannot be written")
        expect(status()).toMatchObject({
            state: "offline",
            reason: "the consultation log cannot be written",
        })
        world.pass(1_000)
        world.say({ kind: "heartbeat" })
        world.pass(30_000)
        expect(status()).toMatchObject({ state: "offline", reason: null })
    })

    it("asks who is signed in when a socket never opened", async () => {
        const { world, status } = connect()
        world.isOut = true
        world.socket.closed(1006, "")
        await Promise.resolve()
        await Promise.resolve()
        expect(status()).toEqual({ state: "signed-out" })
    })

    it("starts over on bytes that are no message", () => {
        const { world, heard } = connect()
        world.socket.received('{"kind":"delta"')
        world.pass(500)
        world.socket.received('{"kind":"telepathy","seq":1,"atMs":1}')
        world.pass(1_000)
        expect(heard).toEqual([])
        expect(world.sockets).toHaveLength(3)
    })

    it("tries at once when the network comes back", () => {
        const { world, connection } = connect()
        world.socket.closed(1006, "")
        connection.retryNow()
        expect(world.sockets).toHaveLength(2)
    })
})

describe("the live store", () => {
    it("asks for a snapshot on a new socket when a message was lost", () => {
        const world = new FakeWorld()
        const store = new LiveStore(world, () => {})
        store.start()
        const lists = { targets: [], fences: [], alerts: [], gaps: [] }
        const hello = { kind: "snapshot", run: "r1", operation: { id: "o", name: "O" }, ...lists }
        world.say({ ...hello, seq: 5 } as unknown as LiveMessage)
        expect(store.status).toEqual({ state: "live" })
        world.say({ kind: "delta", seq: 7, targets: [] } as unknown as LiveMessage)
        expect(store.status.state).toBe("offline")
        world.pass(1_000)
        expect(world.sockets).toHaveLength(2)
        expect(world.socket.since).toBeNull()
        world.say({ ...hello, seq: 7 } as unknown as LiveMessage)
        expect(store.status).toEqual({ state: "live" })
        expect(store.state.isBroken).toBe(false)
        store.stop()
    })

    it("tells the gateway's time, not the browser's", () => {
        const world = new FakeWorld()
        const store = new LiveStore(world, () => {})
        store.start()
        world.say({ kind: "heartbeat", atMs: unixMs(NOON + 3_600_000) })
        world.pass(2_000)
        expect(store.nowMs()).toBe(NOON + 3_602_000)
        store.stop()
    })
})

describe("the steady clock", () => {
    it("counts the time a computer slept, and ignores a wall clock set back", () => {
        const sources = { monotonic: 0, wall: NOON }
        const clock = new SteadyClock({
            monotonicMs: () => sources.monotonic,
            wallMs: () => sources.wall,
        })
        sources.monotonic += 1_000
        sources.wall += 1_000
        expect(clock.now()).toBe(1_000)
        sources.monotonic += 500
        sources.wall += 3_600_000
        expect(clock.now()).toBe(3_601_000)
        sources.monotonic += 500
        sources.wall -= 7_200_000
        expect(clock.now()).toBe(3_601_500)
    })
})
