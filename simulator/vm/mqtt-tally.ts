// What the gateway owes a tracker on one TCP stream, by the MQTT packets that pass, however the bytes
// arrive.

const CONNECT = 1
const CONNACK = 2
const PUBLISH = 3
const PUBACK = 4
const SUBSCRIBE = 8
const SUBACK = 9
const PINGREQ = 12
const PINGRESP = 13

/** Splits one direction of a stream into packets. */
class Packets {
    private head: number[] = []
    private bodyLeft = 0

    constructor(private readonly onPacket: (type: number, flags: number) => void) {}

    push(bytes: Uint8Array): void {
        let at = 0
        while (at < bytes.length) {
            if (this.bodyLeft > 0) {
                const take = Math.min(this.bodyLeft, bytes.length - at)
                this.bodyLeft -= take
                at += take
            } else {
                this.head.push(bytes[at]!)
                at++
                if (this.head.length === 1 || this.head.at(-1)! >= 128) continue
                this.bodyLeft = this.head
                    .slice(1)
                    .reduce((length, byte, i) => length + (byte & 127) * 128 ** i, 0)
            }
            if (this.bodyLeft > 0) continue
            this.onPacket(this.head[0]! >> 4, this.head[0]! & 15)
            this.head = []
        }
    }
}

/**
 * Answers that are still to come: one for each request, and for a PUBLISH at QoS 1 its PUBACK and the
 * gateway's own ack. One ack may name all that was committed together, and comes behind their
 * PUBACKs: it answers for every PUBLISH that has its PUBACK.
 */
export class MqttTally {
    private requests = 0
    private pubacks = 0
    private acks = 0
    private readonly up = new Packets((type, flags) => this.sent(type, flags))
    private readonly down = new Packets((type) => this.received(type))

    get owed(): number {
        return this.requests + this.pubacks + this.acks
    }
    /** Bytes from the tracker. */
    send(bytes: Uint8Array): void {
        this.up.push(bytes)
    }
    /** Bytes from the gateway. */
    receive(bytes: Uint8Array): void {
        this.down.push(bytes)
    }

    private sent(type: number, flags: number): void {
        if (type === PUBLISH && (flags & 6) !== 0) {
            this.pubacks++
            this.acks++
        } else if (type === CONNECT || type === SUBSCRIBE || type === PINGREQ) this.requests++
    }
    private received(type: number): void {
        if (type === PUBACK) this.pubacks = Math.max(0, this.pubacks - 1)
        else if (type === PUBLISH) this.acks = this.pubacks
        else if (type === CONNACK || type === SUBACK || type === PINGRESP)
            this.requests = Math.max(0, this.requests - 1)
    }
}
