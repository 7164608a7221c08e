// An ST LIS3DH accelerometer (data sheet DocID17530 Rev 2, application note AN3308) at 0x18, or 0x19
// with SA0 high. It samples at its own rate, filters, and raises INT1 when its threshold is passed for
// long enough. Latched, INT1 stays up until INT1_SRC is read, through any reset of the host: the part
// keeps its supply. Registers follow the data sheet's names, chapter 8.
//
// Not modelled: FIFO, click, 6D orientation, the second generator, the ADC inputs; their registers
// keep what is written. The 5 ms of boot after power-on are not either.

import type { Clock, Timer } from "../vm/clock.js"
import { LIS3DH_UA } from "./currents.js"
import type { I2cChip } from "./i2c-bus.js"
import { PoweredPart } from "./power-draw.js"

export const LIS3DH_ADDRESS = 0x18

/** Thousandths of g along each axis, gravity included: flat and still is x 0, y 0, z 1000. */
export interface AccelerationMg {
    x: number
    y: number
    z: number
}

export interface Lis3dhOptions {
    clock: Clock
    /** What the part feels at an instant, UTC ms. */
    motion: (atMs: number) => AccelerationMg
    /**
     * Until when the motion stays as it is at `atMs`: the first instant at which it may differ;
     * `atMs` or earlier where nobody knows. A part that lies still then costs no event a sample.
     */
    stillUntil?: (atMs: number) => number
    /** What self-test 0 of CTRL_REG4 adds to each axis, and self-test 1 takes away; 0 of a broken part. */
    actuatorMg?: number
    /** INT1 has become active. Boards wired for it pulse the reset line. */
    onInterrupt?: (atMs: number) => void
}

const Register = {
    whoAmI: 0x0f,
    ctrl0: 0x1e,
    ctrl1: 0x20,
    ctrl2: 0x21,
    ctrl3: 0x22,
    ctrl4: 0x23,
    ctrl5: 0x24,
    reference: 0x26,
    status: 0x27,
    outXLow: 0x28,
    outZHigh: 0x2d,
    fifoSource: 0x2f,
    int1Config: 0x30,
    int1Source: 0x31,
    int1Threshold: 0x32,
    int1Duration: 0x33,
} as const

/** What the part holds after power-on, where that is not zero. */
const DEFAULTS: readonly (readonly [number, number])[] = [
    [Register.whoAmI, 0x33],
    [Register.ctrl0, 0x10],
    [Register.ctrl1, 0x07],
    [Register.fifoSource, 0x20],
]
const READ_ONLY = new Set<number>([
    ...[0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, Register.whoAmI, Register.status],
    ...[0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, Register.fifoSource, Register.int1Source],
])
const REGISTERS = 0x40
const AUTO_INCREMENT = 0x80
const LOW_POWER = 1 << 3
const HIGH_RESOLUTION = 1 << 3
const BOOT = 1 << 7
const ROUTE_INT1 = 1 << 6
const LATCH_INT1 = 1 << 3
const FILTERED_OUTPUT = 1 << 3
const FILTERED_INT1 = 1 << 0
const AND_EVENTS = 1 << 7
const SIX_DIRECTIONS = 1 << 6
const EVENTS = 0x3f
const ACTIVE = 1 << 6

/** Hz by the ODR bits; 8 is for low power alone, 9 depends on the mode. */
const RATES_HZ = [0, 1, 10, 25, 50, 100, 200, 400, 1620]
const RATE_9_HZ = { lowPower: 5376, normal: 1344 }
/** mg per digit of the 12-bit output, by full scale 2, 4, 8, 16 g (table 4). */
const MG_PER_DIGIT = [1, 2, 4, 12]
/** mg per step of INT1_THS, by full scale (register description). */
const MG_PER_THRESHOLD = [16, 32, 62, 186]
/** AN3308: cut-off is the rate / (6 HPc), HPc 8, 16, 32, 64 by the HPCF bits. */
const HIGH_PASS_STEP = [3 / 8, 3 / 16, 3 / 32, 3 / 64]
/** After this many even the slowest filter has forgotten all but 0.2 % of what was before. */
const SETTLE_SAMPLES = 128
const HIGH_PASS_REFERENCE = 1
const HIGH_PASS_AUTORESET = 3

type Axes = [x: number, y: number, z: number]

export class Lis3dh extends PoweredPart implements I2cChip {
    private registers = new Uint8Array(REGISTERS)
    private pointer = 0
    private isAutoIncrement = false
    private isPowered = false
    private timer: Timer | undefined
    private sampledFromMs = 0
    /** Samples up to which OUT was read, and up to which the generator has looked. */
    private readSample = 0
    private lookedAtMs = 0
    /**
     * The slow part of each axis that the high-pass filter takes away. Zero after power-on, so that
     * gravity itself passes as a jolt until REFERENCE is read, from which on the next sample sets it.
     */
    private slow: Axes | undefined = [0, 0, 0]
    private overSamples = 0

    constructor(private readonly options: Lis3dhOptions) {
        super()
    }

    powerOn(): void {
        this.registers = new Uint8Array(REGISTERS)
        for (const [register, value] of DEFAULTS) this.registers[register] = value
        this.isPowered = true
        this.slow = [0, 0, 0]
        this.restart()
    }
    powerOff(): void {
        this.isPowered = false
        this.timer?.cancel()
        this.setDraw(this.options.clock.nowMs, 0)
    }
    /** The level of INT1, as a pin of the host sees it. */
    get isInterrupting(): boolean {
        const isRouted = (this.get(Register.ctrl3) & ROUTE_INT1) !== 0
        return this.isPowered && isRouted && (this.get(Register.int1Source) & ACTIVE) !== 0
    }

    write(bytes: Uint8Array): void {
        if (bytes.length === 0) return
        this.isAutoIncrement = (bytes[0]! & AUTO_INCREMENT) !== 0
        this.pointer = bytes[0]! & ~AUTO_INCREMENT
        for (const byte of bytes.subarray(1)) {
            this.writeRegister(this.pointer, byte)
            this.advance()
        }
    }
    read(count: number): Uint8Array {
        return Uint8Array.from({ length: count }, () => {
            const value = this.readRegister(this.pointer)
            this.advance()
            return value
        })
    }

    private advance(): void {
        if (this.isAutoIncrement) this.pointer = (this.pointer + 1) % (REGISTERS * 2)
    }
    private get(register: number): number {
        return this.registers[register]!
    }
    private writeRegister(register: number, value: number): void {
        if (register >= REGISTERS || READ_ONLY.has(register)) return
        const before = this.get(register)
        this.registers[register] = register === Register.ctrl5 ? value & ~BOOT : value
        const isMode = register === Register.ctrl1 || register === Register.ctrl4
        if (isMode && value !== before) this.restart()
        else if (register === Register.int1Config) this.overSamples = 0
        this.watch()
    }
    private readRegister(register: number): number {
        if (register >= REGISTERS) return 0
        if (register === Register.status) return this.status()
        if (register >= Register.outXLow && register <= Register.outZHigh)
            return this.outputByte(register - Register.outXLow)
        const value = this.get(register)
        if (register === Register.int1Source) this.clearInterrupt()
        if (register === Register.reference) this.slow = undefined
        return value
    }

    private rateHz(): number {
        const bits = this.get(Register.ctrl1) >> 4
        if (bits === 9) return this.isLowPower() ? RATE_9_HZ.lowPower : RATE_9_HZ.normal
        return RATES_HZ[bits] ?? 0
    }
    private isLowPower(): boolean {
        return (this.get(Register.ctrl1) & LOW_POWER) !== 0
    }
    private scale(): number {
        return (this.get(Register.ctrl4) >> 4) & 3
    }
    /** Rate or mode has changed: the first sample comes one period from now. */
    private restart(): void {
        const { nowMs } = this.options.clock
        const rateHz = this.rateHz()
        this.sampledFromMs = nowMs
        this.lookedAtMs = nowMs
        this.readSample = 0
        this.overSamples = 0
        const byRate: Record<number, number> = this.isLowPower()
            ? LIS3DH_UA.lowPower
            : LIS3DH_UA.normal
        this.setDraw(nowMs, byRate[rateHz] ?? LIS3DH_UA.powerDown)
        this.watch()
    }
    private sampleCount(): number {
        const passedMs = this.options.clock.nowMs - this.sampledFromMs
        // A thousandth of a period forgives the rounding of sample times.
        return Math.floor((passedMs * this.rateHz()) / 1000 + 1e-3)
    }
    private latestSampleMs(): number {
        const rateHz = this.rateHz()
        if (rateHz === 0) return this.sampledFromMs
        return this.sampledFromMs + (this.sampleCount() * 1000) / rateHz
    }

    private status(): number {
        const unread = this.sampleCount() - this.readSample
        if (this.rateHz() === 0 || unread <= 0) return 0
        const axes = this.get(Register.ctrl1) & 7
        const available = axes | (axes === 7 ? 8 : 0)
        return unread > 1 ? available | (available << 4) : available
    }
    private outputByte(index: number): number {
        const atMs = this.latestSampleMs()
        const felt = this.feltAxes(atMs)
        const isFiltered = (this.get(Register.ctrl2) & FILTERED_OUTPUT) !== 0
        const value = (isFiltered ? this.highPassed(felt) : felt)[index >> 1]!
        if (index === Register.outZHigh - Register.outXLow) this.readSample = this.sampleCount()
        const word = this.digits(value) & 0xffff
        return index & 1 ? word >> 8 : word & 255
    }
    /** Left-justified: 8, 10 or 12 bits of the word, the lower ones zero. */
    private digits(mg: number): number {
        const isFine = (this.get(Register.ctrl4) & HIGH_RESOLUTION) !== 0 && !this.isLowPower()
        const lost = this.isLowPower() ? 4 : isFine ? 0 : 2
        const step = MG_PER_DIGIT[this.scale()]! * 2 ** lost
        const most = 2 ** (11 - lost)
        const digits = Math.max(-most, Math.min(most - 1, Math.round(mg / step)))
        return digits * 2 ** (4 + lost)
    }
    /** Before the first sample the output registers hold zero, and so does an axis that is off. */
    private feltAxes(atMs: number): Axes {
        const enabled = this.get(Register.ctrl1) & 7
        if (atMs <= this.sampledFromMs) return [0, 0, 0]
        const { x, y, z } = this.options.motion(atMs)
        const push = this.pushMg()
        return [enabled & 1 ? x + push : 0, enabled & 2 ? y + push : 0, enabled & 4 ? z + push : 0]
    }
    private pushMg(): number {
        const { actuatorMg = 0 } = this.options
        const mode = (this.get(Register.ctrl4) >> 1) & 3
        return mode === 1 ? actuatorMg : mode === 2 ? -actuatorMg : 0
    }
    private highPassed(felt: Axes): Axes {
        if (this.get(Register.ctrl2) >> 6 === HIGH_PASS_REFERENCE) {
            const step = MG_PER_THRESHOLD[this.scale()]!
            const mg = new Int8Array([this.get(Register.reference)])[0]! * step
            return [felt[0] - mg, felt[1] - mg, felt[2] - mg]
        }
        const slow = this.slow ?? felt
        return [felt[0] - slow[0], felt[1] - slow[1], felt[2] - slow[2]]
    }

    /** Samples are looked at one by one only while an event of INT1 or the filter needs them. */
    private watch(): void {
        this.timer?.cancel()
        this.timer = undefined
        const isAsked = (this.get(Register.int1Config) & EVENTS) !== 0
        const isFiltering = (this.get(Register.ctrl2) & (FILTERED_OUTPUT | FILTERED_INT1)) !== 0
        if (!this.isPowered || this.rateHz() === 0 || (!isAsked && !isFiltering)) return
        if (this.isHolding()) return
        const { clock, stillUntil } = this.options
        const periodMs = 1000 / this.rateHz()
        const stillMs = this.overSamples > 0 ? 0 : (stillUntil?.(this.lookedAtMs) ?? 0)
        // The thousandths forgive the rounding of sample times.
        const looked = Math.floor((this.lookedAtMs - this.sampledFromMs) / periodMs + 1e-3)
        const past = Math.floor((clock.nowMs - this.sampledFromMs) / periodMs + 1e-3)
        const changed = Math.ceil((stillMs - this.sampledFromMs) / periodMs - 1e-3)
        const sample = Math.max(looked + 1, past + 1, changed)
        const nextMs = this.sampledFromMs + sample * periodMs
        this.timer = clock.after(nextMs - clock.nowMs, () => {
            this.look(nextMs, Math.round((nextMs - this.lookedAtMs) / periodMs))
            this.watch()
        })
    }
    /** `samples` have passed since the last look; all but the last of them felt the same. */
    private look(atMs: number, samples: number): void {
        const before = this.feltAxes(Math.max(this.lookedAtMs, atMs - 1000 / this.rateHz()))
        const felt = this.feltAxes(atMs)
        this.lookedAtMs = atMs
        this.follow(before, samples - 1)
        const high = this.highPassed(felt)
        this.judge(atMs, (this.get(Register.ctrl2) & FILTERED_INT1) !== 0 ? high : felt)
        this.follow(felt, 1)
    }
    private follow(felt: Axes, samples: number): void {
        if (samples <= 0) return
        if (!this.slow) {
            this.slow = felt
            return
        }
        const kept = (1 - HIGH_PASS_STEP[(this.get(Register.ctrl2) >> 4) & 3]!) ** samples
        this.slow = this.slow.map((slow, i) => felt[i]! + (slow - felt[i]!) * kept) as Axes
    }
    private judge(atMs: number, axes: Axes): void {
        const config = this.get(Register.int1Config)
        if (config & SIX_DIRECTIONS) return
        const threshold = (this.get(Register.int1Threshold) & 127) * MG_PER_THRESHOLD[this.scale()]!
        // Bits: low and high of x, of y, of z.
        let events = 0
        axes.forEach((mg, axis) => {
            events |= (Math.abs(mg) > threshold ? 2 : 1) << (2 * axis)
        })
        const asked = config & EVENTS
        const met = events & asked
        const isMet = asked !== 0 && (config & AND_EVENTS ? met === asked : met !== 0)
        const wasActive = (this.get(Register.int1Source) & ACTIVE) !== 0
        this.overSamples = isMet ? this.overSamples + 1 : 0
        const isLongEnough = this.overSamples > (this.get(Register.int1Duration) & 127)
        this.registers[Register.int1Source] = isMet && isLongEnough ? ACTIVE | events : events
        if (!isMet || !isLongEnough || wasActive) return
        if (this.get(Register.ctrl2) >> 6 === HIGH_PASS_AUTORESET) this.slow = this.feltAxes(atMs)
        if (this.isInterrupting) this.options.onInterrupt?.(atMs)
    }
    /** Latched: nothing that is felt changes anything before INT1_SRC is read. */
    private isHolding(): boolean {
        const isLatched = (this.get(Register.ctrl5) & LATCH_INT1) !== 0
        return isLatched && (this.get(Register.int1Source) & ACTIVE) !== 0
    }
    /** The filter has run on meanwhile: it is brought up to the present by the last samples. */
    private clearInterrupt(): void {
        if ((this.get(Register.int1Source) & ACTIVE) === 0) return
        this.registers[Register.int1Source] = 0
        this.overSamples = 0
        const periodMs = 1000 / this.rateHz()
        const missed = Math.round((this.latestSampleMs() - this.lookedAtMs) / periodMs)
        for (let back = Math.min(missed, SETTLE_SAMPLES) - 1; back >= 0; back--)
            this.follow(this.feltAxes(this.latestSampleMs() - back * periodMs), 1)
        if (missed > 0) this.lookedAtMs = this.latestSampleMs()
        this.watch()
    }
}
