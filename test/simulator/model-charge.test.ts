// What a tracker's weeks cost by the simulator's own count, and that they stay as they are. All of it
// is modelled.

import { expect, it } from "vitest"
import { BatteryKind } from "../../firmware/logic/energy-model.js"
import { newMission } from "../../firmware/logic/mission.js"
import { PROFILES, ProfileNumber } from "../../firmware/logic/profile.js"
import { EventKind } from "../../protocol/event.js"
import type { Cover } from "../../simulator/world/sky.js"
import { cases } from "../support/cases.js"
import { NEVER, WEEKDAYS } from "../support/commute.js"
import { ModelRig, type ModelRigOptions, RIG_START_MS } from "../support/model-rig.js"

const DAY_H = 24
const WEEK_H = 7 * DAY_H
const DAY_MS = 86_400_000
const live = ProfileNumber.live
const normal = ProfileNumber.normal
const longLife = ProfileNumber.longLife

async function lived(hours: number, options: ModelRigOptions): Promise<ModelRig> {
    const rig = new ModelRig(options)
    rig.powerOn()
    await rig.runHours(hours)
    return rig
}

it.each(
    [normal, longLife].flatMap((profile) => [true, false].map((canWake) => [profile, canWake])),
)(
    "a garage costs at most a fifth more than the sky: profile %i, wakes on motion %s",
    async (profile, canWake) => {
        const cost = async (seed: number, cover: Cover, commute = NEVER) => {
            const coverAt = () => cover
            const options = { seed, profile: Number(profile), canWake: canWake === true }
            return (await lived(WEEK_H, { ...options, commute, coverAt })).usedMah()
        }
        for (let seed = 1; seed <= cases(2, 20); seed++) {
            const open = await cost(seed, "open")
            expect(await cost(seed, "none")).toBeLessThan(1.2 * open)
            expect(await cost(seed, "garage")).toBeLessThan(1.2 * open)
        }
    },
)

it("every sixty days are as the first", { timeout: 600_000 }, async () => {
    const rig = new ModelRig({ profile: normal, commute: WEEKDAYS, hasGauge: true })
    rig.powerOn()
    const weeks: { fixes: number; windows: number; mah: number; boots: number }[] = []
    let before = { fixes: 0, windows: 0, mah: 0, boots: 0 }
    for (let week = 0; week < 9; week++) {
        await rig.runHours(WEEK_H)
        const now = {
            fixes: rig.fixes().size,
            windows: rig.gateway.connections,
            mah: rig.usedMah(),
            boots: rig.tracker.boots,
        }
        weeks.push({
            fixes: now.fixes - before.fixes,
            windows: now.windows - before.windows,
            mah: now.mah - before.mah,
            boots: now.boots - before.boots,
        })
        before = now
    }
    // The first week begins with a cold start and an anchor; from then on one is like the other but for
    // knocks, and for which heartbeats fall into a journey.
    const [, second, ...others] = weeks
    for (const week of others) {
        for (const what of ["fixes", "windows", "mah", "boots"] as const) {
            expect(week[what], what).toBeGreaterThan(0.85 * second![what])
            expect(week[what], what).toBeLessThan(1.15 * second![what])
        }
    }
})

it("a live tracker starts anew each day, and its days are alike", async () => {
    const days = cases(2, 60)
    const rig = new ModelRig({ profile: live, commute: { ...WEEKDAYS, drivesOn: () => true } })
    rig.powerOn()
    const fixes: number[] = []
    let before = 0
    for (let day = 0; day < days; day++) {
        await rig.runHours(DAY_H)
        fixes.push(rig.fixes().size - before)
        before = rig.fixes().size
    }
    expect(rig.tracker.boots).toBeGreaterThanOrEqual(days)
    expect(rig.tracker.boots).toBeLessThanOrEqual(days + 1)
    // Noise moves what is thinned of a day by 2 %; two months must not move the mean.
    const half = days / 2
    const ratio = mean(fixes.slice(half)) / mean(fixes.slice(0, half))
    const within = cases(0.06, 0.02)
    expect(Math.abs(ratio - 1), fixes.join(" ")).toBeLessThan(within)
    for (const count of fixes) expect(Math.abs(count / mean(fixes) - 1)).toBeLessThan(0.1)
})

it("the tracker's own count is within a factor of two of the simulator's, whose currents are others", async () => {
    // The simulator dozes the radio between beacons and counts its bytes; the firmware takes it for
    // receiving all the time, which it must fear. Charge is at the same place where nothing converts it.
    const mission = newMission(BatteryKind.thionylD)
    const lines: string[] = []
    for (const profile of [normal, longLife])
        for (const commute of [NEVER, WEEKDAYS]) {
            const rig = await lived(WEEK_H, { profile, commute, mission, hasGauge: true })
            const last = rig.statuses().at(-1)!
            const at = (last.instant.timeDs! * 100 - RIG_START_MS) / DAY_MS
            const ratio = last.drawnMah! / at / (rig.usedMah() / 7)
            expect(ratio).toBeGreaterThan(0.5)
            expect(ratio).toBeLessThan(2)
            const name = `${PROFILES[profile - 1]!.name} ${commute === NEVER ? "parked" : "commuting"}`
            lines.push(`${name} ${ratio.toFixed(2)}`)
        }
    console.log(`the tracker's own count by the simulator's: ${lines.join(", ")}`)
})

it("knows from the third day on when its battery will be empty, and does not go up and down", async () => {
    for (const commute of [NEVER, WEEKDAYS]) {
        const endS = 200 * 86_400
        const rig = await lived(cases(2, 8) * WEEK_H, {
            profile: normal,
            commute,
            mission: { ...newMission(), endS },
            hasGauge: true,
        })
        const statuses = rig.statuses()
        const late = statuses.filter(
            ({ instant }) => (instant.timeDs ?? 0) * 100 > RIG_START_MS + 3 * DAY_MS,
        )
        expect(late.length).toBeGreaterThan(cases(2, 8) * 7)
        for (const { daysLeft, daysLeftSpread } of late) {
            expect(daysLeft).toBeGreaterThan(0)
            expect(daysLeftSpread).toBeGreaterThanOrEqual(0)
        }
        // A plan at the edge of a level goes to and fro between two, but takes its time.
        const steps = rig.events().filter(({ event }) => event === EventKind.budget)
        for (let i = 2; i < steps.length; i++) {
            const [first, between, last] = steps.slice(i - 2, i + 1)
            if (first!.args[0] !== last!.args[0]) continue
            const days = (last!.instant.timeDs! - between!.instant.timeDs!) / 864_000
            expect(days).toBeGreaterThan(3)
        }
    }
})

it("tells its battery in every status, and no fault of a part that works", async () => {
    const rig = await lived(3 * DAY_H, { profile: normal, commute: WEEKDAYS, hasGauge: true })
    expect(rig.statuses().length).toBeGreaterThan(8)
    for (const { batteryMv, boots } of rig.statuses()) {
        expect(batteryMv).toBeCloseTo(3050, -1)
        expect(boots).toBeGreaterThan(0)
    }
    expect(rig.events().filter(({ event }) => event === EventKind.partFault)).toEqual([])
})

function mean(values: number[]): number {
    return values.reduce((sum, value) => sum + value, 0) / values.length
}
