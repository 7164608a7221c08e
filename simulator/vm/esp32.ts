// The chip around the machine: what power, standby, reset and panic do to it. Flash outlives them
// all; RAM outlives none, standby included, for the chip wakes from deep sleep through its boot.
//
// What is modelled, not measured: 350 ms of ROM and bootloader before the runtime begins, and 20 ms
// of deep sleep in a reboot (devicescript-esp32, platform.c: target_reset sleeps "to make sure the
// C3 USB is disconnected").

import type { Timer } from "./clock.js"
import { type Ending, Machine, type MachineOptions } from "./machine.js"

export type ChipState =
    | "off"
    /** The supply is too low: the chip holds itself in reset. */
    | "browned-out"
    /** ROM and bootloader. */
    | "starting"
    | "awake"
    | "asleep"

/** Why the chip last started. The program cannot read it: the runtime keeps it to itself. */
export type BootCause = "power" | "timer" | "reboot" | "panic" | "pin" | "brown-out"

export interface Esp32Options extends Omit<MachineOptions, "onStopped"> {
    /** Told after each change. */
    onState?: (state: ChipState) => void
    /** The runtime gave up. The chip starts again by itself. */
    onPanic?: (reason: string) => void
    /** The supply failed in the middle of something. The chip is off. */
    onOutage?: () => void
}

export const BOOT_MS = 350
const REBOOT_SLEEP_MS = 20

export class Esp32 {
    /** Starts since the chip was made. */
    boots = 0
    cause: BootCause = "power"
    private now: ChipState = "off"
    private timer: Timer | undefined
    private readonly machine: Machine

    constructor(private readonly options: Esp32Options) {
        this.machine = new Machine({
            ...options,
            onStopped: (_reason, ending) => this.ended(ending),
        })
    }

    get state(): ChipState {
        return this.now
    }

    powerOn(): void {
        if (this.now !== "off") throw new Error(`the chip is ${this.now}, not off`)
        this.start("power", 0)
    }
    /** Takes power away between two instructions. */
    powerOff(): void {
        this.drop()
        this.enter("off")
    }
    /** A pulse on the reset pin: whatever the chip does or sleeps through ends, and it starts again. */
    pulseReset(): void {
        if (this.now === "off" || this.now === "browned-out") return
        this.drop()
        this.start("pin", 0)
    }
    /** The supply has fallen below what the chip runs on. */
    brownOut(): void {
        if (this.now === "off" || this.now === "browned-out") return
        this.drop()
        this.enter("browned-out")
    }
    /** The supply has come back. */
    recover(): void {
        if (this.now === "browned-out") this.start("brown-out", 0)
    }
    /** Puts a frame on the chip's bus; lost while the chip is not awake. */
    receive(frame: Buffer): void {
        this.machine.receive(frame)
    }
    /** The network has gone from under an open socket. */
    dropLink(): void {
        this.machine.dropLink()
    }

    private ended(ending: Ending): void {
        if (ending.kind === "standby") {
            this.enter("asleep")
            this.timer = this.options.clock.after(ending.ms, () => this.start("timer", 0))
            return
        }
        if (ending.kind === "outage") {
            this.enter("off")
            this.options.onOutage?.()
            return
        }
        if (ending.kind === "panic") this.options.onPanic?.(ending.reason)
        this.start(ending.kind, ending.kind === "reboot" ? REBOOT_SLEEP_MS : 0)
    }
    private start(cause: BootCause, sleepMs: number): void {
        this.cause = cause
        this.enter("starting")
        this.timer = this.options.clock.after(sleepMs + BOOT_MS, () => {
            this.boots++
            this.enter("awake")
            this.machine.boot()
        })
    }
    private drop(): void {
        this.timer?.cancel()
        this.machine.powerOff()
    }
    private enter(state: ChipState): void {
        this.now = state
        this.options.onState?.(state)
    }
}
