// A Sensirion SHTC3 (data sheet, version 2) at 0x70: 16-bit commands; each word it returns is followed
// by its CRC. It sleeps until woken and acknowledges nothing but the wake-up then, nor a read before
// the measurement is done. Clock stretching would stop the bus; its commands are answered at once.

import type { Clock, Timer } from "../vm/clock.js"
import { SHTC3_UA } from "./currents.js"
import type { EnvironmentSource } from "./environment.js"
import { type I2cChip, I2cNak } from "./i2c-bus.js"
import { PoweredPart } from "./power-draw.js"
import { sensirionCrc } from "./sensirion-crc.js"

export const SHTC3_ADDRESS = 0x70

const WAKE = 0x3517
const SLEEP = 0xb098
const SOFT_RESET = 0x805d
const READ_ID = 0xefc8
/** xxxx 1xxx xx00 0111, the free bits zero. */
const ID = 0x0807
/** Table 5: power-up, wake-up and soft reset at most. */
const START_MS = 0.24
/** Table 5: typical times of a measurement. */
const NORMAL_MS = 10.8
const LOW_POWER_MS = 0.7

interface Measurement {
    isHumidityFirst: boolean
    isLowPower: boolean
    isStretching: boolean
}
const MEASUREMENTS = new Map<number, Measurement>(
    [
        ...[0x7866, 0x58e0, 0x609c, 0x401a].map((code) => ({ code, isStretching: false })),
        ...[0x7ca2, 0x5c24, 0x6458, 0x44de].map((code) => ({ code, isStretching: true })),
    ].map(({ code, isStretching }, i) => [
        code,
        { isStretching, isHumidityFirst: i % 2 === 1, isLowPower: i % 4 >= 2 },
    ]),
)

export interface Shtc3Options {
    clock: Clock
    environment: EnvironmentSource
}

export class Shtc3 extends PoweredPart implements I2cChip {
    private state: "off" | "sleep" | "idle" = "off"
    private readyAtMs = 0
    private isStretching = false
    private answer: Uint8Array | undefined
    private timer: Timer | undefined

    constructor(private readonly options: Shtc3Options) {
        super()
    }

    powerOn(): void {
        this.rest("idle", START_MS)
    }
    powerOff(): void {
        this.rest("off", 0)
    }

    write(bytes: Uint8Array): void {
        const command = bytes.length === 2 ? (bytes[0]! << 8) | bytes[1]! : undefined
        if (this.state === "sleep" && command === WAKE) {
            this.rest("idle", START_MS)
            return
        }
        if (this.state !== "idle" || this.isBusy()) throw new I2cNak("SHTC3 asleep or busy")
        if (command === SLEEP) this.rest("sleep", 0)
        else if (command === SOFT_RESET) this.rest("idle", START_MS)
        else if (command === READ_ID) this.answer = withCrc(ID)
        else if (command !== WAKE) {
            const measurement = command === undefined ? undefined : MEASUREMENTS.get(command)
            if (!measurement) throw new I2cNak("SHTC3 does not know the command")
            this.measure(measurement)
        }
    }
    read(count: number): Uint8Array {
        const isBusy = this.isBusy() && !this.isStretching
        const { answer } = this
        if (this.state !== "idle" || isBusy || !answer) throw new I2cNak("SHTC3 has no data")
        this.answer = undefined
        return Uint8Array.from({ length: count }, (_, i) => answer[i] ?? 0xff)
    }

    private isBusy(): boolean {
        return this.options.clock.nowMs < this.readyAtMs
    }
    private rest(state: "off" | "sleep" | "idle", startMs: number): void {
        const { nowMs } = this.options.clock
        this.timer?.cancel()
        this.state = state
        this.answer = undefined
        this.isStretching = false
        this.readyAtMs = nowMs + startMs
        this.setDraw(nowMs, state === "off" ? 0 : SHTC3_UA[state])
    }
    private measure({ isHumidityFirst, isLowPower, isStretching }: Measurement): void {
        const { clock, environment } = this.options
        const measuringMs = isLowPower ? LOW_POWER_MS : NORMAL_MS
        const { temperatureC, humidityPercent } = environment(clock.nowMs)
        const temperature = withCrc(ticks((temperatureC + 45) / 175))
        const humidity = withCrc(ticks(humidityPercent / 100))
        this.answer = Uint8Array.from(
            isHumidityFirst ? [...humidity, ...temperature] : [...temperature, ...humidity],
        )
        this.isStretching = isStretching
        this.readyAtMs = clock.nowMs + measuringMs
        this.setDraw(clock.nowMs, isLowPower ? SHTC3_UA.measuringLowPower : SHTC3_UA.measuring)
        this.timer = clock.after(measuringMs, () => this.setDraw(clock.nowMs, SHTC3_UA.idle))
    }
}

/** Section 5.11: T = -45 + 175 S / 2^16, RH = 100 S / 2^16. */
function ticks(share: number): number {
    return Math.max(0, Math.min(0xffff, Math.round(share * 0x10000)))
}
function withCrc(word: number): Uint8Array {
    const bytes = Uint8Array.of(word >> 8, word & 255)
    return Uint8Array.of(...bytes, sensirionCrc(bytes))
}
