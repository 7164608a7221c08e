// Who may tell a device what, and see what it was told; deny by default.

import type { UnixMs } from "../../../protocol/units.js"
import type { CaseFile, Device, Mandate, Role, User } from "../domain/case-file.js"
import { OrderError } from "./order-error.js"

/** Two people for each order: one asks, another approves. */
export type OrderPart = "ask" | "approve"

/** To trackers, as members of the operation. */
const ROLES: Record<OrderPart, readonly Role[]> = {
    ask: ["operator", "team-lead"],
    approve: ["team-lead", "authorising-officer"],
}
/** To devices that follow nobody, either part. */
const SERVICE_ROLES: readonly Role[] = ["technician", "administrator"]

/** What of a device's orders somebody may see, and do. */
export interface OrderSight {
    device: Device
    /** Newest first; null for a device that follows nobody. */
    mandates: readonly Mandate[] | null
    mayAsk: boolean
}

/**
 * Undefined where a user may not know of the device's orders at all. Of a tracker those are seen that
 * were given under mandates of the user's own operations, also when these have ended: that it was
 * told to stop has to be seen.
 */
export function orderSight(
    caseFile: CaseFile,
    user: User,
    deviceId: string,
    nowMs: UnixMs,
): OrderSight | undefined {
    const device = caseFile.devices.find((one) => one.id === deviceId)
    if (!device) return undefined
    if (!isFollowing(device)) {
        const mayService = mayOrder(caseFile, undefined, user.id, "ask")
        return mayService ? { device, mandates: null, mayAsk: true } : undefined
    }
    const may = (part: OrderPart) => (mandate: Mandate) =>
        mayOrder(caseFile, mandate.operationId, user.id, part)
    const begun = begunMandates(caseFile, deviceId, nowMs)
    const mandates = begun.filter((one) => may("ask")(one) || may("approve")(one))
    if (mandates.length === 0) return undefined
    return { device, mandates, mayAsk: mandates.some(may("ask")) }
}

/** Throws an OrderError where this person may not. `mandate`: undefined for a device without one. */
export function checkPerson(
    caseFile: CaseFile,
    mandate: Mandate | undefined,
    userId: string,
    part: OrderPart,
): void {
    if (mayOrder(caseFile, mandate?.operationId, userId, part)) return
    const who = mandate ? "a member of the operation who is " : ""
    const roles = mandate ? ROLES[part] : SERVICE_ROLES
    throw new OrderError("not-allowed", `user "${userId}": expected ${who}${roles.join(" or ")}`)
}

/** By role, and as a member of the operation; `undefined` for devices that follow nobody. */
export function mayOrder(
    caseFile: CaseFile,
    operationId: string | undefined,
    userId: string,
    part: OrderPart,
): boolean {
    const user = caseFile.users.find((one) => one.id === userId)
    if (!user) return false
    if (operationId === undefined) return SERVICE_ROLES.includes(user.role)
    const isMember = caseFile.memberships.some(
        (one) => one.userId === userId && one.operationId === operationId,
    )
    return isMember && ROLES[part].includes(user.role)
}

/** Those that a device is or was assigned under, whether they run or have ended; newest first. */
export function begunMandates(caseFile: CaseFile, deviceId: string, nowMs: UnixMs): Mandate[] {
    const ids = caseFile.assignments
        .filter((one) => one.deviceId === deviceId && one.fromMs <= nowMs)
        .sort((a, b) => b.fromMs - a.fromMs)
        .map(({ mandateId }) => mandateId)
    return [...new Set(ids)].flatMap((id) =>
        caseFile.mandates.filter((one) => one.id === id && one.fromMs <= nowMs),
    )
}

/** Those that follow somebody act under a mandate; what stands on the bench or at a site does not. */
export function isFollowing(device: Device): boolean {
    return device.use === "tracker"
}
