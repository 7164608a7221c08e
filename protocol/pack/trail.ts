// What the fixes of a batch up to here let one expect of the next: the last value of each column and
// the last motion. Encoder and decoder keep the same trail, all of it integers in quanta, and a
// batch that is chained to an earlier one goes on from the trail that was left there.

import {
    ALTITUDE,
    COLUMNS,
    COURSE,
    LATITUDE,
    LONGITUDE,
    type PackedRow,
    type Profile,
    SPEED,
    TIME,
} from "./profile.js"

export interface Trail {
    /** Last value of each column, and a bit for each of the columns 3 to 8 that has had one. */
    values: number[]
    known: number
    /** Columns that the last fix carried. */
    mask: number
    /** Time from the last fix but one to the last. */
    interval: number
    /** The step that the last interval brought; its time is 0 when no step is known. */
    stepTime: number
    stepNorth: number
    stepEast: number
    /** Sum of the speeds at both ends of the step, 0 when not known. */
    stepSpeeds: number
    /** Velocity at the last fix that carried speed and course, in speed quanta / 1024. */
    hasVelocity: boolean
    velocityNorth: number
    velocityEast: number
    /** Cosine of the latitude at which the batch began, times 1024. */
    cosine: number
}

export function newTrail(profile: Profile): Trail {
    const values: number[] = []
    while (values.length < COLUMNS) values.push(0)
    return {
        values: values,
        known: 0,
        mask: 0,
        // One fix a second until the batch says otherwise.
        interval: 10 / profile.quanta[TIME],
        stepTime: 0,
        stepNorth: 0,
        stepEast: 0,
        stepSpeeds: 0,
        hasVelocity: false,
        velocityNorth: 0,
        velocityEast: 0,
        cosine: 0,
    }
}

export function copyTrail(trail: Trail): Trail {
    return { ...trail, values: trail.values.slice() }
}

/** A motion is not carried on over a longer gap. */
const COAST_MAX_DS = 600
/** A longer step is no motion: 2^20 quanta, a degree at least. It keeps the products exact, too. */
const STEP_MAX = 1048576
/** 1e-6 degree of latitude is 1.11195 dm on a sphere of 6,371 km; times 2 ends, 10 ds/s and 1024. */
const DISTANCE_UNIT = 22773
/** 1024 cos 89: east of there a step north or south goes through most meridians. */
const COSINE_MIN = 18

/** What is expected of a fix of which time, speed and course are known already. */
export interface Motion {
    /** From the last fix, in quanta. */
    north: number
    east: number
    /** The fix's own velocity, in speed quanta / 1024, when it has speed and course. */
    velocityNorth: number
    velocityEast: number
}

/** Reckons with the latitude where the trail is now. Done once, at the begin of a batch. */
export function settle(profile: Profile, trail: Trail): void {
    const latitude = trail.values[LATITUDE] * profile.quanta[LATITUDE]
    const hundredths = Math.floor((latitude < 0 ? -latitude : latitude) / 10000)
    trail.cosine = Math.max(arch(9000 - hundredths, 18000), COSINE_MIN)
}

/** The velocity of a fix with speed and course. */
export function velocity(profile: Profile, row: PackedRow, motion: Motion): void {
    const speed = row.values[SPEED]
    const course = row.values[COURSE] * profile.quanta[COURSE]
    motion.velocityNorth = speed * sine(course + 90)
    motion.velocityEast = speed * sine(course)
}

/**
 * The step from the last fix to this one: the mean of the velocities at both ends where the receiver
 * told them, else the last step again, longer or shorter as interval and speed have changed.
 */
export function expectStep(profile: Profile, trail: Trail, row: PackedRow, motion: Motion): void {
    motion.north = 0
    motion.east = 0
    const time = row.values[TIME] - trail.values[TIME]
    if (time <= 0 || time * profile.quanta[TIME] > COAST_MAX_DS) return
    if (trail.hasVelocity && hasVelocity(row)) {
        const scale = time * profile.quanta[TIME] * profile.quanta[SPEED]
        const unit = DISTANCE_UNIT * profile.quanta[LATITUDE]
        motion.north = divided((trail.velocityNorth + motion.velocityNorth) * scale, unit)
        const east = (trail.velocityEast + motion.velocityEast) * scale
        motion.east = divided(east * 1024, unit * trail.cosine)
    } else if (trail.stepTime > 0) {
        let more = time
        let less = trail.stepTime
        if (trail.stepSpeeds > 0 && hasSpeed(row)) {
            more *= Math.min(row.values[SPEED] + trail.values[SPEED], 2 * trail.stepSpeeds)
            less *= trail.stepSpeeds
        }
        motion.north = divided(trail.stepNorth * more, less)
        motion.east = divided(trail.stepEast * more, less)
    }
}

/** The trail goes on to the next fix. */
export function follow(trail: Trail, row: PackedRow, motion: Motion): void {
    const before = trail.values
    const now = row.values
    const time = now[TIME] - before[TIME]
    const north = now[LATITUDE] - before[LATITUDE]
    const east = now[LONGITUDE] - before[LONGITUDE]
    const isMotion = time > 0 && isStep(north) && isStep(east)
    trail.interval = time
    trail.stepTime = isMotion ? time : 0
    trail.stepNorth = north
    trail.stepEast = east
    trail.stepSpeeds = 0
    if (hasSpeed(row))
        trail.stepSpeeds = now[SPEED] + ((trail.known & 2) === 2 ? before[SPEED] : now[SPEED])
    arrive(trail, row, motion)
}

/** The trail stands at this fix, whatever was before. */
export function arrive(trail: Trail, row: PackedRow, motion: Motion): void {
    if (hasVelocity(row)) {
        trail.hasVelocity = true
        trail.velocityNorth = motion.velocityNorth
        trail.velocityEast = motion.velocityEast
    }
    const mask = row.mask
    if (mask === trail.known) trail.values = row.values
    else {
        // What the fix lacks keeps the value it had.
        trail.values = trail.values.map((last, i) => {
            const isThere = i < ALTITUDE || ((mask >> (i - ALTITUDE)) & 1) === 1
            return isThere ? row.values[i] : last
        })
        trail.known = trail.known | mask
    }
    trail.mask = mask
}

function hasSpeed(row: PackedRow): boolean {
    return (row.mask & 2) === 2
}
function hasVelocity(row: PackedRow): boolean {
    return (row.mask & 6) === 6
}
function isStep(quanta: number): boolean {
    return quanta <= STEP_MAX && quanta >= -STEP_MAX
}
/** To the nearest integer, halves upward; the divisor is positive. */
function divided(value: number, by: number): number {
    return Math.floor((2 * value + by) / (2 * by))
}
/** 1024 times the sine of whole degrees from 0 to 449. */
function sine(degrees: number): number {
    if (degrees < 180) return arch(degrees, 180)
    return degrees < 360 ? -arch(degrees - 180, 180) : arch(degrees - 360, 180)
}
/** 1024 times the sine of the angle that is x / half of 180 degrees (Bhaskara I, 629: off by 2). */
function arch(x: number, half: number): number {
    const product = x * (half - x)
    return divided(4096 * product, (half * half * 5) / 4 - product)
}
