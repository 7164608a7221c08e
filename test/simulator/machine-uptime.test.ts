// The runtime's clock counts milliseconds in 32 bits, and its timers stop when that wraps, after 49.7
// days. A tracker that sleeps starts anew all the time; one that stays awake has to do it by itself.

import { expect, it } from "vitest"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import { MessageType } from "../../protocol/envelope.js"
import { decodeHello } from "../../protocol/hello.js"
import { cases } from "../support/cases.js"
import { type CommuteDays, NEVER } from "../support/commute.js"
import { MachineRig } from "../support/machine-rig.js"

const RUN_WAIT_MS = 4 * 3_600_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Ten minutes on the way each day. */
const DAILY: CommuteDays = { there: [8, 8.1], back: [8.5, 8.57], drivesOn: () => true }

/** What a day brought: signs of life, events, fixes. */
function dayOf(rig: MachineRig, day: number): number[] {
    const fromMs = rig.gateway.taken[0]!.atMs - 3000 + day * DAY_MS
    const records = rig.gateway.taken.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + DAY_MS)
    return [MessageType.telemetry, MessageType.event].map(
        (type) => records.filter((record) => record.type === type).length,
    )
}

it(
    "a tracker that sleeps does on its last day what it did on its second",
    async () => {
        const days = cases(3, 60)
        const rig = new MachineRig({
            profile: ProfileNumber.normal,
            commute: DAILY,
            hasGauge: true,
        })
        rig.powerOn()
        await rig.runHours(24 * days)
        expect(rig.panics).toEqual([])
        for (let day = 1; day < days; day++) {
            const [telemetry, events] = dayOf(rig, day)
            const [firstTelemetry, firstEvents] = dayOf(rig, 1)
            expect(Math.abs(telemetry! - firstTelemetry!), `day ${day}`).toBeLessThan(4)
            expect(events, `day ${day}`).toBe(firstEvents)
        }
        const numbers = [...rig.fixes().keys()].sort((a, b) => a - b)
        expect(numbers).toEqual(numbers.map((_, i) => i))
        expect(rig.gateway.reused).toEqual([])
    },
    RUN_WAIT_MS,
)

it(
    "a tracker that stays awake starts anew once a day, in its session and without a word",
    async () => {
        const days = 3
        const rig = new MachineRig({ profile: ProfileNumber.live, commute: NEVER, hasGauge: true })
        rig.powerOn()
        await rig.runHours(24 * days + 0.5)
        expect(rig.panics).toEqual([])
        expect(rig.tracker.boots).toBe(days + 1)
        expect(rig.tracker.bootCause).toBe("reboot")
        const hellos = rig.gateway.taken.filter(({ type }) => type === MessageType.hello)
        expect(hellos.map(({ body }) => decodeHello(body))).toMatchObject([{ session: 1 }])
        // A sign of life every five minutes, through it all.
        const lives = rig.gateway.taken.filter(({ type }) => type === MessageType.telemetry)
        for (const [i, { atMs }] of lives.entries())
            if (i > 0) expect(atMs - lives[i - 1]!.atMs).toBeLessThan(320_000)
        expect(lives.length).toBeGreaterThan(280 * days)
        expect(rig.gateway.reused).toEqual([])
    },
    RUN_WAIT_MS,
)
