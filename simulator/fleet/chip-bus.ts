// The I2C bus of a board on Node, as the drivers see it.

import type { I2cBus } from "../../firmware/logic/i2c-bus.js"
import type { Nvm } from "../../firmware/logic/nvm.js"
import { type Fram, PowerCut } from "../chips/fram.js"
import type { I2cChip } from "../chips/i2c-bus.js"

/** What the board runs on. */
export interface BoardPower {
    isOn(): boolean
    /** It has just failed, within a transaction. */
    fail(): void
}
const MAINS: BoardPower = { isOn: () => true, fail: () => {} }

/**
 * Throws where no chip answers. A transaction takes no time; one that is begun without power never
 * comes back.
 */
export class ChipBus implements I2cBus {
    constructor(
        private readonly chips: ReadonlyMap<number, I2cChip>,
        private readonly power = MAINS,
    ) {}

    async readRegister(address: number, register: number, count: number): Promise<Buffer> {
        if (!this.power.isOn()) return never()
        const chip = this.chip(address)
        chip.write(Uint8Array.of(register))
        return Buffer.from(chip.read(count))
    }
    async read(address: number, count: number): Promise<Buffer> {
        if (!this.power.isOn()) return never()
        return Buffer.from(this.chip(address).read(count))
    }
    async write(address: number, bytes: Buffer): Promise<void> {
        if (!this.power.isOn()) return never()
        this.chip(address).write(Uint8Array.from(bytes))
    }

    private chip(address: number): I2cChip {
        const chip = this.chips.get(address)
        if (!chip) throw new Error(`nobody answers at 0x${address.toString(16)}`)
        return chip
    }
}

/** The FRAM of a board on Node, as the firmware's memories see it. */
export class ChipNvm implements Nvm {
    readonly size: number

    constructor(
        readonly chip: Fram,
        private readonly power = MAINS,
    ) {
        this.size = chip.size
    }
    read(at: number, count: number): Buffer {
        this.check()
        this.chip.write(Uint8Array.of(at >> 8, at & 255))
        return Buffer.from(this.chip.read(count))
    }
    write(at: number, bytes: Buffer): void {
        this.check()
        try {
            this.chip.write(Uint8Array.of(at >> 8, at & 255, ...bytes))
        } catch (error) {
            if (error instanceof PowerCut) this.power.fail()
            throw error
        }
    }
    /** What a program does after its power has failed does not happen. */
    private check(): void {
        if (!this.power.isOn()) throw new PowerCut("the power has failed")
    }
}

function never<T>(): Promise<T> {
    return new Promise(() => {})
}
