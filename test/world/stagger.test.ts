import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { unixMs } from "../../protocol/units.js"
import type { Crossing } from "../../simulator/world/crossings.js"
import { makePrng } from "../../simulator/world/prng.js"
import { quietSpell, staggerLaps } from "../../simulator/world/stagger.js"
import { cases } from "../support/cases.js"

function crossing(fenceId: string, atS: number, clear = true): Crossing {
    const beforeM = clear ? 200 : 39
    return { fenceId, kind: "enter", atMs: unixMs(atS * 1000), beforeM, afterM: 200 }
}

/** A lap of ten minutes with two crossings, three minutes apart, of fences `a` and `b`. */
const round = {
    lapMs: 600_000,
    crossings: [crossing("a", 60), crossing("b", 240)],
}

describe("staggered laps", () => {
    it("fill an hour that laps begun together would leave quiet", () => {
        const rounds = Array.from({ length: 6 }, () => round)
        const together = rounds.map(() => unixMs(0))
        expect(quietSpell(rounds, together, 3600)).toMatch(/^crossings of fence b alone from 60 s/)
        fc.assert(
            fc.property(fc.integer(), (seed) => {
                const starts = staggerLaps(rounds, 3600, makePrng(seed))
                expect(starts.every((start) => start >= 0 && start <= round.lapMs)).toBe(true)
                expect(quietSpell(rounds, starts, 3600)).toBeNull()
            }),
            { numRuns: cases(20, 500) },
        )
    })

    it("are the same for the same seed", () => {
        const starts = () => staggerLaps([round, round, round], 3600, makePrng(7))
        expect(starts()).toEqual(starts())
    })
})

describe("a quiet spell", () => {
    const starts = [unixMs(0)]
    const every = (lapS: number, ...crossings: Crossing[]) => [{ lapMs: lapS * 1000, crossings }]

    it("is more than three minutes without a clear crossing", () => {
        const both = (gapS: number) => every(300, crossing("a", 0), crossing("b", gapS))
        expect(quietSpell(both(120), starts, 3600)).toBeNull()
        expect(quietSpell(both(119), starts, 3600)).toMatch(/^no crossing for 181 s from 119 s/)
    })

    it("is five minutes at one fence alone", () => {
        const rounds = every(
            600,
            ...[0, 120, 240, 360].map((atS) => crossing("a", atS)),
            crossing("b", 480),
        )
        expect(quietSpell(rounds, starts, 3600)).toMatch(/^crossings of fence a alone from 0 s/)
    })

    it("is not ended by a crossing that receiver error could have feigned", () => {
        const blurred = every(300, crossing("a", 0), crossing("b", 120), crossing("a", 121, false))
        expect(quietSpell(blurred, starts, 3600)).toBeNull()
        const allBlurred = every(300, crossing("a", 0, false), crossing("b", 120, false))
        expect(quietSpell(allBlurred, starts, 3600)).toBe("nobody clearly crosses any fence")
    })
})
