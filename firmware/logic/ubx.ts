// UBX frames out of a receiver's byte stream, in which NMEA, other frames and noise are mixed.
//
//     B5 62 | class id | length, little-endian | payload | two checksum bytes (8-bit Fletcher)
//
// Only what the tracker asks for is looked at: NAV-PVT (84 bytes from old receivers, 92 since) and
// the acknowledgements of configuration. Another header is never believed far enough to skip by its
// length, and a candidate that fails is searched again from its second byte: damage to one frame
// never costs another.

const SYNC_1 = 0xb5
const SYNC_2 = 0x62
const CLASS_NAV = 0x01
const NAV_PVT = 0x07
const CLASS_ACK = 0x05
const ACK_NAK = 0x00
const ACK_ACK = 0x01
const PVT_BYTES = 92
const PVT_BYTES_OLD = 84
const HEADER_BYTES = 6
const CHECKSUM_BYTES = 2

export interface UbxFrame {
    /** Position of the frame's first byte in the stream. */
    offset: number
    kind: "pvt" | "ack" | "nak"
    payload: Buffer
}

/** Fed any number of bytes at a time; the frames found wait in `frames`, oldest first. */
export class UbxScanner {
    frames: UbxFrame[] = []
    /** Candidates whose checksum did not fit. */
    damaged = 0
    private held = Buffer.alloc(HEADER_BYTES + PVT_BYTES + CHECKSUM_BYTES)
    private count = 0
    /** Stream position of the first byte held, or of the next byte when none is. */
    private offset = 0

    push(chunk: Buffer): void {
        for (let i = 0; i < chunk.length; i++) this.take(chunk[i])
    }

    private take(byte: number): void {
        if (this.count === 0 && byte !== SYNC_1) {
            this.offset++
            return
        }
        this.held[this.count] = byte
        this.count++
        if (!isPrefix(this.held, this.count)) {
            this.retryFromSecondByte()
            return
        }
        if (this.count < HEADER_BYTES) return
        const payloadBytes = this.held[4] | (this.held[5] << 8)
        if (this.count < HEADER_BYTES + payloadBytes + CHECKSUM_BYTES) return
        if (!hasGoodChecksum(this.held, this.count)) {
            this.damaged++
            this.retryFromSecondByte()
            return
        }
        this.frames.push({
            offset: this.offset,
            kind: this.held[2] === CLASS_NAV ? "pvt" : this.held[3] === ACK_ACK ? "ack" : "nak",
            payload: copyOf(this.held, HEADER_BYTES, HEADER_BYTES + payloadBytes),
        })
        this.offset += this.count
        this.count = 0
    }
    /** What is held is shorter each time, so this ends. */
    private retryFromSecondByte(): void {
        const rest = copyOf(this.held, 1, this.count)
        this.offset++
        this.count = 0
        this.push(rest)
    }
}

/** A whole frame around `payload`. */
export function ubxFrame(messageClass: number, id: number, payload: number[]): Buffer {
    const frame = Buffer.alloc(HEADER_BYTES + payload.length + CHECKSUM_BYTES)
    frame[0] = SYNC_1
    frame[1] = SYNC_2
    frame[2] = messageClass
    frame[3] = id
    frame[4] = payload.length & 255
    frame[5] = payload.length >> 8
    payload.forEach((byte, i) => {
        frame[HEADER_BYTES + i] = byte
    })
    const sum = checksum(frame, frame.length)
    frame[frame.length - 2] = sum & 255
    frame[frame.length - 1] = sum >> 8
    return frame
}

function isPrefix(bytes: Buffer, count: number): boolean {
    if (bytes[0] !== SYNC_1) return false
    if (count > 1 && bytes[1] !== SYNC_2) return false
    if (count < 3) return true
    const isNav = bytes[2] === CLASS_NAV
    if (!isNav && bytes[2] !== CLASS_ACK) return false
    if (count > 3) {
        if (isNav && bytes[3] !== NAV_PVT) return false
        if (!isNav && bytes[3] !== ACK_NAK && bytes[3] !== ACK_ACK) return false
    }
    if (count > 4) {
        if (isNav && bytes[4] !== PVT_BYTES && bytes[4] !== PVT_BYTES_OLD) return false
        if (!isNav && bytes[4] !== 2) return false
    }
    return count < HEADER_BYTES || bytes[5] === 0
}
function hasGoodChecksum(frame: Buffer, length: number): boolean {
    return checksum(frame, length) === (frame[length - 2] | (frame[length - 1] << 8))
}
/** First sum in the low byte, second in the high one, over class, id, length and payload. */
function checksum(frame: Buffer, length: number): number {
    let a = 0
    let b = 0
    for (let i = 2; i < length - CHECKSUM_BYTES; i++) {
        a = (a + frame[i]) & 255
        b = (b + a) & 255
    }
    return a | (b << 8)
}
/** `slice` shares memory on Node and copies on the tracker; this copies on both. */
function copyOf(bytes: Buffer, from: number, to: number): Buffer {
    const copy = Buffer.alloc(to - from)
    copy.set(bytes.slice(from, to), 0)
    return copy
}
