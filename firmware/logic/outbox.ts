// Sealed records, kept until the gateway says that it holds them. This one lives in RAM, for boards
// without FRAM: a reset loses it, and the next session's hello tells the gateway so.

import { type Ack, acknowledges } from "../../protocol/ack.js"

export interface OutboxRecord {
    seq: number
    message: Buffer
    isSent: boolean
}

/** 48 records of at most 250 bytes are 12 KB of the 64 KB heap. */
export const OUTBOX_RECORDS_MAX = 48

export class Outbox {
    records: OutboxRecord[] = []
    /** Records let go of because the queue was full, since the session began. */
    thinned = 0

    /**
     * Adds the newest record. A full queue lets go of its second-oldest: the ends of the stretch
     * survive, the seq that is missing shows at the gateway, and `thinned` tells why.
     */
    push(seq: number, message: Buffer): void {
        this.records.push({ seq: seq, message: message, isSent: false })
        if (this.records.length <= OUTBOX_RECORDS_MAX) return
        this.records = this.records.filter((_, i) => i !== 1)
        this.thinned++
    }

    /** Lets go of what the ack names. True when it named any. */
    release(ack: Ack): boolean {
        const before = this.records.length
        this.records = this.records.filter((record) => !acknowledges(ack, record.seq))
        return this.records.length < before
    }

    /** After a lost connection nobody knows what arrived: all goes out again, byte for byte. */
    unsend(): void {
        for (const record of this.records) record.isSent = false
    }
}
