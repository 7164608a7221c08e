import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { emptyState } from "../../console/live/console-state.js"
import { formatLink, parseLink } from "../../console/live/deep-link.js"
import {
    appendPoint,
    emptyTrack,
    mergeStretch,
    TRACK_SPAN_MS,
    unbrokenRuns,
} from "../../console/live/track.js"
import { TrackFeed } from "../../console/live/track-feed.js"
import { ageText, headingText, speedText } from "../../console/live/wording.js"
import { areaM2, circleRing } from "../../console/map/shapes.js"
import type { GapView } from "../../protocol/live.js"
import { deg, metres, mps, unixMs } from "../../protocol/units.js"
import { cases } from "../support/cases.js"
import { aTargetView, aTrackPoint } from "./fake-gateway.js"

const NOON = Date.UTC(2031, 4, 5, 12)
const point = (second: number) =>
    aTrackPoint({ atMs: NOON + second * 1_000, latDeg: 47 + second / 1e5, lonDeg: 9.5 })
const seconds = (runs: { atMs: number }[][]) =>
    runs.map((run) => run.map(({ atMs }) => (atMs - NOON) / 1_000))

function gap(fromS: number, toS: number | null): GapView {
    return {
        targetId: "a",
        deviceId: "d",
        fromMs: unixMs(NOON + fromS * 1_000),
        toMs: toS === null ? null : unixMs(NOON + toS * 1_000),
        cause: "missing",
        missing: null,
    }
}

describe("a track", () => {
    it("breaks where a minute passed between two points, and not before", () => {
        const points = [0, 30, 90, 151, 160].map(point)
        expect(seconds(unbrokenRuns(points, []))).toEqual([
            [0, 30, 90],
            [151, 160],
        ])
    })

    it("breaks where a gap is known, however short", () => {
        const points = [0, 10, 20, 30].map(point)
        expect(seconds(unbrokenRuns(points, [gap(12, 18)]))).toEqual([
            [0, 10],
            [20, 30],
        ])
    })

    it("breaks once for a gap that is still open", () => {
        const points = [0, 10, 20, 30].map(point)
        expect(seconds(unbrokenRuns(points, [gap(10, null)]))).toEqual([
            [0, 10],
            [20, 30],
        ])
    })

    it("loses no point to its breaks", () => {
        const gaps = fc.array(fc.tuple(fc.nat(500), fc.nat(100)), { maxLength: 5 })
        fc.assert(
            fc.property(fc.uniqueArray(fc.nat(600), { maxLength: 40 }), gaps, (times, spans) => {
                const points = times.sort((left, right) => left - right).map(point)
                const known = spans.map(([from, span]) => gap(from, from + span))
                expect(unbrokenRuns(points, known).flat()).toEqual(points)
            }),
            { numRuns: cases(100, 5_000) },
        )
    })

    it("takes what the store says of a stretch in place of what came live", () => {
        const live = [0, 20, 40].map(point).reduce(appendPoint, emptyTrack("a"))
        const view = { targetId: "a", points: [15, 25].map(point), gaps: [], truncated: false }
        const stretch = { fromMs: unixMs(NOON + 10_000), toMs: unixMs(NOON + 30_000) }
        const merged = mergeStretch(live, view, stretch)
        expect(seconds([[...merged.points]])).toEqual([[0, 15, 25, 40]])
    })

    it("keeps one hour", () => {
        const hour = TRACK_SPAN_MS / 1_000
        const track = [0, 1, hour, hour + 1].map(point).reduce(appendPoint, emptyTrack("a"))
        expect(seconds([[...track.points]])).toEqual([[1, hour, hour + 1]])
    })
})

describe("the track feed", () => {
    const state = (second: number) => ({
        ...emptyState,
        run: "r1",
        operation: { id: "o", name: "O" },
        targets: new Map([["a", aTargetView({ id: "a", last: point(second) })]]),
    })

    it("asks once for the hour, and again only when points must lie in between", async () => {
        const asked: [number, number][] = []
        let steadyMs = 0
        const feed = new TrackFeed(
            {
                steadyMs: () => steadyMs,
                fetchTrack: async (_operation, targetId, { fromMs, toMs }) => {
                    asked.push([(fromMs - NOON) / 1_000, (toMs - NOON) / 1_000])
                    return { targetId, points: [], gaps: [], truncated: false }
                },
            },
            () => {},
        )
        const at = async (second: number) => {
            steadyMs = second * 1_000
            feed.follow(state(second), "a", unixMs(NOON + second * 1_000))
            await Promise.resolve()
            await Promise.resolve()
        }
        await at(0)
        await at(1)
        await at(3)
        expect(asked).toEqual([[-3_600, 0]])
        await at(40)
        expect(asked.at(-1)).toEqual([3, 40])
        await at(50)
        expect(asked).toHaveLength(2)
        await at(60)
        expect(asked.at(-1)).toEqual([40, 60])
        expect(feed.track?.points.at(-1)).toEqual(point(60))
        feed.follow(state(60), null, unixMs(NOON + 60_000))
        expect(feed.track).toBeNull()
    })
})

describe("what the console writes", () => {
    it("counts ages in whole units, and a time to come as none", () => {
        const age = (spanMs: number) => ageText(unixMs(NOON), unixMs(NOON + spanMs))
        expect([4_999, 119_999, 120_000, 7_200_000, 172_800_000, -5_000].map(age)).toEqual([
            "4 s",
            "1 min",
            "2 min",
            "2 h",
            "2 d",
            "0 s",
        ])
    })

    it("gives speed in the unit of the trade and a course in three digits", () => {
        expect(speedText(mps(10), "vehicle")).toBe("36 km/h")
        expect(speedText(mps(10), "vessel")).toBe("19.4 kn")
        expect(headingText(deg(359.7))).toBe("000° N")
        expect(headingText(deg(87.2))).toBe("087° E")
        expect(headingText(null)).toBe("–")
    })
})

describe("a link", () => {
    it("comes back as it went, whatever the names", () => {
        const text = fc.string({ minLength: 1 })
        fc.assert(
            fc.property(text, text, (operationId, targetId) => {
                const view = { zoom: 14.25, latDeg: 47.141, lonDeg: -9.5209 }
                const link = { operationId, targetId, view }
                expect(parseLink(formatLink(link))).toEqual(link)
            }),
            { numRuns: cases(100, 5_000) },
        )
    })

    it.each(["#view=14/91/9", "#view=a/b/c", "#view=14/47", "#view=14//9", "#"])(
        "with a view that is none (%s) names none",
        (hash) => expect(parseLink(hash).view).toBeNull(),
    )
})

describe("a circle on the ground", () => {
    it("has its radius in metres all the way round, at any latitude", () => {
        for (const latDeg of [0, 47.14, -33, 78]) {
            const ring = circleRing({ latDeg: deg(latDeg), lonDeg: deg(9.52) }, metres(500))
            expect(ring).toHaveLength(65)
            expect(ring[0]).toEqual(ring.at(-1))
            for (const [lon, lat] of ring) {
                const radians = Math.PI / 180
                const haversine =
                    Math.sin(((lat - latDeg) * radians) / 2) ** 2 +
                    Math.cos(latDeg * radians) *
                        Math.cos(lat * radians) *
                        Math.sin(((lon - 9.52) * radians) / 2) ** 2
                expect(2 * 6_371_008.8 * Math.asin(Math.sqrt(haversine))).toBeCloseTo(500, 3)
            }
        }
    })

    it("encloses the area that the list of fences gives", () => {
        const centre = { latDeg: deg(47.14), lonDeg: deg(9.52) }
        const ring = circleRing(centre, metres(500))
        const drawn = areaM2({ type: "polygon", rings: [ring] })
        const told = areaM2({ type: "circle", center: centre, radiusM: metres(500) })
        expect(drawn / told).toBeGreaterThan(0.997)
        expect(drawn / told).toBeLessThan(1)
    })
})
