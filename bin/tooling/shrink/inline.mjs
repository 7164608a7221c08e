// Functions that are called from one place move there.
//
// A function costs 16 bytes of descriptor and its padding besides its call and its returns. One that
// is only ever called by name, once, becomes statements of its caller: parameters are stored into
// fresh slots, a return stores into the result register and jumps behind the call. The caller's frame
// takes over its slots, which slots.mjs shares again. Not moved: methods, constructors, functions
// with rest parameters (the machine prepares their frames), functions that make or are closures (a
// frame is what those share), and functions with handlers. Nothing moves into the first function:
// its frame may live as long as the program, and what a dead slot still holds would live with it.

import { copyOf, eachValue } from "./code.mjs"
import { livenessOf, mayThrow, sweep } from "./flow.mjs"
import { isCall, OP } from "./opcodes.mjs"

/** @typedef {import("./code.mjs").Expression} Expression */
/** @typedef {import("./code.mjs").Statement} Statement */
/** @typedef {import("./program.mjs").Program} Program */
/** @typedef {import("./program.mjs").Routine} Routine */

/** A slot beyond this takes two bytes to name. */
const MOST_SLOTS = 200

/** @param {Program} program */
export function inlineSingleCalls(program) {
    const uses = usesOf(program)
    const routines = new Map(program.routines.map((routine) => [routine.id, routine]))
    const [main] = program.routines
    const moved = new Set()
    for (const { id } of program.routines) {
        const callee = routines.get(id)
        const use = uses.get(id)
        if (callee === undefined || use === undefined || callee === main) continue
        if (use.count !== 1 || use.calls !== 1 || !isMovable(callee)) continue
        const caller = callerOf(program, id, moved)
        if (caller === undefined || caller.routine === main || caller.routine === callee) continue
        if (move(caller.routine, caller.call, callee)) moved.add(id)
    }
    program.routines = program.routines.filter(({ id }) => !moved.has(id))
}

/** Takes out functions that nothing refers to. @param {Program} program */
export function removeUnused(program) {
    const routines = new Map(program.routines.map((routine) => [routine.id, routine]))
    const [main] = program.routines
    const used = new Set(main === undefined ? [] : [main.id])
    for (const id of used) {
        for (const { args } of routines.get(id)?.code ?? []) {
            eachValue(args, ({ op, num }) => {
                if (op === OP.static_function || op === OP.make_closure) used.add(num)
            })
        }
    }
    program.routines = program.routines.filter(({ id }) => used.has(id))
}

/** How often each function is referred to, and how often of those to be called at once.
 * @param {Program} program */
function usesOf(program) {
    /** @type {Map<number, { count: number, calls: number }>} */
    const uses = new Map()
    for (const routine of program.routines) {
        for (const { op, args } of routine.code) {
            eachValue(args, (value) => {
                if (value.op !== OP.static_function && value.op !== OP.make_closure) return
                const use = uses.get(value.num) ?? { count: 0, calls: 0 }
                use.count++
                if (isCall(op) && value === args[0]) use.calls++
                uses.set(value.num, use)
            })
        }
    }
    return uses
}

/** Where a function is called now: what called it may itself have moved.
 * @param {Program} program @param {number} id @param {Set<number>} moved */
function callerOf(program, id, moved) {
    for (const routine of program.routines) {
        if (moved.has(routine.id)) continue
        const call = routine.code.find(
            ({ op, args }) =>
                isCall(op) && args[0]?.op === OP.static_function && args[0].num === id,
        )
        if (call !== undefined) return { routine, call }
    }
    return undefined
}

/** @param {Routine} routine */
function isMovable(routine) {
    let isPlain = routine.flags === 0 && routine.tries === 0
    for (const { op, args } of routine.code) {
        isPlain &&= op !== OP.store_closure && op !== OP.debugger
        eachValue(args, (value) => {
            isPlain &&= value.op !== OP.load_closure && value.op !== OP.make_closure
        })
    }
    return isPlain
}

/** @param {Routine} caller @param {Statement} call @param {Routine} callee
 * @returns {boolean} false when it cannot be done */
function move(caller, call, callee) {
    const [, ...values] = call.args
    const first = caller.slots
    const behind = caller.code[caller.code.indexOf(call) + 1]
    const isTooWide = first + callee.slots > MOST_SLOTS
    if (behind === undefined || isTooWide || values.slice(callee.args).some(mayThrow)) return false
    const needed = livenessOf(callee, 0n).before[0] ?? 0n
    if (((needed >> BigInt(callee.slots)) & 1n) === 1n) return false
    /** @type {Statement[]} */
    const body = []
    /** @param {string} op @param {number} num @param {Expression[]} args */
    const add = (op, num, args) => {
        body.push({ op: Number(OP[op]), num, args, target: undefined, gone: undefined })
    }
    for (let slot = 0; slot < callee.slots; slot++) {
        const value = slot < callee.args ? values[slot] : undefined
        if (value !== undefined) add("store_local", first + slot, [copyOf(value)])
        else if (((needed >> BigInt(slot)) & 1n) === 1n) {
            add("store_local", first + slot, [{ op: Number(OP.undefined), num: 0, args: [] }])
        }
    }
    /** @type {Map<Statement, Statement>} */
    const copies = new Map()
    for (const statement of callee.code) {
        const args = statement.args.map((value) => shifted(value, first))
        const isStore = statement.op === OP.store_local
        const num = isStore ? statement.num + first : statement.num
        const isReturn = statement.op === OP.return
        const op = isReturn ? Number(OP.store_ret_val) : statement.op
        const copy = { op, num, args, target: statement.target, gone: undefined }
        copies.set(statement, copy)
        body.push(copy)
        if (isReturn) add("jmp", 0, [])
    }
    for (const statement of body) {
        if (statement.op === OP.jmp && statement.target === undefined) statement.target = behind
        else if (statement.target !== undefined) statement.target = copies.get(statement.target)
    }
    caller.slots += callee.slots
    caller.code = caller.code.flatMap((statement) =>
        statement === call ? [call, ...body] : [statement],
    )
    call.gone = body[0]
    sweep(caller)
    return true
}

/** @param {Expression} expression @param {number} by @returns {Expression} */
function shifted(expression, by) {
    const num = expression.op === OP.load_local ? expression.num + by : expression.num
    return { op: expression.op, num, args: expression.args.map((within) => shifted(within, by)) }
}
