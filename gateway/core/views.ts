// What consoles see, put together from the case file and the derived store.

import type { AlertView, GapView, TargetView } from "../../protocol/live.js"
import type { UnixMs } from "../../protocol/units.js"
import type { VisibleTarget } from "./domain/authorise.js"
import type { CaseFile } from "./domain/case-file.js"
import type { TrackReader } from "./ports.js"

export function targetView(
    caseFile: CaseFile,
    source: TrackReader,
    { target, mandate }: VisibleTarget,
): TargetView {
    const received = devicesOn(caseFile, target.id)
        .map((deviceId) => source.receivedAt(deviceId))
        .filter((atMs) => atMs !== undefined)
    return {
        id: target.id,
        name: target.name,
        kind: target.kind,
        last: source.lastPoint(target.id) ?? null,
        receivedAtMs: received.length > 0 ? (Math.max(...received) as UnixMs) : null,
        mandate: { reference: mandate.reference, toMs: mandate.toMs },
    }
}

/** With the names that the case file knows; an id stands in for what is no longer in it. */
export function alertView(
    caseFile: CaseFile,
    alert: Omit<AlertView, "fenceName" | "targetName">,
): AlertView {
    const { id, kind, fenceId, targetId, atMs, raisedAtMs, state } = alert
    const fenceName = caseFile.fences.find((fence) => fence.id === fenceId)?.name ?? fenceId
    const targetName = caseFile.targets.find((target) => target.id === targetId)?.name ?? targetId
    return { id, kind, fenceId, fenceName, targetId, targetName, atMs, raisedAtMs, state }
}

export function gapView(targetId: string, gap: Omit<GapView, "targetId">): GapView {
    const { deviceId, fromMs, toMs, cause, missing } = gap
    return { targetId, deviceId, fromMs, toMs, cause, missing }
}

export function devicesOn(caseFile: CaseFile, targetId: string): string[] {
    const ids = caseFile.assignments
        .filter((assignment) => assignment.targetId === targetId)
        .map((assignment) => assignment.deviceId)
    return [...new Set(ids)]
}
