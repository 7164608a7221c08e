import { readFileSync } from "node:fs"
import fc from "fast-check"
import geographiclib from "geographiclib-geodesic"
import { describe, expect, it } from "vitest"
import { distanceM } from "../../../gateway/core/geo/geodesic.js"
import type { Position } from "../../../gateway/core/geo/position.js"
import { boundaryDistanceM } from "../../../gateway/core/geofence/boundary.js"
import type { Geofence } from "../../../gateway/core/geofence/geofence.js"
import { parseFences } from "../../../gateway/core/geofence/parse-fences.js"
import { deg } from "../../../protocol/units.js"
import { makePrng } from "../../../simulator/world/prng.js"
import { aCircle, aRectangle, HOME, offset } from "../../support/builders.js"
import { cases } from "../../support/cases.js"
import { sharedData } from "../../support/shared-data.js"

function position(latDeg: number, lonDeg: number): Position {
    return { latDeg: deg(latDeg), lonDeg: deg(lonDeg) }
}

function polygon(...rings: [number, number][][]): Geofence["shape"] {
    return { type: "polygon", rings }
}

/** A multipolygon is several fences, `<id>/1` and so on: inside it is inside any of them. */
function isInsideAny(parts: readonly Geofence[], at: Position): boolean {
    return parts.some(({ shape }) => boundaryDistanceM(shape, at) < 0)
}

function byFeature(fences: readonly Geofence[]): Map<string, Geofence[]> {
    const features = new Map<string, Geofence[]>()
    for (const fence of fences) {
        const feature = fence.id.split("/")[0]!
        features.set(feature, [...(features.get(feature) ?? []), fence])
    }
    return features
}

describe("a circle", () => {
    it("has its line at the geodesic radius, all over the globe", () => {
        const double = (min: number, max: number) => fc.double({ min, max, noNaN: true })
        fc.assert(
            fc.property(
                double(-89, 89),
                double(-180, 180),
                double(0, 360),
                double(1, 500_000),
                double(-1, 1),
                (lat, lon, azimuthDeg, radiusM, share) => {
                    const center = position(lat, lon)
                    const lengthM = radiusM * (1 + share)
                    const { lat2, lon2 } = geographiclib.Geodesic.WGS84.Direct(
                        lat,
                        lon,
                        azimuthDeg,
                        lengthM,
                    )
                    const { shape } = aCircle(radiusM, center)
                    const signed = boundaryDistanceM(shape, position(lat2!, lon2!))
                    expect(signed).toBeCloseTo(lengthM - radiusM, 2)
                },
            ),
            { numRuns: cases(200, 10_000) },
        )
    })
})

describe("a polygon", () => {
    it("gives the distance to the nearest side, negative inside", () => {
        const { shape } = aRectangle(200, 100)
        expect(boundaryDistanceM(shape, HOME)).toBeCloseTo(-50, 1)
        expect(boundaryDistanceM(shape, offset(90, 0))).toBeCloseTo(-10, 1)
        expect(boundaryDistanceM(shape, offset(130, 0))).toBeCloseTo(30, 1)
        expect(boundaryDistanceM(shape, offset(130, 90))).toBeCloseTo(50, 1)
    })

    it("is outside in its holes and inside on an island in one", () => {
        const ring = (side: number) => {
            const { shape } = aRectangle(side, side)
            return shape.type === "polygon" ? shape.rings[0]! : []
        }
        const shape = polygon(ring(1000), ring(600), ring(200))
        expect(boundaryDistanceM(shape, offset(400, 0))).toBeCloseTo(-100, 0)
        expect(boundaryDistanceM(shape, offset(250, 0))).toBeCloseTo(50, 0)
        expect(boundaryDistanceM(shape, HOME)).toBeCloseTo(-100, 0)
    })

    it("crosses the antimeridian cut, run on or jumped, from whichever turn one looks", () => {
        const runsOn = polygon([
            [179, -18],
            [181, -18],
            [181, -16],
            [179, -16],
            [179, -18],
        ])
        const jumps = polygon([
            [179, -18],
            [-179, -18],
            [-179, -16],
            [179, -16],
            [179, -18],
        ])
        for (const shape of [runsOn, jumps]) {
            for (const lon of [179.5, -179.5, 180, -180, 180.5, 539.5]) {
                expect(boundaryDistanceM(shape, position(-17, lon))).toBeLessThan(-50_000)
            }
            for (const lon of [178.5, -178.5, 0, 181.5]) {
                expect(boundaryDistanceM(shape, position(-17, lon))).toBeGreaterThan(50_000)
            }
        }
    })

    it("may be closed through a pole, which is no line to cross", () => {
        const cap = polygon([
            [-180, -90],
            [-180, -70],
            [0, -70],
            [180, -70],
            [180, -90],
            [-180, -90],
        ])
        expect(boundaryDistanceM(cap, position(-89.999, 45))).toBeLessThan(0)
        expect(boundaryDistanceM(cap, position(-75, 100))).toBeLessThan(-500_000)
        expect(boundaryDistanceM(cap, position(-65, 100))).toBeGreaterThan(500_000)
    })

    it("agrees with a walk along its sides in small geodesic steps", () => {
        const prng = makePrng(11)
        for (let round = 0; round < cases(10, 200); round++) {
            const center = position(prng.between(-80, 80), prng.between(-180, 180))
            const { shape, corners } = star(prng.next, center, 400)
            for (let probe = 0; probe < 10; probe++) {
                const at = offset(prng.between(-600, 600), prng.between(-600, 600), center)
                let nearest = Number.POSITIVE_INFINITY
                corners.forEach((from, index) => {
                    const to = corners[(index + 1) % corners.length]!
                    for (let step = 0; step <= 100; step++) {
                        const east = from[0] + ((to[0] - from[0]) * step) / 100
                        const north = from[1] + ((to[1] - from[1]) * step) / 100
                        nearest = Math.min(nearest, distanceM(at, offset(east, north, center)))
                    }
                })
                expect(Math.abs(Math.abs(boundaryDistanceM(shape, at)) - nearest)).toBeLessThan(5)
            }
        }
    })
})

/** A star-shaped ring: whether a point is inside follows from its angle and radius alone. */
function star(random: () => number, center: Position, radiusM: number) {
    const count = 5 + Math.floor(random() * 20)
    const corners = Array.from({ length: count }, (_, index): [number, number] => {
        const angle = (2 * Math.PI * index) / count
        const reach = radiusM * (0.3 + 0.7 * random())
        return [reach * Math.cos(angle), reach * Math.sin(angle)]
    })
    const ring = [...corners, corners[0]!].map(([east, north]): [number, number] => {
        const { latDeg, lonDeg } = offset(east, north, center)
        return [lonDeg, latDeg]
    })
    return { shape: polygon(ring), corners }
}

function isInsideStar(corners: readonly [number, number][], [x, y]: [number, number]): boolean {
    const sector = (2 * Math.PI) / corners.length
    const angle = (Math.atan2(y, x) + 2 * Math.PI) % (2 * Math.PI)
    const index = Math.min(corners.length - 1, Math.floor(angle / sector))
    const [[ax, ay], [bx, by]] = [corners[index]!, corners[(index + 1) % corners.length]!]
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0
}

describe("inside and outside", () => {
    const expected = sharedData("geofence/pip_expected_dev.csv")

    it.runIf(expected !== undefined)("are what GEOS says on 5,680 points of real borders", () => {
        const folder = sharedData("geofence")!
        const read = (file: string) => readFileSync(`${folder}/${file}`, "utf8")
        const fences = byFeature([
            ...parseFences(read("countries_dev.geojson"), "countries"),
            ...parseFences(read("us_counties_dev.geojson"), "counties"),
        ])
        const uncut = JSON.parse(read("antimeridian_uncut_dev.geojson")) as {
            features: { id: string; properties: { same_area_as: string } }[]
        }
        const uncutFences = byFeature(parseFences(JSON.stringify(uncut), "uncut"))
        const twins = new Map(
            uncut.features.map(({ id, properties }) => [
                properties.same_area_as,
                uncutFences.get(id)!,
            ]),
        )
        const wrong: string[] = []
        let checked = 0
        for (const line of read("pip_expected_dev.csv").trim().split("\n").slice(1)) {
            const [id, lon, lat, inside] = line.split(",")
            for (const turn of [-360, 0, 360]) {
                const at = position(Number(lat), Number(lon) + turn)
                for (const parts of [fences.get(id!)!, twins.get(id!)]) {
                    if (parts !== undefined && isInsideAny(parts, at) !== (inside === "1")) {
                        wrong.push(`${line} turned by ${turn}`)
                    }
                }
            }
            checked++
        }
        expect(wrong).toEqual([])
        expect(checked).toBe(5680)
    })

    it("are what the angle says in seeded stars", () => {
        const prng = makePrng(12)
        for (let round = 0; round < 500; round++) {
            const center = position(prng.between(-70, 70), prng.between(-180, 180))
            const { shape, corners } = star(prng.next, center, 5_000)
            for (let probe = 0; probe < 10; probe++) {
                const at: [number, number] = [prng.between(-5e3, 5e3), prng.between(-5e3, 5e3)]
                const signed = boundaryDistanceM(shape, offset(...at, center))
                // The star is drawn on the plane: next to a side its roundings decide.
                if (Math.abs(signed) > 20) expect(signed < 0).toBe(isInsideStar(corners, at))
            }
        }
    })

    it("do not depend on which way round or where a ring begins", () => {
        const double = fc.double({ min: -500, max: 500, noNaN: true })
        fc.assert(
            fc.property(fc.integer(), fc.nat(30), double, double, (seed, shift, east, north) => {
                const { shape } = star(makePrng(seed).next, HOME, 400)
                if (shape.type !== "polygon") return
                const open = shape.rings[0]!.slice(1)
                const by = shift % open.length
                const turned = [...open.slice(by), ...open.slice(0, by)].reverse()
                const other = polygon([...turned, turned[0]!])
                const at = offset(east, north)
                expect(boundaryDistanceM(other, at)).toBeCloseTo(boundaryDistanceM(shape, at), 6)
            }),
            { numRuns: cases(200, 10_000) },
        )
    })
})
