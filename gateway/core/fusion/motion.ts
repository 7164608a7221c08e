// How a target is believed to move, and how fast we stop believing it.
//
// For HOLD_S after the last evidence the velocity is held, under white acceleration noise. After
// that it relaxes towards zero with time constant RELAX_S (an integrated Ornstein-Uhlenbeck
// process, in closed form): a target that was not heard of for a minute has stopped or turned as
// likely as not, and a held velocity runs away. A coast therefore covers at most HOLD_S + RELAX_S
// seconds' worth of the last speed, while the uncertainty goes on growing.
//
// Axes east and north are independent and equally uncertain (receivers state one horizontal
// figure), so one 2×2 covariance of position and velocity serves both, whatever way they point.
// Metres, seconds. docs/tracking.md has the measurements behind the constants.

/** Velocity keeps its value this long: over 3 s the recorded cars kept 91 to 99 % of it. */
const HOLD_S = 3
/** Between a scooter in a town (velocity gone in 10 s) and cars on open roads (60 s and more). */
const RELAX_S = 15
/**
 * Acceleration noise of a target at rest, m²/s³: a car that pulls away at 2.5 to 3 m/s² is after
 * one second 2.5² / 1.15 = 5.4 to 3² / 1.18 = 7.6 away in normalised square, inside the 99 % gate.
 */
const REST_NOISE = 1
/**
 * And per (m/s)² of speed: what is fast can brake and turn by more. On the recorded tracks the
 * residual of a prediction over 5 to 30 s fits 0.01 (open road) to 0.08 (town), 0.03 to 0.07 on foot.
 */
const SPEED_NOISE = 0.05

/** Mean velocity, and the variance of each axis: position, covariance, velocity. */
export interface Motion {
    readonly eastMps: number
    readonly northMps: number
    readonly varPosM2: number
    readonly covPosVel: number
    readonly varVelM2s2: number
}

export interface Prediction extends Motion {
    /** Seconds' worth of the velocity covered; displacement = velocity before · this. */
    readonly coastS: number
}

/** The motion after `dtS` seconds (0 or more) without evidence. */
export function predict(motion: Motion, dtS: number): Prediction {
    const speedSq = motion.eastMps ** 2 + motion.northMps ** 2
    const noise = REST_NOISE + SPEED_NOISE * speedSq
    const held = hold(motion, Math.min(dtS, HOLD_S), noise)
    return dtS > HOLD_S ? relax(held, dtS - HOLD_S, noise) : held
}

/**
 * Over minutes a moored boat swings and a chassis settles: 0.01 m²/s is 0.8 m in a minute. Small
 * enough that a parked target is averaged over a quarter of an hour.
 */
const STILL_CREEP = 0.01
/** What is left of the velocity's variance at a standstill, so that setting off is no surprise. */
const STILL_VELOCITY_VARIANCE = 0.1

/** The motion after `dtS` seconds through which the target is known to have stood still. */
export function standStill({ varPosM2 }: Motion, dtS: number): Prediction {
    return {
        eastMps: 0,
        northMps: 0,
        varPosM2: varPosM2 + STILL_CREEP * dtS,
        covPosVel: 0,
        varVelM2s2: STILL_VELOCITY_VARIANCE,
        coastS: 0,
    }
}

/** Constant velocity under white acceleration noise of the given density. */
function hold(motion: Motion, dtS: number, noise: number): Prediction {
    const { varPosM2, covPosVel, varVelM2s2 } = motion
    return {
        eastMps: motion.eastMps,
        northMps: motion.northMps,
        varPosM2: varPosM2 + dtS * (2 * covPosVel + dtS * varVelM2s2) + (noise * dtS ** 3) / 3,
        covPosVel: covPosVel + dtS * varVelM2s2 + (noise * dtS ** 2) / 2,
        varVelM2s2: varVelM2s2 + noise * dtS,
        coastS: dtS,
    }
}

/**
 * Integrated Ornstein-Uhlenbeck motion (Johnson et al., "Continuous-time correlated random walk
 * model for animal telemetry data", Ecology 89, 2008, eq. 4 to 7) under the same noise density, so
 * that the velocity's variance settles at noise · RELAX_S / 2.
 */
function relax(held: Prediction, dtS: number, noise: number): Prediction {
    const settled = (noise * RELAX_S) / 2
    const keep = Math.exp(-dtS / RELAX_S)
    const lost = -Math.expm1(-dtS / RELAX_S)
    const reachS = RELAX_S * lost
    const { varPosM2, covPosVel, varVelM2s2 } = held
    return {
        eastMps: held.eastMps * keep,
        northMps: held.northMps * keep,
        varPosM2:
            varPosM2 +
            reachS * (2 * covPosVel + reachS * varVelM2s2) +
            settled * RELAX_S * (2 * dtS - RELAX_S * lost * (2 + lost)),
        covPosVel: keep * (covPosVel + reachS * varVelM2s2) + settled * RELAX_S * lost ** 2,
        varVelM2s2: keep ** 2 * varVelM2s2 + settled * (1 - keep ** 2),
        coastS: held.coastS + reachS,
    }
}
