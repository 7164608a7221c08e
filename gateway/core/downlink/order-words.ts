// Orders and answers of the wire in words and named fields, for people. Never where a fence lies.

import { CommandKind } from "../../../protocol/command.js"
import { AS_PROFILE } from "../../../protocol/order.js"
import { Answer } from "../../../protocol/response.js"
import type { OverBecause } from "./ports.js"

/** The profiles of firmware/logic/profile.ts by the numbers under which a tracker knows them. */
export const PROFILE_NAMES: ReadonlyMap<number, string> = new Map([
    [1, "live"],
    [2, "normal"],
    [3, "long-life"],
    [4, "bench"],
])

const NAMES: ReadonlyMap<number, string> = new Map([
    [CommandKind.hold, "hold"],
    [CommandKind.report, "report"],
    [CommandKind.profile, "profile"],
    [CommandKind.bounds, "bounds"],
    [CommandKind.heartbeat, "heartbeat"],
    [CommandKind.liveUntil, "live-until"],
    [CommandKind.circle, "fence"],
    [CommandKind.polygon, "fence"],
    [CommandKind.clearFence, "clear-fence"],
    [CommandKind.mandate, "mandate"],
    [CommandKind.wipe, "wipe"],
    [CommandKind.selfTest, "self-test"],
])

const REFUSALS: ReadonlyMap<number, string> = new Map([
    [Answer.unknownOrder, "its program does not know this order"],
    [Answer.argumentCount, "its program takes another number of arguments"],
    [Answer.argumentRange, "a value is out of its range, or a time has passed"],
    [Answer.expired, "it came too late"],
    [Answer.wrongMandate, "another mandate is in force there"],
    [Answer.mandateEnded, "the mandate has ended there"],
    [Answer.fencesFull, "no room for another fence of that kind"],
    [Answer.notConfirmed, "the wipe names another device"],
    [Answer.notKept, "its memory did not take it: nothing has changed"],
    [Answer.notSupported, "this board cannot"],
    [Answer.wiping, "it is being wiped"],
])

const OVER: Record<OverBecause, string> = {
    time: "its time was up",
    mandate: "its mandate had ended",
    superseded: "a later word about the mandate took its place",
}

/** Values by name; null is the profile's own, or none. Times are UTC in milliseconds. */
export type OrderFields = Record<string, number | string | null>

export function orderName(order: number): string {
    return NAMES.get(order) ?? `order ${order}`
}

/** Why the device did not obey; null where it did. */
export function refusalText(answer: number): string | null {
    if (answer === Answer.accepted) return null
    return REFUSALS.get(answer) ?? `for reason ${answer}, which this version does not know`
}

/** Why an order was given up. */
export function overText(because: OverBecause, was: "asked" | "waiting" | "sent"): string {
    if (was === "asked") return `${OVER[because]} before anybody approved it`
    if (was === "waiting") return `${OVER[because]} before the device was heard`
    return `${OVER[because]} before the device answered`
}

export function orderFields(order: number, args: readonly number[]): OrderFields {
    switch (order) {
        case CommandKind.circle:
            return { number: args[0]!, shape: "circle", fixes: args[1]!, seconds: args[2]! }
        case CommandKind.polygon:
            return { number: args[0]!, shape: "polygon", fixes: args[1]!, seconds: args[2]! }
        case CommandKind.clearFence:
            return { number: args[0] ?? null }
        case CommandKind.mandate:
            return { endMs: args[0]! * 1000 }
        default:
            return valuesOf(order, args)
    }
}

/** What a device says is in force after an order; undefined where it said nothing. */
export function inForceFields(order: number, values: readonly number[]): OrderFields | undefined {
    if (values.length === 0) return undefined
    switch (order) {
        case CommandKind.circle:
        case CommandKind.polygon:
        case CommandKind.clearFence:
            return { circles: values[0]!, polygons: values[1] ?? null }
        case CommandKind.mandate:
            return { endMs: values[0]! * 1000, isPast: values[1] ?? null }
        default:
            return valuesOf(order, values)
    }
}

/** Of orders whose answer names what was ordered. */
function valuesOf(order: number, values: readonly number[]): OrderFields {
    const value = (at: number) => {
        const given = values[at]
        return given === undefined || given === AS_PROFILE ? null : given
    }
    switch (order) {
        case CommandKind.hold:
        case CommandKind.heartbeat:
            return { seconds: value(0) }
        case CommandKind.profile:
            return { profile: PROFILE_NAMES.get(values[0]!) ?? values[0]! }
        case CommandKind.bounds:
            return { liveM: value(0), historyM: value(1) }
        case CommandKind.liveUntil:
            return { untilMs: values[0] ? values[0] * 1000 : null }
        default:
            return {}
    }
}
