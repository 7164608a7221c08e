// Whether the accelerometer is to be believed. It cannot tell by itself: one that is stuck looks like
// a rough road or a quiet street. Fixes contradict it: travelling while it never fired, or standing
// still for a day while it always did. It is then treated as absent, and believed again once it does
// what it was thought unable to do.

import { AccelerometerHealth, type Motion } from "./motion-memory.js"

/** A ferry may sail without a tremor; three journeys on end do not. */
const SILENT_JOURNEYS_MAX = 3
/** A generator runs for hours, and then fixes are what is left too. */
const SHAKEN_S = 86400
const SHAKEN_ALARMS = 6
/** Calm so often on end: it has come loose again. */
const CALM_RUN = 3

/** Takes in what the latch says now. */
export function noteLatch(motion: Motion, isLatched: boolean, atS: number): void {
    if (!isLatched) {
        motion.calmAtS = atS
        motion.shakenInPlace = 0
        motion.calmRun = Math.min(motion.calmRun + 1, CALM_RUN)
        const isBack =
            motion.health === AccelerometerHealth.alwaysFires && motion.calmRun === CALM_RUN
        if (isBack) motion.health = AccelerometerHealth.good
        return
    }
    if (motion.calmAtS < 0) motion.calmAtS = atS
    motion.calmRun = 0
    motion.isHeard = 1
    motion.silentJourneys = 0
    if (motion.health === AccelerometerHealth.neverFires) motion.health = AccelerometerHealth.good
}

/** It shook, and the fix stood still. */
export function noteShakenInPlace(motion: Motion, atS: number): void {
    motion.shakenInPlace = Math.min(motion.shakenInPlace + 1, SHAKEN_ALARMS)
    const isStuck = motion.shakenInPlace === SHAKEN_ALARMS && atS - motion.calmAtS >= SHAKEN_S
    if (isStuck) motion.health = AccelerometerHealth.alwaysFires
}

/** A journey ended: was it heard? */
export function noteJourneyEnd(motion: Motion): void {
    const wasHeard = motion.isHeard === 1
    motion.isHeard = 0
    motion.silentJourneys = wasHeard ? 0 : motion.silentJourneys + 1
    if (motion.silentJourneys < SILENT_JOURNEYS_MAX) return
    motion.silentJourneys = 0
    motion.health = AccelerometerHealth.neverFires
}
