import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
    cosineOfDeg,
    eastMPerUdeg,
    northMPerUdeg,
    sineOfDeg,
    squareRoot,
} from "../../firmware/logic/thin/ellipsoid.js"
import { HISTORY_WINDOW_MAX, HistoryThinner } from "../../firmware/logic/thin/history.js"
import { LiveTrigger, velocityAt } from "../../firmware/logic/thin/live.js"
import type { ThinFix } from "../../firmware/logic/thin/thin-fix.js"
import { TrackThinner } from "../../firmware/logic/thin/track-thinner.js"
import { distanceM } from "../../gateway/core/geo/geodesic.js"
import type { TrackRow } from "../../gateway/core/replay/parse-track.js"
import { deg } from "../../protocol/units.js"
import { inverse, metresPerDegree } from "../../simulator/world/geodesy.js"
import { THIN_SEEDS, ThinRun } from "../device/runs/thin-run.js"
import { cases } from "../support/cases.js"
import { runOnDevice } from "../support/device-run.js"
import { recordedTracks } from "../support/recorded-tracks.js"

/** As a receiver would hand it over, before anything is rounded but speed and course. */
function thinFix({ atMs, latDeg, lonDeg, speedMps, courseDeg }: TrackRow): ThinFix {
    const fix: ThinFix = { timeDs: atMs / 100, latUdeg: latDeg * 1e6, lonUdeg: lonDeg * 1e6 }
    if (speedMps !== undefined) fix.speedDmps = Math.round(speedMps * 10)
    if (courseDeg !== undefined) fix.courseDeg = Math.round(courseDeg) % 360
    return fix
}

function history(fixes: readonly ThinFix[], boundM: number): ThinFix[] {
    const thinner = new HistoryThinner<ThinFix>(boundM)
    const kept = fixes.flatMap((fix) => thinner.add(fix))
    const last = thinner.pin()
    return last === undefined ? kept : [...kept, last]
}

/** The largest distance, on the ellipsoid, of a fix from the kept track at its own time. */
function worstErrorM(fixes: readonly ThinFix[], kept: readonly ThinFix[]): number {
    let at = 0
    return Math.max(
        ...fixes.map((fix) => {
            while (at < kept.length - 2 && kept[at + 1]!.timeDs < fix.timeDs) at++
            const from = kept[at]!
            const to = kept[Math.min(at + 1, kept.length - 1)]!
            const spanDs = to.timeDs - from.timeDs
            const raw = spanDs === 0 ? 0 : (fix.timeDs - from.timeDs) / spanDs
            const share = Math.min(1, Math.max(0, raw))
            const east = ((to.lonUdeg - from.lonUdeg + 540e6) % 360e6) - 180e6
            const drawn = {
                latDeg: deg((from.latUdeg + share * (to.latUdeg - from.latUdeg)) / 1e6),
                lonDeg: deg((from.lonUdeg + share * east) / 1e6),
            }
            const real = { latDeg: deg(fix.latUdeg / 1e6), lonDeg: deg(fix.lonUdeg / 1e6) }
            return inverse(drawn, real).distanceM
        }),
    )
}

/** Any way over the globe: up to 220 m/s, shaken by up to 80 m each fix, with gaps of up to 20 s. */
const walks = fc
    .tuple(
        fc.double({ min: -84, max: 84, noNaN: true }),
        fc.double({ min: -180, max: 180, noNaN: true }),
        fc.array(
            fc.tuple(
                fc.integer({ min: 1, max: 200 }),
                fc.integer({ min: -700, max: 700 }),
                fc.integer({ min: -700, max: 700 }),
            ),
            { minLength: 1, maxLength: 150, size: "max" },
        ),
        fc.constantFrom(0.02, 0.2, 1),
        fc.constantFrom(0, 20, -200),
        fc.constantFrom(0, -20, 200),
    )
    .map(([latDeg, lonDeg, steps, shake, driftNorth, driftEast]) => {
        const perEast = 1 / Math.cos((latDeg * Math.PI) / 180)
        let [timeDs, latUdeg, lonUdeg] = [19e9, latDeg * 1e6, lonDeg * 1e6]
        return steps.map(([stepDs, north, east]): ThinFix => {
            timeDs += stepDs
            latUdeg = Math.min(85e6, Math.max(-85e6, latUdeg + north * shake + driftNorth * stepDs))
            lonUdeg += (east * shake + driftEast * stepDs) * perEast
            if (Math.abs(lonUdeg) > 180e6) lonUdeg -= Math.sign(lonUdeg) * 360e6
            return { timeDs, latUdeg, lonUdeg }
        })
    })

describe("lengths without trigonometry", () => {
    it("are those of the ellipsoid at every latitude", () => {
        for (let latDeg = -89; latDeg <= 89; latDeg += 0.5) {
            const { northM, eastM } = metresPerDegree(latDeg)
            expect(northMPerUdeg(latDeg * 1e6) * 1e6).toBeCloseTo(northM, 3)
            expect(eastMPerUdeg(latDeg * 1e6) * 1e6).toBeCloseTo(eastM, 3)
        }
        expect(eastMPerUdeg(90e6)).toBeGreaterThan(0)
    })

    it("know sine and cosine all around", () => {
        for (let angle = -360; angle <= 630; angle++) {
            expect(sineOfDeg(angle)).toBeCloseTo(Math.sin((angle * Math.PI) / 180), 10)
            expect(cosineOfDeg(angle)).toBeCloseTo(Math.cos((angle * Math.PI) / 180), 10)
        }
    })

    it("know the root of any square, and end", () => {
        fc.assert(
            fc.property(fc.double({ min: 0, max: 1e300, noNaN: true }), (square) => {
                const root = squareRoot(square)
                expect(Math.abs(root - Math.sqrt(square))).toBeLessThanOrEqual(
                    Math.max(1e-15, 1e-15 * root),
                )
            }),
            { numRuns: cases(500, 20_000) },
        )
        for (const nothing of [0, -1, Number.NaN]) expect(squareRoot(nothing)).toBe(0)
    })
})

describe("the history of a track", () => {
    it("can be drawn again within the bound, whatever the track", () => {
        fc.assert(
            fc.property(walks, fc.constantFrom(1, 5, 50), (fixes, boundM) => {
                const kept = history(fixes, boundM)
                expect(kept[0]).toBe(fixes[0])
                expect(kept.at(-1)).toBe(fixes.at(-1))
                expect(fixes.filter((fix) => kept.includes(fix))).toEqual(kept)
                expect(worstErrorM(fixes, kept)).toBeLessThanOrEqual(boundM)
            }),
            { numRuns: cases(300, 20_000) },
        )
    })

    it("never waits for more than its window", () => {
        const parked = Array.from({ length: 1000 }, (_, index): ThinFix => {
            return { timeDs: 19e9 + index * 10, latUdeg: 47e6, lonUdeg: 9e6 }
        })
        const kept = history(parked, 5)
        const indices = kept.map((fix) => parked.indexOf(fix))
        const steps = indices.slice(1).map((index, i) => index - indices[i]!)
        expect(Math.max(...steps)).toBe(HISTORY_WINDOW_MAX)
        expect(kept).toHaveLength(Math.ceil(999 / HISTORY_WINDOW_MAX) + 1)
    })

    it("begins anew where the receiver's clock was set back, and keeps both sides", () => {
        const at = (timeDs: number, index: number) => ({
            timeDs,
            latUdeg: 47e6 + index,
            lonUdeg: 9e6,
        })
        const times = [100, 110, 120, 50, 60, 60]
        const fixes = times.map(at)
        expect(history(fixes, 5)).toEqual([0, 2, 3, 4, 5].map((index) => fixes[index]))
    })

    it("keeps less than 9 % of the recorded tracks, and no error above 5 m", () => {
        const shares = recordedTracks().map(({ rows }) => {
            const fixes = rows.map(thinFix)
            const kept = history(fixes, 5)
            expect(worstErrorM(fixes, kept)).toBeLessThanOrEqual(5)
            for (const quantumUdeg of [1, 10]) {
                const to = (value: number, quantum: number) => Math.round(value / quantum) * quantum
                const sent = kept.map(({ timeDs, latUdeg, lonUdeg }) => ({
                    timeDs: to(timeDs, 1),
                    latUdeg: to(latUdeg, quantumUdeg),
                    lonUdeg: to(lonUdeg, quantumUdeg),
                }))
                const quantumM = quantumUdeg * northMPerUdeg(0)
                expect(worstErrorM(fixes, sent)).toBeLessThanOrEqual(5 + quantumM)
            }
            return kept.length / fixes.length
        })
        const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
        expect(mean).toBeLessThanOrEqual(0.09)
    })
})

describe("the live channel", () => {
    /** Reports of the two channels together, and of a filter on distance. */
    function reports(rows: readonly TrackRow[]): { live: number; filter: number } {
        const thinner = new TrackThinner<ThinFix>(25, 5)
        let [live, filter] = [0, 0]
        let last: TrackRow | undefined
        for (const row of rows) {
            if (thinner.add(thinFix(row)).isReport) live++
            if (last === undefined || distanceM(last, row) > 25) {
                filter++
                last = row
            }
        }
        return { live, filter }
    }

    it("sends at most a quarter of the reports of a 25 m distance filter", () => {
        const moving = recordedTracks().filter(({ isMoving }) => isMoving)
        const counts = moving.map(({ rows }) => reports(rows))
        const sum = (of: "live" | "filter") => counts.reduce((total, count) => total + count[of], 0)
        expect(sum("live") / sum("filter")).toBeLessThanOrEqual(moving[0]!.liveShareMax)
    })

    it("never lets a watcher who knows only what was sent be off by more than the bound", () => {
        for (const { rows } of recordedTracks()) {
            const thinner = new TrackThinner<ThinFix>(25, 5)
            const waiting: ThinFix[] = []
            let [report, before]: (ThinFix | undefined)[] = []
            for (const fix of rows.map(thinFix)) {
                const { kept, isReport } = thinner.add(fix)
                waiting.push(...kept)
                if (isReport) {
                    expect(waiting.at(-1)).toBe(fix)
                    before = waiting.at(-2) ?? report
                    report = fix
                    waiting.length = 0
                    continue
                }
                const velocity = velocityAt(report!, before)
                const sinceDs = fix.timeDs - report!.timeDs
                const believed = {
                    latDeg: deg((report!.latUdeg + velocity.north * sinceDs) / 1e6),
                    lonDeg: deg((report!.lonUdeg + velocity.east * sinceDs) / 1e6),
                }
                const real = { latDeg: deg(fix.latUdeg / 1e6), lonDeg: deg(fix.lonUdeg / 1e6) }
                expect(inverse(believed, real).distanceM).toBeLessThanOrEqual(25)
            }
        }
    })

    it("reports at once, then only what the velocity did not foretell", () => {
        const trigger = new LiveTrigger(25)
        const at = (second: number, metresNorth: number): ThinFix => ({
            timeDs: 19e9 + second * 10,
            latUdeg: 47e6 + metresNorth / northMPerUdeg(47e6),
            lonUdeg: 9e6,
            speedDmps: 100,
            courseDeg: 0,
        })
        expect(trigger.isDue(at(0, 0))).toBe(true)
        trigger.reported(at(0, 0), undefined)
        expect(trigger.isDue(at(100, 1000))).toBe(false)
        expect(trigger.isDue(at(100, 1024))).toBe(false)
        expect(trigger.isDue(at(100, 1026))).toBe(true)
        expect(trigger.isDue(at(-1, 0))).toBe(true)
    })

    it("takes a receiver's noise at rest for standing, and nothing known for standing too", () => {
        const fix = { timeDs: 19e9, latUdeg: 47e6, lonUdeg: 9e6 }
        const still = { north: 0, east: 0 }
        expect(velocityAt({ ...fix, speedDmps: 4, courseDeg: 90 }, undefined)).toEqual(still)
        expect(velocityAt(fix, undefined)).toEqual(still)
        expect(velocityAt(fix, { ...fix, timeDs: fix.timeDs - 601 })).toEqual(still)
        expect(velocityAt(fix, fix)).toEqual(still)
        const resting = { ...fix, timeDs: fix.timeDs - 10 }
        expect(velocityAt({ ...fix, speedDmps: 90 }, resting)).toEqual(still)
    })

    it("sees the short way round the antimeridian", () => {
        const before = { timeDs: 0, latUdeg: 0, lonUdeg: 179_999_900 }
        const fix = { timeDs: 10, latUdeg: 0, lonUdeg: -179_999_900 }
        expect(velocityAt(fix, before).east).toBeCloseTo(20, 9)
    })
})

describe("thinning on the tracker's machine", () => {
    it("decides as it does on Node", async () => {
        const expected: string[] = []
        for (let seed = 1; seed <= THIN_SEEDS; seed++) {
            const run = new ThinRun(seed)
            while (!run.isDone) expected.push(run.next())
        }
        const { said, complaints } = await runOnDevice("thin", 5)
        expect(complaints).toEqual([])
        expect(said.map(({ text }) => text)).toEqual([...expected, "."])
        expect(expected.join("").split("report").length).toBeGreaterThan(50)
    })
})
