// The result register as the nearest place for what is used again and again.
//
// Reading a slot takes two bytes, a field of what is in it four, the result register one. Where the
// register holds nothing that anybody needs, up to the next call or allocation, it can hold what a
// stretch of statements keeps asking for: the object whose fields it fills, the record that it reads.
// Which values and where is a choice over the whole function: the stretches may not overlap, and the
// best set of them is found from the end, as what can be saved from each statement on.

import { eachValue, expressionLength, isSame } from "./code.mjs"
import { handlersOf, livenessOf, mayThrow, placesOf, resultBit } from "./flow.mjs"
import { OP, opMayThrow, setsResult } from "./opcodes.mjs"

/** @typedef {import("./code.mjs").Expression} Expression */
/** @typedef {import("./code.mjs").Statement} Statement */
/** @typedef {import("./code.mjs").Numbering} Numbering */
/** @typedef {import("./program.mjs").Routine} Routine */

/** A value to hold over the statements `from` to `to`. @typedef {{ value: Expression, from: number,
 *     to: number }} Stretch */

/** The string `prototype` among those that are built in. */
const PROTOTYPE = 52
/** Statements that a stretch is followed over at most. */
const LONGEST_STRETCH = 400

/** @param {Routine} routine @param {bigint} captured @param {Numbering} numbering */
export function holdInResult(routine, captured, numbering) {
    const { code } = routine
    const { before } = livenessOf(routine, captured)
    const result = resultBit(routine)
    const entries = entriesOf(code)
    /** What can be saved from each statement on, and the stretch that begins there. */
    const saved = new Array(code.length + 1).fill(0)
    /** @type {(Stretch | undefined)[]} */
    const chosen = code.map(() => undefined)
    for (let from = code.length - 1; from >= 0; from--) {
        saved[from] = saved[from + 1]
        if (((before[from] ?? 0n) & result) !== 0n) continue
        for (const value of candidates(/** @type {Statement} */ (code[from]), captured)) {
            const length = expressionLength(value, numbering)
            let uses = 0
            let isWhole = true
            let furthest = from
            for (let to = from; to < code.length && to < from + LONGEST_STRETCH; to++) {
                const statement = /** @type {Statement} */ (code[to])
                const entry = to === from ? undefined : entries[to]
                if (entry !== undefined) {
                    if (entry.first < from) break
                    furthest = Math.max(furthest, entry.last)
                }
                isWhole = furthest <= to
                uses += countOf(statement, value)
                const gain = uses * (length - 1) - (length + 1) + (saved[to + 1] ?? 0)
                if (isWhole && gain > saved[from]) {
                    saved[from] = gain
                    chosen[from] = { value, from, to }
                }
                if (setsResult(statement.op) || changes(statement, value)) break
            }
        }
    }
    apply(routine, chosen)
}

/** For every statement that is jumped to, the first and last place that this is done from; a place
 * that a throw leads to counts as entered from before the first. @param {readonly Statement[]} code */
function entriesOf(code) {
    const places = placesOf(code)
    /** @type {({ first: number, last: number } | undefined)[]} */
    const entries = code.map(() => undefined)
    for (const [index, { target }] of code.entries()) {
        const to = target === undefined ? undefined : places.get(target)
        if (to === undefined) continue
        const known = entries[to] ?? { first: index, last: index }
        entries[to] = { first: Math.min(known.first, index), last: Math.max(known.last, index) }
    }
    for (const handler of handlersOf(code)) {
        const to = places.get(handler)
        if (to !== undefined) entries[to] = { first: -1, last: code.length }
    }
    return entries
}

/** What a statement uses that could be held from before it on: nothing that may throw behind
 * something else that may. @param {Statement} statement @param {bigint} captured */
function candidates({ args }, captured) {
    /** @type {Expression[]} */
    const values = []
    /** @param {Expression} value @param {boolean} isBehindThrow @returns {boolean} */
    const visit = (value, isBehindThrow) => {
        const isKnown = values.some((known) => isSame(known, value))
        const isInOrder = !isBehindThrow || !mayThrow(value)
        if (!isKnown && isInOrder && isSteady(value, captured)) values.push(value)
        const isBehind = value.args.reduce((behind, part) => visit(part, behind), isBehindThrow)
        return isBehind || opMayThrow(value.op)
    }
    args.reduce((behind, value) => visit(value, behind), false)
    return values
}

/** Whether only statements that `changes` knows can change a value.
 * @param {Expression} value @param {bigint} captured @returns {boolean} */
function isSteady({ op, num, args }, captured) {
    if (op === OP.load_local) return (captured & (1n << BigInt(num))) === 0n
    if (op === OP.load_global) return true
    const [object] = args
    if (object === undefined) return false
    if (op === OP.builtin_field) return num === PROTOTYPE && object.op === OP.static_function
    return op === OP.ascii_field && isSteady(object, captured)
}

/** Whether a statement may change a steady value, which is read in it before it does.
 * @param {Statement} statement @param {Expression} value @returns {boolean} */
function changes(statement, value) {
    const { op, num, args } = statement
    if (op === OP.store_local) return reads(value, Number(OP.load_local), num)
    if (op === OP.store_global) return reads(value, Number(OP.load_global), num)
    if (op !== OP.index_set) return false
    const [, key] = args
    if (key?.op === OP.literal || key?.op === OP.static_builtin_string) return false
    if (key?.op === OP.static_ascii_string) return reads(value, Number(OP.ascii_field), key.num)
    return value.op === OP.ascii_field
}

/** @param {Expression} value @param {number} op @param {number} num @returns {boolean} */
function reads(value, op, num) {
    return (value.op === op && value.num === num) || value.args.some((part) => reads(part, op, num))
}

/** @param {Statement} statement @param {Expression} value */
function countOf({ args }, value) {
    let count = 0
    eachValue(args, (within) => {
        if (isSame(within, value)) count++
    })
    return count
}

/** @param {Routine} routine @param {readonly (Stretch | undefined)[]} chosen */
function apply(routine, chosen) {
    const { code } = routine
    /** @type {Map<Statement, Statement>} */
    const instead = new Map()
    /** @type {Statement[]} */
    const out = []
    for (let index = 0; index < code.length; ) {
        const stretch = chosen[index]
        const first = /** @type {Statement} */ (code[index])
        if (stretch === undefined) {
            out.push(first)
            index++
            continue
        }
        const op = Number(OP.store_ret_val)
        /** @type {Statement} */
        const hold = { op, num: 0, args: [stretch.value], target: undefined, gone: undefined }
        instead.set(first, hold)
        out.push(hold)
        for (; index <= stretch.to; index++) {
            const statement = /** @type {Statement} */ (code[index])
            statement.args = statement.args.map((value) => held(value, stretch.value))
            out.push(statement)
        }
    }
    for (const statement of out) {
        const { target } = statement
        if (target !== undefined) statement.target = instead.get(target) ?? target
    }
    routine.code = out
}

/** @param {Expression} expression @param {Expression} value @returns {Expression} */
function held(expression, value) {
    if (isSame(expression, value)) return { op: Number(OP.ret_val), num: 0, args: [] }
    return { ...expression, args: expression.args.map((within) => held(within, value)) }
}
