// The search discipline: what it gives up on, what it learns, and what a week without sky costs.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { PROFILES, type Profile } from "../../firmware/logic/profile.js"
import {
    liftSearch,
    maySearch,
    searchAtS,
    searchEnded,
    stepSearch,
} from "../../firmware/logic/search.js"
import {
    newSearch,
    type Search,
    StartClass,
    searchOf,
    searchRow,
} from "../../firmware/logic/search-memory.js"
import { expectedMs, startClassOf, verdict } from "../../firmware/logic/search-time.js"
import { cases } from "../support/cases.js"
import { aWorld, live, type Sky, type World } from "./motion-world.js"

const [LIVE, NORMAL] = PROFILES as [Profile, Profile]
const DAY_S = 86400
const DEAF = { heard: 0, fourthCn0: 0 }
const OPEN = { heard: 9, fourthCn0: 36 }

/** What it costs to be parked after a week of it, when everything has settled, in mAh. */
function laterMah(world: World, sky: Sky): number {
    // What stays awake spends a battery in a day: there a day is as long as a week.
    const days = world.profile.staysAwake ? 1 : 7
    const before = live({ ...world, days })
    const change: World["sky"] = (atS) => (atS < days * DAY_S ? "open" : sky)
    return live({ ...world, days: 2 * days, sky: change }).chargeMah - before.chargeMah
}

describe("a week without sky", () => {
    const boards = [
        { canWake: true, accelerometer: "good" },
        { canWake: false, accelerometer: "good" },
        { canWake: false, accelerometer: "none" },
    ] as const
    const kinds = PROFILES.flatMap((profile) => boards.map((board) => ({ profile, ...board })))

    it.each(kinds)(
        "costs at most 1.2 times a week under it: $profile.name, $accelerometer, wakes $canWake",
        ({ profile, ...board }) => {
            const world = aWorld({ profile, ...board })
            const open = laterMah(world, "open")
            for (const sky of ["none", "weak", "teasing"] as const) {
                const ratio = laterMah(world, sky) / open
                expect(ratio).toBeGreaterThan(0.3)
                expect(ratio).toBeLessThanOrEqual(1.2)
            }
        },
    )

    it("does so whatever the seed and the bumps, and from its first day on", () => {
        const world = fc.record({
            seed: fc.integer({ min: 1, max: 1e6 }),
            profile: fc.constantFrom(...PROFILES.filter(({ staysAwake }) => !staysAwake)),
            canWake: fc.boolean(),
            accelerometer: fc.constantFrom("good" as const, "none" as const),
            bumpsAtS: fc.array(fc.integer({ min: 0, max: 7 * DAY_S }), { maxLength: 20 }),
            sky: fc.constantFrom<Sky>("none", "weak", "teasing"),
        })
        const holds = fc.property(world, ({ bumpsAtS, sky, ...rest }) => {
            const bumps = bumpsAtS.sort((a, b) => a - b)
            const shakes = bumps.map((atS) => [atS, atS + 1] as const)
            const open = live(aWorld({ ...rest, shakes }))
            const blind = live(aWorld({ ...rest, shakes, sky: () => sky }))
            expect(blind.chargeMah / open.chargeMah).toBeLessThanOrEqual(1.2)
        })
        fc.assert(holds, { numRuns: cases(20, 1000) })
    })

    it("ends within four heartbeats of the sky's return, unmoved", () => {
        for (const profile of PROFILES) {
            const days = profile.staysAwake ? 1 : 7
            const isDark = (atS: number) => atS > DAY_S && atS < (1 + days) * DAY_S
            const one = aWorld({ profile, sky: (atS) => (isDark(atS) ? "none" : "open") })
            const blind = live({ ...one, days: 1 + days })
            const after = live({ ...one, days: 1 + days + (4 * profile.heartbeatS) / DAY_S })
            expect(after.fixes).toBeGreaterThan(blind.fixes)
        }
    })
})

describe("a search", () => {
    const [seen, cold] = [{ ...newSearch(), fixAtS: 0 }, newSearch()]

    it("begins as its receiver's memory allows", () => {
        expect(startClassOf(cold, 100, false)).toBe(StartClass.cold)
        expect(startClassOf(seen, 4 * 3600 - 1, true)).toBe(StartClass.hot)
        expect(startClassOf(seen, 4 * 3600, false)).toBe(StartClass.warm)
        expect(startClassOf(seen, DAY_S, true)).toBe(StartClass.cold)
        expect(startClassOf(seen, DAY_S, false)).toBe(StartClass.warm)
        expect(startClassOf(seen, 14 * DAY_S, false)).toBe(StartClass.cold)
    })

    /** How long a search that always hears the same goes on, and how it ends. */
    function ends(start: StartClass, heard: { heard: number; fourthCn0: number }, search = seen) {
        for (let tookMs = 0; ; tookMs += 1000) {
            const said = verdict(search, start, { tookMs, ...heard }, 300)
            if (said !== "on") return `${said} ${tookMs / 1000}`
        }
    }

    it("is given up when nobody is heard, the sooner the more the receiver knows", () => {
        expect(ends(StartClass.hot, DEAF)).toBe("no-sky 10")
        expect(ends(StartClass.warm, DEAF)).toBe("no-sky 15")
        expect(ends(StartClass.cold, DEAF)).toBe("no-sky 25")
    })

    it("is given up when too few or too faint are heard for a message", () => {
        expect(ends(StartClass.hot, { heard: 2, fourthCn0: 0 })).toBe("weak 10")
        expect(ends(StartClass.warm, { heard: 2, fourthCn0: 0 })).toBe("weak 42")
        expect(ends(StartClass.warm, { heard: 6, fourthCn0: 22 })).toBe("weak 42")
        // A hot start needs no message, but it is late when four deviations are past.
        expect(ends(StartClass.hot, { heard: 6, fourthCn0: 22 })).toBe("late 12")
        expect(ends(StartClass.cold, { heard: 6, fourthCn0: 28 })).toBe("late 75")
    })

    it("goes on under a sky to its cap", () => {
        expect(ends(StartClass.hot, OPEN)).toBe("cap 300")
    })

    it("learns how long fixes take, and waits longer where they take longer", () => {
        let search: Search = seen
        for (let i = 0; i < 30; i++) {
            const heard = { tookMs: 60000, ...OPEN }
            const end = { atS: i, start: StartClass.warm, isMoving: false, isFix: true, heard }
            search = searchEnded(search, end, NORMAL)
        }
        expect(expectedMs(search, StartClass.warm)).toBeGreaterThan(58000)
        expect(expectedMs(search, StartClass.hot)).toBe(expectedMs(seen, StartClass.hot))
        expect(ends(StartClass.warm, { heard: 2, fourthCn0: 0 }, search)).toBe("weak 64")
    })
})

describe("after a search in vain", () => {
    const vain = (
        search: Search,
        atS: number,
        tookMs: number,
        profile = NORMAL,
        isMoving = false,
    ) => {
        const heard = { tookMs, ...DEAF }
        const end = { atS, start: StartClass.warm, isMoving, isFix: false, heard }
        return searchEnded(search, end, profile)
    }
    const still = (atS: number) => ({ atS, isMoving: false })

    it("the pause doubles up to a heartbeat", () => {
        let search = stepSearch(newSearch(), still(0), NORMAL)
        const pauses: number[] = []
        for (let i = 0; i < 12; i++) {
            search = vain(search, 0, 0)
            pauses.push(search.retryAtS)
        }
        expect(pauses.slice(0, 4)).toEqual([60, 120, 240, 480])
        expect(pauses[11]).toBe(NORMAL.heartbeatS)
        expect(vain(newSearch(), 0, 0, LIVE, true).retryAtS).toBe(10)
    })

    it("the next one waits until it has been paid for", () => {
        let search = stepSearch(newSearch(), still(0), NORMAL)
        expect(maySearch(search, 0, NORMAL)).toBe(true)
        search = vain(search, 120, 120_000)
        expect(maySearch(stepSearch(search, still(3600), NORMAL), 3600, NORMAL)).toBe(false)
        const at = searchAtS(search, still(120), NORMAL)
        // 28 s in six hours: 120 s take 25.7 hours.
        expect(at).toBeGreaterThan(25 * 3600)
        expect(maySearch(stepSearch(search, still(at - 1), NORMAL), at - 1, NORMAL)).toBe(false)
        expect(maySearch(stepSearch(search, still(at), NORMAL), at, NORMAL)).toBe(true)
    })

    it("credit grows as time does, however often it is reckoned", () => {
        const spent = vain(stepSearch(newSearch(), still(0), NORMAL), 0, 120_000)
        let often = spent
        for (let atS = 0; atS <= 20_000; atS += 7) often = stepSearch(often, still(atS), NORMAL)
        const once = stepSearch(spent, still(19_999), NORMAL)
        expect(Math.abs(often.creditMs - once.creditMs)).toBeLessThan(once.creditMs * 0.03)
    })

    it("motion lifts the pause, but not each time in ten minutes", () => {
        let search = stepSearch(newSearch(), still(0), NORMAL)
        search = vain(search, 120, 120_000)
        search = liftSearch(search, 200)
        expect(maySearch(search, 200, NORMAL)).toBe(true)
        search = liftSearch(vain(search, 320, 120_000), 799)
        expect(maySearch(search, 799, NORMAL)).toBe(false)
        expect(maySearch(liftSearch(search, 800), 800, NORMAL)).toBe(true)
    })

    it("sky that was heard shortens the pause and lengthens the patience", () => {
        let search = stepSearch(newSearch(), still(0), NORMAL)
        for (let i = 0; i < 5; i++) search = vain(search, 0, 1000)
        const heard = { tookMs: 120_000, ...OPEN }
        const end = { atS: 0, start: StartClass.warm, isMoving: false, isFix: false, heard }
        const after = searchEnded(search, end, NORMAL)
        expect(after.retryAtS).toBeLessThan(search.retryAtS)
        expect(after.warmDeviationDs).toBe(search.warmDeviationDs * 2)
    })
})

it("what it remembers survives a sleep, and is new where the row is not one of its own", () => {
    const search = stepSearch(newSearch(), { atS: 77, isMoving: true }, NORMAL)
    expect(searchOf(searchRow(search))).toEqual(search)
    const row = searchRow(search)
    for (const bad of [[], [...row, 1], [0.5, ...row.slice(1)], [-2, ...row.slice(1)]])
        expect(searchOf(bad)).toEqual(newSearch())
})
