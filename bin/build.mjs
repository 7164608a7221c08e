// Builds what is not TypeScript at run time, into dist/: the device programs and the console. Instant
// when no input changed.

import { join } from "node:path"
import { buildConsole } from "./tooling/console-pages.mjs"
import { buildDevicePrograms } from "./tooling/device-programs.mjs"

const ROOT = join(import.meta.dirname, "..")

/**
 * Builds all that is stale and tells how it went on stderr; true when all of it is built. The device
 * programs of the tests only where tests follow.
 */
export async function buildAll(root = ROOT, withTests = false) {
    const isAsked = ({ entry = "" }) => withTests || entry.startsWith("firmware/")
    const failures = buildDevicePrograms(root, say, isAsked)
    for (const { entry, message } of failures) say(`${entry} failed:\n${message}`)
    const problem = await buildConsole(root, say)
    if (problem !== undefined) say(`console failed:\n${problem}`)
    return failures.length === 0 && problem === undefined
}

/** @param {string} line */
function say(line) {
    process.stderr.write(`build: ${line}\n`)
}

if (process.argv[1] === import.meta.filename) {
    process.exitCode = (await buildAll()) ? 0 : 1
}
