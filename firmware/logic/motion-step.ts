// What the motion decision is given, what it gives back, and what it wants next: a fix, a look at the
// latch, or to be left alone until motion wakes the board.

import type { MotionFix, Place } from "./motion-anchor.js"
import { AccelerometerHealth, type Motion, MotionPhase } from "./motion-memory.js"
import type { Profile } from "./profile.js"

export interface MotionInput {
    /** Device seconds. */
    atS: number
    /** An accelerometer answers; whether it is believed is decided here. */
    hasAccelerometer: boolean
    /** Its latch had fired when it was last read and cleared, just now. */
    isLatched: boolean
    /** Motion wakes the board; else it looks at the latch every so often. */
    canWake: boolean
    /** Satellites were searched since the last step, or a search was asked for and not allowed. */
    isSearched: boolean
    /** What the search found. */
    fix: MotionFix | undefined
}

export interface MotionStep {
    motion: Motion
    /** The journey that began or ended with this step. */
    change: "none" | "start" | "stop"
    /** The fix belongs to the track. A parked tracker's scatter does not. */
    isKept: boolean
    /** With a stop: the mean of where it came to rest. Undefined where it never had a fix there. */
    place: Place | undefined
    /** A fix is wanted now; the search discipline has the last word. */
    needsFix: boolean
    /** When to step again at the latest, device seconds; -1: no need of its own. */
    nextAtS: number
    /** The interrupt may wake the board now. Else it only sets its latch. */
    wakesOnMotion: boolean
    /** The accelerometer has just been found stuck. */
    fault: "none" | "always-fires" | "never-fires"
}

/**
 * Looks that shake, the first included, before a fix is worth its charge. The second may still see
 * the end of a bump that woke the board.
 */
export const ACTIVE_LOOKS = 3
/** Two fixes that stray share their error when they are nearer to each other in time. */
export const CONFIRM_S = 60
/** Stillness as told by fixes alone, or by nothing, takes so much longer. */
export const REST_FACTOR = 3
/** A fix costs as much as some ten looks: without an accelerometer it is so much rarer. */
const FIX_ONLY_FACTOR = 6

/** The accelerometer is there and believed. */
export function hears(motion: Motion, input: MotionInput): boolean {
    return input.hasAccelerometer && motion.health === AccelerometerHealth.good
}

/** Fills in what it wants next, and when. */
export function planMotion(step: MotionStep, input: MotionInput, profile: Profile): void {
    const motion = step.motion
    const atS = input.atS
    if (motion.phase === MotionPhase.parked) {
        const isHearing = hears(motion, input)
        const fixEveryS = isHearing
            ? profile.heartbeatS
            : Math.min(profile.heartbeatS, profile.parkedCheckS * FIX_ONLY_FACTOR)
        const fixAtS = motion.triedAtS < 0 ? atS : motion.triedAtS + fixEveryS
        step.needsFix = motion.anchorFixes === 0 || atS >= fixAtS
        step.wakesOnMotion = isHearing && input.canWake && atS >= motion.quietUntilS
        step.nextAtS = Math.max(fixAtS, atS + 1)
        if (!isHearing || step.wakesOnMotion) return
        const lookAtS = input.canWake ? motion.quietUntilS : atS + profile.parkedCheckS
        step.nextAtS = Math.min(step.nextAtS, Math.max(lookAtS, motion.quietUntilS))
    } else if (motion.phase === MotionPhase.maybe) {
        const hasTried = motion.triedAtS > motion.sinceS
        const isShaking = motion.activeLooks >= ACTIVE_LOOKS
        const isConfirming = motion.awayFixes > 0 && atS - motion.sinceS >= CONFIRM_S
        step.needsFix = isConfirming || (isShaking && !hasTried)
        step.nextAtS = Math.max(motion.lookAtS, atS + 1)
    } else {
        // Without a fix for long it looks as seldom as a parked one: there is no track to draw.
        const sightS = atS - Math.max(motion.fixAtS, motion.sinceS)
        const isBlind = sightS >= profile.stillS * REST_FACTOR
        const everyS = isBlind
            ? Math.max(profile.fixEveryS, profile.parkedCheckS)
            : profile.fixEveryS
        step.needsFix = atS - motion.triedAtS >= everyS
        step.nextAtS = Math.max(motion.triedAtS + everyS, atS + 1)
    }
}
