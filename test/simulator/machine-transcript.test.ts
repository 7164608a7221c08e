// The tracker's bytecode in the machine against the same decisions on Node, in one world: what the
// gateway takes is the same, body by body. So what is shown of a year on Node is true of the chip.

import { basename } from "node:path"
import { afterEach, describe, expect, it, vi } from "vitest"
import { Journal } from "../../firmware/logic/journal.js"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import type { Fix } from "../../protocol/fix.js"
import type { Cover } from "../../simulator/world/sky.js"
import { cases } from "../support/cases.js"
import { type CommuteDays, WEEKDAYS } from "../support/commute.js"
import { drivenDay } from "../support/driven-day.js"
import { recordedTracks } from "../support/recorded-tracks.js"
import { RIG_START_MS } from "../support/rig-world.js"
import { expectEqualTranscripts, type Twins, twins } from "../support/transcripts.js"

const HOUR_MS = 3_600_000
const RUN_WAIT_MS = 3_600_000
/** An hour on the way and parking around it. */
const HOUR_OUT: CommuteDays = { there: [0.5, 1.5], back: [9, 9.2], drivesOn: () => true }
/** Ten minutes on the way are enough to see a profile that sends by the second. */
const SHORT_WAY: CommuteDays = { ...HOUR_OUT, there: [0.1, 0.27] }

afterEach(() => vi.restoreAllMocks())

async function run({ machine, node }: Twins, hours: number): Promise<void> {
    machine.powerOn()
    node.powerOn()
    await machine.runHours(hours)
    await node.runHours(hours)
}

describe("the machine and Node, in the same world", () => {
    it.each([
        [ProfileNumber.normal, HOUR_OUT, 2.2],
        [ProfileNumber.longLife, HOUR_OUT, 2.2],
        [ProfileNumber.live, SHORT_WAY, 0.4],
        [ProfileNumber.bench, SHORT_WAY, 0.2],
    ] as const)(
        "say the same, profile %i",
        async (profile, commute, hours) => {
            const both = await twins({ profile, commute, hasGauge: true })
            await run(both, hours)
            expectEqualTranscripts(both)
            expect(both.machine.fixes().size).toBeGreaterThan(10)
        },
        RUN_WAIT_MS,
    )

    it(
        "say the same where satellites fail, the gateway is away, and motion does not wake",
        async () => {
            const coverAt = (atMs: number): Cover =>
                atMs < RIG_START_MS + 0.7 * HOUR_MS || atMs > RIG_START_MS + HOUR_MS
                    ? "open"
                    : "garage"
            const isReachable = (atMs: number) =>
                atMs < RIG_START_MS + 0.6 * HOUR_MS || atMs > RIG_START_MS + 0.9 * HOUR_MS
            const both = await twins({
                profile: ProfileNumber.normal,
                commute: HOUR_OUT,
                coverAt,
                canWake: false,
                hasGauge: true,
                gateway: { isReachable },
            })
            await run(both, 2.2)
            expectEqualTranscripts(both)
            expect(both.machine.fixes().size).toBeGreaterThan(10)
        },
        RUN_WAIT_MS,
    )

    it(
        "say the same of a week of commuting",
        async () => {
            const both = await twins({
                profile: ProfileNumber.normal,
                commute: WEEKDAYS,
                hasGauge: true,
            })
            await run(both, cases(18, 7 * 24))
            expectEqualTranscripts(both)
            expect(both.machine.fixes().size).toBeGreaterThan(cases(60, 300))
        },
        RUN_WAIT_MS,
    )
})

const [track] = recordedTracks().filter(({ isMoving, rows }) => isMoving && rows.length > 300)

it.each([ProfileNumber.normal, ProfileNumber.live])(
    `all that is kept of ${basename(track!.name)} and of parking arrives from the machine, profile %i`,
    async (profile) => {
        // Node's tracker says what was kept: its decisions are those of the machine, or the bodies differ.
        const kept: Fix[] = []
        const keep = Journal.prototype.keep
        vi.spyOn(Journal.prototype, "keep").mockImplementation(function (this: Journal, ...args) {
            kept.push({ ...args[0] })
            return keep.apply(this, args)
        })
        const vehicle = drivenDay(track!, RIG_START_MS + 0.2 * HOUR_MS)
        const both = await twins({ profile, commute: vehicle, hasGauge: true })
        // The span in CI: a drive's first stretch live, all of it else; under soak the day.
        await run(both, cases(profile === ProfileNumber.live ? 0.5 : 3, 24))
        expectEqualTranscripts(both)
        const arrived = [...both.machine.fixes()].sort(([a], [b]) => a - b)
        expect(arrived.map(([number]) => number)).toEqual(arrived.map((_, i) => i))
        expect(arrived.map(([, fix]) => fix)).toEqual(kept.slice(0, arrived.length))
        // What waits for company when the run ends is no loss.
        expect(arrived.length).toBeGreaterThan(kept.length - 12)
        expect(arrived.length).toBeGreaterThan(10)
        expect(both.machine.gateway.doubled).toBe(0)
    },
    RUN_WAIT_MS,
)
