import type { CaseAdditions } from "../../gateway/adapters/registry/sqlite-registry.js"
import type { Role, User } from "../../gateway/core/domain/case-file.js"
import type { FenceShape } from "../../protocol/live.js"
import { unixMs } from "../../protocol/units.js"

export const OPERATION_ID = "op-harbour"
export const TARGET_ID = "target-van"
export const MANDATE_ID = "mandate-1"
export const FENCE_ID = "fence-gate"
export const OPERATOR_ID = "operator"
export const DEVICE_ID = "00112233445566aa"

/** One user of every role, all members of the operation but the last. */
const ROLES: Record<Role, string> = {
    operator: OPERATOR_ID,
    "team-lead": "team-lead",
    technician: "technician",
    "authorising-officer": "officer",
    custodian: "custodian",
    auditor: "auditor",
    administrator: "administrator",
}
export const MEMBERS: readonly User[] = Object.entries(ROLES).map(([role, id]) => ({
    id,
    name: id,
    role: role as Role,
}))
export const OUTSIDER: User = { id: "outsider", name: "Outsider", role: "operator" }

/**
 * A whole case: one device on one target under a mandate that runs from 2020 to 2100 and holds
 * everywhere, with a user of every role.
 */
export function aCase(
    parts: {
        fence?: FenceShape
        fromMs?: number
        toMs?: number
        area?: FenceShape
        assignedToMs?: number
    } = {},
): CaseAdditions {
    const fromMs = unixMs(parts.fromMs ?? Date.UTC(2020, 0, 1))
    const toMs = unixMs(parts.toMs ?? Date.UTC(2100, 0, 1))
    const operationId = OPERATION_ID
    return {
        operations: [{ id: operationId, name: "Harbour" }],
        targets: [{ id: TARGET_ID, operationId, name: "White van", kind: "vehicle" }],
        devices: [{ id: DEVICE_ID, label: "T-001", use: "tracker", state: "deployed" }],
        mandates: [
            {
                id: MANDATE_ID,
                operationId,
                targetId: TARGET_ID,
                reference: "4 Js 17/31",
                authority: "District court",
                purpose: "test of the way of the data",
                officer: "N. N.",
                conditions: "",
                fromMs,
                toMs,
                area: parts.area ?? null,
            },
        ],
        assignments: [
            {
                deviceId: DEVICE_ID,
                targetId: TARGET_ID,
                mandateId: MANDATE_ID,
                fromMs,
                toMs: parts.assignedToMs === undefined ? null : unixMs(parts.assignedToMs),
            },
        ],
        users: [...MEMBERS, OUTSIDER],
        memberships: MEMBERS.map(({ id }) => ({ userId: id, operationId })),
        fences: parts.fence
            ? [{ id: FENCE_ID, operationId, name: "Gate", shape: parts.fence }]
            : [],
    }
}
