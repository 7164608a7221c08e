// What the arguments of an order must be [P-E64]. The gateway asks before it queues a command, the
// tracker before it obeys; neither believes the other.

import { CommandKind } from "./command.js"
import { circleOf, FENCE_NUMBER_MAX, polygonOf } from "./fence-order.js"

/** Leaves to the profile what an order had set. */
export const AS_PROFILE = -1
/** Further ahead than a day a live tracker on batteries would be a slip. */
export const LIVE_AHEAD_MAX_S = 86400
const UTC_MAX_S = 0xffffffff
const PROFILE_MAX = 255

interface ArgumentRange {
    least: number
    most: number
    /** AS_PROFILE may stand in place of a value. */
    mayLeave: boolean
}

const HOLD: ArgumentRange = { least: 1, most: 86400, mayLeave: true }
const PROFILE: ArgumentRange = { least: 1, most: PROFILE_MAX, mayLeave: false }
const LIVE_BOUND: ArgumentRange = { least: 0, most: 10000, mayLeave: true }
const HISTORY_BOUND: ArgumentRange = { least: 0, most: 1000, mayLeave: true }
const HEARTBEAT: ArgumentRange = { least: 60, most: 604800, mayLeave: true }
const UTC: ArgumentRange = { least: 0, most: UTC_MAX_S, mayLeave: false }
const FENCE: ArgumentRange = { least: 0, most: FENCE_NUMBER_MAX, mayLeave: false }
const WORD: ArgumentRange = { least: 0, most: 0xffffffff, mayLeave: false }

/**
 * What is wrong with an order's arguments by themselves, or undefined. "unknown": there is no such
 * order in this version.
 */
export function orderFault(
    order: number,
    args: number[],
): "unknown" | "arguments" | "range" | undefined {
    if (order === CommandKind.circle) return faultOf(circleOf(args))
    if (order === CommandKind.polygon) return faultOf(polygonOf(args))
    const ranges = rangesOf(order, args.length)
    if (ranges === undefined) return "unknown"
    if (args.length !== ranges.length) return "arguments"
    for (let i = 0; i < ranges.length; i++) {
        const range = ranges[i]
        if (range.mayLeave && args[i] === AS_PROFILE) continue
        if (args[i] < range.least || args[i] > range.most) return "range"
    }
    return undefined
}

/** What makes a wipe a wipe of this device: its id, as two numbers of 32 bits. */
export function wipeArgs(deviceId: Buffer): number[] {
    return [word(deviceId, 0), word(deviceId, 4)]
}

function rangesOf(order: number, count: number): ArgumentRange[] | undefined {
    if (order === CommandKind.hold) return [HOLD]
    if (order === CommandKind.report || order === CommandKind.selfTest) return []
    if (order === CommandKind.profile) return [PROFILE]
    if (order === CommandKind.bounds) return [LIVE_BOUND, HISTORY_BOUND]
    if (order === CommandKind.heartbeat) return [HEARTBEAT]
    if (order === CommandKind.liveUntil) return [UTC]
    if (order === CommandKind.clearFence) return count === 0 ? [] : [FENCE]
    if (order === CommandKind.mandate) return [UTC]
    if (order === CommandKind.wipe) return [WORD, WORD]
    return undefined
}
function faultOf(fence: object | "arguments" | "range"): "arguments" | "range" | undefined {
    return fence === "arguments" || fence === "range" ? fence : undefined
}
function word(bytes: Buffer, at: number): number {
    let value = 0
    for (let i = 0; i < 4; i++) value = value * 256 + bytes[at + i]
    return value
}
