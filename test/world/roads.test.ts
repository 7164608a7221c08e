import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { inverse, type Position } from "../../simulator/world/geodesy.js"
import {
    arcEnd,
    arcLine,
    arcStart,
    liechtensteinRoads,
    loadRoads,
    nearestNode,
    parseRoads,
} from "../../simulator/world/roads.js"

const document = {
    format: "road-graph/1",
    name: "two streets",
    attribution: "made up",
    bbox: [9, 47, 10, 48],
    classes: ["residential", "primary"],
    names: ["", "Landstrasse"],
    nodes: [9500000, 47100000, 9501000, 47100000, 9502000, 47100000],
    edges: [
        [0, 1, 75.9, 1, 0, 50, 1, [500, 10]],
        [1, 2, 75.9, 0, 1, 30, 0, []],
    ],
}

describe("a road graph", () => {
    it("is read with units, names and every point", () => {
        const graph = parseRoads(document)
        expect(graph.edges[0]).toMatchObject({
            from: 0,
            to: 1,
            lengthM: 75.9,
            limitMps: 50 / 3.6,
            oneWay: false,
            roadClass: "primary",
            street: "Landstrasse",
        })
        expect(graph.edges[0]!.line).toEqual([
            { latDeg: 47.1, lonDeg: 9.5 },
            { latDeg: 47.10001, lonDeg: 9.5005 },
            { latDeg: 47.1, lonDeg: 9.501 },
        ])
    })

    it("lets nobody drive against a one-way street", () => {
        const graph = parseRoads(document)
        expect(graph.arcsFrom).toEqual([[0], [1, 2], []])
        expect(arcStart(graph, 1)).toBe(1)
        expect(arcEnd(graph, 1)).toBe(0)
        expect(arcLine(graph, 1)).toEqual(graph.edges[0]!.line.toReversed())
    })

    it.each([
        ["format", { format: "road-graph/2" }, 'format is "road-graph/2", expected "road-graph/1"'],
        ["nodes", { nodes: [1, 2, 3] }, "nodes is "],
        ["a latitude", { nodes: [0, 91e6] }, "nodes[0] is [0,91000000], expected a position"],
        ["edges", { edges: undefined }, "edges is undefined, expected an array"],
        ["an edge", { edges: [[0, 1]] }, "edges[0] is [0,1], expected an array of 8"],
        [
            "a node of an edge",
            { edges: [[0, 3, 1, 0, 0, 50, 0, []]] },
            "edges[0][1] is 3, expected a node, 0 to 2",
        ],
        [
            "a speed",
            { edges: [[0, 1, 1, 0, 0, "fast", 0, []]] },
            'edges[0][5] is "fast", expected a speed above 0 km/h',
        ],
        [
            "a step",
            { edges: [[0, 1, 1, 0, 0, 50, 0, [1]]] },
            "edges[0][7] is [1], expected longitude and latitude steps in turn",
        ],
        ["bounds", { bbox: [1, 2] }, "bbox is [1,2], expected [west, south, east, north]"],
    ])(
        "is refused with the field, the value and the rule when %s is wrong",
        (_, wrong, message) => {
            expect(() => parseRoads({ ...document, ...wrong })).toThrow(message)
        },
    )

    it("names the file that cannot be read", () => {
        const notice = new URL("NOTICE.md", liechtensteinRoads)
        expect(() => loadRoads(notice)).toThrow(/^cannot load roads from file:.*NOTICE\.md: /)
        expect(() => loadRoads(`${fileURLToPath(notice)}.gone`)).toThrow("ENOENT")
    })
})

describe("the roads of Liechtenstein", () => {
    const graph = loadRoads(liechtensteinRoads)

    it("are all there, and carry their attribution", () => {
        expect(graph.nodes.length).toBe(2429)
        expect(graph.edges.length).toBe(2886)
        expect(graph.attribution).toContain("© OpenStreetMap contributors")
    })

    it("have the lengths of their lines", () => {
        for (const edge of graph.edges) {
            let lengthM = 0
            for (let i = 1; i < edge.line.length; i++)
                lengthM += inverse(edge.line[i - 1]!, edge.line[i]!).distanceM
            // The file's lengths are of a sphere and rounded to 0.1 m.
            expect(Math.abs(lengthM - edge.lengthM)).toBeLessThan(0.06 + 0.004 * lengthM)
        }
    })

    it("have a nearest corner to every place", () => {
        graph.nodes.slice(0, 50).forEach((node, i) => {
            const beside = { latDeg: node.latDeg + 1e-7, lonDeg: node.lonDeg } as Position
            expect(nearestNode(graph, beside).node).toBe(i)
            expect(nearestNode(graph, beside).distanceM).toBeCloseTo(0.0111, 3)
        })
    })
})
