import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { newOverrides, overridesFault } from "../../firmware/logic/profile.js"
import { deviceFenceOf } from "../../gateway/core/downlink/device-fence.js"
import { type Command, CommandKind, decodeCommand, encodeCommand } from "../../protocol/command.js"
import { CIRCLE_ARGS, fenceArgs, polygonOf } from "../../protocol/fence-order.js"
import { BODY_BYTES_MAX } from "../../protocol/limits.js"
import type { FenceShape } from "../../protocol/live.js"
import { AS_PROFILE, orderFault, wipeArgs } from "../../protocol/order.js"
import { aCircle, aRectangle, HOME, offset } from "../support/builders.js"
import { cases } from "../support/cases.js"
import { circles, polygons, readBack } from "../support/device-fences.js"

const DWELL = { fixes: 2, seconds: 30 }
const command = (order: number, args: number[]): Command => ({
    kind: "command",
    expiresAtS: 0xffffffff,
    mandate: Buffer.alloc(16, 0xff),
    order,
    args,
})

describe("a fence as an order", () => {
    it.each([
        ["circle", CommandKind.circle, circles],
        ["polygon", CommandKind.polygon, polygons],
    ])("is the fence that was sent, in one body: %s", (_, order, fences) => {
        fc.assert(
            fc.property(fences, ({ fence }) => {
                expect(readBack(fence)).toEqual(fence)
                expect(orderFault(order, fenceArgs(fence))).toBeUndefined()
                const sent = command(order, fenceArgs(fence))
                const body = encodeCommand(sent)
                expect(body.length).toBeLessThanOrEqual(BODY_BYTES_MAX)
                expect(decodeCommand(body)).toEqual(sent)
            }),
            { numRuns: cases(300, 20_000) },
        )
    })

    it("takes 138 bytes of arguments at most", () => {
        const ring: [number, number][] = []
        for (let i = 0; i < 12; i++)
            ring.push([-120 + 0.5 * Math.sin(i / 2), -60 + 0.2 * Math.cos(i / 2)])
        ring.push(ring[0]!)
        const args = fenceArgs(deviceFenceOf(65535, { type: "polygon", rings: [ring] }, DWELL))
        expect(encodeCommand(command(CommandKind.polygon, args)).length).toBeLessThan(140)
    })

    it("is refused with a number too many, too few, or out of range", () => {
        const args = fenceArgs(deviceFenceOf(3, aCircle(100).shape, DWELL))
        expect(args).toHaveLength(CIRCLE_ARGS)
        expect(orderFault(CommandKind.circle, args.slice(1))).toBe("arguments")
        expect(orderFault(CommandKind.circle, [...args, 0])).toBe("arguments")
        const corners = fenceArgs(deviceFenceOf(3, aRectangle(90, 60).shape, DWELL))
        for (const count of [0, 1, 7, 8, 9, 10, 11, 13, 31])
            expect(orderFault(CommandKind.polygon, Array(count).fill(1))).toBe("arguments")
        for (const [order, good] of [
            [CommandKind.circle, args],
            [CommandKind.polygon, corners],
        ] as const) {
            good.forEach((_, i) => {
                for (const wrong of [-200_000_001, 200_000_001]) {
                    const changed = good.map((value, k) => (k === i ? wrong : value))
                    expect(orderFault(order, changed)).toBe("range")
                }
            })
        }
    })

    it("without area is refused", () => {
        const flat = [1, 1, 0, 111000000, 70000000, 47000000, 9000000, 1]
        expect(polygonOf([...flat, 10, 20, 30, 60, -5, -10])).toBe("range")
        expect(polygonOf([...flat, 0, 0, 0, 0])).toBe("range")
        expect(polygonOf([...flat, 10, 20, 30, 61])).toMatchObject({ norths: [10, 30] })
    })

    it("that a tracker cannot watch is refused where it is made, by name", () => {
        const hole = aRectangle(100, 100).shape as Extract<FenceShape, { type: "polygon" }>
        const rings = [hole.rings[0]!, hole.rings[0]!]
        const far = offset(60_000, 0)
        const wide: FenceShape = {
            type: "polygon",
            rings: [
                [
                    [HOME.lonDeg, HOME.latDeg],
                    [far.lonDeg, far.latDeg],
                    [far.lonDeg, far.latDeg + 0.1],
                    [HOME.lonDeg, HOME.latDeg],
                ],
            ],
        }
        expect(() => deviceFenceOf(1, { type: "polygon", rings }, DWELL)).toThrow("2 rings")
        expect(() => deviceFenceOf(1, wide, DWELL)).toThrow("degrees from the first")
        expect(() => deviceFenceOf(1, aCircle(60_000).shape, DWELL)).toThrow("out of range")
        expect(() => deviceFenceOf(1, aCircle(90).shape, { fixes: 0, seconds: 0 })).toThrow("range")
    })
})

describe("the other orders", () => {
    it("take what the profiles take, at both ends of each range", () => {
        const fields = [
            ["holdS", CommandKind.hold],
            ["heartbeatS", CommandKind.heartbeat],
        ] as const
        const values = [-2, -1, 0, 1, 2, 59, 60, 86_400, 86_401, 604_800, 604_801]
        for (const [field, order] of fields)
            for (const value of values) {
                const isTaken = overridesFault({ ...newOverrides(), [field]: value }) === undefined
                expect(orderFault(order, [value]) === undefined).toBe(isTaken)
            }
        for (const liveBoundM of [-2, -1, 0, 10_000, 10_001])
            for (const historyBoundM of [-2, -1, 0, 1, 1000, 1001]) {
                const overrides = { ...newOverrides(), liveBoundM, historyBoundM }
                const isTaken = overridesFault(overrides) === undefined
                const fault = orderFault(CommandKind.bounds, [liveBoundM, historyBoundM])
                expect(fault === undefined).toBe(isTaken)
            }
        expect(orderFault(CommandKind.hold, [AS_PROFILE])).toBeUndefined()
    })

    it.each([
        [CommandKind.report, [1]],
        [CommandKind.profile, []],
        [CommandKind.bounds, [5]],
        [CommandKind.clearFence, [1, 2]],
        [CommandKind.mandate, []],
        [CommandKind.wipe, [1]],
    ])("are refused with another number of arguments: order %i", (order, args) => {
        expect(orderFault(order, args)).toBe("arguments")
    })

    it("are those of this version", () => {
        for (const order of [0, 13, 999]) expect(orderFault(order, [])).toBe("unknown")
    })

    it("confirm a wipe by the whole of the device's id", () => {
        expect(wipeArgs(Buffer.from("fedcba9876543210", "hex"))).toEqual([0xfedcba98, 0x76543210])
    })
})

it("a command says that it has no arguments in one way only", () => {
    const body = encodeCommand(command(CommandKind.report, []))
    const four = Buffer.concat([
        Buffer.from([body[0]! + 1]),
        body.subarray(1),
        Buffer.from([4, 0x80]),
    ])
    expect(decodeCommand(four)).toEqual({ kind: "reject", reason: "no-arguments" })
})
