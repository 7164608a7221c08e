// The outbox in non-volatile memory: it outlives sleep, reset and weeks without network. Slots of
// one size; the order is in the slots, not in their places.
//
//     0   state      0xa5 held, else free. One byte, written last: the commit, and the release
//     1   type       1 byte
//     2   length     2 bytes, big-endian like all that follows
//     4   order      4 bytes; one more for each record
//     8   epoch      4 bytes
//     12  session    4 bytes
//     16  seq        4 bytes
//     20  check      4 bytes, over the record
//     24  check      4 bytes, over bytes 1 to 23
//     28  record     as sealed
//
// A freed slot keeps its head until it is used again, so the newest number given out is always to be
// seen here: a second witness beside the session's own counter.

import type { Ack } from "../../protocol/ack.js"
import { putBigEndian } from "../../protocol/bytes.js"
import { MessageType } from "../../protocol/envelope.js"
import { encodeRelay } from "../../protocol/relay.js"
import { bigEndian } from "./cell-pair.js"
import { checkOf, type Hash, isSameBytes, type Nvm } from "./nvm.js"
import { SLOTS_AT } from "./nvm-layout.js"
import type { Outbox, OutboxRecord, RecordName } from "./outbox.js"
import { isNamed, OUTBOX_RECORDS_MAX, secondOldest } from "./outbox.js"

/** A body of 232 bytes with the longest head and its tag takes 1 + 8 + 4 + 232 + 8. */
export const RECORD_BYTES_MAX = 256
const STATE = 0
const TYPE = 1
const LENGTH = 2
const ORDER = 4
const EPOCH = 8
const SESSION = 12
const SEQ = 16
const RECORD_CHECK = 20
const HEAD_CHECK = 24
const HEAD_BYTES = 28
export const SLOT_BYTES = HEAD_BYTES + RECORD_BYTES_MAX
const HELD = 0xa5
const FREE = 0
/** A record that the memory did not take stays in RAM under this number. */
const NO_SLOT = -1

interface NvmRecord extends OutboxRecord {
    slot: number
    order: number
    /** Only of a record without a slot. */
    message: Buffer | undefined
}

export class NvmOutbox implements Outbox {
    thinned = 0
    epoch = 0
    session = 0
    isHelloFirst = true
    newest: RecordName | undefined = undefined
    /** Oldest first. */
    records: NvmRecord[] = []
    /** Records that the memory had lost when they were to be sent. */
    damaged = 0
    slots: number
    private nextOrder = 1
    private nextSlot = 0

    /** Finds what waits. Throws when the part does not answer. */
    constructor(
        private nvm: Nvm,
        private hash: Hash,
    ) {
        this.slots = Math.floor((nvm.size - SLOTS_AT) / SLOT_BYTES)
        let newest: NvmRecord | undefined
        for (let slot = 0; slot < this.slots; slot++) {
            const head = this.readHead(slot)
            if (head === undefined) continue
            const record = recordOf(head, slot)
            if (head[STATE] === HELD) this.records.push(record)
            if (newest === undefined || record.order > newest.order) newest = record
        }
        this.records.sort((a, b) => a.order - b.order)
        if (newest === undefined) return
        this.newest = newest
        this.nextOrder = newest.order + 1
        this.nextSlot = newest.slot + 1
    }

    /** Lets go of everything: it belongs to another device. */
    clear(): void {
        for (const record of this.records) this.free(record)
        this.records = []
    }

    count(): number {
        return this.records.length
    }

    makeRoom(): void {
        const inRam = this.records.filter((record) => record.slot === NO_SLOT).length
        if (this.records.length - inRam < this.slots && inRam < OUTBOX_RECORDS_MAX) return
        const at = secondOldest(this.records)
        const record = this.records[at]
        this.free(record)
        this.records = this.records.filter((_, i) => i !== at)
        if (record.session === this.session) this.thinned++
    }

    push(name: RecordName, message: Buffer): void {
        this.makeRoom()
        const slot = this.freeSlot()
        const isKept = slot !== NO_SLOT && this.store(slot, name, message)
        this.records.push({
            epoch: name.epoch,
            session: name.session,
            seq: name.seq,
            type: name.type,
            isSent: false,
            slot: isKept ? slot : NO_SLOT,
            order: this.nextOrder,
            message: isKept ? undefined : message,
        })
        this.nextOrder++
        this.nextSlot = slot + 1
    }

    /** A current hello that opens its session goes first: the gateway seals its acks under the salt that it brings. */
    first(count: number): OutboxRecord[] {
        const hello = this.isHelloFirst ? this.currentHello() : undefined
        if (hello === undefined) return this.records.slice(0, count)
        const others = this.records.slice(0, count).filter((record) => record !== hello)
        return [hello, ...others.slice(0, count - 1)]
    }

    messageOf(record: OutboxRecord): Buffer | undefined {
        const kept = record as NvmRecord
        const message = kept.message === undefined ? this.load(kept) : kept.message
        if (message === undefined) return undefined
        if (record.epoch === this.epoch && record.session === this.session) return message
        return encodeRelay(this.epoch - record.epoch, record.session, message)
    }

    release(ack: Ack): boolean {
        const before = this.records.length
        for (const record of this.records) if (isNamed(ack, record)) this.free(record)
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
        return this.currentHello() !== undefined
    }

    private currentHello(): NvmRecord | undefined {
        const session = this.session
        return this.records.find(
            (record) => record.type === MessageType.hello && record.session === session,
        )
    }

    /** Record first, then its head, then the one byte that makes it count. */
    private store(slot: number, name: RecordName, message: Buffer): boolean {
        const at = this.at(slot)
        const head = Buffer.alloc(HEAD_BYTES)
        head[TYPE] = name.type
        putBigEndian(head, LENGTH, message.length, 2)
        putBigEndian(head, ORDER, this.nextOrder, 4)
        putBigEndian(head, EPOCH, name.epoch, 4)
        putBigEndian(head, SESSION, name.session, 4)
        putBigEndian(head, SEQ, name.seq, 4)
        head.set(checkOf(this.hash, at + HEAD_BYTES, message), RECORD_CHECK)
        head.set(checkOf(this.hash, at, head.slice(TYPE, HEAD_CHECK)), HEAD_CHECK)
        try {
            this.nvm.write(at, Buffer.from([FREE]))
            this.nvm.write(at + HEAD_BYTES, message)
            this.nvm.write(at + TYPE, head.slice(TYPE, HEAD_BYTES))
            this.nvm.write(at, Buffer.from([HELD]))
            const back = this.nvm.read(at, HEAD_BYTES + message.length)
            head[STATE] = HELD
            if (!isSameBytes(back.slice(0, HEAD_BYTES), head)) return false
            return isSameBytes(back.slice(HEAD_BYTES, back.length), message)
        } catch {
            return false
        }
    }

    /** Forgets a record that the memory has lost; its missing number shows at the gateway. */
    private load(record: NvmRecord): Buffer | undefined {
        const at = this.at(record.slot)
        const head = this.readHead(record.slot)
        if (head !== undefined && record.epoch <= this.epoch) {
            const length = bigEndian(head, LENGTH, 2)
            const message = this.nvm.read(at + HEAD_BYTES, length)
            const check = head.slice(RECORD_CHECK, HEAD_CHECK)
            if (isSameBytes(check, checkOf(this.hash, at + HEAD_BYTES, message))) return message
        }
        this.damaged++
        this.free(record)
        this.records = this.records.filter((one) => one !== record)
        return undefined
    }

    /** A head that holds, of whatever state. */
    private readHead(slot: number): Buffer | undefined {
        const at = this.at(slot)
        const head = this.nvm.read(at, HEAD_BYTES)
        const check = checkOf(this.hash, at, head.slice(TYPE, HEAD_CHECK))
        const isWhole = isSameBytes(check, head.slice(HEAD_CHECK, HEAD_BYTES))
        return isWhole && bigEndian(head, LENGTH, 2) <= RECORD_BYTES_MAX ? head : undefined
    }

    private free(record: NvmRecord): void {
        if (record.slot === NO_SLOT) return
        try {
            this.nvm.write(this.at(record.slot), Buffer.from([FREE]))
        } catch {
            // After the next reset it goes out once more, and the gateway knows it.
        }
    }
    private freeSlot(): number {
        const taken = Buffer.alloc(this.slots)
        for (const record of this.records) if (record.slot !== NO_SLOT) taken[record.slot] = 1
        for (let i = 0; i < this.slots; i++) {
            const slot = (this.nextSlot + i) % this.slots
            if (taken[slot] === 0) return slot
        }
        return NO_SLOT
    }
    private at(slot: number): number {
        return SLOTS_AT + slot * SLOT_BYTES
    }
}

function recordOf(head: Buffer, slot: number): NvmRecord {
    return {
        epoch: bigEndian(head, EPOCH, 4),
        session: bigEndian(head, SESSION, 4),
        seq: bigEndian(head, SEQ, 4),
        type: head[TYPE],
        isSent: false,
        slot: slot,
        order: bigEndian(head, ORDER, 4),
        message: undefined,
    }
}
