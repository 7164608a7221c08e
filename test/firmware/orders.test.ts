// What a tracker makes of commands that are genuine: obeyed, or refused with a reason.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { CELL_HEAD_BYTES } from "../../firmware/logic/cell-pair.js"
import {
    fencesIn,
    findFence,
    numberAt,
    packFence,
    STAMP_MAX,
    stampAt,
} from "../../firmware/logic/fence-list.js"
import { END_SEEN_FIXES, mayReport, noteFixTime } from "../../firmware/logic/mandate-watch.js"
import type { Nvm } from "../../firmware/logic/nvm.js"
import { ORDER_CELL_BYTES } from "../../firmware/logic/nvm-layout.js"
import {
    type Circumstances,
    newOrders,
    type Obeyed,
    type Orders,
    obey,
    WIPE_WAIT_S,
} from "../../firmware/logic/orders.js"
import { profileInForce } from "../../firmware/logic/orders-in-force.js"
import { ORDERS_BYTES_MAX, packOrders, unpackOrders } from "../../firmware/logic/orders-packing.js"
import { NvmOrdersStore, RamOrdersStore } from "../../firmware/logic/orders-store.js"
import { PROFILE_DEFAULT, ProfileNumber } from "../../firmware/logic/profile.js"
import { deviceFenceOf } from "../../gateway/core/downlink/device-fence.js"
import { type Command, CommandKind } from "../../protocol/command.js"
import { fenceArgs } from "../../protocol/fence-order.js"
import { AS_PROFILE, LIVE_AHEAD_MAX_S, wipeArgs } from "../../protocol/order.js"
import { Answer } from "../../protocol/response.js"
import { fullestOrders, MemoryNvm } from "../device/runs/orders-run.js"
import { aCircle, aRectangle } from "../support/builders.js"
import { cases } from "../support/cases.js"
import { circles, polygons } from "../support/device-fences.js"
import { sha256 } from "../support/fram-board.js"

const NOW_S = 1_900_000_000
const DEVICE_ID = Buffer.from("00112233445566aa", "hex")
const NOW: Circumstances = { utcS: NOW_S, atS: 5000, deviceId: DEVICE_ID, canWipe: true }
const DWELL = { fixes: 1, seconds: 0 }

function aCommand(order: number, args: number[] = [], parts: Partial<Command> = {}): Command {
    const mandate = Buffer.from("M1")
    return { kind: "command", expiresAtS: NOW_S + 60, mandate, order, args, ...parts }
}
function obeyed(memory: Orders, order: number, args: number[] = [], now = NOW): Obeyed {
    return obey(memory, aCommand(order, args), now)
}
/** Orders after commands that are all obeyed. */
function after(...commands: [order: number, args?: number[]][]): Orders {
    return commands.reduce((memory, [order, args]) => {
        const next = obeyed(memory, order, args)
        expect(next.answer).toBe(Answer.accepted)
        return next.memory
    }, newOrders())
}
const circle = (number: number) => fenceArgs(deviceFenceOf(number, aCircle(100).shape, DWELL))
const square = (number: number) => fenceArgs(deviceFenceOf(number, aRectangle(90, 90).shape, DWELL))

describe("an order", () => {
    it.each([
        ["hold", CommandKind.hold, [60], [60], "settings"],
        ["hold, as the profile has it", CommandKind.hold, [AS_PROFILE], [600], "settings"],
        ["report", CommandKind.report, [], [], "report"],
        ["self-test", CommandKind.selfTest, [], [], "self-test"],
        ["profile", CommandKind.profile, [ProfileNumber.longLife], [3], "settings"],
        ["bounds", CommandKind.bounds, [50, AS_PROFILE], [50, 10], "settings"],
        ["heartbeat", CommandKind.heartbeat, [900], [900], "settings"],
        ["live until", CommandKind.liveUntil, [NOW_S + 60], [NOW_S + 60], "settings"],
        ["live no more", CommandKind.liveUntil, [0], [0], "settings"],
        ["circle", CommandKind.circle, circle(3), [1, 0], "fences"],
        ["polygon", CommandKind.polygon, square(3), [0, 1], "fences"],
        ["clear a fence that is not there", CommandKind.clearFence, [3], [0, 0], "fences"],
        ["mandate", CommandKind.mandate, [NOW_S + 9], [NOW_S + 9, 0], "mandate"],
        ["mandate that has ended", CommandKind.mandate, [NOW_S], [NOW_S, 1], "mandate"],
        ["wipe", CommandKind.wipe, wipeArgs(DEVICE_ID), [], "wipe"],
    ] as const)("is obeyed and says what is in force: %s", (_, order, args, inForce, effect) => {
        expect(obeyed(newOrders(), order, [...args])).toMatchObject({
            answer: Answer.accepted,
            inForce,
            effect,
        })
    })

    it.each([
        ["an order of a later version", 99, [], Answer.unknownOrder],
        ["an argument too many", CommandKind.hold, [1, 2], Answer.argumentCount],
        ["an argument out of range", CommandKind.hold, [0], Answer.argumentRange],
        ["a profile that there is not", CommandKind.profile, [9], Answer.argumentRange],
        ["live in the past", CommandKind.liveUntil, [NOW_S], Answer.argumentRange],
        [
            "live for longer than a day",
            CommandKind.liveUntil,
            [NOW_S + LIVE_AHEAD_MAX_S + 1],
            Answer.argumentRange,
        ],
        ["a wipe of another device", CommandKind.wipe, [1, 2], Answer.notConfirmed],
    ])("is refused with its reason and changes nothing: %s", (_, order, args, answer) => {
        const memory = after([CommandKind.hold, [60]])
        const refused = obeyed(memory, order, args)
        expect(refused).toMatchObject({ answer, effect: "none" })
        expect(refused.memory).toBe(memory)
    })

    it("is refused from its expiry on", () => {
        const command = aCommand(CommandKind.hold, [60], { expiresAtS: NOW_S })
        expect(obey(newOrders(), command, NOW).answer).toBe(Answer.expired)
        const before = { ...NOW, utcS: NOW_S - 1 }
        expect(obey(newOrders(), command, before).answer).toBe(Answer.accepted)
    })

    it("leaves the memory that it was given as it was", () => {
        const memory = after([CommandKind.circle, circle(1)], [CommandKind.hold, [60]])
        const frozen = structuredClone(memory)
        for (const args of [circle(1), circle(2)]) obeyed(memory, CommandKind.circle, args)
        obeyed(memory, CommandKind.clearFence)
        obeyed(memory, CommandKind.hold, [90])
        obeyed(memory, CommandKind.mandate, [NOW_S + 60])
        expect(structuredClone(memory)).toEqual(frozen)
    })

    it("told twice is obeyed once: the orders are the same after it", () => {
        const all: [number, number[]][] = [
            [CommandKind.mandate, [NOW_S + 900]],
            [CommandKind.profile, [1]],
            [CommandKind.bounds, [10, 5]],
            [CommandKind.liveUntil, [NOW_S + 60]],
            [CommandKind.circle, circle(1)],
            [CommandKind.polygon, square(2)],
            [CommandKind.clearFence, [1]],
            [CommandKind.wipe, wipeArgs(DEVICE_ID)],
        ]
        all.reduce((memory, [order, args]) => {
            const once = obeyed(memory, order, args).memory
            const later = { ...NOW, atS: NOW.atS + 30 }
            expect(obeyed(once, order, args, later).memory).toEqual(once)
            return once
        }, newOrders())
    })
})

describe("a profile as ordered", () => {
    it("is the standard one until somebody orders another, and ends what was set beside it", () => {
        expect(profileInForce(newOrders(), NOW_S).number).toBe(PROFILE_DEFAULT)
        const set = after([CommandKind.hold, [60]], [CommandKind.heartbeat, [900]])
        expect(profileInForce(set, NOW_S)).toMatchObject({ number: 2, holdS: 60, heartbeatS: 900 })
        const other = obeyed(set, CommandKind.profile, [ProfileNumber.longLife]).memory
        expect(profileInForce(other, NOW_S)).toMatchObject({ number: 3, holdS: 3600 })
    })

    it("is live until the second that was named, with the bounds but without the hold", () => {
        const orders = after(
            [CommandKind.hold, [3600]],
            [CommandKind.bounds, [10, 2]],
            [CommandKind.liveUntil, [NOW_S + 60]],
        )
        expect(profileInForce(orders, NOW_S + 59)).toMatchObject({
            number: ProfileNumber.live,
            liveBoundM: 10,
            historyBoundM: 2,
            holdS: 10,
        })
        for (const utcS of [NOW_S + 60, -1])
            expect(profileInForce(orders, utcS)).toMatchObject({ number: 2, holdS: 3600 })
    })
})

describe("fences", () => {
    it("are sixteen circles and eight polygons, and a number names one of either", () => {
        let orders = newOrders()
        for (let i = 0; i < 16; i++) orders = obeyed(orders, CommandKind.circle, circle(i)).memory
        for (let i = 16; i < 24; i++) orders = obeyed(orders, CommandKind.polygon, square(i)).memory
        expect(obeyed(orders, CommandKind.circle, circle(99)).answer).toBe(Answer.fencesFull)
        expect(obeyed(orders, CommandKind.polygon, square(99)).answer).toBe(Answer.fencesFull)
        // In place of one of its kind there is room; of the other kind there is not.
        expect(obeyed(orders, CommandKind.polygon, square(16)).inForce).toEqual([16, 8])
        expect(obeyed(orders, CommandKind.circle, circle(16)).answer).toBe(Answer.fencesFull)
        const fewer = obeyed(orders, CommandKind.clearFence, [0]).memory
        expect(obeyed(fewer, CommandKind.circle, circle(16)).inForce).toEqual([16, 7])
        expect(obeyed(orders, CommandKind.clearFence).memory.fences).toHaveLength(0)
    })

    it("are told apart from what had their number before, all along the stamps", () => {
        let orders = after([CommandKind.circle, circle(1)], [CommandKind.circle, circle(2)])
        const stampOf = (number: number) => stampAt(orders.fences, findFence(orders.fences, number))
        const stay = stampOf(1)
        for (let i = 0; i < STAMP_MAX + 10; i++) {
            const radius = fenceArgs(deviceFenceOf(2, aCircle(200 + (i % 2)).shape, DWELL))
            const before = stampOf(2)
            orders = obeyed(orders, CommandKind.circle, radius).memory
            const stamp = stampOf(2)
            expect(stamp === before || stamp === stay || stamp < 1 || stamp > STAMP_MAX).toBe(false)
        }
        expect(stampOf(1)).toBe(stay)
        expect(fencesIn(orders.fences)!.map((at) => numberAt(orders.fences, at))).toEqual([1, 2])
    })

    it("that are told again as they stand keep their stamp", () => {
        const orders = after([CommandKind.circle, circle(1)])
        const again = obeyed(orders, CommandKind.circle, circle(1))
        expect(again).toMatchObject({ answer: Answer.accepted, effect: "none", inForce: [1, 0] })
        expect(again.memory.fences).toEqual(orders.fences)
    })
})

describe("a mandate", () => {
    const other = { mandate: Buffer.from("M2") }

    it("binds every later command to its name, and lets any name be before the first", () => {
        expect(obey(newOrders(), aCommand(CommandKind.hold, [60], other), NOW).answer).toBe(0)
        const orders = after([CommandKind.mandate, [NOW_S + 900]])
        const refused = obey(orders, aCommand(CommandKind.hold, [60], other), NOW)
        expect(refused.answer).toBe(Answer.wrongMandate)
        const wipe = obey(orders, aCommand(CommandKind.wipe, wipeArgs(DEVICE_ID), other), NOW)
        expect(wipe.answer).toBe(Answer.wrongMandate)
    })

    it("stops positions at its end second, and what is ordered after it", () => {
        const orders = after([CommandKind.mandate, [NOW_S + 900]])
        expect(mayReport(orders, NOW_S + 899)).toBe(true)
        expect(mayReport(orders, NOW_S + 900)).toBe(false)
        const past = { ...NOW, utcS: NOW_S + 900 }
        const later = { expiresAtS: NOW_S + 9000 }
        for (const [order, args, answer] of [
            [CommandKind.hold, [60], Answer.mandateEnded],
            [CommandKind.liveUntil, [NOW_S + 990], Answer.mandateEnded],
            [CommandKind.circle, circle(1), Answer.mandateEnded],
            [CommandKind.report, [], Answer.mandateEnded],
            [CommandKind.mandate, [NOW_S + 1800], Answer.accepted],
            [CommandKind.wipe, wipeArgs(DEVICE_ID), Answer.accepted],
        ] as const)
            expect(obey(orders, aCommand(order, [...args], later), past).answer).toBe(answer)
    })

    it("may be looked for while the time is unknown, until its end was seen for good", () => {
        let orders = after([CommandKind.mandate, [NOW_S + 900]])
        expect(mayReport(orders, -1)).toBe(true)
        for (let i = 1; i <= END_SEEN_FIXES; i++) {
            expect(mayReport(orders, -1)).toBe(true)
            orders = noteFixTime(orders, NOW_S + 900 + i)
        }
        expect(mayReport(orders, -1)).toBe(false)
        // A clock that was set back brings nothing back.
        expect(noteFixTime(orders, NOW_S)).toBe(orders)
        expect(mayReport(orders, NOW_S)).toBe(false)
    })

    it("does not end by a receiver that is in the future for a moment", () => {
        let orders = after([CommandKind.mandate, [NOW_S + 900]])
        for (const utcS of [NOW_S + 1e6, NOW_S + 1e6 + 1, NOW_S + 2, NOW_S + 1e6])
            orders = noteFixTime(orders, utcS)
        expect(mayReport(orders, NOW_S + 3)).toBe(true)
    })

    it("that is extended or new starts positions again", () => {
        let orders = after([CommandKind.circle, circle(1)], [CommandKind.mandate, [NOW_S + 1]])
        for (let i = 0; i < END_SEEN_FIXES; i++) orders = noteFixTime(orders, NOW_S + 1)
        const now = { ...NOW, utcS: NOW_S + 5 }
        const extended = obey(orders, aCommand(CommandKind.mandate, [NOW_S + 90]), now).memory
        expect(mayReport(extended, -1)).toBe(true)
        const renewed = obey(orders, aCommand(CommandKind.mandate, [NOW_S + 90], other), now).memory
        expect(mayReport(renewed, NOW_S + 5)).toBe(true)
    })

    it("ends with all that was ordered under it when another takes its place", () => {
        const orders = after(
            [CommandKind.mandate, [NOW_S + 900]],
            [CommandKind.profile, [1]],
            [CommandKind.hold, [60]],
            [CommandKind.liveUntil, [NOW_S + 60]],
            [CommandKind.circle, circle(1)],
        )
        const extended = obeyed(orders, CommandKind.mandate, [NOW_S + 999]).memory
        expect(extended).toEqual({ ...orders, mandateEndS: NOW_S + 999 })
        const renewed = obey(
            orders,
            aCommand(CommandKind.mandate, [NOW_S + 999], other),
            NOW,
        ).memory
        expect(renewed).toEqual({
            ...newOrders(),
            mandate: other.mandate,
            mandateEndS: NOW_S + 999,
            lastStamp: orders.lastStamp,
        })
    })
})

describe("a wipe that was accepted", () => {
    const orders = after([CommandKind.wipe, wipeArgs(DEVICE_ID)])

    it("stops positions and every other order, and keeps its first deadline", () => {
        expect(orders.wipeByS).toBe(NOW.atS + WIPE_WAIT_S)
        expect(mayReport(orders, NOW_S)).toBe(false)
        for (const order of [CommandKind.hold, CommandKind.mandate, CommandKind.report])
            expect(obeyed(orders, order, order === CommandKind.report ? [] : [60]).answer).toBe(
                Answer.wiping,
            )
        const later = { ...NOW, atS: NOW.atS + 100 }
        const again = obeyed(orders, CommandKind.wipe, wipeArgs(DEVICE_ID), later)
        expect(again.memory.wipeByS).toBe(orders.wipeByS)
    })

    it("is refused by a board that cannot", () => {
        const now = { ...NOW, canWipe: false }
        const refused = obeyed(newOrders(), CommandKind.wipe, wipeArgs(DEVICE_ID), now)
        expect(refused.answer).toBe(Answer.notSupported)
    })
})

describe("orders in memory", () => {
    const optional = (max: number) => fc.oneof(fc.constant(-1), fc.integer({ min: 0, max }))
    const uint32 = optional(0xffffffff)
    const stamped = (fences: typeof circles, first: number, maxLength: number) =>
        fc
            .array(fences, { maxLength })
            .map((list) => list.map(({ fence }, i) => packFence(fence, first + i)))
    const anyOrders: fc.Arbitrary<Orders> = fc.record({
        profile: fc.integer({ min: -1, max: 254 }),
        overrides: fc.record({
            liveBoundM: optional(10_000),
            historyBoundM: optional(1000),
            holdS: optional(86_400),
            heartbeatS: optional(604_800),
        }),
        liveUntilS: uint32,
        mandate: fc.uint8Array({ maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
        mandateEndS: uint32,
        endSeen: fc.integer({ min: 0, max: END_SEEN_FIXES }),
        wipeByS: uint32,
        lastStamp: fc.integer({ min: 0, max: STAMP_MAX }),
        fences: fc
            .tuple(stamped(circles, 1, 16), stamped(polygons, STAMP_MAX - 8, 8))
            .map(([round, straight]) => Buffer.concat([...round, ...straight])),
    })

    it("are what was packed, and the fullest fit their cell", () => {
        fc.assert(
            fc.property(anyOrders, (orders) => {
                const packed = packOrders(orders)
                expect(packed.length).toBeLessThanOrEqual(ORDERS_BYTES_MAX)
                expect(unpackOrders(packed)).toEqual(orders)
                // The cell goes on behind them.
                expect(unpackOrders(Buffer.concat([packed, Buffer.alloc(9)]))).toEqual(orders)
            }),
            { numRuns: cases(100, 10_000) },
        )
        expect(packOrders(fullestOrders())).toHaveLength(ORDERS_BYTES_MAX)
        expect(ORDERS_BYTES_MAX).toBeLessThanOrEqual(ORDER_CELL_BYTES - CELL_HEAD_BYTES)
    })

    it("of another version, or cut, are none", () => {
        const packed = packOrders(fullestOrders())
        for (let length = 0; length < packed.length; length++)
            expect(unpackOrders(packed.subarray(0, length))).toBeUndefined()
        packed[0] = 2
        expect(unpackOrders(packed)).toBeUndefined()
    })

    it("survive a reset, and a cut between any two bytes leaves the old or the new", () => {
        const before = after([CommandKind.hold, [60]], [CommandKind.circle, circle(1)])
        const next = obeyed(before, CommandKind.circle, circle(2)).memory
        const outcomes = new Set<number>()
        const cuts = [ORDER_CELL_BYTES - 1, ORDER_CELL_BYTES]
        for (let cut = 0; cut < ORDER_CELL_BYTES; cut += cases(7, 1)) cuts.push(cut)
        for (const cut of cuts) {
            const memory = new MemoryNvm()
            expect(new NvmOrdersStore(memory, sha256).save(before)).toBe(true)
            const store = new NvmOrdersStore(cutAfter(memory, cut), sha256)
            expect(store.load()).toEqual(before)
            store.save(next)
            const found = new NvmOrdersStore(memory, sha256).load()
            expect([before, next]).toContainEqual(found)
            outcomes.add(fencesIn(found.fences)!.length)
        }
        expect([...outcomes].sort()).toEqual([1, 2])
    })

    it("are new ones where there are none", () => {
        expect(new NvmOrdersStore(new MemoryNvm(), sha256).load()).toEqual(newOrders())
        const store = new RamOrdersStore()
        expect(store.load()).toEqual(newOrders())
        const orders = after([CommandKind.hold, [60]])
        store.save(orders)
        expect(store.load()).toBe(orders)
    })
})

/** Takes `count` more bytes and then none. */
function cutAfter(memory: MemoryNvm, count: number): Nvm {
    let left = count
    return {
        size: memory.size,
        read: (at, bytes) => memory.read(at, bytes),
        write: (at, bytes) => {
            const taken = Math.min(left, bytes.length)
            left -= taken
            memory.write(at, bytes.subarray(0, taken))
            if (taken < bytes.length) throw new Error("the power has failed")
        },
    }
}
