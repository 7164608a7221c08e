import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
    bandAround,
    isSampleDue,
    MISSES_MAX,
    newSampleMemory,
    type Sampled,
    SampleFault,
    type SampleMemory,
    type SampleRule,
    sampled,
    sampleMemoryOf,
    sampleRow,
} from "../../firmware/logic/sampling.js"
import { nextSide, Side, type Thresholds, thresholdsFault } from "../../firmware/logic/threshold.js"
import { QuantityNumber } from "../../protocol/quantity.js"
import { cases } from "../support/cases.js"

const RUNS = cases(300, 20_000)

function aRule(parts: Partial<SampleRule> = {}): SampleRule {
    return {
        kind: "rule",
        quantity: QuantityNumber.temperature,
        everyS: 60,
        band: 20,
        bandPercent: 0,
        heartbeatS: 3600,
        stuckSamples: 0,
        low: undefined,
        lowClear: undefined,
        highClear: undefined,
        high: undefined,
        ...parts,
    }
}

/** One sample after another, each when it is due. */
function run(rule: SampleRule, values: readonly (number | undefined)[], fromS = 0) {
    let memory = newSampleMemory(rule.quantity)
    let atS = fromS
    return values.map((value) => {
        while (!isSampleDue(rule, memory, atS)) atS++
        const outcome = sampled(rule, memory, value, atS)
        memory = outcome.memory
        return { ...outcome, value, atS }
    })
}

const rules = fc.record({
    everyS: fc.integer({ min: 1, max: 900 }),
    band: fc.integer({ min: 0, max: 200 }),
    bandPercent: fc.constantFrom(0, 0, 5, 20),
    heartbeatS: fc.integer({ min: 60, max: 20_000 }),
})
/** A value that wanders, in steps small and large. */
const walks = fc
    .tuple(
        fc.integer({ min: -4000, max: 4000 }),
        fc.array(fc.integer({ min: -60, max: 60 }), { minLength: 1, maxLength: 200, size: "max" }),
    )
    .map(([start, steps]) => steps.map((step, i) => start + step + (i % 17 === 0 ? 5 * step : 0)))

describe("what is reported of a quantity", () => {
    it("is the first value, and then what lies beyond the band or comes as a heartbeat", () => {
        fc.assert(
            fc.property(rules, walks, (parts, values) => {
                const rule = aRule(parts)
                const reports = run(rule, values).filter(({ isReported }) => isReported)
                expect(reports[0]!.value).toBe(values[0])
                for (const [i, report] of reports.slice(1).entries()) {
                    const before = reports[i]!
                    const isBeyond =
                        Math.abs(report.value! - before.value!) > bandAround(rule, before.value!)
                    const isHeartbeat = report.atS - before.atS >= rule.heartbeatS
                    expect(isBeyond || isHeartbeat).toBe(true)
                }
            }),
            { numRuns: RUNS },
        )
    })

    it("leaves out no value that lies beyond the band, and no heartbeat", () => {
        fc.assert(
            fc.property(rules, walks, (parts, values) => {
                const rule = aRule(parts)
                let last: { value: number; atS: number } | undefined
                for (const { value, atS, isReported } of run(rule, values)) {
                    if (isReported) last = { value: value!, atS }
                    expect(Math.abs(value! - last!.value)).toBeLessThanOrEqual(
                        bandAround(rule, last!.value),
                    )
                    expect(atS - last!.atS).toBeLessThan(rule.heartbeatS)
                }
            }),
            { numRuns: RUNS },
        )
    })

    it("is one heartbeat an hour while nothing changes", () => {
        const steady = run(aRule(), new Array<number>(24 * 60).fill(2150))
        expect(steady.filter(({ isReported }) => isReported)).toHaveLength(24)
    })

    it("starts anew when the clock has gone back", () => {
        const rule = aRule()
        const [first] = run(rule, [2150], 1_000_000)
        expect(isSampleDue(rule, first!.memory, 30)).toBe(true)
        expect(sampled(rule, first!.memory, 2150, 30).isReported).toBe(true)
    })
})

describe("samples", () => {
    it("fall on multiples of their interval, whenever the first one was", () => {
        fc.assert(
            fc.property(
                fc.integer({ min: 1, max: 5000 }),
                fc.integer({ min: 0, max: 1_000_000 }),
                (everyS, fromS) => {
                    const rule = aRule({ everyS })
                    const [, ...later] = run(rule, [1, 1, 1, 1], fromS)
                    for (const { atS } of later) expect(atS % everyS).toBe(0)
                    expect(later[0]!.atS - fromS).toBeLessThanOrEqual(everyS)
                },
            ),
            { numRuns: RUNS },
        )
    })

    it("are remembered in a row of integers, and a row of another kind begins anew", () => {
        fc.assert(
            fc.property(rules, walks, (parts, values) => {
                for (const { memory } of run(
                    aRule({ ...parts, high: 500, highClear: 0 }),
                    values,
                )) {
                    const row = sampleRow(memory)
                    expect(row.every(Number.isInteger)).toBe(true)
                    expect(sampleMemoryOf(memory.quantity, row)).toEqual(memory)
                }
            }),
            { numRuns: cases(30, 2000) },
        )
        const row = sampleRow(newSampleMemory(QuantityNumber.humidity))
        expect(sampleMemoryOf(QuantityNumber.temperature, row)).toBeUndefined()
        expect(sampleMemoryOf(QuantityNumber.humidity, row.slice(1))).toBeUndefined()
        const impossible = row.with(4, 7)
        expect(sampleMemoryOf(QuantityNumber.humidity, impossible)).toBeUndefined()
    })
})

describe("a threshold", () => {
    const pairs = fc
        .tuple(fc.integer({ min: -500, max: 500 }), fc.integer({ min: 1, max: 200 }))
        .map(([high, gap]) => aRule({ band: 100_000, high, highClear: high - gap }))

    it("never flaps under noise that is smaller than the gap", () => {
        fc.assert(
            fc.property(
                pairs,
                fc.double({ min: 0, max: 1, noNaN: true }),
                fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 200 }),
                (rule, place, noise) => {
                    const gap = rule.high! - rule.highClear!
                    // Anywhere: the whole span of the noise is less than the gap.
                    const floor = Math.round(rule.highClear! - gap + 2 * gap * place)
                    const values = noise.map((part) => floor + Math.floor(part * gap))
                    const changes = run(rule, values).filter(({ isSideChanged }) => isSideChanged)
                    expect(changes.length).toBeLessThanOrEqual(1)
                },
            ),
            { numRuns: RUNS },
        )
    })

    it("raises and clears by turns, on the right side of its level each time", () => {
        fc.assert(
            fc.property(pairs, walks, (rule, values) => {
                let side: number = Side.none
                for (const { value, memory, isSideChanged, isReported } of run(rule, values)) {
                    expect(isSideChanged).toBe(memory.side !== side)
                    if (isSideChanged) {
                        expect(isReported).toBe(true)
                        if (memory.side === Side.high)
                            expect(value).toBeGreaterThanOrEqual(rule.high!)
                        else expect(value).toBeLessThanOrEqual(rule.highClear!)
                    }
                    side = memory.side
                }
            }),
            { numRuns: RUNS },
        )
    })

    it("on the low side is the mirror of one on the high side", () => {
        fc.assert(
            fc.property(pairs, walks, (rule, values) => {
                const mirrored = aRule({ ...rule, high: undefined, highClear: undefined })
                mirrored.low = -rule.high!
                mirrored.lowClear = -rule.highClear!
                const high = run(rule, values).map(({ memory }) => memory.side === Side.high)
                const low = run(
                    mirrored,
                    values.map((value) => -value),
                ).map(({ memory }) => memory.side === Side.low)
                expect(low).toEqual(high)
            }),
            { numRuns: RUNS },
        )
    })

    it("goes straight from one side to the other when the value does", () => {
        const both: Thresholds = { low: 0, lowClear: 100, highClear: 900, high: 1000 }
        expect(nextSide(both, Side.low, 1000)).toBe(Side.high)
        expect(nextSide(both, Side.high, 0)).toBe(Side.low)
        expect(nextSide(both, Side.high, 50)).toBe(Side.none)
    })

    it.each([
        [{ low: 5 }, "low and low-clear: one without the other, expected both or neither"],
        [{ highClear: 5 }, "high and high-clear: one without the other, expected both or neither"],
        [{ low: 5, lowClear: 5 }, "low-clear: 5, expected above low, 5"],
        [{ highClear: 9, high: 8 }, "high-clear: 9, expected below high, 8"],
        [{ low: 9, lowClear: 10, highClear: 3, high: 8 }, "high: 8, expected above low, 9"],
    ])("is refused as %j", (parts, reason) => {
        expect(thresholdsFault(aRule(parts))).toBe(reason)
    })
})

describe("a part that fails", () => {
    const faults = (outcomes: readonly Sampled[]) =>
        outcomes.filter(({ isFaultChanged }) => isFaultChanged).map(({ memory }) => memory.fault)
    const silent = (count: number) => new Array<undefined>(count).fill(undefined)

    it("is told of once, and once more when it is back, with its value", () => {
        const outcomes = run(aRule(), [2150, ...silent(500), 2150, 2151, 2152])
        expect(faults(outcomes)).toEqual([SampleFault.absent, SampleFault.none])
        expect(outcomes.findIndex(({ isFaultChanged }) => isFaultChanged)).toBe(MISSES_MAX)
        expect(outcomes.filter(({ isReported }) => isReported).map(({ value }) => value)).toEqual([
            2150, 2150, 2152,
        ])
    })

    it.each([
        ["no number", Number.NaN, SampleFault.absent],
        ["half a quantum", 21.5, SampleFault.absent],
        ["hotter than the range", 20_001, SampleFault.range],
        ["endless", Number.POSITIVE_INFINITY, SampleFault.range],
    ])("gives %s: never reported", (_name, value, fault) => {
        const outcomes = run(aRule(), [2150, ...new Array<number>(50).fill(value)])
        expect(faults(outcomes)).toEqual([fault])
        expect(outcomes.filter(({ isReported }) => isReported)).toHaveLength(1)
    })

    it("and another way each time is told of once", () => {
        const chatter = [2150, ...silent(3), 99_999, undefined, 99_999, undefined, 99_999]
        expect(faults(run(aRule(), chatter))).toEqual([SampleFault.absent])
    })

    it("every now and then is a loose wire, and no fault", () => {
        const wire = Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? undefined : 2150))
        expect(faults(run(aRule(), wire))).toEqual([])
    })

    it("never is told of more often than every third sample, whatever it does", () => {
        const answers = fc.array(fc.constantFrom(undefined, Number.NaN, 99_999, 2150), {
            minLength: 1,
            maxLength: 300,
            size: "max",
        })
        fc.assert(
            fc.property(answers, (values) => {
                const told = faults(run(aRule(), values))
                expect(told.length).toBeLessThanOrEqual(Math.ceil(values.length / MISSES_MAX))
                told.forEach((fault, i) => {
                    expect(fault !== SampleFault.none).toBe(i % 2 === 0)
                })
            }),
            { numRuns: RUNS },
        )
    })

    it("by always giving the same is stuck, and still heard of by heartbeat", () => {
        const rule = aRule({ stuckSamples: 30 })
        const outcomes = run(rule, [...new Array<number>(200).fill(2150), 2151])
        expect(faults(outcomes)).toEqual([SampleFault.stuck, SampleFault.none])
        expect(outcomes.findIndex(({ isFaultChanged }) => isFaultChanged)).toBe(29)
        expect(outcomes.filter(({ isReported }) => isReported)).toHaveLength(4)
    })

    it("keeps its alarm until it gives a value again", () => {
        const rule = aRule({ high: 3000, highClear: 2800 })
        const sides = run(rule, [3100, ...silent(20), 2000]).map(
            ({ memory }: { memory: SampleMemory }) => memory.side,
        )
        expect(sides.slice(0, 21).every((side) => side === Side.high)).toBe(true)
        expect(sides.at(-1)).toBe(Side.none)
    })
})
