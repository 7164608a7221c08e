// The live channel: when to send. Whoever watches extrapolates the last report by its velocity; a
// report is due when that is off by more than the bound, not when the tracker has moved.
//
// The velocity comes from nothing but what was sent: the report's own speed and course where the
// receiver gives both, else the way from the fix sent before it, taken at the report's speed where
// there is one. Measured against Doppler alone, displacement over 1 to 10 s and a least-squares
// line, this one sends least of those that whoever watches can compute as well.

import {
    cosineOfDeg,
    eastMPerUdeg,
    northMPerUdeg,
    sineOfDeg,
    squareRoot,
    wrapUdeg,
} from "./ellipsoid.js"
import { BOUND_SHARE, type ThinFix } from "./thin-fix.js"

/** Slower than this is standing: the receiver's noise has a course too, and would drift away. */
const STANDING_DMPS = 5
/** A way that took longer says nothing about the velocity at its end. */
const WAY_MAX_DS = 600

/** Millionths of a degree in a tenth of a second. */
export interface Velocity {
    north: number
    east: number
}

/** Where the watcher believes the tracker to be, and whether that is good enough. */
export class LiveTrigger {
    private origin: ThinFix | undefined = undefined
    private velocity: Velocity = { north: 0, east: 0 }
    private northM = 0
    private eastM = 0
    private boundSq: number

    /** `boundM`: how far the watcher's belief may be off, in metres. */
    constructor(boundM: number) {
        const bound = boundM * BOUND_SHARE
        this.boundSq = bound * bound
    }

    /** Whether `fix` must be reported. The first one must, and one from before the last report. */
    isDue(fix: ThinFix): boolean {
        const origin = this.origin
        if (origin === undefined || fix.timeDs < origin.timeDs) return true
        const sinceDs = fix.timeDs - origin.timeDs
        const north = fix.latUdeg - origin.latUdeg - this.velocity.north * sinceDs
        const east = wrapUdeg(wrapUdeg(fix.lonUdeg - origin.lonUdeg) - this.velocity.east * sinceDs)
        const northOff = north * this.northM
        const eastOff = east * this.eastM
        return northOff * northOff + eastOff * eastOff > this.boundSq
    }

    /** `fix` was reported; `before` is the fix that was sent last before it. */
    reported(fix: ThinFix, before: ThinFix | undefined): void {
        this.origin = fix
        this.northM = northMPerUdeg(fix.latUdeg)
        this.eastM = eastMPerUdeg(fix.latUdeg)
        this.velocity = velocityAt(fix, before)
    }
}

/** The velocity that a report stands for. Zero where nothing tells one. */
export function velocityAt(fix: ThinFix, before: ThinFix | undefined): Velocity {
    const northM = northMPerUdeg(fix.latUdeg)
    const eastM = eastMPerUdeg(fix.latUdeg)
    const speed = fix.speedDmps
    if (speed !== undefined && speed < STANDING_DMPS) return { north: 0, east: 0 }
    if (speed !== undefined && fix.courseDeg !== undefined) {
        // Decimetres per second are hundredths of a metre in a tenth of a second.
        const stepM = speed / 100
        return {
            north: (stepM * cosineOfDeg(fix.courseDeg)) / northM,
            east: (stepM * sineOfDeg(fix.courseDeg)) / eastM,
        }
    }
    if (before === undefined) return { north: 0, east: 0 }
    const tookDs = fix.timeDs - before.timeDs
    if (tookDs <= 0 || tookDs > WAY_MAX_DS) return { north: 0, east: 0 }
    const north = (fix.latUdeg - before.latUdeg) / tookDs
    const east = wrapUdeg(fix.lonUdeg - before.lonUdeg) / tookDs
    if (speed === undefined) return { north: north, east: east }
    const stepM = squareRoot(north * northM * north * northM + east * eastM * east * eastM)
    if (stepM === 0) return { north: 0, east: 0 }
    const share = speed / 100 / stepM
    return { north: north * share, east: east * share }
}
