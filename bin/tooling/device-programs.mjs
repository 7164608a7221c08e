// Device programs: TypeScript of the device dialect in, bytecode for the tracker's machine out.
//
// `devs build` reads git and the clock for the version it embeds, writes its libraries into
// node_modules and its output to one fixed place, where an old one stays when a build fails. So each
// build runs in a copy of the device sources outside the repository: the same sources give the same
// bytes in any checkout at any time, and a failed build leaves nothing.

import { spawnSync } from "node:child_process"
import {
    copyFileSync,
    cpSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    realpathSync,
    renameSync,
    rmSync,
    writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join, posix } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { compactModules, LAID_OUT } from "./compact/choices.mjs"
import { compact } from "./compact/program.mjs"
import { checkLimits } from "./device-limits.mjs"
import { shrunkDebug } from "./shrink/debug.mjs"
import { shrinkProgram } from "./shrink-program.mjs"
import { digest, filesBelow, isFresh, removeOutput, writeStamp } from "./stamp.mjs"

/** @typedef {{ entry: string, output: string, debug: string }} DeviceProgram paths below the root */
/** @typedef {{ entry: string, message: string }} DeviceFailure */

const CLI = join(import.meta.dirname, "../../node_modules/@devicescript/cli")
/** The device sources, all of which a program may import. */
const SOURCES = ["protocol", "firmware", "test/device"]
const SERVICES = "firmware/services"
const PROGRAMS = ["firmware/tracker.ts", "firmware/sensor.ts"]
/** Too large for the machine as the compiler makes them: most of their modules become compact code. */
const COMPACT = ["firmware/tracker.ts"]
/** The interpreter comes with compact code alone: nothing imports it by itself. */
const INTERPRETER = "firmware/logic/compact/machine.ts"
/** The compiler looks for a `.git` in its working folder and in the nine above it. */
const DEPTH = "1/2/3/4/5/6/7/8/9/10"
const BUILD_TIMEOUT_MS = 120_000
/** What a build is made with, beside the compiler: another version of it makes another output. */
const RECIPE = ["device-programs.mjs", "device-limits.mjs", "device-heap.ts", "shrink-program.mjs"]

/** The programs that there are: the firmware's, and every test/device/*.ts.
 * @param {string} root
 * @returns {DeviceProgram[]} */
export function devicePrograms(root) {
    const tests = existsSync(join(root, "test/device"))
        ? readdirSync(join(root, "test/device")).filter((name) => /(?<!\.d)\.ts$/.test(name))
        : []
    return [...PROGRAMS, ...tests.map((name) => `test/device/${name}`)]
        .filter((entry) => existsSync(join(root, entry)))
        .map((entry) => {
            const stem = `dist/${entry.replace(/\.ts$/, "")}`
            return { entry, output: `${stem}.devs`, debug: `${stem}.dbg.json` }
        })
}

/**
 * Builds the programs whose inputs changed, one after another, and removes the outputs of programs
 * that are gone. A program that fails to build has no output afterwards.
 *
 * @param {string} root
 * @param {(line: string) => void} say
 * @param {(program: DeviceProgram) => boolean} isAsked leaves out programs that nobody runs now
 * @returns {DeviceFailure[]} with the compiler's own messages, paths below `root`
 */
export function buildDevicePrograms(root, say, isAsked = () => true) {
    const programs = devicePrograms(root)
    removeStrays(root, programs)
    const wanted = programs
        .filter(isAsked)
        .map((program) => ({ program, inputs: inputsDigest(root, program.entry) }))
        .filter(({ program, inputs }) => !isFresh(root, program.output, inputs))
    const lacksLibraries = !existsSync(join(root, "node_modules/@devicescript/core"))
    // The compiler writes its libraries when it builds a program as it is, and compact code needs them.
    if (lacksLibraries && wanted.every(({ program }) => isCompact(program))) {
        const program = programs.find((one) => !isCompact(one))
        if (program) wanted.push({ program, inputs: inputsDigest(root, program.entry) })
    }
    if (wanted.length === 0) return []
    wanted.sort((a, b) => Number(isCompact(a.program)) - Number(isCompact(b.program)))
    const outer = mkdtempSync(join(realpathSync(tmpdir()), "burr-device-"))
    try {
        const staging = join(outer, DEPTH)
        stage(root, staging)
        const failures = wanted.flatMap(({ program, inputs }) => {
            const startedAtMs = performance.now()
            if (isCompact(program)) copyLibraries(staging, root)
            const message = isCompact(program)
                ? buildCompact(root, outer, program)
                : buildOne(root, staging, program)
            if (message !== undefined) return [{ entry: program.entry, message }]
            const { said, problems } = sizeOf(root, program)
            if (problems.length > 0) {
                removeOutput(root, program.output, [program.debug])
                return [{ entry: program.entry, message: problems.join("\n") }]
            }
            writeStamp(root, program.output, inputs)
            const tookS = ((performance.now() - startedAtMs) / 1000).toFixed(1)
            say(`${program.output}: ${said}, ${tookS} s`)
            return []
        })
        copyLibraries(staging, root)
        return failures
    } finally {
        rmSync(outer, { recursive: true, force: true })
    }
}

/** @param {DeviceProgram} program */
function isCompact({ entry }) {
    return COMPACT.includes(entry)
}

/**
 * The files that a program is made of: its entry and all it imports from this repository.
 *
 * @param {string} root @param {string} entry
 * @returns {string[]}
 */
export function importClosure(root, entry) {
    const seen = new Set([entry])
    for (const file of seen) {
        const text = readFileSync(join(root, file), "utf8")
        for (const [, specifier] of text.matchAll(/\b(?:from|import)\s*"(\.{1,2}\/[^"]+)"/g)) {
            const path = posix.join(posix.dirname(file), specifier).replace(/\.js$/, ".ts")
            if (existsSync(join(root, path))) seen.add(path)
        }
    }
    return [...seen]
}

/** @param {string} root @param {string} entry */
function inputsDigest(root, entry) {
    const { name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    const compiler = JSON.parse(readFileSync(join(CLI, "package.json"), "utf8")).version
    const recipe = recipeText()
    const own = COMPACT.includes(entry) ? [INTERPRETER] : []
    const files = [
        ...importClosure(root, entry),
        ...own,
        ...filesBelow(root, SERVICES),
        "devsconfig.json",
    ]
    return digest(root, files, [name, version, compiler, recipe])
}

function recipeText() {
    const folders = ["compact", "shrink"].flatMap((folder) =>
        filesBelow(import.meta.dirname, folder),
    )
    const parts = [...RECIPE, ...folders]
    return parts.map((path) => readFileSync(join(import.meta.dirname, path), "utf8")).join("")
}

/** @param {string} root @param {string} staging */
function stage(root, staging) {
    mkdirSync(staging, { recursive: true })
    for (const folder of SOURCES.filter((folder) => existsSync(join(root, folder)))) {
        cpSync(join(root, folder), join(staging, folder), { recursive: true })
    }
    if (existsSync(join(root, SERVICES))) {
        cpSync(join(root, SERVICES), join(staging, "services"), { recursive: true })
    }
    copyFileSync(join(root, "devsconfig.json"), join(staging, "devsconfig.json"))
    const { name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    writeFileSync(join(staging, "package.json"), JSON.stringify({ name, version }))
}

/**
 * Compiles with the modules as compact code in place of the ones of their names.
 *
 * @param {string} root @param {string} outer @param {DeviceProgram} program
 * @returns {string | undefined} what was said when there is no output
 */
function buildCompact(root, outer, program) {
    const staging = join(outer, basename(program.entry), DEPTH)
    try {
        stage(root, staging)
        const modules = compactModules(importClosure(root, program.entry))
        const made = compact({
            root,
            entries: [program.entry],
            modules,
            interfaces: LAID_OUT,
            target: "device",
        })
        for (const [path, text] of made.files) {
            mkdirSync(dirname(join(staging, path)), { recursive: true })
            writeFileSync(join(staging, path), text)
        }
    } catch (error) {
        removeOutput(root, program.output, [program.debug])
        return error instanceof Error ? error.message.replaceAll(`${root}/`, "") : String(error)
    }
    return buildOne(root, staging, program)
}

/**
 * @param {string} root @param {string} staging @param {DeviceProgram} program
 * @returns {string | undefined} what the compiler said when there is no output
 */
function buildOne(root, staging, program) {
    removeOutput(root, program.output, [program.debug])
    const made = join(staging, ".devicescript/bin")
    rmSync(made, { recursive: true, force: true })
    const run = spawnSync(
        process.execPath,
        // What it makes may be too large for the machine before it is shrunk; the limits are checked then.
        [join(CLI, "built/devicescript-cli.cjs"), "build", program.entry, "--no-verify"],
        {
            cwd: staging,
            env: { ...process.env, CI: "1", NO_UPDATE_NOTIFIER: "1" },
            encoding: "utf8",
            timeout: BUILD_TIMEOUT_MS,
        },
    )
    if (run.status !== 0 || !existsSync(join(made, "bytecode.devs"))) {
        const said = readable(`${run.stdout ?? ""}${run.stderr ?? ""}`, staging)
        const ended = run.error?.message ?? `devs build ended with ${run.status ?? run.signal}`
        return said === "" ? ended : said
    }
    const image = join(made, "bytecode.devs")
    const debug = join(made, "bytecode-dbg.json")
    const shrunk = shrinkProgram(readFileSync(image))
    writeFileSync(image, shrunk.image)
    writeFileSync(debug, shrunkDebug(readFileSync(debug, "utf8"), shrunk))
    mkdirSync(dirname(join(root, program.output)), { recursive: true })
    moveInto(debug, join(root, program.debug))
    moveInto(image, join(root, program.output))
    return undefined
}

/**
 * How large a program is; for what goes onto a board, beside its limits, and what is too much.
 *
 * @param {string} root @param {DeviceProgram} program
 */
function sizeOf(root, program) {
    const path = join(root, program.output)
    if (!PROGRAMS.includes(program.entry))
        return { said: `${readFileSync(path).length} bytes`, problems: [] }
    const { line, problems } = checkLimits(path)
    return { said: line, problems }
}

/** Puts a file in place whole or not at all; the two places may be on different disks.
 * @param {string} from @param {string} to */
function moveInto(from, to) {
    const beside = `${to}.${process.pid}`
    copyFileSync(from, beside)
    renameSync(beside, to)
}

/** The compiler's words, with paths as they are in the repository.
 * @param {string} said @param {string} staging */
function readable(said, staging) {
    const text = said
        .replaceAll(`${staging}/`, "")
        .replace(/(?<![\w/])services\/(?=[\w-]+\.md\b)/g, `${SERVICES}/`)
        .split("\n")
        .filter((line) => !line.includes("using devs:"))
        .join("\n")
        .trim()
    return process.stderr.isTTY ? text : stripVTControlCharacters(text)
}

/** @param {string} root @param {readonly DeviceProgram[]} programs */
function removeStrays(root, programs) {
    const expected = new Set(programs.flatMap(({ output, debug }) => [output, debug]))
    for (const folder of ["dist/firmware", "dist/test/device"]) {
        for (const path of filesBelow(root, folder)) {
            if (/\.(devs|dbg\.json)$/.test(basename(path)) && !expected.has(path)) {
                removeOutput(root, path)
            }
        }
    }
}

/** The libraries that the compiler wrote, for editors: they are in no package registry.
 * @param {string} staging @param {string} root */
function copyLibraries(staging, root) {
    for (const path of filesBelow(join(staging, "node_modules"), "@devicescript")) {
        const from = join(staging, "node_modules", path)
        const to = join(root, "node_modules", path)
        if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) continue
        mkdirSync(dirname(to), { recursive: true })
        copyFileSync(from, to)
    }
}
