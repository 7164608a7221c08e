// The code of one function while it is written: its cells in prefix order, the slots of its locals,
// and how many calls of the machine are under way at each place. What is written where is said by the
// files beside this one: statements, conditions, assignments, expressions, fields, objects, calls.

import ts from "typescript"
import { assembled, Label, sizeOf, startOf } from "./jumps.mjs"
import { refuse } from "./syntax.mjs"

/** @typedef {import("./jumps.mjs").Cell} Cell */
/** @typedef {import("./pass.mjs").Key} Key */
/** @typedef {import("./pass.mjs").Pass} Pass */

/**
 * A place of the code: the machine's own calls that are under way there, and who is called, if anybody:
 * a compact function, one of the methods that an object may have, or a closure made there.
 * @typedef {{ depth: number, key?: Key, closure?: Key,
 *     methods?: readonly ts.MethodDeclaration[] }} Point
 */
/** A loop or `switch` around a statement, with how many `try` there are around it.
 * @typedef {{ breaks: Label, continues: Label | undefined, tries: number }} Loop */
/** A function's code, its locals in the first byte. @typedef {{ cells: import("./jumps.mjs").Placed[],
 *     points: readonly Point[] }} Made */

/** The first byte of a function says how many it has. */
const SLOTS_MAX = 255
/** Slots that have handlers of their own. */
const FIRST_LOCALS = 7
const FIRST_SETS = 9

export class Writer {
    /** @param {Pass} pass @param {Writer | undefined} outer of the function around a closure */
    constructor(pass, outer = undefined) {
        this.pass = pass
        this.checker = pass.sources.checker
        this.outer = outer
        /** @type {Cell[]} */
        this.cells = []
        /** @type {Map<ts.Symbol, number>} */
        this.slots = new Map()
        this.slotCount = 0
        this.hasThis = false
        this.depth = 0
        /** @type {Point[]} */
        this.points = []
        /** @type {Loop[]} */
        this.loops = []
        this.tries = 0
    }

    /** @param {string} handler @param {...number} operands bytes */
    op(handler, ...operands) {
        for (const operand of operands)
            if (!(operand >= 0 && operand < 256))
                throw new Error(`operand ${operand} of ${handler}, expected a byte`)
        this.cells.push(this.pass.op(handler), ...operands)
    }

    /** @param {string} handler @param {Key} key */
    opOf(handler, key) {
        this.op(handler)
        this.cells.push({ key })
    }

    // Locals.

    /** @param {ts.Node} node that needs one @returns {number} */
    newSlot(node) {
        if (this.slotCount >= SLOTS_MAX) refuse(node, `function with more than ${SLOTS_MAX} locals`)
        return this.slotCount++
    }

    /** @param {ts.Node} name @returns {number} its slot */
    declare(name) {
        const slot = this.newSlot(name)
        const symbol = this.checker.getSymbolAtLocation(name)
        if (symbol !== undefined) this.slots.set(symbol, slot)
        return slot
    }

    /** The slot that an identifier or `this` is in; undefined where it is in none of this function.
     * @param {ts.Node} node @returns {number | undefined} */
    slotOf(node) {
        if (node.kind === ts.SyntaxKind.ThisKeyword) {
            if (!this.hasThis) refuse(node, "`this` here")
            return 0
        }
        if (!ts.isIdentifier(node)) return undefined
        return this.slotFor(this.checker.getSymbolAtLocation(node))
    }

    /** @param {ts.Symbol | undefined} symbol */
    slotFor(symbol) {
        return symbol === undefined ? undefined : this.slots.get(symbol)
    }

    /** The value follows. @param {number} slot */
    setLocal(slot) {
        if (slot > 0 && slot < FIRST_SETS) this.op(`set${slot}`)
        else this.op("setLocal", slot)
    }

    /** @param {number} slot */
    local(slot) {
        if (slot < FIRST_LOCALS) this.op(`local${slot}`)
        else this.op("local", slot)
    }

    // Constants.

    /** @param {number} value @returns {void} */
    number(value) {
        const isWhole = Number.isInteger(value)
        if (Object.is(value, 0)) this.op("zero")
        else if (value === 1) this.op("one")
        else if (value === -1) this.op("minusOne")
        else if (isWhole && value > 0 && value < 256) this.op("byte", value)
        else if (isWhole && value > 0 && value < 65536) this.op("word", value & 255, value >> 8)
        else if (isWhole && value > 0 && value < 2 ** 32)
            this.op("whole", ...[0, 8, 16, 24].map((shift) => (value >>> shift) & 255))
        else if (isWhole && value < 0 && value > -65536) {
            this.op("negate")
            this.number(-value)
        } else this.op("global", this.pass.values.number(value))
    }

    /** @param {string} text */
    text(text) {
        if (this.pass.names.isSaidOnce(text))
            return this.op("said", text.length, ...Buffer.from(text))
        const index = this.pass.names.indexOf(text)
        if (index < 256) this.op("text", index)
        else this.op("textWide", index & 255, index >> 8)
    }

    // Jumps.

    /** Jumps to `label` lead here. @param {Label} label */
    place(label) {
        this.cells.push({ label })
    }

    /** @param {Label} label */
    jump(label) {
        this.branch("jump", () => {}, label)
    }

    /** @param {Label} start of a loop */
    backTo(start) {
        this.branch("back", () => {}, start)
    }

    /** A handler that jumps, what it looks at, and where it leads.
     * @param {string} kind @param {() => void} condition @param {Label} label */
    branch(kind, condition, label) {
        const start = startOf(kind)
        this.cells.push(start)
        condition()
        this.cells.push({ jump: label, start })
    }

    /** One of two values. @param {ts.Node} node that this is for @param {() => void} condition
     * @param {() => void} whenTrue @param {() => void} whenFalse */
    chosen(node, condition, whenTrue, whenFalse) {
        const [yes, no] = [this.apart(whenTrue), this.apart(whenFalse)]
        if (yes.bytes > 255 || no.bytes > 255) refuse(node, "choice of more than 255 bytes")
        this.op("choose", yes.bytes, no.bytes)
        condition()
        this.cells.push(...yes.cells, ...no.cells)
    }

    /** Code on the side, with its length. @param {() => void} write */
    apart(write) {
        const cells = this.cells
        this.cells = []
        write()
        const made = this.cells
        this.cells = cells
        return { cells: made, bytes: sizeOf(made) }
    }

    // Calls under way.

    /** What a helper of the machine reads: a call more is under way. @param {() => void} write */
    together(write) {
        this.depth++
        write()
        this.depth--
    }

    /** A function as a value: who is handed it may call it at once. @param {Key} key */
    closureOf(key) {
        this.points.push({ depth: this.depth, closure: key })
        this.opOf("closure", key)
    }

    /** A call of a compact function; its arguments follow. @param {number} count @param {Key} key */
    callOf(count, key) {
        this.points.push({ depth: this.depth, key })
        this.opOf("call", key)
        this.cells.push(count)
    }

    /** All of the function. The machine makes room for all locals at once: a frame that grows leaves
     * holes in the heap. @returns {Made} */
    finished() {
        const code = assembled(this.cells, (handler) => this.pass.op(handler))
        return { cells: [this.slotCount, ...code], points: this.points }
    }
}
