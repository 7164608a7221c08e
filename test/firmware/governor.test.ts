// A planned budget is what may be drawn (the battery's usable share), spent evenly: at the end of day
// d of D, d/D of it. A life stays within 3 % of it when at no day's end more was REALLY drawn than
// that day's plan and 3 % of the whole budget, and at the mission's end no more than the budget.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { BatteryKind, DAY_S, survivalUas, UAS_PER_MAH } from "../../firmware/logic/energy-model.js"
import {
    endLive,
    type Governor,
    GovernorLevel,
    govern,
    governedProfile,
    governorOf,
    governorRow,
    LIVE_MAX_S,
    newGovernor,
    orderLive,
} from "../../firmware/logic/governor.js"
import { batteryOf, type Mission, newMission } from "../../firmware/logic/mission.js"
import { PROFILES, ProfileNumber, profileOf } from "../../firmware/logic/profile.js"
import { cases } from "../support/cases.js"
import { type Life, type LifeOptions, liveLife } from "../support/energy-life.js"

const NORMAL = profileOf(ProfileNumber.normal)!
const YEAR_DAYS = 365
/** What the budget may be overdrawn by on the way, as a share of all of it. */
const OVER_MAX = 0.03

/** The furthest that a life was above its plan at any day's end, as a share of the budget. */
function worstOver({ days, usableMah }: Life, missionDays: number): number {
    return Math.max(
        ...days.map(({ day, drawnMah }) => drawnMah / usableMah - Math.min(1, day / missionDays)),
    )
}

/** A year on two AA cells or on the big one, the board up to a quarter off the model, unmeasured. */
function aYear(parts: Partial<LifeOptions> & Pick<LifeOptions, "seed" | "pattern">): Life {
    return liveLife({
        profile: ProfileNumber.normal,
        battery: BatteryKind.twoAaLithium,
        missionDays: YEAR_DAYS,
        daysMax: YEAR_DAYS,
        truth: [0.8, 1.25],
        ...parts,
    })
}

describe("a year under the governor", () => {
    const seeds = Array.from({ length: cases(4, 60) }, (_, index) => index + 1)
    const kinds = [
        ["parked", BatteryKind.twoAaLithium],
        ["commuting", BatteryKind.twoAaLithium],
        ["driving", BatteryKind.twoAaLithium],
        ["erratic", BatteryKind.twoAaLithium],
        ["parked", BatteryKind.thionylD],
        ["commuting", BatteryKind.thionylD],
        ["driving", BatteryKind.thionylD],
    ] as const

    it.each(kinds)("%s on battery %i stays within its budget", (pattern, battery) => {
        for (const seed of seeds) {
            const life = aYear({ seed, pattern, battery })
            expect(worstOver(life, YEAR_DAYS)).toBeLessThanOrEqual(OVER_MAX)
            expect(life.days.at(-1)!.drawnMah).toBeLessThanOrEqual(life.usableMah)
            expect(life.days).toHaveLength(YEAR_DAYS)
        }
    })

    it.each(kinds)(
        "%s on battery %i changes its level twice in five days at most",
        (pattern, battery) => {
            const { changes } = aYear({ seed: "flap", pattern, battery })
            expect(changes.length).toBeLessThanOrEqual((YEAR_DAYS * 2) / 5)
            const onTheWay = changes.filter(({ atDay }) => atDay < YEAR_DAYS)
            for (const { from, to } of onTheWay) expect(Math.abs(to - from)).toBe(1)
        },
    )

    it("spends what it may where the board has been measured, and no more", () => {
        for (const pattern of ["parked", "commuting", "driving"] as const) {
            const mission = { doubtPermille: 30 }
            const truth = [0.97, 1.03] as const
            for (const seed of seeds) {
                const life = aYear({ seed, pattern, truth, mission })
                const share = life.days.at(-1)!.drawnMah / life.usableMah
                expect(share).toBeGreaterThanOrEqual(0.9)
                expect(share).toBeLessThanOrEqual(1)
            }
        }
    })

    it("with a fuel gauge finds out what the board draws, and spends what that leaves", () => {
        for (const seed of seeds) {
            const options = { mission: { gaugePermille: 20 }, gaugeWander: 0.01 }
            const life = aYear({ seed, pattern: "commuting", ...options })
            const share = life.days.at(-1)!.drawnMah / life.usableMah
            expect(worstOver(life, YEAR_DAYS)).toBeLessThanOrEqual(OVER_MAX)
            expect(share).toBeGreaterThanOrEqual(0.9)
            expect(share).toBeLessThanOrEqual(1)
        }
    })

    it("leaves a vehicle alone that its battery carries anyway", () => {
        const { days } = aYear({ seed: 1, pattern: "commuting", battery: BatteryKind.thionylD })
        const restrained = days.slice(0, -1).filter(({ level }) => level > GovernorLevel.full)
        expect(restrained).toEqual([])
    })

    it("lets savings of days go into a long way", () => {
        const slack = { profile: ProfileNumber.longLife, battery: BatteryKind.thionylD }
        const { days, changes } = aYear({ seed: 3, pattern: "mixed", ...slack })
        const spent = days.map(({ drawnMah }, index) => drawnMah - (days[index - 1]?.drawnMah ?? 0))
        const dayMah = (19_000 * 0.85) / YEAR_DAYS / 1.25
        expect(changes.filter(({ atDay }) => atDay < YEAR_DAYS)).toEqual([])
        expect(Math.max(...spent)).toBeLessThan(7 * dayMah)
    })

    it("pays for a day of live by order, and still keeps to its budget", () => {
        const live = { day: 60, hours: 24 }
        for (const pattern of ["parked", "commuting"] as const) {
            const life = aYear({ seed: 5, pattern, battery: BatteryKind.thionylD, live })
            const before = life.days[59]!.drawnMah
            expect(life.days[61]!.drawnMah - before).toBeGreaterThan(1500)
            expect(life.days.at(-1)!.drawnMah).toBeLessThanOrEqual(life.usableMah)
        }
    })
})

describe("the governor", () => {
    const mission: Mission = { ...newMission(), endS: 100 * DAY_S }
    const planMah = 2000
    const begun = govern(newGovernor(), mission, 0, 0, planMah * UAS_PER_MAH).governor

    /** Runs `days` with `mah` used each, a look each hour. */
    function run(from: Governor, days: number, mah: number): Governor {
        let governor = from
        let left = governor.bucketUas + governor.poolUas
        for (let hour = 0; hour < days * 24; hour++) {
            const used = (mah / 24) * UAS_PER_MAH
            left = Math.max(0, left - used)
            governor = govern(governor, mission, governor.atS + 3600, used, left).governor
        }
        return governor
    }

    it("steps down one level after the other before its savings are gone", () => {
        let governor = begun
        let left = planMah * UAS_PER_MAH
        const seen: number[] = []
        for (let hour = 0; hour < 24 * 5; hour++) {
            const used = 5 * UAS_PER_MAH
            left -= used
            const governed = govern(governor, mission, governor.atS + 3600, used, left)
            governor = governed.governor
            for (const { to } of governed.changes) {
                seen.push(to)
                expect(governor.bucketUas).toBeGreaterThan(0)
            }
            if (seen.length === 4) break
        }
        expect(seen).toEqual([1, 2, 3, 4])
    })

    it("steps up again when it may, each time after the patience it has", () => {
        const low = { ...begun, bucketUas: 0, level: GovernorLevel.survival, levelAtS: 0 }
        const levels = [1, 3, 5, 7, 9].map((days) => run(low, days, 1).level)
        expect(levels).toEqual([...levels].sort((one, other) => other - one))
        expect(levels[0]).toBe(GovernorLevel.survival)
        expect(levels.at(-1)).toBeLessThanOrEqual(GovernorLevel.slower)
    })

    it("waits for twice as long each time that a better level did not hold", () => {
        const tried = { ...begun, level: GovernorLevel.slow, levelAtS: 0, bucketUas: 0 }
        const failed = govern(tried, mission, 3600, 0, planMah * UAS_PER_MAH).governor
        expect(failed.patienceS).toBe(2 * DAY_S)
        const late = { ...tried, levelAtS: -4 * DAY_S, patienceS: 4 * DAY_S }
        const held = govern(late, mission, 3600, 0, planMah * UAS_PER_MAH).governor
        expect(held.patienceS).toBe(2 * DAY_S)
    })

    it("makes no step because a gauge has corrected what is left", () => {
        for (const left of [1000, 1500, 2500]) {
            const { governor, changes } = govern(begun, mission, 3600, 0, left * UAS_PER_MAH)
            expect(changes).toEqual([])
            expect(governor.bucketUas + governor.poolUas).toBe(left * UAS_PER_MAH)
        }
    })

    it("spreads what a week's savings cannot hold over all days to come", () => {
        const saved = run(begun, 20, 0)
        const rate = saved.poolUas / (80 * DAY_S)
        expect(saved.bucketUas / (rate * DAY_S)).toBeCloseTo(7, 1)
        expect(rate * DAY_S).toBeGreaterThan((planMah / 100) * UAS_PER_MAH)
    })

    it("has nothing to hold without a mission's end, and nothing to spend after it", () => {
        const endless = { ...mission, endS: -1 }
        const free = govern(newGovernor(), endless, 5000, 1e12, 0)
        expect(free.governor.level).toBe(GovernorLevel.full)
        const after = run({ ...begun, atS: mission.endS }, 1, 0)
        expect(after.level).toBe(GovernorLevel.survival)
    })

    it("grants live for a day at most, and ends it when its time is over", () => {
        const plan = planMah * UAS_PER_MAH
        const { governor, untilS } = orderLive(begun, mission, 10 * DAY_S, plan)
        expect(untilS).toBeLessThanOrEqual(LIVE_MAX_S)
        expect(governor.liveUntilS).toBe(untilS)
        const over = govern(governor, mission, untilS, 0, plan)
        expect(over.governor.liveUntilS).toBe(-1)
        expect(over.isLiveEnded).toBe(false)
        expect(endLive(governor).liveUntilS).toBe(-1)
    })

    it("ends live where signs of life could not be kept up to the end", () => {
        const needUas = survivalUas(batteryOf(mission), 100 * DAY_S)
        const refused = orderLive(begun, mission, 3600, needUas)
        expect(refused.untilS).toBe(0)
        expect(refused.governor.liveUntilS).toBe(-1)
        const { governor } = orderLive(begun, mission, 3600, planMah * UAS_PER_MAH)
        const ended = govern(governor, mission, 600, 0, needUas / 2)
        expect(ended.isLiveEnded).toBe(true)
        expect(ended.governor.liveUntilS).toBe(-1)
    })

    it("comes back from its row, and anew from what is none", () => {
        const governor = run(begun, 3, 30)
        expect(governorRow(governor).every(Number.isSafeInteger)).toBe(true)
        expect(governorOf(governorRow(governor))).toEqual(governor)
        expect(governorOf([1, 2, 3])).toEqual(newGovernor())
        expect(governorOf([0, 0, 0, 9, 0, 0, -1])).toEqual(newGovernor())
    })

    it("neither invents nor loses charge, whatever is used", () => {
        const use = fc.record({
            afterS: fc.integer({ min: 0, max: 200_000 }),
            usedMah: fc.double({ min: 0, max: 200, noNaN: true }),
            errorMah: fc.integer({ min: -20, max: 20 }),
        })
        fc.assert(
            fc.property(fc.array(use, { maxLength: 60 }), (uses) => {
                let governor = begun
                let left = planMah * UAS_PER_MAH
                for (const { afterS, usedMah, errorMah } of uses) {
                    const usedUas = Math.floor(usedMah * UAS_PER_MAH)
                    left = Math.max(0, left - usedUas + errorMah * UAS_PER_MAH)
                    const governed = govern(governor, mission, governor.atS + afterS, usedUas, left)
                    governor = governed.governor
                    expect(governor.bucketUas + governor.poolUas).toBe(left)
                    expect(governor.level).toBeGreaterThanOrEqual(GovernorLevel.full)
                    expect(governor.level).toBeLessThanOrEqual(GovernorLevel.survival)
                    expect(governorRow(governor).every(Number.isSafeInteger)).toBe(true)
                }
            }),
            { numRuns: cases(200, 10_000) },
        )
    })
})

describe("a governed profile", () => {
    const levels = [0, 1, 2, 3, 4]

    it("goes down the ladder: rate, then search, then signs of life, then a daily one alone", () => {
        const fixes = levels.map((level) => governedProfile(NORMAL, level).fixEveryS)
        expect(fixes).toEqual([60, 120, 240, 480, DAY_S])
        const searches = levels.map((level) => governedProfile(NORMAL, level).searchCapS)
        expect(searches).toEqual([120, 120, 60, 60, 60])
        const signs = levels.map((level) => governedProfile(NORMAL, level).heartbeatS)
        expect(signs).toEqual([21_600, 21_600, 21_600, DAY_S, DAY_S])
        const looks = levels.map((level) => governedProfile(NORMAL, level).parkedCheckS)
        expect(looks).toEqual([300, 600, 1200, 2400, DAY_S])
    })

    it("lets live sleep from the first step on, and closes its channel at the second", () => {
        const live = profileOf(ProfileNumber.live)!
        const slower = governedProfile(live, GovernorLevel.slower)
        expect(slower).toMatchObject({ staysAwake: false, fixEveryS: 30, liveBoundM: 50 })
        expect(governedProfile(live, GovernorLevel.slow).liveBoundM).toBe(0)
    })

    it("is never quicker than the ordered one, and slower by every level", () => {
        for (const profile of PROFILES) {
            levels.forEach((level) => {
                const governed = governedProfile(profile, level)
                const better = governedProfile(profile, Math.max(0, level - 1))
                for (const key of ["fixEveryS", "holdS", "heartbeatS", "parkedCheckS"] as const)
                    expect(governed[key]).toBeGreaterThanOrEqual(better[key])
                expect(governed.searchCapS).toBeLessThanOrEqual(better.searchCapS)
                expect(governed.historyBoundM).toBe(profile.historyBoundM)
                expect(governed.number).toBe(profile.number)
            })
        }
    })

    it("keeps a longer silence that was ordered", () => {
        const weekly = { ...NORMAL, heartbeatS: 604_800 }
        expect(governedProfile(weekly, GovernorLevel.quiet).heartbeatS).toBe(604_800)
        expect(governedProfile(weekly, GovernorLevel.survival).heartbeatS).toBe(604_800)
    })

    it("leaves the bench's alone", () => {
        const bench = profileOf(ProfileNumber.bench)!
        expect(governedProfile(bench, GovernorLevel.survival)).toBe(bench)
    })
})
