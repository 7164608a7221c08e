import { createServer, type Socket } from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { buildFlashStore } from "../../simulator/vm/flash-store.js"
import { commandFrame, FRAME_PACKETS_MAX, frameOf, reportFrame } from "../../simulator/vm/jacdac.js"
import { JacdacPipe } from "../../simulator/vm/jacdac-pipe.js"
import { type Ending, Machine, Outage } from "../../simulator/vm/machine.js"
import { MqttTally } from "../../simulator/vm/mqtt-tally.js"
import { TcpNetwork } from "../../simulator/vm/tcp-network.js"
import { makePrng } from "../../simulator/world/prng.js"
import { cases } from "../support/cases.js"
import { deviceProgram } from "../support/tracker-program.js"

const CONNECT = Buffer.from("101000044d51545404c2003c000169000175000170", "hex")
const CONNACK = Buffer.from([0x20, 2, 0, 0])
const PUBLISH = Buffer.from("320a0004622f782f75000161", "hex").subarray(0, 12)
const PUBACK = Buffer.from([0x40, 2, 0, 1])
const ACK = Buffer.from("30050001746162", "hex")

describe("the virtual clock", () => {
    it("runs events in order of time, then of their making", async () => {
        const clock = new VirtualClock(0)
        const prng = makePrng("clock")
        const ran: { atMs: number; made: number }[] = []
        const made = Array.from({ length: cases(500, 20_000) }, () => Math.floor(prng.next() * 50))
        for (const [i, atMs] of made.entries())
            clock.after(atMs, () => ran.push({ atMs: clock.nowMs, made: i }))
        await clock.runUntil(100, () => undefined)
        const expected = made
            .map((atMs, i) => ({ atMs, made: i }))
            .sort((a, b) => a.atMs - b.atMs || a.made - b.made)
        expect(ran).toEqual(expected)
        expect(clock.nowMs).toBe(100)
    })

    it("does not run what was cancelled", async () => {
        const clock = new VirtualClock(0)
        let ran = 0
        clock.after(10, () => ran++).cancel()
        clock.after(20, () => ran++)
        await clock.runUntil(30, () => undefined)
        expect(ran).toBe(1)
    })

    it("stands still while a request over real TCP is unanswered, commit included", async () => {
        const { port, sockets } = await serve()
        const clock = new VirtualClock(0)
        const network = new TcpNetwork(clock)
        const heard: { at: number; bytes: string }[] = []
        const link = network.open("127.0.0.1", port, {
            opened: () => link.write(CONNECT),
            received: (bytes) => {
                heard.push({ at: clock.nowMs, bytes: bytes.toString("hex") })
                if (bytes.equals(CONNACK)) link.write(PUBLISH)
            },
            closed: () => {},
            failed: () => {},
        })
        let ticks = 0
        const tick = () => {
            ticks++
            clock.after(1, tick)
        }
        clock.after(1, tick)
        const running = clock.runUntil(10_000, () => network.settle())
        const socket = await sockets
        await read(socket, CONNECT.length)
        const ticksAtRequest = ticks
        await realTime(60)
        expect(ticks).toBe(ticksAtRequest)
        socket.write(CONNACK)
        await read(socket, PUBLISH.length)
        // The broker's own answer is not the end of it: the commit's ack is still owed.
        socket.write(PUBACK)
        const ticksAtPuback = ticks
        await realTime(60)
        expect(ticks - ticksAtPuback).toBeLessThanOrEqual(1)
        socket.write(ACK)
        await running
        link.close()
        const connected = heard.find(({ bytes }) => bytes === CONNACK.toString("hex"))!
        const acknowledged = heard.at(-1)!
        expect(acknowledged.at - connected.at).toBeLessThan(100)
    })
})

describe("the tally of MQTT answers", () => {
    it("counts the same however the stream is cut", () => {
        const up = Buffer.concat([CONNECT, PUBLISH, PUBLISH, Buffer.from([0xc0, 0])])
        const down = Buffer.concat([CONNACK, PUBACK, ACK, PUBACK, ACK, Buffer.from([0xd0, 0])])
        for (const size of [1, 2, 3, 7, 1000]) {
            const tally = new MqttTally()
            inPieces(up, size, (piece) => tally.send(piece))
            expect(tally.owed).toBe(6)
            inPieces(down, size, (piece) => tally.receive(piece))
            expect(tally.owed).toBe(0)
        }
    })

    it("takes one ack for all that has its PUBACK, and for nothing else", () => {
        const tally = new MqttTally()
        for (let i = 0; i < 3; i++) tally.send(PUBLISH)
        tally.receive(Buffer.concat([PUBACK, PUBACK]))
        expect(tally.owed).toBe(4)
        tally.receive(ACK)
        // The third: its PUBACK and an ack.
        expect(tally.owed).toBe(2)
        tally.receive(Buffer.concat([PUBACK, ACK]))
        expect(tally.owed).toBe(0)
    })
})

describe("the flash store", () => {
    it("refuses what the device would choke on", () => {
        expect(() => buildFlashStore(Buffer.alloc(10), { k: "x".repeat(300) })).toThrow(
            /at most 200/,
        )
        expect(() => buildFlashStore(Buffer.alloc(10), { averylongsettingname: 1 })).toThrow(
            /too long/,
        )
        expect(() => buildFlashStore(Buffer.alloc(300_000), {})).toThrow(/does not fit/)
    })
})

describe("the machine", () => {
    const HOUR_MS = 3_600_000
    const WRAP_MS = 2 ** 32

    it("stops all timers of a program after 49.7 days, and says so to nobody", async () => {
        const { clock, said, skip } = await startNever()
        while (clock.nowMs + HOUR_MS < WRAP_MS - 60_000) await skip(HOUR_MS)
        await clock.run(WRAP_MS - clock.nowMs - 30_000)
        expect(Number(said.at(-1))).toBeGreaterThan(WRAP_MS - 41_000)
        const heard = said.length
        await clock.run(30_005)
        expect(said.length).toBeGreaterThan(heard)
        const last = said.length
        await clock.run(2 * HOUR_MS)
        expect(said.length).toBe(last)
    })

    it("ends where what it calls says that the power failed, and leaves other errors to their makers", async () => {
        const endings: Ending[] = []
        let error: Error = new Outage("power")
        const fail = () => {
            throw error
        }
        const first = await startNever({
            onTwin: fail,
            onStopped: (_reason, ending) => endings.push(ending),
        })
        expect(first.machine.isRunning).toBe(false)
        expect(endings).toEqual([{ kind: "outage" }])
        error = new Error("a mistake in the simulator")
        await expect(startNever({ onTwin: fail })).rejects.toThrow("a mistake in the simulator")
    })

    async function startNever(options: Partial<ConstructorParameters<typeof Machine>[0]> = {}) {
        const inner = new VirtualClock(0)
        let aheadMs = 0
        const clock = {
            get nowMs() {
                return inner.nowMs + aheadMs
            },
            after: (delayMs: number, run: () => void) => inner.after(delayMs, run),
            run: (ms: number) => inner.runUntil(inner.nowMs + ms, () => undefined),
        }
        const said: string[] = []
        const machine = new Machine({
            clock,
            network: { open: () => ({ write: () => false, close: () => {} }) },
            chipId: "00112233445566bb",
            flash: buildFlashStore(deviceProgram("test/device/standby-never.devs"), {}),
            randomBytes: (count) => new Uint8Array(count),
            onTwin: (_topic, data) => said.push(data.toString()),
            ...options,
        })
        machine.boot()
        await clock.run(2000)
        /** Passes over time in which the machine is not called: less than its microseconds wrap in. */
        const skip = async (ms: number) => {
            aheadMs += ms
            await clock.run(3000)
        }
        return { machine, clock, said, skip }
    }
})

describe("a Jacdac frame", () => {
    const id = Buffer.from("00112233445566bb", "hex")

    it("comes back as it was written", () => {
        const packet = { service: 3, command: 0x1101, data: Buffer.from([1, 2, 3, 4, 5]) }
        const report = frameOf(reportFrame(id, packet))
        expect(report).toMatchObject({ isCommand: false, packets: [packet] })
        expect(report.deviceId.equals(id)).toBe(true)
        const command = frameOf(commandFrame(id, [packet, packet]))
        expect(command).toMatchObject({ isCommand: true, packets: [packet, packet] })
    })

    it("gives no packet that runs over its end", () => {
        const bytes = reportFrame(id, { service: 1, command: 0, data: Buffer.alloc(8) })
        bytes[12] = 9
        expect(frameOf(bytes).packets).toEqual([])
    })
})

describe("a Jacdac pipe", () => {
    const opening = Buffer.from("00112233445566bb01000000", "hex")
    const records = Array.from({ length: 9 }, (_, i) => Buffer.alloc(49, i))

    function pipe() {
        const clock = new VirtualClock(0)
        const sent: Buffer[] = []
        const made = new JacdacPipe(clock, opening, records, (frame) => sent.push(frame))
        return { clock, sent, made }
    }

    it("is dropped after five sendings of its first frame when nobody acknowledges", async () => {
        const { clock, sent } = pipe()
        await clock.runUntil(10_000, () => undefined)
        expect(sent).toHaveLength(5)
        expect(new Set(sent.map((frame) => frame.toString("hex"))).size).toBe(1)
        expect(frameOf(sent[0]!).packets).toHaveLength(4)
        expect(sent[0]!.length).toBeLessThanOrEqual(12 + FRAME_PACKETS_MAX)
    })

    it("gives all its records, in order, to whoever acknowledges, and then a close", async () => {
        const { clock, sent, made } = pipe()
        for (let heard = 0; heard < sent.length && heard < 10; heard++) {
            const data = Buffer.alloc(0)
            const command = sent[heard]!.readUInt16LE(0)
            made.hear(
                frameOf(reportFrame(opening.subarray(0, 8), { service: 0x3f, command, data })),
            )
        }
        await clock.runUntil(1000, () => undefined)
        const packets = sent.flatMap((frame) => frameOf(frame).packets)
        expect(packets.slice(0, -1).map(({ data }) => data)).toEqual(records)
        expect(packets.at(-1)!.data).toHaveLength(0)
    })
})

function inPieces(bytes: Buffer, size: number, take: (piece: Buffer) => void): void {
    for (let at = 0; at < bytes.length; at += size) take(bytes.subarray(at, at + size))
}

/** A TCP server that answers nothing by itself. */
async function serve(): Promise<{ port: number; sockets: Promise<Socket> }> {
    const server = createServer()
    const sockets = new Promise<Socket>((resolve) => server.once("connection", resolve))
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(async () => {
        ;(await sockets).destroy()
        server.close()
    })
    const address = server.address()
    return { port: typeof address === "object" ? address!.port : 0, sockets }
}

async function read(socket: Socket, bytes: number): Promise<void> {
    for (let got = 0; got < bytes; )
        got += await new Promise<number>((resolve) => {
            socket.once("data", (chunk) => resolve(chunk.length))
        })
}

function realTime(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms))
}
