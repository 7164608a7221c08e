// Modules of firmware/logic in, compact code and the modules that call it out.
//
// The tracker's machine numbers its own code with 16 bits; compact code is data to it. A module that is
// compiled leaves its types behind, and functions and classes that enter the compact code where native
// code calls them. Everything is read from the sources' types: the same sources give the same bytes.

import { resolve } from "node:path"
import { callDepth } from "./call-depth.mjs"
import { CODE, codeText, LINKS, linksText } from "./code-texts.mjs"
import { MACHINE } from "./interpreter.mjs"
import { Learned } from "./learned.mjs"
import { moduleText } from "./module-texts.mjs"
import { Pass } from "./pass.mjs"

/** Passes until nothing more is found out; two to three is what it takes. */
const PASSES_MAX = 12

/**
 * @typedef {object} Asked
 * @property {string} root
 * @property {readonly string[]} entries what calls the modules; nobody: every export has a native side
 * @property {readonly string[]} modules paths below the root
 * @property {"device" | "node"} target how the code is written down
 * @property {readonly string[]} [interfaces] names of those whose objects are laid out (layouts.mjs)
 */
/**
 * @typedef {object} Compact
 * @property {Map<string, string>} files path below the root, and text: one for each module, and the program
 * @property {Buffer} code
 * @property {number} callDepth the most calls of the machine under way, of its 100
 */

/** Throws on what compact code cannot say, with file and line.
 * @param {Asked} asked @returns {Compact} */
export function compact(asked) {
    const learned = new Learned({ ...asked, root: resolve(asked.root) })
    // At first it learns what is called by objects that only the running program knows.
    let last = new Pass(learned).compile()
    for (let [times, size] = [0, -1]; size !== learned.size(); times++) {
        if (times > PASSES_MAX) throw new Error(`not settled after ${PASSES_MAX} passes`)
        size = learned.size()
        last = new Pass(learned, { before: last, checksLayouts: true }).compile()
    }
    const settled = learned.size()
    const final = new Pass(learned, { before: last, names: last.names.byUse() }).compile()
    if (learned.size() !== settled) throw new Error("the last pass found out more")
    return written(final, asked.target)
}

/** @param {Pass} pass @param {"device" | "node"} target @returns {Compact} */
function written(pass, target) {
    const { sources, learned } = pass
    const files = new Map(
        [...sources.modules].map((path) => {
            const file = sources.file(path)
            return [sources.pathOf(file), moduleText(pass, file)]
        }),
    )
    const code = pass.bytes()
    files.set(CODE, codeText(pass, code, target))
    files.set(LINKS, linksText(pass))
    files.set(MACHINE, learned.interpreter.textWith(pass.usedOps))
    return { files, code, callDepth: callDepth(pass) }
}
