import { describe, expect, it } from "vitest"
import { EPOCH_MESSAGES_MAX, EPOCHS_AHEAD_MAX } from "../../firmware/logic/key-memory.js"
import { KEY_CELL_BYTES, SESSION_CELLS_AT, SLOTS_AT } from "../../firmware/logic/nvm-layout.js"
import { SLOT_BYTES } from "../../firmware/logic/nvm-outbox.js"
import { nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import type { Ack } from "../../protocol/ack.js"
import { parseEnvelope } from "../../protocol/envelope.js"
import { nextChainKey } from "../../protocol/keys.js"
import { parseRelay } from "../../protocol/relay.js"
import { cases } from "../support/cases.js"
import { type BoardOptions, FramBoard } from "../support/fram-board.js"
import { recordsOf } from "../support/records-of.js"
import { seededBytes } from "../support/seeded-bytes.js"

const DEVICE = Buffer.from("00112233445566aa", "hex")
const CHAIN = Buffer.alloc(32, 0x5c)
const DAY_S = 86400
const MONDAY_S = 20000 * DAY_S
const TELEMETRY = 0
const SOAK_WAIT_MS = 1_800_000

/** Fails at the first nonce that is used twice under one key. */
class NonceWatch {
    readonly seen = new Set<string>()
    readonly onSeal = (key: Buffer, nonce: Buffer): void => {
        const name = Buffer.concat([key.subarray(0, 8), nonce]).toString("latin1")
        if (this.seen.has(name)) throw new Error(`nonce ${nonce.toString("hex")} used twice`)
        this.seen.add(name)
    }
}

function aBoard(parts: Partial<BoardOptions> = {}): FramBoard {
    const random = seededBytes(7)
    return new FramBoard({
        deviceId: DEVICE,
        chain: CHAIN,
        random,
        framBytes: SLOTS_AT + 12 * SLOT_BYTES,
        ...parts,
    })
}

function hold(board: FramBoard, ack: Ack): void {
    board.outbox.release(ack)
    board.session.noteHeld(ack)
}
function seqsOf(board: FramBoard): number[] {
    return recordsOf(board.outbox).map(({ seq }) => seq)
}

describe("a session on a board with FRAM", () => {
    it("lives across sleeps: the salt stays, the numbers go on, and one hello is enough", () => {
        const board = aBoard()
        board.boot()
        const salt = board.memory.salt.toString("hex")
        for (let sleep = 0; sleep < 5; sleep++) {
            board.session.post(TELEMETRY, Buffer.from([sleep]))
            board.boot()
        }
        expect(board.memory.salt.toString("hex")).toBe(salt)
        expect(board.memory.counter).toBe(1)
        expect(seqsOf(board)).toEqual([0, 1, 2, 3, 4, 5])
        expect(recordsOf(board.outbox).filter(({ type }) => type === 1)).toHaveLength(1)
    })

    it("is told of by another hello when a reset was not planned, under the same salt", () => {
        const board = aBoard()
        board.boot()
        board.session.post(TELEMETRY, Buffer.from([1]))
        board.boot(false)
        expect(board.memory.counter).toBe(1)
        expect(recordsOf(board.outbox).map(({ type, seq }) => [type, seq])).toEqual([
            [1, 0],
            [TELEMETRY, 1],
            [1, 2],
        ])
    })

    it("is begun anew when nothing valid is found, and its counter is above all that is queued", () => {
        const board = aBoard()
        board.boot()
        board.session.post(TELEMETRY, Buffer.from([1]))
        board.chip.bytes.fill(0xff, SESSION_CELLS_AT, SESSION_CELLS_AT + 128)
        board.boot()
        expect(board.memory.counter).toBe(2)
        expect(seqsOf(board)).toEqual([0, 1, 0])
        // The hello of today goes first: the gateway needs its salt to answer.
        const [hello, oldest] = board.outbox.first(2)
        expect(hello).toMatchObject({ session: 2, seq: 0, type: 1 })
        expect(oldest).toMatchObject({ session: 1, seq: 0 })
    })

    it("is begun anew when a read-back differs", () => {
        const board = aBoard()
        board.boot()
        // The part takes nothing into one cell any more.
        const write = board.chip.write.bind(board.chip)
        let isStuck = true
        board.chip.write = (bytes) => {
            const at = (bytes[0]! << 8) | bytes[1]!
            const isCell = at >= SESSION_CELLS_AT && at < SESSION_CELLS_AT + 128
            if (isStuck && isCell && bytes.length > 2) isStuck = false
            else write(bytes)
        }
        board.session.post(TELEMETRY, Buffer.from([1]))
        expect(board.memory.counter).toBe(2)
        expect(recordsOf(board.outbox).map(({ session, seq }) => [session, seq])).toEqual([
            [1, 0],
            [2, 0],
            [2, 1],
        ])
    })

    it("goes on in RAM when the memory takes nothing at all, and loses no record of this boot", () => {
        const board = aBoard()
        board.boot()
        const write = board.chip.write.bind(board.chip)
        board.chip.write = (bytes) => {
            if (bytes.length > 2) throw new Error("no answer")
            write(bytes)
        }
        for (let i = 0; i < 3; i++) board.session.post(TELEMETRY, Buffer.from([i]))
        expect(board.memory.isVolatile).toBe(true)
        const messages = board.outbox.first(9).map((record) => board.outbox.messageOf(record))
        expect(messages).toHaveLength(5)
        expect(messages.every((message) => message !== undefined)).toBe(true)
    })

    it("carries the salt until the hello is held, and after that no more, across a reset", () => {
        const board = aBoard()
        board.boot()
        board.session.post(TELEMETRY, Buffer.from([1]))
        hold(board, { kind: "ack", epoch: 0, session: 1, seq: 1, earlier: 1 })
        board.boot()
        board.session.post(TELEMETRY, Buffer.from([2]))
        const message = board.outbox.messageOf(board.outbox.first(1)[0]!)!
        expect(parseEnvelope(message)).toMatchObject({ kind: "envelope", salt: undefined, seq: 2 })
    })

    it(
        "never uses a nonce twice however its memory is torn, wiped or set back",
        () => {
            const watch = new NonceWatch()
            const random = seededBytes(11)
            const board = aBoard({ onSeal: watch.onSeal, random })
            let sealed = 0
            let begun = 0
            let last = ""
            for (let boot = 0; boot < cases(10_000, 1_000_000); boot++) {
                board.boot()
                const salt = board.memory.salt.toString("hex")
                if (salt !== last) begun++
                last = salt
                damageOf(random)(board, random)
                sealed = Math.max(sealed, watch.seen.size)
            }
            expect(begun).toBeGreaterThan(1000)
            expect(sealed).toBeGreaterThan(10_000)
        },
        SOAK_WAIT_MS,
    )

    it("draws a new salt at each new session even from a source that gives the same bytes", () => {
        const watch = new NonceWatch()
        const salts = new Set<string>()
        const board = aBoard({ onSeal: watch.onSeal, random: (count) => Buffer.alloc(count) })
        for (let boot = 0; boot < 500; boot++) {
            board.boot()
            salts.add(board.memory.salt.toString("hex"))
            board.chip.bytes[SESSION_CELLS_AT + 20]! ^= 0x10
        }
        expect(salts.size).toBe(500)
    })
})

describe("a cut between any two bytes", () => {
    const works: Record<string, (board: FramBoard) => void> = {
        "while a record is posted": (board) => board.session.post(TELEMETRY, Buffer.alloc(60, 9)),
        "while a session begins": (board) => {
            board.memory.isValid = false
            board.session.open(true)
        },
        "while the epoch turns": (board) => board.session.noteTime(MONDAY_S + DAY_S),
        "while a record is released": (board) => {
            hold(board, { kind: "ack", epoch: 0, session: 1, seq: 1, earlier: 1 })
        },
    }
    it.each(Object.entries(works))(
        "%s leaves the old or the new, and no nonce twice",
        (_, work) => {
            let cuts = 0
            for (let count = 0; ; count++) {
                const watch = new NonceWatch()
                const board = aBoard({ onSeal: watch.onSeal })
                board.boot()
                board.session.noteTime(MONDAY_S)
                for (let i = 1; i < 5; i++) board.session.post(TELEMETRY, Buffer.from([i]))
                const before = held(board)
                if (!board.cutAfter(count, () => work(board))) break
                cuts++
                board.boot()
                const after = held(board)
                // Records 0 and 1 may have been released; all others are there, byte for byte.
                for (const [name, message] of before)
                    if (!["1.0", "1.1"].includes(name)) expect(after.get(name)).toBe(message)
                expect([0, 1]).toContain(board.keys.keys.epoch)
                if (board.keys.keys.epoch === 1) {
                    const memory = Buffer.from(board.chip.bytes)
                    expect(memory.includes(nextChainKey(nodeHkdf, CHAIN, DEVICE))).toBe(true)
                    expect(memory.includes(CHAIN)).toBe(false)
                }
                board.session.post(TELEMETRY, Buffer.from([99]))
            }
            expect(cuts).toBeGreaterThan(2)
        },
    )

    /** Sealed bytes by session and seq; relays unwrapped. */
    function held(board: FramBoard): Map<string, string> {
        return new Map(
            board.outbox.first(99).map((record) => {
                const message = board.outbox.messageOf(record)!
                const relay = parseRelay(message)
                const sealed = relay.kind === "relay" ? relay.record : message
                return [`${record.session}.${record.seq}`, sealed.toString("hex")]
            }),
        )
    }
})

describe("an epoch", () => {
    it("turns with the day of the fixes, and leaves no trace of the key before it", () => {
        const board = aBoard()
        board.boot()
        expect(board.session.noteTime(MONDAY_S + 100)).toBe(false)
        expect(board.session.noteTime(MONDAY_S + DAY_S - 1)).toBe(false)
        const { handle } = board.keys.keys
        expect(board.session.noteTime(MONDAY_S + DAY_S)).toBe(true)
        expect(board.keys.keys).toMatchObject({ epoch: 1 })
        expect(board.keys.keys.handle).not.toBe(handle)
        const memory = Buffer.from(board.chip.bytes)
        expect(memory.includes(CHAIN)).toBe(false)
        board.boot()
        expect(board.keys.keys.epoch).toBe(1)
        expect(board.session.noteTime(MONDAY_S + DAY_S + 5)).toBe(false)
    })

    it("turns after 65,536 messages, and what was sealed before goes out as a relay", () => {
        const board = aBoard()
        board.boot()
        board.session.noteTime(MONDAY_S)
        board.memory.sealedInEpoch = EPOCH_MESSAGES_MAX - 1
        board.session.post(TELEMETRY, Buffer.from([1]))
        expect(board.session.noteTime(MONDAY_S + 1)).toBe(true)
        board.session.post(TELEMETRY, Buffer.from([2]))
        const [hello, old, fresh] = board.outbox.first(3).map((one) => board.outbox.messageOf(one)!)
        expect(parseRelay(hello!)).toMatchObject({ kind: "relay", epochsBack: 1, session: 1 })
        expect(parseRelay(old!)).toMatchObject({ kind: "relay", epochsBack: 1, session: 1 })
        expect(parseEnvelope(fresh!)).toMatchObject({ kind: "envelope", type: TELEMETRY })
    })

    it("does not run ahead of what the gateway looks for", () => {
        const board = aBoard()
        board.boot()
        for (let day = 0; day < 100; day++) board.session.noteTime(MONDAY_S + day * DAY_S)
        expect(board.keys.keys.epoch).toBe(EPOCHS_AHEAD_MAX)
        const { epoch } = board.keys.keys
        hold(board, { kind: "ack", epoch: epoch - 1, session: 1, seq: 0, earlier: 0 })
        expect(board.session.noteTime(MONDAY_S + 99.5 * DAY_S)).toBe(false)
        hold(board, { kind: "ack", epoch, session: 1, seq: 0, earlier: 0 })
        board.session.noteTime(MONDAY_S + 100 * DAY_S)
        expect(board.keys.keys.epoch).toBe(EPOCHS_AHEAD_MAX + 1)
    })

    it("starts from the bench's key again only when the bench wrote another one", () => {
        const board = aBoard()
        board.boot()
        board.session.noteTime(MONDAY_S)
        board.session.noteTime(MONDAY_S + DAY_S)
        board.boot()
        expect(board.keys.keys.epoch).toBe(1)
        board.options.chain = undefined
        board.boot()
        expect(board.keys.keys.epoch).toBe(1)
        board.options.chain = Buffer.alloc(32, 0x77)
        board.boot()
        expect(board.keys.keys.epoch).toBe(0)
        // What the other device had queued is gone; a session of its own has begun.
        expect(recordsOf(board.outbox).map(({ type }) => type)).toEqual([1])
    })

    it("survives the decay of one key cell, and says so when both are gone and the bench's too", () => {
        const board = aBoard({ chain: CHAIN })
        board.boot()
        board.options.chain = undefined
        board.chip.bytes.fill(0, 0, KEY_CELL_BYTES)
        board.boot()
        expect(board.keys.keys.epoch).toBe(0)
        board.chip.bytes.fill(0, 0, 2 * KEY_CELL_BYTES)
        expect(() => board.boot()).toThrow("provisioned anew")
    })
})

describe("the queue in FRAM", () => {
    it("thins its second-oldest when full, never a hello while there is anything else", () => {
        const board = aBoard()
        board.boot()
        board.chip.bytes.fill(0xff, SESSION_CELLS_AT, SESSION_CELLS_AT + 128)
        board.boot()
        for (let i = 0; i < board.outbox.slots + 5; i++)
            board.session.post(TELEMETRY, Buffer.from([i]))
        const records = recordsOf(board.outbox)
        expect(records).toHaveLength(board.outbox.slots)
        expect(records.filter(({ type }) => type === 1).map(({ session }) => session)).toEqual([
            1, 2,
        ])
        const thinned = board.outbox.thinned
        expect(thinned).toBe(7)
        board.boot()
        expect(board.outbox.thinned).toBe(thinned)
        expect(recordsOf(board.outbox).map(({ seq }) => seq)).toEqual(records.map(({ seq }) => seq))
    })

    it("drops what the memory has lost and sends the rest", () => {
        const board = aBoard()
        board.boot()
        for (let i = 0; i < 3; i++) board.session.post(TELEMETRY, Buffer.alloc(40, i))
        board.chip.bytes[SLOTS_AT + SLOT_BYTES + 28 + 20]! ^= 1
        board.boot()
        const messages = board.outbox.first(4).map((record) => board.outbox.messageOf(record))
        expect(messages.map((one) => one === undefined)).toEqual([false, true, false, false])
        expect(seqsOf(board)).toEqual([0, 2, 3])
        expect(board.outbox.damaged).toBe(1)
    })
})

type Damage = (board: FramBoard, random: (count: number) => Buffer) => void

/** What happens to a board between two boots: it works for a while, and then something goes wrong. */
function damageOf(random: (count: number) => Buffer): Damage {
    return DAMAGES[random(1)[0]! % DAMAGES.length]!
}

function work(board: FramBoard, random: (count: number) => Buffer): void {
    const [posts, released, time] = random(3) as unknown as [number, number, number]
    for (let i = 0; i < posts % 4; i++) board.session.post(TELEMETRY, random(8))
    if (time % 16 === 0) board.session.noteTime(MONDAY_S + (time / 16) * DAY_S)
    const sent = board.outbox.first(released % 4)
    for (const { epoch, session, seq } of sent)
        hold(board, { kind: "ack", epoch, session, seq, earlier: 0 })
}

const CELLS = [SESSION_CELLS_AT, SESSION_CELLS_AT + 128] as const
const DAMAGES: Damage[] = [
    work,
    (board, random) => {
        board.cutAfter(random(1)[0]!, () => work(board, random))
    },
    (board, random) => {
        work(board, random)
        board.chip.bytes.fill(0, ...CELLS)
    },
    (board, random) => {
        work(board, random)
        board.chip.bytes.fill(0xff, ...CELLS)
    },
    (board, random) => {
        work(board, random)
        board.chip.bytes.set(random(128), CELLS[0])
    },
    (board, random) => {
        work(board, random)
        const [at, bit] = random(2) as unknown as [number, number]
        board.chip.bytes[CELLS[0] + (at % 128)]! ^= 1 << (bit % 8)
    },
    // The cells are set back to what they held before the work: only the queue knows better.
    (board, random) => {
        const cells = board.chip.bytes.slice(...CELLS)
        work(board, random)
        board.chip.bytes.set(cells, CELLS[0])
    },
    // One of them is.
    (board, random) => {
        const cell = CELLS[0] + 64 * (random(1)[0]! % 2)
        const bytes = board.chip.bytes.slice(cell, cell + 64)
        work(board, random)
        board.chip.bytes.set(bytes, cell)
    },
    (board, random) => {
        work(board, random)
        if (random(1)[0]! < 32) board.chip.bytes.fill(0)
    },
    (board, random) => {
        work(board, random)
        const at = random(2).readUInt16BE(0) % 4096
        board.chip.bytes[at]! ^= 1
    },
]
