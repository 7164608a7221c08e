// Sealed records, kept until the gateway says that it holds them. The one here lives in RAM, for
// boards without FRAM: a reset loses it, and the next session's hello tells the gateway so.

import type { Ack } from "../../protocol/ack.js"
import { MessageType } from "../../protocol/envelope.js"
import { checkLength, MessageRing } from "./message-ring.js"
import { type OutboxRecord, RecordList, type RecordName } from "./record-list.js"

export interface Outbox {
    /** Records of the current session let go of because the queue was full. */
    thinned: number
    /** The epoch and session of today: records of others are sent as relays. */
    epoch: number
    session: number
    /** The gateway has not heard of the current session yet: its hello goes before all others. */
    isHelloFirst: boolean
    /** The newest record that the memory had seen when the program started, held or not. */
    newest: RecordName | undefined
    /** Records that wait. */
    count(): number
    /** Thins until any record fits. */
    makeRoom(): void
    /** Adds the newest record; thins when it does not fit. Throws when it never could. */
    push(name: RecordName, message: Buffer): void
    /**
     * The next ones to be held by the gateway, in the order in which they go out. An object takes 120
     * bytes of the heap: to be called for a few.
     */
    first(count: number): OutboxRecord[]
    /** What goes out for a record; undefined when the memory has lost it. */
    messageOf(record: OutboxRecord): Buffer | undefined
    /** The record is on the way. */
    markSent(record: OutboxRecord): void
    /** Lets go of what the ack names. True when it named any. */
    release(ack: Ack): boolean
    /** After a lost connection nobody knows what arrived: all goes out again, byte for byte. */
    unsend(): void
    hasSent(): boolean
    /** Whether a record of that type waits in here. */
    holds(type: number): boolean
    /** Whether the hello of the current session waits in here. */
    holdsHello(): boolean
}

/** A body of 232 bytes with the longest head and its tag takes 1 + 8 + 4 + 232 + 8. */
export const RECORD_BYTES_MAX = 256
/** The messages in RAM: 7 of the longest, with the two bytes of their length. */
export const OUTBOX_BYTES_MAX = 2048
/** Their names take 18 bytes each. */
export const OUTBOX_RECORDS_MAX = 32

export class RamOutbox implements Outbox {
    thinned = 0
    epoch = 0
    session = 0
    isHelloFirst = true
    newest: RecordName | undefined = undefined
    list = new RecordList(OUTBOX_RECORDS_MAX)
    private messages = new MessageRing(OUTBOX_BYTES_MAX)
    private nextOrder = 0

    count(): number {
        return this.list.count
    }
    makeRoom(): void {
        this.makeRoomFor(RECORD_BYTES_MAX)
    }
    push(name: RecordName, message: Buffer): void {
        const { list, messages } = this
        this.makeRoomFor(message.length)
        list.add(list.freeRow(0), this.nextOrder, name, true)
        messages.push(message)
        this.nextOrder++
    }
    first(count: number): OutboxRecord[] {
        const records: OutboxRecord[] = []
        for (let i = 0; i < count && i < this.list.count; i++) records.push(this.list.recordAt(i))
        return records
    }
    messageOf(record: OutboxRecord): Buffer | undefined {
        const position = this.list.positionOf(record.order)
        return position < 0 ? undefined : this.messages.messageAt(position)
    }
    markSent(record: OutboxRecord): void {
        this.list.markSent(record.order)
    }
    release(ack: Ack): boolean {
        const before = this.list.count
        let at = this.list.nextNamed(ack, 0)
        while (at >= 0) {
            this.drop(at)
            at = this.list.nextNamed(ack, at)
        }
        return this.list.count < before
    }
    unsend(): void {
        this.list.unsend()
    }
    hasSent(): boolean {
        return this.list.sent > 0
    }
    holds(type: number): boolean {
        return this.list.nextOfType(type, 0) >= 0
    }
    holdsHello(): boolean {
        return this.holds(MessageType.hello)
    }

    private makeRoomFor(length: number): void {
        const { list, messages } = this
        checkLength(length, OUTBOX_BYTES_MAX)
        while (list.isFull() || !messages.fits(length)) {
            this.drop(list.secondOldest(false))
            this.thinned++
        }
    }
    private drop(position: number): void {
        this.list.remove(position)
        this.messages.remove(position)
    }
}
