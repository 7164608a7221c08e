import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { gaussianAt, makePrng, noiseKey, uniformAt } from "../../simulator/world/prng.js"
import { cases } from "../support/cases.js"

describe("the seeded generator", () => {
    it("repeats itself for a seed and differs for another", () => {
        const draw = (seed: string | number) => {
            const prng = makePrng(seed)
            return Array.from({ length: 20 }, () => prng.next())
        }
        expect(draw("a")).toEqual(draw("a"))
        expect(draw(1)).not.toEqual(draw(2))
    })

    it("gives a fork that does not depend on what was drawn before it", () => {
        fc.assert(
            fc.property(fc.string(), fc.string(), fc.nat(50), (seed, label, draws) => {
                const prng = makePrng(seed)
                for (let i = 0; i < draws; i++) prng.next()
                expect(prng.fork(label).next()).toBe(makePrng(seed).fork(label).next())
            }),
            { numRuns: cases(50, 2000) },
        )
    })

    it("draws evenly from [0, 1), also over neighbouring seeds and indices", () => {
        const prng = makePrng("even")
        const key = noiseKey("even")
        for (const draw of [
            () => prng.next(),
            (i: number) => makePrng(i).next(),
            (i: number) => uniformAt(key, i - 10_000),
            (i: number) => uniformAt(key, 1.7e12 + i),
            (i: number) => uniformAt(noiseKey(i), 5),
        ]) {
            const bins = new Array<number>(20).fill(0)
            for (let i = 0; i < 20_000; i++) bins[Math.floor(draw(i) * 20)]! += 1
            // Chi square with 19 degrees of freedom: above 60 once in three hundred thousand.
            const chiSquare = bins.reduce((sum, bin) => sum + (bin - 1000) ** 2 / 1000, 0)
            expect(chiSquare).toBeLessThan(60)
        }
    })

    it("has normal numbers of mean 0 and deviation 1 that know nothing of their neighbours", () => {
        const prng = makePrng("normal")
        const key = noiseKey("normal")
        for (const draw of [() => prng.gaussian(), (i: number) => gaussianAt(key, i)]) {
            const values = Array.from({ length: 40_000 }, (_, i) => draw(i))
            const mean = (f: (value: number, i: number) => number) =>
                values.reduce((sum, value, i) => sum + f(value, i), 0) / values.length
            expect(mean((value) => value)).toBeCloseTo(0, 1)
            expect(mean((value) => value * value)).toBeCloseTo(1, 1)
            expect(mean((value) => value ** 4)).toBeGreaterThan(2.8)
            expect(mean((value) => value ** 4)).toBeLessThan(3.2)
            expect(Math.abs(mean((value, i) => value * (values[i + 1] ?? 0)))).toBeLessThan(0.025)
        }
    })
})
