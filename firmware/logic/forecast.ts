// When the battery will be empty, and how sure that is. Weeks repeat: what a day of the week took is
// averaged with the same day of the weeks before (counted from when the battery was fitted, so no
// calendar is needed), and a week is the sum of its days. So a vehicle that stands at weekends is
// foretold no later on a Monday than on a Friday. What was drawn is kept as the model has it: when the
// meter learns that the board draws more, all of the past is seen in the new light.
//
// The end is that of the battery, the tracker doing what it does: until the mission ends as before, but
// where the governor is what slows it down it will use up its plan, no more and no less; and after the
// mission's end a daily sign of life.

import type { Outlook } from "./energy-meter.js"
import { DAY_S, survivalUas } from "./energy-model.js"
import { batteryOf, type Mission } from "./mission.js"
import { squareRoot } from "./thin/ellipsoid.js"

export interface Forecaster {
    /** Noted up to here, in seconds since the battery was fitted. */
    atS: number
    /** Of the day that runs, what the model says, in microampere-seconds. */
    todayUas: number
    /** Days closed since the battery was fitted. */
    days: number
    /** Mean of the last days of the same place in the week, in milliampere-seconds; 7 of them. */
    week: number[]
    /** Mean distance of a day from the one foretold for it, in milliampere-seconds. */
    missMas: number
    /** Of the last days, how many were governed, in permille. */
    governedPermille: number
}

export interface Forecast {
    /** In seconds since the battery was fitted. */
    endS: number
    /** One standard deviation, in seconds. */
    spreadS: number
}

const WEEK = 7
const ROW_LENGTH = 5 + WEEK
/** Weeks that count: four are a month, and what is older is another life. */
const WEEKS_MAX = 4
/** Days over which the misses and the governor's days are averaged. */
const MISS_DAYS = 14
const UAS_PER_MAS = 1000
/** The standard deviation of a normal error is this times its mean size: sqrt(pi / 2). */
const DEVIATION_OF_MEAN = 1.2533
/** From here on a tracker counts as governed. */
const GOVERNED_FROM_PERMILLE = 200
/** The doubt is a bound: two standard deviations. */
const DOUBT_DEVIATIONS = 2
/** A battery that lasts longer is not foretold: ten years. */
const END_MAX_S = 315576000
/** A clock that jumps further has been set; no day is made of it. */
const DAYS_AT_ONCE_MAX = 60

export function newForecaster(): Forecaster {
    return {
        atS: 0,
        todayUas: 0,
        days: 0,
        week: [0, 0, 0, 0, 0, 0, 0],
        missMas: 0,
        governedPermille: 0,
    }
}

/**
 * The forecaster after the model has seen `modelUas` drawn, up to `atS`; spread evenly where days
 * ended in between. `isGoverned`: the governor made the profile slower.
 */
export function noteDrawn(
    forecaster: Forecaster,
    atS: number,
    modelUas: number,
    isGoverned: boolean,
): Forecaster {
    const next: Forecaster = { ...forecaster, week: forecaster.week.slice(0) }
    const passedS = atS - forecaster.atS
    next.atS = atS
    if (passedS <= 0 || passedS > DAYS_AT_ONCE_MAX * DAY_S) {
        next.todayUas += modelUas
        return next
    }
    let fromS = forecaster.atS
    let dayEndS = (Math.floor(fromS / DAY_S) + 1) * DAY_S
    while (dayEndS <= atS) {
        next.todayUas += modelUas * ((dayEndS - fromS) / passedS)
        closeDay(next, isGoverned)
        fromS = dayEndS
        dayEndS += DAY_S
    }
    next.todayUas = Math.floor(next.todayUas + modelUas * ((atS - fromS) / passedS) + 0.5)
    return next
}

/**
 * The end of the battery. Undefined before the first day is over, and when it is further off than ten
 * years.
 */
export function forecastEnd(
    forecaster: Forecaster,
    mission: Mission,
    outlook: Outlook,
): Forecast | undefined {
    const known = Math.min(forecaster.days, WEEK)
    if (known === 0) return undefined
    let sumMas = 0
    for (let i = 0; i < known; i++) sumMas += forecaster.week[i]
    const dayMas = sumMas / known
    if (dayMas <= 0) return undefined
    const end = (doubt: number, scatter: number): number =>
        endWith(forecaster, mission, outlook, dayMas * (1 + scatter), doubt)
    const endS = end(0, 0)
    if (endS > END_MAX_S) return undefined
    const doubt = outlook.doubtPermille / 1000 / DOUBT_DEVIATIONS
    const byDoubtS = (end(-doubt, 0) - end(doubt, 0)) / 2
    const scatter = scatterOf(forecaster, dayMas, (endS - forecaster.atS) / DAY_S)
    const byScatterS = endS - end(0, scatter)
    const spreadS = squareRoot(byDoubtS * byDoubtS + byScatterS * byScatterS)
    return { endS: Math.floor(endS + 0.5), spreadS: Math.floor(spreadS + 0.5) }
}

export function forecasterRow(forecaster: Forecaster): number[] {
    const row = [
        forecaster.atS,
        forecaster.todayUas,
        forecaster.days,
        forecaster.missMas,
        forecaster.governedPermille,
    ]
    for (const day of forecaster.week) row.push(day)
    return row
}

/** A new one where the row is of another version. */
export function forecasterOf(row: number[]): Forecaster {
    if (row.length !== ROW_LENGTH) return newForecaster()
    return {
        atS: row[0],
        todayUas: row[1],
        days: row[2],
        missMas: row[3],
        governedPermille: row[4],
        week: row.slice(5),
    }
}

function closeDay(forecaster: Forecaster, isGoverned: boolean): void {
    const place = forecaster.days - Math.floor(forecaster.days / WEEK) * WEEK
    const weeks = Math.floor(forecaster.days / WEEK)
    const dayMas = Math.floor(forecaster.todayUas / UAS_PER_MAS + 0.5)
    const foretold = forecaster.week[place]
    if (weeks > 0) {
        const count = Math.min(forecaster.days - WEEK + 1, MISS_DAYS)
        const miss = Math.abs(dayMas - foretold)
        forecaster.missMas = toward(forecaster.missMas, miss, count)
    }
    forecaster.week[place] = toward(foretold, dayMas, Math.min(weeks + 1, WEEKS_MAX))
    const governed = isGoverned ? 1000 : 0
    const count = Math.min(forecaster.days + 1, MISS_DAYS)
    forecaster.governedPermille = toward(forecaster.governedPermille, governed, count)
    forecaster.days++
    forecaster.todayUas = 0
}

/** A mean of `count` values, the last of which is `value`. */
function toward(mean: number, value: number, count: number): number {
    return Math.floor(mean + (value - mean) / count + 0.5)
}

function isGoverned(forecaster: Forecaster): boolean {
    return forecaster.governedPermille >= GOVERNED_FROM_PERMILLE
}

/**
 * The end when a day takes `dayMas` by the model, and all that was drawn and will be is more by the
 * share `doubt` than believed.
 */
function endWith(
    forecaster: Forecaster,
    mission: Mission,
    outlook: Outlook,
    dayMas: number,
    doubt: number,
): number {
    const atS = forecaster.atS
    const scale = (outlook.scalePermille / 1000) * (1 + doubt)
    const dayUas = dayMas * UAS_PER_MAS * scale
    const leftUas = Math.max(0, outlook.remainingUas - outlook.drawnUas * doubt)
    if (mission.endS < 0) return atS + (leftUas / dayUas) * DAY_S
    const missionS = Math.max(0, mission.endS - atS)
    const signsDayUas = survivalUas(batteryOf(mission), DAY_S) * scale
    const signsUas = signsDayUas * (missionS / DAY_S)
    let usedUas = dayUas * (missionS / DAY_S)
    const isHeld = isGoverned(forecaster) || usedUas > outlook.plannableUas
    if (missionS > 0 && isHeld) usedUas = outlook.plannableUas
    usedUas = Math.max(usedUas, signsUas)
    if (usedUas >= leftUas) return atS + missionS * (leftUas / Math.max(1, usedUas))
    return atS + missionS + ((leftUas - usedUas) / signsDayUas) * DAY_S
}

/**
 * One standard deviation of what a day will take on average, as a share of it: the mean of the days
 * known is uncertain, few as they are, and the days to come scatter about it.
 */
function scatterOf(forecaster: Forecaster, dayMas: number, daysAhead: number): number {
    const known = Math.min(forecaster.days, WEEK * WEEKS_MAX)
    // Before a week has been foretold, a day is taken to scatter by its own size.
    const isKnown = forecaster.days > WEEK
    const missMas = isKnown ? forecaster.missMas * DEVIATION_OF_MEAN : dayMas
    const day = missMas / dayMas
    return squareRoot((day * day) / known + (day * day) / Math.max(1, daysAhead))
}
