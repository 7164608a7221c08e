// The profiles as data, and what orders may change of them.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
    newOverrides,
    overridesFault,
    overridesOf,
    overridesRow,
    PROFILE_DEFAULT,
    PROFILES,
    type Profile,
    profileOf,
    withOverrides,
} from "../../firmware/logic/profile.js"
import { cases } from "../support/cases.js"

const normal = profileOf(PROFILE_DEFAULT) as Profile

describe("a profile", () => {
    it("is found by its number, which nothing else has", () => {
        expect(PROFILES.map(({ number }) => number)).toEqual([1, 2, 3, 4])
        expect(PROFILES.map(({ name }) => name)).toEqual(["live", "normal", "long-life", "bench"])
        for (const profile of PROFILES) expect(profileOf(profile.number)).toBe(profile)
        expect([0, 5, -1, 1.5].map(profileOf)).toEqual([undefined, undefined, undefined, undefined])
        expect(normal.name).toBe("normal")
    })

    it("has bounds that an order could have given", () => {
        for (const profile of PROFILES) {
            const { liveBoundM, historyBoundM, holdS, heartbeatS } = profile
            expect(
                withOverrides(profile, { liveBoundM, historyBoundM, holdS, heartbeatS }),
            ).toEqual(profile)
        }
    })

    it("lasts the longer the further down the list, the bench apart", () => {
        const [live, middle, long] = PROFILES as [Profile, Profile, Profile]
        for (const [dense, sparse] of [
            [live, middle],
            [middle, long],
        ] as const) {
            expect(sparse.fixEveryS).toBeGreaterThan(dense.fixEveryS)
            expect(sparse.holdS).toBeGreaterThan(dense.holdS)
            expect(sparse.heartbeatS).toBeGreaterThan(dense.heartbeatS)
            expect(sparse.parkedCheckS).toBeGreaterThan(dense.parkedCheckS)
            expect(sparse.searchCapS).toBeLessThan(dense.searchCapS)
            expect(sparse.stillS).toBeGreaterThanOrEqual(sparse.fixEveryS)
        }
    })
})

describe("an order", () => {
    it("changes what it names and nothing else", () => {
        const changed = withOverrides(normal, { ...newOverrides(), holdS: 60, liveBoundM: 0 })
        expect(changed).toEqual({ ...normal, holdS: 60, liveBoundM: 0 })
        expect(withOverrides(normal, newOverrides())).toEqual(normal)
    })

    it.each([
        [{ liveBoundM: 10001 }, "live-bound: 10001, expected 0 to 10000"],
        [{ historyBoundM: 1001 }, "history-bound: 1001, expected 0 to 1000"],
        [{ holdS: 0 }, "hold: 0, expected 1 to 86400"],
        [{ heartbeatS: 59 }, "heartbeat: 59, expected 60 to 604800"],
        [{ heartbeatS: 3600.5 }, "heartbeat: 3600.5, expected 60 to 604800"],
        [{ holdS: -2 }, "hold: -2, expected 1 to 86400"],
    ])("out of range is refused by name, value and what was expected: %o", (change, reason) => {
        const overrides = { ...newOverrides(), ...change }
        expect(overridesFault(overrides)).toBe(reason)
        expect(() => withOverrides(normal, overrides)).toThrow(reason)
    })

    it("survives a sleep; a row that is none of its own is no order", () => {
        const number = fc.integer({ min: -3, max: 700_000 })
        const holds = fc.property(fc.array(number, { minLength: 3, maxLength: 5 }), (row) => {
            const overrides = overridesOf(row)
            expect(overridesFault(overrides)).toBeUndefined()
            expect(overridesOf(overridesRow(overrides))).toEqual(overrides)
        })
        fc.assert(holds, { numRuns: cases(200, 5000) })
        expect(overridesRow(overridesOf([25, 5, 10, 300]))).toEqual([25, 5, 10, 300])
    })
})
