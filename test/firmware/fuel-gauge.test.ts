import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { FuelGauge } from "../../firmware/drivers/fuel-gauge.js"
import {
    chargePercent,
    GAUGE_ADDRESS,
    gaugeReading,
    gaugeSeen,
} from "../../firmware/logic/fuel-gauge.js"
import type { I2cBus } from "../../firmware/logic/i2c-bus.js"
import { cases } from "../support/cases.js"

const VERSION = Buffer.from([0x00, 0x12])
const SEEN = Buffer.from([0x00, 0x00])
const FRESH = Buffer.from([0x01, 0x00])

/** VCELL for a voltage, and SOC. */
function cell(batteryMv: number, charge: number): Buffer {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt16BE(Math.round((batteryMv * 1000) / 78.125), 0)
    bytes.writeUInt16BE(charge, 2)
    return bytes
}

/** Registers as a MAX17048 answers; 0 at what it has not. */
class FakeBus implements I2cBus {
    readonly written: Buffer[] = []
    readonly registers = new Map<number, Buffer>([
        [0x02, cell(3812, 128 * 100)],
        [0x08, VERSION],
        [0x1a, FRESH],
    ])
    isThere = true

    async readRegister(address: number, register: number, count: number): Promise<Buffer> {
        if (!this.isThere || address !== GAUGE_ADDRESS) throw new Error("no answer")
        return (this.registers.get(register) ?? Buffer.alloc(count)).subarray(0, count)
    }
    async read(): Promise<Buffer> {
        throw new Error("the gauge is asked by register")
    }
    async write(_address: number, bytes: Buffer): Promise<void> {
        this.written.push(bytes)
        this.registers.set(bytes[0]!, bytes.subarray(1))
    }
}

describe("a reading of the gauge", () => {
    it("is a voltage of 78.125 uV a count and a charge of 1/256 percent", () => {
        // From the data sheet's units: 0xC000 counts are 3.84 V.
        const bytes = Buffer.from([0xc0, 0x00, 0x61, 0x80])
        expect(gaugeReading(bytes, VERSION, SEEN)).toEqual({
            kind: "gauge",
            batteryMv: 3840,
            charge: 0x6180,
            isNewBattery: false,
        })
        expect(chargePercent(0x6180)).toBe(98)
    })

    it("is full at most", () => {
        expect(gaugeReading(cell(4200, 25_900), VERSION, SEEN)).toMatchObject({ charge: 25_600 })
    })

    it("is refused from another chip, and with a voltage that no battery has", () => {
        const refused = (reason: string) => ({ kind: "reject", reason })
        const other = Buffer.from([0x00, 0x03])
        expect(gaugeReading(cell(3800, 0), other, SEEN)).toEqual(refused("gauge-version"))
        expect(gaugeReading(cell(0, 0), VERSION, SEEN)).toEqual(refused("gauge-voltage"))
        expect(gaugeReading(cell(5100, 0), VERSION, SEEN)).toEqual(refused("gauge-voltage"))
    })

    it("is in range or refused, whatever the bytes", () => {
        const bytes = (count: number) =>
            fc.uint8Array({ minLength: count, maxLength: count }).map((all) => Buffer.from(all))
        fc.assert(
            fc.property(bytes(4), bytes(2), bytes(2), (four, version, status) => {
                const reading = gaugeReading(four, version, status)
                if (reading.kind === "reject") return
                expect(reading.batteryMv).toBeGreaterThanOrEqual(2000)
                expect(reading.batteryMv).toBeLessThanOrEqual(5000)
                expect(reading.charge).toBeLessThanOrEqual(25_600)
            }),
            { numRuns: cases(500, 20_000) },
        )
    })
})

describe("the gauge on the bus", () => {
    it("tells a new battery once", async () => {
        const bus = new FakeBus()
        const gauge = new FuelGauge(bus)
        expect(await gauge.read()).toEqual({
            kind: "gauge",
            batteryMv: 3812,
            charge: 12_800,
            isNewBattery: true,
        })
        expect(bus.written).toEqual([gaugeSeen(FRESH)])
        expect(await gauge.read()).toMatchObject({ isNewBattery: false })
        expect(bus.written).toHaveLength(1)
    })

    it("leaves the other flags of its status as they are", () => {
        expect([...gaugeSeen(Buffer.from([0x1f, 0x80]))]).toEqual([0x1a, 0x1e, 0x80])
    })

    it("that is not there is reported and stops nothing", async () => {
        const bus = new FakeBus()
        bus.isThere = false
        const gauge = new FuelGauge(bus)
        expect(await gauge.read()).toEqual({ kind: "reject", reason: "gauge-missing" })
        bus.isThere = true
        expect(await gauge.read()).toMatchObject({ kind: "gauge" })
    })
})
