// Which outputs under dist/ are still what their inputs make. A stamp is the SHA-256 over the names
// and contents of the inputs, kept beside the outputs in dist/.stamps: times of files say nothing
// after a clone, a copy or a change of branch.

import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"

/**
 * Digest of what an output is made from.
 *
 * @param {string} root
 * @param {readonly string[]} files paths below `root`, in any order
 * @param {readonly unknown[]} facts what else decides the output, such as a compiler's version
 */
export function digest(root, files, facts) {
    const hash = createHash("sha256").update(JSON.stringify(facts))
    for (const file of [...files].sort()) {
        const content = readFileSync(join(root, file))
        hash.update(`\n${file} ${content.length}\n`).update(content)
    }
    return hash.digest("hex")
}

/** True when the output exists and was made from inputs of this digest.
 * @param {string} root @param {string} output @param {string} inputs */
export function isFresh(root, output, inputs) {
    const path = stampPath(root, output)
    return (
        existsSync(join(root, output)) && existsSync(path) && readFileSync(path, "utf8") === inputs
    )
}

/** Says that the output was made from inputs of this digest.
 * @param {string} root @param {string} output @param {string} inputs */
export function writeStamp(root, output, inputs) {
    mkdirSync(dirname(stampPath(root, output)), { recursive: true })
    writeFileSync(stampPath(root, output), inputs)
}

/** Removes outputs, and before them the stamp, so that nothing half removed counts as made.
 * @param {string} root @param {string} output @param {readonly string[]} besides */
export function removeOutput(root, output, besides = []) {
    rmSync(stampPath(root, output), { force: true })
    for (const path of [output, ...besides]) {
        rmSync(join(root, path), { recursive: true, force: true })
    }
}

/**
 * Every file below a folder, as paths below `root` with `/` between; none where it is absent.
 *
 * @param {string} root @param {string} folder
 * @returns {string[]}
 */
export function filesBelow(root, folder) {
    if (!existsSync(join(root, folder))) return []
    return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
        const path = `${folder}/${entry.name}`
        if (entry.name === "node_modules") return []
        return entry.isDirectory() ? filesBelow(root, path) : [path]
    })
}

/** @param {string} root @param {string} output */
function stampPath(root, output) {
    return join(root, "dist/.stamps", relative("dist", output).split(sep).join("/"))
}
