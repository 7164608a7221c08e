// Slots that need not be: a value goes where it is used, and what nobody reads is not stored.
//
// The compiler puts values into slots before calls and at joins. An expression changes nothing (its
// statements do), so a value that is stored and then used once by the very next statement can be
// worked out there. The one thing that order decides among expressions is which of two that throw
// throws first, so a value that may throw never moves behind another one.

import { copyOf, eachValue } from "./code.mjs"
import {
    arrivals,
    drop,
    handlersOf,
    livenessOf,
    mayThrow,
    nextOf,
    placesOf,
    resultBit,
    stackNeed,
    sweep,
} from "./flow.mjs"
import { LEAST_SMALL_NUMBER, MOST_SMALL_NUMBER, OP, STACK_DEPTH, setsResult } from "./opcodes.mjs"

/** @typedef {import("./code.mjs").Expression} Expression */
/** @typedef {import("./code.mjs").Statement} Statement */
/** @typedef {import("./program.mjs").Routine} Routine */

/** What slots are known to be copies of. @typedef {Map<number, Expression>} Copies */

/** Values that are one byte and always the same. */
const CONSTANTS = [OP.undefined, OP.null, OP.true, OP.false]

/**
 * Works a value out where it is used, when that is once, in the next statement.
 *
 * @param {Routine} routine @param {bigint} captured slots that closures reach
 */
export function useInPlace(routine, captured) {
    const { code } = routine
    const { after } = livenessOf(routine, captured)
    const arrived = arrivals(code)
    const hasHandlers = handlersOf(code).length > 0
    for (let index = code.length - 2; index >= 0; index--) {
        const store = code[index]
        const user = code[index + 1]
        const [value] = store?.args ?? []
        if (store?.op !== OP.store_local || user === undefined || value === undefined) continue
        const bit = 1n << BigInt(store.num)
        const setsAgain = user.op === OP.store_local && user.num === store.num && !hasHandlers
        const isLive = ((after[index + 1] ?? 0n) & bit) !== 0n && !setsAgain
        if (isLive || (captured & bit) !== 0n || arrived.has(user) || user.gone !== undefined)
            continue
        const args = placed(user.args, store.num, value)
        if (args === undefined || stackNeed(args) >= STACK_DEPTH) continue
        user.args = args
        drop(routine, index)
    }
    sweep(routine)
}

/**
 * The values with a slot's value in place of its only use; undefined when it is used otherwise.
 *
 * @param {readonly Expression[]} expressions @param {number} slot @param {Expression} value
 */
function placed(expressions, slot, value) {
    let uses = 0
    let isBehindThrow = false
    let mayMove = true
    eachValue(expressions, (within) => {
        if (within.op === OP.load_local && within.num === slot) {
            uses++
            mayMove &&= !isBehindThrow || !mayThrow(value)
        } else isBehindThrow ||= mayThrow({ ...within, args: [] })
    })
    if (uses !== 1 || !mayMove) return undefined
    return expressions.map((expression) => replaced(expression, slot, value))
}

/** @param {Expression} expression @param {number} slot @param {Expression} value
 * @returns {Expression} */
function replaced(expression, slot, value) {
    if (expression.op === OP.load_local && expression.num === slot) return copyOf(value)
    return { ...expression, args: expression.args.map((within) => replaced(within, slot, value)) }
}

/** Takes out stores that nobody reads, where working the value out cannot throw.
 * @param {Routine} routine @param {bigint} captured */
export function dropUnread(routine, captured) {
    const { after } = livenessOf(routine, captured)
    for (const [index, { op, num, args }] of routine.code.entries()) {
        const isSlot = op === OP.store_local
        if (!isSlot && op !== OP.store_ret_val) continue
        const bit = isSlot ? 1n << BigInt(num) : resultBit(routine)
        const isRead = ((after[index] ?? 0n) & bit) !== 0n || (captured & bit) !== 0n
        const [value] = args
        const isSelf = isSlot
            ? value?.op === OP.load_local && value.num === num
            : value?.op === OP.ret_val
        if ((isRead && !isSelf) || args.some(mayThrow)) continue
        if (index + 1 < routine.code.length) drop(routine, index)
    }
    sweep(routine)
}

/**
 * Reads a copy's original, or the result register, which is a byte shorter than a slot.
 *
 * @param {Routine} routine @param {bigint} captured
 */
export function readOriginals(routine, captured) {
    const { code } = routine
    const known = copiesBefore(code, captured)
    for (const [index, statement] of code.entries()) {
        const copies = known[index]
        if (copies === undefined || copies.size === 0) continue
        statement.args = statement.args.map((value) => original(value, copies))
    }
}

/** @param {Expression} expression @param {Copies} copies @returns {Expression} */
function original(expression, copies) {
    if (expression.op === OP.load_local) {
        const copy = copies.get(expression.num)
        return copy === undefined ? expression : copyOf(copy)
    }
    return { ...expression, args: expression.args.map((within) => original(within, copies)) }
}

/** @param {readonly Statement[]} code @param {bigint} captured
 * @returns {(Copies | undefined)[]} by statement; undefined where nothing leads */
function copiesBefore(code, captured) {
    const places = placesOf(code)
    const handlers = new Set(handlersOf(code))
    /** @type {(Copies | undefined)[]} */
    const before = code.map(() => undefined)
    before[0] = new Map()
    const open = [0]
    for (const index of open) {
        const statement = code[index]
        const into = before[index]
        if (statement === undefined || into === undefined) continue
        const out = copiesAfter(statement, into, captured)
        for (const next of nextOf(code, index, places)) {
            const follower = code[next]
            if (follower === undefined) continue
            const isTaken = follower === statement.target
            const clearsResult = statement.op === OP.jmp_ret_val_z && isTaken
            const passed = clearsResult ? withoutResult(out) : out
            const arriving = handlers.has(follower) ? new Map() : passed
            const met = meet(before[next], arriving)
            if (met === undefined) continue
            before[next] = met
            open.push(next)
        }
    }
    return before
}

/** What holds on both ways to a statement; undefined when that is what held before.
 * @param {Copies | undefined} known @param {Copies} arriving */
function meet(known, arriving) {
    if (known === undefined) return new Map(arriving)
    const both = [...known].filter(([slot, value]) => {
        const other = arriving.get(slot)
        return other !== undefined && other.op === value.op && other.num === value.num
    })
    return both.length === known.size ? undefined : new Map(both)
}

/** @param {Statement} statement @param {Copies} into @param {bigint} captured @returns {Copies} */
function copiesAfter(statement, into, captured) {
    const { op, num } = statement
    /** @param {number} slot */
    const isFree = (slot) => (captured & (1n << BigInt(slot))) === 0n
    const [value] = statement.args
    if (op === OP.store_local) {
        const copies = [...into].filter(
            ([slot, copy]) => slot !== num && !(copy.op === OP.load_local && copy.num === num),
        )
        const out = new Map(copies)
        const kept = value === undefined ? undefined : original(value, into)
        const isOther = kept?.op === OP.load_local && kept.num !== num && isFree(kept.num)
        const isKept = kept !== undefined && (isOther || kept.op === OP.ret_val || isConstant(kept))
        if (isKept && isFree(num)) out.set(num, kept)
        return out
    }
    if (!setsResult(op)) return into
    const out = withoutResult(into)
    if (op === OP.store_ret_val && value?.op === OP.load_local && isFree(value.num)) {
        out.set(value.num, { op: Number(OP.ret_val), num: 0, args: [] })
    }
    return out
}

/** @param {Copies} copies */
function withoutResult(copies) {
    return new Map([...copies].filter(([, value]) => value.op !== OP.ret_val))
}

/** @param {Expression} value */
function isConstant(value) {
    const isSmall = value.num >= LEAST_SMALL_NUMBER && value.num <= MOST_SMALL_NUMBER
    return CONSTANTS.includes(value.op) || (value.op === OP.literal && isSmall)
}
