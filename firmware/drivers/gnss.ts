// A u-blox receiver on the I2C bus ("DDC"): registers 0xFD and 0xFE hold how many bytes wait, 0xFF
// is the stream; what is read past the end is 0xFF.

import type { Fix } from "../../protocol/fix.js"
import type { I2cBus } from "../logic/i2c-bus.js"
import { fixOf, readNavPvt } from "../logic/nav-pvt.js"
import { ReceiverSetup } from "../logic/receiver-setup.js"
import { UbxScanner } from "../logic/ubx.js"

const ADDRESS = 0x42
const WAITING = 0xfd
/** The bus blocks the program: 128 bytes take 2.9 ms at 400 kHz. */
const READ_BYTES_MAX = 128
/** The receiver's own buffer is 4 KiB; a count past it is a bus fault, not data. */
const WAITING_BYTES_MAX = 4096
/** A configured receiver that sends no solution for this long has lost its settings. */
const SILENCE_MS = 10000

export class Gnss {
    private scanner = new UbxScanner()
    private setup = new ReceiverSetup()
    private heardAtMs = 0

    /** `breathe` lets other fibers run: the machine stops a program that never waits. */
    constructor(
        private bus: I2cBus,
        private breathe: () => Promise<void>,
    ) {}

    /** Reads what waits and returns the fixes in it, oldest first. Throws when the bus fails. */
    async poll(nowMs: number): Promise<Fix[]> {
        const fixes: Fix[] = []
        const count = await this.bus.readRegister(ADDRESS, WAITING, 2)
        let waiting = (count[0] << 8) | count[1]
        if (waiting > WAITING_BYTES_MAX) waiting = 0
        while (waiting > 0) {
            const chunk = await this.bus.read(ADDRESS, Math.min(waiting, READ_BYTES_MAX))
            waiting -= chunk.length
            this.scanner.push(chunk)
            this.readFrames(nowMs, fixes)
            await this.breathe()
        }
        if (this.setup.isDone && nowMs - this.heardAtMs > SILENCE_MS) this.setup.restart()
        const configuration = this.setup.next(nowMs)
        if (configuration !== undefined) await this.bus.write(ADDRESS, configuration)
        return fixes
    }

    private readFrames(nowMs: number, fixes: Fix[]): void {
        for (const frame of this.scanner.frames) {
            if (frame.kind === "pvt") {
                this.heardAtMs = nowMs
                const fix = fixOf(readNavPvt(frame.payload))
                if (fix !== undefined) fixes.push(fix)
            } else {
                this.setup.answered(frame.kind === "ack", frame.payload)
                this.heardAtMs = nowMs
            }
        }
        this.scanner.frames = []
    }
}
