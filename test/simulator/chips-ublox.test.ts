import { describe, expect, it } from "vitest"
import { UBLOX_M8_UA, UBLOX_M10_UA } from "../../simulator/chips/currents.js"
import type { Sky } from "../../simulator/chips/gnss-search.js"
import { I2cNak, i2cBus } from "../../simulator/chips/i2c-bus.js"
import { sentences } from "../../simulator/chips/nmea-sentences.js"
import { UBLOX_ADDRESS, Ublox, type UbloxOptions } from "../../simulator/chips/ublox.js"
import { Key } from "../../simulator/chips/ublox-settings.js"
import { parseUbxFrame, ubxFrame } from "../../simulator/chips/ubx-frame.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { makePrng } from "../../simulator/world/prng.js"
import { aSolution } from "../support/builders.js"

const START_MS = Date.UTC(2031, 0, 1)
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const OPEN: Sky = { satellites: 14, cn0DbHz: 42, isJammed: false, isSpoofed: false }
const GARAGE: Sky = { ...OPEN, satellites: 0, cn0DbHz: 0 }
const RAM = 1
const RAM_AND_BBR = 3

describe("the receiver's start", () => {
    it("writes the six sentences of its default and no UBX", async () => {
        const { run, read } = bench()
        await run(1)
        const text = read().toString("latin1")
        const names = text
            .trim()
            .split("\r\n")
            .map((line) => line.slice(3, 6))
        expect([...new Set(names)]).toEqual(["RMC", "VTG", "GGA", "GSA", "GSV", "GLL"])
        for (const line of text.trim().split("\r\n")) expect(sumOf(line)).toBe(line.slice(-2))
        expect(read().length).toBe(0)
    })
    it("turns single sentences off by their keys", async () => {
        const { run, read, valset } = bench()
        valset(RAM, [Key.gsv, 0], [Key.gsa, 0], [Key.vtg, 0], [Key.gll, 0], [Key.gga, 2])
        read()
        await run(2)
        const names = read()
            .toString("latin1")
            .trim()
            .split("\r\n")
            .map((line) => line.slice(3, 6))
        expect(names).toEqual(["RMC", "RMC", "GGA"])
    })
    it("leaves the fields of a position empty before a fix, and the time where it is unknown", () => {
        const solution = { ...aSolution(START_MS), isFixOk: false, fixType: 0, isTimeKnown: false }
        const epoch = { solution, satellites: [] }
        expect(sentences("RMC", epoch)).toBe("$GNRMC,,V,,,,,,,,,,N*4D\r\n")
        expect(sentences("GGA", epoch)).toMatch(/^\$GNGGA,,,,,,0,09,99\.99,,M,,M,,\*/)
    })
    it("carries minutes over to degrees", () => {
        const solution = { ...aSolution(START_MS), latE7: 479_999_999, lonE7: -89_999_999 }
        const text = sentences("GLL", { solution, satellites: [] })
        expect(text).toContain("GNGLL,4759.99999,N,00859.99999,W")
        const next = { ...solution, latE7: 480_000_000 }
        expect(sentences("GLL", { solution: next, satellites: [] })).toContain("4800.00000,N")
    })
})

describe("the receiver's settings", () => {
    it("take all keys of a message or none", async () => {
        const { run, read, valset, frames } = bench()
        valset(RAM, [Key.navPvt, 1], [0x20990001, 1])
        expect(frames()).toEqual(["05 00"])
        valset(RAM, [Key.outNmea, 0], [Key.navPvt, 1])
        expect(frames()).toEqual(["05 01"])
        await run(3)
        expect(frames()).toEqual(["01 07", "01 07", "01 07"])
        expect(read().length).toBe(0)
    })
    it.each([
        ["no layer", 0, [[Key.navPvt, 1]]],
        ["a layer that it has not", 4, [[Key.navPvt, 1]]],
        ["on/off power save, which the model has not", RAM, [[Key.powerMode, 1]]],
        ["an interval shorter than any", RAM, [[Key.measureMs, 10]]],
        ["a truth value of two", RAM, [[Key.outUbx, 2]]],
    ] as const)("are refused with %s", (_name, layers, pairs) => {
        const { valset, frames } = bench()
        valset(layers, ...pairs.map(([key, value]) => [key, value] as [number, number]))
        expect(frames()).toEqual(["05 00"])
    })
    it("come in several messages a transaction, or in one of several transactions", () => {
        const { chip, frames } = bench()
        const one = ubxFrame(0x06, 0x8a, Uint8Array.from([0, 1, 0, 0, ...u32(Key.navPvt), 1]))
        chip.write(Buffer.concat([Buffer.from([0xb5, 0x00]), one, one, one.subarray(0, 10)]))
        expect(frames()).toEqual(["05 01", "05 01"])
        chip.write(one.subarray(10))
        expect(frames()).toEqual(["05 01"])
    })
    it("in RAM go with a reset and with standby, in BBR they stay, without supply they go", async () => {
        for (const [layers, isKept] of [
            [RAM, false],
            [RAM_AND_BBR, true],
        ] as const) {
            const { chip, run, valset, frames, send } = bench()
            valset(layers, [Key.outNmea, 0], [Key.navPvt, 1])
            send(0x06, 0x04, [0, 0, 0, 0])
            frames()
            await run(2)
            expect(frames()).toEqual(isKept ? ["01 07", "01 07"] : [])
            send(0x02, 0x41, [0, 0, 0, 0, ...u32(5000), ...u32(2), ...u32(0)])
            await run(8)
            expect(frames().length > 0).toBe(isKept)
            chip.powerOff()
            chip.powerOn()
            await run(2)
            expect(frames()).toEqual([])
        }
    })
    it("outlive power-off where the backup supply is wired", async () => {
        const { chip, run, valset, frames } = bench({ hasBackupSupply: true })
        valset(RAM_AND_BBR, [Key.outNmea, 0], [Key.navPvt, 1])
        chip.powerOff()
        expect(chip.drawUa).toBe(UBLOX_M10_UA.backup)
        chip.powerOn()
        await run(2)
        expect(frames()).toEqual(["01 07", "01 07"])
    })
    it("of an M8 come by its own messages, sentences among them", async () => {
        const { run, read, send, frames } = bench({ generation: "m8" })
        for (const id of [0, 1, 2, 3, 5]) send(0x06, 0x01, [0xf0, id, 0])
        send(0x06, 0x01, [0x01, 0x03, 1])
        expect(frames()).toEqual(Array(6).fill("05 01"))
        send(0x06, 0x8a, [0, 1, 0, 0, ...u32(Key.navPvt), 1])
        expect(frames()).toEqual(["05 00"])
        await run(1)
        const bytes = read()
        expect(bytes.toString("latin1").match(/\$GN.../g)).toEqual(["$GNRMC"])
        expect(framesIn(bytes)).toEqual(["01 03"])
    })
})

describe("what the receiver tells when asked", () => {
    it("names itself", () => {
        const { send, read } = bench()
        send(0x0a, 0x04)
        const text = read().toString("latin1")
        expect(text).toContain("ROM SPG 5.10")
        expect(text).toContain("PROTVER=34.10")
    })
    it.each([
        ["m10", "NAV-STATUS", 0x01, 0x03, 16],
        ["m10", "NAV-SAT", 0x01, 0x35, 8 + 12 * 14],
        ["m10", "MON-RF", 0x0a, 0x38, 28],
        ["m8", "MON-HW", 0x0a, 0x09, 60],
        ["m10", "SEC-SIG", 0x27, 0x09, 12],
    ] as const)("%s answers %s in its own length", (generation, _name, klass, id, bytes) => {
        const { send, read } = bench({ generation, sky: () => OPEN, hasSecSig: true })
        send(klass, id)
        const frame = parseUbxFrame(read())
        expect(frame?.messageClass).toBe(klass)
        expect(frame?.payload.length).toBe(bytes)
    })
    it("leaves unanswered what it does not know: SEC-SIG on its first firmware", () => {
        const { send, read } = bench()
        send(0x27, 0x09)
        expect(read().length).toBe(0)
    })
    it("tells of jamming only once its monitor is on, and whether a fix is left", async () => {
        const conditions = { ...OPEN, isJammed: true }
        const { send, valset, run, read, frames } = bench({ sky: () => conditions })
        const jamming = () => {
            read()
            send(0x0a, 0x38)
            return parseUbxFrame(read())!.payload[5]
        }
        expect(jamming()).toBe(0)
        valset(RAM, [Key.interferenceMonitor, 1])
        expect(jamming()).toBe(3)
        await run(60)
        expect(jamming()).toBe(2)
        conditions.isJammed = false
        expect(jamming()).toBe(1)
        expect(frames()).toEqual([])
    })
    it("tells of spoofing in NAV-STATUS and SEC-SIG", () => {
        const conditions = { ...OPEN, isSpoofed: true }
        const { send, read } = bench({ sky: () => conditions, hasSecSig: true })
        send(0x01, 0x03)
        expect((parseUbxFrame(read())!.payload[7]! >> 3) & 3).toBe(2)
        send(0x27, 0x09)
        expect((parseUbxFrame(read())!.payload[8]! >> 1) & 7).toBe(2)
        conditions.isSpoofed = false
        send(0x01, 0x03)
        expect((parseUbxFrame(read())!.payload[7]! >> 3) & 3).toBe(1)
    })
})

describe("the receiver under a sky", () => {
    it("gives NAV-PVT without a fix while it searches, then a rough one that settles", async () => {
        const prng = makePrng("settle")
        const { run, valset, solutions } = bench({ sky: () => OPEN, random: () => prng.next() })
        valset(RAM, [Key.outNmea, 0], [Key.navPvt, 1])
        const all: Pvt[] = []
        for (let round = 0; round < 3; round++) {
            await run(30)
            all.push(...solutions())
        }
        const first = all.findIndex(({ isFixOk }) => isFixOk)
        expect(first).toBeGreaterThan(10)
        expect(first).toBeLessThan(40)
        for (const { fixType, accuracyMm, validity } of all.slice(0, 5))
            expect([fixType, accuracyMm, validity]).toEqual([0, 0xffff_ffff, 0])
        const fixes = all.slice(first)
        expect(fixes[0]!.accuracyMm).toBeGreaterThan(4 * 2500)
        expect(fixes.at(-1)!.accuracyMm).toBeLessThan(1.1 * 2500)
        expect(offM(fixes[0]!)).toBeGreaterThan(offM(fixes.at(-1)!))
        expect(offM(fixes.at(-1)!)).toBeLessThan(1)
    })
    it("loses its fix in a garage and draws the current of a search there", async () => {
        const isInside = (atMs: number) => atMs >= START_MS + 60_000 && atMs < START_MS + 120_000
        const { chip, run, valset, solutions } = bench({
            sky: (atMs) => (isInside(atMs) ? GARAGE : OPEN),
        })
        valset(RAM, [Key.outNmea, 0], [Key.navPvt, 1])
        expect(chip.drawUa).toBe(UBLOX_M10_UA.acquisition)
        await run(59)
        expect(chip.drawUa).toBe(UBLOX_M10_UA.tracking)
        solutions()
        await run(60)
        expect(chip.drawUa).toBe(UBLOX_M10_UA.acquisition)
        expect(solutions().at(-1)!.isFixOk).toBe(false)
        await run(10)
        expect(solutions().at(-1)!.isFixOk).toBe(true)
    })
    it("starts hot out of standby, warm once its orbits are stale, cold when told", async () => {
        const { chip, run, send, valset } = bench({ sky: () => OPEN })
        const firstFixS = () => (chip.search.firstFixAtMs! - chip.search.startedAtMs) / 1000
        valset(RAM_AND_BBR, [Key.outNmea, 0])
        const sleepFor = async (ms: number) => {
            send(0x02, 0x41, [0, 0, 0, 0, ...u32(ms), ...u32(2), ...u32(0)])
            await run(ms / 1000 + 60)
            return firstFixS()
        }
        await run(60)
        const cold = firstFixS()
        expect(await sleepFor(HOUR_MS)).toBeLessThan(2)
        const warm = await sleepFor(5 * HOUR_MS)
        expect(warm).toBeGreaterThan(15)
        expect(warm).toBeLessThan(cold)
        send(0x06, 0x04, [0xff, 0xff, 0, 0])
        await run(60)
        expect(firstFixS()).toBe(cold)
    })
    it("takes time and place from the host, acknowledges them when told to, and finds faster", async () => {
        const { chip, run, send, valset, read } = bench({ sky: () => ({ ...OPEN, cn0DbHz: 30 }) })
        const codes = () => {
            const payload = parseUbxFrame(read())?.payload
            return payload && [payload[0], payload[2]]
        }
        send(0x13, 0x40, timeAid(START_MS))
        expect(read().length).toBe(0)
        valset(RAM, [Key.ackAiding, 1], [Key.outNmea, 0])
        read()
        send(0x13, 0x40, timeAid(START_MS))
        expect(codes()).toEqual([1, 0])
        send(0x13, 0x40, [0x01, 0, 0, 0, ...Array(16).fill(0)])
        expect(codes()).toEqual([1, 0])
        send(0x13, 0x40, [0x01, 0, 0, 0])
        expect(codes()).toEqual([0, 3])
        send(0x13, 0x40, [0x77, 0])
        expect(codes()).toEqual([0, 6])
        expect(chip.search.memory).toMatchObject({ hasTime: true, hasPosition: true })
        await run(600)
        const unaided = bench({ sky: () => ({ ...OPEN, cn0DbHz: 30 }) })
        await unaided.run(600)
        const took = ({ firstFixAtMs, startedAtMs }: Ublox["search"]) => firstFixAtMs! - startedAtMs
        expect(took(chip.search)).toBeLessThan(took(unaided.chip.search) - 20_000)
    })
    it("has no use for a time that is wrong by more than it claims", () => {
        const { chip, send } = bench({ sky: () => OPEN })
        send(0x13, 0x40, timeAid(START_MS - 3_600_000))
        expect(chip.search.memory.hasTime).toBe(false)
    })
})

describe("the receiver's standby", () => {
    it("lasts as long as asked, without an acknowledge on the bus", async () => {
        const { chip, run, send } = bench({ sky: () => OPEN })
        const drawn: [number, number][] = []
        chip.onDraw = (atMs, ua) => drawn.push([atMs - START_MS, ua])
        send(0x02, 0x41, [0, 0, 0, 0, ...u32(100_000), ...u32(6), ...u32(0x08)])
        expect(() => chip.read(1)).toThrow(I2cNak)
        await run(99)
        expect(chip.isInStandby).toBe(true)
        expect(() => chip.write(Uint8Array.of(0xfd))).toThrow(I2cNak)
        expect(chip.isInStandby).toBe(true)
        await run(2)
        expect(chip.isInStandby).toBe(false)
        expect(drawn).toEqual([
            [0, UBLOX_M10_UA.standby],
            [100_000, UBLOX_M10_UA.acquisition],
        ])
    })
    it("without duration ends by an edge on EXTINT where the message names that pin", async () => {
        for (const [pins, wakes] of [
            [1 << 5, true],
            [1 << 3, false],
        ] as const) {
            const { chip, run, send } = bench()
            send(0x02, 0x41, [0, 0, 0, 0, ...u32(0), ...u32(2), ...u32(pins)])
            await run(7 * 86_400)
            expect(chip.isInStandby).toBe(true)
            chip.pulseExtint()
            expect(chip.isInStandby).toBe(!wakes)
        }
    })
    it("ends by a query on boards where that is so, and the query is lost", async () => {
        const { chip, send } = bench({ wakesOnI2c: true })
        send(0x02, 0x41, [0, 0, 0, 0, ...u32(0), ...u32(2), ...u32(0)])
        expect(() => chip.read(1)).toThrow(I2cNak)
        expect(chip.read(1)).toHaveLength(1)
    })
    it("is not entered for longer than twelve days, nor by the short message on an M10", () => {
        const { chip, send } = bench()
        send(0x02, 0x41, [0, 0, 0, 0, ...u32(12 * DAY_MS + 1), ...u32(2), ...u32(0)])
        send(0x02, 0x41, [...u32(1000), ...u32(2)])
        expect(chip.isInStandby).toBe(false)
        const former = bench({ generation: "m8" })
        former.send(0x02, 0x41, [...u32(1000), ...u32(2)])
        expect(former.chip.isInStandby).toBe(true)
        expect(former.chip.drawUa).toBe(UBLOX_M8_UA.standby)
    })
    it("costs less than power save, and that less than tracking", async () => {
        const { chip, run, valset, send } = bench({ sky: () => OPEN })
        await run(60)
        valset(RAM, [Key.powerMode, 2])
        expect(chip.drawUa).toBe(UBLOX_M10_UA.powerSave)
        send(0x06, 0x04, [0, 0, 8, 0])
        expect(chip.drawUa).toBe(UBLOX_M10_UA.stopped)
        send(0x06, 0x04, [0, 0, 9, 0])
        expect(chip.drawUa).toBe(UBLOX_M10_UA.acquisition)
    })
})

describe("a receiver that fails", () => {
    it("is not there", () => {
        const { chip } = bench()
        chip.fault = "missing"
        const message = Buffer.from([UBLOX_ADDRESS, 1, 2, 7, 0xfd, 0])
        i2cBus(new Map([[UBLOX_ADDRESS, chip]]))("i2c", message)
        expect(message[3]).toBe(255)
        chip.fault = undefined
        i2cBus(new Map([[UBLOX_ADDRESS, chip]]))("i2c", message)
        expect(message[3]).toBe(0)
    })
    it("hangs until the power is off and on", async () => {
        const { chip, run, send, read } = bench()
        await run(2)
        read()
        chip.fault = "hung"
        send(0x0a, 0x04)
        send(0x06, 0x04, [0, 0, 0, 0])
        expect(read().length).toBe(0)
        chip.powerOff()
        chip.powerOn()
        await run(2)
        expect(read().length).toBeGreaterThan(0)
    })
    it("reads 0xFF, the count too", () => {
        const { chip } = bench()
        chip.fault = "floating"
        chip.write(Uint8Array.of(0xfd))
        expect([...chip.read(4)]).toEqual([255, 255, 255, 255])
    })
    it("babbles without a good frame until it is reset", () => {
        const { chip, send, read } = bench()
        chip.fault = "babbling"
        const heard = read()
        expect(heard.length).toBe(4096)
        expect(framesIn(heard)).toEqual([])
        expect(heard.includes(0xb5)).toBe(true)
        expect(new Set(heard).size).toBeGreaterThan(100)
        send(0x06, 0x04, [0, 0, 0, 0])
        expect(read().length).toBe(0)
    })
    it("refuses every setting and goes on as it was", async () => {
        const { chip, run, valset, frames, read } = bench()
        chip.fault = "refusing"
        valset(RAM, [Key.navPvt, 1])
        expect(frames()).toEqual(["05 00"])
        await run(1)
        expect(read().toString("latin1")).toContain("$GNRMC")
    })
})

function bench(options: Partial<UbloxOptions> = {}) {
    const clock = new VirtualClock(START_MS)
    const chip = new Ublox({ clock, source: aSolution, ...options })
    chip.powerOn()
    const read = () => {
        chip.write(Uint8Array.of(0xfd))
        const [high, low] = chip.read(2)
        return Buffer.from(chip.read((high! << 8) | low!))
    }
    const send = (klass: number, id: number, payload: readonly number[] = []) =>
        chip.write(ubxFrame(klass, id, Uint8Array.from(payload)))
    const valset = (layers: number, ...pairs: [key: number, value: number][]) => {
        const bytes = pairs.flatMap(([key, value]) => {
            const isWide = key >>> 28 === 3
            return [...u32(key), ...(isWide ? [value & 255, value >> 8] : [value])]
        })
        send(0x06, 0x8a, [0, layers, 0, 0, ...bytes])
    }
    return {
        chip,
        clock,
        read,
        send,
        valset,
        frames: () => framesIn(read()),
        run: (seconds: number) => clock.runUntil(clock.nowMs + seconds * 1000, () => undefined),
        /** The NAV-PVT that wait, of which the part's buffer holds 40. */
        solutions: () => pvtIn(read()),
    }
}

interface Pvt {
    fixType: number
    isFixOk: boolean
    validity: number
    latE7: number
    lonE7: number
    accuracyMm: number
}
function pvtIn(bytes: Buffer): Pvt[] {
    return split(bytes)
        .filter(({ messageClass, id }) => messageClass === 1 && id === 7)
        .map(({ payload }) => {
            const p = Buffer.from(payload)
            return {
                fixType: p[20]!,
                isFixOk: (p[21]! & 1) === 1,
                validity: p[11]!,
                latE7: p.readInt32LE(28),
                lonE7: p.readInt32LE(24),
                accuracyMm: p.readUInt32LE(40),
            }
        })
}
function framesIn(bytes: Buffer): string[] {
    return split(bytes).map(({ messageClass, id }) =>
        [messageClass, id].map((byte) => byte.toString(16).padStart(2, "0")).join(" "),
    )
}
/** Every good frame, whatever lies between. */
function split(bytes: Buffer) {
    const found: { messageClass: number; id: number; payload: Uint8Array }[] = []
    for (let at = 0; at + 8 <= bytes.length; ) {
        const length = bytes.readUInt16LE(at + 4) + 8
        const frame = parseUbxFrame(bytes.subarray(at, at + length))
        if (frame) found.push(frame)
        at += frame ? length : 1
    }
    return found
}
function offM({ latE7, lonE7 }: Pvt): number {
    const { latE7: north, lonE7: east } = aSolution(0)
    return Math.hypot((latE7 - north) * 0.0111, (lonE7 - east) * 0.0075)
}
function timeAid(atMs: number): number[] {
    const utc = new Date(atMs)
    const year = utc.getUTCFullYear()
    const day = [utc.getUTCMonth() + 1, utc.getUTCDate(), utc.getUTCHours()]
    const time = [utc.getUTCMinutes(), utc.getUTCSeconds(), 0]
    const head = [0x10, 0, 0, 18, year & 255, year >> 8, ...day, ...time]
    return [...head, ...u32(0), 2, 0, 0, 0, ...u32(0)]
}
function u32(value: number): number[] {
    return [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >>> 24) & 255]
}
function sumOf(line: string): string {
    let sum = 0
    for (const char of line.slice(1, -3)) sum ^= char.charCodeAt(0)
    return sum.toString(16).toUpperCase().padStart(2, "0")
}
