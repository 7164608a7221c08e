// Conditions that decide where the code goes on: `&&`, `||` and `!` become jumps and no values.

import ts from "typescript"
import { bared, expression } from "./expressions.mjs"
import { Label } from "./jumps.mjs"
import { isNot, isOperation } from "./syntax.mjs"

/** @typedef {import("./writer.mjs").Writer} Writer */

const { AmpersandAmpersandToken: AND, BarBarToken: OR } = ts.SyntaxKind

/** Code that goes on where `node` holds and jumps where not.
 * @param {Writer} writer @param {ts.Expression} node @param {Label} label @returns {void} */
export function unless(writer, node, label) {
    const inner = bared(writer, node)
    if (isOperation(inner, AND)) {
        unless(writer, inner.left, label)
        unless(writer, inner.right, label)
    } else if (isOperation(inner, OR)) {
        const holds = new Label()
        when(writer, inner.left, holds)
        unless(writer, inner.right, label)
        writer.place(holds)
    } else if (isNot(inner)) when(writer, inner.operand, label)
    else writer.branch("unless", () => expression(writer, inner), label)
}

/** Code that jumps where `node` holds and goes on where not.
 * @param {Writer} writer @param {ts.Expression} node @param {Label} label @returns {void} */
function when(writer, node, label) {
    const inner = bared(writer, node)
    if (isOperation(inner, OR)) {
        when(writer, inner.left, label)
        when(writer, inner.right, label)
    } else if (isOperation(inner, AND)) {
        const fails = new Label()
        unless(writer, inner.left, fails)
        when(writer, inner.right, label)
        writer.place(fails)
    } else if (isNot(inner)) unless(writer, inner.operand, label)
    else writer.branch("when", () => expression(writer, inner), label)
}
