// Who may tell a device what. A command to a tracker acts under a running mandate, was asked for by
// one member of the operation and approved by another; deny by default.

import { type Command, CommandKind, encodeCommand } from "../../../protocol/command.js"
import { BODY_BYTES_MAX } from "../../../protocol/limits.js"
import { orderFault, wipeArgs } from "../../../protocol/order.js"
import type { UnixMs } from "../../../protocol/units.js"
import type { CaseFile, Device, Mandate, Role } from "../domain/case-file.js"
import { runsAt } from "../domain/mandate.js"
import { InputError } from "../input-error.js"
import { mandateName } from "./mandate-name.js"
import type { NewCommand } from "./ports.js"

/** What a device is told and has not answered, at most; all fences at once and some more. */
export const OPEN_COMMANDS_MAX = 64
/** A command may wait for a device that sleeps for a week, and no longer. */
export const COMMAND_LIFE_MAX_MS = 7 * 86_400_000

const MAY_REQUEST: readonly Role[] = ["operator", "team-lead"]
const MAY_APPROVE: readonly Role[] = ["team-lead", "authorising-officer"]
/** For devices that follow nobody. */
const MAY_SERVICE: readonly Role[] = ["technician", "administrator"]

export interface CommandRequest {
    deviceId: string
    order: number
    args: readonly number[]
    requestedBy: string
    expiresAtMs: UnixMs
}

/**
 * The command that two people have agreed on, to be queued. Throws an InputError that names what is
 * wrong. `openCount`: commands of the device that have no answer yet.
 */
export function approvedCommand(
    caseFile: CaseFile,
    request: CommandRequest,
    approvedBy: string,
    openCount: number,
    nowMs: UnixMs,
): NewCommand {
    const { deviceId, order, requestedBy, expiresAtMs } = request
    const device = caseFile.devices.find((one) => one.id === deviceId)
    if (!device) throw new InputError(`device "${deviceId}": not in the registry`)
    if (order === CommandKind.mandate)
        throw new InputError(
            "order mandate: given by the gateway itself, as the mandate is recorded",
        )
    checkArguments(request, device)
    const lifeMs = expiresAtMs - nowMs
    if (lifeMs <= 0 || lifeMs > COMMAND_LIFE_MAX_MS)
        throw new InputError(`expiry in ${lifeMs} ms: expected 1 to ${COMMAND_LIFE_MAX_MS}`)
    if (openCount >= OPEN_COMMANDS_MAX)
        throw new InputError(`device ${deviceId}: ${OPEN_COMMANDS_MAX} commands wait already`)
    if (requestedBy === approvedBy)
        throw new InputError(
            `approval by "${approvedBy}": expected another person than asked for it`,
        )
    const mandate = device.use === "tracker" ? mandateFor(caseFile, request, nowMs) : undefined
    checkPerson(caseFile, mandate, requestedBy, mandate ? MAY_REQUEST : MAY_SERVICE)
    checkPerson(caseFile, mandate, approvedBy, mandate ? MAY_APPROVE : MAY_SERVICE)
    const command: NewCommand = {
        deviceId,
        mandateId: mandate?.id ?? null,
        order,
        args: [...request.args],
        requestedBy,
        approvedBy,
        createdAtMs: nowMs,
        expiresAtMs,
    }
    const bytes = encodeCommand(wireCommand(command)).length
    if (bytes > BODY_BYTES_MAX)
        throw new InputError(`command of ${bytes} bytes: expected ${BODY_BYTES_MAX} at most`)
    return command
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
    if (fault === "unknown") throw new InputError(`${given}: expected an order from 1 to 11`)
    if (fault === "arguments") throw new InputError(`${given}: expected another number of them`)
    if (fault === "range")
        throw new InputError(`${given}: out of range, see docs/protocol.md P-E64`)
    if (order !== CommandKind.wipe) return
    const own = wipeArgs(Buffer.from(device.id, "hex"))
    if (own.some((word, i) => word !== args[i]))
        throw new InputError(`${given}: expected the two words of device ${device.id} [${own}]`)
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
    const past = assigned
        .filter(({ fromMs }) => fromMs <= nowMs)
        .sort((a, b) => b.fromMs - a.fromMs)
        .flatMap(({ mandateId }) => of(mandateId) ?? [])
    if (order === CommandKind.wipe && past[0]) return past[0]
    throw new InputError(`device ${deviceId}: no mandate runs that it is assigned under`)
}

function checkPerson(
    caseFile: CaseFile,
    mandate: Mandate | undefined,
    userId: string,
    roles: readonly Role[],
): void {
    const user = caseFile.users.find((one) => one.id === userId)
    const mayByRole = user !== undefined && roles.includes(user.role)
    const isMember =
        mandate === undefined ||
        caseFile.memberships.some(
            (one) => one.userId === userId && one.operationId === mandate.operationId,
        )
    if (!mayByRole || !isMember)
        throw new InputError(`user "${userId}": expected a member who is ${roles.join(" or ")}`)
}
