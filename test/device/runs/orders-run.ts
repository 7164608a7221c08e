// A tracker under orders, a command or a fix at a time: what is answered, what is in force and which
// fence is crossed, as lines. Runs on Node and on the tracker's machine, which must decide alike.

import { withFence } from "../../../firmware/logic/fence-list.js"
import {
    fenceWatchOf,
    fenceWatchRow,
    newFenceWatch,
    watchFences,
} from "../../../firmware/logic/fence-watch.js"
import { mayReport, noteFixTime } from "../../../firmware/logic/mandate-watch.js"
import type { Nvm } from "../../../firmware/logic/nvm.js"
import { newOrders, type Orders, obey } from "../../../firmware/logic/orders.js"
import { profileInForce } from "../../../firmware/logic/orders-in-force.js"
import { packOrders, unpackOrders } from "../../../firmware/logic/orders-packing.js"
import {
    type Command,
    CommandKind,
    decodeCommand,
    encodeCommand,
} from "../../../protocol/command.js"
import {
    CIRCLES_MAX,
    CORNERS_MAX,
    type DeviceFence,
    fenceArgs,
    POLYGONS_MAX,
} from "../../../protocol/fence-order.js"
import type { Fix } from "../../../protocol/fix.js"
import { wipeArgs } from "../../../protocol/order.js"
import { decodeResponse, encodeResponse } from "../../../protocol/response.js"
import { Sequence } from "./agreement-run.js"

export const ORDER_STEPS = 600
const DEVICE_ID = Buffer.from("00112233445566aa", "hex")
const START_S = 1900000000
const ORDERS = 13

export class OrdersRun {
    private random: Sequence
    private orders: Orders = newOrders()
    private watch = newFenceWatch()
    private utcS = START_S
    private atS = 1000

    constructor(private seed: number) {
        this.random = new Sequence(seed)
    }

    /** A command, and then a few fixes. */
    next(): string {
        this.utcS += 1 + this.random.below(400)
        this.atS += 1
        const line = this.command()
        return line + this.fixes()
    }

    private command(): string {
        const made: Command = {
            kind: "command",
            expiresAtS: this.utcS + this.random.below(50) - 2,
            mandate: Buffer.from([77, this.random.below(40) === 0 ? 2 : 1]),
            order: this.random.below(ORDERS),
            args: [],
        }
        made.args = this.args(made.order)
        const read = decodeCommand(encodeCommand(made))
        if (read.kind === "reject") return `reject ${read.reason} `
        const obeyed = obey(this.orders, read, {
            utcS: this.utcS,
            atS: this.atS,
            deviceId: DEVICE_ID,
            canWipe: this.seed > 1,
        })
        this.orders = obeyed.memory
        const packed = packOrders(this.orders)
        const back = unpackOrders(packed)
        if (back !== undefined) this.orders = back
        const response = encodeResponse({
            kind: "response",
            session: 3,
            counter: this.atS,
            order: read.order,
            answer: obeyed.answer,
            atS: this.utcS,
            inForce: obeyed.inForce,
        })
        const profile = profileInForce(this.orders, this.utcS)
        return (
            `${response.toString("hex")} ${decodeResponse(response).kind} ${obeyed.effect} ` +
            `${profile.number} ${profile.liveBoundM} ${profile.holdS} ${packed.toString("hex")} `
        )
    }

    private args(order: number): number[] {
        const pick = this.random.below(30)
        if (pick === 0) return [this.random.next(), -this.random.next()]
        if (order === CommandKind.hold) return [this.random.below(90) - 2]
        if (order === CommandKind.profile) return [this.random.below(6)]
        if (order === CommandKind.bounds) return [this.random.below(90), this.random.below(90) - 1]
        if (order === CommandKind.heartbeat) return [50 + this.random.below(900)]
        if (order === CommandKind.liveUntil) return [this.utcS + this.random.below(900) - 90]
        if (order === CommandKind.circle)
            return fenceArgs(aCircle(this.random.below(20), this.random.below(3000)))
        if (order === CommandKind.polygon)
            return fenceArgs(aPolygon(100 + this.random.below(9), 3 + this.random.below(10)))
        if (order === CommandKind.clearFence) return pick === 1 ? [] : [this.random.below(120)]
        if (order === CommandKind.mandate) return [this.utcS + this.random.below(20000) - 100]
        // Rare: nothing is obeyed after it.
        if (order === CommandKind.wipe)
            return this.seed === 3 && pick < 4 ? wipeArgs(DEVICE_ID) : [1, 2]
        return []
    }

    private fixes(): string {
        let line = ""
        for (let i = 0; i < 3; i++) {
            this.utcS += 1
            const fix = aFixAt(
                this.utcS,
                47000000 + this.random.below(30000) - 15000,
                9000000 + this.random.below(60000) - 30000,
                1 + this.random.below(300),
            )
            this.orders = noteFixTime(this.orders, this.utcS)
            if (!mayReport(this.orders, this.utcS)) {
                line += "silent "
                continue
            }
            const watched = watchFences(this.watch, this.orders.fences, fix)
            this.watch = fenceWatchOf(fenceWatchRow(watched.memory))
            for (const one of watched.crossings) line += `fence ${one.number} ${one.side} `
        }
        return line
    }
}

/** Memory as the drivers offer it, without a part behind. */
export class MemoryNvm implements Nvm {
    readonly size = 12288
    private bytes = Buffer.alloc(this.size)

    read(at: number, count: number): Buffer {
        return this.bytes.slice(at, at + count)
    }
    write(at: number, bytes: Buffer): void {
        this.bytes.set(bytes, at)
    }
}

/** As many fences as there may be, all around the fix of `fullestFix`, with no line near it. */
export function fullestOrders(): Orders {
    const orders = newOrders()
    for (let i = 0; i < CIRCLES_MAX; i++)
        orders.fences = withFence(orders.fences, aCircle(i, 9000 + i), 1 + i)
    for (let i = 0; i < POLYGONS_MAX; i++)
        orders.fences = withFence(orders.fences, aPolygon(100 + i, CORNERS_MAX), 100 + i)
    orders.mandate = Buffer.from("0102030405060708090a0b0c0d0e0f10", "hex")
    orders.mandateEndS = 4294967295
    orders.liveUntilS = 4294967295
    orders.wipeByS = 4294967295
    orders.lastStamp = 4095
    orders.profile = 4
    return orders
}
/** In place of one of them. */
export function replacedPolygon(): DeviceFence {
    return aPolygon(100 + POLYGONS_MAX - 1, CORNERS_MAX - 1)
}
export function fullestFix(second: number): Fix {
    return aFixAt(START_S + second, 47005000, 9000000, 20)
}

function aCircle(number: number, radiusM: number): DeviceFence {
    return {
        number: number,
        dwellFixes: 1 + (number & 1),
        dwellS: number & 2,
        northNm: 111173482,
        eastNm: 76056220,
        eastSlopeNm: -1419047,
        latUdeg: 47000000,
        lonUdeg: 9000000,
        radiusM: radiusM,
        unitUdeg: 1,
        norths: [],
        easts: [],
    }
}

/** A ring that is as wide as it is high, its first corner in the south. */
function aPolygon(number: number, corners: number): DeviceFence {
    const norths: number[] = []
    const easts: number[] = []
    for (let i = 1; i < corners; i++) {
        const half = corners / 2
        const up = i < half ? i : corners - i
        norths.push(Math.floor((up * 20000) / half))
        easts.push((i < half ? 1 : -1) * (2000 + 900 * up))
    }
    return {
        number: number,
        dwellFixes: 2,
        dwellS: 0,
        northNm: 111173482,
        eastNm: 76056220,
        eastSlopeNm: 0,
        latUdeg: 46995000,
        lonUdeg: 9000000,
        radiusM: 0,
        unitUdeg: 1 + (corners & 1),
        norths: norths,
        easts: easts,
    }
}

function aFixAt(utcS: number, latUdeg: number, lonUdeg: number, accuracyDm: number): Fix {
    return {
        kind: "fix",
        timeDs: utcS * 10,
        latUdeg: latUdeg,
        lonUdeg: lonUdeg,
        altM: 450,
        speedDmps: 0,
        courseDeg: 0,
        accuracyDm: accuracyDm,
        satellites: 9,
    }
}
