// The receiver on the I2C bus. A u-blox ("DDC") holds in registers 0xFD and 0xFE how many bytes wait,
// and 0xFF is the stream; other receivers are read blindly and fill up with line feeds or 0xFF. What to
// read, write and make of it is for logic/receiver.ts.

import type { Fix } from "../../protocol/fix.js"
import type { ReceiverAid } from "../logic/aiding.js"
import type { I2cBus } from "../logic/i2c-bus.js"
import { Receiver, type ReceiverAction, type ReceiverPort } from "../logic/receiver.js"
import { newReceiverMemory, type ReceiverMemory } from "../logic/receiver-memory.js"

const WAITING = 0xfd
/** The bus blocks the program: 128 bytes take 2.9 ms at 400 kHz. */
const READ_BYTES_MAX = 128
/** The receiver's own buffer is 4 KiB; a count past it is a bus fault, not data. */
const WAITING_BYTES_MAX = 4096
/** Others hold 255 bytes; four reads take what they send in a second. */
const BLIND_READS = 8
const LINE_FEED = 0x0a
const NOTHING = 0xff

/** Without options: a receiver of which nothing is known, one solution a second, no wake pin. */
export interface GnssOptions {
    /** As it was kept over the sleep; changed in place. */
    memory?: ReceiverMemory
    /** The device clock when this boot began, in seconds. */
    bootS?: number
    /** Seconds between solutions; 2 to 10 in cyclic tracking, which needs less. */
    periodS?: number
    /** Pulses the receiver's wake pin, where it is wired. */
    wake?: () => Promise<void>
}

export class Gnss {
    receiver: Receiver
    private wake: (() => Promise<void>) | undefined

    /** `breathe` lets other fibers run: the machine stops a program that never waits. */
    constructor(
        private bus: I2cBus,
        private breathe: () => Promise<void>,
        options: GnssOptions = {},
    ) {
        this.wake = options.wake
        this.receiver = new Receiver(
            options.memory === undefined ? newReceiverMemory() : options.memory,
            options.bootS === undefined ? 0 : options.bootS,
            options.periodS === undefined ? 1 : options.periodS,
            options.wake !== undefined,
        )
    }

    /** Reads what waits and returns the fixes in it, oldest first. A bus that fails gives none. */
    async poll(nowMs: number): Promise<Fix[]> {
        const receiver = this.receiver
        const port = receiver.port(nowMs)
        if (port === undefined) return []
        const waiting = await this.read(port, nowMs)
        await this.breathe()
        await this.act(receiver.step({ what: "polled", waiting: waiting }, nowMs))
        const fixes = receiver.fixes
        receiver.fixes = []
        return fixes
    }

    /** From standby or after power came: looks for fixes from here on. */
    async switchOn(aid: ReceiverAid | undefined, nowMs: number): Promise<void> {
        await this.act(this.receiver.step({ what: "on", aid: aid }, nowMs))
    }

    /**
     * Into standby for `forS` seconds, or with 0 until its pin wakes it. Polls from a second later on
     * check that it is off, and send it again if not.
     */
    async switchOff(forS: number, nowMs: number): Promise<void> {
        await this.act(this.receiver.step({ what: "off", forS: forS }, nowMs))
    }

    /** Asks for levels, jamming and spoofing; the next polls bring them into `receiver.signal`. */
    async askSignal(nowMs: number): Promise<void> {
        await this.act(this.receiver.step({ what: "ask-signal" }, nowMs))
    }

    /** How many bytes waited; -1 when nobody answered or the count was absurd. */
    private async read(port: ReceiverPort, nowMs: number): Promise<number> {
        try {
            return port.isCounted
                ? await this.readCounted(port.address, nowMs)
                : await this.readBlindly(port.address, nowMs)
        } catch {
            return -1
        }
    }

    private async readCounted(address: number, nowMs: number): Promise<number> {
        const count = await this.bus.readRegister(address, WAITING, 2)
        const waiting = (count[0] << 8) | count[1]
        if (waiting > WAITING_BYTES_MAX) return -1
        for (let left = waiting; left > 0; left -= READ_BYTES_MAX) {
            const bytes = await this.bus.read(address, Math.min(left, READ_BYTES_MAX))
            this.receiver.step({ what: "bytes", bytes: bytes }, nowMs)
            await this.breathe()
        }
        return waiting
    }

    /** Until a read ends in filling. */
    private async readBlindly(address: number, nowMs: number): Promise<number> {
        let taken = 0
        for (let i = 0; i < BLIND_READS; i++) {
            const bytes = await this.bus.read(address, READ_BYTES_MAX)
            const used = filledTo(bytes)
            if (used > 0) this.receiver.step({ what: "bytes", bytes: bytes }, nowMs)
            taken += used
            await this.breathe()
            if (used < bytes.length) break
        }
        return taken
    }

    private async act(actions: ReceiverAction[]): Promise<void> {
        for (const action of actions) {
            try {
                if (action.what === "write") await this.bus.write(action.address, action.bytes)
                else if (this.wake !== undefined) await this.wake()
            } catch {
                // The next read of the bus finds out, and the receiver is recovered by that.
            }
        }
    }
}

/** Where the filling at the end begins. A line feed that ends a sentence is no loss. */
function filledTo(bytes: Buffer): number {
    let end = bytes.length
    while (end > 0 && (bytes[end - 1] === NOTHING || bytes[end - 1] === LINE_FEED)) end--
    return end
}
