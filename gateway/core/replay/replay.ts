// Recorded tracks through fusion and fences, as they would have gone had they come in live: each
// track is one device, all of them on one target. What is known at an instant rests on fixes up to
// that instant and nothing later.

import { deg, type Metres, metres, type UnixMs, unixMs } from "../../../protocol/units.js"
import { estimateAt, type FusionMemory, fuse } from "../fusion/fuse.js"
import { ASSUMED_ACCURACY_M, accuracyOfHdop } from "../fusion/receiver-accuracy.js"
import type { TrackState } from "../fusion/track-state.js"
import { wrapLongitude } from "../geo/ellipsoid.js"
import { crossFences, type Presences } from "../geofence/cross-fences.js"
import type { Geofence } from "../geofence/geofence.js"
import type { Observation } from "../ingest/observation.js"
import { InputError } from "../input-error.js"
import type { AccuracyKind, ParsedTrack, TrackRow } from "./parse-track.js"

/** One line of NDJSON. Keys and their order are stable. */
export type ReplayLine = EstimateLine | AlertLine

export interface EstimateLine {
    type: "estimate"
    /** UTC milliseconds. */
    t: number
    lat: number
    lon: number
    speedMps: number
    headingDeg: number | null
    accuracyM: number
}

export interface AlertLine {
    type: "alert"
    /** The observation that settled it, UTC milliseconds. */
    t: number
    kind: "enter" | "exit"
    /** Id of the fence. */
    fence: string
}

export interface ReplayOptions {
    tracks: readonly ParsedTrack[]
    fences?: readonly Geofence[]
    /** An estimate at each full multiple of this many ms; without it one at each fused fix. */
    everyMs?: number
    /** With `everyMs`: the last instant to estimate; default the last fix, rounded up. */
    untilMs?: UnixMs
}

/** Four months at one a second: more is a mistyped instant. */
export const ESTIMATES_MAX = 10_000_000

/** Estimates and alerts in time order; at one instant the alert first. */
export function* replay(options: ReplayOptions): Generator<ReplayLine, void, undefined> {
    const { fences = [], everyMs } = options
    const observations = observationsOf(options.tracks)
    if (observations.length === 0) return
    const ticks = everyMs === undefined ? undefined : ticksOf(observations, everyMs, options)
    let memory: FusionMemory | undefined
    let presences: Presences = []
    let tick = ticks?.firstMs ?? 0

    function* estimatesBefore(endMs: number): Generator<ReplayLine> {
        if (ticks === undefined || memory === undefined) return
        for (; tick < endMs && tick <= ticks.lastMs; tick += ticks.everyMs) {
            yield estimateLine(estimateAt(memory, unixMs(tick)))
        }
    }
    for (const observation of observations) {
        if (options.untilMs !== undefined && observation.atMs > options.untilMs) break
        yield* estimatesBefore(observation.atMs)
        const fused = fuse(memory, observation)
        memory = fused.memory
        if (fused.verdict === "late") continue
        const crossed = crossFences(presences, fused.state, fences)
        presences = crossed.presences
        for (const { kind, fenceId, atMs } of crossed.events) {
            yield { type: "alert", t: atMs, kind, fence: fenceId }
        }
        if (ticks === undefined) yield estimateLine(fused.state)
    }
    yield* estimatesBefore(Number.POSITIVE_INFINITY)
}

interface Ticks {
    firstMs: number
    lastMs: number
    everyMs: number
}

function ticksOf(
    observations: readonly Observation[],
    everyMs: number,
    { untilMs }: ReplayOptions,
): Ticks {
    const fixes = { firstMs: observations[0]!.atMs, lastMs: observations.at(-1)!.atMs }
    const firstMs = Math.ceil(fixes.firstMs / everyMs) * everyMs
    const lastMs = untilMs ?? Math.ceil(fixes.lastMs / everyMs) * everyMs
    const count = Math.floor((lastMs - firstMs) / everyMs) + 1
    if (count > ESTIMATES_MAX) {
        throw new InputError(
            `${count} estimates, one each ${everyMs} ms until ${lastMs}, ` +
                `expected at most ${ESTIMATES_MAX}: give a longer period or an earlier end`,
        )
    }
    return { firstMs, lastMs, everyMs }
}

/** Every track's fixes by time; at one instant in the order of the tracks and their lines. */
export function observationsOf(tracks: readonly ParsedTrack[]): Observation[] {
    return tracks
        .flatMap(({ name, accuracy, rows }, index) =>
            // The index keeps two files of one name apart.
            rows.map((row) => observationOf(row, `${index}:${name}`, accuracy)),
        )
        .sort((a, b) => a.atMs - b.atMs)
}

function observationOf(row: TrackRow, deviceId: string, kind: AccuracyKind): Observation {
    const { atMs, latDeg, lonDeg, speedMps, courseDeg, satellites, hdopOrAccuracyM } = row
    return {
        deviceId,
        atMs,
        latDeg,
        lonDeg: deg(wrapLongitude(lonDeg)),
        accuracyM: accuracyOf(hdopOrAccuracyM, kind),
        speedMps,
        courseDeg,
        satellites,
    }
}

function accuracyOf(stated: number | undefined, kind: AccuracyKind): Metres {
    if (stated === undefined) return ASSUMED_ACCURACY_M
    return kind === "hdop" ? accuracyOfHdop(stated) : metres(stated)
}

function estimateLine(state: TrackState): EstimateLine {
    return {
        type: "estimate",
        t: state.atMs,
        // A hundred-millionth of a degree is a millimetre.
        lat: rounded(state.latDeg, 1e8),
        lon: rounded(state.lonDeg, 1e8),
        speedMps: rounded(state.speedMps, 1e3),
        headingDeg: state.headingDeg === null ? null : rounded(state.headingDeg, 1e2) % 360,
        accuracyM: rounded(state.accuracyM, 1e3),
    }
}

function rounded(value: number, perUnit: number): number {
    return Math.round(value * perUnit) / perUnit
}
