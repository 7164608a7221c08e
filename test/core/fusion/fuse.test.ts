import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
    estimateAt,
    type Fused,
    type FusionMemory,
    fuse,
} from "../../../gateway/core/fusion/fuse.js"
import { wrapLongitude } from "../../../gateway/core/geo/ellipsoid.js"
import { distanceM } from "../../../gateway/core/geo/geodesic.js"
import type { Observation } from "../../../gateway/core/ingest/observation.js"
import { deg, metres, mps, unixMs } from "../../../protocol/units.js"
import { makePrng } from "../../../simulator/world/prng.js"
import { anObservation, at, HOME, offset, START_MS } from "../../support/builders.js"
import { cases } from "../../support/cases.js"

function fuseAll(observations: readonly Observation[]): Fused {
    let fused = fuse(undefined, observations[0]!)
    for (const observation of observations.slice(1)) fused = fuse(fused.memory, observation)
    return fused
}

/** A fix a second, driving east at a speed that Doppler sees. */
function drivingEast(speedMps: number, seconds: number, from = HOME): Observation[] {
    return Array.from({ length: seconds + 1 }, (_, second) =>
        anObservation({
            atMs: at(second),
            ...offset(speedMps * second, 0, from),
            speedMps: mps(speedMps),
            courseDeg: deg(90),
        }),
    )
}

const double = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const anything: fc.Arbitrary<Observation> = fc.record({
    deviceId: fc.constantFrom("7f3a", "81cc", "0a0a", "__proto__", "b2", "c9"),
    atMs: fc.integer({ min: 0, max: 4e12 }).map(unixMs),
    latDeg: double(-90, 90).map(deg),
    lonDeg: double(-180, 180).map(deg),
    accuracyM: double(0.001, 1e6).map(metres),
    speedMps: fc.option(double(0, 1000).map(mps), { nil: undefined }),
    courseDeg: fc.option(double(0, 360).map(deg), { nil: undefined }),
    satellites: fc.constant(undefined),
})
/** Anything at all, or a fix near home within minutes: most of those fuse. */
const nearby: fc.Arbitrary<Observation> = fc
    .record({
        base: anything,
        second: fc.integer({ min: 0, max: 600 }),
        east: double(-300, 300),
        north: double(-300, 300),
        accuracyM: double(0.01, 60),
    })
    .map(({ base, second, east, north, accuracyM }) => ({
        ...base,
        atMs: at(second),
        ...offset(east, north),
        accuracyM: metres(accuracyM),
        speedMps: base.speedMps === undefined ? undefined : mps(base.speedMps / 20),
    }))

describe("a fused track", () => {
    it("starts at the first fix, as uncertain as the fix", () => {
        const { state, verdict } = fuse(undefined, anObservation({ accuracyM: metres(20) }))
        expect(verdict).toBe("fused")
        expect(state).toMatchObject({ ...HOME, atMs: START_MS, speedMps: 0, headingDeg: null })
        // 20 m of error in two axes, 68 % of which is within 1.51 sigma of one.
        expect(state.accuracyM).toBeGreaterThan(20)
        expect(state.accuracyM).toBeLessThan(23)
    })

    it("stays finite and on the globe whatever it is told, and survives JSON exactly", () => {
        const told = fc.array(fc.oneof({ weight: 3, arbitrary: nearby }, anything), {
            minLength: 1,
            maxLength: 40,
        })
        fc.assert(
            fc.property(told, (observations) => {
                let memory: FusionMemory | undefined
                let stored: FusionMemory | undefined
                for (const observation of observations) {
                    const fused = fuse(memory, observation)
                    const again = fuse(stored, observation)
                    expect(again).toEqual(fused)
                    memory = fused.memory
                    stored = JSON.parse(JSON.stringify(again.memory))
                    expect(stored).toEqual(memory)
                    const { latDeg, lonDeg, speedMps, headingDeg, accuracyM } = fused.state
                    for (const value of [speedMps, accuracyM, headingDeg ?? 0]) {
                        expect(Number.isFinite(value)).toBe(true)
                    }
                    expect(accuracyM).toBeGreaterThan(0)
                    expect(Math.abs(latDeg)).toBeLessThanOrEqual(90)
                    expect(Math.abs(lonDeg)).toBeLessThanOrEqual(180)
                    expect(memory.varPosM2).toBeGreaterThan(0)
                    expect(memory.varVelM2s2).toBeGreaterThan(0)
                    expect(memory.sources.length).toBeLessThanOrEqual(4)
                }
            }),
            { numRuns: cases(200, 20_000) },
        )
    })

    it("finds speed and course without Doppler", () => {
        const quiet = drivingEast(12, 20).map((fix) => ({ ...fix, speedMps: undefined }))
        const { state } = fuseAll(quiet)
        expect(state.speedMps).toBeGreaterThan(11)
        expect(state.speedMps).toBeLessThan(13)
        expect(state.headingDeg).toBeCloseTo(90, 0)
    })

    it("follows across the antimeridian", () => {
        const nadi = { latDeg: deg(-17), lonDeg: deg(179.9995) }
        const { state } = fuseAll(drivingEast(15, 20, nadi))
        expect(distanceM(state, offset(300, 0, nadi))).toBeLessThan(5)
        expect(state.lonDeg).toBeLessThan(-179)
        expect(wrapLongitude(state.lonDeg)).toBe(state.lonDeg)
    })
})

describe("a gap", () => {
    it("is bridged at the last speed, then slower, and never runs away", () => {
        const { memory } = fuseAll(drivingEast(15, 20))
        const last = offset(300, 0)
        expect(distanceM(estimateAt(memory, at(23)), offset(345, 0))).toBeLessThan(3)
        const later = estimateAt(memory, at(620))
        expect(distanceM(later, last)).toBeLessThan(15 * 18 + 5)
        expect(later.speedMps).toBeLessThan(0.01)
        expect(later.headingDeg).toBeCloseTo(90, 0)
    })

    it("makes the estimate honestly less certain and leaves the memory as it was", () => {
        const { memory } = fuseAll(drivingEast(15, 20))
        const before = JSON.stringify(memory)
        const accuracies = [20, 25, 40, 80].map((s) => estimateAt(memory, at(s)).accuracyM)
        expect(accuracies).toEqual([...accuracies].sort((a, b) => a - b))
        expect(accuracies[0]).toBeLessThan(10)
        // A car that turned off at once is 300 m away after 20 s.
        expect(accuracies[2]).toBeGreaterThan(100)
        expect(JSON.stringify(memory)).toBe(before)
    })

    it("ends with the first fix after it, believed at once", () => {
        const { memory } = fuseAll(drivingEast(15, 20))
        const stopped = offset(420, 90)
        const fix = anObservation({ atMs: at(80), ...stopped, speedMps: mps(0), courseDeg: deg(0) })
        const { state, verdict } = fuse(memory, fix)
        expect(verdict).toBe("fused")
        expect(distanceM(state, stopped)).toBeLessThan(5)
    })
})

describe("a doubtful fix", () => {
    const { memory } = fuseAll(drivingEast(10, 20))
    const wayOff = (second: number, eastM = 0, northM = 600) =>
        anObservation({ atMs: at(second), ...offset(10 * second + eastM, northM) })

    it("moves the track less than a credible one", () => {
        const shiftBy = (northM: number) => {
            const { state, verdict } = fuse(memory, wayOff(21, 0, northM))
            return { verdict, shiftM: distanceM(state, offset(210, 0)) }
        }
        const credible = shiftBy(10)
        const doubtful = shiftBy(25)
        expect(credible.verdict).toBe("fused")
        expect(doubtful.verdict).toBe("doubted")
        expect(doubtful.shiftM).toBeLessThan(2 * credible.shiftM)
    })

    it("far off does not move it at all", () => {
        const refused = fuse(memory, wayOff(21))
        expect(refused.verdict).toBe("refused")
        expect(refused.state).toEqual(estimateAt(memory, at(21)))
        const after = fuse(refused.memory, drivingEast(10, 22).at(-1)!)
        expect(after.verdict).toBe("fused")
        expect(after.memory.refusals).toBe(0)
        expect(distanceM(after.state, offset(220, 0))).toBeLessThan(2)
    })

    it("that keeps saying so is believed the third time", () => {
        const first = fuse(memory, wayOff(21))
        const second = fuse(first.memory, wayOff(22))
        const third = fuse(second.memory, wayOff(23))
        expect([second.verdict, third.verdict]).toEqual(["refused", "restarted"])
        expect(distanceM(third.state, offset(230, 600))).toBeLessThan(0.5)
    })

    it("with an absurd Doppler speed hardly bends the track", () => {
        const absurd = { ...drivingEast(10, 21).at(-1)!, speedMps: mps(171) }
        const { state } = fuse(memory, absurd)
        expect(state.speedMps).toBeLessThan(20)
        expect(distanceM(state, offset(210, 0))).toBeLessThan(10)
    })
})

describe("order", () => {
    const { memory } = fuseAll(drivingEast(10, 20))

    it("matters: an older observation leaves memory and state alone and is called late", () => {
        const late = fuse(memory, anObservation({ atMs: at(12), deviceId: "81cc" }))
        expect(late.verdict).toBe("late")
        expect(late.memory).toBe(memory)
        expect(late.state).toEqual(estimateAt(memory, memory.atMs))
    })

    it("lets a second device speak at the same instant and hears a repetition once", () => {
        const twin = { ...drivingEast(10, 20).at(-1)!, deviceId: "81cc" }
        const fused = fuse(memory, twin)
        expect(fused.verdict).toBe("fused")
        expect(fused.state.accuracyM).toBeLessThan(estimateAt(memory, at(20)).accuracyM)
        expect(fuse(fused.memory, twin).verdict).toBe("late")
    })

    it("of two devices may interleave, and two know more than one", () => {
        const one = drivingEast(10, 40)
        const other = one.map((fix, second) => ({
            ...fix,
            deviceId: "81cc",
            atMs: at(second + 0.5),
            ...offset(10 * second + 5, 0),
        }))
        const both = [...one, ...other].sort((a, b) => a.atMs - b.atMs)
        const alone = fuseAll(one).memory
        const together = fuseAll(both).memory
        const when = at(41)
        expect(estimateAt(together, when).accuracyM).toBeLessThan(estimateAt(alone, when).accuracyM)
        expect(distanceM(estimateAt(together, when), offset(410, 0))).toBeLessThan(3)
    })
})

describe("a receiver's accuracy", () => {
    it("is not believed below what a receiver can know", () => {
        const sure = drivingEast(10, 20).map((fix) => ({ ...fix, accuracyM: metres(0.007) }))
        expect(fuseAll(sure).state.accuracyM).toBeGreaterThan(1)
    })

    it("does not shrink away because fixes come ten times a second", () => {
        const parked = (perSecond: number) =>
            Array.from({ length: 60 * perSecond }, (_, index) =>
                anObservation({ atMs: at(index / perSecond), speedMps: mps(0) }),
            )
        const often = fuseAll(parked(10)).state.accuracyM
        const seldom = fuseAll(parked(1)).state.accuracyM
        expect(often).toBeGreaterThan(0.8 * seldom)
    })
})

describe("a target at a standstill", () => {
    /** Errors that wander by some metres, and a Doppler speed that wanders along. */
    const parked = (seconds: number): Observation[] => {
        const prng = makePrng("parked")
        let [east, north] = [0, 0]
        return Array.from({ length: seconds }, (_, second) => {
            const [wasEast, wasNorth] = [east, north]
            east = 0.98 * east + 0.7 * prng.gaussian()
            north = 0.98 * north + 0.7 * prng.gaussian()
            const [eastMps, northMps] = [(east - wasEast) / 2, (north - wasNorth) / 2]
            return anObservation({
                atMs: at(second),
                ...offset(east, north),
                speedMps: mps(Math.min(0.7, Math.hypot(eastMps, northMps))),
                courseDeg: deg(((Math.atan2(eastMps, northMps) * 180) / Math.PI + 360) % 360),
            })
        })
    }

    it("wanders a good deal less than its fixes", () => {
        const observations = parked(1200)
        let memory: FusionMemory | undefined
        let [ours, raw] = [0, 0]
        for (const observation of observations) {
            const fused = fuse(memory, observation)
            memory = fused.memory
            ours += distanceM(fused.state, HOME) ** 2
            raw += distanceM(observation, HOME) ** 2
        }
        expect(Math.sqrt(ours)).toBeLessThan(0.5 * Math.sqrt(raw))
    })

    it("is known no better after an hour than what all its fixes share", () => {
        const still = Array.from({ length: 3600 }, (_, second) =>
            anObservation({ atMs: at(second), speedMps: mps(0), courseDeg: deg(0) }),
        )
        const { accuracyM } = fuseAll(still).state
        expect(accuracyM).toBeGreaterThan(2.5)
        expect(accuracyM).toBeLessThan(fuseAll(still.slice(0, 1)).state.accuracyM)
    })

    it("sets off without delay", () => {
        const { memory } = fuseAll(parked(600))
        let fused = { memory } as Fused
        for (let second = 600; second < 606; second++) {
            const seconds = second - 599
            const speed = 2.5 * seconds
            fused = fuse(fused.memory, {
                ...anObservation({ atMs: at(second), ...offset(1.25 * seconds ** 2, 0) }),
                speedMps: mps(speed),
                courseDeg: deg(90),
            })
        }
        expect(fused.state.speedMps).toBeGreaterThan(13)
        expect(distanceM(fused.state, offset(45, 0))).toBeLessThan(6)
    })
})

describe("heading", () => {
    it("is null until the target has moved at walking pace", () => {
        const prng = makePrng(4)
        const parked = Array.from({ length: 120 }, (_, second) =>
            anObservation({
                atMs: at(second),
                ...offset(2 * prng.gaussian(), 2 * prng.gaussian()),
                speedMps: mps(Math.abs(0.1 * prng.gaussian())),
                courseDeg: deg(prng.between(0, 360)),
            }),
        )
        expect(fuseAll(parked).state.headingDeg).toBeNull()
    })

    it("is held when the target stops", () => {
        const moving = fuseAll(drivingEast(8, 20)).memory
        let memory = moving
        for (let second = 21; second < 60; second++) {
            const fix = anObservation({
                atMs: at(second),
                ...offset(160, 0),
                speedMps: mps(0.05),
                courseDeg: deg((second * 77) % 360),
            })
            memory = fuse(memory, fix).memory
        }
        const { headingDeg, speedMps } = estimateAt(memory, at(60))
        expect(speedMps).toBeLessThan(0.2)
        expect(headingDeg).toBeGreaterThan(80)
        expect(headingDeg).toBeLessThan(100)
    })
})
