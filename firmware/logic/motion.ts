// Parked, maybe, moving. The accelerometer says that something happened, fixes say whether it led
// anywhere:
//
//   parked  a latch that fired leads to a look; so does one fix well away from the anchor
//   maybe   a bump dies down within two looks. Three looks that shake ask for a fix: away from the
//           anchor, or fast, it is a journey; at the anchor, a false alarm, and the latch is not
//           believed for a while. Without sky six looks that shake are a journey as well. Where
//           nothing shakes (a tow, a ferry) it takes two fixes a minute apart.
//   moving  until neither shakes nor strays for the profile's stillness; or until fixes have stood
//           still for three times that, however it shakes
//
// A parked tracker's fixes are averaged into its place and not sent. Without an accelerometer, or
// with one that fixes have shown to be stuck, fixes alone decide, further apart.

import {
    anchorAt,
    averageInto,
    forgetAnchor,
    isAway,
    isUsable,
    type MotionFix,
    placeOf,
} from "./motion-anchor.js"
import { AccelerometerHealth, copyOfMotion, type Motion, MotionPhase } from "./motion-memory.js"
import {
    ACTIVE_LOOKS,
    CONFIRM_S,
    hears,
    type MotionInput,
    type MotionStep,
    planMotion,
    REST_FACTOR,
} from "./motion-step.js"
import { noteJourneyEnd, noteLatch, noteShakenInPlace } from "./motion-trust.js"
import type { Profile } from "./profile.js"

export type { MotionInput, MotionStep } from "./motion-step.js"

/** Between two looks in `maybe`: a car that leaves shakes in each, a slammed door in one. */
const LOOK_S = 20
const CALM_LOOKS = 2
/** Looks that shake before it is a journey without any sky. */
const ACTIVE_LOOKS_BLIND = 6
/** After this a maybe that nothing has settled is parked again. */
const MAYBE_MAX_S = 600
/** How far away, in errors: while it shakes, without accelerometer, while it is calm. */
const SHAKING_SIGMAS = 2
const BLIND_SIGMAS = 4
const CALM_SIGMAS = 5
/** 2 m/s: above what reflections make of a receiver at rest. */
const FAST_DMPS = 20
const REST_FIXES = 3
/** After a false alarm: a minute, doubling to half an hour, forgotten after an hour. */
const QUIET_FIRST_S = 60
const FALSE_ALARMS_MAX = 6
const FORGET_S = 3600

/** Everything that an instant does to the motion decision. */
export function stepMotion(before: Motion, input: MotionInput, profile: Profile): MotionStep {
    const motion = copyOfMotion(before)
    const atS = input.atS
    if (input.hasAccelerometer) noteLatch(motion, input.isLatched, atS)
    if (hears(motion, input) && input.isLatched) motion.isSeen = 1
    const fix = input.fix !== undefined && isUsable(input.fix) ? input.fix : undefined
    if (fix !== undefined) motion.fixAtS = atS
    if (fix !== undefined || input.isSearched) motion.triedAtS = atS
    const step: MotionStep = {
        motion: motion,
        change: "none",
        isKept: false,
        place: undefined,
        needsFix: false,
        nextAtS: -1,
        wakesOnMotion: false,
        fault: "none",
    }
    if (motion.phase === MotionPhase.parked) stepParked(step, input, fix)
    else if (motion.phase === MotionPhase.maybe) stepMaybe(step, input, fix)
    else stepMoving(step, input, fix, profile)
    step.fault = faultBetween(before, motion)
    planMotion(step, input, profile)
    return step
}

function stepParked(step: MotionStep, input: MotionInput, fix: MotionFix | undefined): void {
    const motion = step.motion
    if (fix !== undefined && motion.anchorFixes === 0) {
        // It came to rest without sky, or has just been fitted: now it knows where.
        anchorAt(motion, fix, input.atS)
        step.isKept = true
    } else if (fix !== undefined) {
        if (isAway(motion, fix, hears(motion, input) ? CALM_SIGMAS : BLIND_SIGMAS)) {
            motion.awayFixes = 1
            enterMaybe(motion, input.atS, CONFIRM_S)
            return
        }
        averageInto(motion, fix, input.atS)
    }
    if (motion.isSeen === 1 && input.atS >= motion.quietUntilS)
        enterMaybe(motion, input.atS, LOOK_S)
    motion.isSeen = 0
}

function enterMaybe(motion: Motion, atS: number, lookInS: number): void {
    motion.phase = MotionPhase.maybe
    motion.sinceS = atS
    motion.lookAtS = atS + lookInS
    motion.activeLooks = motion.isSeen
    motion.calmLooks = 0
    motion.isSeen = 0
}

function stepMaybe(step: MotionStep, input: MotionInput, fix: MotionFix | undefined): void {
    const motion = step.motion
    const atS = input.atS
    if (atS >= motion.lookAtS) countLook(motion, atS)
    const isShaking = motion.activeLooks >= ACTIVE_LOOKS
    if (fix !== undefined) {
        const calm = hears(motion, input) ? CALM_SIGMAS : BLIND_SIGMAS
        const isFast = isShaking && fix.speedDmps >= FAST_DMPS
        if (isFast || isAway(motion, fix, isShaking ? SHAKING_SIGMAS : calm)) {
            const isConfirmed = motion.awayFixes > 0 && atS - motion.sinceS >= CONFIRM_S
            motion.awayFixes++
            if (isShaking || isConfirmed) start(step, fix, atS)
            return
        }
        if (motion.anchorFixes === 0) {
            anchorAt(motion, fix, atS)
            step.isKept = true
        } else averageInto(motion, fix, atS)
        park(motion, atS)
        if (isShaking) falseAlarm(motion, atS)
        return
    }
    const isBlind = motion.triedAtS > motion.sinceS && motion.fixAtS < motion.triedAtS
    if (isBlind && motion.activeLooks >= ACTIVE_LOOKS_BLIND) start(step, undefined, atS)
    // It strayed, and then lost a sky that its place had: that is a departure too.
    else if (isBlind && motion.awayFixes > 0) start(step, undefined, atS)
    else if (motion.awayFixes === 0 && motion.calmLooks >= CALM_LOOKS) park(motion, atS)
    else if (atS - motion.sinceS >= MAYBE_MAX_S) park(motion, atS)
}

function countLook(motion: Motion, atS: number): void {
    if (motion.isSeen === 1) {
        motion.activeLooks++
        motion.calmLooks = 0
    } else motion.calmLooks++
    motion.isSeen = 0
    motion.lookAtS = atS + LOOK_S
}

function stepMoving(
    step: MotionStep,
    input: MotionInput,
    fix: MotionFix | undefined,
    profile: Profile,
): void {
    const motion = step.motion
    const atS = input.atS
    if (motion.isSeen === 1) motion.activeAtS = atS
    motion.isSeen = 0
    if (fix !== undefined) {
        step.isKept = true
        const isFirst = motion.anchorFixes === 0
        const isOnTheWay = fix.speedDmps >= FAST_DMPS || isAway(motion, fix, SHAKING_SIGMAS)
        if (isOnTheWay) motion.activeAtS = atS
        if (isFirst || isOnTheWay) anchorAt(motion, fix, atS)
        else averageInto(motion, fix, atS)
    }
    const stillS = atS - motion.activeAtS
    const restS = atS - motion.restAtS
    // By ear as soon as satellites were searched once more: the place is told with the stop.
    const isSeenStill = hears(motion, input)
        ? motion.triedAtS > motion.activeAtS
        : fix !== undefined && motion.anchorFixes > 1
    const isCalm = stillS >= profile.stillS && isSeenStill
    const isSilent = stillS >= profile.stillS * REST_FACTOR
    const isResting =
        fix !== undefined &&
        motion.anchorFixes >= REST_FIXES &&
        restS >= profile.stillS * REST_FACTOR
    if (!isCalm && !isSilent && !isResting) return
    // Where it was when it lost the sky is not where it rests.
    const isPlaced = motion.fixAtS > motion.restAtS && motion.fixAtS >= motion.activeAtS
    if (!isPlaced) forgetAnchor(motion)
    step.change = "stop"
    step.place = placeOf(motion)
    park(motion, atS)
    if (input.hasAccelerometer) noteJourneyEnd(motion)
    if (!isCalm && !isSilent) falseAlarm(motion, atS)
}

function start(step: MotionStep, fix: MotionFix | undefined, atS: number): void {
    const motion = step.motion
    motion.phase = MotionPhase.moving
    motion.sinceS = atS
    motion.activeAtS = atS
    motion.awayFixes = 0
    motion.falseAlarms = 0
    motion.lookAtS = -1
    if (fix === undefined) forgetAnchor(motion)
    else anchorAt(motion, fix, atS)
    step.change = "start"
    step.isKept = fix !== undefined
}

function park(motion: Motion, atS: number): void {
    motion.phase = MotionPhase.parked
    motion.sinceS = atS
    motion.awayFixes = 0
    motion.lookAtS = -1
    motion.isSeen = 0
}

/** It shook and went nowhere: an engine idles, a boat rolls, or the part is stuck. */
function falseAlarm(motion: Motion, atS: number): void {
    if (atS - motion.quietUntilS >= FORGET_S) motion.falseAlarms = 0
    motion.falseAlarms = Math.min(motion.falseAlarms + 1, FALSE_ALARMS_MAX)
    motion.quietUntilS = atS + QUIET_FIRST_S * 2 ** (motion.falseAlarms - 1)
    noteShakenInPlace(motion, atS)
}

function faultBetween(before: Motion, after: Motion): "none" | "always-fires" | "never-fires" {
    if (after.health === before.health || after.health === AccelerometerHealth.good) return "none"
    return after.health === AccelerometerHealth.alwaysFires ? "always-fires" : "never-fires"
}
