// Shapes on the ground as GeoJSON, true to scale. Sphere of radius 6,371,008.8 m (IUGG mean): against
// the ellipsoid a drawn radius is off by less than 0.6 %, which no screen shows.

import type { FenceShape } from "../../protocol/live.js"
import type { Deg, Metres } from "../../protocol/units.js"

const EARTH_RADIUS_M = 6_371_008.8
const RADIANS = Math.PI / 180
/** The polygon's sides stay within 0.13 % of the radius: r (1 - cos(π/64)). */
const CIRCLE_CORNERS = 64

export type LonLat = [lonDeg: number, latDeg: number]
export interface Centre {
    latDeg: Deg
    lonDeg: Deg
}

/** A closed ring of 65 points at `radiusM` along the ground from the centre. */
export function circleRing(centre: Centre, radiusM: Metres): LonLat[] {
    const arc = radiusM / EARTH_RADIUS_M
    const lat = centre.latDeg * RADIANS
    const ring: LonLat[] = []
    for (let corner = 0; corner <= CIRCLE_CORNERS; corner++) {
        // Whole turns only at the end, so that the ring closes on the same number.
        const bearing = ((corner % CIRCLE_CORNERS) / CIRCLE_CORNERS) * 2 * Math.PI
        const sinLat =
            Math.sin(lat) * Math.cos(arc) + Math.cos(lat) * Math.sin(arc) * Math.cos(bearing)
        const lon = Math.atan2(
            Math.sin(bearing) * Math.sin(arc) * Math.cos(lat),
            Math.cos(arc) - Math.sin(lat) * sinLat,
        )
        ring.push([centre.lonDeg + lon / RADIANS, Math.asin(sinLat) / RADIANS])
    }
    return ring
}

export function fenceRings(shape: FenceShape): LonLat[][] {
    return shape.type === "circle" ? [circleRing(shape.center, shape.radiusM)] : shape.rings
}

/** West, south, east, north of all points; null for none. */
export function boundsOf(points: Iterable<LonLat>): [number, number, number, number] | null {
    let bounds: [number, number, number, number] | null = null
    for (const [lon, lat] of points) {
        bounds =
            bounds === null
                ? [lon, lat, lon, lat]
                : [
                      Math.min(bounds[0], lon),
                      Math.min(bounds[1], lat),
                      Math.max(bounds[2], lon),
                      Math.max(bounds[3], lat),
                  ]
    }
    return bounds
}

/** Ground area in m²: the outline less its holes, on a plane through the middle of the shape. */
export function areaM2(shape: FenceShape): number {
    if (shape.type === "circle") return Math.PI * shape.radiusM ** 2
    const [outline = [], ...holes] = shape.rings
    return ringAreaM2(outline) - holes.reduce((sum, hole) => sum + ringAreaM2(hole), 0)
}

function ringAreaM2(ring: readonly LonLat[]): number {
    const bounds = boundsOf(ring)
    if (bounds === null) return 0
    const [west, south, , north] = bounds
    const metresPerDeg = EARTH_RADIUS_M * RADIANS
    const lonScale = metresPerDeg * Math.cos(((south + north) / 2) * RADIANS)
    let twice = 0
    for (let index = 1; index < ring.length; index++) {
        const [lonA, latA] = ring[index - 1]!
        const [lonB, latB] = ring[index]!
        const [xA, yA] = [(lonA - west) * lonScale, (latA - south) * metresPerDeg]
        const [xB, yB] = [(lonB - west) * lonScale, (latB - south) * metresPerDeg]
        twice += xA * yB - xB * yA
    }
    return Math.abs(twice) / 2
}
