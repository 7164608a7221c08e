// Names for private fields. Nobody but its class reads a private field, and each name takes a place in
// a table in the heap, so the private fields of all compact classes have the same few names.

import ts from "typescript"
import { isFieldParameter, isPrivate } from "./syntax.mjs"

/** @typedef {import("./sources.mjs").Sources} Sources */

export class PrivateNames {
    /** @param {Sources} sources */
    constructor(sources) {
        this.sources = sources
        /** @type {Map<ts.Node, string>} */
        this.names = new Map()
        /** Private fields of each class so far. @type {Map<ts.ClassDeclaration, number>} */
        this.counts = new Map()
    }

    /** What a field is called at run time that is named here. @param {ts.MemberName} name */
    of(name) {
        const symbol = this.sources.checker.getSymbolAtLocation(name)
        const isField = (/** @type {ts.Node} */ node) =>
            ts.isPropertyDeclaration(node) || isFieldParameter(node)
        return this.ofField(symbol?.declarations?.find(isField)) ?? name.text
    }

    /** Undefined where a field keeps its own. @param {ts.Node | undefined} field */
    ofField(field) {
        if (field === undefined || !isPrivate(field)) return undefined
        const owner = ts.isParameter(field) ? field.parent.parent : field.parent
        if (!ts.isClassDeclaration(owner) || !this.sources.isCompact(owner)) return undefined
        const known = this.names.get(field)
        if (known !== undefined) return known
        const count = this.counts.get(owner) ?? 0
        this.counts.set(owner, count + 1)
        this.names.set(field, `_${count}`)
        return `_${count}`
    }
}
