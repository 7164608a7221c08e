// What a tracker believes of what it is told: acks and commands of today's epoch and of its own
// session, each command once.

import { beforeEach, describe, expect, it } from "vitest"
import { nodeAead } from "../../gateway/adapters/crypto/node-crypto.js"
import { type Ack, encodeAck } from "../../protocol/ack.js"
import { type Command, CommandKind, sealCommand } from "../../protocol/command.js"
import { MessageType, sealMessage } from "../../protocol/envelope.js"
import { cases } from "../support/cases.js"
import { FramBoard } from "../support/fram-board.js"
import { seededBytes } from "../support/seeded-bytes.js"

const DAY_S = 86400
const SOAK_WAIT_MS = 900_000
const NOW_S = 20000 * DAY_S + 3600
const TOLD_S = 22300 * DAY_S + 3600

let board: FramBoard
beforeEach(() => {
    board = aBoard("00112233445566aa")
})

function aBoard(deviceId: string): FramBoard {
    const made = new FramBoard({
        deviceId: Buffer.from(deviceId, "hex"),
        chain: Buffer.alloc(32, 0x5c),
        random: seededBytes(3),
        framBytes: 16384,
    })
    made.boot()
    made.session.noteTime(NOW_S)
    return made
}

function aCommand(parts: Partial<Command> = {}): Command {
    const mandate = Buffer.from("M-17")
    const command = { kind: "command", expiresAtS: NOW_S + 600, mandate, order: 1, args: [60] }
    return { ...(command as Command), ...parts }
}
function sealed(counter: number, parts: Partial<Command> = {}, to = board): Buffer {
    return sealCommand(nodeAead, to.keys.keys.down, to.memory.salt, counter, aCommand(parts))
}
function anAck(parts: Partial<Ack> = {}, to = board, downlinkSeq = 0): Buffer {
    const ack: Ack = { kind: "ack", epoch: 0, session: 1, seq: 0, earlier: 0, ...parts }
    const options = {
        type: MessageType.ack,
        salt: to.memory.salt,
        carrySalt: false,
        seq: downlinkSeq,
    }
    return sealMessage(nodeAead, to.keys.keys.down, options, encodeAck(ack))
}

describe("a command", () => {
    it("is obeyed once, with the mandate that it names", () => {
        const message = sealed(0)
        expect(board.session.readCommand(message)).toEqual(aCommand())
        expect(board.session.readCommand(message)).toMatchObject({ reason: "command-repeated" })
        expect(board.session.readCommand(sealed(9, { order: CommandKind.report }))).toMatchObject({
            order: CommandKind.report,
            mandate: Buffer.from("M-17"),
        })
        expect(board.session.readCommand(sealed(8))).toMatchObject({ reason: "command-repeated" })
    })

    it("is not obeyed again after a reset, a new session or a new epoch", () => {
        const message = sealed(4)
        expect(board.session.readCommand(message).kind).toBe("command")
        board.boot()
        board.session.noteTime(NOW_S)
        expect(board.session.readCommand(message)).toMatchObject({ reason: "command-repeated" })
        expect(board.session.noteTime(NOW_S + DAY_S)).toBe(true)
        expect(board.session.readCommand(message)).toMatchObject({ reason: "bad-tag" })
        board.memory.isValid = false
        board.session.open(true)
        expect(board.session.readCommand(message)).toMatchObject({ reason: "bad-tag" })
    })

    it("is not obeyed from its expiry on, nor before the tracker knows the time", () => {
        board.uptimeMs += 599_000
        expect(board.session.readCommand(sealed(0)).kind).toBe("command")
        board.uptimeMs += 1000
        expect(board.session.readCommand(sealed(1))).toMatchObject({ reason: "command-expired" })
        board.boot()
        expect(board.session.readCommand(sealed(2))).toMatchObject({ reason: "time-unknown" })
        board.session.noteTime(NOW_S)
        expect(board.session.readCommand(sealed(2)).kind).toBe("command")
    })

    it("is not obeyed when its counter cannot be kept", () => {
        const message = sealed(0)
        expect(
            board.cutAfter(5, () => {
                expect(board.session.readCommand(message).kind).toBe("reject")
            }),
        ).toBe(true)
    })
})

describe("the time in an ack", () => {
    const told = (parts: Partial<Ack>) => {
        const ack = board.session.readAck(anAck({ utcS: TOLD_S, ...parts }))
        return ack && board.session.timeIn(ack)
    }

    it("is believed once, of the hello that this start has made, with the way there and back", () => {
        board.uptimeMs += 7500
        expect(told({})).toEqual({ utcS: TOLD_S, roundTripMs: 7500 })
        expect(told({})).toBeUndefined()
    })

    it("is not believed of another record, of another session or of a start before", () => {
        const seq = board.session.post(MessageType.event, Buffer.from("a0", "hex"))
        expect(told({ seq })).toBeUndefined()
        expect(told({ session: 2 })).toBeUndefined()
        board.boot()
        expect(told({})).toBeUndefined()
    })

    it("is asked for by a hello of no cause, not while another waits, and not in a new session's place", () => {
        expect(board.session.askTime()).toBe(false)
        const first = board.session.readAck(anAck())!
        board.outbox.release(first)
        board.session.noteHeld(first)
        expect(board.session.timeIn(first)).toBeUndefined()
        expect(board.session.askTime()).toBe(true)
        expect(board.session.askTime()).toBe(false)
        board.uptimeMs += 300
        expect(told({ seq: 1 })).toEqual({ utcS: TOLD_S, roundTripMs: 300 })
        board.memory.isValid = false
        board.session.open(true)
        expect(told({ session: 1, seq: 1 })).toBeUndefined()
    })

    it("may be asked for again where a later ack has named the hello, and its own was lost", () => {
        const seq = board.session.post(MessageType.event, Buffer.from("a0", "hex"))
        const later = board.session.readAck(anAck({ seq, earlier: 1 }))!
        board.outbox.release(later)
        board.session.noteHeld(later)
        expect(board.session.timeIn(later)).toBeUndefined()
        expect(board.session.askTime()).toBe(true)
    })
})

describe("what the gateway never said", () => {
    it("is neither an ack nor a command, with any bit of it changed", () => {
        for (const message of [anAck(), sealed(0), sealed(300)]) {
            for (let bit = 0; bit < message.length * 8; bit++) {
                const altered = Buffer.from(message)
                altered[bit >> 3]! ^= 1 << (bit & 7)
                expect(taken(altered)).toBe(false)
            }
            for (let length = 0; length < message.length; length++) {
                expect(taken(message.subarray(0, length))).toBe(false)
                expect(taken(message.subarray(length === 0 ? 1 : length))).toBe(false)
            }
        }
        expect(taken(anAck())).toBe(true)
        expect(taken(sealed(0))).toBe(true)
    })

    it(
        "is refused from another device, direction, session or epoch, spliced or made up",
        () => {
            const other = aBoard("00112233445566bb")
            other.memory.salt = Buffer.from(board.memory.salt)
            const random = seededBytes(5)
            const { up } = board.keys.keys
            const { salt } = board.memory
            const forgeries: (() => Buffer)[] = [
                () => anAck({}, other, random(1)[0]),
                () => sealed(random(1)[0]!, {}, other),
                () => sealCommand(nodeAead, up, salt, random(1)[0]!, aCommand()),
                () => sealCommand(nodeAead, board.keys.keys.down, random(8), 1, aCommand()),
                () => Buffer.concat([Buffer.from([0x68 | (random(1)[0]! & 3)]), random(40)]),
                () => splice(sealed(random(1)[0]!), sealed(random(1)[0]!), random(1)[0]!),
                () => splice(anAck({}, board, 1), sealed(1), random(1)[0]!),
                () => alter(sealed(random(1)[0]!), random),
                () => alter(anAck({}, board, random(1)[0]), random),
                () => board.outbox.messageOf(board.outbox.first(1)[0]!)!,
            ]
            const count = cases(50_000, 2_000_000)
            let accepted = 0
            for (let i = 0; i < count; i++)
                if (taken(forgeries[i % forgeries.length]!())) accepted++
            expect(accepted).toBe(0)
        },
        SOAK_WAIT_MS,
    )

    function taken(message: Buffer): boolean {
        const { session } = board
        return (
            session.readAck(message) !== undefined ||
            session.readCommand(message).kind === "command"
        )
    }
})

/** The start of one and the end of the other: never one of them as a whole. */
function splice(first: Buffer, second: Buffer, random: number): Buffer {
    const at = 2 + (random % (Math.min(first.length, second.length) - 3))
    const spliced = Buffer.concat([first.subarray(0, at), second.subarray(at)])
    return spliced.equals(first) || spliced.equals(second) ? Buffer.alloc(0) : spliced
}
/** One to four bytes are others. */
function alter(message: Buffer, random: (count: number) => Buffer): Buffer {
    const altered = Buffer.from(message)
    const count = 1 + (random(1)[0]! % 4)
    for (let i = 0; i < count; i++)
        altered[random(1)[0]! % altered.length]! ^= 1 + (random(1)[0]! % 255)
    return altered.equals(message) ? Buffer.alloc(0) : altered
}
