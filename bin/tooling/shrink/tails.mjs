// The same end of two ways, once.
//
// Two ways that end with the same statements can share them: the first jumps into the second's. The
// machine keeps handlers on a stack of its own and not by place, so it does not matter what surrounds
// the statements. `if (c) return` is worth it most: the test itself can lead to another `return`.

import { negated } from "./branches.mjs"
import { encode, expressionLength, immediateBytes } from "./code.mjs"
import { placesOf, sweep } from "./flow.mjs"
import { isFinal, OP } from "./opcodes.mjs"

/** @typedef {import("./code.mjs").Statement} Statement */
/** @typedef {import("./code.mjs").Numbering} Numbering */
/** @typedef {import("./program.mjs").Routine} Routine */

/** Two equal runs of statements: the first of each, how many, and what sharing them saves.
 * @typedef {{ from: number, to: number, count: number, gain: number }} Shared */

/** Bytes of a jump's opcode. */
const JUMP_BYTES = 1

/** Shares ends as long as it saves something. @param {Routine} routine @param {Numbering} numbering */
export function shareTails(routine, numbering) {
    for (;;) {
        const best = bestOf(routine, numbering)
        if (best === undefined) return
        apply(routine, best)
    }
}

/** @param {Routine} routine @param {Numbering} numbering @returns {Shared | undefined} */
function bestOf(routine, numbering) {
    const { code } = routine
    const { starts } = encode(code, numbering)
    const places = placesOf(code)
    const keys = code.map((statement) => keyOf(statement, places))
    /** @type {Map<string, number[]>} */
    const ends = new Map()
    for (const [index, { op }] of code.entries()) {
        const key = keys[index] ?? ""
        if (isFinal(op)) ends.set(key, [...(ends.get(key) ?? []), index])
    }
    /** @type {Shared | undefined} */
    let best
    for (const same of ends.values()) {
        for (const [nth, first] of same.entries()) {
            for (const second of same.slice(nth + 1)) {
                const shared = measured(code, starts, keys, first, second, numbering)
                if (shared.gain > (best?.gain ?? 0)) best = shared
            }
        }
    }
    return best
}

/**
 * @param {readonly Statement[]} code @param {readonly number[]} starts
 * @param {readonly string[]} keys @param {number} first @param {number} second
 * @param {Numbering} numbering
 * @returns {Shared}
 */
function measured(code, starts, keys, first, second, numbering) {
    let count = 1
    while (
        first - count >= 0 &&
        second - count > first &&
        keys[first - count] === keys[second - count]
    ) {
        count++
    }
    const from = first - count + 1
    const to = second - count + 1
    const length = (starts[first + 1] ?? 0) - (starts[from] ?? 0)
    const distance = immediateBytes((starts[to] ?? 0) - (starts[first + 1] ?? 0) + length).length
    const before = code[from - 1]
    const isPassedOver = before?.op === OP.jmp_z && before.target === code[first + 1]
    const isReachedByJump = before === undefined || isFinal(before.op)
    const cost = isReachedByJump
        ? 0
        : isPassedOver
          ? distance - 1 + turning(before, numbering)
          : JUMP_BYTES + distance
    return { from, to, count, gain: from === 0 ? 0 : length - cost }
}

/** Bytes that a test gets longer when it is turned round.
 * @param {Statement} test @param {Numbering} numbering */
function turning({ args: [condition] }, numbering) {
    if (condition === undefined) return 0
    const turned = expressionLength(negated(condition), numbering)
    return turned - expressionLength(condition, numbering)
}

/** @param {Routine} routine @param {Shared} shared */
function apply(routine, { from, to, count }) {
    const { code } = routine
    const first = /** @type {Statement} */ (code[from])
    const before = code[from - 1]
    for (let nth = 0; nth < count; nth++) {
        const statement = /** @type {Statement} */ (code[from + nth])
        statement.gone = code[to + nth]
    }
    if (before !== undefined && !isFinal(before.op)) {
        /** @type {Statement} */
        const jump = { op: Number(OP.jmp), num: 0, args: [], target: code[to], gone: undefined }
        routine.code = code.toSpliced(code.indexOf(first), 0, jump)
    }
    sweep(routine)
}

/** @param {Statement} statement @param {Map<Statement, number>} places */
function keyOf(statement, places) {
    const target = statement.target === undefined ? -1 : places.get(statement.target)
    return JSON.stringify([statement.op, statement.num, statement.args, target])
}
