// GeoJSON (RFC 7946) into fences: a FeatureCollection or one Feature, each a Polygon, a MultiPolygon,
// or a Point with `radius_m` (or `radiusM`) in its properties, which is a circle.
//
// A fence's name is `properties.name`; its id is the feature's `id`, else `properties.id` or
// `properties.fence_id`, else the name; its name, without one, the id. Ids are unique in a file. A
// FenceShape has one outline, so a MultiPolygon becomes one fence a part, `<id>/1`, `<id>/2` and so
// on. Whatever is wrong is an InputError that names feature, ring and point, counted from 1.

import { z } from "zod"
import { deg, metres } from "../../../protocol/units.js"
import { wrapLongitude } from "../geo/ellipsoid.js"
import { InputError } from "../input-error.js"
import type { Geofence } from "./geofence.js"

/** Half the circumference is 20,000 km; a circle that large has no outside worth the name. */
const RADIUS_MAX_M = 10_000_000
/** A fence for each street of a city. */
export const FENCES_MAX = 100_000

const point = z.tuple([z.number(), z.number()], z.number())
const ring = z.array(point).min(4)
const polygon = z.array(ring).min(1)
const geometry = z.discriminatedUnion("type", [
    z.object({ type: z.literal("Polygon"), coordinates: polygon }),
    z.object({ type: z.literal("MultiPolygon"), coordinates: z.array(polygon).min(1) }),
    z.object({ type: z.literal("Point"), coordinates: point }),
])
const text = z.union([z.string().trim().min(1), z.number()])
const properties = z
    .looseObject({
        name: text.nullish(),
        id: text.nullish(),
        fence_id: text.nullish(),
        radius_m: z.number().positive().max(RADIUS_MAX_M).nullish(),
        radiusM: z.number().positive().max(RADIUS_MAX_M).nullish(),
    })
    .nullish()
const feature = z.object({
    type: z.literal("Feature"),
    id: text.nullish(),
    properties,
    geometry,
})
const collection = z.object({
    type: z.literal("FeatureCollection"),
    features: z.array(z.unknown()).max(FENCES_MAX),
})

type Feature = z.infer<typeof feature>
type Point = [number, number]

/** `source` names the file in messages. */
export function parseFences(json: string, source: string): Geofence[] {
    const value = parseJson(json, source)
    const features = featuresOf(value, source)
    const fences = features.flatMap((raw, index) => {
        const where = `${source}: feature ${index + 1}`
        const parsed = feature.safeParse(raw)
        if (!parsed.success) throw new InputError(`${where}${explain(parsed.error, raw)}`)
        return fencesOf(parsed.data, where)
    })
    const seen = new Set<string>()
    for (const { id } of fences) {
        if (seen.has(id)) {
            throw new InputError(`${source}: fence id "${id}" appears twice, expected each once`)
        }
        seen.add(id)
    }
    return fences
}

function parseJson(json: string, source: string): unknown {
    try {
        return JSON.parse(json.replace(/^\uFEFF/, ""))
    } catch (cause) {
        throw new InputError(`${source}: is not JSON: ${(cause as Error).message}`, { cause })
    }
}

function featuresOf(value: unknown, source: string): unknown[] {
    const type = (value as { type?: unknown } | null)?.type
    if (type === "Feature") return [value]
    if (type !== "FeatureCollection") {
        const got = shown(type)
        throw new InputError(`${source}: type is ${got}, expected FeatureCollection or Feature`)
    }
    const parsed = collection.safeParse(value)
    if (parsed.success) return parsed.data.features
    throw new InputError(`${source}${explain(parsed.error, value)}`)
}

function fencesOf({ id, properties, geometry }: Feature, where: string): Geofence[] {
    const given = id ?? properties?.id ?? properties?.fence_id ?? properties?.name
    if (given === undefined || given === null) {
        throw new InputError(`${where}: has no name, expected properties.name or an id`)
    }
    const fenceId = String(given)
    const name = String(properties?.name ?? given)
    if (geometry.type === "Point") {
        return [{ id: fenceId, name, shape: circle(geometry.coordinates, properties, where) }]
    }
    const parts = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates
    return parts.map((rings, part) => {
        const isOnly = parts.length === 1
        const place = isOnly ? where : `${where} part ${part + 1}`
        const checked = rings.map((points, index) =>
            checkedRing(points as Point[], `${place} ring ${index + 1}`),
        )
        return {
            id: isOnly ? fenceId : `${fenceId}/${part + 1}`,
            name: isOnly ? name : `${name} (part ${part + 1})`,
            shape: { type: "polygon", rings: checked },
        }
    })
}

function circle(
    coordinates: readonly number[],
    properties: Feature["properties"],
    where: string,
): Geofence["shape"] {
    const radiusM = properties?.radius_m ?? properties?.radiusM
    if (radiusM === undefined || radiusM === null) {
        throw new InputError(`${where}: a Point needs properties.radius_m in metres, got none`)
    }
    const [lon, lat] = checkedPoint(coordinates as Point, where)
    const center = { latDeg: deg(lat), lonDeg: deg(wrapLongitude(lon)) }
    return { type: "circle", center, radiusM: metres(radiusM) }
}

function checkedRing(points: readonly Point[], where: string): Point[] {
    const checked = points.map((p, index) => checkedPoint(p, `${where} point ${index + 1}`))
    const [first, last] = [checked[0]!, checked.at(-1)!]
    if (last[1] !== first[1] || last[0] !== first[0]) {
        throw new InputError(
            `${where}: ends at ${shown(last)}, expected its first point ${shown(first)}`,
        )
    }
    // Steps the short way sum to nothing, or to whole turns: then the ring goes round a pole and
    // which side is inside is nowhere said. A step along a pole stands as it is written.
    let turned = 0
    let twiceArea = 0
    for (let i = 1; i < checked.length; i++) {
        const [from, to] = [checked[i - 1]!, checked[i]!]
        const onPole = Math.abs(from[1]) === 90 && from[1] === to[1]
        const step = to[0] - from[0]
        const next = turned + (onPole || Math.abs(step) <= 180 ? step : wrapLongitude(step))
        twiceArea += turned * to[1] - next * from[1]
        turned = next
    }
    if (Math.abs(turned) > 1) {
        throw new InputError(
            `${where}: goes once round the earth, expected a ring closed through the pole, ` +
                "with points at latitude 90 or -90 (RFC 7946, 3.1.9)",
        )
    }
    if (twiceArea === 0) throw new InputError(`${where}: has no area, expected a ring around one`)
    return checked
}

function checkedPoint([lon, lat]: Point, where: string): Point {
    if (Math.abs(lat) > 90) {
        throw new InputError(
            `${where}: latitude is ${lat}, expected -90 to 90 (a point is [longitude, latitude])`,
        )
    }
    // Rings that cross the antimeridian uncut may run past 180 by up to one turn.
    if (Math.abs(lon) > 540) {
        throw new InputError(`${where}: longitude is ${lon}, expected -180 to 180`)
    }
    return [lon, lat]
}

/** The first thing zod found, in the words of this file: ` ring 2 point 3: is "x", expected …`. */
function explain(error: z.ZodError, value: unknown): string {
    const issue = error.issues[0]!
    let at: unknown = value
    for (const key of issue.path) at = (at as Record<PropertyKey, unknown> | undefined)?.[key]
    return `${place(issue.path, value)} is ${shown(at)}: ${issue.message}`
}

function place(path: readonly PropertyKey[], value: unknown): string {
    if (path.length === 0) return ""
    if (path[0] !== "geometry" || path[1] !== "coordinates") return `: ${path.join(".")}`
    const type = (value as { geometry: { type: unknown } }).geometry.type
    const names = type === "MultiPolygon" ? ["part", "ring", "point"] : ["ring", "point"]
    const steps = path.slice(2).map((index, depth) => {
        const name = type === "Point" ? undefined : names[depth]
        if (name !== undefined) return ` ${name} ${Number(index) + 1}`
        return `: ${["longitude", "latitude"][Number(index)] ?? `number ${Number(index) + 1}`}`
    })
    return steps.length === 0 ? ": coordinates" : steps.join("")
}

function shown(value: unknown): string {
    const json = JSON.stringify(value) ?? "missing"
    return json.length > 80 ? `${json.slice(0, 80)}…` : json
}
