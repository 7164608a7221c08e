// Bytecode to statements and back.
//
// Decoding accepts what the compiler of 2.16 writes and nothing else: an opcode, an immediate or a
// jump that does not fit is an error that names the function and the place. Encoding writes every
// number in its shortest form (vm_main.c, devs_vm_fetch_int): below 248 one byte, else a byte with
// sign and length and then the number, most significant byte first. The compiler gives every forward
// jump two bytes for the distance because it writes them before it knows; here all jumps begin short
// and those that do not reach grow until none is left, which ends because they only ever grow.

import {
    FIRST_LONG_IMMEDIATE,
    FIRST_SMALL_NUMBER,
    jumps,
    LEAST_SMALL_NUMBER,
    MOST_SMALL_NUMBER,
    OP,
    OPCODES,
} from "./opcodes.mjs"

/**
 * A value: an opcode, its immediate (0 without one), its arguments.
 * @typedef {{ op: number, num: number, args: Expression[] }} Expression
 */

/**
 * A statement. `target` is where a jump leads; `gone` is set when it was removed, and says which
 * statement stands in its place for those who jumped to it.
 * @typedef {object} Statement
 * @property {number} op @property {number} num @property {Expression[]} args
 * @property {Statement | undefined} target @property {Statement | undefined} gone
 */

/**
 * What an immediate is written as.
 * @typedef {object} Numbering
 * @property {(op: number, num: number) => { op: number, num: number }} place
 *     the opcode and immediate that stand for an expression's
 */

/** Where small numbers begin among the opcodes. */
const SMALL_NUMBER_ZERO = FIRST_SMALL_NUMBER - LEAST_SMALL_NUMBER

/**
 * @param {Uint8Array} code @param {string} name for messages
 * @returns {Statement[]}
 */
export function decode(code, name) {
    let at = 0
    /** @param {string} problem @returns {never} */
    const refuse = (problem) => {
        throw new Error(`${name} at ${at}: ${problem}`)
    }
    const byte = () => code[at++] ?? refuse("code ends within a statement")
    const immediate = () => {
        const first = byte()
        if (first < FIRST_LONG_IMMEDIATE) return first
        let value = 0
        for (let left = (first & 3) + 1; left > 0; left--) value = (value << 8) | byte() | 0
        return (first & 4) !== 0 ? -value | 0 : value
    }
    /** @type {Map<number, Statement>} */
    const starts = new Map()
    /** @type {{ statement: Statement, to: number }[]} */
    const leaps = []
    const end = codeLength(code)
    while (at < end) {
        const startedAt = at
        /** @type {Expression[]} */
        const stack = []
        for (;;) {
            const op = byte()
            if (op >= FIRST_SMALL_NUMBER) {
                stack.push({ op: Number(OP.literal), num: op - SMALL_NUMBER_ZERO, args: [] })
                continue
            }
            const opcode = OPCODES.get(op) ?? refuse(`unknown opcode ${op}`)
            const opAt = at - 1
            const num = opcode.immediate === "none" ? 0 : immediate()
            if (stack.length < opcode.args) refuse(`${opcode.name} lacks a value on the stack`)
            const args = stack.splice(stack.length - opcode.args)
            if (!opcode.isStatement) {
                stack.push({ op, num, args })
                continue
            }
            if (stack.length > 0) refuse(`${stack.length} values left after ${opcode.name}`)
            /** @type {Statement} */
            const statement = { op, num: 0, args, target: undefined, gone: undefined }
            if (opcode.immediate === "jump") leaps.push({ statement, to: opAt + num })
            else statement.num = num
            starts.set(startedAt, statement)
            break
        }
    }
    for (const { statement, to } of leaps) {
        statement.target = starts.get(to) ?? refuse(`a jump to ${to}, where no statement begins`)
    }
    return [...starts.values()]
}

/**
 * @param {readonly Statement[]} statements @param {Numbering} numbering
 * @returns {{ code: Uint8Array, starts: number[] }} `starts` by statement
 */
export function encode(statements, numbering) {
    /** Everything before a jump's distance, or the whole statement. */
    const heads = statements.map((statement) => head(statement, numbering))
    const { starts, distances, sizes } = layOut(statements, heads)
    /** @type {number[]} */
    const code = []
    for (const [index, statement] of statements.entries()) {
        code.push(...(heads[index] ?? []))
        if (jumps(statement.op))
            code.push(...distanceBytes(distances[index] ?? 0, sizes[index] ?? 0))
    }
    return { code: Uint8Array.from(code), starts }
}

/** Bytes that a value takes. @param {Expression} expression @param {Numbering} numbering */
export function expressionLength(expression, numbering) {
    /** @type {number[]} */
    const bytes = []
    write(expression, numbering, bytes)
    return bytes.length
}

/** @param {number} value @returns {number[]} */
export function immediateBytes(value) {
    if (value >= 0 && value < FIRST_LONG_IMMEDIATE) return [value]
    const sign = value < 0 ? 4 : 0
    const size = Math.abs(value)
    const bytes = [size / 0x1000000, size / 0x10000, size / 0x100, size].map((part) => part & 0xff)
    while (bytes.length > 1 && bytes[0] === 0) bytes.shift()
    return [FIRST_LONG_IMMEDIATE | sign | (bytes.length - 1), ...bytes]
}

/** A jump that grew keeps its size when what lay between shrank: then leading zeros fill it.
 * @param {number} distance @param {number} size @returns {number[]} */
function distanceBytes(distance, size) {
    const bytes = immediateBytes(distance)
    if (bytes.length === size) return bytes
    const digits = bytes.length === 1 ? bytes : bytes.slice(1)
    const zeros = new Array(size - 1 - digits.length).fill(0)
    return [FIRST_LONG_IMMEDIATE | (distance < 0 ? 4 : 0) | (size - 2), ...zeros, ...digits]
}

/** A copy that shares nothing with its original. @param {Expression} expression
 * @returns {Expression} */
export function copyOf(expression) {
    return { op: expression.op, num: expression.num, args: expression.args.map(copyOf) }
}

/** Whether two values are written the same way.
 * @param {Expression} a @param {Expression} b @returns {boolean} */
export function isSame(a, b) {
    return (
        a.op === b.op &&
        a.num === b.num &&
        a.args.length === b.args.length &&
        a.args.every((argument, index) =>
            isSame(argument, /** @type {Expression} */ (b.args[index])),
        )
    )
}

/** Calls `visit` with a value and all values within it. @param {readonly Expression[]} expressions
 * @param {(expression: Expression) => void} visit */
export function eachValue(expressions, visit) {
    for (const expression of expressions) {
        eachValue(expression.args, visit)
        visit(expression)
    }
}

/** The code without its padding to four bytes. No opcode is 0, but an immediate can be, so what is
 * taken off is what leaves a whole statement: the decoder says if it was too much.
 * @param {Uint8Array} code */
function codeLength(code) {
    let end = 0
    for (let at = 0; at < code.length; ) {
        const op = code[at] ?? 0
        if (op === 0) break
        at++
        const opcode = op < FIRST_SMALL_NUMBER ? OPCODES.get(op) : undefined
        if (opcode !== undefined && opcode.immediate !== "none") {
            const first = code[at++] ?? 0
            if (first >= FIRST_LONG_IMMEDIATE) at += (first & 3) + 1
        }
        end = at
    }
    const padding = code.subarray(end)
    const isPadding = padding.length < 4 && padding.every((byte) => byte === 0)
    return isPadding ? end : code.length
}

/** @param {readonly Statement[]} statements @param {readonly number[][]} heads */
function layOut(statements, heads) {
    const place = new Map(statements.map((statement, index) => [statement, index]))
    /** @type {number[]} */
    const sizes = statements.map(({ op }) => (jumps(op) ? 1 : 0))
    for (;;) {
        const starts = [0]
        for (const [index, bytes] of heads.entries()) {
            starts.push((starts[index] ?? 0) + bytes.length + (sizes[index] ?? 0))
        }
        let isSettled = true
        const distances = statements.map((statement, index) => {
            if (statement.target === undefined) return 0
            const target = place.get(statement.target)
            if (target === undefined) throw new Error("a jump leads out of its function")
            const opAt = (starts[index] ?? 0) + (heads[index]?.length ?? 0) - 1
            const distance = (starts[target] ?? 0) - opAt
            const size = immediateBytes(distance).length
            if (size > (sizes[index] ?? 0)) {
                sizes[index] = size
                isSettled = false
            }
            return distance
        })
        if (isSettled) {
            return { starts, distances, sizes }
        }
    }
}

/** @param {Statement} statement @param {Numbering} numbering */
function head(statement, numbering) {
    /** @type {number[]} */
    const bytes = []
    for (const argument of statement.args) write(argument, numbering, bytes)
    bytes.push(statement.op)
    const immediate = OPCODES.get(statement.op)?.immediate
    if (immediate !== "none" && immediate !== "jump") bytes.push(...immediateBytes(statement.num))
    return bytes
}

/** @param {Expression} expression @param {Numbering} numbering @param {number[]} bytes */
function write(expression, numbering, bytes) {
    for (const argument of expression.args) write(argument, numbering, bytes)
    const { op, num } = numbering.place(expression.op, expression.num)
    if (op === OP.literal && num >= LEAST_SMALL_NUMBER && num <= MOST_SMALL_NUMBER) {
        bytes.push(num + SMALL_NUMBER_ZERO)
        return
    }
    bytes.push(op)
    if (OPCODES.get(op)?.immediate !== "none") bytes.push(...immediateBytes(num))
}
