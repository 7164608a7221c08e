import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
    believedUas,
    doubtOf,
    drawnMah,
    drawnUas,
    type EnergyMeter,
    metered,
    meterOf,
    meterRow,
    newMeter,
    outlookOf,
    plannableUas,
    remainingUas,
    scaleOf,
    timesToTell,
    told,
    withGauge,
    withTemperature,
} from "../../firmware/logic/energy-meter.js"
import {
    BATTERIES,
    BatteryKind,
    coldPermilleAt,
    DAY_S,
    energyParts,
    energyUas,
    floorUa,
    noUse,
    UAS_PER_MAH,
    wakeUse,
} from "../../firmware/logic/energy-model.js"
import {
    type Mission,
    missionFault,
    missionOf,
    missionRow,
    newMission,
} from "../../firmware/logic/mission.js"
import { cases } from "../support/cases.js"

const THIONYL = BATTERIES[BatteryKind.thionylD]!

/** Lithium-ion, whose gauge is good to a permille. */
function gauged(parts: Partial<Mission> = {}): Mission {
    return { ...newMission(BatteryKind.lithiumIon), gaugePermille: 1, ...parts }
}

/** A day of nothing but `hours` awake. */
function awakeDay(meter: EnergyMeter, mission: Mission, hours: number): EnergyMeter {
    const use = { ...noUse(), awakeMs: hours * 3_600_000 }
    return metered(meter, mission, use, meter.atS + DAY_S)
}

describe("the energy model", () => {
    it("adds up by parts, an hour of a milliampere being 3,600,000", () => {
        const use = { ...noUse(), awakeMs: 3_600_000, radioMs: 3_600_000, searchMs: 3_600_000 }
        const parts = energyParts(THIONYL, 0, use)
        expect(parts.mcuUas / UAS_PER_MAH).toBeCloseTo(28, 9)
        expect(parts.radioUas / UAS_PER_MAH).toBeCloseTo(56, 9)
        expect(parts.receiverUas / UAS_PER_MAH).toBeCloseTo(15.3, 9)
        expect(energyUas(THIONYL, 0, use)).toBe(99.3 * UAS_PER_MAH)
    })

    it("draws more from cells that a converter has to lift to 3.3 V", () => {
        const use = wakeUse(10_000, 5000, 1)
        const ratio = energyUas(BATTERIES[0]!, 0, use) / energyUas(THIONYL, 0, use)
        expect(ratio).toBeCloseTo(3.3 / (3.0 * 0.9), 3)
    })

    it("has the floor, and what the cell loses by itself, whatever runs", () => {
        const selfMah = (19_000 * 0.01) / 365.25
        const dayMah = energyUas(THIONYL, DAY_S, noUse()) / UAS_PER_MAH
        expect(dayMah).toBeCloseTo((floorUa() * 24) / 1000 + selfMah, 6)
    })

    it("has no radio in a wake that is over before the runtime starts it", () => {
        expect(wakeUse(2000, 0, 0).radioMs).toBe(0)
        expect(wakeUse(12_400, 0, 0).radioMs).toBe(10_000)
    })

    it("takes cold from a table, a line between its places and no further", () => {
        expect([-40, -20, -10, 0, 30, 60].map((c) => coldPermilleAt(THIONYL, c))).toEqual([
            700, 700, 790, 880, 975, 950,
        ])
    })

    it("gives whole numbers that a double holds exactly, for ten years awake", () => {
        const ms = 315_576_000_000
        const most = {
            awakeMs: ms,
            radioMs: ms,
            searchMs: ms,
            trackMs: ms,
            joins: 1e6,
            messages: 1e7,
        }
        for (const battery of BATTERIES)
            expect(Number.isSafeInteger(energyUas(battery, ms / 1000, most))).toBe(true)
    })
})

describe("a mission", () => {
    it("says which of its values is out of range, and what was expected", () => {
        expect(missionFault(newMission())).toBeUndefined()
        expect(missionFault({ ...newMission(), usablePermille: 20 })).toBe(
            "usable: 20, expected 100 to 1000",
        )
        expect(missionFault({ ...newMission(), capacityMah: 0.5 })).toBe(
            "capacity: 0.5, expected 50 to 100000",
        )
        expect(missionFault({ ...newMission(), battery: 7 })).toBe("battery: 7, expected 0 to 2")
    })

    it("comes back from its row, and anew from what is none", () => {
        const mission = gauged({ endS: 86_400_000, capacityMah: 2600, scalePermille: 1130 })
        expect(missionOf(missionRow(mission))).toEqual(mission)
        expect(missionOf([1, 2, 3])).toEqual(newMission())
        expect(missionOf([-1, 0, 3000, 20, 1000, 250, -1])).toEqual(newMission())
    })
})

describe("the energy meter", () => {
    it("counts what ran since the battery was fitted, and since a status told it", () => {
        const mission = newMission()
        let meter = metered(newMeter(), mission, wakeUse(33_900, 30_000, 1), 600)
        const times = timesToTell(meter)
        expect(times).toEqual({ meteredS: 600, radioS: 31, receiverS: 30 })
        meter = metered(told(meter, times), mission, wakeUse(2900, 0, 0), 700)
        // Half a second was left of the radio's first 31.5.
        expect(timesToTell(meter)).toEqual({ meteredS: 100, radioS: 1, receiverS: 0 })
        expect(timesToTell(meter).radioS + times.radioS).toBe(Math.floor(meter.radioMs / 1000))
    })

    it("meters no time when the clock went back", () => {
        const mission = newMission()
        const meter = metered(newMeter(), mission, noUse(), 1000)
        const back = metered(meter, mission, noUse(), 400)
        expect(back).toEqual(meter)
    })

    it("believes the model until a gauge that can gauge the battery says otherwise", () => {
        const mission = newMission(BatteryKind.twoAaLithium)
        const meter = withGauge(awakeDay(newMeter(), mission, 4), mission, 20_000)
        expect(drawnUas(meter, mission)).toBe(meter.modelUas)
        expect(doubtOf(meter, mission)).toBe(250)
        // A quarter more may be gone already, and will be.
        const usable = 3000 * 0.9 * UAS_PER_MAH
        expect(plannableUas(meter, mission)).toBe(Math.floor(usable / 1.25 - meter.modelUas))
        expect(remainingUas(meter, mission)).toBe(usable - meter.modelUas)
    })

    it("takes the bench's word for what a board draws, and its doubt", () => {
        const mission = { ...newMission(), scalePermille: 1200, doubtPermille: 30 }
        const meter = awakeDay(newMeter(), mission, 1)
        expect(drawnUas(meter, mission)).toBe(Math.round(meter.modelUas * 1.2))
        expect(believedUas(meter, mission, 1000)).toBe(1200)
        expect(doubtOf(meter, mission)).toBe(30)
    })

    it("learns slowly what the board really draws, and is the surer the further it has fallen", () => {
        const mission = gauged()
        let meter = withGauge(newMeter(), mission, 25_600)
        let gone = 0
        const doubts: number[] = []
        for (let day = 0; day < 60; day++) {
            const before = meter.modelUas
            const scale = scaleOf(meter, mission)
            meter = awakeDay(meter, mission, 1)
            // In truth the board draws 1.2 times as much.
            gone += ((meter.modelUas - before) * 1.2) / (3500 * UAS_PER_MAH)
            meter = withGauge(meter, mission, Math.round(25_600 * (1 - gone)))
            expect(Math.abs(scaleOf(meter, mission) - scale)).toBeLessThanOrEqual(20)
            doubts.push(doubtOf(meter, mission))
        }
        expect(scaleOf(meter, mission)).toBeGreaterThan(1190)
        expect(scaleOf(meter, mission)).toBeLessThan(1210)
        expect(drawnUas(meter, mission) / (gone * 3500 * UAS_PER_MAH)).toBeCloseTo(1, 2)
        expect(doubts[0]).toBeGreaterThan(100)
        expect(doubts.at(-1)).toBe(20)
    })

    it("is moved next to nothing by one wild reading", () => {
        const mission = gauged()
        let meter = withGauge(newMeter(), mission, 25_600)
        for (let day = 0; day < 20; day++) meter = awakeDay(meter, mission, 0.5)
        const wild = withGauge(meter, mission, 0)
        expect(scaleOf(wild, mission)).toBe(1020)
        expect(drawnMah(wild, mission) / drawnMah(meter, mission)).toBeCloseTo(1.02, 2)
    })

    it("takes a battery that was not fresh, and one that was charged, for what they lack", () => {
        const mission = gauged()
        const used = withGauge(newMeter(), mission, 12_800)
        expect(drawnMah(used, mission)).toBe(1750)
        let meter = withGauge(newMeter(), mission, 15_000)
        for (let day = 0; day < 10; day++) meter = awakeDay(meter, mission, 2)
        const charged = withGauge(meter, mission, 25_600)
        expect(drawnMah(charged, mission)).toBe(0)
    })

    it("heeds the gauge twice a day, and at once when it has fallen by 2 %", () => {
        const mission = gauged()
        const first = withGauge(newMeter(), mission, 25_600)
        const soon = metered(first, mission, { ...noUse(), awakeMs: 3_600_000 }, 3600)
        expect(withGauge(soon, mission, 25_400)).toEqual(soon)
        expect(withGauge(soon, mission, 25_000).gaugeFall).toBe(600)
        const later = { ...soon, atS: 43_200 }
        expect(withGauge(later, mission, 25_400).gaugeFall).toBe(200)
        expect(withGauge(later, mission, -1)).toEqual(later)
    })

    it("finds less in the battery in a cold week, and all of it again in a warm one", () => {
        const mission = newMission()
        const warm = newMeter()
        let cold = warm
        for (let day = 0; day < 60; day++) cold = withTemperature(cold, -20, DAY_S)
        expect(remainingUas(cold, mission) / remainingUas(warm, mission)).toBeCloseTo(0.8, 2)
        for (let hour = 0; hour < 2400; hour++) cold = withTemperature(cold, 20, 3600)
        expect(remainingUas(cold, mission) / remainingUas(warm, mission)).toBeCloseTo(1, 4)
    })

    it("plans with all but the least doubt where the gauge will have seen the battery go", () => {
        const mission = gauged()
        const usable = 3500 * 0.9 * UAS_PER_MAH
        expect(outlookOf(newMeter(), mission).plannableUas).toBe(Math.floor(usable / 1.02))
        expect(plannableUas(newMeter(), mission)).toBe(Math.floor(usable / 1.25))
    })

    it("keeps a row of safe integers that brings it back, whatever ran and was read", () => {
        const step = fc.record({
            afterS: fc.integer({ min: 0, max: 4_000_000 }),
            awakeMs: fc.integer({ min: 0, max: 86_400_000 }),
            charge: fc.integer({ min: -1, max: 26_000 }),
            temperatureC: fc.integer({ min: -40, max: 85 }),
        })
        fc.assert(
            fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
                const mission = gauged()
                let meter = newMeter()
                for (const { afterS, awakeMs, charge, temperatureC } of steps) {
                    const use = wakeUse(awakeMs, Math.floor(awakeMs / 2), 1)
                    meter = metered(meter, mission, use, meter.atS + afterS)
                    meter = withTemperature(meter, temperatureC, afterS)
                    meter = withGauge(meter, mission, charge)
                    const row = meterRow(meter)
                    expect(row.every(Number.isSafeInteger)).toBe(true)
                    expect(meterOf(row)).toEqual(meter)
                    const scale = scaleOf(meter, mission)
                    expect(scale).toBeGreaterThanOrEqual(500)
                    expect(scale).toBeLessThanOrEqual(2000)
                    expect(plannableUas(meter, mission)).toBeGreaterThanOrEqual(0)
                }
            }),
            { numRuns: cases(100, 5000) },
        )
        expect(meterOf([1, 2])).toEqual(newMeter())
    })
})
