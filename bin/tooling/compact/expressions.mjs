// Expressions into compact code: a handler's byte, then its operands, each an expression again.

import ts from "typescript"
import { call, construct } from "./calls.mjs"
import { checkChain, checkIndexed, property } from "./fields.mjs"
import { meaningOf } from "./meanings.mjs"
import { arrayLiteral, arrow, objectLiteral } from "./objects.mjs"
import { BINARY, UNARY } from "./operators.mjs"
import { bare, isUndefined, isWrapper, refuse } from "./syntax.mjs"

/** @typedef {import("./writer.mjs").Writer} Writer */

const K = ts.SyntaxKind

/** @param {Writer} writer @param {ts.Expression} node */
export function expression(writer, node) {
    writer.pass.checkLayout(node)
    writer.depth++
    writer.points.push({ depth: writer.depth })
    bareExpression(writer, bared(writer, node))
    writer.depth--
}

/** Without parentheses and what only types see; no `as` may change how a value lies in memory.
 * @param {Writer} writer @param {ts.Expression} node @returns {ts.Expression} */
export function bared(writer, node) {
    for (let inner = node; isWrapper(inner); inner = inner.expression)
        if (ts.isAsExpression(inner)) writer.pass.checkLayout(inner)
    return bare(node)
}

/** @param {Writer} writer @param {ts.Expression} node @returns {void} */
function bareExpression(writer, node) {
    const known = writer.pass.constants.of(node)
    if (typeof known === "number") return writer.number(known)
    if (typeof known === "string") return writer.text(known)
    if (node.kind === K.TrueKeyword) return writer.op("yes")
    if (node.kind === K.FalseKeyword) return writer.op("no")
    if (node.kind === K.NullKeyword) return writer.op("nobody")
    if (node.kind === K.ThisKeyword) return ownThis(writer, node)
    if (ts.isIdentifier(node)) return identifier(writer, node)
    if (ts.isPropertyAccessExpression(node)) return property(writer, node)
    if (ts.isElementAccessExpression(node)) return element(writer, node)
    if (ts.isCallExpression(node)) return call(writer, node)
    if (ts.isNewExpression(node)) return construct(writer, node)
    if (ts.isObjectLiteralExpression(node)) return objectLiteral(writer, node)
    if (ts.isArrayLiteralExpression(node)) return arrayLiteral(writer, node)
    if (ts.isConditionalExpression(node)) return conditional(writer, node)
    if (ts.isTemplateExpression(node)) return template(writer, node)
    // The machine's calls wait by themselves.
    if (ts.isAwaitExpression(node)) return bareExpression(writer, bared(writer, node.expression))
    if (ts.isArrowFunction(node)) return arrow(writer, node)
    if (ts.isPrefixUnaryExpression(node)) return unary(writer, node)
    if (ts.isBinaryExpression(node))
        return binary(writer, node.operatorToken.kind, node.left, node.right)
    refuse(node, K[node.kind])
}

/** @param {Writer} writer @param {ts.Expression} node */
function ownThis(writer, node) {
    const slot = writer.slotOf(node)
    if (slot !== undefined) writer.local(slot)
}

/** @param {Writer} writer @param {ts.Identifier} node */
function identifier(writer, node) {
    const slot = writer.slotOf(node)
    if (slot !== undefined) return writer.local(slot)
    if (node.text === "undefined") return writer.op("nothing")
    const symbol = writer.checker.getSymbolAtLocation(node)
    const outer = writer.outer?.slotFor(symbol)
    if (outer !== undefined) return writer.op("outer", outer)
    const outer2 = writer.outer?.outer?.slotFor(symbol)
    if (outer2 !== undefined) return writer.op("outer2", outer2)
    const known = meaningOf(writer.pass, symbol)
    if (known.kind === "global") return writer.op("global", known.index)
    if (known.kind === "table") return writer.callOf(0, known.key)
    if (known.kind === "function") return writer.closureOf(writer.pass.valueKey(known.declaration))
    if (known.kind === "native") return writer.op("native", known.index)
    refuse(node, `value of ${node.text}`)
}

/** @param {Writer} writer @param {ts.ElementAccessExpression} node */
function element(writer, node) {
    checkChain(node)
    checkIndexed(writer, node)
    writer.op("item")
    expression(writer, node.expression)
    expression(writer, node.argumentExpression)
}

/** @param {Writer} writer @param {ts.SyntaxKind} kind of the operator
 * @param {ts.Expression} left @param {ts.Expression} right @returns {void} */
export function binary(writer, kind, left, right) {
    if (kind === K.AmpersandAmpersandToken) return shortened(writer, "both", left, right)
    if (kind === K.BarBarToken) return shortened(writer, "either", left, right)
    const [plain, byte] = BINARY.get(kind) ?? []
    if (plain === undefined) refuse(left, `operator ${K[kind]} in an expression`)
    const isEqual = kind === K.EqualsEqualsEqualsToken
    if (isUndefined(right) && (isEqual || kind === K.ExclamationEqualsEqualsToken)) {
        writer.op(isEqual ? "isUndefined" : "isDefined")
        return expression(writer, left)
    }
    const number = writer.pass.constants.of(bare(right))
    if (byte !== undefined && isByte(number)) {
        writer.op(byte, number)
        return expression(writer, left)
    }
    writer.op(plain)
    expression(writer, left)
    expression(writer, right)
}

/** The right side is skipped where the left one decides.
 * @param {Writer} writer @param {string} handler @param {ts.Expression} left
 * @param {ts.Expression} right */
function shortened(writer, handler, left, right) {
    const part = writer.apart(() => expression(writer, right))
    if (part.bytes > 255) refuse(left, `${handler} with ${part.bytes} bytes`)
    writer.op(handler, part.bytes)
    expression(writer, left)
    writer.cells.push(...part.cells)
}

/** @param {number | string | undefined} value @returns {value is number} */
function isByte(value) {
    return (
        typeof value === "number" &&
        Number.isInteger(value) &&
        value >= 0 &&
        value < 256 &&
        !Object.is(value, -0)
    )
}

/** @param {Writer} writer @param {ts.PrefixUnaryExpression} node */
function unary(writer, node) {
    const handler = UNARY.get(node.operator)
    if (handler === undefined) refuse(node, "++, -- or + in an expression")
    writer.op(handler)
    expression(writer, node.operand)
}

/** @param {Writer} writer @param {ts.ConditionalExpression} node */
function conditional(writer, node) {
    writer.chosen(
        node,
        () => expression(writer, node.condition),
        () => expression(writer, node.whenTrue),
        () => expression(writer, node.whenFalse),
    )
}

/** @param {Writer} writer @param {ts.TemplateExpression} node */
function template(writer, node) {
    /** @type {(() => void)[]} */
    const parts = []
    // A sum that begins with text is text, an empty one at worst.
    parts.push(() => writer.text(node.head.text))
    for (const { expression: value, literal } of node.templateSpans) {
        parts.push(() => expression(writer, value))
        if (literal.text !== "") parts.push(() => writer.text(literal.text))
    }
    for (let i = 1; i < parts.length; i++) writer.op("add")
    for (const part of parts) part()
}
