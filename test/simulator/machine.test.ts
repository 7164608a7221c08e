import { createServer, type Socket } from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { buildFlashStore } from "../../simulator/vm/flash-store.js"
import { answersGiven, answersOwed, MqttTally } from "../../simulator/vm/mqtt-tally.js"
import { TcpNetwork } from "../../simulator/vm/tcp-network.js"
import { makePrng } from "../../simulator/world/prng.js"
import { cases } from "../support/cases.js"

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
            expect(total(up, size, answersOwed)).toBe(6)
            expect(total(down, size, answersGiven)).toBe(6)
        }
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

function total(bytes: Buffer, size: number, weigh: typeof answersOwed): number {
    const tally = new MqttTally(weigh)
    let sum = 0
    for (let at = 0; at < bytes.length; at += size)
        sum += tally.count(bytes.subarray(at, at + size))
    return sum
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
