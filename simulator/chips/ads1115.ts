// A Texas Instruments ADS1115 converter (data sheet SBAS444E) at 0x48, ADDR at ground: four inputs
// against ground or each other, one conversion when asked or one after another. Not modelled: the
// comparator, whose registers keep what is written.

import type { Clock } from "../vm/clock.js"
import type { I2cChip } from "./i2c-bus.js"
import { PoweredPart } from "./power-draw.js"

export const ADS1115_ADDRESS = 0x48

const Register = { conversion: 0, configuration: 1, last: 3 } as const
/** Power-on content of conversion, configuration and the two thresholds: table 8. */
const DEFAULTS = [0x0000, 0x8583, 0x8000, 0x7fff]
const START = 0x8000
const IS_SINGLE = 0x0100
/** Full scale in volts, by the gain's bits. */
const FULL_SCALE_V = [6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256]
/** Conversions a second, by the rate's bits. */
const RATES = [8, 16, 32, 64, 128, 250, 475, 860]
/** Inputs by the multiplexer's bits: the positive one and the negative; undefined is ground. */
const PAIRS: readonly (readonly [number, number | undefined])[] = [
    ...[[0, 1] as const, [0, 3] as const, [1, 3] as const, [2, 3] as const],
    ...[0, 1, 2, 3].map((input) => [input, undefined] as const),
]
/** Table 7.5, typical at 25 °C; modelled. */
const CONVERTING_UA = 150
const IDLE_UA = 0.5

export interface Ads1115Options {
    clock: Clock
    /** Volts against ground on an input, 0 to 3. */
    volts: (input: number, atMs: number) => number
}

export class Ads1115 extends PoweredPart implements I2cChip {
    private registers = [...DEFAULTS]
    private pointer = 0
    private readyAtMs = 0

    constructor(private readonly options: Ads1115Options) {
        super()
    }

    powerOn(): void {
        this.registers = [...DEFAULTS]
        this.readyAtMs = 0
        this.setDraw(this.options.clock.nowMs, IDLE_UA)
    }
    powerOff(): void {
        this.setDraw(this.options.clock.nowMs, 0)
    }

    write(bytes: Uint8Array): void {
        if (bytes.length === 0) return
        this.pointer = bytes[0]! & Register.last
        if (bytes.length < 3 || this.pointer === Register.conversion) return
        const word = (bytes[1]! << 8) | bytes[2]!
        this.registers[this.pointer] = word
        if (this.pointer !== Register.configuration) return
        const isStarted = (word & START) !== 0 || (word & IS_SINGLE) === 0
        if (isStarted) this.convert()
    }
    read(count: number): Uint8Array {
        let word = this.registers[this.pointer]!
        if (this.pointer === Register.configuration)
            word = (word & ~START) | (this.isConverting() ? 0 : START)
        return Uint8Array.from({ length: count }, (_, i) => (i % 2 === 0 ? word >> 8 : word & 255))
    }

    private isConverting(): boolean {
        return this.options.clock.nowMs < this.readyAtMs
    }
    private convert(): void {
        const { clock, volts } = this.options
        const configuration = this.registers[Register.configuration]!
        const [positive, negative] = PAIRS[(configuration >> 12) & 7]!
        const fullScale = FULL_SCALE_V[(configuration >> 9) & 7]!
        const convertingMs = 1000 / RATES[(configuration >> 5) & 7]!
        this.readyAtMs = clock.nowMs + convertingMs
        this.setDraw(clock.nowMs, CONVERTING_UA)
        clock.after(convertingMs, () => {
            const ground = negative === undefined ? 0 : volts(negative, clock.nowMs)
            const counts = ((volts(positive, clock.nowMs) - ground) / fullScale) * 32768
            const clipped = Math.max(-32768, Math.min(32767, Math.round(counts)))
            this.registers[Register.conversion] = clipped & 0xffff
            if ((configuration & IS_SINGLE) === 0) this.convert()
            else this.setDraw(clock.nowMs, IDLE_UA)
        })
    }
}
