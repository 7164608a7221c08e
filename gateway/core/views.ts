// What consoles see, put together from the case file and the derived store. A target is shown under
// the mandate that runs now: what an earlier one brought, or what its device does elsewhere, is not.

import type { AlertView, GapView, TargetView } from "../../protocol/live.js"
import { type UnixMs, unixMs } from "../../protocol/units.js"
import type { VisibleTarget } from "./domain/authorise.js"
import type { CaseFile } from "./domain/case-file.js"
import { partUnder, runsAt } from "./domain/mandate.js"
import type { Span, StoredGap, TrackReader } from "./ports.js"

const EVER: Span = { fromMs: unixMs(0), toMs: unixMs(8.64e15) }

export function targetView(
    caseFile: CaseFile,
    source: TrackReader,
    { target, mandate }: VisibleTarget,
    nowMs: UnixMs,
): TargetView {
    const received = caseFile.assignments
        .filter((assignment) => assignment.targetId === target.id && runsAt(assignment, nowMs))
        .map(({ deviceId }) => source.receivedAt(deviceId))
        .filter((atMs) => atMs !== undefined)
    return {
        id: target.id,
        name: target.name,
        kind: target.kind,
        last: source.lastPoint(target.id, partUnder(mandate, EVER)) ?? null,
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

/** Gaps, in a span under the mandate, of each device while it was on the target. */
export function gapsOf(
    caseFile: CaseFile,
    source: TrackReader,
    { target, mandate }: VisibleTarget,
    span: Span,
): GapView[] {
    const gaps = new Map<string, StoredGap>()
    for (const assignment of caseFile.assignments) {
        if (assignment.targetId !== target.id) continue
        const part = partUnder(assignment, partUnder(mandate, span))
        if (part.fromMs > part.toMs) continue
        for (const gap of source.gaps(assignment.deviceId, part)) gaps.set(gap.id, gap)
    }
    return [...gaps.values()]
        .sort((a, b) => a.fromMs - b.fromMs)
        .map((gap) => gapView(target.id, gap))
}

/** Targets that a device was on at some time of a span. */
export function targetsDuring(caseFile: CaseFile, deviceId: string, span: Span): Set<string> {
    const targets = new Set<string>()
    for (const assignment of caseFile.assignments) {
        if (assignment.deviceId !== deviceId) continue
        const part = partUnder(assignment, span)
        if (part.fromMs <= part.toMs) targets.add(assignment.targetId)
    }
    return targets
}
