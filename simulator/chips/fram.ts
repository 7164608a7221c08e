// An FRAM on the bus (MB85RC256V; data sheet DS501-00017): two address bytes, then data, the address
// counting on and wrapping at the end. It has no write time: a byte is in when its acknowledge is
// out, so power that fails tears a write between two bytes and never within one. What it holds
// outlives power. Address pins A0 to A2 choose one of 0x50 to 0x57. The device id is asked for at the
// reserved address 0x7C.

import { FRAM_UA } from "./currents.js"
import type { I2cChip } from "./i2c-bus.js"
import { PoweredPart } from "./power-draw.js"

export const FRAM_ADDRESS = 0x50
export const FRAM_ID_ADDRESS = 0x7c
export const FRAM_BYTES = 32768

/** Maker 00A (Fujitsu) and product, by size: MB85RC256V and MB85RC512T. */
const DEVICE_IDS: Readonly<Record<number, readonly number[]>> = {
    32768: [0x00, 0xa5, 0x10],
    65536: [0x00, 0xa6, 0x58],
}

/** The supply fails: nothing after this happens on the board. */
export class PowerCut extends Error {}

/** For `beforeByte`: `bytes` more are written, then the power is gone, for every later one as well. */
export function powerCutAfter(bytes: number): () => void {
    let left = bytes
    return () => {
        if (left-- <= 0) throw new PowerCut("the power has failed")
    }
}

export class Fram extends PoweredPart implements I2cChip {
    readonly bytes: Uint8Array
    /** Called before each byte is written; what it throws is the power failing. */
    beforeByte: ((at: number) => void) | undefined
    /** Answers at the reserved address, in front of which the tracker writes this part's own. */
    readonly id: I2cChip
    private at = 0

    /** `size` in bytes: 32768 (MB85RC256V) or 65536 (MB85RC512T). */
    constructor(readonly size = FRAM_BYTES) {
        super()
        const deviceId = DEVICE_IDS[size]
        if (!deviceId) throw new RangeError(`FRAM size ${size}: expected 32768 or 65536 bytes`)
        this.bytes = new Uint8Array(size)
        this.id = {
            write: () => {},
            read: (count) => Uint8Array.from({ length: count }, (_, i) => deviceId[i % 3]!),
        }
    }

    /** It draws its standby current from `atMs` (UTC) on. */
    powerOn(atMs: number): void {
        this.setDraw(atMs, FRAM_UA.standby)
    }
    powerOff(atMs: number): void {
        this.setDraw(atMs, 0)
    }

    write(bytes: Uint8Array): void {
        if (bytes.length < 2) return
        this.at = ((bytes[0]! << 8) | bytes[1]!) % this.size
        for (const byte of bytes.subarray(2)) {
            this.beforeByte?.(this.at)
            this.bytes[this.at] = byte
            this.at = (this.at + 1) % this.size
        }
    }

    read(count: number): Uint8Array {
        const data = new Uint8Array(count)
        for (let i = 0; i < count; i++) {
            data[i] = this.bytes[this.at]!
            this.at = (this.at + 1) % this.size
        }
        return data
    }
}
