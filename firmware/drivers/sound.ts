// Sound level by a meter with a linear output (Gravity SEN0232) on input 0 of an ADS1115. The chip's
// own converter is not used: the runtime gives its raw counts, uncalibrated, and 100 mV are 5 dB.

import { QuantityNumber } from "../../protocol/quantity.js"
import type { I2cBus } from "../logic/i2c-bus.js"
import { meterSoundLevel } from "../logic/sensor-conversions.js"
import type { Measured, SensorPart, Wait } from "../logic/sensor-part.js"

const ADDRESS = 0x48
const CONVERSION = 0x00
const CONFIGURATION = 0x01
/**
 * Start one conversion of input 0 against ground, full scale 4.096 V (125 uV a count), 128 a second,
 * comparator off. ADS1115 data sheet SBAS444, table 8.
 */
const START = [CONFIGURATION, 0xc3, 0x83]
/** In the configuration's first byte: no conversion runs. */
const IS_READY = 0x80
/** 7.8 ms and a tenth. */
const CONVERSION_MS = 9
const POLL_MS = 2
const POLLS_MAX = 10

export class SoundMeter implements SensorPart {
    name = "sound level meter"
    quantities: number[] = [QuantityNumber.soundLevel]

    constructor(
        private bus: I2cBus,
        private wait: Wait,
    ) {}

    async probe(): Promise<boolean> {
        try {
            return meterSoundLevel(await this.count()) !== undefined
        } catch {
            return false
        }
    }

    async measure(): Promise<Measured[]> {
        const value = meterSoundLevel(await this.count())
        return [{ quantity: QuantityNumber.soundLevel, value: value }]
    }

    private async count(): Promise<number> {
        await this.bus.write(ADDRESS, Buffer.from(START))
        await this.wait(CONVERSION_MS)
        for (let i = 0; i < POLLS_MAX; i++) {
            const state = await this.bus.readRegister(ADDRESS, CONFIGURATION, 2)
            if ((state[0] & IS_READY) !== 0) {
                const data = await this.bus.readRegister(ADDRESS, CONVERSION, 2)
                const count = data[0] * 256 + data[1]
                return count >= 32768 ? count - 65536 : count
            }
            await this.wait(POLL_MS)
        }
        throw new Error("ADS1115: no conversion")
    }
}
