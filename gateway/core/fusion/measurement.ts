// What an observation says, and how far it is believed: a position and, where the receiver measured
// Doppler, a velocity, each with the variance of one axis. Stated accuracies are optimistic: they
// are the residuals of one instant, and know nothing of what every instant shares.

import { DEGREE } from "../geo/ellipsoid.js"
import type { Observation } from "../ingest/observation.js"

/**
 * Errors that a receiver cannot see in its own residuals: orbits, ionosphere, a wrong integer. A
 * u-blox was off by a constant 2.1 m, an RTK engine by tens of metres at a stated 7 mm.
 */
const ACCURACY_FLOOR_M = 2
/**
 * Multipath and the receiver's own filter make one fix's error much like the last one's: ten fixes
 * in a second are not ten opinions, and a hundred of a parked receiver hardly two. Reflections
 * change as the antenna moves, over a few car lengths, ...
 */
const DECORRELATION_M = 15
/** ... and, where it stands still, as the satellites move: over five minutes. */
const DECORRELATION_S = 300
/**
 * Velocity errors are less alike: receivers smooth over a second or so. On bad days they are biased
 * for longer (a robot's by 0.5 m/s over a minute), which the innovation gate has to notice.
 */
const VELOCITY_CORRELATION_S = 1
/** Doppler velocity: 0.05 to 0.1 m/s at best, several times that under trees and between walls. */
const VELOCITY_FLOOR_MPS = 0.3
/**
 * Receivers smooth velocity and so lag behind a second or so; a car that brakes or turns changes
 * its velocity by 5 to 15 % in that time.
 */
const VELOCITY_LAG = 0.1
/**
 * Doppler suffers from the same geometry and reflections as the range, at a rate error of about
 * 0.15 m/s for each 5 m of range error.
 */
const VELOCITY_PER_ACCURACY = 0.03
/**
 * Doppler below this is a standstill until the fixes contradict it: a moored boat's receiver showed
 * up to 0.9 m/s for seconds, pedestrians walk at 1 to 1.5 m/s.
 */
export const STANDSTILL_MPS = 0.75

/**
 * A quarter of the variance, half of the error: orbits, clocks and ionosphere, which outlast any
 * averaging and are the same for every device on the target.
 */
const SHARED_PART = 0.25

/** Variance of one axis of the position that all fixes of this quality share. */
export function sharedVariance({ accuracyM }: Observation): number {
    return (SHARED_PART * (accuracyM ** 2 + ACCURACY_FLOOR_M ** 2)) / 2
}

/** The rest: variance of one axis of this fix's own error, were it the first of its device. */
export function ownVariance({ accuracyM }: Observation): number {
    return ((1 - SHARED_PART) * (accuracyM ** 2 + ACCURACY_FLOOR_M ** 2)) / 2
}

/** How a fix follows the previous fused one of its device. */
export interface Step {
    sinceS: number
    /** From fix to fix, whether the target moved or the error did. */
    hopM: number
}

/**
 * By how much the variances of position and velocity grow because the previous fix said the same.
 *
 * The mean of n samples whose errors correlate by ρ from one to the next has (1 + ρ) / (1 − ρ)
 * times the variance it would have if they were independent. 1 for a device not heard before.
 */
export function correlation(step: Step | undefined): { position: number; velocity: number } {
    if (step === undefined) return { position: 1, velocity: 1 }
    return {
        position: growth(step.hopM / DECORRELATION_M + step.sinceS / DECORRELATION_S),
        velocity: growth(step.sinceS / VELOCITY_CORRELATION_S),
    }
}

/** (1 + ρ) / (1 − ρ) with ρ = exp(−x). */
function growth(x: number): number {
    return 1 / Math.tanh(x / 2)
}

export interface VelocityMeasurement {
    eastMps: number
    northMps: number
    variance: number
}

/** The velocity an observation measured, or undefined where it names no speed or no direction. */
export function measuredVelocity(observation: Observation): VelocityMeasurement | undefined {
    const { speedMps, courseDeg, accuracyM } = observation
    if (speedMps === undefined) return undefined
    const known = VELOCITY_FLOOR_MPS ** 2 + (VELOCITY_PER_ACCURACY * accuracyM) ** 2
    if (courseDeg === undefined) {
        if (speedMps > STANDSTILL_MPS) return undefined
        return { eastMps: 0, northMps: 0, variance: known + speedMps ** 2 }
    }
    return {
        eastMps: speedMps * Math.sin(courseDeg * DEGREE),
        northMps: speedMps * Math.cos(courseDeg * DEGREE),
        variance: known + (VELOCITY_LAG * speedMps) ** 2,
    }
}
