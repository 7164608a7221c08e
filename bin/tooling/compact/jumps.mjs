// What the code of a function is made of while addresses are not known, and how jumps get their
// distances. A distance takes one byte where it can: a jump starts short and grows until all reach.

/** @typedef {import("./pass.mjs").Key} Key */

/** Where a jump leads. `at` is its place in the code of its function, once that is known. */
export class Label {
    at = -1
}

/** The opcode of a jump: its handler, and whether the distance that follows has two bytes.
 * @typedef {{ kind: string, isWide: boolean }} Start */
/**
 * A byte; the address of a function, in two bytes; a place that jumps lead to; the distance of a jump.
 * @typedef {number | { key: Key } | { label: Label } | { jump: Label, start: Start } | Start} Cell
 */
/** A byte, or the address of a function in two. @typedef {number | { key: Key }} Placed */

/** Their distances have two bytes always. */
const ALWAYS_WIDE = ["back", "each", "attempt"]
const DISTANCE_MAX = 65535

/** @param {string} kind @returns {Start} */
export function startOf(kind) {
    return { kind, isWide: ALWAYS_WIDE.includes(kind) }
}

/** Bytes that cells take as things stand. @param {readonly Cell[]} cells */
export function sizeOf(cells) {
    return cells.reduce((/** @type {number} */ sum, cell) => sum + widthOf(cell), 0)
}

/**
 * The code with jumps as short as can be.
 *
 * @param {readonly Cell[]} cells
 * @param {(handler: string) => number} op the opcode of a handler
 * @returns {Placed[]}
 */
export function assembled(cells, op) {
    let places = placesOf(cells)
    while (widened(cells, places)) places = placesOf(cells)
    return cells.flatMap((cell, i) => {
        if (typeof cell === "number" || "key" in cell) return [cell]
        if ("label" in cell) return []
        if ("jump" in cell) {
            const distance = distanceOf(cell, places[i])
            return cell.start.isWide ? [distance & 255, distance >> 8] : [distance]
        }
        const hasWideForm = cell.isWide && !ALWAYS_WIDE.includes(cell.kind)
        return [op(hasWideForm ? `${cell.kind}Wide` : cell.kind)]
    })
}

/** Where each cell is; labels learn their places. @param {readonly Cell[]} cells */
function placesOf(cells) {
    let at = 0
    return cells.map((cell) => {
        const place = at
        if (typeof cell !== "number" && "label" in cell) cell.label.at = place
        at += widthOf(cell)
        return place
    })
}

/** Gives two bytes to jumps that one does not bring there; says whether there were any.
 * @param {readonly Cell[]} cells @param {readonly number[]} places */
function widened(cells, places) {
    let hasChanged = false
    for (const [i, cell] of cells.entries()) {
        if (typeof cell === "number" || !("jump" in cell) || cell.start.isWide) continue
        if (distanceOf(cell, places[i]) <= 255) continue
        cell.start.isWide = true
        hasChanged = true
    }
    return hasChanged
}

/** `back` counts from its opcode, the others from the distance's own place.
 * @param {{ jump: Label, start: Start }} cell @param {number} place */
function distanceOf({ jump, start }, place) {
    const distance = start.kind === "back" ? place - 1 - jump.at : jump.at - place
    if (distance >= 0 && distance <= DISTANCE_MAX) return distance
    throw new Error(`a jump of ${distance} bytes, expected 0 to ${DISTANCE_MAX}`)
}

/** @param {Cell} cell */
function widthOf(cell) {
    if (typeof cell === "number") return 1
    if ("label" in cell) return 0
    if ("jump" in cell) return cell.start.isWide ? 2 : 1
    return "key" in cell ? 2 : 1
}
