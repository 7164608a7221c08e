// The stages in order, for one uplink. Everything the gateway derives comes out of here, from the
// ledger and the case file alone, so it can be thrown away and computed again.

import type { Aead } from "../../protocol/envelope.js"
import type { Fix, FixBatch } from "../../protocol/fix.js"
import type { EpochKeys } from "../../protocol/keys.js"
import type { UnixMs } from "../../protocol/units.js"
import type { CaseFile } from "./domain/case-file.js"
import { type Cover, coverOf } from "./domain/mandate.js"
import { type FusionMemory, fuse } from "./fusion/fuse.js"
import type { TrackState } from "./fusion/track-state.js"
import { crossFences, type FencePresence } from "./geofence/cross-fences.js"
import type { GeofenceEvent } from "./geofence/geofence.js"
import { type Continuity, follow, type Gap } from "./ingest/continuity.js"
import { authenticate, decodeBody } from "./ingest/open-uplink.js"
import { placeFix } from "./ingest/place-fix.js"
import type { Uplink } from "./ingest/uplink.js"

/** What is remembered of a target between uplinks. */
export interface TargetMemory {
    fusion: FusionMemory | null
    presences: readonly FencePresence[]
}

/** Memory of the device that speaks and of the targets it is on; plain data, kept in the store. */
export interface PipelineMemory {
    continuity: Continuity | null
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

/** Fixes outside every mandate: time and count are all that is read of them. */
export interface Withheld {
    count: number
    fromMs: UnixMs
    toMs: UnixMs
}

export interface Derived {
    continuity: Continuity | null
    targets: Map<string, TargetMemory>
    fixes: CoveredFix[]
    states: { targetId: string; state: TrackState }[]
    events: TargetEvent[]
    gaps: Gap[]
    filledGaps: string[]
    withheld: Withheld | null
    /** Why nothing was made of an authentic message, or null. */
    rejected: string | null
}

/**
 * A fix from further ahead of its receipt has a wrong time. It is kept as reported and not fused: a
 * track that has been to the future calls every true fix late.
 */
const AHEAD_MAX_MS = 60_000

/** Everything one uplink means. Reading this function is reading the gateway. */
export function derive(
    memory: PipelineMemory,
    uplink: Uplink,
    caseFile: CaseFile,
    keys: EpochKeys,
    aead: Aead,
): Derived {
    const message = authenticate(aead, keys, uplink.message, uplink.session)
    const body = message.kind === "reject" ? message : decodeBody(message.type, message.body)
    const known = body.kind === "reject" ? undefined : body
    const continuity = follow(memory.continuity, uplink, known)
    const derived: Derived = {
        continuity: continuity.memory,
        targets: new Map(memory.targets),
        fixes: [],
        states: [],
        events: [],
        gaps: continuity.gaps,
        filledGaps: continuity.filled,
        withheld: null,
        rejected: body.kind === "reject" ? body.reason : null,
    }
    if (body.kind === "fixes") track(derived, uplink, body, caseFile)
    return derived
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
