// What a debugger may still be told about a program that was made smaller.
//
// The compiler's debug file says where each function is, which slots hold which variables, and which
// place of the source each place of the code came from. Functions keep their names and sources and
// have new places and sizes; slots, places within functions and sizes of tables are no longer what it
// says, and are left out. The compiler's own image stays in the file, as `compiled`.

import { createHash } from "node:crypto"
import { functionPlaces } from "./image.mjs"

/** @typedef {import("../shrink-program.mjs").Shrunk} Shrunk */
/** @typedef {{ name: string, startpc: number, size: number, slots: unknown[] }} DebugFunction */

/**
 * The debug file of a shrunk program, from the compiler's.
 *
 * @param {string} debug JSON
 * @param {Shrunk} shrunk
 * @returns {string} JSON
 */
export function shrunkDebug(debug, shrunk) {
    const known = JSON.parse(debug)
    /** @type {DebugFunction[]} */
    const functions = known.functions
    const places = functionPlaces(shrunk.image)
    return JSON.stringify({
        ...known,
        functions: shrunk.functions.map((was, index) => ({
            ...functions[was],
            startpc: places[index]?.start ?? 0,
            size: places[index]?.length ?? 0,
            slots: [],
        })),
        srcmap: [],
        sizes: undefined,
        compiled: known.binary,
        binary: { hex: Buffer.from(shrunk.image).toString("hex") },
        binarySHA256: createHash("sha256").update(shrunk.image).digest("hex"),
    })
}
