// The parts on the bus as the tracker's loop wants them (logic/tracker-loop.ts). Nothing here knows
// the device library: the same code drives the chips of a board and the emulated ones on Node.

import type { Fix } from "../../protocol/fix.js"
import type { ReceiverAid } from "../logic/aiding.js"
import type { ReceiverSignal } from "../logic/signal.js"
import type { BatteryPart, MotionPart, ReceiverPart } from "../logic/tracker-loop.js"
import type { Accelerometer } from "./accelerometer.js"
import type { FuelGauge } from "./fuel-gauge.js"
import type { Gnss } from "./gnss.js"

export class BusReceiver implements ReceiverPart {
    constructor(private gnss: Gnss) {}

    async poll(nowMs: number): Promise<Fix[]> {
        return await this.gnss.poll(nowMs)
    }
    async switchOn(aid: ReceiverAid | undefined, nowMs: number): Promise<void> {
        await this.gnss.switchOn(aid, nowMs)
    }
    async switchOff(forS: number, nowMs: number): Promise<void> {
        await this.gnss.switchOff(forS, nowMs)
    }
    async askSignal(nowMs: number): Promise<void> {
        await this.gnss.askSignal(nowMs)
    }
    signal(): ReceiverSignal {
        return this.gnss.receiver.signal
    }
}

/** A part that is not there is looked for again at the next boot. */
export class BusMotion implements MotionPart {
    private found: "none" | "missing" | "calm" | "fired" = "none"
    private isOpen = false
    private isMissing = false

    constructor(private part: Accelerometer) {}

    /** Whether it has felt motion; the next `latch` says so as well. To be asked once, at boot. */
    async hasFired(): Promise<boolean> {
        this.found = await this.read()
        return this.found === "fired"
    }

    async latch(): Promise<"missing" | "calm" | "fired"> {
        const found = this.found
        this.found = "none"
        return found === "none" ? await this.read() : found
    }

    async arm(): Promise<void> {
        if (this.isMissing) return
        const fault = await this.part.setPin(true)
        this.isMissing = fault !== undefined
    }

    /** Its pin is off while the program runs: it would reset a tracker that is awake. */
    private async read(): Promise<"missing" | "calm" | "fired"> {
        if (this.isMissing) return "missing"
        const latch = this.isOpen ? await this.part.latch() : await this.part.open(false)
        this.isOpen = true
        if (latch.kind === "latch") return latch.hasFired ? "fired" : "calm"
        this.isMissing = true
        return "missing"
    }
}

export class BusBattery implements BatteryPart {
    constructor(private gauge: FuelGauge) {}

    async read(): Promise<{ batteryMv: number; charge: number } | undefined> {
        const reading = await this.gauge.read()
        if (reading.kind === "reject") return undefined
        return { batteryMv: reading.batteryMv, charge: reading.charge }
    }
}
