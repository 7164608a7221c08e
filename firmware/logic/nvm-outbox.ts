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
import { checkLength, MessageRing } from "./message-ring.js"
import { checkOf, type Hash, isSameBytes, type Nvm } from "./nvm.js"
import { SLOTS_AT } from "./nvm-layout.js"
import { type Outbox, RECORD_BYTES_MAX } from "./outbox.js"
import { type OutboxRecord, RECORDS_MAX, RecordList, type RecordName } from "./record-list.js"

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
/** Messages that the memory did not take, in bytes; allocated when the first one is refused. */
export const SPARE_BYTES_MAX = 2048
/** A held slot takes up to 850 of the 131,072 steps that the machine allows without a rest. */
const SLOTS_A_REST = 32

/** Finds what waits, with rests. Throws when the part does not answer. */
export async function openOutbox(
    nvm: Nvm,
    hash: Hash,
    breathe: () => Promise<void>,
): Promise<NvmOutbox> {
    const outbox = new NvmOutbox(nvm, hash)
    while (outbox.find(SLOTS_A_REST)) await breathe()
    return outbox
}

export class NvmOutbox implements Outbox {
    thinned = 0
    epoch = 0
    session = 0
    isHelloFirst = true
    newest: RecordName | undefined = undefined
    list: RecordList
    /** Records that the memory had lost when they were to be sent. */
    damaged = 0
    slots: number
    /** What the memory did not take, oldest first; undefined as long as it takes everything. */
    private spare: MessageRing | undefined = undefined
    private nextOrder = 1
    private nextSlot = 0
    private found = 0

    /** Knows nothing of what waits until `find` has looked at every slot: nothing else before that. */
    constructor(
        private nvm: Nvm,
        private hash: Hash,
    ) {
        this.slots = Math.min(RECORDS_MAX, Math.floor((nvm.size - SLOTS_AT) / SLOT_BYTES))
        this.list = new RecordList(this.slots)
    }

    /** Looks at that many further slots. True while there are more. Throws when the part is silent. */
    find(count: number): boolean {
        const end = Math.min(this.slots, this.found + count)
        for (let slot = this.found; slot < end; slot++) {
            const head = this.readHead(slot)
            if (head === undefined) continue
            const order = fourOf(head, ORDER)
            const isNewest = order >= this.nextOrder
            if (!isNewest && head[STATE] !== HELD) continue
            const name = nameOf(head)
            if (head[STATE] === HELD) this.list.add(slot, order, name, false)
            if (!isNewest) continue
            this.newest = name
            this.nextOrder = order + 1
            this.nextSlot = slot + 1
        }
        this.found = end
        return end < this.slots
    }

    /** Lets go of everything: it belongs to another device. */
    clear(): void {
        while (this.list.count > 0) this.drop(this.list.count - 1)
    }

    count(): number {
        return this.list.count
    }

    makeRoom(): void {
        if (this.list.isFull()) this.thin(false)
        this.makeSpareRoom(RECORD_BYTES_MAX)
    }

    push(name: RecordName, message: Buffer): void {
        this.makeRoom()
        const slot = this.list.freeRow(this.nextSlot)
        const isKept = this.store(slot, name, message)
        if (!isKept) this.spareMessage(message)
        this.list.add(slot, this.nextOrder, name, !isKept)
        this.nextOrder++
        this.nextSlot = slot + 1
    }

    /** A current hello that opens its session goes first: the gateway seals its acks under the salt that it brings. */
    first(count: number): OutboxRecord[] {
        const { list } = this
        const hello = this.isHelloFirst ? this.currentHello() : -1
        const records: OutboxRecord[] = []
        if (hello >= 0 && count > 0) records.push(list.recordAt(hello))
        for (let i = 0; i < list.count && records.length < count; i++)
            if (i !== hello) records.push(list.recordAt(i))
        return records
    }

    messageOf(record: OutboxRecord): Buffer | undefined {
        const position = this.list.positionOf(record.order)
        if (position < 0) return undefined
        const message = this.messageAt(position, record)
        if (message === undefined) return undefined
        if (record.epoch === this.epoch && record.session === this.session) return message
        return encodeRelay(this.epoch - record.epoch, record.session, message)
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
        return this.currentHello() >= 0
    }

    /** Where it is; -1 when it does not wait in here. */
    private currentHello(): number {
        const { list, session } = this
        let at = list.nextOfType(MessageType.hello, 0)
        while (at >= 0 && list.sessionAt(at) !== session)
            at = list.nextOfType(MessageType.hello, at + 1)
        return at
    }

    /** Of the records in RAM, or of all. */
    private thin(isOfRam: boolean): void {
        const at = this.list.secondOldest(isOfRam)
        if (this.list.sessionAt(at) === this.session) this.thinned++
        this.drop(at)
    }

    private drop(position: number): void {
        const { list, spare } = this
        if (spare !== undefined && list.isInRam(position)) {
            spare.remove(list.inRamBefore(position))
            if (spare.count === 0) this.spare = undefined
        } else this.free(list.rowAt(position))
        list.remove(position)
    }

    private makeSpareRoom(length: number): void {
        while (this.spare !== undefined && !this.spare.fits(length)) this.thin(true)
    }

    /** Keeps in RAM what the memory did not take. */
    private spareMessage(message: Buffer): void {
        checkLength(message.length, SPARE_BYTES_MAX)
        this.makeSpareRoom(message.length)
        const spare = this.spare === undefined ? new MessageRing(SPARE_BYTES_MAX) : this.spare
        spare.push(message)
        this.spare = spare
    }

    /** Record first, then its head, then the one byte that makes it count. */
    private store(slot: number, name: RecordName, message: Buffer): boolean {
        if (message.length > RECORD_BYTES_MAX) return false
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

    private messageAt(position: number, record: OutboxRecord): Buffer | undefined {
        const { list, spare } = this
        if (spare !== undefined && list.isInRam(position))
            return spare.messageAt(list.inRamBefore(position))
        const message = this.load(list.rowAt(position), record.epoch)
        if (message !== undefined) return message
        // Its missing number shows at the gateway.
        this.damaged++
        this.drop(position)
        return undefined
    }

    /** Undefined when the memory has lost it. */
    private load(slot: number, epoch: number): Buffer | undefined {
        const at = this.at(slot)
        const head = this.readHead(slot)
        if (head === undefined || epoch > this.epoch) return undefined
        const message = this.nvm.read(at + HEAD_BYTES, lengthOf(head))
        const check = head.slice(RECORD_CHECK, HEAD_CHECK)
        const isWhole = isSameBytes(check, checkOf(this.hash, at + HEAD_BYTES, message))
        return isWhole ? message : undefined
    }

    /** A head that holds, of whatever state. */
    private readHead(slot: number): Buffer | undefined {
        const at = this.at(slot)
        const head = this.nvm.read(at, HEAD_BYTES)
        const check = checkOf(this.hash, at, head.slice(TYPE, HEAD_CHECK))
        // Read as a number, for there are many heads to a boot.
        if (check.readUInt32LE(0) !== head.readUInt32LE(HEAD_CHECK)) return undefined
        return lengthOf(head) <= RECORD_BYTES_MAX ? head : undefined
    }

    private free(slot: number): void {
        try {
            this.nvm.write(this.at(slot), Buffer.from([FREE]))
        } catch {
            // After the next reset it goes out once more, and the gateway knows it.
        }
    }
    private at(slot: number): number {
        return SLOTS_AT + slot * SLOT_BYTES
    }
}

function nameOf(head: Buffer): RecordName {
    return {
        epoch: fourOf(head, EPOCH),
        session: fourOf(head, SESSION),
        seq: fourOf(head, SEQ),
        type: head[TYPE],
    }
}
function lengthOf(head: Buffer): number {
    return head[LENGTH] * 256 + head[LENGTH + 1]
}
/** Big-endian; unsigned, which shifts are not. */
function fourOf(head: Buffer, at: number): number {
    return ((head[at] * 256 + head[at + 1]) * 256 + head[at + 2]) * 256 + head[at + 3]
}
