// Sealed records, kept until the gateway says that it holds them. The one here lives in RAM, for
// boards without FRAM: a reset loses it, and the next session's hello tells the gateway so.

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
    isSent: boolean
}

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
    /** Thins when the queue is full. */
    makeRoom(): void
    /** Adds the newest record. */
    push(name: RecordName, message: Buffer): void
    /** The next ones to be held by the gateway, in the order in which they go out. */
    first(count: number): OutboxRecord[]
    /** What goes out for a record; undefined when the memory has lost it. */
    messageOf(record: OutboxRecord): Buffer | undefined
    /** Lets go of what the ack names. True when it named any. */
    release(ack: Ack): boolean
    /** After a lost connection nobody knows what arrived: all goes out again, byte for byte. */
    unsend(): void
    hasSent(): boolean
    /** Whether the hello of the current session waits in here. */
    holdsHello(): boolean
}

/** 48 records of at most 256 bytes are 12 KB of the 64 KB heap. */
export const OUTBOX_RECORDS_MAX = 48

interface RamRecord extends OutboxRecord {
    message: Buffer
}

export class RamOutbox implements Outbox {
    records: RamRecord[] = []
    thinned = 0
    epoch = 0
    session = 0
    isHelloFirst = true
    newest: RecordName | undefined = undefined

    count(): number {
        return this.records.length
    }
    makeRoom(): void {
        if (this.records.length < OUTBOX_RECORDS_MAX) return
        const at = secondOldest(this.records)
        this.records = this.records.filter((_, i) => i !== at)
        this.thinned++
    }
    push(name: RecordName, message: Buffer): void {
        this.makeRoom()
        this.records.push({
            epoch: name.epoch,
            session: name.session,
            seq: name.seq,
            type: name.type,
            isSent: false,
            message: message,
        })
    }
    first(count: number): OutboxRecord[] {
        return this.records.slice(0, count)
    }
    messageOf(record: OutboxRecord): Buffer | undefined {
        const found = this.records.find((one) => one.seq === record.seq)
        return found === undefined ? undefined : found.message
    }
    release(ack: Ack): boolean {
        const before = this.records.length
        this.records = this.records.filter((record) => !isNamed(ack, record))
        return this.records.length < before
    }
    unsend(): void {
        for (const record of this.records) record.isSent = false
    }
    hasSent(): boolean {
        return this.records.some((record) => record.isSent)
    }
    holdsHello(): boolean {
        return this.records.some((record) => record.type === MessageType.hello)
    }
}

/** An ack names numbers of one session, whatever the epochs in which they were sealed. */
export function isNamed(ack: Ack, record: RecordName): boolean {
    return ack.session === record.session && acknowledges(ack, record.seq)
}

/**
 * What a full queue lets go of: the second-oldest, so that the ends of the stretch survive, and no
 * hello while there is anything else: without it the gateway could not place its session's records.
 */
export function secondOldest(records: readonly RecordName[]): number {
    for (let i = 1; i < records.length; i++) if (records[i].type !== MessageType.hello) return i
    return 1
}
