// A Maxim MAX17048 fuel gauge (data sheet 19-6171 Rev 7) at 0x36: 16-bit registers, high byte first,
// the address counting on by bytes. It knows one lithium-ion or lithium-polymer cell by its voltage;
// of primary cells (Li-FeS2, Li-SOCl2) only its VCELL is to be believed, and the source says what SOC
// reads there. It has no thermometer: the host corrects RCOMP in CONFIG for temperature.
//
// Not modelled: alerts, the tables of custom cells, and the way out of hibernation by a sudden load
// (a write to HIBRT, a quick start or a reset ends it).

import type { Clock } from "../vm/clock.js"
import { MAX17048_UA } from "./currents.js"
import type { I2cChip } from "./i2c-bus.js"
import { PoweredPart } from "./power-draw.js"

export const MAX17048_ADDRESS = 0x36

/** The cell as the gauge's own algorithm sees it. */
export interface CellState {
    millivolts: number
    /** State of charge, 0 to 100. */
    percent: number
    temperatureC: number
}

export interface Max17048Options {
    clock: Clock
    /** The cell at an instant, UTC ms. */
    battery: (atMs: number) => CellState
}

const Register = {
    vcell: 0x02,
    soc: 0x04,
    mode: 0x06,
    version: 0x08,
    hibrt: 0x0a,
    config: 0x0c,
    valrt: 0x14,
    crate: 0x16,
    vreset: 0x18,
    status: 0x1a,
    command: 0xfe,
} as const

const DEFAULTS: readonly (readonly [number, number])[] = [
    [Register.version, 0x0012],
    [Register.hibrt, 0x8030],
    [Register.config, 0x971c],
    [Register.valrt, 0x00ff],
    [Register.vreset, 0x9600],
    [Register.status, 0x0100], // reset indicator
    [Register.command, 0xffff],
]
const WRITABLE = new Set<number>([
    ...[Register.mode, Register.hibrt, Register.config, Register.valrt, Register.vreset],
    ...[Register.status, Register.command],
])
const RESET_COMMAND = 0x5400
const QUICK_START = 0x4000
const ENABLE_SLEEP = 0x2000
const IN_HIBERNATION = 0x1000
const CONFIG_SLEEP = 0x0080
/** The ADC reads the cell this often, awake and in hibernation. */
const ACTIVE_PERIOD_MS = 250
const HIBERNATE_PERIOD_MS = 45_000
/** Below the threshold of HIBRT for so long, it hibernates. */
const HIBERNATE_AFTER_MS = 360_000
/** CRATE looks back this far; the true part smooths in a way that Maxim keeps to itself. */
const RATE_WINDOW_MS = 600_000
const UV_PER_STEP = 78.125
const STEPS_PER_PERCENT = 256
const RATE_PERCENT_PER_HOUR = 0.208

export class Max17048 extends PoweredPart implements I2cChip {
    private registers = new Map<number, number>()
    private pointer = 0
    private startedAtMs = 0
    private isPowered = false
    private sleptAtMs: number | undefined
    private hibernation: { cancel(): void } | undefined
    private hibernatesFromMs: number | undefined

    constructor(private readonly options: Max17048Options) {
        super()
    }

    /** The cell is put in. */
    powerOn(): void {
        const { clock } = this.options
        this.registers = new Map(DEFAULTS)
        this.isPowered = true
        this.startedAtMs = clock.nowMs
        this.sleptAtMs = undefined
        this.wake()
    }
    powerOff(): void {
        this.isPowered = false
        this.hibernation?.cancel()
        this.setDraw(this.options.clock.nowMs, 0)
    }

    write(bytes: Uint8Array): void {
        if (bytes.length === 0) return
        this.pointer = bytes[0]!
        for (let i = 1; i + 1 < bytes.length; i += 2) {
            this.writeRegister(this.pointer, (bytes[i]! << 8) | bytes[i + 1]!)
            this.pointer = (this.pointer + 2) & 255
        }
    }
    read(count: number): Uint8Array {
        return Uint8Array.from({ length: count }, () => {
            const word = this.readRegister(this.pointer & 0xfe)
            const byte = this.pointer & 1 ? word & 255 : word >> 8
            this.pointer = (this.pointer + 1) & 255
            return byte
        })
    }

    private writeRegister(register: number, value: number): void {
        if (!WRITABLE.has(register)) return
        if (register === Register.command) {
            if (value === RESET_COMMAND) this.powerOn()
            return
        }
        this.registers.set(register, value)
        if (register === Register.mode && value & QUICK_START) this.wake()
        else if (register === Register.hibrt) this.wake()
        else if (register === Register.config || register === Register.mode) this.settleSleep()
    }
    private readRegister(register: number): number {
        if (register === Register.mode) return this.isHibernating() ? IN_HIBERNATION : 0
        if (register === Register.vcell) {
            const { millivolts } = this.cell()
            return word((millivolts * 1000) / UV_PER_STEP, 0xffff)
        }
        if (register === Register.soc) return word(this.cell().percent * STEPS_PER_PERCENT, 0xffff)
        if (register === Register.crate) return Math.round(this.rate()) & 0xffff
        return this.registers.get(register) ?? 0
    }

    /** As of its last look at the cell. */
    private cell(): CellState {
        return this.options.battery(this.lookedAtMs())
    }
    private lookedAtMs(): number {
        if (this.sleptAtMs !== undefined) return this.sleptAtMs
        const from = this.hibernatesFromMs ?? this.startedAtMs
        const periodMs = this.isHibernating() ? HIBERNATE_PERIOD_MS : ACTIVE_PERIOD_MS
        return from + Math.floor((this.options.clock.nowMs - from) / periodMs) * periodMs
    }
    /** In steps of 0.208 % an hour; negative while it empties. */
    private rate(): number {
        const { battery } = this.options
        const toMs = this.lookedAtMs()
        const fromMs = Math.max(this.startedAtMs, toMs - RATE_WINDOW_MS)
        if (toMs <= fromMs) return 0
        const change = battery(toMs).percent - battery(fromMs).percent
        return (change * 3_600_000) / (toMs - fromMs) / RATE_PERCENT_PER_HOUR
    }

    private isHibernating(): boolean {
        return this.hibernatesFromMs !== undefined && this.sleptAtMs === undefined
    }
    private settleSleep(): void {
        const isAllowed = ((this.registers.get(Register.mode) ?? 0) & ENABLE_SLEEP) !== 0
        const isAsked = ((this.registers.get(Register.config) ?? 0) & CONFIG_SLEEP) !== 0
        const isSleeping = this.sleptAtMs !== undefined
        if (isAllowed && isAsked && !isSleeping) {
            this.sleptAtMs = this.lookedAtMs()
            this.hibernation?.cancel()
            this.setDraw(this.options.clock.nowMs, MAX17048_UA.sleep)
        } else if (isSleeping && !(isAllowed && isAsked)) {
            this.sleptAtMs = undefined
            this.wake()
        }
    }
    /** Awake; after six quiet minutes it hibernates, and looks again if they were not quiet. */
    private wake(): void {
        const { clock } = this.options
        this.hibernatesFromMs = undefined
        this.hibernation?.cancel()
        if (!this.isPowered || this.sleptAtMs !== undefined) return
        this.setDraw(clock.nowMs, MAX17048_UA.active)
        this.hibernation = clock.after(HIBERNATE_AFTER_MS, () => {
            const threshold = (this.registers.get(Register.hibrt) ?? 0) >> 8
            if (Math.abs(this.rate()) >= threshold) {
                this.wake()
                return
            }
            this.hibernatesFromMs = clock.nowMs
            this.setDraw(clock.nowMs, MAX17048_UA.hibernate)
        })
    }
}

function word(value: number, most: number): number {
    return Math.max(0, Math.min(most, Math.round(value)))
}
