// A range coder: a message names a number between 0 and 1, and each symbol keeps the part of the
// interval that its frequency gives it (G. N. N. Martin, 1979). 32 bits of interval, bytes out as
// soon as they are certain, carries handed back into the bytes already written. Products stay below
// 2^53 and operands of `| 0` below 2^31, so every machine with doubles gives the same bytes.

const WHOLE = 4294967296
/** The interval is widened by a byte at a time while it is narrower than this. */
const NARROW = 16777216
/** Largest total of frequencies: a part is 1,024 units wide at least, under 0.1 % of it is lost. */
export const TOTAL_MAX = 16384

export class RangeEncoder {
    length = 0
    private low = 0
    private range = WHOLE - 1

    /** Writes into `bytes`, which has room for all that will be coded. */
    constructor(private bytes: Buffer) {}

    /** Codes the symbol that owns `size` parts of `total` from part `start` on. */
    part(start: number, size: number, total: number): void {
        const unit = (this.range / total) | 0
        this.narrow(unit * start, unit * size)
    }

    /** The same of TOTAL_MAX, and in one with it piece `place` of `places` equal ones of it. */
    partOfPart(start: number, size: number, place: number, places: number): void {
        const unit = (this.range / TOTAL_MAX) | 0
        const piece = ((unit * size) / places) | 0
        this.narrow(unit * start + piece * place, piece)
    }

    private narrow(by: number, to: number): void {
        let low = this.low + by
        if (low >= WHOLE) {
            low -= WHOLE
            this.carry()
        }
        let range = to
        while (range < NARROW) {
            const byte = (low / NARROW) | 0
            this.bytes[this.length] = byte
            this.length++
            low = (low - byte * NARROW) * 256
            range *= 256
        }
        this.low = low
        this.range = range
    }

    /** The fewest bytes that name the interval when zeros follow them. More may be coded after. */
    finished(): Buffer {
        const end = new RangeEncoder(this.bytes)
        end.resume(this)
        // The interval is a NARROW wide at least, so it holds a multiple of it.
        const top = Math.ceil(end.low / NARROW)
        if (top > 255) end.carry()
        else {
            end.bytes[end.length] = top
            end.length++
        }
        while (end.length > 0 && end.bytes[end.length - 1] === 0) end.length--
        return end.bytes.slice(0, end.length)
    }

    /** Goes on where `other` is now, with bytes of its own. */
    resume(other: RangeEncoder): void {
        this.bytes = Buffer.alloc(other.bytes.length)
        this.bytes.set(other.bytes, 0)
        this.length = other.length
        this.low = other.low
        this.range = other.range
    }

    private carry(): void {
        let at = this.length - 1
        while (this.bytes[at] === 255) {
            this.bytes[at] = 0
            at--
        }
        this.bytes[at] = this.bytes[at] + 1
    }
}

/** Reads what a RangeEncoder wrote. Past the end there are zeros; nothing is ever thrown. */
export class RangeDecoder {
    private at = 0
    private code = 0
    private range = WHOLE - 1
    private unit = 1

    constructor(private bytes: Buffer) {
        for (let i = 0; i < 4; i++) this.code = this.code * 256 + this.next()
    }

    /** The part of `total` that the coming symbol owns; `take` has to follow. */
    peek(total: number): number {
        this.unit = (this.range / total) | 0
        const part = Math.floor(this.code / this.unit)
        return part < total ? part : total - 1
    }

    /** Consumes the symbol that owns `size` parts from `start` on. */
    take(start: number, size: number): void {
        this.widen(this.code - this.unit * start, this.unit * size)
    }

    /** Consumes it together with the piece of it that comes, which is the answer. */
    placeOf(start: number, size: number, places: number): number {
        const code = this.code - this.unit * start
        const piece = ((this.unit * size) / places) | 0
        const at = Math.floor(code / piece)
        const place = at < places ? at : places - 1
        this.widen(code - piece * place, piece)
        return place
    }

    /** True when there are bytes that no symbol has looked at. */
    hasMore(): boolean {
        return this.at < this.bytes.length
    }

    private widen(by: number, to: number): void {
        // Bytes that no encoder wrote may lie past the last part; they stay in it.
        let code = by < to ? by : to - 1
        let range = to
        while (range < NARROW) {
            code = code * 256 + this.next()
            range *= 256
        }
        this.code = code
        this.range = range
    }
    private next(): number {
        const byte = this.at < this.bytes.length ? this.bytes[this.at] : 0
        this.at++
        return byte
    }
}
