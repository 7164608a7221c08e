// The order in which the columns of a batch go through a coder, and what each is compared with. One
// walk writes and reads: with a writer the rows are given, with a reader they are filled in.

import {
    ACCURACY,
    ALTITUDE,
    COURSE,
    LATITUDE,
    LONGITUDE,
    mostQuanta,
    ONCE_CONTEXT,
    type PackedRow,
    POSITION_CONTEXT,
    type Profile,
    SHAPE_CONTEXT,
    SPEED,
    TIME,
} from "./profile.js"
import type { SymbolCoder } from "./symbols.js"
import {
    arrive,
    copyTrail,
    expectStep,
    follow,
    type Motion,
    newTrail,
    settle,
    type Trail,
    velocity,
} from "./trail.js"

/** The sets of columns 3 to 8 that a fix may carry. */
const MASKS = 64

/** A batch on its way through a coder, fix by fix. */
export class Walk {
    private focuses: number[] = []
    /** No fix has passed, and there is no base. */
    private isOpen = true
    private motion: Motion = { north: 0, east: 0, velocityNorth: 0, velocityEast: 0 }
    trail: Trail

    /** `trail`: where the base left off, and is changed; undefined in a batch chained to none. */
    constructor(
        private coder: SymbolCoder,
        private profile: Profile,
        trail: Trail | undefined,
    ) {
        this.focuses = profile.focuses.slice()
        this.isOpen = trail === undefined
        this.trail = trail === undefined ? newTrail(profile) : trail
        if (trail !== undefined) settle(profile, trail)
    }

    /** Takes a fix through the coder. */
    pass(row: PackedRow): void {
        if (this.isOpen) this.begin(row)
        else this.next(row)
        this.isOpen = false
    }

    /** The same walk from here on, through another coder. */
    copy(coder: SymbolCoder): Walk {
        const twin = new Walk(coder, this.profile, copyTrail(this.trail))
        twin.trail.cosine = this.trail.cosine
        twin.focuses = this.focuses.slice()
        twin.isOpen = this.isOpen
        return twin
    }

    /** The first fix of a batch that is chained to none: as it is. */
    private begin(row: PackedRow): void {
        const coder = this.coder
        const profile = this.profile
        const values = row.values
        row.mask = coder.uniform(row.mask, MASKS)
        values[TIME] = coder.uniform(values[TIME], mostQuanta(profile, TIME) + 1)
        const pole = mostQuanta(profile, LATITUDE)
        values[LATITUDE] = coder.uniform(values[LATITUDE] + pole, 2 * pole + 1) - pole
        const east = profile.meridians / 2
        values[LONGITUDE] = coder.uniform(values[LONGITUDE] + east, profile.meridians) - east
        this.speedAndCourse(row)
        this.others(row)
        arrive(this.trail, row, this.motion)
        settle(profile, this.trail)
    }

    /** A fix that follows another. */
    private next(row: PackedRow): void {
        const coder = this.coder
        const trail = this.trail
        const last = trail.values
        const values = row.values
        const focuses = this.focuses
        const motion = this.motion
        const meridians = this.profile.meridians
        const isOther = coder.flag(row.mask === trail.mask ? 0 : 1, focuses, SHAPE_CONTEXT)
        row.mask = isOther === 1 ? coder.uniform(row.mask, MASKS) : trail.mask
        const due = last[TIME] + trail.interval
        values[TIME] = due + coder.residual(values[TIME] - due, focuses, TIME)
        this.speedAndCourse(row)
        expectStep(this.profile, trail, row, motion)
        const north = last[LATITUDE] + motion.north
        values[LATITUDE] =
            north + coder.residual(values[LATITUDE] - north, focuses, POSITION_CONTEXT)
        const east = last[LONGITUDE] + motion.east
        const off = around(values[LONGITUDE] - east, meridians)
        const longitude = east + coder.residual(off, focuses, POSITION_CONTEXT)
        values[LONGITUDE] = around(longitude, meridians)
        this.others(row)
        follow(trail, row, motion)
    }

    private speedAndCourse(row: PackedRow): void {
        const mask = row.mask
        if ((mask & 2) !== 0) this.column(row.values, SPEED, 2)
        if ((mask & 4) === 0) return
        const values = row.values
        const courses = this.profile.courses
        if ((this.trail.known & 4) === 0)
            values[COURSE] = this.coder.uniform(values[COURSE], courses)
        else {
            const last = this.trail.values[COURSE]
            const turn = around(values[COURSE] - last, courses)
            const course = around(last + this.coder.residual(turn, this.focuses, COURSE), courses)
            values[COURSE] = course < 0 ? course + courses : course
        }
        if ((mask & 2) !== 0) velocity(this.profile, row, this.motion)
    }

    private others(row: PackedRow): void {
        const mask = row.mask
        if ((mask & 1) !== 0) this.column(row.values, ALTITUDE, 1)
        let column = ACCURACY
        for (let bit = 8; bit <= mask; bit *= 2) {
            if ((mask & bit) !== 0) this.column(row.values, column, bit)
            column++
        }
    }

    /** The first value of a column by itself, then each against the last. */
    private column(values: number[], column: number, bit: number): void {
        const focuses = this.focuses
        if ((this.trail.known & bit) === 0) {
            focuses[ONCE_CONTEXT] = this.profile.firstFocuses[column]
            values[column] = this.coder.residual(values[column], focuses, ONCE_CONTEXT)
        } else {
            const last = this.trail.values[column]
            values[column] = last + this.coder.residual(values[column] - last, focuses, column)
        }
    }
}

/** The same place on a circle, from half a circle below 0 to less than half above. */
function around(value: number, circle: number): number {
    if (value * 2 < circle && value * 2 >= -circle) return value
    return value - circle * Math.floor((value + circle / 2) / circle)
}
