import { describe, expect, it } from "vitest"
import { powerCutAfter } from "../../simulator/chips/fram.js"
import { CHARGE_PARTS, totalMah } from "../../simulator/fleet/charge.js"
import { Battery, TWO_AA_LITHIUM } from "../../simulator/world/battery.js"
import { cases } from "../support/cases.js"
import { Life, START_MS } from "./lifecycle-rig.js"

const DAY_S = 86_400
const STANDBY_MAX_MS = 2 ** 32 - 1

function planned(plan: (number | string)[], options = {}): Life {
    const life = new Life("standby", { settings: { plan: JSON.stringify(plan) }, ...options })
    life.tracker.powerOn()
    return life
}

function sleepingAlways(everyMs: number, options = {}): Life {
    const life = new Life("standby", { settings: { every: everyMs }, ...options })
    life.tracker.powerOn()
    return life
}

describe("a program that sleeps", () => {
    it("is gone at once, wakes after its time through a boot, and finds FRAM but not its time", async () => {
        const life = planned([60_000, 120_000])
        await life.run(200)
        expect(life.said("boot")).toEqual(["0 at 1160", "1 at 1160", "2 at 1160"])
        expect(life.said("still")).toEqual([])
        const [first, second, third] = life.timesOf("boot")
        const [slept, sleptAgain] = life.timesOf("chip", "asleep")
        expect(slept! - first!).toBeLessThanOrEqual(10)
        expect(second! - slept!).toBeCloseTo(60_000 + 350 + 1160, 0)
        expect(third! - sleptAgain!).toBeCloseTo(120_000 + 350 + 1160, 0)
        expect(life.tracker.bootCause).toBe("timer")
        expect(life.tracker.boots).toBe(3)
    })

    it("keeps its program and settings in flash, byte for byte", async () => {
        const life = planned([1000, 1000, 1000])
        const flashed = Buffer.from(life.tracker.flash)
        await life.run(20)
        expect(life.said("boot")).toHaveLength(4)
        expect(life.tracker.flash.equals(flashed)).toBe(true)
    })

    it("sleeps 49.7 days at most", async () => {
        const life = planned([10 * STANDBY_MAX_MS])
        await life.run(50 * DAY_S)
        const [asleep] = life.timesOf("chip", "asleep")
        expect(life.timesOf("boot")[1]! - asleep!).toBeCloseTo(STANDBY_MAX_MS + 1510, 0)
    })

    it("wakes early when the accelerometer pulses the reset line, asleep or awake", async () => {
        const life = planned([60_000])
        await life.run(10)
        expect(life.tracker.state).toBe("asleep")
        life.tracker.pulseReset()
        await life.run(2)
        expect(life.said("boot")).toEqual(["0 at 1160", "1 at 1160"])
        expect(life.tracker.bootCause).toBe("pin")
        life.tracker.pulseReset()
        await life.run(100)
        expect(life.tracker.boots).toBe(3)
    })
})

describe("a chip", () => {
    it("starts again after reboot, within 1.6 s", async () => {
        const life = planned(["reboot"])
        await life.run(10)
        const [first, second] = life.timesOf("boot")
        expect(second! - first!).toBeLessThan(1600)
        expect(life.tracker.bootCause).toBe("reboot")
    })

    it("runs on after an exception that nobody caught: its program starts again, its clock does not", async () => {
        const life = planned(["throw"])
        await life.run(20)
        const [, second] = life.said("boot")
        expect(Number(second!.split(" ")[2])).toBeGreaterThan(6000)
        expect(life.tracker.boots).toBe(1)
    })

    it("loses what it did after the power failed within a write, and only that", async () => {
        const life = planned([1000])
        life.fram.beforeByte = powerCutAfter(1)
        await life.run(10)
        expect(life.said("boot")).toEqual(["0 at 1160"])
        expect(life.tracker.state).toBe("off")
        expect(life.fram.bytes[0]).toBe(1)
        life.fram.beforeByte = undefined
        life.tracker.powerOn()
        await life.run(10)
        expect(life.said("boot")).toEqual(["0 at 1160", "1 at 1160"])
        expect(life.tracker.bootCause).toBe("power")
    })

    it("can be without power at any moment of its boot and its sleep", async () => {
        const life = planned([2000])
        for (const seconds of [0.1, 0.4, 1.2, 1.511, 2.7, 3.6]) {
            await life.run(seconds)
            life.tracker.powerOff()
            await life.run(1)
            life.tracker.powerOn()
        }
        await life.run(20)
        expect(life.tracker.state).toBe("awake")
    })

    it("browns out on an empty battery, and comes back when it is warm again", async () => {
        let celsius = 20
        const battery = new Battery(TWO_AA_LITHIUM, START_MS, () => celsius)
        battery.take(START_MS, 2_700 * 3_600_000)
        const life = sleepingAlways(30_000, { battery })
        await life.run(60)
        expect(life.tracker.state).not.toBe("browned-out")
        celsius = -35
        await life.run(200)
        expect(life.tracker.state).toBe("browned-out")
        const { boots } = life.tracker
        await life.run(600)
        expect(life.tracker.boots).toBe(boots)
        celsius = 20
        await life.run(120)
        expect(life.tracker.boots).toBeGreaterThan(boots)
    })
})

describe("idle time", () => {
    it("is skipped without a difference to what the program says and when", async () => {
        const runs = await Promise.all(
            [true, false].map(async (isIdleSkipped) => {
                const life = planned([30_000, "reboot", 5000, "throw", 40_000], { isIdleSkipped })
                await life.run(130)
                return life.happened
            }),
        )
        expect(runs[0]!.length).toBeGreaterThan(20)
        expect(runs[0]).toEqual(runs[1])
    })
})

describe("the charge", () => {
    it("is that of the states the chip was seen in", async () => {
        const life = planned([3_600_000, 3_600_000])
        await life.run(3600)
        const used = life.tracker.usedMah
        // 1.5 s of processor at 28 mA, an hour of deep sleep at 5 uA; see esp32-currents.ts.
        expect(used.mcu).toBeCloseTo((28 * 1.51) / 3600, 5)
        expect(used.sleep).toBeCloseTo((0.005 * (3600 - 1.51)) / 3600, 5)
        expect(used.radio).toBeGreaterThan(0)
        expect(used.receiver).toBeGreaterThan(0)
        expect(totalMah(used)).toBeCloseTo(
            CHARGE_PARTS.map((part) => used[part]).reduce((a, b) => a + b),
            9,
        )
    })

    it("is what the battery gives", async () => {
        const battery = new Battery(
            { ...TWO_AA_LITHIUM, selfDischargePerYear: 0 },
            START_MS,
            () => 20,
        )
        const life = planned([600_000, 600_000], { battery })
        await life.run(1500)
        const used = totalMah(life.tracker.usedMah)
        expect(battery.usedMah(life.clock.nowMs)).toBeCloseTo(used, 9)
    })
})

it("days of five-minute sleeps in the machine give one boot a cycle", async () => {
    const days = cases(1, 7)
    const cycleMs = 300_000
    const life = sleepingAlways(cycleMs)
    const before = process.cpuUsage()
    await life.run(days * DAY_S)
    const { boots } = life.tracker
    const { user, system } = process.cpuUsage(before)
    const cpuMs = (user + system) / 1000
    const perDay = DAY_S / ((cycleMs + 1510) / 1000)
    expect(Math.abs(boots - days * perDay)).toBeLessThan(3)
    console.log(
        `${days} d of ${cycleMs / 60_000}-minute sleeps: ${boots} boots, ` +
            `${(cpuMs / 1000).toFixed(1)} s of CPU, ${(cpuMs / boots).toFixed(2)} ms a boot`,
    )
})
