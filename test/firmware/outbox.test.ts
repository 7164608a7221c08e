// Both outboxes against a list of objects that does the same as plainly as can be said.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Nvm } from "../../firmware/logic/nvm.js"
import { SLOTS_AT } from "../../firmware/logic/nvm-layout.js"
import {
    NvmOutbox,
    openOutbox,
    SLOT_BYTES,
    SPARE_BYTES_MAX,
} from "../../firmware/logic/nvm-outbox.js"
import {
    OUTBOX_BYTES_MAX,
    OUTBOX_RECORDS_MAX,
    type Outbox,
    RamOutbox,
    RECORD_BYTES_MAX,
} from "../../firmware/logic/outbox.js"
import { RECORDS_MAX, type RecordList, type RecordName } from "../../firmware/logic/record-list.js"
import type { Ack } from "../../protocol/ack.js"
import { MessageType } from "../../protocol/envelope.js"
import { parseRelay } from "../../protocol/relay.js"
import { Fram } from "../../simulator/chips/fram.js"
import { cases } from "../support/cases.js"
import { ChipNvm, sha256 } from "../support/fram-board.js"
import { recordsOf } from "../support/records-of.js"

const { hello, telemetry, response } = MessageType
const SLOTS = 12
const LENGTH_BYTES = 2

interface ModelRecord extends RecordName {
    message: Buffer
    isSent: boolean
    isInRam: boolean
}

/** What the outboxes are to do. `slots`: of the FRAM; undefined without. */
class Model {
    records: ModelRecord[] = []
    thinned = 0

    constructor(readonly slots: number | undefined) {}

    makeRoom(): void {
        if (this.slots === undefined) this.makeRamRoom(RECORD_BYTES_MAX)
        else {
            if (this.records.length >= this.slots) this.thin(this.records)
            if (this.inRam().length > 0) this.makeRamRoom(RECORD_BYTES_MAX)
        }
    }
    push(name: RecordName, message: Buffer, isRefused: boolean): void {
        if (this.slots !== undefined) this.makeRoom()
        const isInRam = this.slots === undefined || isRefused || message.length > RECORD_BYTES_MAX
        if (isInRam) this.makeRamRoom(message.length)
        this.records.push({ ...name, message, isSent: false, isInRam })
    }
    release(ack: Ack): void {
        this.records = this.records.filter(
            ({ session, seq }) =>
                session !== ack.session ||
                (seq !== ack.seq &&
                    ((BigInt(ack.earlier) << 1n) >> BigInt(ack.seq - seq)) % 2n === 0n),
        )
    }
    inRam(): ModelRecord[] {
        return this.records.filter(({ isInRam }) => isInRam)
    }

    private makeRamRoom(length: number): void {
        const isRam = this.slots === undefined
        const max = isRam ? OUTBOX_BYTES_MAX : SPARE_BYTES_MAX
        const taken = () =>
            this.inRam().reduce((sum, { message }) => sum + LENGTH_BYTES + message.length, 0)
        while (
            (isRam && this.records.length >= OUTBOX_RECORDS_MAX) ||
            taken() + LENGTH_BYTES + length > max
        )
            this.thin(this.inRam())
    }
    private thin(among: ModelRecord[]): void {
        const behind = among.slice(1)
        const gone = behind.find(({ type }) => type !== hello) ?? behind[0] ?? among[0]
        this.records = this.records.filter((one) => one !== gone)
        if (this.slots === undefined || gone?.session === SESSION_NOW) this.thinned++
    }
}

type Op =
    | { op: "push"; type: number; bytes: number; session: number }
    | { op: "room" }
    | { op: "sent"; count: number }
    | { op: "unsend" }
    | { op: "ack"; session: number; back: number; earlier: number }
    | { op: "refuse"; isRefusing: boolean }
    | { op: "boot" }

const SESSION_NOW = 3
const type = fc.constantFrom<number>(telemetry, telemetry, telemetry, hello, response)
const bytes = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 90 }) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: RECORD_BYTES_MAX }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 1000 }) },
)
const session = fc.constantFrom(SESSION_NOW, SESSION_NOW, SESSION_NOW - 1)
const push = fc.record({ op: fc.constant("push" as const), type, bytes, session })
const ops = fc.array(
    fc.oneof<fc.WeightedArbitrary<Op>[]>(
        { weight: 24, arbitrary: push },
        { weight: 3, arbitrary: fc.constant({ op: "room" }) },
        { weight: 4, arbitrary: fc.record({ op: fc.constant("sent"), count: fc.nat(5) }) },
        { weight: 1, arbitrary: fc.constant({ op: "unsend" }) },
        {
            weight: 4,
            arbitrary: fc.record({
                op: fc.constant("ack"),
                session,
                back: fc.nat(40),
                earlier: fc.oneof(fc.nat(0xff), fc.nat(0xffffffff)),
            }),
        },
        {
            weight: 2,
            arbitrary: fc.record({ op: fc.constant("refuse"), isRefusing: fc.boolean() }),
        },
        { weight: 1, arbitrary: fc.constant({ op: "boot" }) },
    ),
    { maxLength: 160, size: "max" },
)

/** An outbox and its memory beside the model. */
class Bench {
    readonly model: Model
    outbox: Outbox & { list: RecordList }
    private isRefusing = false
    private nextSeq = 0
    private readonly nvm: ChipNvm

    constructor(readonly hasFram: boolean) {
        this.nvm = new ChipNvm(new Fram(), SLOTS_AT + SLOTS * SLOT_BYTES)
        const write = this.nvm.write.bind(this.nvm)
        this.nvm.write = (at, data) => {
            if (this.isRefusing && data.length > 1) throw new Error("no answer")
            write(at, data)
        }
        this.model = new Model(hasFram ? SLOTS : undefined)
        this.outbox = this.opened()
    }

    do(op: Op): void {
        const { outbox, model } = this
        if (op.op === "push") {
            const seq = this.nextSeq++
            const name = { epoch: 1, session: op.session, seq, type: op.type }
            const message = Buffer.alloc(op.bytes, seq)
            // Of version 1, and no relay.
            message[0] = 0x40
            outbox.push(name, message)
            model.push(name, message, this.isRefusing)
        } else if (op.op === "room") {
            outbox.makeRoom()
            model.makeRoom()
        } else if (op.op === "sent") {
            for (const record of outbox.first(op.count)) {
                outbox.markSent(record)
                for (const one of model.records) if (one.seq === record.seq) one.isSent = true
            }
        } else if (op.op === "unsend") {
            outbox.unsend()
            for (const one of model.records) one.isSent = false
        } else if (op.op === "ack") {
            const seq = Math.max(0, this.nextSeq - op.back)
            const ack: Ack = {
                kind: "ack",
                epoch: 1,
                session: op.session,
                seq,
                earlier: op.earlier,
            }
            const before = model.records.length
            model.release(ack)
            expect(outbox.release(ack)).toBe(model.records.length < before)
        } else if (op.op === "refuse") this.isRefusing = op.isRefusing
        else if (this.hasFram) {
            this.isRefusing = false
            const { thinned } = outbox
            this.outbox = this.opened()
            this.outbox.thinned = thinned
            model.records = model.records.filter(({ isInRam }) => !isInRam)
            for (const one of model.records) one.isSent = false
        }
    }

    check(): void {
        const { outbox, model } = this
        const seen = recordsOf(outbox).map(({ epoch, session, seq, type, isSent }) => {
            return { epoch, session, seq, type, isSent }
        })
        const expected = model.records.map(({ epoch, session, seq, type, isSent }) => {
            return { epoch, session, seq, type, isSent }
        })
        expect(seen).toEqual(expected)
        expect(outbox.count()).toBe(expected.length)
        expect(outbox.thinned).toBe(model.thinned)
        expect(outbox.hasSent()).toBe(expected.some(({ isSent }) => isSent))
        expect(outbox.holds(response)).toBe(expected.some(({ type }) => type === response))
        const ofToday = ({ session }: RecordName) => !this.hasFram || session === SESSION_NOW
        const opening = expected.find((one) => one.type === hello && ofToday(one))
        expect(outbox.holdsHello()).toBe(opening !== undefined)
        const wanted =
            opening && this.hasFram
                ? [opening, ...expected.filter((one) => one !== opening)]
                : expected
        expect(outbox.first(4).map(({ seq }) => seq)).toEqual(
            wanted.slice(0, 4).map(({ seq }) => seq),
        )
    }
    checkMessages(): void {
        const { outbox, model } = this
        const seen = recordsOf(outbox).map((record) => {
            const message = outbox.messageOf(record)!
            const relay = parseRelay(message)
            return relay.kind === "relay" ? Buffer.from(relay.record) : message
        })
        expect(seen.map((one) => one.toString("hex"))).toEqual(
            model.records.map(({ message }) => message.toString("hex")),
        )
    }

    private opened(): Outbox & { list: RecordList } {
        const outbox = this.hasFram ? foundIn(this.nvm) : new RamOutbox()
        outbox.epoch = 1
        outbox.session = SESSION_NOW
        return outbox
    }
}

/** Without rests. */
function foundIn(nvm: Nvm): NvmOutbox {
    const outbox = new NvmOutbox(nvm, sha256)
    outbox.find(RECORDS_MAX)
    return outbox
}

describe.each([
    ["in RAM", false],
    ["in FRAM", true],
])("the queue %s", (_, hasFram) => {
    it("does what a list of objects does, whatever is asked of it in whatever order", () => {
        let thinned = 0
        fc.assert(
            fc.property(ops, (steps) => {
                const bench = new Bench(hasFram)
                for (const step of steps) {
                    bench.do(step)
                    bench.check()
                }
                bench.checkMessages()
                thinned += bench.model.thinned
            }),
            // To make a long story short would take minutes; the first one found tells enough.
            { numRuns: cases(150, 20_000), endOnFailure: true },
        )
        expect(thinned).toBeGreaterThan(100)
    })
})

describe("the queue in RAM", () => {
    it("has room for any record once it was made, and never more than its bytes", () => {
        const outbox = new RamOutbox()
        for (let seq = 0; seq < 100; seq++) {
            outbox.makeRoom()
            const before = outbox.thinned
            outbox.push({ epoch: 0, session: 0, seq, type: 0 }, Buffer.alloc(RECORD_BYTES_MAX, seq))
            expect(outbox.thinned).toBe(before)
        }
        expect(outbox.count()).toBe(Math.floor(OUTBOX_BYTES_MAX / (RECORD_BYTES_MAX + 2)))
        expect(outbox.count() + outbox.thinned).toBe(100)
    })

    it("refuses a message that it could never hold, and keeps what it has", () => {
        const outbox = new RamOutbox()
        const name = { epoch: 0, session: 0, seq: 0, type: 0 }
        outbox.push(name, Buffer.alloc(9, 9))
        expect(() => outbox.push({ ...name, seq: 1 }, Buffer.alloc(OUTBOX_BYTES_MAX - 1))).toThrow(
            `message of ${OUTBOX_BYTES_MAX - 1} bytes: the queue in RAM takes ${OUTBOX_BYTES_MAX - 2} at most`,
        )
        expect(outbox.messageOf(outbox.first(1)[0]!)).toEqual(Buffer.alloc(9, 9))
        outbox.push({ ...name, seq: 1 }, Buffer.alloc(OUTBOX_BYTES_MAX - 2))
        expect(outbox.first(9).map(({ seq }) => seq)).toEqual([1])
    })
})

describe("the queue in FRAM", () => {
    const nvm = (slots: number) => new ChipNvm(new Fram(), SLOTS_AT + slots * SLOT_BYTES)

    it("is found with rests as it is found at once, wherever its slots are reused", async () => {
        const memory = nvm(80)
        const outbox = foundIn(memory)
        for (let seq = 0; seq < 200; seq++)
            outbox.push({ epoch: 0, session: 0, seq, type: seq % 9 === 0 ? 1 : 0 }, Buffer.alloc(3))
        for (let seq = 150; seq < 160; seq++)
            outbox.release({ kind: "ack", epoch: 0, session: 0, seq, earlier: 0 })
        let rests = 0
        const found = await openOutbox(memory, sha256, async () => {
            rests++
        })
        expect(rests).toBeGreaterThan(1)
        expect(recordsOf(found)).toEqual(recordsOf(outbox))
        expect(recordsOf(foundIn(memory))).toEqual(recordsOf(outbox))
        expect(found.newest).toMatchObject({ seq: 199 })
        expect(recordsOf(found)[0]).toMatchObject({ seq: 0 })
    })

    it("does not write into the next slot what is too long for its own", () => {
        const memory = nvm(4)
        const outbox = foundIn(memory)
        const name = { epoch: 0, session: 0, seq: 0, type: 0 }
        for (let seq = 0; seq < 3; seq++) outbox.push({ ...name, seq }, Buffer.alloc(200, seq))
        outbox.release({ kind: "ack", epoch: 0, session: 0, seq: 0, earlier: 0 })
        outbox.push({ ...name, seq: 3 }, Buffer.alloc(RECORD_BYTES_MAX + 60, 3))
        outbox.push({ ...name, seq: 4 }, Buffer.alloc(RECORD_BYTES_MAX, 4))
        const messages = recordsOf(outbox).map((record) => outbox.messageOf(record)?.length)
        expect(messages).toEqual([200, 200, RECORD_BYTES_MAX + 60, RECORD_BYTES_MAX])
        expect(recordsOf(foundIn(memory)).map(({ seq }) => seq)).toEqual([1, 2, 4])
    })

    it("names no more rows than a byte can", () => {
        const silent = { read: () => Buffer.alloc(28), write: () => {} }
        const size = SLOTS_AT + 900 * SLOT_BYTES
        expect(foundIn({ size, ...silent }).slots).toBe(RECORDS_MAX)
    })
})
