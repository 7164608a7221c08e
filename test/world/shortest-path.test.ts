import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
    arcEnd,
    arcStart,
    liechtensteinRoads,
    loadRoads,
    type RoadGraph,
} from "../../simulator/world/roads.js"
import { fastestRoute } from "../../simulator/world/shortest-path.js"
import { cases } from "../support/cases.js"
import { gridRoads } from "./grid-roads.js"

function timeS(graph: RoadGraph, route: readonly number[], arrivedBy: number | null): number {
    let previous = arrivedBy
    let sum = 0
    for (const arc of route) {
        const { lengthM, limitMps } = graph.edges[arc >> 1]!
        sum += lengthM / limitMps + (previous !== null && arc === (previous ^ 1) ? 90 : 0)
        previous = arc
    }
    return sum
}

/** The least time to a node, found by letting every arc improve every other until none does. */
function leastTimeS(graph: RoadGraph, from: number, to: number, arrivedBy: number | null): number {
    const best = new Map<number, number>()
    for (const arc of graph.arcsFrom[from]!) best.set(arc, timeS(graph, [arc], arrivedBy))
    for (let changed = true; changed; ) {
        changed = false
        for (const [arc, soFarS] of best)
            for (const next of graph.arcsFrom[arcEnd(graph, arc)]!) {
                const viaS = soFarS + timeS(graph, [next], arc)
                if (viaS >= (best.get(next) ?? Number.POSITIVE_INFINITY) - 1e-9) continue
                best.set(next, viaS)
                changed = true
            }
    }
    return Math.min(...[...best].filter(([arc]) => arcEnd(graph, arc) === to).map(([, s]) => s))
}

function expectDrivable(graph: RoadGraph, route: readonly number[], from: number, to: number) {
    let node = from
    for (const arc of route) {
        expect(arcStart(graph, arc)).toBe(node)
        expect(graph.edges[arc >> 1]!.oneWay && (arc & 1) === 1).toBe(false)
        node = arcEnd(graph, arc)
    }
    expect(node).toBe(to)
}

describe("the fastest route", () => {
    it("takes as little time as an exhaustive search finds possible", () => {
        fc.assert(
            fc.property(fc.integer(), fc.nat(24), fc.nat(24), fc.nat(3), (seed, from, to, back) => {
                const graph = gridRoads(seed, 5)
                const arrivals = graph.arcsFrom.flat().filter((arc) => arcEnd(graph, arc) === from)
                const arrivedBy = back === 0 ? null : (arrivals[back % arrivals.length] ?? null)
                const route = fastestRoute(graph, from, to, arrivedBy)!
                expectDrivable(graph, route, from, to)
                const leastS = from === to ? 0 : leastTimeS(graph, from, to, arrivedBy)
                expect(timeS(graph, route, arrivedBy)).toBeCloseTo(leastS, 6)
            }),
            { numRuns: cases(60, 3000) },
        )
    })

    it("reaches every place in Liechtenstein from every other", () => {
        const graph = loadRoads(liechtensteinRoads)
        fc.assert(
            fc.property(
                fc.nat(graph.nodes.length - 1),
                fc.nat(graph.nodes.length - 1),
                (from, to) => expectDrivable(graph, fastestRoute(graph, from, to)!, from, to),
            ),
            { numRuns: cases(40, 2000) },
        )
    })

    it("is null where a one-way street leads away for good", () => {
        const graph = gridRoads("island", 3)
        graph.arcsFrom[8] = []
        expect(fastestRoute(graph, 8, 0)).toBeNull()
    })
})
