// Deterministic CBOR (RFC 8949 section 4.2) in the subset that the wire uses: integers to 53 bits,
// byte and text strings, arrays, and maps with ascending unsigned keys. Runs on the tracker.

import { putBigEndian } from "./bytes.js"

const UNSIGNED = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const MAP = 5
const SIMPLE = 7

/** Largest integer that a double holds exactly together with all smaller ones. */
const INTEGER_MAX = 9007199254740991
/** Items inside items that `skip` follows; our own bodies nest 3 deep. */
const DEPTH_MAX = 8

/** Appends CBOR items to a buffer that grows. */
export class CborWriter {
    private buffer: Buffer = Buffer.alloc(64)
    length = 0

    int(value: number): void {
        if (value < 0) this.head(NEGATIVE, -1 - value)
        else this.head(UNSIGNED, value)
    }
    bytes(value: Buffer): void {
        this.head(BYTES, value.length)
        this.raw(value)
    }
    text(value: string): void {
        const utf8 = Buffer.from(value)
        this.head(TEXT, utf8.length)
        this.raw(utf8)
    }
    array(items: number): void {
        this.head(ARRAY, items)
    }
    map(pairs: number): void {
        this.head(MAP, pairs)
    }
    /** Items that were encoded elsewhere. */
    raw(encoded: Buffer): void {
        this.room(encoded.length)
        this.buffer.set(encoded, this.length)
        this.length += encoded.length
    }
    result(): Buffer {
        return this.buffer.slice(0, this.length)
    }

    private head(major: number, value: number): void {
        this.room(9)
        const kind = major << 5
        if (value < 24) this.byte(kind | value)
        else if (value < 0x100) this.argument(kind | 24, value, 1)
        else if (value < 0x10000) this.argument(kind | 25, value, 2)
        else if (value < 0x100000000) this.argument(kind | 26, value, 4)
        else this.argument(kind | 27, value, 8)
    }
    private argument(initial: number, value: number, bytes: number): void {
        this.byte(initial)
        putBigEndian(this.buffer, this.length, value, bytes)
        this.length += bytes
    }
    private byte(value: number): void {
        this.buffer[this.length] = value
        this.length++
    }
    private room(more: number): void {
        if (this.length + more <= this.buffer.length) return
        const grown = Buffer.alloc((this.length + more) * 2)
        grown.set(this.buffer.slice(0, this.length), 0)
        this.buffer = grown
    }
}

/** How many bytes `value` takes as a CBOR integer. */
export function cborIntLength(value: number): number {
    const size = value < 0 ? -1 - value : value
    if (size < 24) return 1
    if (size < 0x100) return 2
    if (size < 0x10000) return 3
    return size < 0x100000000 ? 5 : 9
}

/**
 * Reads one item after another. Bytes from outside are data: the first thing that is wrong is kept
 * in `fault`, from then on every answer is empty, and nothing is thrown. What is not deterministic
 * (a longer form than needed, keys out of order or twice, indefinite lengths, tags) is a fault.
 */
export class CborReader {
    fault: string | undefined = undefined
    private at = 0
    private key = -1

    constructor(private source: Buffer) {}

    int(): number {
        const initial = this.peek()
        const major = initial >> 5
        if (major !== UNSIGNED && major !== NEGATIVE) return this.fail("integer-expected")
        const value = this.head()
        return major === NEGATIVE ? -1 - value : value
    }
    bytes(): Buffer {
        return this.string(BYTES, "bytes-expected")
    }
    text(): string {
        return this.utf8().toString()
    }
    array(): number {
        return this.container(ARRAY, 1, "array-expected")
    }
    /** Number of pairs. Keys are then read by `mapKey`, one map at a time. */
    map(): number {
        this.key = -1
        return this.container(MAP, 2, "map-expected")
    }
    mapKey(): number {
        if (this.peek() >> 5 !== UNSIGNED) return this.fail("key-not-unsigned")
        const key = this.head()
        if (key <= this.key) return this.fail("keys-not-ascending")
        this.key = key
        return key
    }
    /** Passes over one item of any kind that the wire allows. */
    skip(): void {
        this.skipNested(0)
    }
    /** What was read does not fit: `reason` becomes the fault unless there is one. */
    refuse(reason: string): void {
        this.fail(reason)
    }
    /** The bytes behind the items read so far; from then on there is nothing left to read. */
    rest(): Buffer {
        const from = this.fault === undefined ? this.at : this.source.length
        this.at = this.source.length
        return this.source.slice(from, this.source.length)
    }
    /** The fault, or what is wrong with the end. */
    finish(): string | undefined {
        if (this.fault === undefined && this.at !== this.source.length) this.fail("trailing-bytes")
        return this.fault
    }

    private skipNested(depth: number): void {
        if (depth > DEPTH_MAX) {
            this.fail("too-deep")
            return
        }
        const major = this.peek() >> 5
        if (major === UNSIGNED || major === NEGATIVE) this.head()
        else if (major === BYTES) this.bytes()
        else if (major === TEXT) this.utf8()
        else if (major === ARRAY) {
            const items = this.array()
            for (let i = 0; i < items && this.fault === undefined; i++) this.skipNested(depth + 1)
        } else if (major === MAP) this.skipMap(depth)
        else if (major === SIMPLE && this.peek() >= 0xf4 && this.peek() <= 0xf6) this.at++
        else this.fail("item-not-allowed")
    }
    /** Keys of any kind, in the bytewise order of RFC 8949 section 4.2.1. */
    private skipMap(depth: number): void {
        const pairs = this.container(MAP, 2, "map-expected")
        let before = this.source.slice(this.at, this.at)
        for (let i = 0; i < pairs && this.fault === undefined; i++) {
            const start = this.at
            this.skipNested(depth + 1)
            const key = this.source.slice(start, this.at)
            if (this.fault === undefined && !isAscending(before, key))
                this.fail("keys-not-ascending")
            before = key
            this.skipNested(depth + 1)
        }
    }
    private utf8(): Buffer {
        const text = this.string(TEXT, "text-expected")
        if (!isUtf8(text)) this.fail("text-not-utf8")
        return text
    }
    private container(major: number, leastBytes: number, otherwise: string): number {
        if (this.peek() >> 5 !== major) return this.fail(otherwise)
        const items = this.head()
        // An item takes a byte at least, so a count past the end is a lie, and loops stay bounded.
        if (items * leastBytes > this.source.length - this.at) return this.fail("cut-short")
        return items
    }
    private string(major: number, otherwise: string): Buffer {
        if (this.peek() >> 5 !== major) {
            this.fail(otherwise)
            return Buffer.alloc(0)
        }
        const length = this.head()
        if (length > this.source.length - this.at) {
            this.fail("cut-short")
            return Buffer.alloc(0)
        }
        this.at += length
        return this.source.slice(this.at - length, this.at)
    }
    private head(): number {
        const info = this.peek() & 31
        if (this.fault !== undefined) return 0
        this.at++
        if (info < 24) return info
        if (info > 27) return this.fail("length-not-definite")
        const width = 1 << (info - 24)
        if (this.source.length - this.at < width) return this.fail("cut-short")
        let value = 0
        for (let i = 0; i < width; i++) value = value * 256 + this.source[this.at + i]
        this.at += width
        if (value > INTEGER_MAX) return this.fail("integer-too-large")
        const least = info === 24 ? 24 : info === 25 ? 0x100 : info === 26 ? 0x10000 : 0x100000000
        if (value < least) return this.fail("not-shortest-form")
        return value
    }
    private peek(): number {
        if (this.fault !== undefined) return 0
        if (this.at >= this.source.length) return this.fail("cut-short")
        return this.source[this.at]
    }
    private fail(reason: string): number {
        if (this.fault === undefined) this.fault = reason
        return 0
    }
}

function isAscending(before: Buffer, after: Buffer): boolean {
    for (let i = 0; i < before.length && i < after.length; i++)
        if (before[i] !== after[i]) return before[i] < after[i]
    return before.length < after.length
}

/** RFC 3629: no form longer than needed, no surrogates, nothing past U+10FFFF. */
function isUtf8(text: Buffer): boolean {
    let at = 0
    while (at < text.length) {
        const first = text[at]
        at++
        if (first < 0x80) continue
        const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1
        if (first < 0xc2 || first > 0xf4 || at + more > text.length) return false
        const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
        const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
        if (text[at] < least || text[at] > most) return false
        for (let i = 1; i < more; i++) if (text[at + i] >> 6 !== 2) return false
        at += more
    }
    return true
}
