// Fences laid along a drive whose truth is known, and the crossings that are due at them.

import type { Position } from "../../gateway/core/geo/position.js"
import { boundaryDistanceM } from "../../gateway/core/geofence/boundary.js"
import type { Geofence } from "../../gateway/core/geofence/geofence.js"
import { deg } from "../../protocol/units.js"
import { aCircle, offset } from "./builders.js"

export type Truth = readonly (Position & { atMs: number })[]

/** Circles around places of the drive that it enters and leaves once, or leaves and comes back to. */
export function blocksAlong(truth: Truth): Geofence[] {
    const fences: Geofence[] = []
    for (const radiusM of [75, 100, 150]) {
        for (let atMs = truth[0]!.atMs + 100_000; atMs < truth.at(-1)!.atMs; atMs += 60_000) {
            const center = truth.find((point) => point.atMs >= atMs)!
            const id = `${radiusM} m after ${(atMs - truth[0]!.atMs) / 1000} s`
            const fence = aCircle(radiusM, center, id)
            if (crossings(fence, truth).length === 2) fences.push(fence)
        }
    }
    return fences
}

/** Every change of side on the way, by the points alone. */
export function crossings(fence: Geofence, truth: Truth): { kind: "enter" | "exit"; t: number }[] {
    const sides = truth.map((point) => boundaryDistanceM(fence.shape, point) <= 0)
    return truth.flatMap(({ atMs }, index) => {
        if (index === 0 || sides[index] === sides[index - 1]) return []
        return [{ kind: sides[index] ? ("enter" as const) : ("exit" as const), t: atMs }]
    })
}

/** Circles of 300 m in sixteen directions, whose line passes a place at this distance. */
export function linesAround(place: Position, awayM: number): Geofence[] {
    return Array.from({ length: 16 }, (_, index) => {
        const rad = (index * Math.PI) / 8
        const reach = 300 + awayM
        const center = offset(reach * Math.sin(rad), reach * Math.cos(rad), place)
        return aCircle(300, center, `line ${index}`)
    })
}

/** The median place, latitude and longitude apart. */
export function middleOf(places: readonly Position[]): Position {
    return {
        latDeg: median(places.map(({ latDeg }) => latDeg)),
        lonDeg: median(places.map(({ lonDeg }) => lonDeg)),
    }
}

function median(values: number[]) {
    return deg(values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!)
}
