// A tracker in a bad world: publishes and acks that are lost, connections that hang, a gateway away for
// days, power that fails and brokers that start anew. What was kept arrives; what could not is counted.

import { afterEach, describe, expect, it, vi } from "vitest"
import { Journal } from "../../firmware/logic/journal.js"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import type { Fix } from "../../protocol/fix.js"
import { makePrng, type Prng } from "../../simulator/world/prng.js"
import { cases } from "../support/cases.js"
import type { CommuteDays } from "../support/commute.js"
import { ModelRig, RIG_START_MS } from "../support/model-rig.js"
import type { Fate } from "../support/virtual-gateway.js"

const HOUR_MS = 3_600_000
const BAD: readonly Fate[] = ["lost", "ack-lost", "reset", "ack-reset", "half-open"]
/** Each day two hours on the way. */
const DRIVER: CommuteDays = { there: [7, 8], back: [17, 18], drivesOn: () => true }

afterEach(() => vi.restoreAllMocks())

/** Each fix that has been taken into the log, and survives whatever comes. */
function watchKept(): Fix[] {
    const kept: Fix[] = []
    const keep = Journal.prototype.keep
    vi.spyOn(Journal.prototype, "keep").mockImplementation(async function (
        this: Journal,
        fix,
        breathe,
    ) {
        await keep.call(this, fix, breathe)
        kept.push({ ...fix })
    })
    return kept
}

function badFate(random: Prng): () => Fate {
    return () => (random.next() < 0.3 ? BAD[Math.floor(random.next() * BAD.length)]! : "held")
}

function expectInOrder(rig: ModelRig): void {
    const numbers = [...rig.fixes().keys()].sort((a, b) => a - b)
    expect(numbers).toEqual(numbers.map((_, i) => i))
    const times = numbers.map((number) => rig.fixes().get(number)!.timeDs)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(rig.gateway.unreadable).toBe(0)
}

/** Within each session every number from the first to the last, each once. */
function expectNoGap(rig: ModelRig): void {
    const bySession = new Map<number, number[]>()
    for (const { session, seq } of rig.gateway.taken)
        bySession.set(session, [...(bySession.get(session) ?? []), seq])
    for (const [, seqs] of bySession) {
        const sorted = [...seqs].sort((a, b) => a - b)
        expect(sorted).toEqual(sorted.map((_, i) => i))
    }
}

describe.each([ProfileNumber.normal, ProfileNumber.live])("profile %i", (profile) => {
    const isLive = profile === ProfileNumber.live

    it("loses nothing where three in ten publishes or acks go wrong", async () => {
        for (let seed = 1; seed <= cases(2, 20); seed++) {
            const kept = watchKept()
            const random = makePrng(`fate/${seed}`)
            const gateway = { fate: badFate(random) }
            const rig = new ModelRig({ seed, profile, commute: DRIVER, gateway, hasGauge: true })
            rig.powerOn()
            await rig.runHours(isLive ? cases(9, 48) : cases(72, 14 * 24))
            const arrived = rig.fixes()
            expectInOrder(rig)
            expectNoGap(rig)
            expect(rig.gateway.doubled).toBeGreaterThan(3)
            // What was kept last may be on its way.
            expect(arrived.size).toBeGreaterThan(Math.max(30, kept.length - 60))
            for (const [number, fix] of arrived) expect(fix).toEqual(kept[number])
            vi.restoreAllMocks()
        }
    })
})

it("a gateway that is away for 72 hours is told all of it afterwards", async () => {
    const kept = watchKept()
    const isReachable = (atMs: number) => {
        const hours = (atMs - RIG_START_MS) / HOUR_MS
        return hours < 24 || hours >= 96
    }
    const rig = new ModelRig({
        profile: ProfileNumber.normal,
        commute: DRIVER,
        gateway: { isReachable },
        hasGauge: true,
    })
    rig.powerOn()
    await rig.runHours(96)
    const during = kept.length
    // The longest pause between two attempts is six hours.
    await rig.runHours(8)
    expectInOrder(rig)
    expectNoGap(rig)
    expect(rig.fixes().size).toBeGreaterThanOrEqual(during)
    expect(rig.statuses().every(({ thinned }) => thinned === 0)).toBe(true)
    for (const [number, fix] of rig.fixes()) expect(fix).toEqual(kept[number])
})

it("a queue that overflows says how many records it has let go of, and those are missing", {
    timeout: 120_000,
}, async () => {
    const isReachable = (atMs: number) =>
        atMs < RIG_START_MS + HOUR_MS || atMs > RIG_START_MS + 9 * 24 * HOUR_MS
    const rig = new ModelRig({
        profile: ProfileNumber.normal,
        commute: { ...DRIVER, there: [6, 9], back: [15, 18] },
        gateway: { isReachable },
        hasGauge: true,
    })
    rig.powerOn()
    await rig.runHours(11 * 24)
    const last = rig.statuses().at(-1)!
    expect(last.thinned).toBeGreaterThan(20)
    const newest = Math.max(...rig.gateway.taken.map(({ session }) => session))
    const seqs = rig.gateway.taken.filter(({ session }) => session === newest).map(({ seq }) => seq)
    // Of those that were let go of up to four had been on their way (uplink.ts), and had arrived.
    const missing = Math.max(...seqs) + 1 - new Set(seqs).size
    expect(missing).toBeLessThanOrEqual(last.thinned!)
    expect(missing).toBeGreaterThanOrEqual(last.thinned! - 4)
    expect(rig.gateway.unreadable).toBe(0)
    // Each fix that came is whole, and none under two numbers.
    const times = [...rig.fixes().values()].map(({ timeDs }) => timeDs)
    expect(new Set(times).size).toBe(times.length)
})

it("fifty power cuts and twenty broker restarts cost what was in RAM, and nothing else", async () => {
    for (let seed = 1; seed <= cases(2, 30); seed++) {
        const kept = watchKept()
        const random = makePrng(`cuts/${seed}`)
        const gateway = { fate: badFate(makePrng(`fate/${seed}`)) }
        const profile = seed % 3 === 0 ? ProfileNumber.live : ProfileNumber.normal
        const rig = new ModelRig({ seed, profile, commute: DRIVER, gateway, hasGauge: true })
        rig.powerOn()
        for (let cut = 0; cut < 50; cut++) {
            await rig.runHours(random.next() * 3)
            if (random.next() < 0.4) rig.gateway.restart()
            rig.powerOff(random.next() < 0.5)
            // Off for a moment or for an hour.
            await rig.runHours(random.next() < 0.5 ? 0.001 : random.next())
            rig.powerOn()
        }
        await rig.runHours(14)
        expectInOrder(rig)
        const arrived = rig.fixes()
        expect(arrived.size).toBeGreaterThan(50)
        expect(kept.length - arrived.size).toBeLessThanOrEqual(12)
        for (const [number, fix] of arrived) expect(fix).toEqual(kept[number])
        expectNoGap(rig)
        vi.restoreAllMocks()
    }
})
