// Jumps: shorter conditions, fewer jumps, no code that nothing leads to.
//
// `a && b` comes from the compiler as a slot that is set to `a`, tested, set to `b` and tested again.
// A jump that leads to a test of the slot it has just tested itself knows how that test ends and goes
// there directly; what remains is a slot that is set and tested once, which temporaries.mjs removes.

import { isSame } from "./code.mjs"
import { arrivals, drop, placesOf, sweep } from "./flow.mjs"
import {
    isBoolean,
    isFinal,
    isWhole,
    LEAST_SMALL_NUMBER,
    MOST_SMALL_NUMBER,
    OP,
} from "./opcodes.mjs"

/** @typedef {import("./code.mjs").Expression} Expression */
/** @typedef {import("./code.mjs").Statement} Statement */
/** @typedef {import("./program.mjs").Routine} Routine */

/** A test of a slot: which, and whether the test holds when the slot is true or when it is false.
 * @typedef {{ slot: number, isNegated: boolean }} SlotTest */
/** @typedef {{ slot: number, isTrue: boolean }} Known */

/** Opposites that hold exactly when the other does not. Not so `<` and `>=`, for what is no number. */
const OPPOSITE = new Map([
    [OP.eq, OP.ne],
    [OP.ne, OP.eq],
    [OP.approx_eq, OP.approx_ne],
    [OP.approx_ne, OP.approx_eq],
    [OP.true, OP.false],
    [OP.false, OP.true],
])

/** Values in shorter forms that mean the same. @param {Routine} routine */
export function simplifyValues(routine) {
    for (const statement of routine.code) {
        statement.args = statement.args.map(simpler)
        const [condition] = statement.args
        if (statement.op === OP.jmp_z && condition !== undefined)
            statement.args = [tested(condition)]
    }
}

/** @param {Expression} expression @returns {Expression} */
function simpler(expression) {
    const args = expression.args.map(simpler)
    const [first, second] = args
    const { op } = expression
    if (first !== undefined && op === OP.not) {
        const opposite = OPPOSITE.get(first.op)
        if (opposite !== undefined) return { ...first, op: Number(opposite) }
        if (first.op === OP.to_bool) return { ...expression, args: first.args }
        if (first.op === OP.not && first.args[0] !== undefined) {
            return simpler({ ...first, op: Number(OP.to_bool) })
        }
    }
    if (first !== undefined && op === OP.to_bool && isBoolean(first.op)) return first
    // A value is identical to undefined exactly when is_undefined says so (vm_ops.c, value.c).
    if (first !== undefined && op === OP.eq && second?.op === OP.undefined) {
        return { op: Number(OP.is_undefined), num: 0, args: [first] }
    }
    return folded({ ...expression, args })
}

/** Sums of two whole numbers, where the machine stays with 32 bits and the result is short.
 * @param {Expression} expression */
function folded(expression) {
    const [first, second] = expression.args
    if (first?.op !== OP.literal || second?.op !== OP.literal) return expression
    const value =
        expression.op === OP.add
            ? first.num + second.num
            : expression.op === OP.sub
              ? first.num - second.num
              : expression.op === OP.mul
                ? first.num * second.num
                : Number.NaN
    const isShort = value >= LEAST_SMALL_NUMBER && value <= MOST_SMALL_NUMBER
    return isShort ? { op: Number(OP.literal), num: value | 0, args: [] } : expression
}

/** A condition without what a test does anyway. @param {Expression} condition
 * @returns {Expression} */
function tested(condition) {
    const [inner, other] = condition.args
    if (inner === undefined) return condition
    // A whole number that is not zero is true. Of fractions the machine says the reverse.
    if (isWhole(inner.op) && other?.op === OP.literal && other.num === 0) {
        if (condition.op === OP.ne) return inner
        if (condition.op === OP.eq) return { op: Number(OP.not), num: 0, args: [inner] }
    }
    if (condition.op === OP.to_bool) return tested(inner)
    if (condition.op !== OP.not) return condition
    const kept = tested(inner)
    if (kept.op === OP.not && kept.args[0] !== undefined) return tested(kept.args[0])
    const opposite = OPPOSITE.get(kept.op)
    return opposite === undefined
        ? { ...condition, args: [kept] }
        : { ...kept, op: Number(opposite) }
}

/** The opposite of a condition, for a test. @param {Expression} condition */
export function negated(condition) {
    return tested({ op: Number(OP.not), num: 0, args: [condition] })
}

/** Leads jumps past jumps and past tests whose end is known; removes what nothing leads to.
 * @param {Routine} routine */
export function straighten(routine) {
    const { code } = routine
    const places = placesOf(code)
    const arrived = arrivals(code)
    for (const [index, statement] of code.entries()) {
        if (statement.op !== OP.jmp && statement.op !== OP.jmp_z) continue
        const known = knownAfter(code, index, arrived)
        statement.target = beyond(code, places, statement.target, known)
    }
    invertOverJumps(routine)
    removeUnreached(routine)
    foldConstantTests(routine)
    for (const [index, { op, target }] of routine.code.entries()) {
        const isNext = target !== undefined && target === routine.code[index + 1]
        if (op === OP.jmp && isNext) drop(routine, index)
    }
    sweep(routine)
}

/**
 * Where a jump ends up.
 *
 * @param {readonly Statement[]} code @param {Map<Statement, number>} places
 * @param {Statement | undefined} target @param {Known | undefined} known
 */
function beyond(code, places, target, known) {
    let at = target
    for (let steps = 0; steps < code.length && at !== undefined; steps++) {
        const next = at.op === OP.jmp ? at.target : afterTest(code, places, at, known)
        if (next === undefined || next === at) break
        at = next
    }
    return at
}

/**
 * Where a test of the known slot leads; undefined for anything else.
 *
 * @param {readonly Statement[]} code @param {Map<Statement, number>} places
 * @param {Statement} at @param {Known | undefined} known
 */
function afterTest(code, places, at, known) {
    const test = at.op === OP.jmp_z ? slotTest(at.args[0]) : undefined
    if (known === undefined || test === undefined || test.slot !== known.slot) return undefined
    const holds = known.isTrue !== test.isNegated
    return holds ? code[(places.get(at) ?? code.length) + 1] : at.target
}

/** What a slot is known to be once a jump is taken.
 * @param {readonly Statement[]} code @param {number} index @param {Map<Statement, number>} arrived
 * @returns {Known | undefined} */
function knownAfter(code, index, arrived) {
    const from = code[index]
    if (from?.op === OP.jmp_z) {
        const test = slotTest(from.args[0])
        return test === undefined ? undefined : { slot: test.slot, isTrue: test.isNegated }
    }
    // `slot := constant; jump`, when nobody arrives at the jump from elsewhere.
    const before = code[index - 1]
    if (from === undefined || before?.op !== OP.store_local || arrived.has(from)) return undefined
    const isTrue = constantTruth(before.args[0])
    return isTrue === undefined ? undefined : { slot: before.num, isTrue }
}

/** @param {Expression | undefined} condition @returns {SlotTest | undefined} */
function slotTest(condition) {
    if (condition === undefined) return undefined
    if (condition.op === OP.load_local) return { slot: condition.num, isNegated: false }
    const inner = condition.op === OP.not ? slotTest(condition.args[0]) : undefined
    return inner === undefined ? undefined : { ...inner, isNegated: !inner.isNegated }
}

/** Whether the machine takes a constant for true (value.c, devs_value_to_bool).
 * @param {Expression | undefined} value */
function constantTruth(value) {
    if (value?.op === OP.literal) return value.num !== 0
    if (value?.op === OP.true) return true
    const isFalse = [OP.false, OP.undefined, OP.null, OP.nan].includes(Number(value?.op))
    return isFalse ? false : undefined
}

/** `if not c go to A; go to B; A:` is `if c go to B; A:`. @param {Routine} routine */
function invertOverJumps(routine) {
    const arrived = arrivals(routine.code)
    for (const [index, statement] of routine.code.entries()) {
        const over = routine.code[index + 1]
        const [condition] = statement.args
        if (statement.op !== OP.jmp_z || over?.op !== OP.jmp || condition === undefined) continue
        if (over.gone !== undefined || statement.target !== routine.code[index + 2]) continue
        if (arrived.has(over)) continue
        statement.args = [negated(condition)]
        statement.target = over.target
        drop(routine, index + 1)
    }
    sweep(routine)
}

/** @param {Routine} routine */
function foldConstantTests(routine) {
    for (const [index, statement] of routine.code.entries()) {
        if (statement.op !== OP.jmp_z) continue
        const isTrue = constantTruth(statement.args[0])
        if (isTrue === true && index + 1 < routine.code.length) drop(routine, index)
        else if (isTrue === false) {
            statement.op = Number(OP.jmp)
            statement.args = []
        }
    }
    sweep(routine)
}

/** @param {Routine} routine */
export function removeUnreached(routine) {
    const { code } = routine
    const places = placesOf(code)
    const reached = new Set([0])
    for (const index of reached) {
        const statement = code[index]
        if (statement === undefined) continue
        if (!isFinal(statement.op) && index + 1 < code.length) reached.add(index + 1)
        const target = statement.target === undefined ? undefined : places.get(statement.target)
        if (target !== undefined) reached.add(target)
    }
    if (reached.size < code.length) routine.code = code.filter((_, index) => reached.has(index))
}

/** A jump to a short return is the return itself: it is no longer, and what led there may go.
 * @param {Routine} routine */
export function returnAtOnce(routine) {
    for (const statement of routine.code) {
        const { op, target } = statement
        const [value] = target?.args ?? []
        if (op !== OP.jmp || target?.op !== OP.return || value === undefined) continue
        const isShort = value.args.length === 0 && isShortValue(value)
        if (!isShort) continue
        statement.op = target.op
        statement.args = [{ ...value, args: [] }]
        statement.target = undefined
    }
    removeUnreached(routine)
}

/** One byte, or a slot, which is often known to hold what the statement before put there.
 * @param {Expression} value */
function isShortValue(value) {
    if (value.op === OP.literal) {
        return value.num >= LEAST_SMALL_NUMBER && value.num <= MOST_SMALL_NUMBER
    }
    const short = [OP.undefined, OP.null, OP.true, OP.false, OP.ret_val, OP.nan, OP.load_local]
    return short.includes(value.op)
}

/** Whether two statements do the same and go to the same place from there.
 * @param {Statement} a @param {Statement} b */
export function isSameStatement(a, b) {
    return (
        a.op === b.op &&
        a.num === b.num &&
        a.target === b.target &&
        a.args.length === b.args.length &&
        a.args.every((value, index) => isSame(value, /** @type {Expression} */ (b.args[index])))
    )
}
