// Temperature, humidity and pressure on the I2C bus: SHTC3 and BME680. Both sleep between samples.
//
// The platform's own drivers for these parts serve roles. In the simulator they ask for simulated
// roles and leave the bus alone, so what was tested would not be what runs; a failed read locks them
// for good, and throws in a timer, which ends the program. So these stand on the platform's bus.

import { QuantityNumber } from "../../protocol/quantity.js"
import type { I2cBus } from "../logic/i2c-bus.js"
import {
    BME680_COEFFICIENTS_AT,
    BME680_COEFFICIENTS_BYTES,
    BME680_DATA_AT,
    BME680_DATA_BYTES,
    BME680_MORE_AT,
    BME680_MORE_BYTES,
    bme680Calibration,
    bme680Values,
} from "../logic/sensor-bme680.js"
import { sensirionWord, shtc3Humidity, shtc3Temperature } from "../logic/sensor-conversions.js"
import type { Measured, SensorPart, Wait } from "../logic/sensor-part.js"

const SHTC3_ADDRESS = 0x70
const SHTC3_WAKE = [0x35, 0x17]
const SHTC3_SLEEP = [0xb0, 0x98]
const SHTC3_IDENTIFY = [0xef, 0xc8]
/** Normal mode, temperature first, no clock stretching. */
const SHTC3_MEASURE = [0x78, 0x66]
/** 240 us at most. */
const SHTC3_WAKE_MS = 1
/** 12.1 ms at most. */
const SHTC3_MEASURE_MS = 15
/** Bits 11 and 5 to 0 of the identity are 1 and 000111. */
const SHTC3_IDENTITY_MASK = 0x083f
const SHTC3_IDENTITY = 0x0807

export class Shtc3 implements SensorPart {
    name = "SHTC3"
    quantities: number[] = [QuantityNumber.temperature, QuantityNumber.humidity]

    constructor(
        private bus: I2cBus,
        private wait: Wait,
    ) {}

    async probe(): Promise<boolean> {
        try {
            const bytes = await this.ask(SHTC3_IDENTIFY, 0, 3)
            const identity = sensirionWord(bytes, 0)
            return identity !== undefined && (identity & SHTC3_IDENTITY_MASK) === SHTC3_IDENTITY
        } catch {
            return false
        }
    }

    async measure(): Promise<Measured[]> {
        const bytes = await this.ask(SHTC3_MEASURE, SHTC3_MEASURE_MS, 6)
        const temperature = sensirionWord(bytes, 0)
        const humidity = sensirionWord(bytes, 3)
        return [
            {
                quantity: QuantityNumber.temperature,
                value: temperature === undefined ? undefined : shtc3Temperature(temperature),
            },
            {
                quantity: QuantityNumber.humidity,
                value: humidity === undefined ? undefined : shtc3Humidity(humidity),
            },
        ]
    }

    /** Asleep the part answers to nothing but its wake-up. */
    private async ask(command: number[], waitMs: number, count: number): Promise<Buffer> {
        await this.bus.write(SHTC3_ADDRESS, Buffer.from(SHTC3_WAKE))
        await this.wait(SHTC3_WAKE_MS)
        await this.bus.write(SHTC3_ADDRESS, Buffer.from(command))
        if (waitMs > 0) await this.wait(waitMs)
        const bytes = await this.bus.read(SHTC3_ADDRESS, count)
        await this.bus.write(SHTC3_ADDRESS, Buffer.from(SHTC3_SLEEP))
        return bytes
    }
}

const BME680_ADDRESS = 0x76
const BME680_STATUS = 0x1d
const BME680_NEW_DATA = 0x80
const BME680_GAS = 0x71
const BME680_HUMIDITY = 0x72
const BME680_MEASURE = 0x74
const BME680_IDENTIFY = 0xd0
const BME680_IDENTITY = 0x61
/** Humidity once; temperature twice, pressure four times, one measurement. */
const BME680_HUMIDITY_ONCE = 1
const BME680_FORCED = (2 << 5) | (3 << 2) | 1
/** 7 conversions of 1.963 ms and what is between them: 19 ms. */
const BME680_MEASURE_MS = 20
const BME680_POLL_MS = 5
const BME680_POLLS_MAX = 20

export class Bme680 implements SensorPart {
    name = "BME680"
    quantities: number[] = [
        QuantityNumber.temperature,
        QuantityNumber.humidity,
        QuantityNumber.pressure,
    ]

    constructor(
        private bus: I2cBus,
        private wait: Wait,
    ) {}

    async probe(): Promise<boolean> {
        try {
            return (await this.register(BME680_IDENTIFY)) === BME680_IDENTITY
        } catch {
            return false
        }
    }

    async measure(): Promise<Measured[]> {
        const low = await this.bus.readRegister(
            BME680_ADDRESS,
            BME680_COEFFICIENTS_AT,
            BME680_COEFFICIENTS_BYTES,
        )
        const high = await this.bus.readRegister(BME680_ADDRESS, BME680_MORE_AT, BME680_MORE_BYTES)
        // Set each time: a dip of the supply that the board survives resets the part.
        await this.set(BME680_GAS, 0)
        await this.set(BME680_HUMIDITY, BME680_HUMIDITY_ONCE)
        await this.set(BME680_MEASURE, BME680_FORCED)
        await this.wait(BME680_MEASURE_MS)
        for (let i = 0; i < BME680_POLLS_MAX; i++) {
            if (((await this.register(BME680_STATUS)) & BME680_NEW_DATA) !== 0) {
                const data = await this.bus.readRegister(
                    BME680_ADDRESS,
                    BME680_DATA_AT,
                    BME680_DATA_BYTES,
                )
                const values = bme680Values(bme680Calibration(low, high), data)
                return [
                    { quantity: QuantityNumber.temperature, value: values.temperature },
                    { quantity: QuantityNumber.humidity, value: values.humidity },
                    { quantity: QuantityNumber.pressure, value: values.pressure },
                ]
            }
            await this.wait(BME680_POLL_MS)
        }
        throw new Error("BME680: no new data")
    }

    private async register(register: number): Promise<number> {
        return (await this.bus.readRegister(BME680_ADDRESS, register, 1))[0]
    }
    private async set(register: number, value: number): Promise<void> {
        await this.bus.write(BME680_ADDRESS, Buffer.from([register, value]))
    }
}
