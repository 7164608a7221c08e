// Values of modules: numbers that no handler writes, objects of the runtime, variables. They lie in
// one list of the machine and are made in the order in which their modules would have been loaded.

import ts from "typescript"
import { expression } from "./expressions.mjs"
import { bare, isExportedValue, isOfModule, refuse } from "./syntax.mjs"
import { Writer } from "./writer.mjs"

/** @typedef {import("./constants.mjs").Constants} Constants */
/** @typedef {import("./native-use.mjs").NativeUse} NativeUse */
/** @typedef {import("./pass.mjs").Pass} Pass */
/** @typedef {import("./sources.mjs").Sources} Sources */

/** Of one kind: a variable, a number, or an object of the runtime by its name.
 * @typedef {{ declaration: ts.VariableDeclaration } | { number: number } | { object: string }} Value */

/** An index is one byte of the code. */
const VALUES_MAX = 256
/** Objects of the runtime whose functions are there before any module is loaded. */
const EARLY = ["Buffer", "Math"]
/** More than the characters of any file. */
const FILE_STRIDE = 1e6

export class ModuleValues {
    /** @param {Sources} sources @param {Constants} constants @param {NativeUse} nativeUse */
    constructor(sources, constants, nativeUse) {
        this.sources = sources
        this.constants = constants
        this.nativeUse = nativeUse
        /** @type {Value[]} */
        this.list = []
        /** @type {Map<ts.VariableDeclaration, number>} */
        this.indices = new Map()
    }

    /** @param {number} value @returns {number} its index */
    number(value) {
        const found = this.list.findIndex((one) => "number" in one && Object.is(one.number, value))
        return found >= 0 ? found : this.add({ number: value })
    }

    /** @param {string} name @returns {number} its index */
    object(name) {
        const found = this.list.findIndex((one) => "object" in one && one.object === name)
        return found >= 0 ? found : this.add({ object: name })
    }

    /** @param {ts.VariableDeclaration} declaration @returns {number} its index */
    variable(declaration) {
        const known = this.indices.get(declaration)
        if (known !== undefined) return known
        const index = this.add({ declaration })
        this.indices.set(declaration, index)
        return index
    }

    /** @param {Value} value */
    add(value) {
        if (this.list.length >= VALUES_MAX)
            throw new Error(`more than ${VALUES_MAX} values of modules`)
        this.list.push(value)
        return this.list.length - 1
    }

    /**
     * A constant of lists and objects, which nobody changes (it is named in capitals). It is made where
     * it is read, and gone afterwards: kept, the tables of all modules would take a tenth of the heap.
     *
     * @param {ts.VariableDeclaration} declaration
     */
    isTable(declaration) {
        const { initializer, name } = declaration
        const isInCapitals = ts.isIdentifier(name) && /^[A-Z][A-Z0-9_]*$/.test(name.text)
        if (initializer === undefined || !isInCapitals) return false
        if (!this.sources.isCompact(declaration) || this.isLate(declaration)) return false
        if (isExportedValue(declaration) && this.nativeUse.isUsed(declaration)) return false
        const value = bare(initializer)
        return ts.isArrayLiteralExpression(value) || ts.isObjectLiteralExpression(value)
    }

    /** Whether a value is made with calls, or of values of native modules: not before these are there.
     * @param {ts.VariableDeclaration} declaration @returns {boolean} */
    isLate(declaration) {
        /** @param {ts.Node} node @returns {boolean} */
        const visit = (node) => {
            if (ts.isNewExpression(node)) return true
            if (ts.isCallExpression(node) && !isEarlyCall(node)) return true
            if (ts.isIdentifier(node) && this.constants.of(node) === undefined) {
                const value = this.sources.declarationsOf(node).find(ts.isVariableDeclaration)
                if (value !== undefined && value !== declaration && this.isLateValue(value))
                    return true
            }
            return ts.forEachChild(node, visit) ?? false
        }
        return declaration.initializer !== undefined && visit(declaration.initializer)
    }

    /** @param {ts.VariableDeclaration} value that another one is made of */
    isLateValue(value) {
        if (!isOfModule(value) || value.getSourceFile().isDeclarationFile) return false
        return !this.sources.isCompact(value) || this.isLate(value)
    }

    /** Of compact modules, with their indices, in the order of the sources.
     * @param {readonly string[]} order files as they are loaded */
    inOrder(order) {
        const place = (/** @type {ts.VariableDeclaration} */ node) =>
            order.indexOf(node.getSourceFile().fileName) * FILE_STRIDE + node.pos
        return [...this.indices]
            .map(([declaration, index]) => ({ declaration, index }))
            .filter(({ declaration }) => this.sources.isCompact(declaration))
            .sort((a, b) => place(a.declaration) - place(b.declaration))
    }
}

/**
 * Code that makes the values of the modules: first those that need nothing but the code itself, so
 * that they are there before any module is loaded; `isLate`: those that call functions.
 *
 * @param {Pass} pass @param {readonly string[]} order files as they are loaded @param {boolean} isLate
 */
export function valuesCode(pass, order, isLate) {
    const writer = new Writer(pass)
    const { values, learned } = pass
    for (const { declaration, index } of values.inOrder(order)) {
        const { initializer } = declaration
        if (values.isLate(declaration) !== isLate) continue
        if (isLate && isExportedValue(declaration) && learned.nativeUse.isUsed(declaration))
            refuse(declaration, "value for native modules that is made by a call")
        writer.op("storeGlobal", index)
        if (initializer === undefined) writer.op("nothing")
        else expression(writer, initializer)
    }
    writer.op("leaveEmpty")
    return writer.finished().cells
}

/** @param {ts.CallExpression} node */
function isEarlyCall({ expression: callee }) {
    if (!ts.isPropertyAccessExpression(callee)) return false
    return ts.isIdentifier(callee.expression) && EARLY.includes(callee.expression.text)
}
