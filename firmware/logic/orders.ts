// What the gateway has told the tracker to do, and what each further command makes of it [P-E64 to
// P-E67]. A command is obeyed as a whole or refused with a reason; either way it is answered.
//
// Orders belong to the mandate that they were given under. Before the first mandate order any name
// is taken: a unit on the bench and a sensor at a site have none. From then on a command acts under
// the mandate in force or is refused, and another mandate ends all that was ordered under the one
// before, fences too.

import { type Command, CommandKind } from "../../protocol/command.js"
import {
    CIRCLES_MAX,
    circleOf,
    type DeviceFence,
    POLYGONS_MAX,
    polygonOf,
} from "../../protocol/fence-order.js"
import { LIVE_AHEAD_MAX_S, orderFault, wipeArgs } from "../../protocol/order.js"
import { Answer } from "../../protocol/response.js"
import {
    countFences,
    hasFence,
    hasStamp,
    STAMP_MAX,
    withFence,
    withoutFence,
} from "./fence-list.js"
import { END_SEEN_FIXES, hasEnded } from "./mandate-watch.js"
import { isSameBytes } from "./nvm.js"
import { inForce } from "./orders-in-force.js"
import { newOverrides, type Overrides, overridesFault, profileOf } from "./profile.js"

/** A wipe waits so long for its answer to be held; then it happens all the same. */
export const WIPE_WAIT_S = 600

export interface Orders {
    /** Number of a profile; -1 while nobody has ordered one. */
    profile: number
    /** What was ordered beside the profile. */
    overrides: Overrides
    /** UTC in seconds until which it works as a live tracker; -1 for not at all. */
    liveUntilS: number
    /** The mandate in force as the gateway names it; empty before the first. */
    mandate: Buffer
    /** UTC in seconds at which it ends; -1 before the first. */
    mandateEndS: number
    /** Fixes in a row that showed the end to be past; from END_SEEN_FIXES on it stays past. */
    endSeen: number
    /** On the device's clock: when a wipe happens at the latest; -1 for none ordered. */
    wipeByS: number
    /** The newest stamp given out. */
    lastStamp: number
    /** What it watches (fence-list.ts). */
    fences: Buffer
}

/** What a command meets. */
export interface Circumstances {
    /** UTC in seconds. */
    utcS: number
    /** The device's clock, in whole seconds since the battery was fitted. */
    atS: number
    deviceId: Buffer
    /** The board's keys and queue can be overwritten for good. */
    canWipe: boolean
}

/** What there is to do besides keeping the memory: nothing unless the command was accepted. */
export type OrderEffect =
    | "none"
    | "settings"
    | "fences"
    | "mandate"
    | "report"
    | "self-test"
    | "wipe"

export interface Obeyed {
    memory: Orders
    /** One of Answer. */
    answer: number
    /** As the response names it. */
    inForce: number[]
    effect: OrderEffect
}

export function newOrders(): Orders {
    return {
        profile: -1,
        overrides: newOverrides(),
        liveUntilS: -1,
        mandate: Buffer.alloc(0),
        mandateEndS: -1,
        endSeen: 0,
        wipeByS: -1,
        lastStamp: 0,
        fences: Buffer.alloc(0),
    }
}

/** The orders after a command that opened, and the answer to it. The memory given is left as it is. */
export function obey(memory: Orders, command: Command, now: Circumstances): Obeyed {
    const refused = refusalOf(memory, command, now)
    if (refused !== Answer.accepted) return refusal(memory, command.order, refused, now.utcS)
    const next = copyOf(memory)
    const effect = apply(next, command, now)
    const values = inForce(next, command.order, now.utcS)
    return { memory: next, answer: Answer.accepted, inForce: values, effect: effect }
}

/** The answer to a command that was not obeyed. */
export function refusal(memory: Orders, order: number, answer: number, utcS: number): Obeyed {
    const values = inForce(memory, order, utcS)
    return { memory: memory, answer: answer, inForce: values, effect: "none" }
}

function refusalOf(memory: Orders, command: Command, now: Circumstances): number {
    const order = command.order
    if (now.utcS >= command.expiresAtS) return Answer.expired
    const fault = orderFault(order, command.args)
    if (fault === "unknown") return Answer.unknownOrder
    if (memory.wipeByS >= 0 && order !== CommandKind.wipe) return Answer.wiping
    if (order !== CommandKind.mandate) {
        if (!isUnder(memory, command.mandate)) return Answer.wrongMandate
        if (order !== CommandKind.wipe && hasEnded(memory, now.utcS)) return Answer.mandateEnded
    }
    if (fault === "arguments") return Answer.argumentCount
    if (fault === "range") return Answer.argumentRange
    if (order === CommandKind.profile)
        return profileOf(command.args[0]) === undefined ? Answer.argumentRange : Answer.accepted
    if (order === CommandKind.liveUntil) {
        const untilS = command.args[0]
        const isMeant = untilS === 0 || (untilS > now.utcS && untilS - now.utcS <= LIVE_AHEAD_MAX_S)
        return isMeant ? Answer.accepted : Answer.argumentRange
    }
    if (order === CommandKind.wipe) {
        if (!now.canWipe) return Answer.notSupported
        const own = wipeArgs(now.deviceId)
        const isOwn = own[0] === command.args[0] && own[1] === command.args[1]
        return isOwn ? Answer.accepted : Answer.notConfirmed
    }
    if (order === CommandKind.circle || order === CommandKind.polygon)
        return hasRoom(memory, order, command.args[0]) ? Answer.accepted : Answer.fencesFull
    return overridesFault(overridesAfter(memory.overrides, command)) === undefined
        ? Answer.accepted
        : Answer.argumentRange
}

/** Changes `next` as the command asks, which has been found in order. */
function apply(next: Orders, command: Command, now: Circumstances): OrderEffect {
    const order = command.order
    const args = command.args
    if (order === CommandKind.report) return "report"
    if (order === CommandKind.selfTest) return "self-test"
    if (order === CommandKind.wipe) {
        if (next.wipeByS < 0) next.wipeByS = now.atS + WIPE_WAIT_S
        return "wipe"
    }
    if (order === CommandKind.mandate) {
        if (!isSameBytes(next.mandate, command.mandate)) endAll(next)
        next.mandate = command.mandate
        next.mandateEndS = args[0]
        next.endSeen = args[0] <= now.utcS ? END_SEEN_FIXES : 0
        return "mandate"
    }
    if (order === CommandKind.circle) return setFence(next, circleOf(args))
    if (order === CommandKind.polygon) return setFence(next, polygonOf(args))
    if (order === CommandKind.clearFence) {
        const isAll = args.length === 0
        next.fences = isAll ? Buffer.alloc(0) : withoutFence(next.fences, args[0])
        return "fences"
    }
    if (order === CommandKind.profile) {
        next.profile = args[0]
        next.overrides = newOverrides()
    } else if (order === CommandKind.liveUntil) {
        next.liveUntilS = args[0] === 0 ? -1 : args[0]
    } else next.overrides = overridesAfter(next.overrides, command)
    return "settings"
}

function overridesAfter(before: Overrides, command: Command): Overrides {
    const args = command.args
    const after: Overrides = {
        liveBoundM: before.liveBoundM,
        historyBoundM: before.historyBoundM,
        holdS: before.holdS,
        heartbeatS: before.heartbeatS,
    }
    if (command.order === CommandKind.hold) after.holdS = args[0]
    else if (command.order === CommandKind.heartbeat) after.heartbeatS = args[0]
    else if (command.order === CommandKind.bounds) {
        after.liveBoundM = args[0]
        after.historyBoundM = args[1]
    }
    return after
}

/** A fence that is told once more as it stands keeps its stamp, so its side is not asked anew. */
function setFence(next: Orders, fence: DeviceFence | "arguments" | "range"): OrderEffect {
    if (fence === "arguments" || fence === "range") return "none"
    if (hasFence(next.fences, fence)) return "none"
    next.lastStamp = nextStamp(next)
    next.fences = withFence(next.fences, fence, next.lastStamp)
    return "fences"
}

/** There are more stamps than fences: one of them is free. */
function nextStamp(memory: Orders): number {
    let stamp = stampAfter(memory.lastStamp)
    while (hasStamp(memory.fences, stamp)) stamp = stampAfter(stamp)
    return stamp
}
function stampAfter(stamp: number): number {
    return stamp >= STAMP_MAX ? 1 : stamp + 1
}

function hasRoom(memory: Orders, order: number, number: number): boolean {
    const isRound = order === CommandKind.circle
    const others = withoutFence(memory.fences, number)
    return countFences(others, isRound) < (isRound ? CIRCLES_MAX : POLYGONS_MAX)
}

function isUnder(memory: Orders, mandate: Buffer): boolean {
    return memory.mandate.length === 0 || isSameBytes(memory.mandate, mandate)
}

/** Nothing ordered under one mandate goes on under another. */
function endAll(next: Orders): void {
    next.profile = -1
    next.overrides = newOverrides()
    next.liveUntilS = -1
    next.fences = Buffer.alloc(0)
}

function copyOf(memory: Orders): Orders {
    return {
        profile: memory.profile,
        overrides: memory.overrides,
        liveUntilS: memory.liveUntilS,
        mandate: memory.mandate,
        mandateEndS: memory.mandateEndS,
        endSeen: memory.endSeen,
        wipeByS: memory.wipeByS,
        lastStamp: memory.lastStamp,
        fences: memory.fences,
    }
}
