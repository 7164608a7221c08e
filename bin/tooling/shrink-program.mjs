// Makes a device program smaller without changing what it does.
//
// The tracker's machine numbers code with 16 bits: function descriptors and code end below 64 KiB of
// the image, or the runtime refuses it (runtime/devicescript/verify.c, check 1051). The compiler
// spends that space freely. This takes its image apart, rewrites every function statement by
// statement, and puts it together again; what an image means is said in shrink/opcodes.mjs and
// shrink/image.mjs with its sources.
//
// What stays: every call, every effect and their order, which of two errors is thrown, what closures
// share, `this`, handlers. What does not: places in stack traces, function numbers, the names of
// functions that moved into their only caller, and the number of steps, which gets smaller.

import { returnAtOnce, simplifyValues, straighten } from "./shrink/branches.mjs"
import { capturedSlots } from "./shrink/flow.mjs"
import { holdInResult } from "./shrink/holding.mjs"
import { codeEnd } from "./shrink/image.mjs"
import { inlineSingleCalls, removeUnused } from "./shrink/inline.mjs"
import { numberingOf, readProgram, writeProgram } from "./shrink/program.mjs"
import { assignSlots } from "./shrink/slots.mjs"
import { shareTails } from "./shrink/tails.mjs"
import { dropUnread, readOriginals, useInPlace } from "./shrink/temporaries.mjs"

/** @typedef {import("./shrink/program.mjs").Program} Program */
/** @typedef {import("./shrink/program.mjs").Routine} Routine */

/**
 * The smaller image.
 * @typedef {object} Shrunk
 * @property {Uint8Array} image
 * @property {number} before where the code ended, in bytes from the start of the image
 * @property {number} after where it ends now
 * @property {readonly number[]} functions the number that each function had, in their order now
 */

/** What can be done, in the order of what it brings for what it risks.
 * @type {readonly string[]} */
export const STEPS = [
    "immediates",
    "strings",
    "functions",
    "numbers",
    "jumps",
    "conditions",
    "temporaries",
    "slots",
    "inline",
    "tails",
    "holding",
]

/** Passes feed each other; after this many rounds over a function what is left is a byte or two. */
const ROUNDS = 4
/** As often is the whole done again while it brings anything; two to three is what it takes. */
const MOST_TIMES = 8

/**
 * A smaller image of the same program; the same bytes in give the same bytes out, and an image that
 * was shrunk comes back as it is. Throws on what is no image of bytecode 2.7 to 2.16, naming the
 * field, its value and what was expected, or the function and place of what it does not know.
 *
 * @param {Uint8Array} image
 * @param {readonly string[]} steps some of STEPS, to see what each brings
 * @returns {Shrunk}
 */
export function shrinkProgram(image, steps = STEPS) {
    const before = codeEnd(image)
    /** @type {Uint8Array} */
    let best = new Uint8Array(image)
    let functions = readProgram(image).routines.map(({ id }) => id)
    for (let times = 0; times < MOST_TIMES; times++) {
        const next = once(best, new Set(steps))
        if (codeEnd(next.image) >= codeEnd(best)) break
        best = next.image
        functions = next.functions.map((id) => functions[id] ?? id)
    }
    return { image: best, before, after: codeEnd(best), functions }
}

/** @param {Uint8Array} image @param {ReadonlySet<string>} steps */
function once(image, steps) {
    const program = readProgram(image)
    const renumbering = {
        strings: steps.has("strings"),
        functions: steps.has("functions"),
        numbers: steps.has("numbers"),
    }
    if (steps.has("inline")) inlineSingleCalls(program)
    const captured = capturedSlots(program)
    for (const routine of program.routines) rewrite(routine, captured.get(routine.id) ?? 0n, steps)
    removeUnused(program)
    const { numbering } = numberingOf(program, renumbering)
    for (const routine of program.routines) {
        if (steps.has("tails")) {
            shareTails(routine, numbering)
            straighten(routine)
            simplifyValues(routine)
        }
        if (steps.has("holding")) holdInResult(routine, captured.get(routine.id) ?? 0n, numbering)
    }
    return writeProgram(program, renumbering)
}

/** @param {Routine} routine @param {bigint} captured @param {ReadonlySet<string>} steps */
function rewrite(routine, captured, steps) {
    for (let round = 0; round < ROUNDS; round++) {
        if (steps.has("conditions")) simplifyValues(routine)
        if (steps.has("jumps")) {
            straighten(routine)
            returnAtOnce(routine)
        }
        if (steps.has("temporaries")) {
            readOriginals(routine, captured)
            useInPlace(routine, captured)
            dropUnread(routine, captured)
        }
        if (steps.has("slots")) {
            assignSlots(routine, captured)
            dropUnread(routine, captured)
        }
    }
}
