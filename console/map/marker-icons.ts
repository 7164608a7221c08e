// Target markers, drawn on a canvas. The outline says what is followed (vehicle: rounded square,
// vessel: hull, person: disc, asset: diamond); the pointer says where it is heading; filled, half
// filled and hollow say how old the position is. Colour only repeats what the shape says.

import type { TargetKind } from "../../protocol/live.js"
import type { Freshness } from "../live/freshness.js"
import { kindOutlines } from "./kind-outlines.js"
import { palette } from "./palette.js"

/** Edge of an icon in CSS pixels, with the pointer's room on every side, so its middle is the fix. */
const SIZE = 36
export const ICON_PIXEL_RATIO = 2

const kinds: readonly TargetKind[] = ["vehicle", "vessel", "person", "asset"]
const ages: readonly Freshness[] = ["fresh", "ageing", "silent"]

/** The picture for `target:<kind>:<heading|still>:<freshness>`, null for any other name. */
export function markerIcon(id: string): ImageData | null {
    const [group, kind, motion, freshness] = id.split(":")
    if (group !== "target" || !isOneOf(kinds, kind) || !isOneOf(ages, freshness)) return null
    const canvas = document.createElement("canvas")
    canvas.width = SIZE * ICON_PIXEL_RATIO
    canvas.height = SIZE * ICON_PIXEL_RATIO
    const context = canvas.getContext("2d")
    if (context === null) return null
    context.scale(ICON_PIXEL_RATIO, ICON_PIXEL_RATIO)
    context.translate(SIZE / 2, SIZE / 2)
    drawMarker(context, kind, motion === "heading", freshness)
    return context.getImageData(0, 0, canvas.width, canvas.height)
}

function drawMarker(
    context: CanvasRenderingContext2D,
    kind: TargetKind,
    hasHeading: boolean,
    freshness: Freshness,
): void {
    const ink = {
        fresh: palette.target,
        ageing: palette.targetAgeing,
        silent: palette.targetSilent,
    }
    const outline = new Path2D(kindOutlines[kind])
    context.lineJoin = "round"
    if (hasHeading) {
        const pointer = new Path2D("M0 -16.5L5 -10.5Q0 -12.5 -5 -10.5Z")
        context.strokeStyle = palette.halo
        context.lineWidth = 3
        context.stroke(pointer)
        context.fillStyle = ink[freshness]
        context.fill(pointer)
    }
    context.strokeStyle = palette.halo
    context.lineWidth = 5
    context.stroke(outline)
    context.fillStyle = freshness === "fresh" ? ink.fresh : palette.halo
    context.fill(outline)
    context.strokeStyle = ink[freshness]
    context.lineWidth = 2
    context.stroke(outline)
    if (freshness === "silent") return
    context.fillStyle = freshness === "fresh" ? palette.halo : ink.ageing
    context.beginPath()
    context.arc(0, 0, freshness === "fresh" ? 2 : 3, 0, 2 * Math.PI)
    context.fill()
}

function isOneOf<Value extends string>(
    values: readonly Value[],
    value: string | undefined,
): value is Value {
    return values.includes(value as Value)
}
