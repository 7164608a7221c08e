// One pass over the modules: which functions become compact code, in which order, and what each name
// stands for (meanings.mjs). A function is compiled when somebody is found to call it, so what nobody calls is absent.
// What a pass learns about the whole program serves the next one (program.mjs).

import ts from "typescript"
import {
    closureCode,
    constructorCode,
    functionCode,
    mainCode,
    methodCode,
    tableCode,
} from "./functions.mjs"
import { sizeOf } from "./jumps.mjs"
import { changedLayouts, seenNatively } from "./layout-rules.mjs"
import { Layouts } from "./layouts.mjs"
import { Links } from "./links.mjs"
import { ModuleValues, valuesCode } from "./module-values.mjs"
import { Names } from "./names.mjs"
import { isDone, isExported, lineOf, nameOf, refuse } from "./syntax.mjs"

/** @typedef {import("./jumps.mjs").Placed} Placed */
/** @typedef {import("./learned.mjs").Learned} Learned */
/** @typedef {import("./syntax.mjs").Callable} Callable */
/** @typedef {import("./writer.mjs").Made} Made */
/** @typedef {import("./writer.mjs").Point} Point */
/** @typedef {import("./writer.mjs").Writer} Writer */

/** A function of the compact code. `at` is its address, -1 before all is compiled.
 * @typedef {{ node: ts.Node, name: string, at: number, cells: readonly Placed[],
 *     points: readonly Point[] }} Key */
/** An address has two bytes. */
const CODE_MAX = 65535

export class Pass {
    /**
     * @param {Learned} learned
     * @param {{ before?: Pass, checksLayouts?: boolean, names?: readonly string[] }} asked
     */
    constructor(learned, { before, checksLayouts = false, names = [] } = {}) {
        const { sources, constants, nativeUse, privateNames } = learned
        this.learned = learned
        this.sources = sources
        this.constants = constants
        this.privateNames = privateNames
        this.canWait = learned.canWait
        this.checksLayouts = checksLayouts
        this.names = new Names(before?.names, names)
        this.values = new ModuleValues(sources, constants, nativeUse)
        this.links = new Links()
        this.layouts = new Layouts(
            sources.checker,
            (node) =>
                sources.isCompact(node) && !learned.escaped.has(node) && !nativeUse.hasSide(node),
            (node) => sources.isCompact(node) && learned.interfaces.includes(node.name.text),
        )
        /** Handlers that the code uses. @type {Set<string>} */
        this.usedOps = new Set()
        /** @type {Map<ts.Node, Key>} */
        this.keys = new Map()
        /** Functions as values. @type {Map<ts.Node, Key>} */
        this.valueKeys = new Map()
        /** @type {{ key: Key, make: () => Made }[]} */
        this.queue = []
        /** In the order of the code. @type {Key[]} */
        this.functions = []
        /** Code that makes the values of the modules, before and after native modules are there. */
        this.early = { at: 0, cells: /** @type {readonly Placed[]} */ ([]) }
        this.late = { at: 0, cells: /** @type {readonly Placed[]} */ ([]) }
    }

    /** Compiles all that native code can reach, and what that calls. */
    compile() {
        const { sources } = this
        if (this.checksLayouts)
            for (const one of seenNatively(this.layouts, sources)) this.learned.escaped.add(one)
        for (const path of sources.modules) {
            const file = sources.file(path)
            const isEntry = sources.entries.includes(path)
            for (const statement of file.statements) {
                if (!isEntry && isDone(statement) && !ts.isVariableStatement(statement))
                    refuse(statement, "module that does something when it is loaded")
                this.reach(statement)
            }
            if (isEntry) this.mainKey(file)
        }
        this.drain()
        const order = sources.loadOrder()
        // The code of values may ask for more values.
        for (let count = -1; count < this.values.list.length; ) {
            count = this.values.list.length
            this.early.cells = valuesCode(this, order, false)
            this.late.cells = valuesCode(this, order, true)
            this.drain()
        }
        this.place()
        return this
    }

    /** What native code calls, makes or reads of a module. @param {ts.Statement} statement */
    reach(statement) {
        const { nativeUse } = this.learned
        if (ts.isFunctionDeclaration(statement) && isExported(statement)) {
            if (nativeUse.isUsed(statement)) this.functionOf(statement)
        }
        if (ts.isClassDeclaration(statement) && nativeUse.hasSide(statement)) {
            this.constructorKey(statement)
            for (const member of statement.members)
                if (ts.isMethodDeclaration(member) && nativeUse.isCalled(member))
                    this.methodKey(member)
        }
        if (!ts.isVariableStatement(statement) || !isExported(statement)) return
        for (const declaration of statement.declarationList.declarations)
            if (nativeUse.isUsed(declaration) && this.constants.of(declaration.name) === undefined)
                this.values.variable(declaration)
    }

    drain() {
        for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
            Object.assign(next.key, next.make())
            this.functions.push(next.key)
        }
    }

    /** Gives every function its address. */
    place() {
        let at = 0
        for (const part of [...this.functions, this.early, this.late]) {
            part.at = at
            at += sizeOf(part.cells)
        }
        if (at > CODE_MAX)
            throw new Error(`compact code of ${at} bytes, expected at most ${CODE_MAX}`)
    }

    // What the writers ask.

    /** @param {string} handler */
    op(handler) {
        this.usedOps.add(handler)
        return this.learned.interpreter.opcode(handler)
    }

    /** A class whose objects go where another type is expected keeps its names; an interface may not.
     * @param {ts.Expression} node */
    checkLayout(node) {
        if (!this.checksLayouts) return
        for (const one of changedLayouts(this.layouts, node)) this.learned.escaped.add(one)
    }

    // Functions, each compiled once.

    /** @param {ts.FunctionDeclaration} node */
    functionOf(node) {
        return this.keyOf(node, () => functionCode(this, node))
    }

    /** @param {ts.MethodDeclaration} node */
    methodKey(node) {
        return this.keyOf(node, () => methodCode(this, node))
    }

    /** @param {ts.ClassDeclaration} node */
    constructorKey(node) {
        return this.keyOf(node, () => constructorCode(this, node))
    }

    /** @param {ts.ArrowFunction} node @param {Writer} outer */
    closureOf(node, outer) {
        return this.keyOf(node, () => closureCode(this, node, outer))
    }

    /** @param {ts.VariableDeclaration} node */
    tableOf(node) {
        const { initializer } = node
        if (initializer === undefined) refuse(node, "table without a value")
        return this.keyOf(node, () => tableCode(this, initializer))
    }

    /** @param {ts.SourceFile} file of an entry */
    mainKey(file) {
        return this.keyOf(file, () => mainCode(this, file))
    }

    /** A function as a value. @param {ts.FunctionDeclaration} node */
    valueKey(node) {
        return this.keyOf(node, () => closureCode(this, node), this.valueKeys)
    }

    /** @param {ts.Node} node @param {() => Made} make @returns {Key} */
    keyOf(node, make, keys = this.keys) {
        const known = keys.get(node)
        if (known !== undefined) return known
        const key = { node, name: nameOf(node) ?? "closure", at: -1, cells: [], points: [] }
        keys.set(node, key)
        this.queue.push({ key, make })
        return key
    }

    // What is read when all is compiled.

    /** @param {ts.Node} node */
    addressOf(node) {
        const key = this.keys.get(node)
        if (key === undefined) throw new Error(`${nameOf(node)} is not compiled`)
        return key.at
    }

    /** What errors call a function. @param {Key} key */
    labelOf({ name, node }) {
        return `${name}:${lineOf(node)}`
    }

    /** All of the code. */
    bytes() {
        const cells = [...this.functions, this.early, this.late].flatMap((part) => part.cells)
        return Buffer.from(
            cells.flatMap((cell) =>
                typeof cell === "number" ? [cell] : [cell.key.at & 255, cell.key.at >> 8],
            ),
        )
    }
}
