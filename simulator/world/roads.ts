// A road network as a directed graph. Every street piece between two junctions is an `Edge`; driving
// it in one direction is an `Arc`: arc 2·e goes along edge e as drawn, arc 2·e + 1 against it.
// The file format, `road-graph/1`, is gzip-compressed JSON with positions in millionths of a degree.

import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { deg, type Metres, type Mps, metres, mps } from "../../protocol/units.js"
import { metresPerDegree, type Position } from "./geodesy.js"

export interface RoadGraph {
    name: string
    attribution: string
    bounds: [west: number, south: number, east: number, north: number]
    nodes: Position[]
    edges: Edge[]
    /** Arcs that may be driven from each node, by node. */
    arcsFrom: number[][]
}

export interface Edge {
    from: number
    to: number
    lengthM: Metres
    limitMps: Mps
    oneWay: boolean
    /** Such as `primary` or `residential`: OpenStreetMap's highway tag. */
    roadClass: string
    /** Empty for a street without a name. */
    street: string
    /** Both ends and every point between. */
    line: Position[]
}

/** The demo region's roads, shipped beside this file; data/NOTICE.md has their licence. */
export const liechtensteinRoads = new URL("./data/liechtenstein.roads.json.gz", import.meta.url)

/** Reads and checks a `.roads.json.gz` file; throws with the file's name and what is wrong in it. */
export function loadRoads(file: URL | string): RoadGraph {
    try {
        return parseRoads(JSON.parse(gunzipSync(readFileSync(file)).toString("utf8")))
    } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new Error(`cannot load roads from ${file}: ${why}`, { cause })
    }
}

/** A graph from a parsed `road-graph/1` document; throws naming the field, its value and the rule. */
export function parseRoads(document: unknown): RoadGraph {
    const source = document as Record<string, unknown> | null
    if (typeof source !== "object" || source === null) refuse("document", document, "an object")
    if (source.format !== "road-graph/1") refuse("format", source.format, `"road-graph/1"`)
    const classes = strings("classes", source.classes)
    const names = strings("names", source.names)
    const nodes = parseNodes(numbers("nodes", source.nodes))
    if (!Array.isArray(source.edges)) refuse("edges", source.edges, "an array")
    const edges = source.edges.map((edge, i) =>
        parseEdge(`edges[${i}]`, edge, nodes, classes, names),
    )
    const arcsFrom: number[][] = nodes.map(() => [])
    edges.forEach((edge, i) => {
        arcsFrom[edge.from]!.push(2 * i)
        if (!edge.oneWay) arcsFrom[edge.to]!.push(2 * i + 1)
    })
    const bounds = numbers("bbox", source.bbox)
    if (bounds.length !== 4) refuse("bbox", bounds, "[west, south, east, north]")
    return {
        name: text("name", source.name),
        attribution: text("attribution", source.attribution),
        bounds: bounds as RoadGraph["bounds"],
        nodes,
        edges,
        arcsFrom,
    }
}

export function arcStart(graph: RoadGraph, arc: number): number {
    const edge = graph.edges[arc >> 1]!
    return arc & 1 ? edge.to : edge.from
}

export function arcEnd(graph: RoadGraph, arc: number): number {
    return arcStart(graph, arc ^ 1)
}

/** The points of an arc in the order they are driven. */
export function arcLine(graph: RoadGraph, arc: number): Position[] {
    const { line } = graph.edges[arc >> 1]!
    return arc & 1 ? line.toReversed() : line
}

/** The node nearest to a position, and how far off it is. */
export function nearestNode(
    graph: RoadGraph,
    { latDeg, lonDeg }: Position,
): { node: number; distanceM: Metres } {
    const { northM, eastM } = metresPerDegree(latDeg)
    let node = -1
    let square = Number.POSITIVE_INFINITY
    graph.nodes.forEach((candidate, i) => {
        const north = (candidate.latDeg - latDeg) * northM
        const east = (candidate.lonDeg - lonDeg) * eastM
        const candidateSquare = north * north + east * east
        if (candidateSquare < square) {
            node = i
            square = candidateSquare
        }
    })
    return { node, distanceM: metres(Math.sqrt(square)) }
}

function parseNodes(flat: number[]): Position[] {
    if (flat.length === 0 || flat.length % 2 !== 0)
        refuse("nodes", `${flat.length} numbers`, "longitude and latitude in turn")
    return Array.from({ length: flat.length / 2 }, (_, i) =>
        position(`nodes[${2 * i}]`, flat[2 * i]!, flat[2 * i + 1]!),
    )
}

function parseEdge(
    field: string,
    value: unknown,
    nodes: Position[],
    classes: string[],
    names: string[],
): Edge {
    if (!Array.isArray(value) || value.length !== 8) refuse(field, value, "an array of 8")
    const [from, to, lengthM, roadClass, oneWay, kmh, street, between] = value
    const inRange = (at: number, length: number) => Number.isInteger(at) && at >= 0 && at < length
    const needs = (index: number, holds: boolean, expected: string) => {
        if (!holds) refuse(`${field}[${index}]`, value[index], expected)
    }
    needs(0, inRange(from, nodes.length), `a node, 0 to ${nodes.length - 1}`)
    needs(1, inRange(to, nodes.length), `a node, 0 to ${nodes.length - 1}`)
    needs(2, Number.isFinite(lengthM) && lengthM > 0, "a length above 0 m")
    needs(3, inRange(roadClass, classes.length), `a class, 0 to ${classes.length - 1}`)
    needs(4, oneWay === 0 || oneWay === 1, "0 or 1")
    needs(5, Number.isFinite(kmh) && kmh > 0, "a speed above 0 km/h")
    needs(6, inRange(street, names.length), `a name, 0 to ${names.length - 1}`)
    const deltas = numbers(`${field}[7]`, between)
    needs(7, deltas.length % 2 === 0, "longitude and latitude steps in turn")
    const line = [nodes[from]!]
    let lonE6 = Math.round(nodes[from]!.lonDeg * 1e6)
    let latE6 = Math.round(nodes[from]!.latDeg * 1e6)
    for (let i = 0; i < deltas.length; i += 2) {
        lonE6 += deltas[i]!
        latE6 += deltas[i + 1]!
        line.push(position(`${field}[7][${i}]`, lonE6, latE6))
    }
    line.push(nodes[to]!)
    return {
        from,
        to,
        lengthM: metres(lengthM),
        limitMps: mps(kmh / 3.6),
        oneWay: oneWay === 1,
        roadClass: classes[roadClass]!,
        street: names[street]!,
        line,
    }
}

function position(field: string, lonE6: number, latE6: number): Position {
    if (!(Math.abs(lonE6) <= 180e6 && Math.abs(latE6) <= 90e6))
        refuse(field, [lonE6, latE6], "a position in millionths of a degree")
    return { latDeg: deg(latE6 / 1e6), lonDeg: deg(lonE6 / 1e6) }
}

function text(field: string, value: unknown): string {
    if (typeof value !== "string") refuse(field, value, "a string")
    return value
}

function strings(field: string, value: unknown): string[] {
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string"))
        refuse(field, value, "an array of strings")
    return value
}

function numbers(field: string, value: unknown): number[] {
    if (!Array.isArray(value) || !value.every((item) => Number.isFinite(item)))
        refuse(field, value, "an array of numbers")
    return value
}

function refuse(field: string, value: unknown, expected: string): never {
    const given = JSON.stringify(value) ?? String(value)
    const shown = given.length > 60 ? `${given.slice(0, 60)}…` : given
    throw new Error(`${field} is ${shown}, expected ${expected}`)
}
