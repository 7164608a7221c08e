// By what a gateway knows silence: a tracker gives a sign of life at the latest when its profile, at the
// level that it has told, says so; whether motion wakes it or not.

import { expect, it } from "vitest"
import { governedProfile } from "../../firmware/logic/governor.js"
import { newMission } from "../../firmware/logic/mission.js"
import { PROFILES, ProfileNumber, profileOf } from "../../firmware/logic/profile.js"
import { MessageType } from "../../protocol/envelope.js"
import { decodeEvent, EventKind } from "../../protocol/event.js"
import { decodeStatus } from "../../protocol/status.js"
import { cases } from "../support/cases.js"
import { NEVER, WEEKDAYS } from "../support/commute.js"
import { ModelRig, type ModelRigOptions, RIG_START_MS } from "../support/model-rig.js"

const DAY_S = 86_400
/** From the wake that it is due for: boot, connection, and the way. */
const WAKE_S = 10

interface Sign {
    atS: number
    /** As last told before it, and with it. */
    level: number
}

/** All that came, and the level that the gateway knew. `isStatus`: the statuses alone. */
function signsOf(rig: ModelRig, isStatus = false): Sign[] {
    const signs: Sign[] = []
    let level = 0
    for (const { atMs, type, body } of rig.gateway.taken) {
        if (type === MessageType.event) {
            const event = decodeEvent(body)
            if (event.kind === "event" && event.event === EventKind.budget) level = event.args[0]!
        }
        const status = type === MessageType.telemetry ? decodeStatus(body) : undefined
        if (status?.kind === "status") level = status.level!
        else if (isStatus) continue
        signs.push({ atS: (atMs - RIG_START_MS) / 1000, level })
    }
    return signs
}

async function lived(days: number, options: ModelRigOptions): Promise<ModelRig> {
    const rig = new ModelRig(options)
    rig.powerOn()
    await rig.runHours(days * 24)
    return rig
}

/** The gaps between signs, and the one that is still open, each with the level before it. */
function gapsOf(signs: readonly Sign[], days: number): { gapS: number; level: number }[] {
    return signs.map(({ atS, level }, i) => ({
        gapS: (signs[i + 1]?.atS ?? days * DAY_S) - atS,
        level,
    }))
}

it.each(PROFILES.flatMap((profile) => [true, false].map((canWake) => [profile, canWake] as const)))(
    "a parked tracker is never silent for longer than its profile says: %s, wakes on motion %s",
    async (profile, canWake) => {
        // One that stays awake is the same each day.
        const days = profile.staysAwake ? cases(0.5, 30) : 30
        const rig = await lived(days, { profile: profile.number, canWake, commute: NEVER })
        for (const { gapS, level } of gapsOf(signsOf(rig), days)) {
            expect(level).toBe(0)
            expect(gapS).toBeLessThanOrEqual(profile.heartbeatS + WAKE_S)
        }
        // Each with a status. A knock may bring it forward, not double it.
        const due = (days * DAY_S) / profile.heartbeatS
        const statuses = signsOf(rig, true).length
        expect(statuses).toBeGreaterThan(0.95 * due - 1)
        expect(statuses).toBeLessThan((profile.staysAwake || !canWake ? 1.05 : 2) * due + 2)
    },
)

it.each([true, false])(
    "the governor's ladder alone makes it longer, and it tells the step: wakes on motion %s",
    async (canWake) => {
        const days = 60
        const normal = profileOf(ProfileNumber.normal)!
        // A battery that is far too small for its mission.
        const mission = { ...newMission(), capacityMah: 900, endS: 200 * DAY_S }
        const commute = NEVER
        const signs = signsOf(
            await lived(days, { profile: normal.number, canWake, commute, mission }),
        )
        for (const { gapS, level } of gapsOf(signs, days))
            expect(gapS).toBeLessThanOrEqual(governedProfile(normal, level).heartbeatS + WAKE_S)
        expect(Math.max(...signs.map(({ level }) => level))).toBeGreaterThanOrEqual(3)
    },
)

it("a tracker that speaks each day of something else tells how it is all the same", async () => {
    const days = 28
    const longLife = profileOf(ProfileNumber.longLife)!
    const commute = { ...WEEKDAYS, drivesOn: () => true }
    const rig = await lived(days, { profile: longLife.number, commute })
    const signs = signsOf(rig, true)
    // At the latest with the first window after it was due.
    for (const { gapS } of gapsOf(signs, days))
        expect(gapS).toBeLessThanOrEqual(longLife.heartbeatS + 15 * 3600)
    expect(signs.length).toBeGreaterThan(0.6 * days)
})
