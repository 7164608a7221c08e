// What a device may be told. A command to a tracker acts under a running mandate, was asked for by one
// member of the operation and approved by another; deny by default.

import { type Command, CommandKind, encodeCommand } from "../../../protocol/command.js"
import { BODY_BYTES_MAX } from "../../../protocol/limits.js"
import { orderFault, wipeArgs } from "../../../protocol/order.js"
import type { UnixMs } from "../../../protocol/units.js"
import type { CaseFile, Device, Mandate } from "../domain/case-file.js"
import { runsAt } from "../domain/mandate.js"
import { mandateName } from "./mandate-name.js"
import { OrderError } from "./order-error.js"
import { begunMandates, checkPerson, isFollowing } from "./order-people.js"
import type { NewCommand, QueuedCommand } from "./ports.js"

/** What a device is told and has not answered, at most; all fences at once and some more. */
export const OPEN_COMMANDS_MAX = 64
/** A command may wait for a device that sleeps for a week, and no longer. */
export const COMMAND_LIFE_MAX_MS = 7 * 86_400_000

export interface CommandRequest {
    deviceId: string
    order: number
    args: readonly number[]
    requestedBy: string
    expiresAtMs: UnixMs
}

/**
 * The command as one person asks for it, for another to approve. Throws an OrderError that names what
 * is wrong. `openCount`: commands of the device that wait for an approval or an answer.
 */
export function requestedCommand(
    caseFile: CaseFile,
    request: CommandRequest,
    openCount: number,
    nowMs: UnixMs,
): NewCommand {
    const { deviceId, order, requestedBy, expiresAtMs } = request
    const device = caseFile.devices.find((one) => one.id === deviceId)
    if (!device) throw new OrderError("not-allowed", `device "${deviceId}": not in the registry`)
    if (order === CommandKind.mandate)
        throw new OrderError(
            "input",
            "order mandate: given by the gateway itself, as the mandate is recorded",
        )
    checkArguments(request, device)
    const lifeMs = expiresAtMs - nowMs
    if (lifeMs <= 0 || lifeMs > COMMAND_LIFE_MAX_MS)
        throw new OrderError(
            "input",
            `expiresAtMs: given ${expiresAtMs}, ${lifeMs} ms ahead, expected 1 to ${COMMAND_LIFE_MAX_MS}`,
        )
    if (openCount >= OPEN_COMMANDS_MAX)
        throw new OrderError(
            "conflict",
            `device ${deviceId}: ${OPEN_COMMANDS_MAX} commands wait already`,
        )
    const mandate = isFollowing(device) ? mandateFor(caseFile, request, nowMs) : undefined
    checkPerson(caseFile, mandate, requestedBy, "ask")
    const command: NewCommand = {
        deviceId,
        mandateId: mandate?.id ?? null,
        order,
        args: [...request.args],
        requestedBy,
        createdAtMs: nowMs,
        expiresAtMs,
    }
    const bytes = encodeCommand(wireCommand(command)).length
    if (bytes > BODY_BYTES_MAX)
        throw new OrderError(
            "input",
            `command of ${bytes} bytes: expected ${BODY_BYTES_MAX} at most`,
        )
    return command
}

/**
 * Throws an OrderError where this person may not approve the command, or nobody may any more: all
 * that held when it was asked for must hold now.
 */
export function checkApproval(
    caseFile: CaseFile,
    command: QueuedCommand,
    approvedBy: string,
    nowMs: UnixMs,
): void {
    const { id, deviceId, mandateId, requestedBy, expiresAtMs, state } = command
    if (state !== "asked" || requestedBy === null)
        throw new OrderError("conflict", `order ${id}: is ${state}, expected one that is asked`)
    if (requestedBy === approvedBy)
        throw new OrderError(
            "not-allowed",
            `approval by "${approvedBy}": expected another person than asked for it`,
        )
    if (nowMs >= expiresAtMs)
        throw new OrderError("conflict", `order ${id}: its time is up, expected a new one`)
    const device = caseFile.devices.find((one) => one.id === deviceId)
    const mandate = caseFile.mandates.find((one) => one.id === mandateId)
    const isOfOldUse = !device || isFollowing(device) !== (mandate !== undefined)
    if (isOfOldUse || !isStillLawful(caseFile, command, nowMs))
        throw new OrderError("conflict", `order ${id}: its mandate runs no more`)
    checkPerson(caseFile, mandate, requestedBy, "ask")
    checkPerson(caseFile, mandate, approvedBy, "approve")
}

/** As it is sealed. */
export function wireCommand(command: NewCommand): Command {
    return {
        kind: "command",
        expiresAtS: Math.floor(command.expiresAtMs / 1000),
        mandate: mandateName(command.mandateId),
        order: command.order,
        args: [...command.args],
    }
}

/** Whether a command that waits may still be told: what it acts under must hold now, too. */
export function isStillLawful(caseFile: CaseFile, command: NewCommand, nowMs: UnixMs): boolean {
    if (command.mandateId === null || outlivesMandate(command.order)) return true
    return caseFile.assignments.some(
        (one) =>
            one.deviceId === command.deviceId &&
            one.mandateId === command.mandateId &&
            runsAt(one, nowMs) &&
            caseFile.mandates.some(
                (mandate) => mandate.id === one.mandateId && runsAt(mandate, nowMs),
            ),
    )
}

/** The end of a mandate has to be told after it, and a device is wiped when it is given up. */
function outlivesMandate(order: number): boolean {
    return order === CommandKind.mandate || order === CommandKind.wipe
}

function checkArguments({ order, args }: CommandRequest, device: Device): void {
    const given = `order ${order} with arguments [${args.join(", ")}]`
    const fault = orderFault(order, [...args])
    if (fault === "unknown")
        throw new OrderError("input", `${given}: expected an order from 1 to 11`)
    if (fault === "arguments")
        throw new OrderError("input", `${given}: expected another number of them`)
    if (fault === "range")
        throw new OrderError("input", `${given}: out of range, see docs/protocol.md P-E64`)
    if (order !== CommandKind.wipe) return
    const own = wipeArgs(Buffer.from(device.id, "hex"))
    if (own.some((word, i) => word !== args[i]))
        throw new OrderError(
            "input",
            `${given}: expected the two words of device ${device.id} [${own}]`,
        )
}

/** The one that runs now; for a wipe also the last that ran. */
function mandateFor(caseFile: CaseFile, request: CommandRequest, nowMs: UnixMs): Mandate {
    const { deviceId, order } = request
    const assigned = caseFile.assignments.filter((one) => one.deviceId === deviceId)
    const of = (id: string) => caseFile.mandates.find((one) => one.id === id)
    for (const assignment of assigned) {
        const mandate = of(assignment.mandateId)
        if (mandate && runsAt(assignment, nowMs) && runsAt(mandate, nowMs)) return mandate
    }
    const [last] = begunMandates(caseFile, deviceId, nowMs)
    if (order === CommandKind.wipe && last) return last
    throw new OrderError(
        "not-allowed",
        `device ${deviceId}: no mandate runs that it is assigned under`,
    )
}
