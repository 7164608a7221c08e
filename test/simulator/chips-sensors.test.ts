// The fuel gauge, the parts of the sensor node and the memory, by the facts of their data sheets.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Bme680 } from "../../simulator/chips/bme680.js"
import type { Environment } from "../../simulator/chips/environment.js"
import { FRAM_BYTES, Fram, PowerCut, powerCutAfter } from "../../simulator/chips/fram.js"
import { type I2cChip, I2cNak, i2cBus } from "../../simulator/chips/i2c-bus.js"
import { Ltr390 } from "../../simulator/chips/ltr390.js"
import { Max17048 } from "../../simulator/chips/max17048.js"
import { sensirionCrc } from "../../simulator/chips/sensirion-crc.js"
import { Shtc3 } from "../../simulator/chips/shtc3.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { cases } from "../support/cases.js"

const START_MS = Date.UTC(2031, 0, 1)
const HOUR_MS = 3_600_000
const ROOM: Environment = {
    temperatureC: 21.4,
    humidityPercent: 43.2,
    pressurePa: 97_310,
    illuminanceLux: 320,
    uvIndex: 2,
}

describe("the fuel gauge", () => {
    it("begins with the values of its register summary", () => {
        const { word } = gauge(() => 80)
        const defaults = { 8: 0x12, 10: 0x8030, 12: 0x971c, 20: 0xff, 26: 0x0100 }
        for (const [register, value] of Object.entries(defaults))
            expect(word(Number(register))).toBe(value)
    })
    it("gives voltage in 78.125 microvolts and charge in 256ths of a per cent", async () => {
        const { word, at } = gauge(() => 62.5)
        await at(1000)
        expect((word(0x02) * 78.125) / 1000).toBeCloseTo(3850, 0)
        expect(word(0x04) / 256).toBe(62.5)
    })
    it("counts its registers on, high byte first", () => {
        const { chip, word } = gauge(() => 62.5)
        const [vcell, soc] = [word(0x02), word(0x04)]
        chip.write(Uint8Array.of(0x02))
        expect([...chip.read(4)]).toEqual([vcell >> 8, vcell & 255, soc >> 8, soc & 255])
    })
    it("gives the rate in 0.208 % an hour, negative while it empties", async () => {
        const { word, at } = gauge((hours) => 90 - 5.2 * hours)
        await at(HOUR_MS)
        expect(((word(0x16) << 16) >> 16) * 0.208).toBeCloseTo(-5.2, 1)
        const still = gauge(() => 90)
        await still.at(HOUR_MS)
        expect(still.word(0x16)).toBe(0)
    })
    it("hibernates after six quiet minutes at 3 microamperes, looking every 45 s", async () => {
        const { chip, word, at } = gauge((hours) => 90 - 1 * hours)
        await at(359_000)
        expect([chip.drawUa, word(0x06)]).toEqual([23, 0])
        await at(361_000)
        expect([chip.drawUa, word(0x06)]).toEqual([3, 0x1000])
        const seen = word(0x04)
        await at(400_000)
        expect(word(0x04)).toBe(seen)
        await at(HOUR_MS)
        expect(word(0x04)).toBeLessThan(seen)
        chip.write(Uint8Array.of(0x06, 0x40, 0x00))
        expect(chip.drawUa).toBe(23)
    })
    it("stays awake while the cell empties fast", async () => {
        const { chip, at } = gauge((hours) => 90 - 40 * hours)
        await at(HOUR_MS)
        expect(chip.drawUa).toBe(23)
    })
    it("sleeps only where both bits are set, and starts anew by command 5400", () => {
        const { chip, word } = gauge(() => 50)
        chip.write(Uint8Array.of(0x0c, 0x97, 0x9c))
        expect(chip.drawUa).toBe(23)
        chip.write(Uint8Array.of(0x06, 0x20, 0x00))
        expect(chip.drawUa).toBe(0.5)
        chip.write(Uint8Array.of(0xfe, 0x54, 0x00))
        expect([chip.drawUa, word(0x0c)]).toEqual([23, 0x971c])
    })
})

describe("the humidity sensor", () => {
    it("checks words as Sensirion's own example does", () => {
        expect(sensirionCrc(Uint8Array.of(0xbe, 0xef))).toBe(0x92)
        expect(sensirionCrc(Uint8Array.of(0x00, 0x00))).toBe(0x81)
    })
    it("answers the sequence of the platform's driver: wake, id, sleep", async () => {
        const { chip, command, at } = shtc3()
        await at(1)
        command(0xb098)
        command(0x3517)
        await at(2)
        command(0xefc8)
        const [high, low, crc] = chip.read(3)
        expect(((high! << 8) | low!) & 0x083f).toBe(0x0807)
        expect(crc).toBe(sensirionCrc(Uint8Array.of(high!, low!)))
        command(0xb098)
        expect(() => command(0xefc8)).toThrow(I2cNak)
        expect(() => chip.read(1)).toThrow(I2cNak)
    })
    it.each([
        [0x7866, 11, false],
        [0x609c, 1, false],
        [0x58e0, 11, true],
    ])("measures by command %i within its time", async (code, ms, isHumidityFirst) => {
        const { chip, command, at } = shtc3()
        await at(1)
        command(code)
        expect(() => chip.read(6)).toThrow(I2cNak)
        await at(1 + ms)
        const bytes = Buffer.from(chip.read(6))
        for (const from of [0, 3])
            expect(bytes[from + 2]).toBe(sensirionCrc(bytes.subarray(from, from + 2)))
        const words = [bytes.readUInt16BE(0), bytes.readUInt16BE(3)]
        const [temperature, humidity] = isHumidityFirst ? words.reverse() : words
        expect(-45 + (175 * temperature!) / 65_536).toBeCloseTo(ROOM.temperatureC, 2)
        expect((100 * humidity!) / 65_536).toBeCloseTo(ROOM.humidityPercent, 2)
        expect(() => chip.read(6)).toThrow(I2cNak)
    })
    it("refuses a command that it does not know, and any before it is awake", async () => {
        const { command, at } = shtc3()
        expect(() => command(0x7866)).toThrow(I2cNak)
        await at(1)
        expect(() => command(0x1234)).toThrow(I2cNak)
    })
    it("draws 45 microamperes awake, 430 measuring, 0.3 asleep", async () => {
        const { chip, command, at } = shtc3()
        const drawn: [number, number][] = []
        chip.onDraw = (atMs, ua) => drawn.push([atMs - START_MS, ua])
        await at(10)
        command(0x7866)
        await at(30)
        command(0xb098)
        expect(drawn.map(([ms, ua]) => [Math.round(ms * 10) / 10, ua])).toEqual([
            [10, 430],
            [20.8, 45],
            [30, 0.3],
        ])
    })
})

describe("the pressure sensor", () => {
    it("gives counts that Bosch's integer formulas turn into what the air is", async () => {
        const air = fc.record({
            temperatureC: fc.double({ min: -30, max: 70, noNaN: true }),
            humidityPercent: fc.double({ min: 5, max: 95, noNaN: true }),
            pressurePa: fc.double({ min: 70_000, max: 108_000, noNaN: true }),
        })
        await fc.assert(
            fc.asyncProperty(air, async (is) => {
                const { reading, at, measure, calibration } = bme680({ ...ROOM, ...is })
                const coefficients = calibration()
                measure()
                await at(300)
                const got = compensated(coefficients, reading())
                expect(got.temperatureC).toBeCloseTo(is.temperatureC, 1)
                expect(Math.abs(got.pressurePa - is.pressurePa)).toBeLessThan(10)
                expect(Math.abs(got.humidityPercent - is.humidityPercent)).toBeLessThan(0.3)
            }),
            { numRuns: cases(60, 2000) },
        )
    })
    it("says who it is, and forgets settings by its reset command", () => {
        const { chip, read } = bme680(ROOM)
        expect(read(0xd0)).toEqual([0x61])
        expect(read(0xf0)).toEqual([0])
        chip.write(Uint8Array.of(0x75, 8))
        expect(read(0x75)).toEqual([8])
        chip.write(Uint8Array.of(0xe0, 0xb6))
        expect(read(0x75)).toEqual([0])
    })
    it("takes Bosch's time for it, heater last, and sleeps again", async () => {
        const { chip, read, at, measure } = bme680(ROOM)
        const drawn: [number, number][] = []
        chip.onDraw = (atMs, ua) => drawn.push([Math.round(atMs - START_MS), Math.round(ua)])
        measure()
        expect(read(0x1d)).toEqual([0x20])
        // (4 + 8 + 2) × 1963 + 9 × 477 + 1500 µs, then 37 × 4 ms of heater.
        await at(34)
        expect(read(0x1d)).toEqual([0x60])
        await at(180)
        expect(read(0x1d)).toEqual([0x60])
        await at(182)
        expect(read(0x1d)).toEqual([0x80])
        expect(read(0x74)[0]! & 3).toBe(0)
        const mean = Math.round((8 * 350 + 4 * 714 + 2 * 340) / 14)
        expect(drawn).toEqual([
            [0, mean],
            [33, 12_000],
            [181, 0],
        ])
    })
    it("gives the middle of the scale for what was skipped", async () => {
        const { chip, read, at } = bme680(ROOM)
        chip.write(Uint8Array.of(0x72, 0x00, 0x74, (1 << 5) | 1))
        await at(50)
        expect(read(0x1f, 3)).toEqual([0x80, 0, 0])
        expect(read(0x25, 2)).toEqual([0x80, 0])
        expect(read(0x22, 3)).not.toEqual([0x80, 0, 0])
    })
})

describe("the light sensor", () => {
    it("says who it is and stands by", () => {
        const { chip, read } = ltr390(ROOM)
        expect(read(0x06)).toEqual([0xb2])
        expect(read(0x04, 2)).toEqual([0x22, 0x01])
        expect(chip.drawUa).toBe(1)
        expect(read(0x07)[0]! & 0x20).toBe(0x20)
        expect(read(0x07)[0]! & 0x20).toBe(0)
    })
    it("is ready once for each conversion, and the platform's formula gives the light", async () => {
        const { chip, read, at } = ltr390(ROOM)
        chip.write(Uint8Array.of(0x00, 0x02))
        expect(chip.drawUa).toBe(100)
        await at(99)
        expect(read(0x07)[0]! & 8).toBe(0)
        await at(101)
        expect(read(0x07)[0]! & 8).toBe(8)
        expect(read(0x07)[0]! & 8).toBe(0)
        expect((count(read(0x0d, 3)) * 6) / 30).toBeCloseTo(ROOM.illuminanceLux, 0)
        await at(201)
        expect(read(0x07)[0]! & 8).toBe(8)
    })
    it("turns to ultraviolet by the mode bit, a conversion later", async () => {
        const { chip, read, at } = ltr390(ROOM)
        chip.write(Uint8Array.of(0x00, 0x02))
        await at(150)
        chip.write(Uint8Array.of(0x00, 0x0a))
        expect(read(0x07)[0]! & 8).toBe(0)
        await at(251)
        expect(read(0x07)[0]! & 8).toBe(8)
        // 2300 counts at gain 18 and 20 bits; here gain 3 and 18 bits.
        expect(count(read(0x10, 3))).toBe(Math.round((2 * 2300) / 6 / 4))
    })
    it("stops at the end of its resolution", async () => {
        const { chip, read, at } = ltr390({ ...ROOM, illuminanceLux: 100_000 })
        chip.write(Uint8Array.of(0x00, 0x02))
        await at(150)
        expect(count(read(0x0d, 3))).toBe(2 ** 18 - 1)
    })
})

describe("the memory", () => {
    it("wraps at its end in writes and reads", () => {
        for (const size of [FRAM_BYTES, 65_536]) {
            const fram = new Fram(size)
            const last = size - 1
            fram.write(Uint8Array.of(last >> 8, last & 255, 1, 2, 3))
            fram.write(Uint8Array.of(last >> 8, last & 255))
            expect([...fram.read(4)]).toEqual([1, 2, 3, 0])
            expect([...fram.bytes.subarray(0, 2)]).toEqual([2, 3])
        }
    })
    it("tells maker, density and product at the reserved address", () => {
        expect([...new Fram().id.read(4)]).toEqual([0x00, 0xa5, 0x10, 0x00])
        expect([...new Fram(65_536).id.read(3)]).toEqual([0x00, 0xa6, 0x58])
        expect(() => new Fram(1000)).toThrow("FRAM size 1000: expected 32768 or 65536 bytes")
    })
    it("keeps the bytes before a power cut and none after it", () => {
        const fram = new Fram()
        fram.beforeByte = powerCutAfter(5)
        fram.write(Uint8Array.of(0, 0, 1, 2, 3))
        expect(() => fram.write(Uint8Array.of(0, 10, 4, 5, 6, 7))).toThrow(PowerCut)
        expect(() => fram.write(Uint8Array.of(0, 20, 8))).toThrow(PowerCut)
        expect([...fram.bytes.subarray(0, 24)].filter((byte) => byte > 0)).toEqual([1, 2, 3, 4, 5])
    })
    it("draws its standby current while it has supply", () => {
        const fram = new Fram()
        const drawn: number[][] = []
        fram.onDraw = (...change) => drawn.push(change)
        fram.powerOn(START_MS)
        fram.powerOff(START_MS + 5)
        expect(drawn).toEqual([
            [START_MS, 27],
            [START_MS + 5, 0],
        ])
    })
})

describe("the bus", () => {
    it("reports a part that leaves its byte unacknowledged, and lets a power cut through", () => {
        const failing = (error: Error): I2cChip => ({
            write: () => {
                throw error
            },
            read: () => new Uint8Array(0),
        })
        const message = Buffer.from([0x50, 1, 0, 0, 9])
        i2cBus(new Map([[0x50, failing(new I2cNak("asleep"))]]))("i2c", message)
        expect(message[3]).toBe(255)
        const cut = i2cBus(new Map([[0x50, failing(new PowerCut("now"))]]))
        expect(() => cut("i2c", message)).toThrow(PowerCut)
    })
})

function gauge(percentAfter: (hours: number) => number) {
    const clock = new VirtualClock(START_MS)
    const chip = new Max17048({
        clock,
        battery: (atMs) => ({
            millivolts: 3850,
            percent: percentAfter((atMs - START_MS) / HOUR_MS),
            temperatureC: 20,
        }),
    })
    chip.powerOn()
    const word = (register: number) => {
        chip.write(Uint8Array.of(register))
        return Buffer.from(chip.read(2)).readUInt16BE(0)
    }
    return { chip, word, at: atOf(clock) }
}
function shtc3() {
    const clock = new VirtualClock(START_MS)
    const chip = new Shtc3({ clock, environment: () => ROOM })
    chip.powerOn()
    const command = (code: number) => chip.write(Uint8Array.of(code >> 8, code & 255))
    return { chip, command, at: atOf(clock) }
}
function ltr390(environment: Environment) {
    const clock = new VirtualClock(START_MS)
    const chip = new Ltr390({ clock, environment: () => environment })
    chip.powerOn()
    return { chip, read: reader(chip), at: atOf(clock) }
}
function bme680(environment: Environment) {
    const clock = new VirtualClock(START_MS)
    const chip = new Bme680({ clock, environment: () => environment })
    chip.powerOn()
    const read = reader(chip)
    return {
        chip,
        read,
        at: atOf(clock),
        /** As the platform's driver sets it up: ×8, ×4, ×2, heater 148 ms. */
        measure: () => {
            const settings = [0x64, 0x65, 0x75, 8, 0x72, 2, 0x71, 0x10]
            chip.write(Uint8Array.from([...settings, 0x74, (4 << 5) | (3 << 2) | 1]))
        },
        calibration: () => Buffer.from([...read(0x89, 25), ...read(0xe1, 16)]),
        reading: () => Buffer.from(read(0x1d, 15)),
    }
}
function reader(chip: I2cChip) {
    return (register: number, count = 1) => {
        chip.write(Uint8Array.of(register))
        return [...chip.read(count)]
    }
}
function atOf(clock: VirtualClock) {
    return (ms: number) => clock.runUntil(START_MS + ms, () => undefined)
}
function count(bytes: readonly number[]): number {
    return bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16)
}

/**
 * A second opinion: Bosch's integer compensation (BME68x sensor API, without floating point), its
 * shifts as divisions, with the coefficients as the part gives them.
 */
function compensated(c: Buffer, reading: Buffer) {
    const adcP = reading.readUIntBE(2, 3) >> 4
    const adcT = reading.readUIntBE(5, 3) >> 4
    const adcH = reading.readUInt16BE(8)
    const [t1, t2, t3] = [c.readUInt16LE(33), c.readInt16LE(1), c.readInt8(3)]
    const tv1 = adcT / 8 - t1 * 2
    const fine = (tv1 * t2) / 2048 + ((((tv1 / 2) * (tv1 / 2)) / 4096) * t3 * 16) / 16_384
    const [p1, p2, p3] = [c.readUInt16LE(5), c.readInt16LE(7), c.readInt8(9)]
    const [p4, p5, p7, p6] = [c.readInt16LE(11), c.readInt16LE(13), c.readInt8(15), c.readInt8(16)]
    const [p8, p9, p10] = [c.readInt16LE(19), c.readInt16LE(21), c.readUInt8(23)]
    let v1 = fine / 2 - 64_000
    const v2 = ((((v1 / 4) * (v1 / 4)) / 2048) * p6) / 4 + v1 * p5 * 2
    const offset = v2 / 4 + p4 * 65_536
    v1 = ((((v1 / 4) * (v1 / 4)) / 8192) * (p3 * 32)) / 8 + (p2 * v1) / 2
    v1 = ((32_768 + v1 / 262_144) * p1) / 32_768
    let pressure = (((1_048_576 - adcP - offset / 4096) * 3125) / v1) * 2
    const square = (p9 * (((pressure / 8) * (pressure / 8)) / 8192)) / 4096
    const line = ((pressure / 4) * p8) / 8192
    const cube = ((pressure / 256) ** 3 * p10) / 131_072
    pressure += (square + line + cube + p7 * 128) / 16
    const h2 = (c[25]! << 4) | (c[26]! >> 4)
    const h1 = (c[27]! << 4) | (c[26]! & 15)
    const [h3, h4, h5] = [c.readInt8(28), c.readInt8(29), c.readInt8(30)]
    const [h6, h7] = [c.readUInt8(31), c.readInt8(32)]
    const scaled = (fine * 5 + 128) / 256
    const hv1 = adcH - h1 * 16 - (scaled * h3) / 100 / 2
    const bend = (scaled * ((scaled * h5) / 100)) / 64 / 100
    const hv3 = hv1 * ((h2 * ((scaled * h4) / 100 + bend + 16_384)) / 1024)
    const hv4 = (h6 * 128 + (scaled * h7) / 100) / 16
    const hv6 = (hv4 * (((hv3 / 16_384) * (hv3 / 16_384)) / 1024)) / 2
    return {
        temperatureC: scaled / 100,
        pressurePa: pressure,
        humidityPercent: (hv3 + hv6) / 1024 / 4096,
    }
}
