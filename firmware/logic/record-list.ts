// The names of the records that wait, packed: an object a record would take 150 bytes of the heap,
// 87 of them 13 KB of its 64. Here a record takes 18, in two buffers that are allocated once, so
// the heap, which is never moved together, does not fall into pieces.
//
// A record has a row, found by a number that its owner gives: the slot, in FRAM. The rows stay where
// they are; in which order they follow each other is kept beside them, one byte a record.
//
//     0   order      4 bytes, little-endian like all that follows: the machine reads that at once
//     4   epoch      4 bytes
//     8   session    4 bytes
//     12  seq        4 bytes
//     16  marks      type in the lower five bits; taken, sent, in RAM

import { type Ack, acknowledges } from "../../protocol/ack.js"
import { MessageType } from "../../protocol/envelope.js"

export interface RecordName {
    epoch: number
    /** Counter of its session. */
    session: number
    seq: number
    type: number
}

export interface OutboxRecord extends RecordName {
    /** One more for each record: tells two of one name apart, which a board without FRAM may have. */
    order: number
    isSent: boolean
}

/** A row's number is a byte. */
export const RECORDS_MAX = 256
const EPOCH = 4
const SESSION = 8
const SEQ = 12
const MARKS = 16
const ROW_BYTES = 17
const TYPE_MASK = 0x1f
const TAKEN = 0x80
const SENT = 0x40
const IN_RAM = 0x20

export class RecordList {
    /** Records in here. */
    count = 0
    /** Those of them that are marked as sent. */
    sent = 0
    private rows: Buffer
    /** Row numbers, oldest first. */
    private queue: Buffer

    /** Throws above RECORDS_MAX. */
    constructor(public capacity: number) {
        if (capacity > RECORDS_MAX)
            throw new Error(`record list of ${capacity}: at most ${RECORDS_MAX} have a number`)
        this.rows = Buffer.alloc(capacity * ROW_BYTES)
        this.queue = Buffer.alloc(capacity)
    }

    isFull(): boolean {
        return this.count >= this.capacity
    }

    /** The first row from `row` on, and round again, that no record has; -1 when all are taken. */
    freeRow(row: number): number {
        let at = row
        for (let i = 0; i < this.capacity; i++) {
            if (at >= this.capacity) at = 0
            if (this.rows[at * ROW_BYTES + MARKS] === 0) return at
            at++
        }
        return -1
    }

    /** Adds a record in a free row, behind those of a lower order. */
    add(row: number, order: number, name: RecordName, isInRam: boolean): void {
        const { rows, queue, count } = this
        const at = row * ROW_BYTES
        putFour(rows, at, order)
        putFour(rows, at + EPOCH, name.epoch)
        putFour(rows, at + SESSION, name.session)
        putFour(rows, at + SEQ, name.seq)
        rows[at + MARKS] = TAKEN | (name.type & TYPE_MASK) | (isInRam ? IN_RAM : 0)
        const position = this.positionFor(order)
        if (position < count) queue.set(queue.slice(position, count), position + 1)
        queue[position] = row
        this.count++
    }

    /** `position`: 0 is the oldest. */
    remove(position: number): void {
        const { rows, queue, count } = this
        const at = queue[position] * ROW_BYTES + MARKS
        if ((rows[at] & SENT) !== 0) this.sent--
        rows[at] = 0
        queue.set(queue.slice(position + 1, count), position)
        this.count--
    }

    clear(): void {
        while (this.count > 0) this.remove(this.count - 1)
    }

    rowAt(position: number): number {
        return this.queue[position]
    }
    sessionAt(position: number): number {
        return this.rows.readUInt32LE(this.queue[position] * ROW_BYTES + SESSION)
    }
    isInRam(position: number): boolean {
        return (this.marksAt(position) & IN_RAM) !== 0
    }

    /** How many of the records before a position are in RAM. */
    inRamBefore(position: number): number {
        let count = 0
        for (let i = 0; i < position; i++) if (this.isInRam(i)) count++
        return count
    }

    recordAt(position: number): OutboxRecord {
        const { rows } = this
        const at = this.queue[position] * ROW_BYTES
        const marks = rows[at + MARKS]
        return {
            order: rows.readUInt32LE(at),
            epoch: rows.readUInt32LE(at + EPOCH),
            session: rows.readUInt32LE(at + SESSION),
            seq: rows.readUInt32LE(at + SEQ),
            type: marks & TYPE_MASK,
            isSent: (marks & SENT) !== 0,
        }
    }

    /** Where the record of that order is; -1 when it is no more in here. */
    positionOf(order: number): number {
        const { rows, queue } = this
        for (let i = 0; i < this.count; i++)
            if (rows.readUInt32LE(queue[i] * ROW_BYTES) === order) return i
        return -1
    }

    /** The oldest record of a type from a position on; -1 when there is none. */
    nextOfType(type: number, from: number): number {
        for (let i = from; i < this.count; i++) if ((this.marksAt(i) & TYPE_MASK) === type) return i
        return -1
    }

    /** The oldest that the ack names, from a position on; -1 when it names none. */
    nextNamed(ack: Ack, from: number): number {
        const { rows, queue } = this
        for (let i = from; i < this.count; i++) {
            const at = queue[i] * ROW_BYTES
            // An ack names numbers of one session, whatever the epochs in which they were sealed.
            if (rows.readUInt32LE(at + SESSION) !== ack.session) continue
            if (acknowledges(ack, rows.readUInt32LE(at + SEQ))) return i
        }
        return -1
    }

    /**
     * What a full queue lets go of: the second-oldest, so that the ends of the stretch survive, and no
     * hello while there is anything else: without it the gateway could not place its session's
     * records. `isOfRam`: of those in RAM. -1 when there is none at all.
     */
    secondOldest(isOfRam: boolean): number {
        let oldest = -1
        let second = -1
        for (let i = 0; i < this.count; i++) {
            if (isOfRam && !this.isInRam(i)) continue
            if (oldest < 0) {
                oldest = i
                continue
            }
            if (second < 0) second = i
            if ((this.marksAt(i) & TYPE_MASK) !== MessageType.hello) return i
        }
        return second < 0 ? oldest : second
    }

    markSent(order: number): void {
        const position = this.positionOf(order)
        if (position < 0 || (this.marksAt(position) & SENT) !== 0) return
        const at = this.queue[position] * ROW_BYTES + MARKS
        this.rows[at] = this.rows[at] | SENT
        this.sent++
    }

    unsend(): void {
        const { rows, queue } = this
        for (let i = 0; i < this.count && this.sent > 0; i++) {
            const at = queue[i] * ROW_BYTES + MARKS
            if ((rows[at] & SENT) === 0) continue
            rows[at] = rows[at] - SENT
            this.sent--
        }
    }

    private marksAt(position: number): number {
        return this.rows[this.queue[position] * ROW_BYTES + MARKS]
    }

    /** Behind all of a lower order: the newest as a rule, anywhere when a boot reads the slots. */
    private positionFor(order: number): number {
        const { rows, queue } = this
        let low = 0
        let high = this.count
        if (high > 0 && rows.readUInt32LE(queue[high - 1] * ROW_BYTES) < order) return high
        while (low < high) {
            const middle = (low + high) >> 1
            if (rows.readUInt32LE(queue[middle] * ROW_BYTES) < order) low = middle + 1
            else high = middle
        }
        return low
    }
}

/** Little-endian; of an integer up to 32 bits, unsigned. */
function putFour(out: Buffer, at: number, value: number): void {
    out[at] = value & 255
    out[at + 1] = (value >> 8) & 255
    out[at + 2] = (value >> 16) & 255
    out[at + 3] = (value >> 24) & 255
}
