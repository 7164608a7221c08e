// The I2C side of a u-blox part: registers 0xFD and 0xFE hold how many bytes wait, 0xFF is the stream,
// which reads 0xFF when there is none. And the ways in which that side fails.

import { ByteQueue } from "./byte-queue.js"

/**
 * How a receiver fails. "missing": nobody acknowledges. "hung": acknowledges, never has a byte, hears
 * nothing. "floating": every byte reads 0xFF, the count too. "babbling": its buffer is always full
 * of rubbish. "refusing": answers every setting with ACK-NAK. Power off and on ends "hung" and
 * "babbling"; a hardware reset by CFG-RST ends "babbling".
 */
export type ReceiverFault = "missing" | "hung" | "floating" | "babbling" | "refusing"

/** The part's own buffer; older bytes go when it runs over. */
const BUFFER_BYTES = 4096
const WAITING_HIGH = 0xfd
const WAITING_LOW = 0xfe
const STREAM = 0xff
const NOTHING = 0xff
const SYNC = 0xb5

export class DdcPort {
    /** Set and cleared by whoever plays fate. */
    fault: ReceiverFault | undefined
    private readonly waiting = new ByteQueue(BUFFER_BYTES)
    private register = STREAM
    private babble = 1

    get hears(): boolean {
        return this.fault !== "hung" && this.fault !== "floating"
    }
    push(bytes: Uint8Array): void {
        if (this.fault !== "hung") this.waiting.push(bytes)
    }
    clear(): void {
        this.waiting.clear()
        this.register = STREAM
    }
    select(register: number): void {
        this.register = register
    }
    read(count: number): Uint8Array {
        return Uint8Array.from({ length: count }, () => this.readByte())
    }

    private readByte(): number {
        if (this.fault === "floating") return NOTHING
        const waiting = { hung: 0, babbling: BUFFER_BYTES }
        const { fault } = this
        const count =
            fault === "hung" || fault === "babbling" ? waiting[fault] : this.waiting.length
        if (this.register === WAITING_HIGH) {
            this.register = WAITING_LOW
            return count >> 8
        }
        if (this.register === WAITING_LOW) {
            this.register = STREAM
            return count & 255
        }
        if (fault === "babbling") return this.rubbish()
        return fault === "hung" ? NOTHING : (this.waiting.shift() ?? NOTHING)
    }
    /** Every 16th byte begins a frame that never comes to a good end. */
    private rubbish(): number {
        this.babble = (Math.imul(this.babble, 1_103_515_245) + 12_345) & 0x7fff_ffff
        const byte = (this.babble >> 16) & 255
        return byte < 16 ? SYNC : byte
    }
}
