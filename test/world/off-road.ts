import Flatbush from "flatbush"
import { metresPerDegree, type Position } from "../../simulator/world/geodesy.js"
import type { RoadGraph } from "../../simulator/world/roads.js"

/** A function that says how far a position is from the nearest street, when within 5 m; else infinity. */
export function offRoadM(graph: RoadGraph): (at: Position) => number {
    const sides = graph.edges.flatMap(({ line }) =>
        line.slice(1).map((to, i) => [line[i]!, to] as const),
    )
    const index = new Flatbush(sides.length)
    for (const [a, b] of sides)
        index.add(
            Math.min(a.lonDeg, b.lonDeg),
            Math.min(a.latDeg, b.latDeg),
            Math.max(a.lonDeg, b.lonDeg),
            Math.max(a.latDeg, b.latDeg),
        )
    index.finish()
    return ({ latDeg, lonDeg }) => {
        const { northM, eastM } = metresPerDegree(latDeg)
        const [dLat, dLon] = [5 / northM, 5 / eastM]
        const near = index.search(lonDeg - dLon, latDeg - dLat, lonDeg + dLon, latDeg + dLat)
        let nearest = Number.POSITIVE_INFINITY
        for (const i of near) {
            const [a, b] = sides[i]!
            const [ax, ay] = [(a.lonDeg - lonDeg) * eastM, (a.latDeg - latDeg) * northM]
            const [dx, dy] = [(b.lonDeg - a.lonDeg) * eastM, (b.latDeg - a.latDeg) * northM]
            const square = dx * dx + dy * dy
            const share = square === 0 ? 0 : -(ax * dx + ay * dy) / square
            const clamped = Math.min(1, Math.max(0, share))
            nearest = Math.min(nearest, Math.hypot(ax + clamped * dx, ay + clamped * dy))
        }
        return nearest
    }
}
