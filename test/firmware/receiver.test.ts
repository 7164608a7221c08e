// The receiver's driver, the code that the tracker runs, against captures of real receivers.

import { describe, expect, it } from "vitest"
import { receiverLines } from "../../bin/receiver.js"
import { Gnss } from "../../firmware/drivers/gnss.js"
import type { I2cBus } from "../../firmware/logic/i2c-bus.js"
import { fixOf, readNavPvt } from "../../firmware/logic/nav-pvt.js"
import { UbxScanner, ubxFrame } from "../../firmware/logic/ubx.js"
import type { Fix } from "../../protocol/fix.js"
import { i2cBus } from "../../simulator/chips/i2c-bus.js"
import { UBLOX_ADDRESS, Ublox } from "../../simulator/chips/ublox.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { aSolution } from "../support/builders.js"
import { type Capture, captures } from "../support/captures.js"
import { cases } from "../support/cases.js"
import { runOnDevice } from "../support/device-run.js"

const all = captures()

describe.each(all)("the receiver on $name", (capture) => {
    it("gives the expected solutions, fed whole", () => {
        expectSolutions(feed(capture.bytes, [capture.bytes.length]), capture)
    })
    it("gives the expected solutions, fed byte by byte", () => {
        expectSolutions(feed(capture.bytes, [1]), capture)
    })
    it("gives the expected solutions in bus reads that end in 0xFF", () => {
        const blocks = Math.ceil(capture.bytes.length / 128)
        const padded = Buffer.alloc(blocks * 128, 0xff)
        capture.bytes.copy(padded)
        expectSolutions(feed(padded, [128]), capture)
    })
    it("gives the expected solutions from the command", () => {
        const lines = [...receiverLines(capture.bytes)].map((line) => JSON.parse(line))
        expectSolutions(lines, capture)
    })
    it("makes no fix of what the receiver does not stand by", () => {
        for (const line of feed(capture.bytes, [128]))
            if ((line.flags & 1) === 0) expect(line.accepted).toBe(false)
    })
    it("gives nothing for frames with a flipped bit, and everything for their neighbours", () => {
        for (let round = 0; round < cases(4, 200); round++) {
            const everyFrame = flipped(capture, round, () => true)
            expect(feed(everyFrame, [128])).toEqual([])
            const everySecond = flipped(capture, round, (i) => i % 2 === 1)
            const spared = new Set(
                capture.frames.filter((_, i) => i % 2 === 0).map(({ offset }) => String(offset)),
            )
            const expected = capture.expected.filter((row) => spared.has(row.offset!))
            expectSolutions(feed(everySecond, [128]), { ...capture, expected })
        }
    })
    it("gives the tracker on its machine the same fixes as the driver on Node", async () => {
        const seconds = 30 + Math.ceil(capture.bytes.length / BYTES_PER_S)
        const { said, complaints } = await runOnDevice("receiver", seconds, (clock) => {
            const receiver = new Ublox({ clock, source: playing(capture) })
            receiver.powerOn()
            return i2cBus(new Map([[UBLOX_ADDRESS, receiver]]))
        })
        expect(complaints).toEqual([])
        const fixes = said.map(({ text }) => JSON.parse(text) as Fix)
        expect(fixes).toEqual(await fixesOnNode(capture, seconds))
        expect(fixes).toHaveLength(
            feed(capture.bytes, [128]).filter(({ accepted }) => accepted).length,
        )
    })
})

describe("the receiver's setup", () => {
    it.each(["m8", "m10"] as const)(
        "configures an %s from its power-on state",
        async (generation) => {
            const clock = new VirtualClock(Date.UTC(2031, 0, 1))
            const receiver = new Ublox({ clock, source: aSolution, generation })
            receiver.powerOn()
            const gnss = new Gnss(busOf(receiver), async () => {})
            const counts: number[] = []
            for (let second = 0; second < 20; second++) {
                counts.push((await gnss.poll(clock.nowMs)).length)
                await clock.runUntil(clock.nowMs + 1000, () => undefined)
            }
            expect(counts.slice(-5)).toEqual([1, 1, 1, 1, 1])
        },
    )
    it("configures again a receiver that lost its supply for a moment", async () => {
        const clock = new VirtualClock(Date.UTC(2031, 0, 1))
        const receiver = new Ublox({ clock, source: aSolution })
        receiver.powerOn()
        const gnss = new Gnss(busOf(receiver), async () => {})
        let fixes = 0
        for (let second = 0; second < 60; second++) {
            if (second === 20) {
                receiver.powerOff()
                receiver.powerOn()
            }
            const found = await gnss.poll(clock.nowMs)
            if (second >= 50) fixes += found.length
            await clock.runUntil(clock.nowMs + 1000, () => undefined)
        }
        expect(fixes).toBe(10)
    })
    it("changes nothing about a receiver that refuses", async () => {
        const clock = new VirtualClock(Date.UTC(2031, 0, 1))
        const receiver = new Ublox({ clock, source: aSolution, generation: "m10" })
        receiver.powerOn()
        receiver.write(ubxFrame(0x06, 0x01, [0x01, 0x07, 1]))
        await clock.runUntil(clock.nowMs + 3000, () => undefined)
        const sent = Buffer.from(receiver.read(2000))
        expect(sent.includes(Buffer.from("b562050002000601", "hex"))).toBe(true)
        expect(sent.includes(Buffer.from("b5620107", "hex"))).toBe(false)
        expect(sent.includes("$GNRMC")).toBe(true)
    })
})

const BYTES_PER_S = 3000
/** Filling first: the setup's acknowledgements must not fall into the middle of a recorded frame. */
const SETUP_S = 6

function playing({ bytes }: Capture) {
    const filling = Buffer.alloc(SETUP_S * BYTES_PER_S, 0xff)
    return { bytes: Buffer.concat([filling, bytes]), bytesPerS: BYTES_PER_S }
}

type Line = ReturnType<typeof readNavPvt> & { offset: number; accepted: boolean }

/** Feeds the bytes in pieces of the given sizes, over and over. */
function feed(bytes: Buffer, sizes: number[]): Line[] {
    const scanner = new UbxScanner()
    for (let at = 0, i = 0; at < bytes.length; at += sizes[i++ % sizes.length]!)
        scanner.push(bytes.subarray(at, at + sizes[i % sizes.length]!))
    return scanner.frames
        .filter(({ kind }) => kind === "pvt")
        .map(({ offset, payload }) => {
            const pvt = readNavPvt(payload)
            return { offset, ...pvt, accepted: fixOf(pvt) !== undefined }
        })
}

function expectSolutions(lines: Line[], { expected }: Capture): void {
    const asText = lines.map((line) => {
        const columns = Object.keys(expected[0] ?? {})
        const values = line as unknown as Record<string, unknown>
        return Object.fromEntries(columns.map((name) => [name, String(values[name] ?? "")]))
    })
    expect(asText).toEqual(expected)
}

/** One bit flipped in each frame that `isHit` names; where, changes with the round. */
function flipped(
    { bytes, frames }: Capture,
    round: number,
    isHit: (index: number) => boolean,
): Buffer {
    const damaged = Buffer.from(bytes)
    frames.forEach(({ offset, length }, i) => {
        if (!isHit(i)) return
        const bit = (round * 7919 + i * 104_729) % (length * 8)
        damaged[offset + (bit >> 3)]! ^= 1 << (bit & 7)
    })
    return damaged
}

function busOf(receiver: Ublox): I2cBus {
    return {
        readRegister: async (_address, register, count) => {
            receiver.write(Uint8Array.of(register))
            return Buffer.from(receiver.read(count))
        },
        read: async (_address, count) => Buffer.from(receiver.read(count)),
        write: async (_address, bytes) => receiver.write(bytes),
    }
}

async function fixesOnNode(capture: Capture, seconds: number): Promise<Fix[]> {
    const clock = new VirtualClock(Date.UTC(2031, 0, 1))
    const receiver = new Ublox({ clock, source: playing(capture) })
    receiver.powerOn()
    const gnss = new Gnss(busOf(receiver), async () => {})
    const fixes: Fix[] = []
    for (let second = 0; second < seconds; second++) {
        fixes.push(...(await gnss.poll(clock.nowMs)))
        await clock.runUntil(clock.nowMs + 1000, () => undefined)
    }
    return fixes
}
