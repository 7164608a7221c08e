// What feeds a tracker: counts the charge of chip, radio and parts, takes it from the battery, and
// lets the chip brown out when the battery cannot bear its highest current any more.

import type { PoweredPart } from "../chips/power-draw.js"
import type { Clock } from "../vm/clock.js"
import type { ChipState, Esp32 } from "../vm/esp32.js"
import type { RadioState } from "../vm/wifi-service.js"
import type { Battery } from "../world/battery.js"
import { type ChargeByPart, ChargeMeter, type ChargePart } from "./charge.js"
import { airMs, ESP32_C3 } from "./esp32-currents.js"

/** Brown-out detector at its default level (ESP-IDF, ESP32-C3: level 7, 2.51 V). */
export const BROWN_OUT_MV = 2510
/** A cell recovers at rest; the chip would try again and again, and drain it with each try. */
const RETRY_MS = 60_000
/** What comes back after a rest must last: the supply has to be this much above the level. */
const HYSTERESIS_MV = 100

export interface SupplyOptions {
    clock: Clock
    battery?: Battery
    regulatorUa?: number
}

export class Supply {
    private readonly meter: ChargeMeter
    private chip: Esp32 | undefined
    private parts = 0

    constructor(private readonly options: SupplyOptions) {
        const { clock, battery } = options
        this.meter = new ChargeMeter(
            clock.nowMs,
            battery ? (atMs, uas) => battery.take(atMs, uas) : undefined,
        )
    }

    usedMah(): ChargeByPart {
        return this.meter.usedMah(this.options.clock.nowMs)
    }
    feeds(chip: Esp32): void {
        this.chip = chip
    }
    /** Counts what a part says that it draws, now and after each change. */
    watch(part: PoweredPart, kind: ChargePart): void {
        const name = `${kind}/${this.parts++}`
        this.meter.set(this.options.clock.nowMs, kind, name, part.drawUa)
        const others = part.onDraw
        part.onDraw = (atMs, drawUa) => {
            this.meter.set(atMs, kind, name, drawUa)
            others?.(atMs, drawUa)
        }
    }
    follow(state: ChipState): void {
        const isOn = state === "awake" || state === "starting"
        this.set("mcu", isOn ? ESP32_C3.runningUa : 0)
        const asleepUa = state === "asleep" ? ESP32_C3.deepSleepUa : 0
        this.set("sleep", state === "off" ? 0 : asleepUa + (this.options.regulatorUa ?? 0))
        if (isOn && this.isWeak(BROWN_OUT_MV)) this.failSoon()
        if (state === "browned-out") this.retryLater()
    }
    radio(state: RadioState | "off"): void {
        const { receivingUa, dozingUa } = ESP32_C3
        this.set("radio", state === "searching" ? receivingUa : state === "joined" ? dozingUa : 0)
        if (state === "searching" && this.isWeak(BROWN_OUT_MV)) this.failSoon()
    }
    /** Bytes on the air, in either direction. */
    traffic(bytes: number, isSent: boolean): void {
        const ua = isSent ? ESP32_C3.sendingUa : ESP32_C3.receivingUa
        this.meter.add(this.options.clock.nowMs, "radio", (ua * airMs(bytes)) / 1000)
    }

    private set(part: ChargePart, ua: number): void {
        this.meter.set(this.options.clock.nowMs, part, part, ua)
    }
    /** Under the highest current that the chip takes, beside what it draws all the time. */
    private isWeak(leastMv: number): boolean {
        const { battery, clock } = this.options
        return battery !== undefined && battery.terminalMv(clock.nowMs, ESP32_C3.peakUa) < leastMv
    }
    /** Not from within the chip's own change of state. */
    private failSoon(): void {
        this.options.clock.after(0, () => this.chip?.brownOut())
    }
    private retryLater(): void {
        this.options.clock.after(RETRY_MS, () => {
            if (this.chip?.state !== "browned-out") return
            if (this.isWeak(BROWN_OUT_MV + HYSTERESIS_MV)) this.retryLater()
            else this.chip.recover()
        })
    }
}
