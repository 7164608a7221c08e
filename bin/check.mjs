// Everything that can be said about the code without running it: device code by the device compiler,
// host code and console by TypeScript, layout and lint by Biome. One line each.

import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { buildDevicePrograms, devicePrograms } from "./tooling/device-programs.mjs"

/** @typedef {{ name: string, tool: string, args: string[], needs?: string }} Check */

const ROOT = join(import.meta.dirname, "..")

/** What is spawned; `devs build`, which reads one folder at a time, runs before.
 * @type {Check[]} */
const CHECKS = [
    {
        name: "device dialect (tsc -p firmware)",
        tool: "typescript/bin/tsc",
        args: ["-p", "firmware"],
        needs: "node_modules/@devicescript/core",
    },
    { name: "host code (tsc -p .)", tool: "typescript/bin/tsc", args: ["-p", "."] },
    {
        name: "console (svelte-check)",
        tool: "svelte-check/bin/svelte-check",
        args: ["--tsconfig", "console/tsconfig.json", "--fail-on-warnings", "--output", "human"],
        needs: "console/tsconfig.json",
    },
    {
        name: "format and lint (biome check)",
        tool: "@biomejs/biome/bin/biome",
        args: ["check", "--error-on-warnings", "--diagnostic-level=warn", "."],
    },
]

const verdicts = [
    checkDevice(),
    ...CHECKS.filter(({ needs }) => needs === undefined || existsSync(join(ROOT, needs))).map(
        check,
    ),
]
for (const verdict of verdicts) {
    const { name, problem, tookS } = await verdict
    if (problem === undefined) console.log(`check: ${name} ok, ${tookS.toFixed(1)} s`)
    else console.log(`check: ${name} FAILED\n${problem}`)
    if (problem !== undefined) process.exitCode = 1
}

function checkDevice() {
    const startedAtMs = performance.now()
    const failures = buildDevicePrograms(ROOT, () => {})
    const problem = failures.map(({ entry, message }) => `${entry}:\n${message}`).join("\n")
    return {
        name: `device programs (devs build, ${devicePrograms(ROOT).length})`,
        problem: problem === "" ? undefined : problem,
        tookS: secondsSince(startedAtMs),
    }
}

/** @param {Check} check
 * @returns {Promise<{ name: string, problem: string | undefined, tookS: number }>} */
function check({ name, tool, args }) {
    const startedAtMs = performance.now()
    const child = spawn(process.execPath, [join(ROOT, "node_modules", tool), ...args], {
        cwd: ROOT,
        stdio: ["ignore", "pipe", "pipe"],
    })
    let said = ""
    child.stdout.on("data", (data) => {
        said += data
    })
    child.stderr.on("data", (data) => {
        said += data
    })
    return new Promise((resolve) => {
        child.on("error", (error) => {
            resolve({ name, problem: error.message, tookS: secondsSince(startedAtMs) })
        })
        child.on("close", (status) => {
            const problem = status === 0 ? undefined : said.trim() || `ended with ${status}`
            resolve({ name, problem, tookS: secondsSince(startedAtMs) })
        })
    })
}

/** @param {number} startedAtMs */
function secondsSince(startedAtMs) {
    return (performance.now() - startedAtMs) / 1000
}
