// Ports with one implementer. Where the program has one class for an interface and makes no other
// object of it, a call through the interface is a call of that class's method, by its address.

import ts from "typescript"
import { nameOf } from "./syntax.mjs"

/** @typedef {import("./sources.mjs").Sources} Sources */

export class Implementers {
    /** @param {Sources} sources */
    constructor(sources) {
        this.sources = sources
        /** @type {Map<ts.InterfaceDeclaration, ts.ClassDeclaration | undefined>} */
        this.only = new Map()
        /** What object literals of the program stand for. @type {Set<ts.Symbol> | undefined} */
        this.literals = undefined
    }

    /** The one method behind an interface's; undefined where there are others, or native ones.
     * @param {ts.Node} signature @returns {ts.MethodDeclaration | undefined} */
    methodFor(signature) {
        if (this.sources.isOpen || !ts.isMethodSignature(signature)) return undefined
        const port = signature.parent
        if (!ts.isInterfaceDeclaration(port)) return undefined
        if (!this.only.has(port)) this.only.set(port, this.onlyClassOf(port))
        const name = nameOf(signature)
        return this.only
            .get(port)
            ?.members.filter(ts.isMethodDeclaration)
            .find((member) => nameOf(member) === name)
    }

    /** @param {ts.InterfaceDeclaration} port */
    onlyClassOf(port) {
        const { checker } = this.sources
        const type = checker.getTypeAtLocation(port)
        this.literals ??= literalTypes(this.sources)
        if (this.literals.has(type.symbol)) return undefined
        const [first, ...others] = this.sources.classes.filter((one) =>
            checker.isTypeAssignableTo(checker.getTypeAtLocation(one), type),
        )
        if (first === undefined || others.length > 0) return undefined
        return this.sources.isCompact(first) ? first : undefined
    }
}

/** @param {Sources} sources */
function literalTypes({ own, checker }) {
    /** @type {Set<ts.Symbol>} */
    const types = new Set()
    /** @param {ts.Node} node */
    const visit = (node) => {
        if (ts.isObjectLiteralExpression(node)) {
            const type = checker.getContextualType(node)
            const parts = type?.isUnionOrIntersection() ? type.types : [type]
            for (const part of parts) if (part?.symbol !== undefined) types.add(part.symbol)
        }
        ts.forEachChild(node, visit)
    }
    for (const file of own) visit(file)
    return types
}
