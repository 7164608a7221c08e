// better-sqlite3 is C++: it needs a binary for this Node and this platform.

import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { aptInstall, isOnPath, runNpm, SetupError, say } from "./run.mjs"

const OPEN = `new (require("better-sqlite3"))(":memory:").close()`

/**
 * Sees to it that better-sqlite3 loads: its prebuilt binary where one can be had, else built here.
 *
 * @param {string} root
 * @throws SetupError with the one command to run, where a compiler is missing
 */
export function makeSqliteLoad(root) {
    if (loadsHere(root)) return
    say("better-sqlite3 has no binary for this Node: looking for a prebuilt one")
    const folder = join(root, "node_modules/better-sqlite3")
    const prebuilt = spawnSync(process.execPath, ["../prebuild-install/bin.js"], { cwd: folder })
    if (prebuilt.status === 0 && loadsAnew(root)) return
    haveCompiler()
    say("no prebuilt better-sqlite3 can be had: building it from source, about a minute")
    if (
        !runNpm(
            ["rebuild", "better-sqlite3", "--ignore-scripts=false", "--loglevel=error"],
            sourceBuildEnv(),
        )
    ) {
        throw new SetupError("better-sqlite3 could not be built; the compiler's reasons are above")
    }
    if (!loadsAnew(root)) throw new SetupError("better-sqlite3 was built and still does not load")
}

/** @param {string} root */
function loadsHere(root) {
    try {
        const Database = createRequire(join(root, "package.json"))("better-sqlite3")
        new Database(":memory:").close()
        return true
    } catch {
        return false
    }
}

/** As a new process sees it, for this one may remember the binary that failed.
 * @param {string} root */
function loadsAnew(root) {
    return spawnSync(process.execPath, ["--eval", OPEN], { cwd: root }).status === 0
}

function haveCompiler() {
    const needed = ["make", "python3"]
    const hasCpp = ["c++", "g++", "clang++"].some(isOnPath)
    if (process.platform === "win32" || (hasCpp && needed.every(isOnPath))) return
    if (process.platform === "darwin") {
        throw new SetupError("better-sqlite3 needs a compiler: run  xcode-select --install")
    }
    aptInstall(["build-essential", "python3"], "better-sqlite3 needs a compiler")
}

/** node-gyp downloads headers of Node unless it is told where those are that came with Node. */
function sourceBuildEnv() {
    const prefix = dirname(dirname(process.execPath))
    const hasHeaders = existsSync(join(prefix, "include/node/node.h"))
    return {
        ...process.env,
        npm_config_build_from_source: "true",
        ...(hasHeaders ? { npm_config_nodedir: prefix } : {}),
    }
}
