// A Jacdac pipe as the runtime writes it (jacdac-c, jd_opipe.c): records gather in a frame of at most
// 236 bytes; a frame is sent until the far end acknowledges it, five times in all, each wait twice the
// last; then the pipe is dropped with all that is still in it.

import type { Clock, Timer } from "./clock.js"
import { commandFrame, FRAME_PACKETS_MAX, type Frame, frameCrc, type Packet } from "./jacdac.js"

const PIPE_SERVICE = 0x3e
const ACK_SERVICE = 0x3f
const PORT_SHIFT = 7
const CLOSE = 0x60
const COUNTER_MASK = 0x1f
const SENDS_MAX = 5
const FIRST_WAIT_MS = 8

export class JacdacPipe {
    private readonly frames: Buffer[] = []
    private timer: Timer | undefined
    private sends = 0

    /** `opening` is the data of the command that asked for the pipe: device id, port. */
    constructor(
        private readonly clock: Clock,
        private readonly opening: Buffer,
        records: readonly Buffer[],
        private readonly send: (frame: Buffer) => void,
    ) {
        const port = opening.readUInt16LE(8) << PORT_SHIFT
        const packets = [...records, Buffer.alloc(0)].map((data, i): Packet => {
            const last = i === records.length ? CLOSE : 0
            return { service: PIPE_SERVICE, command: port | last | (i & COUNTER_MASK), data }
        })
        this.pack(packets)
        this.resend()
    }

    /** Takes the acknowledgement of the frame that is out. */
    hear(frame: Frame): void {
        const sent = this.frames[0]
        if (!sent || frame.isCommand || !frame.deviceId.equals(this.target())) return
        const isAck = frame.packets.some(
            ({ service, command }) => service === ACK_SERVICE && command === frameCrc(sent),
        )
        if (!isAck) return
        this.timer?.cancel()
        this.frames.shift()
        this.sends = 0
        this.resend()
    }
    close(): void {
        this.timer?.cancel()
        this.frames.length = 0
    }

    private target(): Buffer {
        return this.opening.subarray(0, 8)
    }
    private pack(packets: readonly Packet[]): void {
        let from = 0
        for (let to = 1; to <= packets.length; to++) {
            const isFull =
                to < packets.length && bytesOf(packets.slice(from, to + 1)) > FRAME_PACKETS_MAX
            if (!isFull && to < packets.length) continue
            this.frames.push(commandFrame(this.target(), packets.slice(from, to)))
            from = to
        }
    }
    private resend(): void {
        const frame = this.frames[0]
        if (!frame) return
        if (this.sends === SENDS_MAX) {
            this.close()
            return
        }
        this.send(frame)
        const waitMs = FIRST_WAIT_MS * 2 ** this.sends
        this.sends++
        this.timer = this.clock.after(waitMs, () => this.resend())
    }
}

function bytesOf(packets: readonly Packet[]): number {
    return packets.reduce((sum, { data }) => sum + 4 + ((data.length + 3) & ~3), 0)
}
