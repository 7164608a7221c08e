// Makes a checkout ready to run: packages, the SQLite binary, the built parts, and with --test a
// browser for the tests. Runs before `npm start` and `npm test`; needs Node alone, and does nothing
// where nothing is missing.

import { join } from "node:path"

const ROOT = join(import.meta.dirname ?? ".", "..")
const OLDEST = [20, 19]

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    process.stderr.write(
        `setup: Burr needs Node ${OLDEST.join(".")} or later; this is Node ${process.versions.node}\n`,
    )
    process.exit(1)
}

const { findChromium } = await import("./chromium.mjs")
const { installPackages } = await import("./tooling/packages.mjs")
const { makeSqliteLoad } = await import("./tooling/sqlite.mjs")
const { aptInstall, run, SetupError, say } = await import("./tooling/run.mjs")

try {
    installPackages(ROOT)
    makeSqliteLoad(ROOT)
    const withTests = process.argv.includes("--test")
    if (withTests) haveChromium()
    const { buildAll } = await import("./build.mjs")
    if (!(await buildAll(ROOT, withTests)))
        throw new SetupError("the build failed; its reasons are above")
} catch (error) {
    if (!(error instanceof SetupError)) throw error
    say(error.message)
    process.exitCode = 1
}

function haveChromium() {
    if (findChromium() !== undefined) return
    const named = process.env.CHROMIUM_PATH
    if (named)
        throw new SetupError(`CHROMIUM_PATH is ${named}: no program that can be run is there`)
    const purpose = "the tests need Chromium (or CHROMIUM_PATH, the path of one)"
    aptInstall(["chromium"], purpose)
    const path = findChromium()
    if (path === undefined || !run(path, ["--version"])) {
        throw new SetupError(`${purpose}: what apt-get installed does not run`)
    }
}
