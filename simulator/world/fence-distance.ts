// The true distance from a fence line, in a plane of the fence's own: right to a decimetre within a
// kilometre of its middle, and good enough to say "far" beyond. Fences across the 180th meridian are not known here.

import type { FenceShape } from "../../protocol/live.js"
import { type Metres, metres } from "../../protocol/units.js"
import { metresPerDegree, type Position } from "./geodesy.js"

/** A function that says how far a position is outside a fence's line; negative inside. */
export function fenceDistance(shape: FenceShape): (at: Position) => Metres {
    if (shape.type === "circle") {
        const { northM, eastM } = metresPerDegree(shape.center.latDeg)
        return ({ latDeg, lonDeg }) => {
            const north = (latDeg - shape.center.latDeg) * northM
            const east = (lonDeg - shape.center.lonDeg) * eastM
            return metres(Math.hypot(north, east) - shape.radiusM)
        }
    }
    const latitudes = shape.rings[0]!.map(([, latDeg]) => latDeg)
    const midLatDeg = (Math.min(...latitudes) + Math.max(...latitudes)) / 2
    const { northM, eastM } = metresPerDegree(midLatDeg)
    const sides = shape.rings.flatMap((ring) =>
        ring.slice(1).map(([lonDeg, latDeg], i) => {
            const [fromLonDeg, fromLatDeg] = ring[i]!
            const [x0, y0] = [fromLonDeg * eastM, fromLatDeg * northM]
            const [x1, y1] = [lonDeg * eastM, latDeg * northM]
            return { x0, y0, x1, y1 }
        }),
    )
    return ({ latDeg, lonDeg }) => {
        const [x, y] = [lonDeg * eastM, latDeg * northM]
        let nearest = Number.POSITIVE_INFINITY
        let inside = false
        for (const { x0, y0, x1, y1 } of sides) {
            const [dx, dy] = [x1 - x0, y1 - y0]
            const square = dx * dx + dy * dy
            const along = square === 0 ? 0 : ((x - x0) * dx + (y - y0) * dy) / square
            const share = Math.min(1, Math.max(0, along))
            nearest = Math.min(nearest, Math.hypot(x - x0 - share * dx, y - y0 - share * dy))
            // Even-odd rule over all rings, so that holes are outside.
            if (y0 > y !== y1 > y && x < x0 + ((y - y0) * dx) / dy) inside = !inside
        }
        return metres(inside ? -nearest : nearest)
    }
}
