// The fuel gauge on the bus. A board without one, or one whose battery is too low to feed it, works
// on: what is wrong is returned, never thrown.

import { type Reject, reject } from "../../protocol/reject.js"
import {
    GAUGE_ADDRESS,
    GAUGE_CELL_BYTES,
    GAUGE_CELL_REGISTER,
    GAUGE_REGISTER_BYTES,
    GAUGE_STATUS_REGISTER,
    GAUGE_VERSION_REGISTER,
    type GaugeReading,
    gaugeReading,
    gaugeSeen,
} from "../logic/fuel-gauge.js"
import type { I2cBus } from "../logic/i2c-bus.js"

export class FuelGauge {
    constructor(private bus: I2cBus) {}

    /**
     * What the gauge says; `gauge-missing` when nothing answers. A new battery is reported by one
     * reading alone.
     */
    async read(): Promise<GaugeReading | Reject> {
        try {
            const version = await this.register(GAUGE_VERSION_REGISTER)
            const cell = await this.bus.readRegister(
                GAUGE_ADDRESS,
                GAUGE_CELL_REGISTER,
                GAUGE_CELL_BYTES,
            )
            const status = await this.register(GAUGE_STATUS_REGISTER)
            const reading = gaugeReading(cell, version, status)
            if (reading.kind === "gauge" && reading.isNewBattery)
                await this.bus.write(GAUGE_ADDRESS, gaugeSeen(status))
            return reading
        } catch {
            return reject("gauge-missing")
        }
    }

    private async register(register: number): Promise<Buffer> {
        return await this.bus.readRegister(GAUGE_ADDRESS, register, GAUGE_REGISTER_BYTES)
    }
}
