// What the mandates in the registry mean for what a device has been told. The device stops by itself at
// the end that it knows; so a mandate that begins, is extended, is cut short or changes hands has to
// reach it. Nobody asks for these orders: the record of the mandate is the authority.

import type { UnixMs } from "../../../protocol/units.js"
import type { Assignment, CaseFile, Mandate } from "../domain/case-file.js"
import { runsAt } from "../domain/mandate.js"

/** Ends later than this are told as this: seconds of UTC in 32 bits. */
const END_MAX_S = 0xffffffff

/** A mandate order as it was given, or is to be given. */
export interface MandateOrder {
    mandateId: string
    /** UTC in seconds. */
    endS: number
}

/**
 * The mandate order that a tracker lacks, or undefined. `told`: the newest that is open or was
 * accepted. A device whose mandate no longer runs is told an end that has come.
 */
export function mandateOrderDue(
    caseFile: CaseFile,
    deviceId: string,
    told: MandateOrder | undefined,
    nowMs: UnixMs,
): MandateOrder | undefined {
    const device = caseFile.devices.find((one) => one.id === deviceId)
    if (device?.use !== "tracker") return undefined
    const running = runningFor(caseFile, deviceId, nowMs)
    const current = running.find(({ mandateId }) => mandateId === told?.mandateId) ?? running[0]
    if (current)
        return current.mandateId === told?.mandateId && current.endS === told.endS
            ? undefined
            : current
    if (!told || told.endS * 1000 <= nowMs) return undefined
    return { mandateId: told.mandateId, endS: Math.floor(nowMs / 1000) }
}

function runningFor(caseFile: CaseFile, deviceId: string, nowMs: UnixMs): MandateOrder[] {
    return caseFile.assignments.flatMap((assignment) => {
        if (assignment.deviceId !== deviceId || !runsAt(assignment, nowMs)) return []
        const mandate = caseFile.mandates.find(
            (one) => one.id === assignment.mandateId && one.targetId === assignment.targetId,
        )
        if (!mandate || !runsAt(mandate, nowMs)) return []
        return [{ mandateId: mandate.id, endS: endOf(assignment, mandate) }]
    })
}

/** Whichever ends first; a part of a second is not used. */
function endOf(assignment: Assignment, mandate: Mandate): number {
    const endMs = Math.min(mandate.toMs, assignment.toMs ?? Number.POSITIVE_INFINITY)
    return Math.min(END_MAX_S, Math.floor(endMs / 1000))
}
