import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { FixLog, ramFixLog } from "../../firmware/logic/fix-log.js"
import { RamNvm } from "../../firmware/logic/nvm.js"
import { FIX_LOG_AT, FIX_LOG_BYTES, SLOTS_AT } from "../../firmware/logic/nvm-layout.js"
import { SLOT_BYTES } from "../../firmware/logic/nvm-outbox.js"
import { Reporter } from "../../firmware/logic/reporter.js"
import { NvmStateStore } from "../../firmware/logic/state-store.js"
import { nodeAead } from "../../gateway/adapters/crypto/node-crypto.js"
import type { Ack } from "../../protocol/ack.js"
import { MessageType, openEnvelope, parseEnvelope } from "../../protocol/envelope.js"
import { decodeFixBatch, type Fix, type FixBatch } from "../../protocol/fix.js"
import type { PackedTail } from "../../protocol/pack/packed-batch.js"
import { parseRelay } from "../../protocol/relay.js"
import { Fram } from "../../simulator/chips/fram.js"
import { cases } from "../support/cases.js"
import { ChipNvm, FramBoard, sha256 } from "../support/fram-board.js"
import { aFix } from "../support/host-tracker.js"
import { recordsOf } from "../support/records-of.js"
import { seededBytes } from "../support/seeded-bytes.js"

const SOAK_WAIT_MS = 600_000

function fixAt(number: number): Fix {
    return aFix({
        timeDs: 17_000_000_000 + number * 10,
        latUdeg: 47_000_000 + number * 70 + (number % 7),
        lonUdeg: 9_500_000 - number * 40,
        speedDmps: 80 + (number % 5),
        courseDeg: (number * 3) % 360,
        altM: 400 + (number % 9),
    })
}
function ackOf(seq: number, session = 0, isBaseUnknown = false): Ack {
    return { kind: "ack", epoch: 0, session, seq, earlier: 0, isBaseUnknown }
}
/** Every body that is full or due. */
function drained(reporter: Reporter) {
    const bodies = []
    let closed = reporter.next(0)
    while (closed || reporter.hasMore()) {
        if (closed) bodies.push(closed)
        closed = reporter.next(0)
    }
    return bodies
}
function batchOf(body: Buffer, tails: readonly PackedTail[] = []): FixBatch {
    const batch = decodeFixBatch(body, (fix) => tails.find((tail) => tail.fix === fix))
    if (batch.kind === "reject") throw new Error(batch.reason)
    return batch
}
function isReadAlone(body: Buffer): boolean {
    return decodeFixBatch(body).kind === "fixes"
}

describe("the reporter", () => {
    it("puts every fix into one body, in order, and none before it is full or due", () => {
        const reporter = new Reporter(new FixLog(new RamNvm(FIX_LOG_BYTES), sha256, 0), 5)
        const bodies: Buffer[] = []
        for (let n = 5; n < 205; n++) {
            expect(reporter.add(fixAt(n))).toBe(true)
            if (n % 30 === 4) reporter.due()
            bodies.push(...drained(reporter).map(({ body }) => body))
        }
        reporter.due()
        bodies.push(...drained(reporter).map(({ body }) => body))
        const batches = bodies.map((body) => batchOf(body))
        const numbered = batches.flatMap(({ firstFix, fixes }) =>
            fixes.map((fix, i) => ({ number: firstFix + i, fix })),
        )
        const expected = Array.from({ length: 200 }, (_, i) => ({
            number: 5 + i,
            fix: fixAt(5 + i),
        }))
        expect(numbered).toEqual(expected)
        for (const { fixes } of batches) expect(fixes.length).toBeLessThanOrEqual(31)
    })

    it("refuses a fix that the log has no room for, and takes it once a body has closed", () => {
        const log = ramFixLog(sha256)
        const reporter = new Reporter(log, 0)
        for (let n = 0; n < log.capacity; n++) expect(reporter.add(fixAt(n))).toBe(true)
        expect(reporter.add(fixAt(log.capacity))).toBe(false)
        reporter.due()
        expect(drained(reporter).length).toBeGreaterThan(0)
        expect(reporter.add(fixAt(log.capacity))).toBe(true)
    })

    it("goes on from the newest body that was acknowledged, and stands alone after a lost link", () => {
        const reporter = new Reporter(ramFixLog(sha256), 0)
        let next = 0
        const tenMore = () => {
            for (let i = 0; i < 10; i++) reporter.add(fixAt(next++))
            reporter.due()
            return drained(reporter)[0]!
        }
        const first = tenMore()
        expect(isReadAlone(first.body)).toBe(true)
        reporter.noteSealed(0, 0, first.tail)
        // Not acknowledged yet: nothing may rest on it.
        const second = tenMore()
        expect(isReadAlone(second.body)).toBe(true)
        reporter.noteSealed(0, 1, second.tail)
        reporter.noteHeld(ackOf(1))
        const third = tenMore()
        expect(isReadAlone(third.body)).toBe(false)
        expect(third.body.length).toBeLessThan(second.body.length)
        expect(batchOf(third.body, [second.tail!]).fixes[0]).toEqual(fixAt(20))
        reporter.noteSealed(0, 2, third.tail)
        reporter.noteHeld(ackOf(2))
        reporter.forgetBase()
        reporter.noteHeld(ackOf(2))
        expect(isReadAlone(tenMore().body)).toBe(true)
    })

    it("packs anew what was open when the link went, and when the gateway knows no base", () => {
        for (const lose of [
            (reporter: Reporter) => reporter.forgetBase(),
            (reporter: Reporter) => reporter.noteHeld(ackOf(0, 0, true)),
        ]) {
            const reporter = new Reporter(ramFixLog(sha256), 0)
            reporter.add(fixAt(0))
            reporter.due()
            const first = drained(reporter)[0]!
            reporter.noteSealed(0, 0, first.tail)
            reporter.noteHeld(ackOf(0))
            for (let n = 1; n < 8; n++) reporter.add(fixAt(n))
            expect(drained(reporter)).toEqual([])
            lose(reporter)
            reporter.due()
            const second = drained(reporter)[0]!
            expect(batchOf(second.body).fixes).toEqual([1, 2, 3, 4, 5, 6, 7].map(fixAt))
        }
    })

    it("an ack of another session is none of its bodies", () => {
        const reporter = new Reporter(ramFixLog(sha256), 0)
        reporter.add(fixAt(0))
        reporter.due()
        reporter.noteSealed(3, 0, drained(reporter)[0]!.tail)
        reporter.noteHeld(ackOf(0, 2))
        reporter.add(fixAt(1))
        reporter.due()
        expect(isReadAlone(drained(reporter)[0]!.body)).toBe(true)
    })

    it("leaves out a number whose fix the memory has lost, and no other", () => {
        const chip = new Fram()
        const reporter = new Reporter(new FixLog(new ChipNvm(chip, 32768), sha256), 0)
        for (let n = 0; n < 9; n++) reporter.add(fixAt(n))
        reporter.due()
        const slotBytes = 34
        chip.bytes[FIX_LOG_AT + 4 * slotBytes + 10]! ^= 1
        const batches = drained(reporter).map(({ body }) => batchOf(body))
        expect(batches.map(({ firstFix, fixes }) => [firstFix, fixes.length])).toEqual([
            [0, 4],
            [5, 4],
        ])
    })
})

describe("fixes that no record holds yet", () => {
    it(
        "outlive a power cut between any two bytes that are written, but for the one in the making",
        () => {
            fc.assert(
                fc.property(
                    fc.integer({ min: 1, max: 45 }),
                    fc.integer({ min: 0, max: 2500 }),
                    fc.integer({ min: 1, max: 20 }),
                    (count, cut, every) => {
                        const board = new FramBoard({
                            deviceId: Buffer.from("00112233445566aa", "hex"),
                            chain: Buffer.alloc(32, 0x5c),
                            random: seededBytes(count),
                            framBytes: SLOTS_AT + 60 * SLOT_BYTES,
                        })
                        board.boot()
                        const salts = new Map([[board.memory.counter, board.memory.salt]])
                        let accepted = 0
                        board.cutAfter(cut, () => {
                            for (let n = 0; n < count; n++) {
                                board.reporter.add(fixAt(n))
                                if (!board.isPowered) return
                                accepted = n + 1
                                if (accepted % every !== 0) continue
                                board.reporter.due()
                                board.postFixes()
                            }
                        })
                        board.boot(false)
                        board.reporter.due()
                        board.postFixes()
                        salts.set(board.memory.counter, board.memory.salt)
                        const arrived = fixesOf(board, salts)
                        for (let n = 0; n < accepted; n++) expect(arrived.get(n)).toEqual(fixAt(n))
                        // The one in the making came whole or not at all.
                        expect(arrived.size - accepted).toBeLessThanOrEqual(1)
                    },
                ),
                { numRuns: cases(300, 20_000) },
            )
        },
        SOAK_WAIT_MS,
    )
})

describe("what the decisions remember", () => {
    it("is the rows saved last, or those before, wherever the power fails", () => {
        const chip = new Fram()
        const nvm = new ChipNvm(chip, 32768)
        const before = [[1, -2, 3_000_000_000], [], [0]]
        const after = [[2, 5, 4_000_000_000], [7], [1]]
        expect(new NvmStateStore(nvm, sha256).load()).toEqual([])
        expect(new NvmStateStore(nvm, sha256).save(before)).toBe(true)
        for (let cut = 0; ; cut++) {
            let written = 0
            chip.beforeByte = () => {
                if (written++ >= cut) throw new Error("the power has failed")
            }
            const store = new NvmStateStore(nvm, sha256)
            store.load()
            store.save(after)
            chip.beforeByte = undefined
            const found = new NvmStateStore(nvm, sha256).load()
            if (written <= cut) {
                expect(found).toEqual(after)
                break
            }
            expect([before, after]).toContainEqual(found)
            const mended = new NvmStateStore(nvm, sha256)
            mended.load()
            mended.save(before)
        }
    })

    it("is refused where it would not fit, and what was there stays", () => {
        const store = new NvmStateStore(new ChipNvm(new Fram(), 32768), sha256)
        store.save([[1]])
        expect(store.save([Array.from({ length: 300 }, () => 70_000)])).toBe(false)
        expect(store.load()).toEqual([[1]])
    })
})

/** Every fix in the records of a board's queue, by number; `salts` by session. */
function fixesOf(board: FramBoard, salts: ReadonlyMap<number, Buffer>): Map<number, Fix> {
    const fixes = new Map<number, Fix>()
    for (const record of recordsOf(board.outbox)) {
        if (record.type !== MessageType.telemetry) continue
        const message = board.outbox.messageOf(record)!
        const relay = parseRelay(message)
        const envelope = parseEnvelope(relay.kind === "reject" ? message : relay.record)
        if (envelope.kind === "reject") throw new Error(envelope.reason)
        const salt = salts.get(record.session)!
        const body = openEnvelope(nodeAead, board.keys.keys.up, envelope, salt)
        const { firstFix, fixes: batch } = batchOf(body!)
        batch.forEach((fix, i) => {
            fixes.set(firstFix + i, fix)
        })
    }
    return fixes
}
