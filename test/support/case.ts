import type { CaseAdditions } from "../../gateway/adapters/registry/sqlite-registry.js"
import type { FenceShape } from "../../protocol/live.js"
import { unixMs } from "../../protocol/units.js"

export const OPERATION_ID = "op-harbour"
export const TARGET_ID = "target-van"
export const MANDATE_ID = "mandate-1"
export const FENCE_ID = "fence-gate"
export const OPERATOR_ID = "operator"
export const DEVICE_ID = "00112233445566aa"

/** A whole case: one device on one target under a mandate that runs from 2020 to 2100. */
export function aCase(
    parts: { fence?: FenceShape; fromMs?: number; toMs?: number } = {},
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
                area: null,
            },
        ],
        assignments: [
            { deviceId: DEVICE_ID, targetId: TARGET_ID, mandateId: MANDATE_ID, fromMs, toMs: null },
        ],
        users: [
            { id: OPERATOR_ID, name: "Operator", role: "operator" },
            { id: "administrator", name: "Administrator", role: "administrator" },
        ],
        memberships: [
            { userId: OPERATOR_ID, operationId },
            { userId: "administrator", operationId },
        ],
        fences: parts.fence
            ? [{ id: FENCE_ID, operationId, name: "Gate", shape: parts.fence }]
            : [],
    }
}
