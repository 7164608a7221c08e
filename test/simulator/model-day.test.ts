// A day of a recorded drive and of parking, from the receiver to the gateway: each fix that the tracker
// kept arrives once, in order, as it was kept.

import { basename } from "node:path"
import { afterEach, expect, it, vi } from "vitest"
import { Journal } from "../../firmware/logic/journal.js"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import type { Fix } from "../../protocol/fix.js"
import { cases } from "../support/cases.js"
import { drivenDay } from "../support/driven-day.js"
import { ModelRig, RIG_START_MS } from "../support/model-rig.js"
import { type RecordedTrack, recordedTracks } from "../support/recorded-tracks.js"

const HOUR_MS = 3_600_000
const LEAVES_H = 1
const tracks = recordedTracks()
    .filter(({ isMoving, rows }) => isMoving && rows.length > 300)
    .slice(0, cases(1, 9))

afterEach(() => vi.restoreAllMocks())

/** Each deed "keep" from here on. */
function watchKept(): Fix[] {
    const kept: Fix[] = []
    const keep = Journal.prototype.keep
    vi.spyOn(Journal.prototype, "keep").mockImplementation(function (this: Journal, fix, breathe) {
        kept.push({ ...fix })
        return keep.call(this, fix, breathe)
    })
    return kept
}

async function driven(profile: ProfileNumber, track: RecordedTrack, hours: number) {
    const vehicle = drivenDay(track, RIG_START_MS + LEAVES_H * HOUR_MS)
    const rig = new ModelRig({ profile, commute: vehicle, hasGauge: true })
    rig.powerOn()
    await rig.runHours(hours)
    return { rig, vehicle }
}

it.each(
    tracks.flatMap((track) =>
        [ProfileNumber.live, ProfileNumber.normal].map((profile) => [
            basename(track.name),
            profile,
            track,
        ]),
    ),
)("all that is kept of %s arrives, profile %i", async (_, profile, track) => {
    const kept = watchKept()
    const hours = profile === ProfileNumber.live ? cases(4, 24) : 24
    const { rig } = await driven(profile as ProfileNumber, track as RecordedTrack, hours)
    expectAll(rig, kept)
    expect(kept.length).toBeGreaterThan(10)
})

it.each(tracks.map((track) => [basename(track.name), track] as const))(
    "the bench keeps every second of %s, parked or not",
    async (_, track) => {
        const kept = watchKept()
        const hours = cases(2, 24)
        const { rig, vehicle } = await driven(ProfileNumber.bench, track, hours)
        expectAll(rig, kept)
        const times = new Set(kept.map(({ timeDs }) => timeDs * 100))
        const fromMs = kept[0]!.timeDs * 100
        expect(fromMs).toBeLessThan(RIG_START_MS + 90_000)
        let missing = 0
        let asked = 0
        for (let atMs = fromMs; atMs < rig.clock.nowMs - 60_000; atMs += 1000) {
            if (!vehicle.solution(atMs, 0)) continue
            asked++
            if (!times.has(atMs)) missing++
        }
        expect(asked).toBeGreaterThan(3600)
        expect(missing).toBe(0)
    },
)

/** What waits for company when the day ends is no loss. */
function expectAll(rig: ModelRig, kept: readonly Fix[]): void {
    const arrived = [...rig.fixes()].sort(([a], [b]) => a - b)
    expect(arrived.map(([number]) => number)).toEqual(arrived.map((_, i) => i))
    expect(arrived.length).toBeLessThanOrEqual(kept.length)
    expect(arrived.length).toBeGreaterThan(kept.length - 12)
    expect(arrived.map(([, fix]) => fix)).toEqual(kept.slice(0, arrived.length))
    const order = rig.gateway.taken.map(({ session, seq }) => session * 2 ** 32 + seq)
    expect(order).toEqual([...order].sort((a, b) => a - b))
    expect(rig.gateway.unreadable).toBe(0)
}
