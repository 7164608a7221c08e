// Fields: by their place where their owner is laid out as a list, else by their name.

import ts from "typescript"
import { bared, expression } from "./expressions.mjs"
import { isPure, refuse } from "./syntax.mjs"

/** @typedef {import("./layouts.mjs").Place} Place */
/** @typedef {import("./writer.mjs").Writer} Writer */

/** Fields of objects in these slots are read by handlers of their own, laid out or not. */
const FIRST_LISTS = 4
const FIRST_OWNERS = 7

/** Where a field lies that is named here; undefined where it has a name.
 * @param {Writer} writer @param {ts.MemberName} name */
export function placeOf(writer, name) {
    const symbol = writer.checker.getSymbolAtLocation(name)
    return writer.pass.layouts.placeOf(symbol, name.text, (what) => refuse(name, what))
}

/** A field by a name that only the running program knows is in no layout.
 * @param {Writer} writer @param {ts.ElementAccessExpression} node */
export function checkIndexed(writer, { expression: owner }) {
    const layout = writer.pass.layouts.ofType(writer.checker.getTypeAtLocation(owner))
    if (layout !== undefined) refuse(owner, `${layout.name} by an index`)
}

/** What follows `?.` in one chain is skipped as well; compact code would go on.
 * @param {ts.Expression} node */
export function checkChain(node) {
    if (ts.isOptionalChain(node)) refuse(node, "?. with more behind it")
}

/** @param {Writer} writer @param {ts.PropertyAccessExpression} node */
export function property(writer, node) {
    if (!node.questionDotToken) {
        checkChain(node)
        return plainProperty(writer, node)
    }
    if (!isPure(node.expression)) refuse(node, "?. behind a call")
    writer.chosen(
        node,
        () => {
            writer.op("isNullish")
            expression(writer, node.expression)
        },
        () => writer.op("nothing"),
        () => plainProperty(writer, node),
    )
}

/** @param {Writer} writer @param {ts.PropertyAccessExpression} node */
function plainProperty(writer, node) {
    const owner = bared(writer, node.expression)
    const name = writer.pass.privateNames.of(node.name)
    const slot = writer.slotOf(owner)
    read(writer, placeOf(writer, node.name), name, () => expression(writer, owner), slot)
}

/**
 * @param {Writer} writer @param {Place | undefined} place @param {string} name
 * @param {() => void} owner writes what has the field
 * @param {number | undefined} slot where that is, if it is in one
 */
export function read(writer, place, name, owner, slot) {
    if (place === undefined) return readByName(writer, name, owner, slot)
    if (slot !== undefined && slot < FIRST_LISTS) return writer.op(`part${slot}`, place.at)
    writer.op("part", place.at)
    owner()
}

/** @param {Writer} writer @param {string} name @param {() => void} owner
 * @param {number | undefined} slot */
function readByName(writer, name, owner, slot) {
    const index = writer.pass.names.indexOf(name)
    if (slot !== undefined && index < 256) {
        if (slot < FIRST_OWNERS) writer.op(`get${slot}`, index)
        else writer.op("get", slot, index)
        return
    }
    if (index < 256) writer.op("field", index)
    else writer.op("fieldWide", index & 255, index >> 8)
    owner()
}
