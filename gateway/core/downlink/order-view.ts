// A device's orders as people see them.

import type { UnixMs } from "../../../protocol/units.js"
import type { CaseFile } from "../domain/case-file.js"
import { overBecause } from "./delivery.js"
import { mayOrder } from "./order-people.js"
import {
    inForceFields,
    type OrderFields,
    orderFields,
    orderName,
    overText,
    refusalText,
} from "./order-words.js"
import type { OverBecause, QueuedCommand } from "./ports.js"

/**
 * asked: waits for another person's approval. waiting: for the device to be heard. sent: told, not
 * answered yet. answered: obeyed. refused: by the device. expired: given up.
 */
export type OrderState = "asked" | "waiting" | "sent" | "answered" | "refused" | "expired"

export interface OrderView {
    id: number
    /** hold, report, self-test, profile, bounds, heartbeat, live-until, fence, clear-fence, mandate or wipe. */
    order: string
    fields: OrderFields
    state: OrderState
    /** Why it is refused or expired, in words; else null. */
    reason: string | null
    /** What the device says is in force after it; null where it has said nothing. */
    inForce: OrderFields | null
    /** Reference; null for a device that needs none. */
    mandate: string | null
    /** Names; null for both where the mandate itself gave the order. */
    askedBy: string | null
    approvedBy: string | null
    askedAtMs: UnixMs
    expiresAtMs: UnixMs
    /** The last time. */
    toldAtMs: UnixMs | null
    /** When the device decided, by its own time. */
    decidedAtMs: UnixMs | null
    /** It waits for an approval that this viewer may give. */
    mayApprove: boolean
}

/** As `userId` sees it. */
export function orderView(
    caseFile: CaseFile,
    command: QueuedCommand,
    userId: string,
    nowMs: UnixMs,
): OrderView {
    const { id, order, args, answer, told, requestedBy } = command
    const { state, reason } = outcomeOf(caseFile, command, nowMs)
    const mandate = caseFile.mandates.find((one) => one.id === command.mandateId)
    const isAnothers = state === "asked" && requestedBy !== userId
    return {
        id,
        order: orderName(order),
        fields: orderFields(order, args),
        state,
        reason,
        inForce: (answer && inForceFields(order, answer.inForce)) ?? null,
        mandate: mandate?.reference ?? command.mandateId,
        askedBy: nameOf(caseFile, command.requestedBy),
        approvedBy: nameOf(caseFile, command.approvedBy),
        askedAtMs: command.createdAtMs,
        expiresAtMs: command.expiresAtMs,
        toldAtMs: told?.atMs ?? null,
        decidedAtMs: answer?.decidedAtMs ?? null,
        mayApprove: isAnothers && mayOrder(caseFile, mandate?.operationId, userId, "approve"),
    }
}

/** What the queue has not noticed yet, since the device was not heard, is said all the same. */
function outcomeOf(
    caseFile: CaseFile,
    command: QueuedCommand,
    nowMs: UnixMs,
): { state: OrderState; reason: string | null } {
    if (command.answer) {
        const reason = refusalText(command.answer.answer)
        return { state: reason === null ? "answered" : "refused", reason }
    }
    const stage = stageOf(command)
    const over: OverBecause | undefined =
        command.overBecause ?? overBecause(caseFile, command, nowMs)
    if (over) return { state: "expired", reason: overText(over, stage) }
    return { state: stage, reason: null }
}

/** How far it has come, or had come when it was given up. */
function stageOf({ requestedBy, approvedBy, told }: QueuedCommand): "asked" | "waiting" | "sent" {
    if (requestedBy !== null && approvedBy === null) return "asked"
    return told ? "sent" : "waiting"
}

function nameOf(caseFile: CaseFile, userId: string | null): string | null {
    return caseFile.users.find((one) => one.id === userId)?.name ?? userId
}
