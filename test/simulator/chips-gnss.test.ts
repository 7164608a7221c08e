import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
    EPHEMERIS_LIFE_MS,
    GnssSearch,
    NOTHING_KNOWN,
    type Sky,
} from "../../simulator/chips/gnss-search.js"
import { makePrng } from "../../simulator/world/prng.js"
import { cases } from "../support/cases.js"

const START_MS = Date.UTC(2031, 0, 1)
const OPEN: Sky = { satellites: 14, cn0DbHz: 42, isJammed: false, isSpoofed: false }
const STREET: Sky = { ...OPEN, satellites: 8, cn0DbHz: 32 }
const GARAGE: Sky = { ...OPEN, satellites: 0, cn0DbHz: 0 }
const HOT = { hasTime: true, hasPosition: true, ephemerisAtMs: START_MS - 600_000 }
const WARM = { hasTime: true, hasPosition: true, ephemerisAtMs: undefined }

describe("the time to the first fix", () => {
    it("is that of the data sheet under an open sky: cold 23 s, hot 1 s, on average", () => {
        const cold = times(NOTHING_KNOWN, OPEN)
        const hot = times(HOT, OPEN)
        expect(mean(cold)).toBeGreaterThan(21)
        expect(mean(cold)).toBeLessThan(25)
        expect(Math.min(...cold)).toBeGreaterThan(12)
        expect(Math.max(...cold)).toBeLessThan(40)
        expect(mean(hot)).toBeLessThan(1.5)
    })
    it("is no shorter than the orbits take where only time and place are known", () => {
        const warm = times(WARM, OPEN)
        expect(Math.min(...warm)).toBeGreaterThan(10)
        expect(mean(warm)).toBeGreaterThan(16)
        expect(mean(warm)).toBeLessThan(mean(times(NOTHING_KNOWN, OPEN)))
    })
    it("is hot while the orbits are younger than four hours, and warm from then on", () => {
        const aged = (ageMs: number) => ({ ...HOT, ephemerisAtMs: START_MS - ageMs })
        expect(Math.max(...times(aged(EPHEMERIS_LIFE_MS - 60_000), OPEN))).toBeLessThan(2)
        expect(Math.min(...times(aged(EPHEMERIS_LIFE_MS), OPEN))).toBeGreaterThan(10)
    })
    it("grows as signals weaken, in the middle and at the slow end", () => {
        for (const [strong, weak] of [
            [OPEN, STREET],
            [STREET, { ...STREET, cn0DbHz: 28 }],
        ] as const) {
            const [before, after] = [times(NOTHING_KNOWN, strong), times(NOTHING_KNOWN, weak)]
            expect(mean(after)).toBeGreaterThan(mean(before))
            expect(Math.max(...after)).toBeGreaterThan(Math.max(...before))
        }
    })
    it("never comes below the sensitivity of its kind of start", () => {
        // The data sheet's -146, -157 and -165 dBm are 26, 15 and 7 dB-Hz.
        expect(searched(NOTHING_KNOWN, { ...OPEN, cn0DbHz: 25 }, 3600)).toBeUndefined()
        expect(searched(HOT, { ...OPEN, cn0DbHz: 25 }, 3600)).toBeLessThan(60)
        expect(searched(HOT, { ...OPEN, cn0DbHz: 14 }, 3600)).toBeUndefined()
        expect(searched(WARM, { ...OPEN, cn0DbHz: 25 }, 3600)).toBeUndefined()
    })
    it("never comes with three satellites, which hold a fix but give none", () => {
        expect(searched(HOT, { ...OPEN, satellites: 3 }, 3600)).toBeUndefined()
    })
})

describe("a fix", () => {
    it("goes with the sky and comes back in seconds, the orbits being known", () => {
        const search = fixed()
        search.step(START_MS + 61_000, GARAGE)
        expect(search.fixType(GARAGE)).toBe(0)
        for (let s = 62; s < 660; s++) search.step(START_MS + s * 1000, GARAGE)
        expect(search.phase).toBe("search")
        search.step(START_MS + 660_000, OPEN)
        search.step(START_MS + 661_000, OPEN)
        expect(search.fixType(OPEN)).toBe(3)
    })
    it("holds its height with three satellites", () => {
        const search = fixed()
        const few = { ...OPEN, satellites: 3 }
        search.step(START_MS + 61_000, few)
        expect(search.fixType(few)).toBe(2)
    })
    it("keeps its orbits fresh only where the receiver stays on", () => {
        const short = new GnssSearch(() => 0.5)
        short.memory = { ...HOT }
        short.start(START_MS)
        for (let s = 1; s <= 10; s++) short.step(START_MS + s * 1000, OPEN)
        expect(short.memory.ephemerisAtMs).toBe(HOT.ephemerisAtMs)
        for (let s = 11; s <= 60; s++) short.step(START_MS + s * 1000, OPEN)
        expect(short.memory.ephemerisAtMs).toBeGreaterThan(START_MS)
    })
    it("settles: five times its error at first, ten per cent over after half a minute", () => {
        const search = new GnssSearch(() => 0.5)
        search.memory = { ...HOT }
        search.start(START_MS)
        search.step(START_MS + 1000, OPEN)
        const factors = [1, 5, 10, 31].map((s) => search.errorFactor(START_MS + s * 1000))
        expect(factors[0]).toBe(5)
        expect(factors).toEqual([...factors].sort((a, b) => b - a))
        expect(factors[3]).toBeLessThan(1.1)
    })
    it("is never claimed under a sky that cannot carry one, whatever came before", () => {
        const skies = fc.array(
            fc.record({
                satellites: fc.integer({ min: 0, max: 16 }),
                cn0DbHz: fc.integer({ min: 0, max: 50 }),
                isJammed: fc.constant(false),
                isSpoofed: fc.constant(false),
            }),
            { maxLength: 60 },
        )
        fc.assert(
            fc.property(skies, fc.integer(), (conditions, seed) => {
                const prng = makePrng(seed)
                const search = new GnssSearch(() => prng.next())
                search.start(START_MS)
                conditions.forEach((sky, i) => {
                    search.step(START_MS + (i + 1) * 5000, sky)
                    const canFix = sky.satellites >= 3 && sky.cn0DbHz >= 7
                    expect(canFix || search.fixType(sky) === 0).toBe(true)
                    expect(search.fixType(sky) === 3 && sky.satellites < 4).toBe(false)
                })
            }),
            { numRuns: cases(200, 5000) },
        )
    })
})

function fixed(): GnssSearch {
    const search = new GnssSearch(() => 0.5)
    search.memory = { ...HOT }
    search.start(START_MS)
    for (let s = 1; s <= 60; s++) search.step(START_MS + s * 1000, OPEN)
    expect(search.fixType(OPEN)).toBe(3)
    return search
}

/** Seconds to the first fix, over seeds, at one epoch a second. */
function times(memory: GnssSearch["memory"], sky: Sky): number[] {
    return Array.from({ length: cases(300, 5000) }, (_, i) => {
        const seconds = searched(memory, sky, 3600, i)
        expect(seconds).toBeDefined()
        return seconds!
    })
}
function searched(
    memory: Readonly<GnssSearch["memory"]>,
    sky: Sky,
    secondsMax: number,
    seed = 0,
): number | undefined {
    const prng = makePrng(`search/${seed}`)
    const search = new GnssSearch(() => prng.next())
    search.memory = { ...memory }
    search.start(START_MS)
    for (let second = 1; second <= secondsMax; second++) {
        search.step(START_MS + second * 1000, sky)
        if (search.phase === "fix") return second
    }
    return undefined
}
function mean(values: readonly number[]): number {
    return values.reduce((sum, value) => sum + value, 0) / values.length
}
