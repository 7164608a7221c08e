// What Burr draws on the basemap: fences, uncertainty, track, targets. All layers are in the style
// from the start, over sources that begin empty.

import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl"
import { fonts, palette } from "./palette.js"

const empty = { type: "FeatureCollection", features: [] } as const

export const overlaySources: StyleSpecification["sources"] = {
    fences: { type: "geojson", data: empty, promoteId: "id" },
    track: { type: "geojson", data: empty },
    accuracy: { type: "geojson", data: empty, promoteId: "id" },
    // No tile is cut finer than zoom 18; a position is then kept to about 4 mm.
    targets: { type: "geojson", data: empty, promoteId: "id", maxzoom: 18 },
}

/** From afar the points would bead the line; one that is in no line shows at any zoom. */
const seenClose: ExpressionSpecification = [
    "interpolate",
    ["linear"],
    ["zoom"],
    13.5,
    ["case", ["get", "isAlone"], 1, 0],
    15,
    1,
]

/** Below the basemap's names. */
export const areas: LayerSpecification[] = [
    {
        id: "fence-areas",
        type: "fill",
        source: "fences",
        paint: { "fill-color": palette.fence, "fill-opacity": 0.09 },
    },
    {
        id: "fence-lines",
        type: "line",
        source: "fences",
        layout: { "line-join": "round" },
        paint: { "line-color": palette.fence, "line-width": 1.75, "line-dasharray": [3, 2] },
    },
    {
        id: "accuracy-areas",
        type: "fill",
        source: "accuracy",
        paint: {
            "fill-color": palette.target,
            "fill-opacity": ["case", ["get", "isSilent"], 0.04, ["get", "isChosen"], 0.16, 0.1],
        },
    },
    {
        id: "accuracy-lines",
        type: "line",
        source: "accuracy",
        paint: {
            "line-color": ["case", ["get", "isSilent"], palette.targetSilent, palette.target],
            "line-width": 1,
            "line-opacity": ["case", ["get", "isChosen"], 0.8, 0.4],
        },
    },
    {
        id: "track-casing",
        type: "line",
        source: "track",
        filter: ["==", ["geometry-type"], "LineString"],
        layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-color": palette.halo, "line-width": 6, "line-opacity": 0.8 },
    },
    {
        id: "track-lines",
        type: "line",
        source: "track",
        filter: ["==", ["geometry-type"], "LineString"],
        layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-color": palette.track, "line-width": 2.5, "line-opacity": 0.85 },
    },
    {
        id: "track-points",
        type: "circle",
        source: "track",
        filter: ["==", ["geometry-type"], "Point"],
        paint: {
            "circle-radius": ["interpolate", ["linear"], ["zoom"], 13, 1.5, 15, 2.25, 18, 3.5],
            "circle-color": palette.halo,
            "circle-opacity": seenClose,
            "circle-stroke-color": palette.track,
            "circle-stroke-width": 1.25,
            "circle-stroke-opacity": seenClose,
        },
    },
]

/**
 * Above everything. What comes last is placed first: targets' names, then markers, which never give
 * way, then the names of fences and of the basemap in the room that is left.
 */
export const markers: LayerSpecification[] = [
    {
        id: "fence-names",
        type: "symbol",
        source: "fences",
        layout: {
            "text-field": ["get", "name"],
            "text-font": [fonts.medium],
            "text-size": 12,
            "text-max-width": 9,
            "text-variable-anchor": ["center", "top", "bottom", "left", "right"],
            "text-radial-offset": 1.4,
        },
        paint: {
            "text-color": "#cfbff7",
            "text-halo-color": palette.halo,
            "text-halo-width": 1.5,
        },
    },
    {
        id: "target-chosen",
        type: "circle",
        source: "targets",
        filter: ["get", "isChosen"],
        paint: {
            "circle-radius": 19,
            "circle-color": palette.chosen,
            "circle-opacity": 0.1,
            "circle-stroke-color": palette.chosen,
            "circle-stroke-width": 2,
        },
    },
    {
        id: "targets",
        type: "symbol",
        source: "targets",
        layout: {
            "icon-image": ["get", "icon"],
            "icon-rotate": ["get", "headingDeg"],
            "icon-rotation-alignment": "map",
            "icon-allow-overlap": true,
            "symbol-sort-key": ["case", ["get", "isChosen"], 1, 0],
        },
    },
    {
        id: "target-names",
        type: "symbol",
        source: "targets",
        layout: {
            "text-field": ["get", "label"],
            "text-font": [fonts.bold],
            "text-size": 13,
            "text-line-height": 1.15,
            "text-max-width": 16,
            "text-variable-anchor": ["left", "right", "top", "bottom"],
            "text-radial-offset": 1.6,
            "text-justify": "auto",
            "symbol-sort-key": ["case", ["get", "isChosen"], 0, 1],
        },
        paint: {
            "text-color": ["case", ["get", "isSilent"], palette.targetSilent, palette.ink],
            "text-halo-color": palette.halo,
            "text-halo-width": 1.75,
        },
    },
]
