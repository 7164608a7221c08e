// What makes it safe that objects are laid out as lists: a value whose type has a layout goes nowhere
// as another type, and no other value goes in its place. A class that breaks this keeps its names from
// the next pass on; an interface was asked for by a person, so it is refused with file and line.

import ts from "typescript"
import { partsOf } from "./layouts.mjs"
import { bare, refuse } from "./syntax.mjs"

/** @typedef {import("./layouts.mjs").Layout} Layout */
/** @typedef {import("./layouts.mjs").Layouts} Layouts */
/** @typedef {import("./sources.mjs").Sources} Sources */

/** Who hands a value on as it is. */
const CARRIERS = ["start"]

/**
 * Finds a value that goes where one of another type is expected.
 *
 * @param {Layouts} layouts @param {ts.Expression} node
 * @returns {ts.ClassDeclaration[]} the classes of these, which cannot be laid out
 */
export function changedLayouts(layouts, node) {
    const { checker } = layouts
    if (ts.isObjectLiteralExpression(node)) return copiedLayouts(layouts, node)
    const own = checker.getTypeAtLocation(node)
    if (ts.isAsExpression(node)) {
        const before = checker.getTypeAtLocation(node.expression)
        return typesApart(layouts, node, before, own)
    }
    const context = checker.getContextualType(node)
    if (context === undefined || isNothing(own)) return []
    if (isCarried(node) || isTakenApart(node)) return []
    return typesApart(layouts, node, own, context)
}

/** A copy without its type would be a list whose new fields are read by their names.
 * @param {Layouts} layouts @param {ts.ObjectLiteralExpression} node */
function copiedLayouts(layouts, node) {
    const spread = node.properties.find(ts.isSpreadAssignment)
    if (spread === undefined) return []
    const copied = layouts.ofType(layouts.checker.getTypeAtLocation(spread.expression))
    const context = layouts.checker.getContextualType(node)
    return apart(node, copied, layouts.ofType(context))
}

/** Native code reads fields by their names: the classes that it has in its hands, and no interface.
 * @param {Layouts} layouts @param {Sources} sources @returns {ts.ClassDeclaration[]} */
export function seenNatively(layouts, sources) {
    /** @type {ts.ClassDeclaration[]} */
    const seen = []
    /** @param {ts.Node} node */
    const visit = (node) => {
        const isValue =
            ts.isIdentifier(node) || ts.isCallExpression(node) || ts.isObjectLiteralExpression(node)
        const layout = isValue ? layouts.ofType(layouts.checker.getTypeAtLocation(node)) : undefined
        if (layout !== undefined) {
            if (ts.isInterfaceDeclaration(layout.node))
                refuse(node, `${layout.name} in a native module`)
            seen.push(layout.node)
        }
        ts.forEachChild(node, visit)
    }
    for (const file of sources.own.filter((file) => !sources.isCompact(file)))
        for (const statement of file.statements)
            if (!ts.isImportDeclaration(statement)) visit(statement)
    return seen
}

/** Values of these types, and what lists of them hold.
 * @param {Layouts} layouts @param {ts.Expression} node @param {ts.Type} own
 * @param {ts.Type} expected */
function typesApart(layouts, node, own, expected) {
    const classes = apart(node, layouts.ofType(own), layouts.ofType(expected))
    const [held, asked] = [own, expected].map((type) => itemOf(layouts.checker, type))
    if (held === undefined || asked === undefined || isNothing(held)) return classes
    // What a literal holds is looked at one by one.
    if (ts.isArrayLiteralExpression(bare(node))) return classes
    return [...classes, ...apart(node, layouts.ofType(held), layouts.ofType(asked))]
}

/** What a list of this type holds; undefined for what is no list.
 * @param {ts.TypeChecker} checker @param {ts.Type} type */
function itemOf(checker, type) {
    const list = partsOf(type).find((part) => checker.isArrayLikeType(part))
    return list && checker.getIndexTypeOfType(list, ts.IndexKind.Number)
}

/** @param {ts.Node} node @param {Layout | undefined} layout @param {Layout | undefined} expected */
function apart(node, layout, expected) {
    if (layout === expected) return []
    const classes = [layout, expected]
        .flatMap((one) => (one === undefined ? [] : [one.node]))
        .filter(ts.isClassDeclaration)
    const name = (/** @type {Layout | undefined} */ one) => one?.name ?? "another type"
    if (classes.length === 0) refuse(node, `${name(layout)} where ${name(expected)} is expected`)
    return classes
}

/** Undefined, null, or what never comes. @param {ts.Type} type */
function isNothing(type) {
    const nothing = ts.TypeFlags.Undefined | ts.TypeFlags.Null | ts.TypeFlags.Never
    return partsOf(type).every(({ flags }) => (flags & nothing) !== 0)
}

/** The pattern's own type stands for what is expected then. @param {ts.Expression} node */
function isTakenApart(node) {
    return ts.isVariableDeclaration(node.parent) && !ts.isIdentifier(node.parent.name)
}

/** @param {ts.Expression} node */
function isCarried(node) {
    const call = node.parent
    return (
        ts.isCallExpression(call) &&
        ts.isPropertyAccessExpression(call.expression) &&
        CARRIERS.includes(call.expression.name.text)
    )
}
