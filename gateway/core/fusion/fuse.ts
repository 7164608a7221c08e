// Observations of one target, from any number of its devices, into one track: a Kalman filter over
// position and velocity on a plane that moves with the target. motion.ts says how the target is
// believed to move, measurement.ts how receivers err, docs/tracking.md how well it does.
//
// The estimate is causal: it rests on what was fused and nothing later. What a receiver says is
// doubted before it is refused, and a receiver that keeps saying it is believed in the end.

import { deg, metres, mps, type UnixMs } from "../../../protocol/units.js"
import { DEGREE } from "../geo/ellipsoid.js"
import { fromPlane, planeAt, toPlane } from "../geo/local-plane.js"
import type { Position } from "../geo/position.js"
import type { Observation } from "../ingest/observation.js"
import {
    atLeastOneFix,
    type Correction,
    correctPosition,
    correctVelocity,
    DOUBT,
    doubtOf,
    positiveZero,
} from "./correction.js"
import {
    correlation,
    measuredVelocity,
    ownVariance,
    STANDSTILL_MPS,
    type Step,
    sharedVariance,
} from "./measurement.js"
import { type Motion, type Prediction, predict, standStill } from "./motion.js"
import type { TrackState } from "./track-state.js"

/** All that the filter remembers of a target. Plain and finite: JSON there and back is exact. */
export interface FusionMemory extends Motion, Position {
    /** The newest fused observation. */
    readonly atMs: UnixMs
    /** Course when the target last moved clearly, null until it has. */
    readonly headingDeg: number | null
    /** Of the error, what all fixes of this quality share: no averaging finds it. */
    readonly sharedVarM2: number
    /** Observations refused in a row. */
    readonly refusals: number
    /** The last fused fix of each device, newest first, at most SOURCES_MAX. */
    readonly sources: readonly FusedSource[]
}

export interface FusedSource extends Position {
    readonly deviceId: string
    readonly atMs: UnixMs
}

/**
 * fused: believed as stated; doubted: fused at less than its stated weight; refused: not fused;
 * restarted: the track began again here; late: not newer than what is fused, memory untouched.
 */
export type Verdict = "fused" | "doubted" | "refused" | "restarted" | "late"

export interface Fused {
    memory: FusionMemory
    /** At the observation's instant; for a late one, at the newest fused instant. */
    state: TrackState
    verdict: Verdict
}

/** More devices on one target than this are fused as if the oldest were new. */
const SOURCES_MAX = 4
/** Seven sigma on an axis: no weight is small enough. */
const REFUSE = 49
/** After this many refusals in a row the next one is right, and the track was wrong. */
const REFUSALS_MAX = 2
/** A target of which one fix without Doppler is known may be a car in town, 14 m/s any way. */
const UNKNOWN_VELOCITY_VARIANCE = 100
/** Below walking pace a course is noise. */
const HEADING_SPEED_MPS = 1
/** Radius around an isotropic normal distribution that holds 68 %: √(−2 ln 0.32) sigmas of an axis. */
const RADIUS_68 = Math.sqrt(-2 * Math.log(0.32))

/** What one observation does to a track. The first one starts it. */
export function fuse(memory: FusionMemory | undefined, observation: Observation): Fused {
    if (memory === undefined) return begin(observation, "fused")
    const source = memory.sources.find(({ deviceId }) => deviceId === observation.deviceId)
    const isLate = observation.atMs < memory.atMs
    // The same instant again is news from another device, from the same one a repetition.
    if (isLate || (source !== undefined && source.atMs >= observation.atMs)) {
        return { memory, state: estimateAt(memory, memory.atMs), verdict: "late" }
    }

    const grown = correlation(source && stepFrom(source, observation))
    const isStill = stoodStill(memory, observation)
    const { position, motion } = isStill
        ? { position: memory, motion: standStill(memory, secondsBetween(memory, observation)) }
        : coast(memory, observation.atMs)
    // At a standstill the Doppler velocity is the receiver's noise: it has had its say.
    const velocity = isStill ? undefined : measuredVelocity(observation)
    const steered = velocity && correctVelocity(motion, velocity, grown.velocity)
    const tracked = steered?.motion ?? motion
    const predicted = steered === undefined ? position : moved(position, steered)

    const fix = toPlane(planeAt(predicted), observation)
    const own = ownVariance(observation)
    const distanceSq = fix.eastM ** 2 + fix.northM ** 2
    const surprise = distanceSq / (tracked.varPosM2 + own)
    if (surprise > REFUSE) return refuse(memory, observation)

    const doubt = doubtOf(surprise)
    const variance = Math.min(grown.position * own, atLeastOneFix(tracked, own)) * doubt
    const corrected = correctPosition(tracked, fix, variance)
    const next: FusionMemory = {
        atMs: observation.atMs,
        ...moved(predicted, corrected),
        ...corrected.motion,
        sharedVarM2: sharedVariance(observation),
        headingDeg: headingDeg(corrected.motion) ?? memory.headingDeg,
        refusals: 0,
        sources: withSource(memory.sources, observation),
    }
    const verdict = doubt > 1 ? "doubted" : "fused"
    return { memory: next, state: estimateAt(next, next.atMs), verdict }
}

/**
 * Our belief about the target at an instant, by prediction from what is fused; `memory` is left as
 * it is. An instant before the newest fused one gets the state of that one.
 */
export function estimateAt(memory: FusionMemory, atMs: UnixMs): TrackState {
    const { position, motion } = coast(memory, atMs)
    return {
        atMs,
        ...position,
        speedMps: mps(Math.hypot(motion.eastMps, motion.northMps)),
        headingDeg: memory.headingDeg === null ? null : deg(memory.headingDeg),
        accuracyM: metres(RADIUS_68 * Math.sqrt(motion.varPosM2 + memory.sharedVarM2)),
    }
}

function begin(observation: Observation, verdict: Verdict): Fused {
    const velocity = measuredVelocity(observation)
    const motion: Motion = {
        eastMps: positiveZero(velocity?.eastMps ?? 0),
        northMps: positiveZero(velocity?.northMps ?? 0),
        varPosM2: ownVariance(observation),
        covPosVel: 0,
        varVelM2s2: velocity?.variance ?? UNKNOWN_VELOCITY_VARIANCE,
    }
    const memory: FusionMemory = {
        atMs: observation.atMs,
        latDeg: deg(positiveZero(observation.latDeg)),
        lonDeg: deg(positiveZero(observation.lonDeg)),
        ...motion,
        sharedVarM2: sharedVariance(observation),
        headingDeg: headingDeg(motion),
        refusals: 0,
        sources: withSource([], observation),
    }
    return { memory, state: estimateAt(memory, memory.atMs), verdict }
}

function refuse(memory: FusionMemory, observation: Observation): Fused {
    if (memory.refusals >= REFUSALS_MAX) return begin(observation, "restarted")
    return {
        memory: { ...memory, refusals: memory.refusals + 1 },
        state: estimateAt(memory, observation.atMs),
        verdict: "refused",
    }
}

function coast(memory: FusionMemory, atMs: UnixMs): { position: Position; motion: Prediction } {
    const motion = predict(memory, Math.max(0, atMs - memory.atMs) / 1000)
    const position = fromPlane(planeAt(memory), {
        eastM: metres(memory.eastMps * motion.coastS),
        northM: metres(memory.northMps * motion.coastS),
    })
    return { position, motion }
}

/**
 * Whether the target stood where it was since the newest fused observation: the track was below
 * walking pace then, Doppler is now, and the fix does not contradict. A parked receiver's position and
 * velocity wander together by 20 m, and following them is what makes a fence flap.
 */
function stoodStill(memory: FusionMemory, observation: Observation): boolean {
    const { speedMps } = observation
    if (speedMps === undefined || speedMps > STANDSTILL_MPS) return false
    if (Math.hypot(memory.eastMps, memory.northMps) > STANDSTILL_MPS) return false
    const { eastM, northM } = toPlane(planeAt(memory), observation)
    const surprise = (eastM ** 2 + northM ** 2) / (memory.varPosM2 + ownVariance(observation))
    return surprise <= DOUBT
}

function secondsBetween(earlier: { atMs: UnixMs }, later: { atMs: UnixMs }): number {
    return (later.atMs - earlier.atMs) / 1000
}

function stepFrom(source: FusedSource, observation: Observation): Step {
    const hop = toPlane(planeAt(source), observation)
    return {
        sinceS: secondsBetween(source, observation),
        hopM: Math.hypot(hop.eastM, hop.northM),
    }
}

function moved(from: Position, { eastM, northM }: Correction): Position {
    return fromPlane(planeAt(from), { eastM: metres(eastM), northM: metres(northM) })
}

/** Null while the target is too slow, or its velocity too uncertain, for a course to mean anything. */
function headingDeg({ eastMps, northMps, varVelM2s2 }: Motion): number | null {
    const speed = Math.hypot(eastMps, northMps)
    if (speed < HEADING_SPEED_MPS || speed < 2 * Math.sqrt(varVelM2s2)) return null
    return (Math.atan2(eastMps, northMps) / DEGREE + 360) % 360
}

function withSource(
    sources: readonly FusedSource[],
    { deviceId, atMs, latDeg, lonDeg }: Observation,
): readonly FusedSource[] {
    const others = sources.filter((source) => source.deviceId !== deviceId)
    const newest = {
        deviceId,
        atMs,
        latDeg: deg(positiveZero(latDeg)),
        lonDeg: deg(positiveZero(lonDeg)),
    }
    return [newest, ...others.slice(0, SOURCES_MAX - 1)]
}
