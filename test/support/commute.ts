// A vehicle that drives east in the morning and back in the evening, on the days it drives at all.

import type { NavSolution } from "../../simulator/chips/ubx-frame.js"

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const SPEED_MPS = 14
/** Degrees of longitude to a metre at 47 degrees north. */
const LON_E7_PER_M = 1e7 / 76_000
const HOME = { latE7: 471_410_000, lonE7: 95_209_000 }

export interface Commute {
    /** When the first day begins, UTC ms. */
    startMs: number
    /** Hours of the day between which it drives: there, and back. */
    there: readonly [fromH: number, toH: number]
    back: readonly [fromH: number, toH: number]
    drivesOn: (day: number) => boolean
}

export type CommuteDays = Pick<Commute, "there" | "back" | "drivesOn">

/** What moves the tracker, as its accelerometer and its receiver find it. */
export interface Vehicle {
    speedMps: (atMs: number) => number
    /** Until when it stands, where it stands at `atMs`. */
    parkedUntil: (atMs: number) => number
    /** What a receiver under open sky makes of it; undefined for a second without a solution. */
    solution: (atMs: number, errorM: number) => NavSolution | undefined
}

export const WEEKDAYS: CommuteDays = {
    there: [7.5, 8],
    back: [17, 17.5],
    drivesOn: (day) => day % 7 < 5,
}
export const NEVER: CommuteDays = {
    ...WEEKDAYS,
    drivesOn: () => false,
}

export function commuting(commute: Commute): Vehicle {
    return {
        speedMps: (atMs) => speedMps(commute, atMs),
        parkedUntil: (atMs) => parkedUntil(commute, atMs),
        solution: (atMs, errorM) => solutionAt(commute, atMs, errorM),
    }
}

export function speedMps(commute: Commute, atMs: number): number {
    const hour = hourOf(commute, atMs)
    if (!commute.drivesOn(dayOf(commute, atMs))) return 0
    const isDriving = [commute.there, commute.back].some(([from, to]) => hour >= from && hour < to)
    return isDriving ? SPEED_MPS : 0
}

/** Until when a vehicle that stands at `atMs` stands. */
export function parkedUntil(commute: Commute, atMs: number): number {
    let day = dayOf(commute, atMs)
    for (let tries = 0; tries < 400; tries++, day++) {
        if (!commute.drivesOn(day)) continue
        for (const [fromH] of [commute.there, commute.back]) {
            const leavesMs = commute.startMs + day * DAY_MS + fromH * HOUR_MS
            if (leavesMs > atMs) return leavesMs
        }
    }
    return atMs + 400 * DAY_MS
}

/** What a receiver under open sky makes of it. */
export function solutionAt(commute: Commute, atMs: number, errorM: number): NavSolution {
    const hour = hourOf(commute, atMs)
    const drives = commute.drivesOn(dayOf(commute, atMs))
    const outH = drives ? within(hour, commute.there) : 0
    const backH = drives ? within(hour, commute.back) : 0
    const eastM = (outH - backH) * 3600 * SPEED_MPS
    const isDriving = speedMps(commute, atMs) > 0
    return {
        atMs,
        fixType: 3,
        isFixOk: true,
        satellites: 11,
        latE7: HOME.latE7 + Math.round(errorM * 90),
        lonE7: HOME.lonE7 + Math.round((eastM + errorM) * LON_E7_PER_M),
        altMm: 455_000,
        accuracyMm: 2500,
        speedMms: isDriving ? SPEED_MPS * 1000 : 0,
        courseE5: hour < 12 ? 9_000_000 : 27_000_000,
    }
}

function within(hour: number, [from, to]: readonly [number, number]): number {
    return Math.min(Math.max(hour - from, 0), to - from)
}
function dayOf({ startMs }: Commute, atMs: number): number {
    return Math.floor((atMs - startMs) / DAY_MS)
}
function hourOf(commute: Commute, atMs: number): number {
    return (atMs - commute.startMs) / HOUR_MS - dayOf(commute, atMs) * 24
}
