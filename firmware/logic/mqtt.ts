// The part of MQTT 3.1.1 that the tracker speaks: CONNECT, SUBSCRIBE and PUBLISH at QoS 1, and what
// the broker answers.

export const enum PacketType {
    connack = 2,
    publish = 3,
    puback = 4,
    suback = 9,
    pingresp = 13,
}

export interface MqttPacket {
    type: number
    flags: number
    body: Buffer
}

/** A larger packet is not for us: acks and commands take far less. Framing survives it. */
const PACKET_BYTES_MAX = 1024

export function connectPacket(
    clientId: string,
    user: string,
    password: string,
    keepAliveS: number,
): Buffer {
    const cleanSessionWithUserAndPassword = 0xc2
    const body = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, cleanSessionWithUserAndPassword])
    const keepAlive = Buffer.from([keepAliveS >> 8, keepAliveS & 255])
    return packet(0x10, [body, keepAlive, text(clientId), text(user), text(password)])
}
export function subscribePacket(topic: string, packetId: number): Buffer {
    return packet(0x82, [idBytes(packetId), text(topic), Buffer.from([1])])
}
export function publishPacket(topic: string, packetId: number, payload: Buffer): Buffer {
    return packet(0x32, [text(topic), idBytes(packetId), payload])
}
export function pubackPacket(packetId: number): Buffer {
    return packet(0x40, [idBytes(packetId)])
}
export function pingPacket(): Buffer {
    return packet(0xc0, [])
}

export function disconnectPacket(): Buffer {
    return packet(0xe0, [])
}

/** Packet id and payload of a PUBLISH; id 0 for QoS 0. Undefined when the packet is cut short. */
export function readPublish(
    body: Buffer,
    flags: number,
): { id: number; payload: Buffer } | undefined {
    if (body.length < 2) return undefined
    let at = 2 + ((body[0] << 8) | body[1])
    const isAcknowledged = (flags & 6) !== 0
    if (body.length < at + (isAcknowledged ? 2 : 0)) return undefined
    let id = 0
    if (isAcknowledged) {
        id = (body[at] << 8) | body[at + 1]
        at += 2
    }
    return { id: id, payload: body.slice(at, body.length) }
}

/** Cuts a TCP stream into packets, however the bytes arrive. */
export class MqttScanner {
    packets: MqttPacket[] = []
    private first = -1
    private length = -1
    private lengthScale = 1
    private partial = 0
    private body: Buffer = Buffer.alloc(0)
    private filled = 0

    push(chunk: Buffer): void {
        let at = 0
        while (at < chunk.length) {
            if (this.first < 0) {
                this.first = chunk[at]
                at++
            } else if (this.length < 0) {
                this.takeLength(chunk[at])
                at++
            } else {
                const take = Math.min(chunk.length - at, this.length - this.filled)
                if (this.length <= PACKET_BYTES_MAX)
                    this.body.set(chunk.slice(at, at + take), this.filled)
                this.filled += take
                at += take
            }
            if (this.length >= 0 && this.filled === this.length) this.complete()
        }
    }

    private takeLength(byte: number): void {
        this.partial += (byte & 127) * this.lengthScale
        this.lengthScale *= 128
        if ((byte & 128) !== 0) return
        this.length = this.partial
        this.body = Buffer.alloc(this.length <= PACKET_BYTES_MAX ? this.length : 0)
    }
    private complete(): void {
        if (this.length <= PACKET_BYTES_MAX)
            this.packets.push({ type: this.first >> 4, flags: this.first & 15, body: this.body })
        this.first = -1
        this.length = -1
        this.lengthScale = 1
        this.partial = 0
        this.filled = 0
    }
}

function packet(first: number, parts: Buffer[]): Buffer {
    let length = 0
    for (const part of parts) length += part.length
    const head = length < 128 ? [first, length] : [first, 128 | (length & 127), length >> 7]
    const whole = Buffer.alloc(head.length + length)
    whole.set(Buffer.from(head), 0)
    let at = head.length
    for (const part of parts) {
        whole.set(part, at)
        at += part.length
    }
    return whole
}
function text(value: string): Buffer {
    const utf8 = Buffer.from(value)
    const field = Buffer.alloc(2 + utf8.length)
    field[0] = utf8.length >> 8
    field[1] = utf8.length & 255
    field.set(utf8, 2)
    return field
}
function idBytes(packetId: number): Buffer {
    return Buffer.from([packetId >> 8, packetId & 255])
}
