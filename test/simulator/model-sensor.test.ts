// A sensor node's months on Node: nothing lost, nothing doubled, the time known, and what they cost. All
// charge is modelled.

import { describe, expect, it } from "vitest"
import { BATTERIES, BatteryKind } from "../../firmware/logic/energy-model.js"
import { QuantityNumber } from "../../protocol/quantity.js"
import { PowerCut } from "../../simulator/chips/fram.js"
import { makePrng } from "../../simulator/world/prng.js"
import { cases } from "../support/cases.js"
import { type Sample, SENSOR_START_MS, SensorRig } from "../support/sensor-rig.js"
import type { Fate } from "../support/virtual-gateway.js"

const { temperature, humidity, voltage } = {
    temperature: QuantityNumber.temperature as number,
    humidity: QuantityNumber.humidity as number,
    voltage: QuantityNumber.voltage as number,
}
const DAY_MS = 86_400_000
const HOUR_S = 3600
/** The gateway tells whole seconds, rounded down, and the timer of this world does not drift. */
const OFF_MS = 4000
const MONTH_WAIT_MS = 300_000

/** Every sample is worth a reading: nothing but the schedule decides how many there are. */
function all(everyS: number): (number | null)[] {
    return [everyS, 0, 0, 604_800, 0, null, null, null, null]
}
/** A sawtooth of a thousand steps, one for each interval, from the middle between two samples on. */
function counting(everyS: number) {
    return (atMs: number) => ({
        temperatureC: (Math.round((atMs - SENSOR_START_MS) / 1000 / everyS) % 1000) / 20,
    })
}
function only<One extends Sample>(samples: readonly One[], quantity: number): One[] {
    return samples.filter((one) => one.quantity === quantity)
}

describe("a month of a sensor node", () => {
    it.each([
        [300, 1800],
        [900, 10],
        [3600, 7200],
    ])(
        "at a sample in %i s, held for %i s, arrives whole, once and in UTC",
        {
            timeout: MONTH_WAIT_MS,
        },
        async (everyS, holdS) => {
            const days = everyS < 900 ? cases(10, 90) : cases(30, 90)
            const rig = new SensorRig({
                rules: { 1: all(everyS), 2: [] },
                holdS,
                airAt: counting(everyS),
            })
            rig.powerOn()
            await rig.runHours(24 * days)

            const told = rig.told(temperature)
            const measured = only(rig.measured, temperature)
            expect(measured.length).toBeGreaterThanOrEqual((days * DAY_MS) / 1000 / everyS - 1)
            expect(measured.length - told.length).toBeLessThanOrEqual(Math.ceil(holdS / everyS) + 1)
            expect(told.map(({ value }) => value)).toEqual(
                measured.slice(0, told.length).map(({ value }) => value),
            )
            for (const [i, { atMs }] of told.entries())
                expect(Math.abs(atMs! - measured[i]!.atMs)).toBeLessThan(OFF_MS)
            expect(rig.gateway.doubled).toBe(0)
            expect(rig.gateway.unreadable).toBe(0)
            expect(rig.statuses().length).toBeGreaterThanOrEqual(days * 4)
            expect(rig.statuses().at(-1)!.faults).toBe(0)
            expect(rig.said).toEqual([])
        },
    )

    it("is as its first day, whether it sleeps or not", { timeout: MONTH_WAIT_MS }, async () => {
        for (const maySleep of [true, false]) {
            const rig = new SensorRig({
                rules: { 1: all(600), 2: [] },
                airAt: counting(600),
                maySleep,
            })
            rig.powerOn()
            const daily: number[] = []
            for (let day = 0, before = 0; day < cases(60, 120); day++) {
                await rig.runHours(24)
                daily.push(rig.told(temperature).length - before)
                before = rig.told(temperature).length
            }
            for (const count of daily.slice(1)) {
                expect(count).toBeGreaterThanOrEqual(140)
                expect(count).toBeLessThanOrEqual(148)
            }
            if (!maySleep) expect(rig.node.boots).toBeGreaterThanOrEqual(daily.length - 1)
            expect(rig.said).toEqual([])
        }
    })
})

describe("whatever fails, nothing is lost and nothing doubled:", () => {
    it("three in ten publishes or acks", { timeout: MONTH_WAIT_MS }, async () => {
        const fates: Fate[] = ["ack-lost", "lost", "reset", "ack-reset", "half-open"]
        const random = makePrng("sensor/fates")
        const rig = new SensorRig({
            rules: { 1: all(300), 2: [] },
            airAt: counting(300),
            gateway: {
                fate: () =>
                    random.next() < 0.3 ? fates[Math.floor(random.next() * fates.length)]! : "held",
            },
        })
        rig.powerOn()
        await rig.runHours(24 * cases(10, 60))
        const told = rig.told(temperature)
        const measured = only(rig.measured, temperature)
        // Records may overtake one another; each reading has its own time.
        expect(new Set(told.map(({ atMs }) => atMs)).size).toBe(told.length)
        for (const { value, atMs } of measured.slice(0, -20)) {
            const heard = told.filter((one) => Math.abs(one.atMs! - atMs) < OFF_MS)
            expect(heard.map((one) => one.value)).toEqual([value])
        }
    })

    it("a gateway that is away for 72 hours", async () => {
        const away = { fromMs: SENSOR_START_MS + DAY_MS, toMs: SENSOR_START_MS + 4 * DAY_MS }
        const rig = new SensorRig({
            rules: { 1: all(300), 2: [] },
            airAt: counting(300),
            gateway: { isReachable: (atMs) => atMs < away.fromMs || atMs > away.toMs },
        })
        rig.powerOn()
        await rig.runHours(24)
        const before = rig.gateway.connections
        await rig.runHours(72)
        // Its tries become few: six hours lie between them at the most, and in each the uplink's own.
        expect(rig.gateway.connections - before).toBeLessThan(120)
        await rig.runHours(48)
        const told = rig.told(temperature)
        const measured = only(rig.measured, temperature)
        expect(told.map(({ value }) => value)).toEqual(
            measured.slice(0, told.length).map(({ value }) => value),
        )
        expect(measured.length - told.length).toBeLessThanOrEqual(8)
    })

    it("the power, between any two bytes that it writes", { timeout: MONTH_WAIT_MS }, async () => {
        const random = makePrng("sensor/cuts")
        const rig = new SensorRig({
            rules: { 1: all(60), 2: [] },
            airAt: counting(60),
            holdS: 300,
        })
        rig.powerOn()
        await rig.runHours(1)
        const cuts = cases(150, 3000)
        const cutsAtMs: number[] = []
        for (let cut = 0; cut < cuts; cut++) {
            let left = Math.floor(random.next() * 6000)
            rig.fram.beforeByte = () => {
                if (left-- > 0) return
                cutsAtMs.push(rig.clock.nowMs)
                throw new PowerCut("the power has failed")
            }
            await rig.runHours(0.2 + random.next() * 0.2)
            cutsAtMs.push(rig.clock.nowMs)
            rig.restart()
        }
        await rig.runHours(2)
        const told = rig.told(temperature)
        const times = told.flatMap(({ atMs }) => atMs ?? [])
        expect(new Set(times).size).toBe(times.length)
        // A cut costs at most the sample that was being written: the last one before it.
        const measured = only(rig.measured, temperature)
        const heard = new Set(told.map(({ value }) => value))
        const lost = measured.flatMap(({ value }, i) => (heard.has(value) ? [] : [i]))
        for (const i of lost.filter((index) => index < measured.length - 10)) {
            const [fromMs, toMs] = [measured[i]!.atMs, measured[i + 1]!.atMs]
            expect(cutsAtMs.some((atMs) => atMs >= fromMs && atMs <= toMs)).toBe(true)
        }
        expect(heard.size).toBeGreaterThan(0.9 * new Set(measured.map(({ value }) => value)).size)
        expect(rig.gateway.unreadable).toBe(0)
        expect(rig.node.state).not.toBe("off")
    })

    it("a part that fails every third sample", async () => {
        let sample = 0
        const rig = new SensorRig({
            rules: { 1: all(300), 2: [] },
            airAt: counting(300),
            answers: () => sample++ % 3 !== 2,
        })
        rig.powerOn()
        await rig.runHours(48)
        const told = rig.told(temperature).map(({ value }) => value)
        const measured = only(rig.measured, temperature).map(({ value }) => value)
        expect(told).toEqual(measured.slice(0, told.length))
        expect(measured.length - told.length).toBeLessThanOrEqual(8)
        expect(rig.said.every((line) => line === "measure: spoiled")).toBe(true)
    })
})

it("is asked for the time before it is far off, and never opens a window for it alone", async () => {
    const rules = { 1: all(600), 2: [], 3: [] }
    const rig = new SensorRig({ rules, holdS: 3600, airAt: counting(600) })
    rig.powerOn()
    await rig.runHours(48)
    expect(rig.hellos()).toBeGreaterThan(24)
    expect(rig.hellos()).toBeLessThanOrEqual(49)
    expect(rig.gateway.connections).toBeLessThanOrEqual(60)
})

it("modelled charge a day, and what two AA lithium cells last", {
    timeout: MONTH_WAIT_MS,
}, async () => {
    const cells = BATTERIES[BatteryKind.twoAaLithium]!
    const { capacityMah, usablePermille, supplyPermille, selfPpmPerYear } = cells
    const usableMah = (capacityMah * usablePermille) / 1000
    const days = cases(3, 30)
    const lines: string[] = []
    let before = 1e9
    for (const everyS of [60, 300, 600, 1800, 3600]) {
        const rig = new SensorRig({
            rules: { 1: all(everyS), 2: all(everyS) },
            holdS: HOUR_S,
            airAt: counting(everyS),
        })
        rig.powerOn()
        await rig.runHours(24)
        const [startMah, startWindows] = [rig.usedMah(), rig.gateway.connections]
        await rig.runHours(24 * days)
        const railMah = (rig.usedMah() - startMah) / days
        const perDayMah = (railMah * supplyPermille) / 1000
        const selfMah = (capacityMah * selfPpmPerYear) / 1e6 / 365.25
        const years = usableMah / (perDayMah + selfMah) / 365.25
        const windows = (rig.gateway.connections - startWindows) / days
        lines.push(
            `every ${everyS} s: ${perDayMah.toFixed(1)} mAh a day, ${windows.toFixed(0)} windows, ` +
                `${years.toFixed(2)} years`,
        )
        // Windows cost most of it from half an hour on: they do not become fewer.
        expect(perDayMah).toBeLessThan(before * 1.15)
        before = perDayMah
        expect(only(rig.told(humidity), humidity).length).toBeGreaterThan(0)
        expect(rig.told(voltage).length).toBeGreaterThan(0)
    }
    console.log(`modelled, two AA lithium:\n${lines.join("\n")}`)
})
