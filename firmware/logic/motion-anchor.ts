// Where a tracker rests, and whether a fix says that it rests there no longer. The place is the mean
// of its fixes, each weighted by the inverse of its variance. A receiver's errors are alike from
// second to second, so fixes are averaged seconds apart, and neither a fix nor the mean is believed
// to be better than a floor, whatever it claims. The mean closes after ANCHOR_FIXES_MAX: one that
// went on would follow a boat that drags its anchor and never see it go.

import type { Motion } from "./motion-memory.js"
import { eastMPerUdeg, northMPerUdeg, squareRoot, wrapUdeg } from "./thin/ellipsoid.js"

/** What motion looks at. Every `Fix` is one. */
export interface MotionFix {
    latUdeg: number
    lonUdeg: number
    accuracyDm: number
    speedDmps: number
}

/** A place, and the radius within which two of three such places hold the truth. */
export interface Place {
    latUdeg: number
    lonUdeg: number
    accuracyDm: number
}

export const ANCHOR_FIXES_MAX = 30
/** Nearer to each other in time, two fixes share their error. */
const ANCHOR_STEP_S = 10
/** Reflections move a parked receiver's fixes by metres while it claims one. */
const FIX_FLOOR_M = 5
/** Such errors last for minutes: averaging does not take them away. */
const ANCHOR_FLOOR_M = 3
/** Nearer than this it has not gone anywhere, however sure: the length of a lorry. */
const AWAY_LEAST_M = 20
/** A fix as poor as this places nothing. */
const ACCURACY_MAX_DM = 5000
const INFO_UNIT = 1000000

/** Begins anew at a fix. */
export function anchorAt(motion: Motion, fix: MotionFix, atS: number): void {
    motion.anchorLatUdeg = fix.latUdeg
    motion.anchorLonUdeg = fix.lonUdeg
    motion.anchorInfo = infoOf(fix)
    motion.anchorFixes = 1
    motion.averagedAtS = atS
    motion.restAtS = atS
}

export function forgetAnchor(motion: Motion): void {
    motion.anchorLatUdeg = 0
    motion.anchorLonUdeg = 0
    motion.anchorInfo = 0
    motion.anchorFixes = 0
}

/** Takes a fix at rest into the mean, when it comes late enough and the mean is still open. */
export function averageInto(motion: Motion, fix: MotionFix, atS: number): void {
    if (motion.anchorFixes >= ANCHOR_FIXES_MAX || !isUsable(fix)) return
    if (atS - motion.averagedAtS < ANCHOR_STEP_S) return
    const info = infoOf(fix)
    const total = motion.anchorInfo + info
    const share = info / total
    const north = fix.latUdeg - motion.anchorLatUdeg
    const east = wrapUdeg(fix.lonUdeg - motion.anchorLonUdeg)
    motion.anchorLatUdeg += whole(north * share)
    motion.anchorLonUdeg = wrapUdeg(motion.anchorLonUdeg + whole(east * share))
    motion.anchorInfo = total
    motion.anchorFixes++
    motion.averagedAtS = atS
}

/**
 * Whether a fix lies away from the anchor by more than `sigmas` of both their errors together. False
 * without an anchor, and for a fix that places nothing.
 */
export function isAway(motion: Motion, fix: MotionFix, sigmas: number): boolean {
    if (motion.anchorFixes === 0 || !isUsable(fix)) return false
    const north = (fix.latUdeg - motion.anchorLatUdeg) * northMPerUdeg(motion.anchorLatUdeg)
    const eastUdeg = wrapUdeg(fix.lonUdeg - motion.anchorLonUdeg)
    const east = eastUdeg * eastMPerUdeg(motion.anchorLatUdeg)
    const distanceSq = north * north + east * east
    const fixM = Math.max(fix.accuracyDm / 10, FIX_FLOOR_M)
    const varianceM2 = fixM * fixM + anchorVarianceM2(motion)
    return distanceSq > AWAY_LEAST_M * AWAY_LEAST_M && distanceSq > sigmas * sigmas * varianceM2
}

/** The anchor, or undefined where there is none. */
export function placeOf(motion: Motion): Place | undefined {
    if (motion.anchorFixes === 0) return undefined
    const accuracyDm = Math.ceil(squareRoot(anchorVarianceM2(motion)) * 10)
    return {
        latUdeg: motion.anchorLatUdeg,
        lonUdeg: motion.anchorLonUdeg,
        accuracyDm: accuracyDm,
    }
}

export function isUsable(fix: MotionFix): boolean {
    return fix.accuracyDm > 0 && fix.accuracyDm <= ACCURACY_MAX_DM
}

function anchorVarianceM2(motion: Motion): number {
    return Math.max(INFO_UNIT / motion.anchorInfo, ANCHOR_FLOOR_M * ANCHOR_FLOOR_M)
}

/** At least 1, so that a mean of any fixes may divide by it. */
function infoOf(fix: MotionFix): number {
    const accuracyM = Math.max(fix.accuracyDm / 10, FIX_FLOOR_M)
    return Math.max(Math.floor(INFO_UNIT / (accuracyM * accuracyM)), 1)
}

function whole(value: number): number {
    return Math.floor(value + 0.5)
}
