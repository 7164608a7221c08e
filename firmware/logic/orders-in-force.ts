// What a tracker does under its orders: the profile that they come to, and how a response names it.

import { CommandKind } from "../../protocol/command.js"
import { countFences } from "./fence-list.js"
import { hasEnded } from "./mandate-watch.js"
import type { Orders } from "./orders.js"
import {
    newOverrides,
    type Overrides,
    overridesFault,
    PROFILE_DEFAULT,
    PROFILES,
    type Profile,
    ProfileNumber,
    profileOf,
    withOverrides,
} from "./profile.js"

/**
 * The profile as ordered. Until `liveUntilS` it is the live one: bounds that were ordered hold there
 * too, a hold or a heartbeat for months does not. While the time is unknown (`utcS` -1) live has not
 * begun: the first fix tells.
 */
export function profileInForce(orders: Orders, utcS: number): Profile {
    if (!isLive(orders, utcS)) return ordered(orders.profile, orders.overrides)
    const bounds = newOverrides()
    // A live channel that was closed for thrift is open while somebody watches.
    if (orders.overrides.liveBoundM > 0) bounds.liveBoundM = orders.overrides.liveBoundM
    bounds.historyBoundM = orders.overrides.historyBoundM
    return ordered(ProfileNumber.live, bounds)
}

/** The values that a response to such an order carries; none for those that set nothing. */
export function inForce(orders: Orders, order: number, utcS: number): number[] {
    const own = ordered(orders.profile, orders.overrides)
    if (order === CommandKind.hold) return [own.holdS]
    if (order === CommandKind.profile) return [own.number]
    if (order === CommandKind.bounds) return [own.liveBoundM, own.historyBoundM]
    if (order === CommandKind.heartbeat) return [own.heartbeatS]
    if (order === CommandKind.liveUntil) return [Math.max(0, orders.liveUntilS)]
    if (order === CommandKind.mandate)
        return [Math.max(0, orders.mandateEndS), hasEnded(orders, utcS) ? 1 : 0]
    if (isFenceOrder(order))
        return [countFences(orders.fences, true), countFences(orders.fences, false)]
    return []
}

function isLive(orders: Orders, utcS: number): boolean {
    return utcS >= 0 && utcS < orders.liveUntilS
}
function isFenceOrder(order: number): boolean {
    return (
        order === CommandKind.circle ||
        order === CommandKind.polygon ||
        order === CommandKind.clearFence
    )
}
/** Orders are checked when they come and when they are read back: what does not fit is not there. */
function ordered(number: number, overrides: Overrides): Profile {
    const chosen = profileOf(number)
    const base = chosen === undefined ? PROFILES[PROFILE_DEFAULT - 1] : chosen
    return overridesFault(overrides) === undefined ? withOverrides(base, overrides) : base
}
