// The fastest way through a road graph, by A*. The search runs over arcs, not nodes: what may follow
// depends on how one arrived, because turning back on the spot costs time.

import FlatQueue from "flatqueue"
import { metresPerDegree } from "./geodesy.js"
import { arcEnd, type RoadGraph } from "./roads.js"

/** What turning back on the spot costs: more than driving round a block, less than round a town. */
const turnBackS = 90

/** Stands for "by no arc" in the list of how each arc was reached. */
const none = -1

/**
 * The arcs of the fastest route between two nodes, in driving order, at the speed limits and with
 * one-way streets respected. `arrivedBy` is the arc that led to `from`, if any: leaving by the same
 * street is then a turn on the spot. Null where no route exists; empty where `from` is `to`.
 */
export function fastestRoute(
    graph: RoadGraph,
    from: number,
    to: number,
    arrivedBy: number | null = null,
): number[] | null {
    if (from === to) return []
    const leastS = leastTimeS(graph, to)
    const bestS = new Float64Array(2 * graph.edges.length).fill(Number.POSITIVE_INFINITY)
    const cameBy = new Int32Array(2 * graph.edges.length).fill(none)
    const open = new FlatQueue()
    const reach = (arc: number, startS: number, previous: number) => {
        const edge = graph.edges[arc >> 1]!
        const endS = startS + edge.lengthM / edge.limitMps
        if (endS >= bestS[arc]!) return
        bestS[arc] = endS
        cameBy[arc] = previous
        open.push(arc, endS + leastS(arcEnd(graph, arc)))
    }
    for (const arc of graph.arcsFrom[from]!) reach(arc, turnS(arrivedBy, arc), none)
    const settled = new Uint8Array(2 * graph.edges.length)
    for (let arc = open.pop(); arc !== undefined; arc = open.pop()) {
        const node = arcEnd(graph, arc)
        if (node === to) return unwind(cameBy, arc)
        if (settled[arc]) continue
        settled[arc] = 1
        for (const next of graph.arcsFrom[node]!) reach(next, bestS[arc]! + turnS(arc, next), arc)
    }
    return null
}

function turnS(arrivedBy: number | null, leavingBy: number): number {
    return arrivedBy !== null && leavingBy === (arrivedBy ^ 1) ? turnBackS : 0
}

function unwind(cameBy: Int32Array, last: number): number[] {
    const route: number[] = []
    for (let arc = last; arc !== none; arc = cameBy[arc]!) route.push(arc)
    return route.reverse()
}

/** A lower bound of the time from a node to `to`: the straight line at the highest limit anywhere. */
function leastTimeS(graph: RoadGraph, to: number): (node: number) => number {
    const goal = graph.nodes[to]!
    const { northM, eastM } = metresPerDegree(goal.latDeg)
    // Nine tenths of the plane's length stays below the true one for routes of some hundred km,
    // and below lengths in the file that were rounded.
    const slowness = 0.9 / graph.edges.reduce((most, edge) => Math.max(most, edge.limitMps), 0)
    return (node) => {
        const { latDeg, lonDeg } = graph.nodes[node]!
        const north = (latDeg - goal.latDeg) * northM
        const east = (lonDeg - goal.lonDeg) * eastM
        return slowness * Math.sqrt(north * north + east * east)
    }
}
