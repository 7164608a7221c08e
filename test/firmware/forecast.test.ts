// The end that is foretold against the end that comes: the instant at which what may be drawn has
// really been drawn. The error is a share of the whole life, from the battery's first day on.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Outlook } from "../../firmware/logic/energy-meter.js"
import { BatteryKind, DAY_S, UAS_PER_MAH } from "../../firmware/logic/energy-model.js"
import {
    type Forecaster,
    forecastEnd,
    forecasterOf,
    forecasterRow,
    newForecaster,
    noteDrawn,
} from "../../firmware/logic/forecast.js"
import { newMission } from "../../firmware/logic/mission.js"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import { cases } from "../support/cases.js"
import { type Life, type LifeOptions, liveLife, type Pattern } from "../support/energy-life.js"

const FROM_DAY = 14
const ERROR_MAX = 0.1
/** Of the days of a life, how many have its end within two standard deviations of the forecast. */
const COVERED_MIN = 0.8

/** A board that the bench has measured to 3 %, without a gauge that can gauge its cells. */
const MEASURED = { truth: [0.97, 1.03], mission: { doubtPermille: 30 } } as const
/** A board of which nothing is known but the model, with a gauge that counts what is drawn. */
const COUNTED = { truth: [0.8, 1.25], mission: { gaugePermille: 0 }, gaugeWander: 0.00005 } as const
/** The same with a gauge that goes by the cell's voltage: 1 % of the capacity off, up and down. */
const BY_VOLTAGE = {
    truth: [0.8, 1.25],
    mission: { gaugePermille: 20 },
    gaugeWander: 0.01,
} as const

const WAYS: [Pattern, ProfileNumber, BatteryKind][] = [
    ["parked", ProfileNumber.normal, BatteryKind.twoAaLithium],
    ["commuting", ProfileNumber.normal, BatteryKind.twoAaLithium],
    ["commuting", ProfileNumber.longLife, BatteryKind.twoAaLithium],
    ["driving", ProfileNumber.longLife, BatteryKind.twoAaLithium],
    ["driving", ProfileNumber.normal, BatteryKind.thionylD],
    ["mixed", ProfileNumber.normal, BatteryKind.twoAaLithium],
    ["mixed", ProfileNumber.normal, BatteryKind.thionylD],
]
const SEEDS = Array.from({ length: cases(2, 8) }, (_, index) => `life ${index}`)

type Known = Pick<LifeOptions, "truth" | "mission" | "gaugeWander">

function lifeOf(
    seed: string,
    [pattern, profile, battery]: (typeof WAYS)[number],
    known: Known,
    missionDays?: number,
): Life {
    const ended = missionDays === undefined ? {} : { missionDays }
    return liveLife({ seed, pattern, profile, battery, daysMax: 3000, ...known, ...ended })
}

/** Of each day from the 14th on: the error as a share of the life, and the spread told with it. */
function errorsOf({ days, endDay }: Life): { share: number; isCovered: boolean }[] {
    return days
        .filter(({ day }) => day >= FROM_DAY && day < endDay!)
        .map(({ forecast }) => {
            const offDays = forecast!.endS / DAY_S - endDay!
            const spreadDays = forecast!.spreadS / DAY_S
            return {
                share: offDays / endDay!,
                isCovered: Math.abs(offDays) <= 2 * spreadDays + 1,
            }
        })
}

function worstShare(life: Life): number {
    const errors = errorsOf(life)
    expect(errors.length).toBeGreaterThan(5)
    return Math.max(...errors.map(({ share }) => Math.abs(share)))
}

function coveredShare(life: Life): number {
    const errors = errorsOf(life)
    return errors.filter(({ isCovered }) => isCovered).length / errors.length
}

describe("from day 14 on the forecast is within 10 % of the end that comes", () => {
    it.each(WAYS)("%s, profile %i, battery %i, board measured", (...way) => {
        for (const seed of SEEDS)
            expect(worstShare(lifeOf(seed, way, MEASURED))).toBeLessThanOrEqual(ERROR_MAX)
    })

    it.each(WAYS)("%s, profile %i, battery %i, charge counted", (...way) => {
        for (const seed of SEEDS)
            expect(worstShare(lifeOf(seed, way, COUNTED))).toBeLessThanOrEqual(ERROR_MAX)
    })

    it.each([
        ["parked", 365],
        ["commuting", 300],
        ["mixed", 300],
    ] as const)("%s, held to a mission of %i days by the governor", (pattern, missionDays) => {
        const way = [pattern, ProfileNumber.normal, BatteryKind.twoAaLithium] as const
        for (const seed of SEEDS)
            for (const known of [MEASURED, COUNTED])
                expect(worstShare(lifeOf(seed, [...way], known, missionDays))).toBeLessThanOrEqual(
                    ERROR_MAX,
                )
    })
})

describe("where it cannot be that sure, its spread says so", () => {
    it.each(WAYS)("%s, profile %i, battery %i, gauged by voltage", (...way) => {
        for (const seed of SEEDS)
            expect(coveredShare(lifeOf(seed, way, BY_VOLTAGE))).toBeGreaterThanOrEqual(COVERED_MIN)
    })

    it("of a vehicle whose days have no pattern", () => {
        const way = ["erratic", ProfileNumber.normal, BatteryKind.twoAaLithium] as const
        for (const seed of SEEDS)
            expect(coveredShare(lifeOf(seed, [...way], COUNTED))).toBeGreaterThanOrEqual(0.7)
    })
})

describe("the forecaster", () => {
    const mission = newMission()
    const outlook = (parts: Partial<Outlook> = {}): Outlook => ({
        drawnUas: 0,
        remainingUas: 1000 * UAS_PER_MAH,
        plannableUas: 1000 * UAS_PER_MAH,
        scalePermille: 1000,
        doubtPermille: 20,
        ...parts,
    })

    /** Days of so many milliampere-hours each. */
    function after(mahs: readonly number[], isGoverned = false): Forecaster {
        let forecaster = newForecaster()
        for (const mah of mahs) {
            const uas = Math.round(mah * UAS_PER_MAH)
            forecaster = noteDrawn(forecaster, forecaster.atS + DAY_S, uas, isGoverned)
        }
        return forecaster
    }

    it("says nothing before the first day is over", () => {
        const morning = noteDrawn(newForecaster(), DAY_S - 1, 5 * UAS_PER_MAH, false)
        expect(forecastEnd(morning, mission, outlook())).toBeUndefined()
        expect(forecastEnd(after([10]), mission, outlook())!.endS).toBe(101 * DAY_S)
    })

    it("foretells the same end on every day of a week that repeats", () => {
        const week = [20, 20, 20, 20, 20, 5, 5]
        const days = Array.from({ length: 42 }, (_, index) => week[index % 7]!)
        let drawn = 0
        const ends = days.map((_, index) => {
            drawn += days[index]!
            const left = outlook({ remainingUas: Math.round((4000 - drawn) * UAS_PER_MAH) })
            return forecastEnd(after(days.slice(0, index + 1)), mission, left)!.endS / DAY_S
        })
        const settled = ends.slice(6)
        expect(Math.max(...settled) - Math.min(...settled)).toBeLessThanOrEqual(2)
    })

    it("spreads what a long sleep drew over the days it went through", () => {
        const slept = noteDrawn(newForecaster(), 3 * DAY_S, 30 * UAS_PER_MAH, false)
        expect(slept).toEqual(after([10, 10, 10]))
        const late = noteDrawn(after([10]), 2.5 * DAY_S, 15 * UAS_PER_MAH, false)
        expect(late.days).toBe(2)
        expect(late.todayUas).toBe(5 * UAS_PER_MAH)
    })

    it("sees all of the past in the light of what the board is now known to draw", () => {
        const forecaster = after([10, 10, 10])
        const known = forecastEnd(forecaster, mission, outlook({ scalePermille: 1250 }))!
        expect(known.endS / DAY_S).toBeCloseTo(3 + 80, 6)
    })

    it("is the surer the more days it has seen, and the surer its meter is", () => {
        const days = Array.from({ length: 60 }, (_, index) => 10 + (index % 3))
        const spread = (count: number, doubtPermille: number) =>
            forecastEnd(after(days.slice(0, count)), mission, outlook({ doubtPermille }))!.spreadS
        expect(spread(2, 20)).toBeGreaterThan(spread(20, 20))
        expect(spread(20, 20)).toBeGreaterThan(spread(40, 20))
        expect(spread(40, 250)).toBeGreaterThan(spread(40, 20) * 2)
    })

    it("knows that the governor holds the mission's end, and what comes after it", () => {
        const held = { ...mission, endS: 200 * DAY_S }
        const plan = outlook({ plannableUas: 980 * UAS_PER_MAH })
        const end = forecastEnd(after([20, 20, 20]), held, plan)!.endS / DAY_S
        expect(end).toBeGreaterThan(200)
        expect(end).toBeLessThan(210)
        // Neither a governed past nor a plan helps where a daily sign of life is too much.
        const poor = outlook({ remainingUas: 200 * UAS_PER_MAH, plannableUas: 190 * UAS_PER_MAH })
        expect(forecastEnd(after([20, 20], true), held, poor)!.endS).toBeLessThan(100 * DAY_S)
    })

    it("makes no days of a clock that was set", () => {
        const set = noteDrawn(after([10]), 4_000 * DAY_S, 1000, false)
        expect(set.days).toBe(1)
        expect(noteDrawn(set, 10, 1000, false).days).toBe(1)
    })

    it("comes back from its row of safe integers, whatever was drawn", () => {
        const step = fc.tuple(
            fc.integer({ min: 0, max: 500_000 }),
            fc.integer({ min: 0, max: 1e10 }),
        )
        fc.assert(
            fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
                let forecaster = newForecaster()
                let noted = 0
                for (const [afterS, uas] of steps) {
                    forecaster = noteDrawn(forecaster, forecaster.atS + afterS, uas, uas % 2 === 0)
                    noted += uas
                    const row = forecasterRow(forecaster)
                    expect(row.every(Number.isSafeInteger)).toBe(true)
                    expect(forecasterOf(row)).toEqual(forecaster)
                    const end = forecastEnd(forecaster, mission, outlook())
                    if (end === undefined) continue
                    expect(end.endS).toBeGreaterThanOrEqual(forecaster.atS)
                    expect(Number.isSafeInteger(end.spreadS)).toBe(true)
                }
                expect(forecaster.todayUas).toBeLessThanOrEqual(noted)
            }),
            { numRuns: cases(200, 10_000) },
        )
        expect(forecasterOf([1])).toEqual(newForecaster())
    })
})
