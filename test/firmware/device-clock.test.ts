// The device's clock over sleeps, and whom it believes: itself, a fix, the gateway [P-E34].

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
    type ClockMemory,
    clockOf,
    clockRow,
    DeviceClock,
    newClock,
    WakePlan,
} from "../../firmware/logic/device-clock.js"
import { cases } from "../support/cases.js"

const UTC_S = 1_926_223_200
/** Uptime at the program's first line, and from the end of a sleep to where uptime begins. */
const FIRST_LINE_MS = 1160
const BOOT_MS = 350

function kept(parts: Partial<ClockMemory> = {}): ClockMemory {
    return { ...newClock(), ...parts }
}
/** The clock at its next start, by what it kept. */
function restarted(clock: DeviceClock, uptimeMs: number, plan: WakePlan, sleepS = -1): DeviceClock {
    return new DeviceClock(clockOf(clockRow(clock.kept(uptimeMs, plan, sleepS))), false)
}

describe("a clock over sleeps", () => {
    it("is as right after two hundred of them as the timer that it sleeps by", () => {
        const lives = fc.record({
            sleepMs: fc.integer({ min: 1000, max: 3_600_000 }),
            awakeMs: fc.integer({ min: FIRST_LINE_MS, max: 60_000 }),
        })
        fc.assert(
            fc.property(fc.array(lives, { minLength: 1, maxLength: 50 }), (sleeps) => {
                let clock = new DeviceClock(newClock(), false)
                clock.noteTold(UTC_S, 0, 0)
                let trueMs = 0
                let atS = 0
                for (let round = 0; round < 200; round++) {
                    const { sleepMs, awakeMs } = sleeps[round % sleeps.length]!
                    clock = restarted(clock, awakeMs, WakePlan.sleep, sleepMs / 1000)
                    trueMs += awakeMs + sleepMs + BOOT_MS
                    // A millisecond each is what rows of integers may cost.
                    const offMs = round + 2
                    const told = clock.utcDs(0) * 100
                    expect(Math.abs(told - (UTC_S * 1000 + trueMs))).toBeLessThan(100 + offMs)
                    expect(clock.atS(0)).toBeGreaterThanOrEqual(atS)
                    atS = clock.atS(0)
                }
            }),
            { numRuns: cases(20, 1000) },
        )
    })

    it("doubts itself by a twentieth of what it slept, and forgets UTC after a reset nobody planned", () => {
        const clock = new DeviceClock(newClock(), false)
        clock.noteUtc(UTC_S, 0)
        const slept = restarted(clock, 2000, WakePlan.sleep, 600)
        expect(slept.utcDoubtS(0)).toBeCloseTo(31, 5)
        const reset = restarted(slept, 2000, WakePlan.none)
        expect(reset.utcS(0)).toBe(-1)
        expect(reset.utcDs(0)).toBe(-1)
        expect(reset.atS(0)).toBe(slept.atS(2000))
    })

    it("begins anew from a row of another length", () => {
        expect(clockOf([1, 2, 3])).toEqual(newClock())
    })
})

describe("the gateway's time", () => {
    it("is taken by a clock that has none, and known by the round trip and a second", () => {
        const clock = new DeviceClock(newClock(), false)
        expect(clock.noteTold(UTC_S, 2500, 9000)).toBe(true)
        expect(clock.utcS(9000)).toBe(UTC_S)
        expect(clock.utcDs(9000)).toBe(UTC_S * 10)
        expect(clock.utcDoubtS(9000)).toBeCloseTo(3.5, 2)
    })

    it("is not taken by one that knows it better, nor twice alike", () => {
        const clock = new DeviceClock(newClock(), false)
        clock.noteUtc(UTC_S, 1000)
        expect(clock.noteTold(UTC_S + 1, 0, 2000)).toBe(false)
        const other = new DeviceClock(newClock(), false)
        expect(other.noteTold(UTC_S, 500, 0)).toBe(true)
        expect(other.noteTold(UTC_S + 100, 500, 0)).toBe(false)
        expect(other.noteTold(UTC_S + 100, 400, 0)).toBe(true)
    })

    it("goes ahead or back on a clock that only the gateway has told", () => {
        for (const offS of [-86_400, -2, 3, 500, 86_400]) {
            const clock = new DeviceClock(newClock(), false)
            clock.noteTold(UTC_S, 8000, 0)
            clock.noteTold(UTC_S + offS, 100, 1000)
            expect(clock.utcS(1000)).toBe(UTC_S + offS)
        }
    })

    it("moves a clock that a fix has told by no more than that may have gone wrong, and not before it", () => {
        const drifts = fc.record({
            sleepS: fc.integer({ min: 0, max: 1_000_000 }),
            offS: fc.integer({ min: -100_000, max: 100_000 }),
            roundTripMs: fc.integer({ min: 0, max: 60_000 }),
            isCutShort: fc.boolean(),
        })
        fc.assert(
            fc.property(drifts, ({ sleepS, offS, roundTripMs, isCutShort }) => {
                const before = new DeviceClock(newClock(), false)
                before.noteUtc(UTC_S, 0)
                const row = clockRow(before.kept(1000, WakePlan.sleep, sleepS))
                const clock = new DeviceClock(clockOf(row), isCutShort)
                const [heldS, ownS] = [clock.utcDoubtS(0), clock.utcS(0)]
                const toldS = ownS + offS
                const atS = clock.atS(0)
                const isTaken = clock.noteTold(toldS, roundTripMs, 0)
                const doubtS = roundTripMs / 1000 + 1
                if (isTaken) {
                    expect(doubtS).toBeLessThan(heldS)
                    expect(Math.abs(offS)).toBeLessThanOrEqual(heldS + doubtS + 1)
                    expect(toldS).toBeGreaterThanOrEqual(UTC_S)
                    expect(Math.abs(clock.utcS(0) - toldS)).toBeLessThanOrEqual(Math.ceil(doubtS))
                    expect(clock.utcDoubtS(0)).toBeLessThanOrEqual(heldS)
                } else expect(clock.utcS(0)).toBe(ownS)
                expect(clock.atS(0)).toBeGreaterThanOrEqual(atS)
                const isRight = doubtS < heldS && Math.abs(offS) < heldS && toldS >= UTC_S
                if (isRight) expect(isTaken).toBe(true)
            }),
            { numRuns: cases(500, 50_000) },
        )
    })

    it("leaves the true time within the doubt, whatever the way there and back", () => {
        const asks = fc.record({
            sleepS: fc.integer({ min: 0, max: 20_000 }),
            drift: fc.double({ min: -0.05, max: 0.05, noNaN: true }),
            roundTripMs: fc.integer({ min: 0, max: 60_000 }),
            /** How much of it the ack took. */
            backShare: fc.double({ min: 0, max: 1, noNaN: true }),
        })
        fc.assert(
            fc.property(fc.array(asks, { minLength: 1, maxLength: 30 }), (rounds) => {
                let clock = new DeviceClock(newClock(), false)
                let trueS = UTC_S + 0.7
                clock.noteTold(UTC_S, 0, 0)
                for (const { sleepS, drift, roundTripMs, backShare } of rounds) {
                    clock = restarted(clock, 1000, WakePlan.sleep, sleepS)
                    trueS += 1 + sleepS * (1 + drift) + BOOT_MS / 1000
                    const madeS = Math.floor(trueS - (roundTripMs / 1000) * backShare)
                    clock.noteTold(madeS, roundTripMs, 0)
                    const offS = Math.abs(clock.utcDs(0) / 10 - trueS)
                    expect(offS).toBeLessThanOrEqual(clock.utcDoubtS(0) + 0.2)
                }
            }),
            { numRuns: cases(200, 20_000) },
        )
    })

    it("is not believed before the last fix, even after a reset that has lost UTC", () => {
        const clock = new DeviceClock(kept({ fixS: UTC_S, atS: 500 }), false)
        expect(clock.utcS(0)).toBe(-1)
        expect(clock.noteTold(UTC_S - 1, 0, 0)).toBe(false)
        expect(clock.noteTold(UTC_S + 40, 0, 0)).toBe(true)
    })

    it("gives way to a fix, whatever it said", () => {
        for (const offS of [-5000, 0, 5000]) {
            const clock = new DeviceClock(newClock(), false)
            clock.noteTold(UTC_S + offS, 3000, 0)
            clock.noteUtc(UTC_S, 5000)
            expect(clock.utcS(5000)).toBe(UTC_S)
            expect(clock.utcDoubtS(5000)).toBeLessThan(0.01)
        }
    })
})
