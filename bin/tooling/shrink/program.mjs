// A whole program in a form that passes can change: functions as statements, strings in one list.
//
// In an image a string is of one of three kinds with its own opcodes and its own numbers from 0 up:
// built into the runtime, ASCII, or UTF-8. The runtime compares names by content whatever their kind
// (objects.c, lookup; value.c, devs_value_eq), so a string of the program may be of either of its two
// kinds. That doubles the names that one byte can number: 248 of each kind. Numbers likewise: the
// table of floating-point numbers may hold whole ones (verify.c lets tagged integers pass), and an
// entry below 248 takes two bytes of code where a literal takes up to six.

import { decode, eachValue, encode, expressionLength } from "./code.mjs"
import {
    KIND,
    KIND_SHIFT,
    LONGEST_ASCII,
    readImage,
    specNamePlaces,
    u16,
    writeImage,
} from "./image.mjs"
import { FIRST_LONG_IMMEDIATE, OP } from "./opcodes.mjs"

/** @typedef {import("./code.mjs").Expression} Expression */
/** @typedef {import("./code.mjs").Statement} Statement */
/** @typedef {import("./code.mjs").Numbering} Numbering */
/** @typedef {import("./image.mjs").Image} Image */

/**
 * A function. `id` is its number in the image it came from: expressions refer to it by that.
 * @typedef {object} Routine
 * @property {number} id @property {Statement[]} code
 * @property {number} slots @property {number} args @property {number} flags
 * @property {number} name a packed reference; an own string's index is its place in `strings`
 * @property {number} tries
 */

/**
 * Field and string expressions use the ASCII opcodes with the string's place in `strings`; numbers
 * are literals when they are whole and places in `numbers` when they are not.
 * @typedef {object} Program
 * @property {Image} image what is kept as it is
 * @property {Routine[]} routines the first one is where the program starts
 * @property {Uint8Array[]} strings
 */

/** How much of the numbering is chosen by use: all of it, or none as the compiler had it.
 * @typedef {{ strings: boolean, functions: boolean, numbers: boolean }} Renumbering */

const INDEX_MASK = (1 << KIND_SHIFT) - 1
/** The high word of a whole number in the machine's values (devs_value.h, DEVS_INT_TAG). */
const WHOLE = 0xffffffff
/** The compiler names a slot with one byte. */
const MOST_SLOTS = 248
/** An operand that is one byte has one of these. */
const ONE_BYTE = FIRST_LONG_IMMEDIATE

/** @param {Uint8Array} bytes @returns {Program} */
export function readProgram(bytes) {
    // A copy, and of the plain kind: a Buffer's slices would be views of what the caller keeps.
    const image = readImage(new Uint8Array(bytes))
    const strings = [...image.ascii, ...image.utf8]
    const routines = image.functions.map(({ code, slots, args, flags, name, tries }, id) => {
        const statements = decode(code, `function ${id}`)
        if (statements.length === 0) throw new Error(`function ${id}: no statements`)
        checkRanges(image, statements, slots, `function ${id}`)
        for (const statement of statements)
            eachValue(statement.args, (value) => unify(image, value))
        return { id, code: statements, slots, args, flags, name: unifiedName(image, name), tries }
    })
    return { image, routines, strings }
}

/**
 * The program as an image, and the number that each of its functions came with, in their order.
 *
 * @param {Program} program @param {Renumbering} by
 */
export function writeProgram(program, by) {
    const { routines, numbering, strings, numbers, nameOf } = numberingOf(program, by)
    const { image } = program
    const specs = image.specs.slice()
    for (const at of specNamePlaces(image)) {
        const name = nameOf(unifiedName(image, u16(specs, at)))
        specs[at] = name & 0xff
        specs[at + 1] = name >>> 8
    }
    const written = writeImage({
        ...image,
        specs,
        numbers,
        ascii: strings.ascii,
        utf8: strings.utf8,
        functions: routines.map(({ code, slots, args, flags, name, tries }) => ({
            code: encode(code, numbering).code,
            slots,
            args,
            flags,
            name: nameOf(name),
            tries,
        })),
    })
    return { image: written, functions: routines.map(({ id }) => id) }
}

/** How the program would be written now: for passes that weigh bytes.
 * @param {Program} program @param {Renumbering} by */
export function numberingOf(program, by) {
    const uses = countUses(program)
    const strings = chooseStrings(program, uses.strings, by.strings)
    const numbers = chooseNumbers(program, uses, by.numbers)
    const routines = by.functions ? byUse(program.routines, uses.functions) : program.routines
    const functionAt = new Map(routines.map(({ id }, index) => [id, index]))
    /** @type {Numbering} */
    const numbering = {
        place: (op, num) => {
            if (op === OP.ascii_field || op === OP.static_ascii_string) {
                const place = strings.place(num)
                if (place.kind === KIND.ascii) return { op, num: place.index }
                const twin = op === OP.ascii_field ? OP.utf8_field : OP.static_utf8_string
                return { op: Number(twin), num: place.index }
            }
            if (op === OP.static_function || op === OP.make_closure) {
                const index = functionAt.get(num)
                if (index === undefined) throw new Error(`function ${num} is used and was removed`)
                return { op, num: index }
            }
            const index = numbers.place(op, num)
            return index === undefined ? { op, num } : { op: Number(OP.literal_f64), num: index }
        },
    }
    /** @param {number} name */
    const nameOf = (name) => {
        if (name >>> KIND_SHIFT !== KIND.ascii) return name
        const { kind, index } = strings.place(name & INDEX_MASK)
        return (kind << KIND_SHIFT) | index
    }
    return { routines, numbering, strings, numbers: numbers.table, nameOf }
}

/** Refuses what the machine would stop at when it got there.
 * @param {Image} image @param {readonly Statement[]} statements @param {number} slots
 * @param {string} name */
function checkRanges(image, statements, slots, name) {
    /** @param {string} what @param {number} num @param {number} count */
    const check = (what, num, count) => {
        if (num >= 0 && num < count) return
        throw new Error(`${name}: ${what} ${num} is used, expected one of ${count}`)
    }
    check("slot", slots, MOST_SLOTS)
    /** @type {Map<number | undefined, [string, number]>} */
    const limits = new Map([
        [OP.load_local, ["slot", slots]],
        [OP.store_local, ["slot", slots]],
        [OP.load_closure, ["slot of a closure", MOST_SLOTS]],
        [OP.store_closure, ["slot of a closure", MOST_SLOTS]],
        [OP.static_function, ["function", image.functions.length]],
        [OP.make_closure, ["function", image.functions.length]],
        [OP.ascii_field, ["string", image.ascii.length]],
        [OP.static_ascii_string, ["string", image.ascii.length]],
        [OP.utf8_field, ["string", image.utf8.length]],
        [OP.static_utf8_string, ["string", image.utf8.length]],
        [OP.static_buffer, ["buffer", image.buffers.length]],
        [OP.literal_f64, ["number", image.numbers.length]],
    ])
    for (const { op, num, args } of statements) {
        const [what, count] = limits.get(op) ?? ["", Number.POSITIVE_INFINITY]
        if (what !== "") check(what, num, count)
        eachValue(args, (value) => {
            const [what, count] = limits.get(value.op) ?? ["", Number.POSITIVE_INFINITY]
            if (what !== "") check(what, value.num, count)
        })
    }
}

/** @param {Image} image @param {Expression} value */
function unify(image, value) {
    const { op, num } = value
    if (op === OP.utf8_field || op === OP.static_utf8_string) {
        value.op = Number(op === OP.utf8_field ? OP.ascii_field : OP.static_ascii_string)
        value.num = num + image.ascii.length
    }
    if (op !== OP.literal_f64) return
    const number = image.numbers[num]
    if (number?.high !== WHOLE) return
    value.op = Number(OP.literal)
    value.num = number.low | 0
}

/** A reference to a string of the program, of either kind, as one to an ASCII string by its place.
 * @param {Image} image @param {number} name */
function unifiedName(image, name) {
    if (name >>> KIND_SHIFT !== KIND.utf8) return name
    return (KIND.ascii << KIND_SHIFT) | (image.ascii.length + (name & INDEX_MASK))
}

/** @param {Program} program */
function countUses(program) {
    /** @type {Map<number, number>} */
    const strings = new Map()
    /** @type {Map<number, number>} */
    const functions = new Map()
    /** @type {Map<number, number>} */
    const literals = new Map()
    /** @type {Map<number, number>} */
    const doubles = new Map()
    /** @param {Map<number, number>} counts @param {number} key */
    const count = (counts, key) => counts.set(key, (counts.get(key) ?? 0) + 1)
    for (const { code } of program.routines) {
        for (const { args } of code) {
            eachValue(args, ({ op, num }) => {
                if (op === OP.ascii_field || op === OP.static_ascii_string) count(strings, num)
                else if (op === OP.static_function || op === OP.make_closure) count(functions, num)
                else if (op === OP.literal) count(literals, num)
                else if (op === OP.literal_f64) count(doubles, num)
            })
        }
    }
    return { strings, functions, literals, doubles }
}

/** @param {Program} program @param {Map<number, number>} uses @param {boolean} isByUse */
function chooseStrings(program, uses, isByUse) {
    const asciiCount = program.image.ascii.length
    /** @type {number[]} */
    const ascii = []
    /** @type {number[]} */
    const utf8 = []
    const order = [...program.strings.keys()]
    if (!isByUse) {
        for (const id of order) (id < asciiCount ? ascii : utf8).push(id)
    } else {
        const named = namesElsewhere(program)
        order.sort((a, b) => (uses.get(b) ?? 0) - (uses.get(a) ?? 0) || a - b)
        for (const id of order) {
            if (!uses.has(id) && !named.has(id)) continue
            const bytes = program.strings[id] ?? new Uint8Array()
            const isAscii = bytes.length <= LONGEST_ASCII && bytes.every((b) => b > 0 && b < 0x80)
            const isWorthAPage = utf8.length < ONE_BYTE && ascii.length >= ONE_BYTE
            if (isAscii && !isWorthAPage) ascii.push(id)
            else utf8.push(id)
        }
    }
    const places = new Map(ascii.map((id, index) => [id, { kind: KIND.ascii, index }]))
    for (const [index, id] of utf8.entries()) places.set(id, { kind: KIND.utf8, index })
    /** @param {number} id */
    const bytesOf = (id) => program.strings[id] ?? new Uint8Array()
    return {
        ascii: ascii.map(bytesOf),
        utf8: utf8.map(bytesOf),
        place: (/** @type {number} */ id) => {
            const place = places.get(id)
            if (place === undefined) throw new Error(`string ${id} has no place`)
            return place
        },
    }
}

/** The strings that functions and service specifications are named by. @param {Program} program */
function namesElsewhere(program) {
    const places = specNamePlaces(program.image)
    const names = places.map((at) => unifiedName(program.image, u16(program.image.specs, at)))
    return new Set(
        [...names, ...program.routines.map(({ name }) => name)]
            .filter((name) => name >>> KIND_SHIFT === KIND.ascii)
            .map((name) => name & INDEX_MASK),
    )
}

/**
 * The table of numbers: the fractions that are used, and the whole numbers that are shorter there.
 *
 * @param {Program} program
 * @param {{ literals: Map<number, number>, doubles: Map<number, number> }} uses
 * @param {boolean} isByUse
 */
function chooseNumbers(program, uses, isByUse) {
    const asWritten = {
        place: (/** @type {number} */ op, /** @type {number} */ num) => ({ op, num }),
    }
    /** @type {{ op: number, num: number, gain: number }[]} */
    const wanted = []
    for (const [num, count] of uses.doubles) {
        wanted.push({ op: Number(OP.literal_f64), num, gain: count * 2 })
    }
    for (const [num, count] of isByUse ? uses.literals : []) {
        const literal = { op: Number(OP.literal), num, args: [] }
        const gain = (expressionLength(literal, asWritten) - 2) * count
        if (gain > 0) wanted.push({ ...literal, gain })
    }
    wanted.sort((a, b) => b.gain - a.gain || b.op - a.op || a.num - b.num)
    // Beyond one byte a whole number is as well where it was; a fraction has no other place.
    const entries = wanted.filter(({ op }, index) => index < ONE_BYTE || op === OP.literal_f64)
    const places = new Map(entries.map(({ op, num }, index) => [`${op} ${num}`, index]))
    const table = entries.map(({ op, num }) => {
        if (op === OP.literal) return { low: num >>> 0, high: WHOLE }
        return program.image.numbers[num] ?? { low: 0, high: 0 }
    })
    return {
        table,
        place: (/** @type {number} */ op, /** @type {number} */ num) => places.get(`${op} ${num}`),
    }
}

/** The first function stays the first: the program starts there.
 * @param {readonly Routine[]} routines @param {Map<number, number>} uses */
function byUse(routines, uses) {
    const [main, ...rest] = routines
    const ordered = rest.sort(
        (a, b) => (uses.get(b.id) ?? 0) - (uses.get(a.id) ?? 0) || a.id - b.id,
    )
    return main === undefined ? ordered : [main, ...ordered]
}
