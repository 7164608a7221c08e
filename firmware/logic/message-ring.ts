// Sealed messages in RAM, oldest first, in one buffer that is allocated once: buffers of their own
// would come and go in many sizes, and the heap is never moved together. The two ends of the buffer
// meet; each message lies behind two bytes of its length.

const LENGTH_BYTES = 2
/** A hole is closed in pieces, so that it takes little of the heap beside. */
const PIECE_BYTES = 256

/** Throws where a message would not fit into a ring of that size if it were alone. */
export function checkLength(length: number, ringBytes: number): void {
    const longest = ringBytes - LENGTH_BYTES
    if (length > longest)
        throw new Error(`message of ${length} bytes: the queue in RAM takes ${longest} at most`)
}

export class MessageRing {
    /** Messages in here. */
    count = 0
    private used = 0
    private start = 0
    private bytes: Buffer

    constructor(private size: number) {
        this.bytes = Buffer.alloc(size)
    }

    /** Whether there is room for a message of that many bytes. */
    fits(length: number): boolean {
        return this.used + LENGTH_BYTES + length <= this.size
    }

    /** Adds the newest; it has to fit. */
    push(message: Buffer): void {
        const length = message.length
        this.put(this.used, Buffer.from([length >> 8, length & 255]))
        this.put(this.used + LENGTH_BYTES, message)
        this.used += LENGTH_BYTES + length
        this.count++
    }

    /** A copy; 0 is the oldest. */
    messageAt(index: number): Buffer {
        const offset = this.offsetOf(index)
        return this.take(offset + LENGTH_BYTES, this.lengthAt(offset))
    }

    /** The older ones move up. */
    remove(index: number): void {
        const offset = this.offsetOf(index)
        const hole = LENGTH_BYTES + this.lengthAt(offset)
        let left = offset
        while (left > 0) {
            const piece = Math.min(left, PIECE_BYTES)
            left -= piece
            this.put(left + hole, this.take(left, piece))
        }
        this.start = this.placeOf(hole)
        this.used -= hole
        this.count--
    }

    private offsetOf(index: number): number {
        let offset = 0
        for (let i = 0; i < index; i++) offset += LENGTH_BYTES + this.lengthAt(offset)
        return offset
    }
    private lengthAt(offset: number): number {
        const { bytes } = this
        return bytes[this.placeOf(offset)] * 256 + bytes[this.placeOf(offset + 1)]
    }

    /** `offset` counts from the oldest message's first byte. */
    private placeOf(offset: number): number {
        const place = this.start + offset
        return place >= this.size ? place - this.size : place
    }
    private take(offset: number, length: number): Buffer {
        const { bytes, size } = this
        const place = this.placeOf(offset)
        const first = Math.min(length, size - place)
        const out = Buffer.alloc(length)
        out.set(bytes.slice(place, place + first), 0)
        if (first < length) out.set(bytes.slice(0, length - first), first)
        return out
    }
    private put(offset: number, message: Buffer): void {
        const { bytes, size } = this
        const place = this.placeOf(offset)
        const first = Math.min(message.length, size - place)
        bytes.set(message.slice(0, first), place)
        if (first < message.length) bytes.set(message.slice(first, message.length), 0)
    }
}
