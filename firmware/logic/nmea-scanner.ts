// NMEA 0183 sentences out of a receiver's byte stream, in which UBX frames and noise are mixed.
//
//     $ talker type , field , field ... * two hex digits: the exclusive or of all between $ and *
//
// A sentence is complete with its second digit. A dollar sign always begins a new one, and a byte that
// is no printable character ends the attempt: damage to one sentence never costs another.

const DOLLAR = 0x24
const STAR = 0x2a
const CARRIAGE_RETURN = 0x0d
const LINE_FEED = 0x0a
const FIRST_PRINTABLE = 0x20
const LAST_PRINTABLE = 0x7e
/** The standard ends at 82; survey receivers with more decimals were seen to reach 91. */
export const SENTENCE_BYTES_MAX = 120

export interface NmeaSentence {
    /** Position of the dollar sign in the stream. */
    offset: number
    /** What stands between $ and *, cut at the commas: the first is talker and type. */
    fields: string[]
}

/** Fed any number of bytes at a time; the sentences found wait in `sentences`, oldest first. */
export class NmeaScanner {
    sentences: NmeaSentence[] = []
    /** Sentences whose checksum did not fit. */
    damaged = 0
    /** Sentences that ended without one: they are not believed. */
    unsealed = 0
    private held = Buffer.alloc(SENTENCE_BYTES_MAX)
    private count = 0
    private sum = 0
    /** Where the checksum begins in `held`; 0 while it has not begun. */
    private digitsAt = 0
    /** Stream position of the next byte. */
    private offset = 0

    push(chunk: Buffer): void {
        for (let i = 0; i < chunk.length; i++) {
            const byte = chunk[i]
            if (this.count > 0 || byte === DOLLAR) this.take(byte)
            this.offset++
        }
    }

    private take(byte: number): void {
        if (byte === DOLLAR) {
            this.count = 1
            this.sum = 0
            this.digitsAt = 0
            return
        }
        if (byte === CARRIAGE_RETURN || byte === LINE_FEED) this.unsealed++
        if (byte < FIRST_PRINTABLE || byte > LAST_PRINTABLE || this.count === SENTENCE_BYTES_MAX) {
            this.count = 0
            return
        }
        this.held[this.count] = byte
        this.count++
        if (this.digitsAt === 0) {
            if (byte === STAR) this.digitsAt = this.count
            else this.sum ^= byte
        } else if (this.count === this.digitsAt + 2) this.finish()
    }

    private finish(): void {
        const high = hexDigit(this.held[this.digitsAt])
        const low = hexDigit(this.held[this.digitsAt + 1])
        if (high < 0 || low < 0 || high * 16 + low !== this.sum) this.damaged++
        else {
            const text = this.held.slice(1, this.digitsAt - 1).toString()
            this.sentences.push({
                offset: this.offset + 1 - this.count,
                fields: text.split(","),
            })
        }
        this.count = 0
    }
}

/** The value of an ASCII digit of either case, or -1. */
function hexDigit(code: number): number {
    if (code >= 0x30 && code <= 0x39) return code - 0x30
    const lower = code | 0x20
    return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
