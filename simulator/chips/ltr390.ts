// A LiteOn LTR-390UV-01 light sensor (data sheet DS86-2015-0004) at 0x53: ambient light or ultraviolet,
// whichever mode is on, one conversion after another. The data-ready bit of MAIN_STATUS clears when
// that register is read. Not modelled: interrupts and their thresholds, which keep what is written.

import type { Clock } from "../vm/clock.js"
import { LTR390_UA } from "./currents.js"
import type { EnvironmentSource } from "./environment.js"
import type { I2cChip } from "./i2c-bus.js"
import { PoweredPart } from "./power-draw.js"

export const LTR390_ADDRESS = 0x53

const Register = {
    control: 0x00,
    rate: 0x04,
    gain: 0x05,
    partId: 0x06,
    status: 0x07,
    ambient: 0x0d,
    ultraviolet: 0x10,
    dataEnd: 0x13,
} as const
const DEFAULTS: readonly (readonly [number, number])[] = [
    [Register.rate, 0x22],
    [Register.gain, 0x01],
    [Register.partId, 0xb2],
    [0x19, 0x10],
    ...[0x21, 0x22].map((register) => [register, 0xff] as const),
    [0x23, 0x0f],
]
const REGISTERS = 0x27
const ENABLE = 1 << 1
const ULTRAVIOLET = 1 << 3
const RESET = 1 << 4
const DATA_READY = 1 << 3
const POWER_ON = 1 << 5
/** By the resolution bits of MEAS_RATE: 20, 19, 18, 17, 16 and 13 bits. */
const CONVERSION_MS = [400, 200, 100, 50, 25, 12.5]
const BITS = [20, 19, 18, 17, 16, 13]
const REPEAT_MS = [25, 50, 100, 200, 500, 1000, 2000, 2000]
const GAINS = [1, 3, 6, 9, 18]
/** Illuminance = 0.6 counts / (gain × conversion in hundreds of ms). */
const LUX_PER_COUNT = 0.6
/** Counts of UV index 1 at gain 18 and 20 bits. */
const UV_COUNTS = 2300

export interface Ltr390Options {
    clock: Clock
    environment: EnvironmentSource
}

export class Ltr390 extends PoweredPart implements I2cChip {
    private registers = new Uint8Array(REGISTERS)
    private pointer = 0
    private startedAtMs = 0
    private readConversion = 0
    private hasStarted = false

    constructor(private readonly options: Ltr390Options) {
        super()
    }

    powerOn(): void {
        this.registers = new Uint8Array(REGISTERS)
        for (const [register, value] of DEFAULTS) this.registers[register] = value
        this.hasStarted = true
        this.restart()
    }
    powerOff(): void {
        this.setDraw(this.options.clock.nowMs, 0)
    }

    write(bytes: Uint8Array): void {
        if (bytes.length === 0) return
        this.pointer = bytes[0]!
        for (const byte of bytes.subarray(1)) this.writeRegister(this.pointer++, byte)
    }
    read(count: number): Uint8Array {
        return Uint8Array.from({ length: count }, () => this.readRegister(this.pointer++))
    }

    private writeRegister(register: number, value: number): void {
        const isReadOnly = register >= Register.partId && register < Register.dataEnd
        if (register >= REGISTERS || isReadOnly) return
        if (register === Register.control && value & RESET) {
            this.powerOn()
            return
        }
        this.registers[register] = value
        if (register <= Register.gain) this.restart()
    }
    private readRegister(register: number): number {
        if (register === Register.status) return this.status()
        const from = this.isUltraviolet() ? Register.ultraviolet : Register.ambient
        if (register >= from && register < from + 3)
            return (this.count() >> (8 * (register - from))) & 255
        return this.registers[register] ?? 0
    }

    private isUltraviolet(): boolean {
        return (this.registers[Register.control]! & ULTRAVIOLET) !== 0
    }
    private isEnabled(): boolean {
        return (this.registers[Register.control]! & ENABLE) !== 0
    }
    private restart(): void {
        const { nowMs } = this.options.clock
        this.startedAtMs = nowMs
        this.readConversion = 0
        this.setDraw(nowMs, this.isEnabled() ? LTR390_UA.active : LTR390_UA.standby)
    }
    private resolution(): number {
        return Math.min(5, (this.registers[Register.rate]! >> 4) & 7)
    }
    private repeatMs(): number {
        const repeatMs = REPEAT_MS[this.registers[Register.rate]! & 7]!
        return Math.max(repeatMs, CONVERSION_MS[this.resolution()]!)
    }
    /** Conversions done since the mode was set; the first after one conversion time. */
    private conversions(): number {
        if (!this.isEnabled()) return 0
        const passedMs = this.options.clock.nowMs - this.startedAtMs
        const laterMs = passedMs - CONVERSION_MS[this.resolution()]!
        return laterMs < 0 ? 0 : 1 + Math.floor(laterMs / this.repeatMs())
    }
    private status(): number {
        const done = this.conversions()
        const isFresh = done > this.readConversion
        const started = this.hasStarted ? POWER_ON : 0
        this.readConversion = done
        this.hasStarted = false
        return started | (isFresh ? DATA_READY : 0)
    }
    private count(): number {
        const done = this.conversions()
        if (done === 0) return 0
        const conversionMs = CONVERSION_MS[this.resolution()]!
        const atMs = this.startedAtMs + conversionMs + (done - 1) * this.repeatMs()
        const { illuminanceLux, uvIndex } = this.options.environment(atMs)
        const gain = GAINS[Math.min(4, this.registers[Register.gain]! & 7)]!
        const counts = this.isUltraviolet()
            ? uvIndex * UV_COUNTS * (gain / 18) * (conversionMs / 400)
            : (illuminanceLux * gain * (conversionMs / 100)) / LUX_PER_COUNT
        return Math.max(0, Math.min(2 ** BITS[this.resolution()]! - 1, Math.round(counts)))
    }
}
