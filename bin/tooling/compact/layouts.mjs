// Objects whose fields the compiler knows lie in the machine's memory as lists: the machine keeps a
// field of an object with its name, in 16 bytes, and looks for it by the name; a place in a list takes
// 8, and a list is made in one piece where an object grows field by field and leaves holes in the heap.
//
// What may be laid out is what no native code sees: classes of compact code alone, and the interfaces
// that choices.mjs names. What makes it safe is checked in layout-rules.mjs.

import ts from "typescript"
import { isFieldParameter, nameOf, refuse } from "./syntax.mjs"

/** @typedef {import("./syntax.mjs").Refuse} Refuse */
/** @typedef {ts.ClassDeclaration | ts.InterfaceDeclaration} LaidOut */
/** Fields in their order. @typedef {{ node: LaidOut, name: string, fields: readonly string[] }} Layout */
/** Where a field lies. @typedef {{ layout: Layout, at: number }} Place */

/** A place in a list is one byte of the code. */
const FIELDS_MAX = 255

export class Layouts {
    /**
     * @param {ts.TypeChecker} checker
     * @param {(node: ts.ClassDeclaration) => boolean} isPlain a class that only compact code makes and uses
     * @param {(node: ts.InterfaceDeclaration) => boolean} isLaidOut
     */
    constructor(checker, isPlain, isLaidOut) {
        this.checker = checker
        this.isPlain = isPlain
        this.isLaidOut = isLaidOut
        /** @type {Map<ts.Node, Layout | undefined>} */
        this.known = new Map()
    }

    /** Undefined where a declaration has none. @param {ts.Node | undefined} node */
    ofDeclaration(node) {
        if (node === undefined) return undefined
        if (!this.known.has(node)) this.known.set(node, this.made(node))
        return this.known.get(node)
    }

    /** @param {ts.Node} node @returns {Layout | undefined} */
    made(node) {
        if (ts.isInterfaceDeclaration(node))
            return this.isLaidOut(node) ? layoutOf(node, node.members) : undefined
        if (!ts.isClassDeclaration(node) || !this.isPlain(node)) return undefined
        const own = node.members.find(ts.isConstructorDeclaration)
        const given = (own?.parameters ?? []).filter(isFieldParameter)
        return layoutOf(node, [...given, ...node.members.filter(ts.isPropertyDeclaration)])
    }

    /** The layout of values of a type; of a union the one that it has.
     * @param {ts.Type | undefined} type @returns {Layout | undefined} */
    ofType(type) {
        if (type === undefined) return undefined
        for (const part of partsOf(type))
            for (const node of part.symbol?.declarations ?? []) {
                const layout = this.ofDeclaration(node)
                if (layout !== undefined) return layout
            }
        return undefined
    }

    /** Where a field lies; undefined where it has a name.
     * @param {ts.Symbol | undefined} symbol @param {string} field @param {Refuse} refuse
     * @returns {Place | undefined} */
    placeOf(symbol, field, refuse) {
        const layouts = (symbol?.declarations ?? []).map((declaration) =>
            this.ofDeclaration(
                ts.isParameter(declaration) ? declaration.parent.parent : declaration.parent,
            ),
        )
        const [layout] = layouts
        if (layouts.some((one) => one !== layout)) refuse(`field ${field} of several layouts`)
        const at = layout === undefined ? -1 : layout.fields.indexOf(field)
        return layout === undefined || at < 0 ? undefined : { layout, at }
    }

    /** The layout that an object literal is to have. @param {ts.ObjectLiteralExpression} node */
    ofLiteral(node) {
        const expected = this.ofType(this.checker.getContextualType(node))
        if (expected !== undefined) return expected
        const [first] = node.properties
        if (first === undefined || !ts.isSpreadAssignment(first)) return undefined
        return this.ofType(this.checker.getTypeAtLocation(first.expression))
    }
}

/** The types of a union or intersection, or the one. @param {ts.Type} type */
export function partsOf(type) {
    return type.isUnionOrIntersection() ? type.types : [type]
}

/** @param {LaidOut} node @param {readonly (ts.ParameterDeclaration | ts.Declaration)[]} members
 * @returns {Layout} */
function layoutOf(node, members) {
    const fields = members.map(
        (member) =>
            (member.kind === ts.SyntaxKind.MethodSignature ? undefined : nameOf(member)) ??
            refuse(member, "laid-out field without a plain name"),
    )
    const name = nameOf(node) ?? "class"
    if (fields.length > FIELDS_MAX) refuse(node, `layout of more than ${FIELDS_MAX} fields`)
    return { node, name, fields }
}
