// What stands between a socket and the broker: only whole MQTT packets that a device may send pass,
// CONNECT first and once, each within its limit. Aedes alone would hold as much as a packet's head
// announces, 256 MiB on each socket, before it asks who is there.

import type { Socket } from "node:net"
import { Duplex } from "node:stream"
import { MESSAGE_BYTES_MAX } from "../../../protocol/envelope.js"

/** Before anybody is admitted a packet is held to this many bytes. */
export const CONNECT_BYTES_MAX = 1024
/** A record, its topic and its heads. */
export const PACKET_BYTES_MAX = MESSAGE_BYTES_MAX + 256

const CONNECT = 1
/** Flags that MQTT 3.1.1 fixes for each packet a device sends; PUBLISH has its own. */
const FLAGS = new Map([
    [CONNECT, 0],
    [4, 0],
    [8, 2],
    [10, 2],
    [12, 0],
    [14, 0],
])
const PUBLISH = 3
const QOS_MASK = 6
/** Length of the name, the name and the level: MQTT 3.1.1 (section 3.1.2). */
const PROTOCOL = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4])
const CONNACK_PROTOCOL_REFUSED = Buffer.from([0x20, 2, 0, 1])

export class PacketGate extends Duplex {
    private held: Buffer = Buffer.alloc(0)
    private isConnected = false

    constructor(private readonly socket: Socket) {
        super()
        socket.on("data", (chunk: Buffer) => this.receive(chunk))
        socket.on("end", () => this.push(null))
        socket.on("error", (error) => this.destroy(error))
        socket.on("close", () => this.destroy())
    }

    get remoteAddress(): string | undefined {
        return this.socket.remoteAddress
    }
    get remotePort(): number | undefined {
        return this.socket.remotePort
    }

    override _read(): void {
        this.socket.resume()
    }
    override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
        this.socket.write(chunk, done)
    }
    /** A packet comes as several chunks: one segment on the air for all of them. */
    override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
        this.socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
    }
    override _final(done: () => void): void {
        this.socket.end(done)
    }
    override _destroy(error: Error | null, done: (error: Error | null) => void): void {
        this.socket.destroy()
        done(error)
    }

    private receive(chunk: Buffer): void {
        this.held = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk])
        for (;;) {
            const size = this.sizeOfFirst()
            if (size === "refused") {
                this.destroy()
                return
            }
            if (size === undefined || this.held.length < size) return
            const packet = this.held.subarray(0, size)
            this.held = this.held.subarray(size)
            if (!this.isConnected && !speaksOurs(packet)) {
                this.socket.end(CONNACK_PROTOCOL_REFUSED, () => this.destroy())
                return
            }
            this.isConnected = true
            if (!this.push(packet)) this.socket.pause()
        }
    }

    /** Bytes of the first packet held, head included; undefined while its head is not complete. */
    private sizeOfFirst(): number | "refused" | undefined {
        if (this.held.length === 0) return undefined
        if (!this.mayCome(this.held[0]!)) return "refused"
        const limit = this.isConnected ? PACKET_BYTES_MAX : CONNECT_BYTES_MAX
        let length = 0
        for (let i = 1; i <= 4; i++) {
            const byte = this.held[i]
            if (byte === undefined) return undefined
            length += (byte & 127) * 128 ** (i - 1)
            if (byte < 128) return length > limit ? "refused" : 1 + i + length
        }
        return "refused"
    }

    private mayCome(first: number): boolean {
        const type = first >> 4
        if ((type === CONNECT) === this.isConnected) return false
        if (type === PUBLISH) return (first & QOS_MASK) !== QOS_MASK
        return FLAGS.get(type) === (first & 15)
    }
}

/** Whether a CONNECT asks for MQTT 3.1.1. Its head takes two bytes, or three from 128 on. */
function speaksOurs(connect: Buffer): boolean {
    const bodyAt = connect[1]! < 128 ? 2 : 3
    return connect.subarray(bodyAt, bodyAt + PROTOCOL.length).equals(PROTOCOL)
}
