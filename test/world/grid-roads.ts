import { makePrng } from "../../simulator/world/prng.js"
import { parseRoads, type RoadGraph } from "../../simulator/world/roads.js"

/**
 * A seeded town of crooked streets, `size` by `size` corners about 120 m apart: some streets one-way,
 * some with a point between, some missing where that cuts nobody off for good.
 */
export function gridRoads(seed: string | number, size: number): RoadGraph {
    const prng = makePrng(seed)
    const nodes: number[] = []
    for (let row = 0; row < size; row++)
        for (let column = 0; column < size; column++)
            nodes.push(
                Math.round(9.5e6 + column * 1580 + prng.between(-400, 400)),
                Math.round(47.1e6 + row * 1080 + prng.between(-300, 300)),
            )
    const edges: unknown[] = []
    const connect = (from: number, to: number, keep: boolean) => {
        if (!keep && prng.next() < 0.15) return
        const oneWay = !keep && prng.next() < 0.25 ? 1 : 0
        const kmh = [30, 50, 60, 80][Math.floor(prng.between(0, 4))]
        const dLon = nodes[2 * to]! - nodes[2 * from]!
        const dLat = nodes[2 * to + 1]! - nodes[2 * from + 1]!
        const bow = prng.next() < 0.5 ? [] : [dLon >> 1, (dLat >> 1) + (dLon >> 4)]
        const metres = Math.hypot(dLon * 0.0758, dLat * 0.1112) * (bow.length > 0 ? 1.02 : 1)
        edges.push([from, to, metres, 0, oneWay, kmh, 0, bow])
    }
    for (let row = 0; row < size; row++)
        for (let column = 0; column < size; column++) {
            const node = row * size + column
            // A comb of two-way streets is always kept: every corner can be reached from every other.
            if (column + 1 < size) connect(node, node + 1, row === 0)
            if (row + 1 < size) connect(node, node + size, true)
        }
    return parseRoads({
        format: "road-graph/1",
        name: "grid",
        attribution: "made up",
        bbox: [9.4, 47, 9.7, 47.3],
        classes: ["residential"],
        names: [""],
        nodes,
        edges,
    })
}
