// The stages in order, for one uplink. Everything the gateway derives comes out of here, from the
// ledger and the case file alone, so it can be thrown away and computed again.

import type { Instant } from "../../protocol/body.js"
import type { Aead } from "../../protocol/envelope.js"
import type { Fix, FixBatch } from "../../protocol/fix.js"
import { ResetCause } from "../../protocol/hello.js"
import type { Response } from "../../protocol/response.js"
import type { UnixMs } from "../../protocol/units.js"
import type { CaseFile } from "./domain/case-file.js"
import { type Cover, coverOf } from "./domain/mandate.js"
import { type Evidence, evidenceOf, noEvidence } from "./evidence.js"
import { type FusionMemory, fuse } from "./fusion/fuse.js"
import type { TrackState } from "./fusion/track-state.js"
import { crossFences, type FencePresence } from "./geofence/cross-fences.js"
import type { GeofenceEvent } from "./geofence/geofence.js"
import { follow } from "./ingest/continuity.js"
import type { DeviceMemory } from "./ingest/device-memory.js"
import type { Gap } from "./ingest/gap.js"
import { authenticate, decodeBody, type Report } from "./ingest/open-uplink.js"
import { placeFix } from "./ingest/place-fix.js"
import { AHEAD_MAX_MS, tiesAfter } from "./ingest/place-instant.js"
import { type KeysOf, tailOf, withTail } from "./ingest/tails.js"
import type { Uplink } from "./ingest/uplink.js"

/** What is remembered of a target between uplinks. */
export interface TargetMemory {
    fusion: FusionMemory | null
    presences: readonly FencePresence[]
}

/** Memory of the device that speaks and of the targets it is on; plain data, kept in the store. */
export interface PipelineMemory {
    device: DeviceMemory
    targets: Map<string, TargetMemory>
}

/** A fix inside its mandate, as reported. */
export interface CoveredFix {
    deviceId: string
    session: string
    /** Its number within the session. */
    number: number
    fix: Fix
    cover: Cover
}

export interface TargetEvent extends GeofenceEvent {
    targetId: string
    operationId: string
    /** Receipt of the uplink that brought it: when the gateway could know. */
    raisedAtMs: UnixMs
}

/** Fixes and evidence outside every mandate: time and count are all that is read of them. */
export interface Withheld {
    count: number
    fromMs: UnixMs
    toMs: UnixMs
}

export interface Derived {
    device: DeviceMemory
    targets: Map<string, TargetMemory>
    fixes: CoveredFix[]
    evidence: Evidence
    /** What the device made of a command, or null. */
    response: Response | null
    states: { targetId: string; state: TrackState }[]
    events: TargetEvent[]
    gaps: Gap[]
    filledGaps: string[]
    withheld: Withheld | null
    /** Why nothing was made of an authentic message, or of a part of it; or null. */
    rejected: string | null
}

/** Nothing was made of an uplink. */
export function nothingDerived(memory: PipelineMemory, rejected: string | null): Derived {
    return {
        device: memory.device,
        targets: new Map(memory.targets),
        fixes: [],
        evidence: noEvidence(),
        response: null,
        states: [],
        events: [],
        gaps: [],
        filledGaps: [],
        withheld: null,
        rejected,
    }
}

/**
 * Everything one uplink means. Reading this function is reading the gateway. `keysOf` must have the
 * keys of the uplink's own epoch.
 */
export function derive(
    memory: PipelineMemory,
    uplink: Uplink,
    caseFile: CaseFile,
    keysOf: KeysOf,
    aead: Aead,
): Derived {
    const { device } = memory
    const message = authenticate(aead, keysOf(uplink.epoch)!, uplink.message, uplink.session)
    const body =
        message.kind === "reject"
            ? message
            : decodeBody(message.type, message.body, (fix) =>
                  tailOf(device.tails, uplink.session, fix, keysOf, aead),
              )
    const known = body.kind === "reject" ? undefined : body
    const continuity = follow(device.continuity, uplink, known)
    const report = body.kind === "report" ? body : undefined
    const tail = report?.fixes?.tail
    const isReset = body.kind === "hello" && body.resetCause !== ResetCause.none
    const instant = isReset ? "reset" : report && instantIn(report)
    const derived = nothingDerived(memory, body.kind === "reject" ? body.reason : null)
    derived.device = {
        continuity: continuity.memory,
        tails: tail ? withTail(device.tails, uplink, tail, keysOf, aead) : device.tails,
        ties: tiesAfter(device.ties, uplink, instant),
    }
    derived.gaps = continuity.gaps
    derived.filledGaps = continuity.filled
    if (body.kind === "response") derived.response = body
    if (report) takeReport(derived, uplink, report, caseFile)
    return derived
}

function takeReport(derived: Derived, uplink: Uplink, report: Report, caseFile: CaseFile): void {
    derived.rejected = report.fault ?? null
    if (report.fixes) track(derived, uplink, report.fixes, caseFile)
    if (!instantIn(report)) return
    derived.evidence = evidenceOf(report, uplink, derived.device.ties, caseFile)
    for (const atMs of derived.evidence.withheldAtMs)
        derived.withheld = withOneMore(derived.withheld, atMs)
}

/** All parts but the fixes share it [P-B1]. */
function instantIn({ readings, scan, event, status }: Report): Instant | undefined {
    return (readings ?? scan ?? event ?? status)?.instant
}

function track(derived: Derived, uplink: Uplink, batch: FixBatch, caseFile: CaseFile): void {
    const { deviceId, session, receivedAtMs } = uplink
    batch.fixes.forEach((fix, i) => {
        const observation = placeFix(deviceId, fix)
        const cover = coverOf(caseFile, { ...observation, receivedAtMs })
        if (!cover) {
            derived.withheld = withOneMore(derived.withheld, observation.atMs)
            return
        }
        const number = batch.firstFix + i
        derived.fixes.push({ deviceId, session, number, fix, cover })

        // Kept as reported and not fused: a track that has been to the future calls every true fix
        // late.
        if (observation.atMs > receivedAtMs + AHEAD_MAX_MS) return
        const { targetId, operationId } = cover
        const before = derived.targets.get(targetId) ?? { fusion: null, presences: [] }
        const fused = fuse(before.fusion ?? undefined, observation)
        if (fused.verdict === "late") return
        const fences = caseFile.fences.filter((fence) => fence.operationId === operationId)
        const crossed = crossFences(before.presences, fused.state, fences)
        derived.targets.set(targetId, { fusion: fused.memory, presences: crossed.presences })
        derived.states.push({ targetId, state: fused.state })
        for (const event of crossed.events)
            derived.events.push({ ...event, targetId, operationId, raisedAtMs: receivedAtMs })
    })
}

function withOneMore(withheld: Withheld | null, atMs: UnixMs): Withheld {
    if (!withheld) return { count: 1, fromMs: atMs, toMs: atMs }
    return {
        count: withheld.count + 1,
        fromMs: Math.min(withheld.fromMs, atMs) as UnixMs,
        toMs: Math.max(withheld.toMs, atMs) as UnixMs,
    }
}
