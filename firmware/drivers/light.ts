// Illuminance by an LTR-390UV on the I2C bus. It is switched on for one conversion and off again.

import { QuantityNumber } from "../../protocol/quantity.js"
import type { I2cBus } from "../logic/i2c-bus.js"
import { ltr390Illuminance } from "../logic/sensor-conversions.js"
import type { Measured, SensorPart, Wait } from "../logic/sensor-part.js"

const ADDRESS = 0x53
const MAIN_CONTROL = 0x00
const RATE = 0x04
const GAIN = 0x05
const PART = 0x06
const STATUS = 0x07
const DATA = 0x0d
/** The upper half of the part's number; the lower is its revision. */
const PART_NUMBER = 0xb
const LIGHT_ON = 0x02
const OFF = 0x00
/** 18 bits in 100 ms. */
const RATE_18_BITS = 0x22
/** Gain 1 reaches 157,000 lx: the sun is 120,000. */
const GAIN_1 = 0x00
const NEW_DATA = 0x08
const CONVERSION_MS = 110
const POLL_MS = 20
const POLLS_MAX = 15

export class Ltr390 implements SensorPart {
    name = "LTR-390UV"
    quantities: number[] = [QuantityNumber.illuminance]

    constructor(
        private bus: I2cBus,
        private wait: Wait,
    ) {}

    async probe(): Promise<boolean> {
        try {
            return (await this.register(PART)) >> 4 === PART_NUMBER
        } catch {
            return false
        }
    }

    async measure(): Promise<Measured[]> {
        await this.set(RATE, RATE_18_BITS)
        await this.set(GAIN, GAIN_1)
        await this.set(MAIN_CONTROL, LIGHT_ON)
        await this.wait(CONVERSION_MS)
        for (let i = 0; i < POLLS_MAX; i++) {
            if (((await this.register(STATUS)) & NEW_DATA) !== 0) {
                const data = await this.bus.readRegister(ADDRESS, DATA, 3)
                await this.set(MAIN_CONTROL, OFF)
                const count = data[0] + 256 * data[1] + 65536 * (data[2] & 15)
                const value = ltr390Illuminance(count)
                return [{ quantity: QuantityNumber.illuminance, value: value }]
            }
            await this.wait(POLL_MS)
        }
        throw new Error("LTR-390UV: no new data")
    }

    private async register(register: number): Promise<number> {
        return (await this.bus.readRegister(ADDRESS, register, 1))[0]
    }
    private async set(register: number, value: number): Promise<void> {
        await this.bus.write(ADDRESS, Buffer.from([register, value]))
    }
}
