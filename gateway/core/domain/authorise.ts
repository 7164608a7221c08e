import type { UnixMs } from "../../../protocol/units.js"
import type { CaseFile, Mandate, Role, Target, User } from "./case-file.js"
import { runningMandate } from "./mandate.js"

/** What somebody wants of an operation. Positions are the case data that a mandate guards. */
export type Purpose = "name-operation" | "see-positions"

/**
 * Roles that may do it, as members of the operation. An administrator, a technician and an auditor
 * see no positions whatever they are members of.
 */
const ROLES: Record<Purpose, readonly Role[]> = {
    "name-operation": ["operator", "team-lead", "authorising-officer", "custodian"],
    "see-positions": ["operator", "team-lead"],
}

/** Deny by default: the role allows it AND the user is a member of the operation. */
export function mayUse(
    caseFile: CaseFile,
    user: User,
    purpose: Purpose,
    operationId: string,
): boolean {
    const isMember = caseFile.memberships.some(
        (one) => one.userId === user.id && one.operationId === operationId,
    )
    return isMember && ROLES[purpose].includes(user.role)
}

export interface VisibleTarget {
    target: Target
    mandate: Mandate
}

/** The targets whose positions a user may see now: role AND membership AND a running mandate. */
export function visibleTargets(
    caseFile: CaseFile,
    user: User,
    operationId: string,
    nowMs: UnixMs,
): VisibleTarget[] {
    if (!mayUse(caseFile, user, "see-positions", operationId)) return []
    return targetsUnderMandate(caseFile, operationId, nowMs)
}

/** The targets of an operation whose mandate runs now, by name. */
export function targetsUnderMandate(
    caseFile: CaseFile,
    operationId: string,
    nowMs: UnixMs,
): VisibleTarget[] {
    return caseFile.targets.flatMap((target) => {
        if (target.operationId !== operationId) return []
        const mandate = runningMandate(caseFile, target.id, nowMs)
        return mandate ? [{ target, mandate }] : []
    })
}
