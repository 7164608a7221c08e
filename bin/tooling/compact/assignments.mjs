// Expressions for what they do: assignments to locals, fields, items and values of modules, and calls
// whose result nobody takes.

import ts from "typescript"
import { bared, binary, expression } from "./expressions.mjs"
import { checkIndexed, placeOf } from "./fields.mjs"
import { meaningOf } from "./meanings.mjs"
import { COMPOUND } from "./operators.mjs"
import { isPure, isStep, refuse } from "./syntax.mjs"

/** @typedef {import("./writer.mjs").Writer} Writer */

const K = ts.SyntaxKind
/** Fields of the objects in these slots are set by handlers of their own. */
const FIRST_OWNERS = 3

/** @param {Writer} writer @param {ts.Expression} node without parentheses */
export function effect(writer, node) {
    if (ts.isBinaryExpression(node)) {
        const { left, right, operatorToken } = node
        if (operatorToken.kind === K.EqualsToken)
            return assign(writer, left, () => expression(writer, right))
        const operator = COMPOUND.get(operatorToken.kind)
        if (operator !== undefined) return compound(writer, node, operator)
    }
    if (isStep(node)) return step(writer, node)
    writer.op("drop")
    expression(writer, node)
}

/** @param {Writer} writer @param {ts.PrefixUnaryExpression | ts.PostfixUnaryExpression} node */
function step(writer, node) {
    const isUp = node.operator === K.PlusPlusToken
    const target = bared(writer, node.operand)
    const slot = ts.isIdentifier(target) ? writer.slotOf(target) : undefined
    if (isUp && slot !== undefined) return writer.op("increment", slot)
    if (!isPure(target)) refuse(node, "++ or -- of a computed place")
    assign(writer, target, () => {
        writer.op(isUp ? "addByte" : "subtractByte", 1)
        expression(writer, target)
    })
}

/** @param {Writer} writer @param {ts.BinaryExpression} node @param {ts.SyntaxKind} operator */
function compound(writer, node, operator) {
    const { left, right } = node
    if (!isPure(left)) refuse(node, "compound assignment to a computed place")
    assign(writer, left, () => binary(writer, operator, left, right))
}

/** @param {Writer} writer @param {ts.Expression} wrapped @param {() => void} value writes it */
function assign(writer, wrapped, value) {
    const target = bared(writer, wrapped)
    if (ts.isIdentifier(target)) assignName(writer, target)
    else if (ts.isPropertyAccessExpression(target)) assignProperty(writer, target)
    else if (ts.isElementAccessExpression(target)) {
        checkIndexed(writer, target)
        writer.op("setItem")
        expression(writer, target.expression)
        expression(writer, target.argumentExpression)
    } else refuse(target, `assignment to ${K[target.kind]}`)
    value()
}

/** @param {Writer} writer @param {ts.Identifier} target */
function assignName(writer, target) {
    const slot = writer.slotOf(target)
    if (slot !== undefined) return writer.setLocal(slot)
    const symbol = writer.checker.getSymbolAtLocation(target)
    const outer = writer.outer?.slotFor(symbol)
    if (outer !== undefined) return writer.op("setOuter", outer)
    const known = meaningOf(writer.pass, symbol)
    if (known.kind !== "global") refuse(target, `assignment to ${target.text}`)
    writer.op("storeGlobal", known.index)
}

/** @param {Writer} writer @param {ts.PropertyAccessExpression} target */
function assignProperty(writer, target) {
    const slot = writer.slotOf(bared(writer, target.expression))
    const place = placeOf(writer, target.name)
    if (place !== undefined) {
        if (slot === 0) return writer.op("setPart0", place.at)
        writer.op("setPart", place.at)
        return expression(writer, target.expression)
    }
    const index = writer.pass.names.indexOf(writer.pass.privateNames.of(target.name))
    if (slot === undefined || index > 255) {
        writer.op("setField", index & 255, index >> 8)
        expression(writer, target.expression)
    } else if (slot < FIRST_OWNERS) writer.op(`put${slot}`, index)
    else writer.op("put", slot, index)
}

/** `this.name = value` of a constructor.
 * @param {Writer} writer @param {ts.Identifier} declared @param {() => void} value writes it */
export function assignField(writer, declared, value) {
    const place = placeOf(writer, declared)
    if (place !== undefined) {
        writer.op("setPart0", place.at)
        return value()
    }
    const index = writer.pass.names.indexOf(writer.pass.privateNames.of(declared))
    if (index < 256) writer.op("put0", index)
    else {
        writer.op("setField", index & 255, index >> 8)
        writer.local(0)
    }
    value()
}
