// The battery's voltage as a quantity like any other: the fuel gauge as a part that measures.

import { QuantityNumber } from "../../protocol/quantity.js"
import type { Reject } from "../../protocol/reject.js"
import type { GaugeReading } from "./fuel-gauge.js"
import type { Measured, SensorPart } from "./sensor-part.js"

interface Gauge {
    read(): Promise<GaugeReading | Reject>
}

export class GaugePart implements SensorPart {
    name = "fuel gauge"
    quantities: number[] = [QuantityNumber.voltage]

    constructor(private gauge: Gauge) {}

    async probe(): Promise<boolean> {
        return (await this.gauge.read()).kind === "gauge"
    }

    /** What is wrong is the gauge's to say, and an absent value here. */
    async measure(): Promise<Measured[]> {
        const reading = await this.gauge.read()
        const value = reading.kind === "gauge" ? reading.batteryMv : undefined
        return [{ quantity: QuantityNumber.voltage, value: value }]
    }
}
