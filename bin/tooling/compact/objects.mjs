// Lists, objects and closures. An object of a type that is laid out (layouts.mjs) is a list of its
// fields in the layout's order; any other one has names.

import ts from "typescript"
import { expression } from "./expressions.mjs"
import { bare, isLiteral, isPure, nameText, refuse } from "./syntax.mjs"

/** @typedef {import("./layouts.mjs").Layout} Layout */
/** @typedef {import("./writer.mjs").Writer} Writer */

const K = ts.SyntaxKind
/** A count is one byte. */
const PARTS_MAX = 255
/** Parameters that the machine's closures hand on. */
const CLOSURE_MAX = 3

/** @param {Writer} writer @param {ts.ArrayLiteralExpression} node */
export function arrayLiteral(writer, node) {
    const { elements } = node
    const hasSpread = elements.some(ts.isSpreadElement)
    if (elements.length > PARTS_MAX) refuse(node, `array of more than ${PARTS_MAX}`)
    writer.op(hasSpread ? "joined" : "array", elements.length)
    writer.together(() => {
        for (const element of elements) {
            const isSpread = ts.isSpreadElement(element)
            if (hasSpread) writer.cells.push(isSpread ? 1 : 0)
            expression(writer, isSpread ? element.expression : element)
        }
    })
}

/** @param {Writer} writer @param {ts.ObjectLiteralExpression} node */
export function objectLiteral(writer, node) {
    const [first] = node.properties
    const spread = first !== undefined && ts.isSpreadAssignment(first) ? first : undefined
    const fields = fieldsOf(node, spread === undefined ? node.properties : node.properties.slice(1))
    const layout = writer.pass.layouts.ofLiteral(node)
    if (layout !== undefined) {
        for (const { name } of fields)
            if (!layout.fields.includes(name)) refuse(node, `field ${name} of ${layout.name}`)
        if (spread !== undefined) return laidOutCopy(writer, layout, spread, fields)
        return laidOut(writer, node, layout, fields)
    }
    writer.op(spread === undefined ? "object" : "copy", fields.length)
    if (spread !== undefined) expression(writer, spread.expression)
    for (const { name, value } of fields) {
        const index = writer.pass.names.indexOf(name)
        writer.cells.push(index & 255, index >> 8)
        writer.together(() => expression(writer, value))
    }
}

/** @typedef {{ name: string, value: ts.Expression }} Field */

/** @param {ts.ObjectLiteralExpression} node
 * @param {readonly ts.ObjectLiteralElementLike[]} properties @returns {Field[]} */
function fieldsOf(node, properties) {
    if (properties.length > PARTS_MAX) refuse(node, `object of more than ${PARTS_MAX} fields`)
    return properties.map((property) => {
        if (!ts.isPropertyAssignment(property)) refuse(property, `${K[property.kind]} in an object`)
        const name = nameText(property.name)
        if (name === undefined) refuse(property, "field by a computed name")
        return { name, value: property.initializer }
    })
}

/** A copy of an object of the same layout, with some fields set anew.
 * @param {Writer} writer @param {Layout} layout @param {ts.SpreadAssignment} spread
 * @param {readonly Field[]} fields */
function laidOutCopy(writer, layout, spread, fields) {
    const { layouts } = writer.pass
    if (layouts.ofType(writer.checker.getTypeAtLocation(spread.expression)) !== layout)
        refuse(spread, `spread of another type than ${layout.name}`)
    writer.op("copyList", fields.length)
    expression(writer, spread.expression)
    for (const { name, value } of fields) {
        writer.cells.push(layout.fields.indexOf(name))
        writer.together(() => expression(writer, value))
    }
}

/** Its values are made in the layout's order, whatever order they are written in.
 * @param {Writer} writer @param {ts.ObjectLiteralExpression} node @param {Layout} layout
 * @param {readonly Field[]} fields */
function laidOut(writer, node, layout, fields) {
    const places = fields.map(({ name }) => layout.fields.indexOf(name))
    const isOrdered = places.every((place, i) => i === 0 || places[i - 1] < place)
    const isDoing = fields.some(({ value }) => !isPure(value) && !isCopy(value))
    const changeable = fields.filter(({ value }) => !isSteady(writer.checker, value))
    if (!isOrdered && isDoing && changeable.length > 1)
        refuse(node, "object out of its layout's order")
    const values = new Map(fields.map(({ name, value }) => [name, value]))
    writer.op("array", layout.fields.length)
    writer.together(() => {
        for (const name of layout.fields) {
            const value = values.get(name)
            if (value === undefined) writer.op("nothing")
            else expression(writer, value)
        }
    })
}

/** Part of a list or text, which changes nothing. @param {ts.Expression} node */
function isCopy(node) {
    const inner = bare(node)
    if (!ts.isCallExpression(inner) || !ts.isPropertyAccessExpression(inner.expression))
        return false
    return inner.expression.name.text === "slice" && inner.arguments.every(isPure)
}

/** The same whenever it is read: a literal, a parameter, what is declared with `const`.
 * @param {ts.TypeChecker} checker @param {ts.Expression} node */
function isSteady(checker, node) {
    const inner = bare(node)
    if (!ts.isIdentifier(inner)) return isLiteral(inner)
    const [declaration] = checker.getSymbolAtLocation(inner)?.declarations ?? []
    if (declaration === undefined || ts.isParameter(declaration)) return true
    return (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0
}

/** @param {Writer} writer @param {ts.ArrowFunction} node */
export function arrow(writer, node) {
    if (node.parameters.length > CLOSURE_MAX)
        refuse(node, `closure of more than ${CLOSURE_MAX} parameters`)
    writer.closureOf(writer.pass.closureOf(node, writer))
}
