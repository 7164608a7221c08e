// When to speak, and when to wake.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
    clockCaughtUp,
    type Heartbeat,
    heartbeatAtS,
    heartbeatOf,
    heartbeatRow,
    newHeartbeat,
    sleepCutShort,
    stretchS,
    uploadAtS,
    windowEnded,
} from "../../firmware/logic/heartbeat.js"
import { PROFILES, type Profile } from "../../firmware/logic/profile.js"
import {
    type Dues,
    mayWakeOnMotion,
    newWakeBudget,
    nextWake,
    SLEEP_MAX_MS,
    takeWake,
    wakeBudgetOf,
    wakeBudgetRow,
} from "../../firmware/logic/schedule.js"
import { cases } from "../support/cases.js"

const NORMAL = PROFILES[1] as Profile
const NOTHING = { fixAtS: -1, eventAtS: -1 }
const NONE: Dues = {
    heartbeatAtS: -1,
    uploadAtS: -1,
    lookAtS: -1,
    searchAtS: -1,
    scanAtS: -1,
    rebootAtS: -1,
}

describe("a tracker speaks", () => {
    it("at once where it was never heard, then a heartbeat after it was", () => {
        expect(heartbeatAtS(newHeartbeat(), NORMAL)).toBe(0)
        const heard = windowEnded(newHeartbeat(), 100, true)
        expect(heartbeatAtS(heard, NORMAL)).toBe(100 + NORMAL.heartbeatS)
    })

    it("when a kept fix has waited for the hold, and at once of an event", () => {
        const heard = windowEnded(newHeartbeat(), 100, true)
        expect(uploadAtS(heard, NOTHING, NORMAL)).toBe(-1)
        expect(uploadAtS(heard, { fixAtS: 200, eventAtS: -1 }, NORMAL)).toBe(200 + NORMAL.holdS)
        expect(uploadAtS(heard, { fixAtS: 200, eventAtS: 300 }, NORMAL)).toBe(300)
        expect(uploadAtS(heard, { fixAtS: -1, eventAtS: 300 }, NORMAL)).toBe(300)
    })

    it("ever more rarely while nobody answers: 26 times in 72 hours, however urgent", () => {
        let heartbeat: Heartbeat = windowEnded(newHeartbeat(), 0, true)
        let [windows, atS] = [0, 0]
        while (true) {
            atS = Math.max(uploadAtS(heartbeat, { fixAtS: 0, eventAtS: 0 }, NORMAL), atS + 1)
            if (atS > 72 * 3600) break
            heartbeat = windowEnded(heartbeat, atS, false)
            windows++
        }
        expect(windows).toBeGreaterThan(15)
        expect(windows).toBeLessThanOrEqual(26)
        expect(heartbeatAtS(heartbeat, NORMAL)).toBeGreaterThan(72 * 3600)
        const again = windowEnded(heartbeat, atS, true)
        expect(uploadAtS(again, { fixAtS: -1, eventAtS: atS }, NORMAL)).toBe(atS)
    })

    it("never later than a heartbeat after it was heard, however often motion cuts its sleep short", () => {
        // Its clock stands still over a sleep that is cut short, and nobody tells it the time.
        const cuts = fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { minLength: 1 })
        const holds = fc.property(fc.constantFrom(...PROFILES), cuts, (profile, shares) => {
            const stretch = stretchS(profile)
            let heartbeat = windowEnded(newHeartbeat(), 0, true)
            let [atS, trueS, heardS] = [0, 0, 0]
            for (let i = 0; i < 200; i++) {
                const dueS = heartbeatAtS(heartbeat, profile)
                if (atS >= dueS) {
                    expect(trueS - heardS).toBeLessThanOrEqual(profile.heartbeatS)
                    heartbeat = windowEnded(heartbeat, atS, true)
                    heardS = trueS
                    continue
                }
                const sleepS = Math.min(dueS - atS, stretch)
                const cutS = Math.floor(shares[i % shares.length]! * stretch)
                trueS += Math.min(cutS, sleepS)
                if (cutS < sleepS) heartbeat = sleepCutShort(heartbeat, sleepS)
                else atS += sleepS
            }
            expect(trueS - heardS).toBeLessThanOrEqual(profile.heartbeatS)
        })
        fc.assert(holds, { numRuns: cases(200, 20_000) })
    })

    it("no earlier once a fix has set its clock, and no later for a window in vain", () => {
        const heard = windowEnded(newHeartbeat(), 100, true)
        const cut = sleepCutShort(sleepCutShort(heard, 3000), 4000)
        expect(heartbeatAtS(cut, NORMAL)).toBe(100 + NORMAL.heartbeatS - 7000)
        expect(heartbeatAtS(clockCaughtUp(cut), NORMAL)).toBe(100 + NORMAL.heartbeatS)
        const vain = windowEnded(cut, 200, false)
        expect(heartbeatAtS(vain, NORMAL)).toBe(100 + NORMAL.heartbeatS - 7000)
        expect(heartbeatAtS(windowEnded(cut, 200, true), NORMAL)).toBe(200 + NORMAL.heartbeatS)
    })

    it("as before a sleep; a row that is none of its own is new", () => {
        const tried = windowEnded(windowEnded(newHeartbeat(), 9, true), 70, false)
        const heartbeat = sleepCutShort(tried, 300)
        expect(heartbeatOf(heartbeatRow(heartbeat))).toEqual(heartbeat)
        for (const bad of [
            [],
            [1, 2, 3],
            [1, 2, -1, 0],
            [0.5, 1, 1, 0],
            [-2, 1, 1, 0],
            [1, 2, 0, -1],
        ])
            expect(heartbeatOf(bad)).toEqual(newHeartbeat())
    })
})

describe("the next wake", () => {
    const budget = newWakeBudget()

    it("is for whatever is due first", () => {
        const dues = { ...NONE, heartbeatAtS: 500, lookAtS: 130, scanAtS: 131 }
        expect(nextWake(100, dues, budget)).toEqual({ sleepMs: 30_000, reason: "look" })
        const same = { ...NONE, heartbeatAtS: 500, uploadAtS: 500 }
        expect(nextWake(100, same, budget)).toEqual({ sleepMs: 400_000, reason: "upload" })
    })

    it("is a second away for what is overdue, and as late as the timer counts for nothing", () => {
        expect(nextWake(100, { ...NONE, searchAtS: 0 }, budget)).toEqual({
            sleepMs: 1000,
            reason: "search",
        })
        expect(nextWake(100, NONE, budget)).toEqual({ sleepMs: SLEEP_MAX_MS, reason: "limit" })
        expect(SLEEP_MAX_MS).toBe(2 ** 32 - 1)
    })

    it("never asks for what the timer cannot count, and never sleeps past what is due", () => {
        const due = fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 4e9 }))
        const dues = fc.record({
            heartbeatAtS: due,
            uploadAtS: due,
            lookAtS: due,
            searchAtS: due,
            scanAtS: due,
            rebootAtS: due,
        })
        const atS = fc.integer({ min: 0, max: 4e9 })
        const left = fc.integer({ min: 0, max: 240 })
        const holds = fc.property(dues, atS, left, (one, now, wakes) => {
            const { sleepMs, reason } = nextWake(now, one, { left: wakes, grownAtS: now })
            expect(Number.isInteger(sleepMs)).toBe(true)
            expect(sleepMs).toBeGreaterThanOrEqual(1000)
            expect(sleepMs).toBeLessThanOrEqual(SLEEP_MAX_MS)
            const times = Object.values(one).filter((time) => time >= 0)
            const slack = wakes > 0 ? 1000 : 300_000
            for (const time of times)
                expect(sleepMs).toBeLessThanOrEqual(Math.max((time - now) * 1000, slack))
            if (reason === "limit") expect(sleepMs).toBe(SLEEP_MAX_MS)
        })
        fc.assert(holds, { numRuns: cases(300, 20_000) })
    })
})

describe("the budget of wakes", () => {
    it("lets a fault that is always due wake it some 5,400 times a day, not 86,400", () => {
        let [budget, atS, wakes] = [newWakeBudget(), 0, 0]
        while (atS < 86400) {
            budget = takeWake(budget, atS)
            wakes++
            atS += nextWake(atS, { ...NONE, lookAtS: 0 }, budget).sleepMs / 1000
        }
        expect(wakes).toBeGreaterThan(5000)
        expect(wakes).toBeLessThanOrEqual(240 + 86400 / 15)
    })

    it("does not feel a day's drive at a fix in 20 seconds", () => {
        let budget = newWakeBudget()
        for (let atS = 0; atS < 86400; atS += 20) {
            budget = takeWake(budget, atS)
            expect(mayWakeOnMotion(budget)).toBe(true)
        }
    })

    it("does not let motion wake the board while it is spent", () => {
        let budget = newWakeBudget()
        for (let i = 0; i < 240; i++) budget = takeWake(budget, 5)
        expect(mayWakeOnMotion(budget)).toBe(false)
        expect(mayWakeOnMotion(takeWake(budget, 35))).toBe(true)
    })

    it("survives a sleep; a row that is none of its own is full", () => {
        const budget = takeWake(takeWake(newWakeBudget(), 0), 1)
        expect(wakeBudgetOf(wakeBudgetRow(budget))).toEqual(budget)
        for (const bad of [[], [1], [-1, 0], [241, 0], [1.5, 0], [1, -2]])
            expect(wakeBudgetOf(bad)).toEqual(newWakeBudget())
    })
})
