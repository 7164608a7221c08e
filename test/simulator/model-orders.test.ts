// Orders from the gateway to the tracker and what it does under them, end to end.

import { expect, it } from "vitest"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import { deviceFenceOf } from "../../gateway/core/downlink/device-fence.js"
import { CommandKind } from "../../protocol/command.js"
import { EventKind } from "../../protocol/event.js"
import { fenceArgs } from "../../protocol/fence-order.js"
import { wipeArgs } from "../../protocol/order.js"
import { Answer } from "../../protocol/response.js"
import { deg, metres } from "../../protocol/units.js"
import { type CommuteDays, NEVER } from "../support/commute.js"
import { ModelRig, RIG_DEVICE, RIG_START_MS } from "../support/model-rig.js"

const MANDATE = Buffer.from("4f5a", "hex")
const DRIVER: CommuteDays = { there: [7, 8], back: [17, 18], drivesOn: () => true }
const START_S = RIG_START_MS / 1000
const { profile, report, liveUntil, mandate, circle, wipe } = CommandKind

async function rigFor(commute: CommuteDays, hours: number): Promise<ModelRig> {
    const rig = new ModelRig({ profile: ProfileNumber.normal, commute, hasGauge: true })
    rig.powerOn()
    await rig.runHours(hours)
    return rig
}

it("another profile holds from the answer on, over sleeps and power cuts", async () => {
    const rig = await rigFor(NEVER, 1)
    const told = rig.gateway.tell(profile, [ProfileNumber.longLife], MANDATE)
    await rig.runHours(7)
    expect(told.response).toMatchObject({ answer: Answer.accepted, inForce: [3] })
    rig.powerOff()
    await rig.runHours(1)
    rig.powerOn()
    await rig.runHours(50)
    expect(rig.statuses().at(-1)!.profile).toBe(ProfileNumber.longLife)
})

it("a report is a fix and a window at once, parked or not, and without sky no vigil", async () => {
    for (const cover of ["open", "none"] as const) {
        let isAsked = false
        const rig = new ModelRig({
            profile: ProfileNumber.normal,
            commute: NEVER,
            coverAt: () => (isAsked ? cover : "open"),
        })
        rig.powerOn()
        await rig.runHours(5)
        const before = rig.fixes().size
        isAsked = true
        const told = rig.gateway.tell(report, [], MANDATE)
        await rig.runHours(8)
        expect(told.response?.answer).toBe(Answer.accepted)
        expect(rig.fixes().size).toBe(before + (cover === "open" ? 1 : 0))
        const mah = rig.usedMah()
        await rig.runHours(5)
        expect(rig.usedMah() - mah).toBeLessThan(3)
    }
})

it("live is granted, reports by the second, and ends by itself", async () => {
    const rig = await rigFor(DRIVER, 5)
    const untilS = START_S + 9 * 3600
    const told = rig.gateway.tell(liveUntil, [untilS], MANDATE)
    await rig.runHours(4)
    expect(told.response).toMatchObject({ answer: Answer.accepted, inForce: [untilS] })
    const fixes = rig.fixes().size
    expect(fixes).toBeGreaterThan(200)
    expect(rig.statuses().some((one) => one.profile === ProfileNumber.live)).toBe(true)
    await rig.runHours(15)
    expect(rig.statuses().at(-1)!.profile).toBe(ProfileNumber.normal)
    expect(rig.tracker.state).not.toBe("off")
    const mah = rig.usedMah()
    await rig.runHours(6)
    expect(rig.usedMah() - mah).toBeLessThan(3)
})

it("a mandate's end stops positions for good, and an extension starts them again, over a power cut", async () => {
    const rig = await rigFor(DRIVER, 5)
    const endS = START_S + 30 * 3600
    rig.gateway.tell(mandate, [endS], MANDATE)
    await rig.runHours(27)
    expect(rig.events().some(({ event }) => event === EventKind.mandateEnd)).toBe(true)
    const times = () => [...rig.fixes().values()].map(({ timeDs }) => timeDs / 10)
    await rig.runHours(30)
    // Nothing knows the time after this but a fix.
    rig.powerOff()
    await rig.runHours(1)
    rig.powerOn()
    const mah = rig.usedMah()
    await rig.runHours(10)
    expect(rig.usedMah() - mah).toBeLessThan(15)
    expect(Math.max(...times())).toBeLessThan(endS)
    const extended = rig.gateway.tell(mandate, [endS + 30 * 86_400], MANDATE)
    await rig.runHours(36)
    expect(extended.response?.answer).toBe(Answer.accepted)
    expect(Math.max(...times())).toBeGreaterThan(endS + 36 * 3600)
    const between = times().filter((atS) => atS >= endS && atS < endS + 36 * 3600)
    expect(between).toEqual([])
})

it("a vehicle that leaves a fence which was ordered while it stood is told of at once", async () => {
    const rig = await rigFor({ ...DRIVER, there: [15, 16] }, 1)
    const center = { latDeg: deg(47.141), lonDeg: deg(9.5209) }
    const shape = { type: "circle" as const, center, radiusM: metres(300) }
    const args = fenceArgs(deviceFenceOf(1, shape, { fixes: 2, seconds: 60 }))
    const told = rig.gateway.tell(circle, args, MANDATE)
    await rig.runHours(13.9)
    expect(told.response?.answer).toBe(Answer.accepted)
    expect(rig.events().filter(({ event }) => event === EventKind.fenceSide)).toEqual([])
    await rig.runHours(0.35)
    const crossings = () => rig.events().filter(({ event }) => event === EventKind.fenceSide)
    expect(crossings().map(({ args }) => args)).toEqual([[1, 0]])
    await rig.runHours(4)
    expect(crossings().map(({ args }) => args)).toEqual([
        [1, 0],
        [1, 1],
    ])
})

it("a wipe leaves the memory blank and the tracker silent", async () => {
    const rig = await rigFor(DRIVER, 9)
    const told = rig.gateway.tell(wipe, wipeArgs(Buffer.from(RIG_DEVICE, "hex")), MANDATE)
    await rig.runHours(12)
    expect(told.response?.answer).toBe(Answer.accepted)
    expect(rig.said).toContain("wiped")
    expect(rig.fram.bytes.every((byte) => byte === 0)).toBe(true)
    const taken = rig.gateway.taken.length
    rig.powerOff()
    await rig.runHours(1)
    rig.powerOn()
    await rig.runHours(24)
    expect(rig.gateway.taken.length).toBe(taken)
    expect(rig.fram.bytes.every((byte) => byte === 0)).toBe(true)
})
