// From the bytes of a downlink message to what the tracker does: genuine commands are answered once,
// and nothing that is forged, stale, cut, replayed or out of turn is obeyed.

import { beforeEach, describe, expect, it } from "vitest"
import { newOrders } from "../../firmware/logic/orders.js"
import { OrdersDesk } from "../../firmware/logic/orders-desk.js"
import { NvmOrdersStore } from "../../firmware/logic/orders-store.js"
import { nodeAead } from "../../gateway/adapters/crypto/node-crypto.js"
import { type Command, CommandKind, sealCommand } from "../../protocol/command.js"
import { MessageType, openEnvelope, parseEnvelope } from "../../protocol/envelope.js"
import { wipeArgs } from "../../protocol/order.js"
import { Answer, decodeResponse, type Response } from "../../protocol/response.js"
import { cases } from "../support/cases.js"
import { ChipNvm, FramBoard, sha256 } from "../support/fram-board.js"
import { recordsOf } from "../support/records-of.js"
import { seededBytes } from "../support/seeded-bytes.js"

const DAY_S = 86_400
const NOW_S = 20_000 * DAY_S + 3600
const SOAK_WAIT_MS = 900_000
const MANDATE = Buffer.from("M-17")

interface Tracker {
    board: FramBoard
    desk: OrdersDesk
}
let tracker: Tracker
beforeEach(() => {
    tracker = aTracker("00112233445566aa")
})

function aTracker(deviceId: string, seed = 3): Tracker {
    const board = new FramBoard({
        deviceId: Buffer.from(deviceId, "hex"),
        chain: Buffer.alloc(32, 0x5c),
        random: seededBytes(seed),
    })
    return { board, desk: boot(board) }
}
function boot(board: FramBoard): OrdersDesk {
    board.boot()
    board.session.noteTime(NOW_S)
    return new OrdersDesk({
        session: board.session,
        memory: board.memory,
        store: new NvmOrdersStore(new ChipNvm(board.chip, 32768), sha256),
        deviceId: board.options.deviceId,
        canWipe: true,
    })
}
function sealed(counter: number, parts: Partial<Command> = {}, { board } = tracker): Buffer {
    const command: Command = {
        ...{ kind: "command", expiresAtS: NOW_S + 600, mandate: MANDATE },
        ...{ order: CommandKind.hold, args: [60] },
        ...parts,
    }
    return sealCommand(nodeAead, board.keys.keys.down, board.memory.salt, counter, command)
}
function receive(message: Buffer, { board, desk } = tracker) {
    return desk.receive(message, NOW_S + Math.floor((board.uptimeMs - 2000) / 1000), 100)
}
/** The responses that wait in the queue, opened as the gateway opens them. */
function responses({ board } = tracker): Response[] {
    return recordsOf(board.outbox)
        .filter(({ type }) => type === MessageType.response)
        .map((record) => {
            const envelope = parseEnvelope(board.outbox.messageOf(record)!)
            if (envelope.kind === "reject") throw new Error(envelope.reason)
            const body = openEnvelope(nodeAead, board.keys.keys.up, envelope, board.memory.salt)
            const response = decodeResponse(body!)
            if (response.kind === "reject") throw new Error(response.reason)
            return response
        })
}

describe("a genuine command", () => {
    it("is answered by one record, with its counter, and what is in force after it", () => {
        expect(receive(sealed(4))).toMatchObject({ kind: "handled", answer: Answer.accepted })
        expect(receive(sealed(5, { args: [0] }))).toMatchObject({ answer: Answer.argumentRange })
        expect(receive(sealed(9, { order: 77, args: [] }))).toMatchObject({ effect: "none" })
        const common = { kind: "response", session: 1, atS: NOW_S }
        expect(responses()).toEqual([
            { ...common, counter: 4, order: 1, answer: Answer.accepted, inForce: [60] },
            { ...common, counter: 5, order: 1, answer: Answer.argumentRange, inForce: [60] },
            { ...common, counter: 9, order: 77, answer: Answer.unknownOrder, inForce: [] },
        ])
    })

    it("holds over a reset, and its answer waits in the queue", () => {
        receive(sealed(0, { args: [90] }))
        tracker.desk = boot(tracker.board)
        expect(tracker.desk.orders.overrides.holdS).toBe(90)
        expect(responses()).toHaveLength(1)
    })

    it("is refused and answered when the memory does not take it", () => {
        const store = { load: newOrders, save: () => false }
        const { board } = tracker
        const { session, memory } = board
        const deviceId = board.options.deviceId
        const desk = new OrdersDesk({ session, memory, store, deviceId, canWipe: true })
        expect(receive(sealed(0), { board, desk })).toMatchObject({ answer: Answer.notKept })
        expect(desk.orders).toEqual(newOrders())
        expect(responses()).toMatchObject([{ answer: Answer.notKept, inForce: [600] }])
    })

    it("is obeyed and answered, or told again and then answered, wherever the power fails", () => {
        const step = cases(17, 1)
        let cuts = 0
        for (let at = 0; ; at += step) {
            const cut = aTracker("00112233445566aa")
            const isCut = cut.board.cutAfter(at, () => void receive(sealed(0, {}, cut), cut))
            cut.desk = boot(cut.board)
            receive(sealed(1, {}, cut), cut)
            expect(cut.desk.orders.overrides.holdS).toBe(60)
            const counters = responses(cut).map(({ counter }) => counter)
            expect([[1], [0, 1]]).toContainEqual(counters)
            if (!isCut) break
            cuts++
        }
        expect(cuts).toBeGreaterThan(10)
    })
})

describe("ten thousand commands that are not", () => {
    it(
        "are not obeyed: forged, cut, spliced, replayed, out of turn, expired, of another time",
        () => {
            const random = seededBytes(11)
            const below = (bound: number) => random(2).readUInt16BE() % bound
            const other = aTracker("00112233445566bb", 4)
            const told: Buffer[] = []
            let counter = 0
            // Each is a change that would be seen.
            const orders: (() => Partial<Command>)[] = [
                () => ({ order: CommandKind.hold, args: [1 + below(900)] }),
                () => ({ order: CommandKind.heartbeat, args: [60 + below(900)] }),
                () => ({ order: CommandKind.profile, args: [1 + below(4)] }),
                () => ({ order: CommandKind.mandate, args: [NOW_S + below(900)] }),
                () => ({ order: CommandKind.wipe, args: wipeArgs(tracker.board.options.deviceId) }),
                () => ({ order: CommandKind.report, args: [] }),
            ]
            const anOrder = () => orders[below(orders.length)]!()
            const aTold = () => told[below(told.length)]!
            const fresh = () => sealed(counter + below(300), anOrder())
            const { up, down } = tracker.board.keys.keys
            const asCommand = (parts: Partial<Command>): Command => ({
                ...{ kind: "command", expiresAtS: NOW_S + 600, mandate: MANDATE },
                ...{ order: 1, args: [60] },
                ...parts,
            })
            const salt = () => tracker.board.memory.salt
            const next = () => counter + below(9)
            const forgeries: (() => Buffer)[] = [
                // A bit, up to four bytes, the end or the beginning is another or missing.
                () => flipped(fresh(), below),
                () => altered(fresh(), below),
                () => shortened(fresh(), below),
                () => fresh().subarray(1 + below(5)),
                () => Buffer.concat([fresh(), random(1 + below(4))]),
                () => spliced(fresh(), aTold(), below),
                // What was told before, again and in any order.
                () => aTold(),
                () => sealed(below(counter), anOrder()),
                // Another key, direction, session, epoch, device.
                () => sealCommand(nodeAead, random(32), salt(), next(), asCommand(anOrder())),
                () => sealCommand(nodeAead, up, salt(), next(), asCommand(anOrder())),
                () => sealCommand(nodeAead, down, random(8), next(), asCommand(anOrder())),
                () => sealed(next(), anOrder(), other),
                () => {
                    const foreign = other.board.keys.keys.down
                    return sealCommand(nodeAead, foreign, salt(), next(), asCommand(anOrder()))
                },
                // Genuine and void: expired, or under a mandate that is not in force.
                () => sealed(next(), { ...anOrder(), expiresAtS: NOW_S - below(9) }),
                () => sealed(counter++, { order: 1, args: [77], mandate: random(4) }),
                () => sealed(counter++, { order: CommandKind.wipe, args: [below(9), below(9)] }),
                // Not a command at all.
                () => Buffer.concat([Buffer.from([0x68 | below(4)]), random(20 + below(40))]),
                () => tracker.board.outbox.messageOf(tracker.board.outbox.first(1)[0]!)!,
            ]
            receive(sealed(counter++, { order: CommandKind.mandate, args: [NOW_S + 90_000] }))
            for (let i = 0; i < 20; i++) {
                const genuine = sealed(counter++, { args: [100 + i] })
                expect(receive(genuine)).toMatchObject({ answer: Answer.accepted })
                told.push(genuine)
            }
            const before = tracker.desk.orders
            const count = cases(10_000, 500_000)
            let obeyed = 0
            for (let i = 0; i < count; i++) {
                if (i % 500 === 499) {
                    // The tracker starts anew in between; what it heard before stays heard.
                    tracker.board.outbox.clear()
                    tracker.desk = boot(tracker.board)
                }
                const handled = receive(forgeries[i % forgeries.length]!())
                if (handled.kind === "handled" && handled.answer === Answer.accepted) obeyed++
                if (handled.kind === "handled") expect(handled.effect).toBe("none")
            }
            expect(obeyed).toBe(0)
            expect(tracker.desk.orders).toEqual(before)
            // The desk was listening all the time.
            expect(receive(sealed(counter + 400, { args: [61] }))).toMatchObject({ answer: 0 })
        },
        SOAK_WAIT_MS,
    )

    it("are not obeyed after a new session or a new epoch, however many were recorded", () => {
        const told = Array.from({ length: 300 }, (_, counter) => sealed(counter, { args: [61] }))
        const refused = () => told.every((message) => receive(message).kind === "reject")
        tracker.board.memory.isValid = false
        tracker.board.session.open(true)
        expect(refused()).toBe(true)
        tracker = aTracker("00112233445566aa")
        tracker.board.session.noteTime(NOW_S + DAY_S)
        expect(refused()).toBe(true)
        expect(tracker.desk.orders).toEqual(newOrders())
    })
})

type Below = (bound: number) => number

function flipped(message: Buffer, below: Below): Buffer {
    const bit = below(message.length * 8)
    const changed = Buffer.from(message)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    return changed
}
function shortened(message: Buffer, below: Below): Buffer {
    return message.subarray(0, below(message.length))
}
function altered(message: Buffer, below: Below): Buffer {
    const changed = Buffer.from(message)
    for (let i = 0; i <= below(4); i++) changed[below(message.length)]! ^= 1 + below(255)
    return changed.equals(message) ? flipped(message, below) : changed
}
/** The start of one and the end of the other: never one of them as a whole. */
function spliced(one: Buffer, other: Buffer, below: Below): Buffer {
    const at = 2 + below(Math.min(one.length, other.length) - 3)
    const joined = Buffer.concat([one.subarray(0, at), other.subarray(at)])
    return joined.equals(one) || joined.equals(other) ? flipped(joined, below) : joined
}
