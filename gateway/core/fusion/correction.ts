// The Kalman update of a motion by one measurement of position or of velocity. Both axes share one
// 2×2 covariance (motion.ts), so an update is a handful of products.

import type { VelocityMeasurement } from "./measurement.js"
import type { Motion } from "./motion.js"

/**
 * A surprise is the squared distance of a measurement over its expected variance per axis. In two
 * axes 99 % of good measurements stay below this.
 */
export const DOUBT = 9.21

/** The factor on the variance of a surprising measurement: it pulls no harder than one at DOUBT. */
export function doubtOf(surprise: number): number {
    return Math.max(1, surprise / DOUBT)
}

/** The motion after an update, and how far the update moved the position. */
export interface Correction {
    motion: Motion
    eastM: number
    northM: number
}

/** The measured velocity counts as a sample of its own, `growth` times as uncertain as one alone. */
export function correctVelocity(
    motion: Motion,
    measured: VelocityMeasurement,
    growth: number,
): Correction {
    const { varPosM2, covPosVel, varVelM2s2 } = motion
    const east = measured.eastMps - motion.eastMps
    const north = measured.northMps - motion.northMps
    const surprise = (east ** 2 + north ** 2) / (varVelM2s2 + measured.variance)
    // A velocity may be off by any amount and its position still good: doubt without refusal.
    const variance = measured.variance * growth * doubtOf(surprise)
    const total = varVelM2s2 + variance
    const gainPos = covPosVel / total
    const gainVel = varVelM2s2 / total
    return {
        eastM: gainPos * east,
        northM: gainPos * north,
        motion: {
            eastMps: positiveZero(motion.eastMps + gainVel * east),
            northMps: positiveZero(motion.northMps + gainVel * north),
            varPosM2: varPosM2 - gainPos * covPosVel,
            covPosVel: (covPosVel * variance) / total,
            varVelM2s2: (varVelM2s2 * variance) / total,
        },
    }
}

export function correctPosition(
    motion: Motion,
    fix: { eastM: number; northM: number },
    variance: number,
): Correction {
    const { varPosM2, covPosVel, varVelM2s2 } = motion
    const total = varPosM2 + variance
    const gainPos = varPosM2 / total
    const gainVel = covPosVel / total
    return {
        eastM: gainPos * fix.eastM,
        northM: gainPos * fix.northM,
        motion: {
            eastMps: positiveZero(motion.eastMps + gainVel * fix.eastM),
            northMps: positiveZero(motion.northMps + gainVel * fix.northM),
            varPosM2: (varPosM2 * variance) / total,
            covPosVel: (covPosVel * variance) / total,
            varVelM2s2: varVelM2s2 - gainVel * covPosVel,
        },
    }
}

/**
 * The variance at which the track comes out as certain as the fix alone: however much a fix
 * repeats the ones before it, forgetting them all and keeping it is no worse than what it states.
 */
export function atLeastOneFix({ varPosM2 }: Motion, own: number): number {
    return varPosM2 > own ? (varPosM2 * own) / (varPosM2 - own) : Number.POSITIVE_INFINITY
}

/** JSON writes −0 as 0: keep the one that survives. */
export function positiveZero(value: number): number {
    return value + 0
}
