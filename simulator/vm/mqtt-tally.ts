// Counts the MQTT packets in one direction of a TCP stream, however the bytes arrive.

const CONNECT = 1
const CONNACK = 2
const PUBLISH = 3
const PUBACK = 4
const SUBSCRIBE = 8
const SUBACK = 9
const PINGREQ = 12
const PINGRESP = 13

/** Answers that a tracker's packet asks of the gateway: PUBACK and the application's own ack. */
export function answersOwed(type: number, flags: number): number {
    if (type === PUBLISH) return (flags & 6) !== 0 ? 2 : 0
    return type === CONNECT || type === SUBSCRIBE || type === PINGREQ ? 1 : 0
}

/** Answers that a packet from the gateway is. */
export function answersGiven(type: number): number {
    const isAnswer = [CONNACK, PUBACK, SUBACK, PINGRESP, PUBLISH].includes(type)
    return isAnswer ? 1 : 0
}

export class MqttTally {
    private head: number[] = []
    private bodyLeft = 0

    constructor(private readonly weigh: (type: number, flags: number) => number) {}

    /** The weight of the packets that `bytes` complete. */
    count(bytes: Uint8Array): number {
        let weight = 0
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
            weight += this.weigh(this.head[0]! >> 4, this.head[0]! & 15)
            this.head = []
        }
        return weight
    }
}
