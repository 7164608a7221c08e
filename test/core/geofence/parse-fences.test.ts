import { describe, expect, it } from "vitest"
import { parseFences } from "../../../gateway/core/geofence/parse-fences.js"
import { InputError } from "../../../gateway/core/input-error.js"

const SQUARE = [
    [9, 47],
    [9.1, 47],
    [9.1, 47.1],
    [9, 47.1],
    [9, 47],
]

function parse(...features: object[]) {
    const all = features.map((parts) => ({ type: "Feature", properties: {}, ...parts }))
    return parseFences(JSON.stringify({ type: "FeatureCollection", features: all }), "f.geojson")
}

function polygon(...coordinates: unknown[]) {
    return { id: "yard", geometry: { type: "Polygon", coordinates } }
}

function messageOf(act: () => unknown): string {
    try {
        act()
    } catch (error) {
        expect(error).toBeInstanceOf(InputError)
        return (error as Error).message
    }
    throw new Error("expected an InputError")
}

describe("fences from GeoJSON", () => {
    it("are polygons with holes, circles, and one fence for each part of a multipolygon", () => {
        const fences = parse(
            { ...polygon(SQUARE), properties: { name: "Yard" } },
            {
                properties: { name: "Depot", radius_m: 250 },
                geometry: { type: "Point", coordinates: [9.5, 47.1, 460] },
            },
            {
                id: 7,
                geometry: { type: "MultiPolygon", coordinates: [[SQUARE], [SQUARE, SQUARE]] },
            },
        )
        expect(fences.map(({ id, name }) => [id, name])).toEqual([
            ["yard", "Yard"],
            ["Depot", "Depot"],
            ["7/1", "7 (part 1)"],
            ["7/2", "7 (part 2)"],
        ])
        expect(fences[0]!.shape).toEqual({ type: "polygon", rings: [SQUARE] })
        expect(fences[1]!.shape).toEqual({
            type: "circle",
            center: { latDeg: 47.1, lonDeg: 9.5 },
            radiusM: 250,
        })
    })

    it("may be a single feature, and an only part keeps the name", () => {
        const feature = {
            type: "Feature",
            properties: { fence_id: "a", name: "A" },
            geometry: { type: "MultiPolygon", coordinates: [[SQUARE]] },
        }
        const [fence] = parseFences(`\uFEFF${JSON.stringify(feature)}`, "f.geojson")
        expect(fence).toMatchObject({ id: "a", name: "A" })
    })

    it.each([
        ["a latitude out of range", polygon(withPoint(2, [9.1, 97])), "ring 1 point 3: latitude"],
        ["a longitude out of range", polygon(withPoint(1, [900, 47])), "ring 1 point 2: longitude"],
        [
            "a point of text",
            polygon(SQUARE, withPoint(1, ["x", 47])),
            'ring 2 point 2: longitude is "x"',
        ],
        ["a point of one number", polygon(withPoint(1, [9])), "ring 1 point 2"],
        ["a ring of three points", polygon(SQUARE.slice(0, 3)), "ring 1 is"],
        ["an open ring", polygon([...SQUARE.slice(0, 4), [9, 47.05]]), "ring 1: ends at [9,47.05]"],
        ["a ring without area", polygon([SQUARE[0], SQUARE[1], SQUARE[0], SQUARE[0]]), "no area"],
        [
            "a ring round the earth",
            polygon([0, 120, 240, 360].map((lon) => [lon, 60]).concat([[0, 60]])),
            "ring 1",
        ],
        ["a line", { geometry: { type: "LineString", coordinates: SQUARE } }, "geometry.type"],
        ["no geometry", { geometry: null }, "geometry is null"],
        ["no name", { geometry: polygon(SQUARE).geometry }, "has no name"],
        [
            "a point without a radius",
            { id: "p", geometry: { type: "Point", coordinates: [9, 47] } },
            "needs properties.radius_m",
        ],
        [
            "a radius below zero",
            {
                id: "p",
                properties: { radius_m: -5 },
                geometry: { type: "Point", coordinates: [9, 47] },
            },
            "properties.radius_m is -5",
        ],
    ])("refuse %s, saying where", (_, feature, part) => {
        const message = messageOf(() => parse({ ...polygon(SQUARE), id: "good" }, feature))
        expect(message).toContain("f.geojson: feature 2")
        expect(message).toContain(part)
    })

    it("refuse a ring that goes once round the earth without a pole", () => {
        const ring = [0, 100, 200, 300, 360].map((lon) => [lon, 60])
        const message = messageOf(() => parse(polygon([...ring.slice(0, 4), [0, 60]])))
        expect(message).toContain("goes once round the earth")
    })

    it("refuse the same id twice, what is not JSON, and what is not GeoJSON", () => {
        expect(messageOf(() => parse(polygon(SQUARE), polygon(SQUARE)))).toContain('"yard"')
        expect(messageOf(() => parseFences("{", "f.geojson"))).toContain("f.geojson: is not JSON")
        expect(messageOf(() => parseFences("[]", "f"))).toContain("expected FeatureCollection")
        expect(messageOf(() => parseFences("null", "f"))).toContain("expected FeatureCollection")
    })
})

function withPoint(index: number, point: unknown[]): unknown[] {
    return SQUARE.map((existing, at) => (at === index ? point : existing))
}
