// Who may be followed, with what, by whom, when: the records of an authorised investigation, as the
// registry holds them. Everything that decides about access reads these and nothing else.

import type { TargetKind } from "../../../protocol/live.js"
import type { UnixMs } from "../../../protocol/units.js"
import type { Geofence } from "../geofence/geofence.js"

/** A tracker or sensor node. Only trackers follow people and need a mandate. */
export interface Device {
    /** 16 hexadecimal digits, made at provisioning. */
    id: string
    label: string
    use: "tracker" | "site-sensor" | "bench"
    state: "provisioned" | "deployed" | "ended"
}

export interface Target {
    id: string
    operationId: string
    name: string
    kind: TargetKind
}

/** A case: members with roles, targets, mandates. */
export interface Operation {
    id: string
    name: string
}

/** The recorded authorisation. It begins at `fromMs` and has ended at `toMs`. */
export interface Mandate {
    id: string
    operationId: string
    targetId: string
    reference: string
    authority: string
    purpose: string
    officer: string
    conditions: string
    fromMs: UnixMs
    toMs: UnixMs
    /** Where it holds; null for everywhere. */
    area: Geofence["shape"] | null
}

/** A device on a target under a mandate. */
export interface Assignment {
    deviceId: string
    targetId: string
    mandateId: string
    fromMs: UnixMs
    toMs: UnixMs | null
}

export type Role =
    | "operator"
    | "team-lead"
    | "technician"
    | "authorising-officer"
    | "custodian"
    | "auditor"
    | "administrator"

export interface User {
    id: string
    name: string
    role: Role
}

export interface Membership {
    userId: string
    operationId: string
}

export interface OperationFence extends Geofence {
    operationId: string
}

export interface CaseFile {
    devices: readonly Device[]
    operations: readonly Operation[]
    targets: readonly Target[]
    mandates: readonly Mandate[]
    assignments: readonly Assignment[]
    users: readonly User[]
    memberships: readonly Membership[]
    fences: readonly OperationFence[]
}
