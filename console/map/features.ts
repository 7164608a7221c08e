// From views to what the map's sources hold. Pure: the controller compares and hands over.

import type { FenceView, TargetView } from "../../protocol/live.js"
import type { UnixMs } from "../../protocol/units.js"
import { freshnessOf } from "../live/freshness.js"
import { type Track, unbrokenRuns } from "../live/track.js"
import { ageText } from "../live/wording.js"
import { circleRing, fenceRings, type LonLat } from "./shapes.js"

type Geometry =
    | { type: "Point"; coordinates: LonLat }
    | { type: "LineString"; coordinates: LonLat[] }
    | { type: "Polygon"; coordinates: LonLat[][] }

export interface Feature {
    type: "Feature"
    geometry: Geometry
    properties: Record<string, string | number | boolean>
}

export interface FeatureCollection {
    type: "FeatureCollection"
    features: Feature[]
}

/** How a target looks now, beyond where it is: what makes its feature worth sending again. */
export interface TargetLook {
    icon: string
    label: string
    isSilent: boolean
    isChosen: boolean
}

export function lookOf(target: TargetView, nowMs: UnixMs, isChosen: boolean): TargetLook | null {
    if (target.last === null) return null
    const freshness = freshnessOf(target.last.atMs, nowMs)
    const motion = target.last.headingDeg === null ? "still" : "heading"
    const age = freshness === "fresh" ? "" : `\n${ageText(target.last.atMs, nowMs)} ago`
    return {
        icon: `target:${target.kind}:${motion}:${freshness}`,
        label: `${target.name}${age}`,
        isSilent: freshness === "silent",
        isChosen,
    }
}

/** The marker, exactly at the stored position. Null where there is none. */
export function markerOf(target: TargetView, look: TargetLook): Feature | null {
    if (target.last === null) return null
    const { latDeg, lonDeg, headingDeg } = target.last
    return {
        type: "Feature",
        geometry: { type: "Point", coordinates: [lonDeg, latDeg] },
        properties: { id: target.id, headingDeg: headingDeg ?? 0, ...look },
    }
}

/** The circle that holds the truth in 68 % of cases. */
export function accuracyOf(target: TargetView, look: TargetLook): Feature | null {
    if (target.last === null) return null
    return {
        type: "Feature",
        geometry: {
            type: "Polygon",
            coordinates: [circleRing(target.last, target.last.accuracyM)],
        },
        properties: { id: target.id, isChosen: look.isChosen, isSilent: look.isSilent },
    }
}

export function fenceFeatures(fences: readonly FenceView[]): FeatureCollection {
    return collection(
        fences.map((fence) => ({
            type: "Feature",
            geometry: { type: "Polygon", coordinates: fenceRings(fence.shape) },
            properties: { id: fence.id, name: fence.name },
        })),
    )
}

/** Lines for what was travelled, and a dot for every point, so that a lone one shows as well. */
export function trackFeatures(track: Track | null): FeatureCollection {
    if (track === null) return collection([])
    const runs = unbrokenRuns(track.points, track.gaps)
    const lines = runs
        .filter((run) => run.length > 1)
        .map(
            (run): Feature => ({
                type: "Feature",
                geometry: { type: "LineString", coordinates: run.map(lonLat) },
                properties: {},
            }),
        )
    const dots = runs.flatMap((run) =>
        run.map(
            (point): Feature => ({
                type: "Feature",
                geometry: { type: "Point", coordinates: lonLat(point) },
                properties: { isAlone: run.length === 1 },
            }),
        ),
    )
    return collection([...lines, ...dots])
}

export function isSameLook(left: TargetLook, right: TargetLook): boolean {
    return (
        left.icon === right.icon &&
        left.label === right.label &&
        left.isSilent === right.isSilent &&
        left.isChosen === right.isChosen
    )
}

function lonLat(point: { latDeg: number; lonDeg: number }): LonLat {
    return [point.lonDeg, point.latDeg]
}

function collection(features: Feature[]): FeatureCollection {
    return { type: "FeatureCollection", features }
}
