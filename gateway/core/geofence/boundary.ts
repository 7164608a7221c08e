// How far a position is from the line of a fence, negative inside.
//
// A polygon's edges are straight in longitude and latitude (RFC 7946, 3.1.1), and an edge takes the
// short way round: a step of more than 180° of longitude crosses the antimeridian. Rings may be cut
// at 180°, run on past it or jump across it; a position may carry any turn of its longitude. Inside is
// the even-odd rule over all rings, outline and holes. An edge that lies on a pole has no length and
// bounds nothing: Antarctica's ring is closed that way.
//
// Distances are taken in the plane at the position (local-plane.ts), where such edges stay straight:
// exact enough wherever the answer can matter, within `planeErrorM` of the distance it returns. A
// circle is the set of positions at a geodesic distance.

import { type Metres, metres } from "../../../protocol/units.js"
import { wrapLongitude } from "../geo/ellipsoid.js"
import { distanceM } from "../geo/geodesic.js"
import { type LocalPlane, planeAt } from "../geo/local-plane.js"
import type { Position } from "../geo/position.js"
import type { Geofence } from "./geofence.js"

type Shape = Geofence["shape"]
type Ring = readonly (readonly [number, number])[]

/**
 * Signed distance from a position to the line of a shape: negative inside, positive outside, 0 on
 * it. A polygon without an edge of any length has no inside and is infinitely far.
 */
export function boundaryDistanceM(shape: Shape, position: Position): Metres {
    if (shape.type === "circle") {
        return metres(distanceM(shape.center, position) - shape.radiusM)
    }
    const plane = planeAt(position)
    let isInside = false
    let nearestSq = Number.POSITIVE_INFINITY
    for (const ring of shape.rings) {
        for (let i = 1; i < ring.length; i++) {
            const edge = edgeFrom(plane, ring[i - 1]!, ring[i]!)
            if (edge === undefined) continue
            if (passesNorth(edge)) isInside = !isInside
            nearestSq = Math.min(nearestSq, distanceSq(plane, edge))
        }
    }
    const nearestM = Math.sqrt(nearestSq)
    return metres(isInside ? -nearestM : nearestM)
}

/** An edge in degrees east and north of the position. */
interface Edge {
    fromEast: number
    fromNorth: number
    toEast: number
    toNorth: number
}

function edgeFrom(plane: LocalPlane, from: Ring[number], to: Ring[number]): Edge | undefined {
    if (Math.abs(from[1]) === 90 && from[1] === to[1]) return undefined
    const fromEast = wrapLongitude(from[0] - plane.origin.lonDeg)
    return {
        fromEast,
        fromNorth: from[1] - plane.origin.latDeg,
        toEast: fromEast + shortWay(to[0] - from[0]),
        toNorth: to[1] - plane.origin.latDeg,
    }
}

/** A step of up to half a turn is taken as written, so that rounding cannot tear a ring. */
function shortWay(stepDeg: number): number {
    return Math.abs(stepDeg) <= 180 ? stepDeg : wrapLongitude(stepDeg)
}

/** Whether the edge crosses the meridian through the position, at the position or north of it. */
function passesNorth({ fromEast, fromNorth, toEast, toNorth }: Edge): boolean {
    // West counts as one side and the meridian itself as the other, so a corner counts once.
    if (fromEast < 0 === toEast < 0) return false
    const crossing = fromNorth + ((toNorth - fromNorth) * -fromEast) / (toEast - fromEast)
    return crossing >= 0
}

function distanceSq(plane: LocalPlane, edge: Edge): number {
    const fromEastM = edge.fromEast * plane.eastMPerDeg
    const fromNorthM = edge.fromNorth * plane.northMPerDeg
    const alongEastM = edge.toEast * plane.eastMPerDeg - fromEastM
    const alongNorthM = edge.toNorth * plane.northMPerDeg - fromNorthM
    const lengthSq = alongEastM ** 2 + alongNorthM ** 2
    const foot =
        lengthSq === 0 ? 0 : -(fromEastM * alongEastM + fromNorthM * alongNorthM) / lengthSq
    const share = Math.min(1, Math.max(0, foot))
    return (fromEastM + share * alongEastM) ** 2 + (fromNorthM + share * alongNorthM) ** 2
}
