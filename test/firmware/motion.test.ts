// Parked, maybe, moving: seeded scenarios of the motion decision, on Node and on the tracker's machine.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { stepMotion } from "../../firmware/logic/motion.js"
import type { MotionFix } from "../../firmware/logic/motion-anchor.js"
import {
    AccelerometerHealth,
    MotionPhase,
    motionOf,
    motionRow,
    newMotion,
} from "../../firmware/logic/motion-memory.js"
import type { MotionInput } from "../../firmware/logic/motion-step.js"
import { PROFILES, type Profile } from "../../firmware/logic/profile.js"
import { eastMPerUdeg, northMPerUdeg } from "../../firmware/logic/thin/ellipsoid.js"
import { makePrng } from "../../simulator/world/prng.js"
import { DECISION_SEEDS, DecisionsRun } from "../device/runs/decisions-run.js"
import { cases } from "../support/cases.js"
import { runOnDevice } from "../support/device-run.js"
import { recordedTracks } from "../support/recorded-tracks.js"
import { aWorld, type Life, live, ORIGIN, type World } from "./motion-world.js"

const [, NORMAL, LONG_LIFE] = PROFILES as [Profile, Profile, Profile]
const HOUR_S = 3600
const DAY_S = 86400

/** Rests, goes north at a speed from one time to another, and rests there. */
function journey(fromS: number, toS: number, speedMps: number): World["truth"] {
    return (atS) => ({
        northM: Math.min(Math.max(atS - fromS, 0), toS - fromS) * speedMps,
        eastM: 0,
        speedMps: atS >= fromS && atS < toS ? speedMps : 0,
    })
}
function changes(life: Life): string {
    return life.events.map(({ change }) => change).join(" ")
}
/** Metres between a place and metres north of the origin. */
function offM(place: { latUdeg: number; lonUdeg: number }, northM: number): number {
    const north = (place.latUdeg - ORIGIN.latUdeg) * northMPerUdeg(ORIGIN.latUdeg) - northM
    const east = (place.lonUdeg - ORIGIN.lonUdeg) * eastMPerUdeg(ORIGIN.latUdeg)
    return Math.hypot(north, east)
}

describe.each([true, false])("a tracker on a board that motion wakes: %s", (canWake) => {
    it("says nothing of a bump, and takes no fix for it", () => {
        const quiet = live(aWorld({ profile: NORMAL, canWake }))
        const bumps = Array.from({ length: 20 }, (_, i) => [i * 7 * HOUR_S, i * 7 * HOUR_S + 1])
        const shakes = bumps as [number, number][]
        const bumped = live(aWorld({ profile: NORMAL, canWake, shakes }))
        expect(bumped.events).toEqual([])
        expect(bumped.fixes).toBeLessThanOrEqual(quiet.fixes + 1)
        expect(bumped.kept).toHaveLength(1)
    })

    it.each([NORMAL, LONG_LIFE])("tells of a drive once, and where it ended: $name", (profile) => {
        const [fromS, toS] = [30 * HOUR_S, 31 * HOUR_S]
        const truth = journey(fromS, toS, 14)
        const life = live(aWorld({ profile, canWake, shakes: [[fromS, toS]], truth }))
        expect(changes(life)).toBe("start stop")
        const [start, stop] = life.events
        const noticedInS = canWake ? 120 : profile.parkedCheckS + 120
        expect(start!.atS - fromS).toBeLessThanOrEqual(noticedInS)
        expect(stop!.atS - toS).toBeLessThanOrEqual(profile.stillS + 2 * profile.fixEveryS + 60)
        expect(offM(stop!.place!, HOUR_S * 14)).toBeLessThan(12)
        const drive = life.kept.filter(({ atS }) => atS >= fromS && atS <= toS)
        expect(drive.length).toBeGreaterThan((HOUR_S - noticedInS) / (profile.fixEveryS + 10) - 1)
    })

    it("does not miss a tow that never shakes it", () => {
        for (const seed of [1, 2, 3]) {
            const truth = journey(30 * HOUR_S, 32 * HOUR_S, 20)
            const life = live(aWorld({ seed, profile: NORMAL, canWake, truth }))
            expect(changes(life)).toBe("start stop")
            const heardInS = life.events[0]!.atS - 30 * HOUR_S
            expect(heardInS).toBeLessThanOrEqual(NORMAL.heartbeatS + 300)
            expect(offM(life.events[1]!.place!, 2 * HOUR_S * 20)).toBeLessThan(12)
        }
    })

    it("sees a boat go that drags its anchor slower than its fixes scatter", () => {
        // 60 m in six days, four fixes a day: 2.5 m from one to the next.
        const truth = journey(DAY_S, 7 * DAY_S, 60 / (6 * DAY_S))
        const life = live(aWorld({ days: 14, profile: NORMAL, canWake, truth }))
        expect(life.events[0]?.change).toBe("start")
    })

    it("is not kept awake by an engine that idles for a day", () => {
        const shakes: [number, number][] = [[DAY_S, 2 * DAY_S]]
        const life = live(aWorld({ days: 3, profile: NORMAL, canWake, shakes }))
        const still = live(aWorld({ days: 3, profile: NORMAL, canWake }))
        expect(life.events).toEqual([])
        expect(life.kept).toHaveLength(1)
        expect(life.fixes - still.fixes).toBeLessThanOrEqual(55)
    })

    it("knows a journey without any sky by its shaking, and tells the place when it sees one", () => {
        const [fromS, toS, openS] = [30 * HOUR_S, 34 * HOUR_S, 80 * HOUR_S]
        const truth = journey(fromS, toS, 14)
        const sky: World["sky"] = (atS) => (atS > fromS && atS < openS ? "none" : "open")
        const life = live(aWorld({ profile: NORMAL, canWake, shakes: [[fromS, toS]], truth, sky }))
        expect(changes(life)).toBe("start stop")
        expect(life.events[1]!.place).toBeUndefined()
        const later = life.kept.filter(({ atS }) => atS > fromS)
        expect(later).toHaveLength(1)
        expect(offM(later[0]!.fix, 4 * HOUR_S * 14)).toBeLessThan(20)
        expect(later[0]!.atS - openS).toBeLessThanOrEqual(NORMAL.heartbeatS + 60)
    })

    it("finds an accelerometer that always fires, and goes on by fixes", () => {
        const truth = journey(5 * DAY_S, 5 * DAY_S + HOUR_S, 14)
        const accelerometer = "always-fires"
        const life = live(aWorld({ days: 8, profile: NORMAL, canWake, truth, accelerometer }))
        expect(life.faults.map(({ fault }) => fault)).toEqual(["always-fires"])
        expect(life.faults[0]!.atS).toBeLessThan(2 * DAY_S)
        expect(changes(life)).toBe("start stop")
        expect(life.events[0]!.atS - 5 * DAY_S).toBeLessThan(NORMAL.parkedCheckS * 6 + 180)
    })

    it("finds an accelerometer that never fires after three journeys", () => {
        const truth: World["truth"] = (atS) => {
            const day = Math.floor(atS / DAY_S)
            const onWayS = Math.min(Math.max(atS - day * DAY_S - 10 * HOUR_S, 0), 8 * HOUR_S)
            const speedMps = onWayS > 0 && onWayS < 8 * HOUR_S ? 10 : 0
            return { northM: (day * 8 * HOUR_S + onWayS) * 10, eastM: 0, speedMps }
        }
        const accelerometer = "never-fires"
        const life = live(aWorld({ days: 6, profile: NORMAL, canWake, truth, accelerometer }))
        expect(life.faults.map(({ fault }) => fault)).toEqual(["never-fires"])
        const starts = life.events.filter(({ change }) => change === "start")
        expect(starts).toHaveLength(6)
        // Each is noticed at a heartbeat before the fault is found, and by the denser fixes after it.
        expect(starts[5]!.atS - 5 * DAY_S - 10 * HOUR_S).toBeLessThan(NORMAL.parkedCheckS * 6 + 180)
    })
})

describe("a tracker without an accelerometer", () => {
    it("tells of a drive by fixes alone, and of nothing else", () => {
        const truth = journey(30 * HOUR_S, 31 * HOUR_S, 14)
        const life = live(aWorld({ profile: NORMAL, accelerometer: "none", truth }))
        expect(changes(life)).toBe("start stop")
        expect(life.events[0]!.atS - 30 * HOUR_S).toBeLessThan(NORMAL.parkedCheckS * 6 + 180)
        expect(offM(life.events[1]!.place!, HOUR_S * 14)).toBeLessThan(12)
        expect(life.faults).toEqual([])
    })
})

describe("a parked tracker", () => {
    it("sends nothing of its scatter, whatever the seed, with or without an accelerometer", () => {
        const world = fc.record({
            seed: fc.integer({ min: 1, max: 1e6 }),
            scatterM: fc.integer({ min: 1, max: 30 }),
            profile: fc.constantFrom(NORMAL, LONG_LIFE),
            accelerometer: fc.constantFrom("good" as const, "none" as const),
        })
        const holds = (one: Parameters<typeof aWorld>[0]) => {
            const life = live(aWorld({ ...one, days: 30 }))
            expect(life.events).toEqual([])
            expect(life.kept).toHaveLength(1)
        }
        fc.assert(fc.property(world, holds), { numRuns: cases(12, 400) })
    })

    it.each([true, false])("sends nothing of a moored boat's fixes beyond the first", (isHeard) => {
        const boat = recordedTracks().find(({ isMoving }) => !isMoving)
        const fixes = boat === undefined ? scattered(1200) : boat.rows.map(boatFix)
        let motion = newMotion()
        let kept = 0
        fixes.forEach((fix, i) => {
            const step = stepMotion(motion, input(i, { hasAccelerometer: isHeard, fix }), NORMAL)
            motion = step.motion
            expect(step.change).toBe("none")
            if (step.isKept) kept++
        })
        expect(fixes.length).toBeGreaterThan(1000)
        expect(kept).toBe(1)
    })
})

/** Of HDOP the accuracy that a receiver with 5 m of range error would state. */
function boatFix(row: { latDeg: number; lonDeg: number; hdopOrAccuracyM?: number | undefined }) {
    return {
        latUdeg: Math.round(row.latDeg * 1e6),
        lonUdeg: Math.round(row.lonDeg * 1e6),
        accuracyDm: Math.round((row.hdopOrAccuracyM ?? 1) * 50),
        speedDmps: 2,
    }
}
/** Errors that wander, as a receiver's at rest do. */
function scattered(count: number): MotionFix[] {
    const prng = makePrng("moored")
    let [north, east] = [0, 0]
    return Array.from({ length: count }, () => {
        north = north * 0.99 + prng.gaussian() * 0.4
        east = east * 0.99 + prng.gaussian() * 0.4
        return {
            latUdeg: Math.round(ORIGIN.latUdeg + north / northMPerUdeg(ORIGIN.latUdeg)),
            lonUdeg: Math.round(ORIGIN.lonUdeg + east / eastMPerUdeg(ORIGIN.latUdeg)),
            accuracyDm: 45,
            speedDmps: 2,
        }
    })
}
function input(atS: number, change: Partial<MotionInput>): MotionInput {
    return {
        atS,
        hasAccelerometer: true,
        isLatched: false,
        canWake: false,
        isSearched: false,
        fix: undefined,
        ...change,
    }
}

describe("what motion remembers", () => {
    it("survives a sleep, and is new where the row is not one of its own", () => {
        const step = stepMotion(
            newMotion(),
            input(5, { isLatched: true, fix: scattered(1)[0] }),
            NORMAL,
        )
        expect(step.motion.phase).toBe(MotionPhase.maybe)
        expect(motionOf(motionRow(step.motion))).toEqual(step.motion)
        const row = motionRow(step.motion)
        for (const bad of [[], row.slice(1), [7, ...row.slice(1)], [0.5, ...row.slice(1)]])
            expect(motionOf(bad)).toEqual(newMotion())
        expect(newMotion().health).toBe(AccelerometerHealth.good)
    })

    it("holds whole numbers after any inputs, and an alternation of starts and stops", () => {
        const inputs = fc.array(
            fc.record({
                afterS: fc.integer({ min: 0, max: 5000 }),
                isLatched: fc.boolean(),
                hasAccelerometer: fc.boolean(),
                isSearched: fc.boolean(),
                canWake: fc.boolean(),
                // Close to the pole and to the antimeridian, where a degree is short or jumps.
                fix: fc.option(
                    fc.record({
                        latUdeg: fc.integer({ min: 89_997_000, max: 90_000_000 }),
                        lonUdeg: fc.constantFrom(-179_999_900, 179_999_900, 0),
                        accuracyDm: fc.integer({ min: 0, max: 9000 }),
                        speedDmps: fc.integer({ min: 0, max: 40 }),
                    }),
                    { nil: undefined },
                ),
            }),
            { maxLength: 60 },
        )
        const holds = fc.property(inputs, (list) => {
            let motion = newMotion()
            let [atS, last] = [0, "stop"]
            for (const { afterS, ...rest } of list) {
                atS += afterS
                const step = stepMotion(motion, { atS, ...rest }, NORMAL)
                motion = step.motion
                expect(motionOf(motionRow(motion))).toEqual(motion)
                expect(step.nextAtS === -1 || step.nextAtS > atS).toBe(true)
                if (step.change === "none") continue
                expect(step.change).not.toBe(last)
                last = step.change
            }
        })
        fc.assert(holds, { numRuns: cases(200, 5000) })
    })
})

describe("the slow decisions on the tracker's machine", () => {
    it("are those on Node, line by line", async () => {
        const expected: string[] = []
        for (let seed = 1; seed <= DECISION_SEEDS; seed++) {
            const run = new DecisionsRun(seed)
            while (!run.isDone) expected.push(run.next())
        }
        const { said, complaints } = await runOnDevice("decisions", 60)
        expect(complaints).toEqual([])
        const lines = said.filter(({ topic }) => topic !== "accelerometer").map(({ text }) => text)
        expect(lines).toEqual([...expected, "."])
        const all = expected.join("\n")
        for (const word of ["start", "stop", "|denied", "|weak", "|no-sky", "|window", "search"])
            expect(all.split(word).length).toBeGreaterThan(5)
    })
})
