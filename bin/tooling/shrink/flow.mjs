// Where a function goes from each statement, and what it may still read there.
//
// Besides jumping, any statement may throw. A throw leads to the innermost handler, which is kept at
// run time, so within a function that has handlers every statement is taken to lead to every one of
// them, and to everything that a `throw_jmp` leads to. What a closure reaches in its parent's slots
// is never taken for known: such slots count as read by every statement.

import { eachValue } from "./code.mjs"
import { isFinal, OP, opMayThrow, setsResult } from "./opcodes.mjs"

/** @typedef {import("./code.mjs").Expression} Expression */
/** @typedef {import("./code.mjs").Statement} Statement */
/** @typedef {import("./program.mjs").Routine} Routine */
/** @typedef {import("./program.mjs").Program} Program */

/**
 * What may be read after each statement, as bits: one per slot, and the result register above them.
 * @typedef {object} Liveness
 * @property {bigint[]} before @property {bigint[]} after
 */

/** Takes out what was marked as gone, and lets jumps lead to what stands in its place.
 * @param {Routine} routine */
export function sweep(routine) {
    for (const statement of routine.code) {
        while (statement.target?.gone !== undefined) statement.target = statement.target.gone
    }
    routine.code = routine.code.filter(({ gone }) => gone === undefined)
}

/** Marks a statement as gone in favour of the one behind it. @param {Routine} routine
 * @param {number} index */
export function drop(routine, index) {
    const statement = routine.code[index]
    const next = routine.code[index + 1]
    if (statement === undefined || next === undefined) {
        throw new Error(`function ${routine.id}: its last statement cannot be dropped`)
    }
    statement.gone = next
}

/** Where control goes when nothing is thrown.
 * @param {readonly Statement[]} code @param {number} index @param {Map<Statement, number>} places */
export function nextOf(code, index, places) {
    const statement = code[index]
    if (statement === undefined) return []
    const next = isFinal(statement.op) || index + 1 >= code.length ? [] : [index + 1]
    const target = statement.target === undefined ? undefined : places.get(statement.target)
    return target === undefined ? next : [...next, target]
}

/** @param {readonly Statement[]} code */
export function placesOf(code) {
    return new Map(code.map((statement, index) => [statement, index]))
}

/** Where a throw may lead. @param {readonly Statement[]} code */
export function handlersOf(code) {
    return code
        .filter(({ op }) => op === OP.try || op === OP.throw_jmp)
        .flatMap(({ target }) => (target === undefined ? [] : [target]))
}

/** How many jumps lead to each statement that is jumped to. @param {readonly Statement[]} code */
export function arrivals(code) {
    /** @type {Map<Statement, number>} */
    const counts = new Map()
    for (const { target } of code) {
        if (target !== undefined) counts.set(target, (counts.get(target) ?? 0) + 1)
    }
    return counts
}

/** The bit of the result register. @param {Routine} routine */
export const resultBit = (routine) => 1n << BigInt(routine.slots)

/** What evaluating values reads. @param {Routine} routine
 * @param {readonly Expression[]} expressions */
export function readsOf(routine, expressions) {
    let reads = 0n
    eachValue(expressions, ({ op, num }) => {
        if (op === OP.load_local) reads |= 1n << BigInt(num)
        else if (op === OP.ret_val) reads |= resultBit(routine)
    })
    return reads
}

/** @param {Routine} routine @param {bigint} captured @returns {Liveness} */
export function livenessOf(routine, captured) {
    const { code } = routine
    const places = placesOf(code)
    const result = resultBit(routine)
    const next = code.map((_, index) => nextOf(code, index, places))
    const handlers = handlersOf(code).flatMap((handler) => places.get(handler) ?? [])
    const reads = code.map((statement) => {
        const jumpsOnResult = statement.op === OP.jmp_ret_val_z ? result : 0n
        return readsOf(routine, statement.args) | jumpsOnResult | captured
    })
    const sets = code.map(({ op, num }) => {
        const slot = op === OP.store_local ? 1n << BigInt(num) : 0n
        return (setsResult(op) ? result : 0n) | slot
    })
    const before = code.map(() => 0n)
    const after = code.map(() => 0n)
    for (let isSettled = false; !isSettled; ) {
        isSettled = true
        const thrown = handlers.reduce((bits, index) => bits | (before[index] ?? 0n), 0n)
        for (let index = code.length - 1; index >= 0; index--) {
            const out = (next[index] ?? []).reduce((bits, to) => bits | (before[to] ?? 0n), thrown)
            const into = (reads[index] ?? 0n) | (out & ~(sets[index] ?? 0n)) | thrown
            after[index] = out
            if (into === before[index]) continue
            before[index] = into
            isSettled = false
        }
    }
    return { before, after }
}

/**
 * The slots of each routine that a closure made in it may reach, whichever level it names.
 *
 * @param {Program} program
 * @returns {Map<number, bigint>} by routine
 */
export function capturedSlots(program) {
    /** @type {Map<number, { slots: bigint, makes: Set<number> }>} */
    const facts = new Map()
    for (const { id, code } of program.routines) {
        const fact = { slots: 0n, makes: new Set() }
        for (const { op, num, args } of code) {
            if (op === OP.store_closure) fact.slots |= 1n << BigInt(num)
            eachValue(args, (value) => {
                if (value.op === OP.load_closure) fact.slots |= 1n << BigInt(value.num)
                if (value.op === OP.make_closure) fact.makes.add(value.num)
            })
        }
        facts.set(id, fact)
    }
    /** @type {Map<number, bigint>} */
    const captured = new Map()
    for (const { id, slots: count } of program.routines) {
        const seen = new Set(facts.get(id)?.makes ?? [])
        let slots = 0n
        for (const made of seen) {
            const fact = facts.get(made)
            slots |= fact?.slots ?? 0n
            for (const more of fact?.makes ?? []) seen.add(more)
        }
        captured.set(id, slots & ((1n << BigInt(count)) - 1n))
    }
    return captured
}

/** Whether evaluating a value can throw. @param {Expression} expression @returns {boolean} */
export function mayThrow(expression) {
    return opMayThrow(expression.op) || expression.args.some(mayThrow)
}

/** How many places of the stack a value needs while it is worked out.
 * @param {readonly Expression[]} expressions @returns {number} */
export function stackNeed(expressions) {
    return expressions.reduce(
        (need, expression, index) =>
            Math.max(need, index + Math.max(1, stackNeed(expression.args))),
        0,
    )
}
