// A 32 KB FRAM on the bus (MB85RC256V): two address bytes, then data, the address counting on and
// wrapping at the end. It has no write time: a byte is in when its acknowledge is out. What it holds
// outlives power.

import type { I2cChip } from "./i2c-bus.js"

export const FRAM_ADDRESS = 0x50
export const FRAM_BYTES = 32768

export class Fram implements I2cChip {
    readonly bytes = new Uint8Array(FRAM_BYTES)
    /** Called before each byte is written; what it throws is the power failing. */
    beforeByte: ((at: number) => void) | undefined
    private at = 0

    write(bytes: Uint8Array): void {
        if (bytes.length < 2) return
        this.at = ((bytes[0]! << 8) | bytes[1]!) % FRAM_BYTES
        for (const byte of bytes.subarray(2)) {
            this.beforeByte?.(this.at)
            this.bytes[this.at] = byte
            this.at = (this.at + 1) % FRAM_BYTES
        }
    }

    read(count: number): Uint8Array {
        const data = new Uint8Array(count)
        for (let i = 0; i < count; i++) {
            data[i] = this.bytes[this.at]!
            this.at = (this.at + 1) % FRAM_BYTES
        }
        return data
    }
}
