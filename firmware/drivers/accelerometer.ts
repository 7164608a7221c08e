// A LIS3DH on the bus. It has a supply of its own and keeps its settings and its latch while the
// program is gone: the latch is read first, before anything is written. What is wrong is returned,
// never thrown.

import { type Reject, reject } from "../../protocol/reject.js"
import {
    ACCELEROMETER_ADDRESSES,
    AUTO_INCREMENT,
    hasFired,
    INT1_SRC,
    isSampleNew,
    LIS3DH,
    OUT_X_L,
    pinSetting,
    REFERENCE,
    type RegisterSetting,
    SELF_TEST_OFF,
    SELF_TEST_ON,
    SELF_TEST_SAMPLES,
    SELF_TEST_SETTLE_MS,
    STATUS_REG,
    sampleDigits,
    sampleMg,
    selfTestFault,
    WATCH,
    WHO_AM_I,
    watchRegisters,
} from "../logic/accelerometer.js"
import type { I2cBus } from "../logic/i2c-bus.js"

/** The latch as it was found, and let go of. */
export interface Latch {
    kind: "latch"
    hasFired: boolean
}

export interface Sample {
    kind: "sample"
    /** x, y and z, gravity included. */
    mg: number[]
}

const SAMPLE_BYTES = 6
/** A sample at 50 Hz comes every 20 ms: this many looks, 10 ms apart, miss none. */
const LOOKS_MAX = 10
const LOOK_MS = 10
const SILENT = "accelerometer-missing"

export class Accelerometer {
    private address = 0

    /** `sleep` waits so many milliseconds. */
    constructor(
        private bus: I2cBus,
        private sleep: (ms: number) => Promise<void>,
    ) {}

    /**
     * Finds the part, reads its latch, and makes it watch for motion if it does not yet. Refused:
     * `accelerometer-missing`; `accelerometer-other: 68, expected 51`, another part's name at the
     * address; `accelerometer-register-32: 0, expected 47`, a setting that it did not take. To be
     * called after each boot, before anything else.
     */
    async open(isPinOn: boolean): Promise<Latch | Reject> {
        const settings = watchRegisters(WATCH, isPinOn)
        if (!Array.isArray(settings)) return settings
        try {
            const missing = await this.find()
            if (missing !== undefined) return missing
            const latch = await this.readLatch()
            if ((await this.faultIn(settings)) === undefined) return latch
            return (await this.writeAll(settings)) || latch
        } catch {
            return reject(SILENT)
        }
    }

    /** The latch since it was last read; it is let go of. */
    async latch(): Promise<Latch | Reject> {
        try {
            return await this.readLatch()
        } catch {
            return reject(SILENT)
        }
    }

    /** Lets motion pulse the board's reset, or not. Undefined when it is so. */
    async setPin(isOn: boolean): Promise<Reject | undefined> {
        try {
            const setting = pinSetting(isOn)
            await this.write(setting)
            return await this.faultIn([setting])
        } catch {
            return reject(SILENT)
        }
    }

    /** One sample as it stands. */
    async sample(): Promise<Sample | Reject> {
        try {
            return { kind: "sample", mg: sampleMg(await this.readSample()) }
        } catch {
            return reject(SILENT)
        }
    }

    /**
     * The data sheet's self-test: an electrostatic force moves each axis by a known amount. Takes half
     * a second and wants the tracker at rest. Undefined when it passed. It watches for motion again
     * afterwards, whatever came out, with the pin as given.
     */
    async selfTest(isPinOn: boolean): Promise<Reject | undefined> {
        const settings = watchRegisters(WATCH, isPinOn)
        if (!Array.isArray(settings)) return settings
        try {
            const off = await this.testSamples(SELF_TEST_OFF)
            const on = await this.testSamples(SELF_TEST_ON)
            const wrong = await this.writeAll(settings)
            if (off.length === 0 || on.length === 0) return reject("accelerometer-no-samples")
            return wrong || selfTestFault(off, on)
        } catch {
            return reject(SILENT)
        }
    }

    /** Sets `address`; undefined when the part is there. */
    private async find(): Promise<Reject | undefined> {
        let fault = reject(SILENT)
        for (const address of ACCELEROMETER_ADDRESSES) {
            let name = 0
            try {
                name = (await this.bus.readRegister(address, WHO_AM_I, 1))[0]
            } catch {
                continue
            }
            if (name === LIS3DH) {
                this.address = address
                return undefined
            }
            fault = reject(`accelerometer-other: ${name}, expected ${LIS3DH}`)
        }
        return fault
    }

    private async readLatch(): Promise<Latch> {
        return { kind: "latch", hasFired: hasFired(await this.read(INT1_SRC)) }
    }

    /**
     * Writes, sets the filter to what is felt now, lets go of the latch, and reads all back. The pin,
     * last of the settings, is off until then: gravity itself would pulse the reset.
     */
    private async writeAll(settings: RegisterSetting[]): Promise<Reject | undefined> {
        await this.write(pinSetting(false))
        const last = settings.length - 1
        for (let i = 0; i < last; i++) await this.write(settings[i])
        await this.read(REFERENCE)
        await this.read(INT1_SRC)
        await this.write(settings[last])
        return await this.faultIn(settings)
    }

    private async faultIn(settings: RegisterSetting[]): Promise<Reject | undefined> {
        for (const setting of settings) {
            const value = await this.read(setting.register)
            if (value === setting.value) continue
            const name = `accelerometer-register-${setting.register}`
            return reject(`${name}: ${value}, expected ${setting.value}`)
        }
        return undefined
    }

    /** The samples under these settings; none where the part gives none. */
    private async testSamples(settings: RegisterSetting[]): Promise<number[][]> {
        for (const setting of settings) await this.write(setting)
        await this.sleep(SELF_TEST_SETTLE_MS)
        const samples: number[][] = []
        let looks = 0
        // The first one may have been taken before the output settled.
        while (samples.length <= SELF_TEST_SAMPLES) {
            if (isSampleNew(await this.read(STATUS_REG))) {
                samples.push(sampleDigits(await this.readSample()))
                looks = 0
            } else if (looks === LOOKS_MAX) return []
            else {
                looks++
                await this.sleep(LOOK_MS)
            }
        }
        return samples.slice(1)
    }

    private async readSample(): Promise<Buffer> {
        return await this.bus.readRegister(this.address, OUT_X_L | AUTO_INCREMENT, SAMPLE_BYTES)
    }
    private async read(register: number): Promise<number> {
        return (await this.bus.readRegister(this.address, register, 1))[0]
    }
    private async write(setting: RegisterSetting): Promise<void> {
        await this.bus.write(this.address, Buffer.from([setting.register, setting.value]))
    }
}
