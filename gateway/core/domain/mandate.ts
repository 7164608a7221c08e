import type { Deg, UnixMs } from "../../../protocol/units.js"
import { boundaryDistanceM } from "../geofence/boundary.js"
import type { Assignment, CaseFile, Mandate } from "./case-file.js"

export interface FixInTime {
    deviceId: string
    /** When the receiver fixed it. */
    atMs: UnixMs
    /** When the gateway received it. */
    receivedAtMs: UnixMs
    /** Where; undefined for evidence that names no place. */
    latDeg?: Deg
    lonDeg?: Deg
}

/** What begins at `fromMs` and has ended at `toMs`; null for no end yet. */
type Run = Pick<Assignment, "fromMs" | "toMs">
/** Both ends included. */
interface Span {
    fromMs: UnixMs
    toMs: UnixMs
}

/** The authorisation under which a fix may be opened. */
export interface Cover {
    mandate: Mandate
    targetId: string
    operationId: string
    /** Fixed while the mandate ran, received after its end: kept, and marked. */
    isLate: boolean
}

/**
 * The one decision whether a fix is inside its mandate: the device was assigned to the target under
 * a mandate, and both ran at the time of the fix. Undefined means that the position must not be
 * opened, stored, derived from, logged or sent.
 *
 * A mandate runs from `fromMs` on and has ended at `toMs`. A fix that claims a time inside but was
 * received before mandate and assignment began comes from a wrong clock, and is not covered. The place is
 * looked at last, and only where the mandate is limited to an area; what names no place is then not
 * covered, for nobody can tell that it was inside.
 */
export function coverOf(caseFile: CaseFile, fix: FixInTime): Cover | undefined {
    for (const assignment of caseFile.assignments) {
        if (assignment.deviceId !== fix.deviceId || !runsAt(assignment, fix.atMs)) continue
        const mandate = caseFile.mandates.find((one) => one.id === assignment.mandateId)
        if (!mandate || mandate.targetId !== assignment.targetId) continue
        const beganMs = Math.max(mandate.fromMs, assignment.fromMs)
        if (!runsAt(mandate, fix.atMs) || fix.receivedAtMs < beganMs) continue
        if (mandate.area && !isInside(mandate.area, fix)) continue
        return {
            mandate,
            targetId: assignment.targetId,
            operationId: mandate.operationId,
            isLate: fix.receivedAtMs >= mandate.toMs,
        }
    }
    return undefined
}

function isInside(area: NonNullable<Mandate["area"]>, { latDeg, lonDeg }: FixInTime): boolean {
    if (latDeg === undefined || lonDeg === undefined) return false
    return boundaryDistanceM(area, { latDeg, lonDeg }) <= 0
}

/** The mandate under which a target may be looked at now, or undefined. */
export function runningMandate(
    caseFile: CaseFile,
    targetId: string,
    nowMs: UnixMs,
): Mandate | undefined {
    return caseFile.mandates.find((one) => one.targetId === targetId && runsAt(one, nowMs))
}

/** The part of a span in which a mandate or an assignment ran; empty (to before from) for none. */
export function partUnder(run: Run, { fromMs, toMs }: Span): Span {
    return {
        fromMs: Math.max(fromMs, run.fromMs) as UnixMs,
        toMs: (run.toMs === null ? toMs : Math.min(toMs, run.toMs - 1)) as UnixMs,
    }
}

export function runsAt(run: Run, atMs: UnixMs): boolean {
    return atMs >= run.fromMs && (run.toMs === null || atMs < run.toMs)
}
