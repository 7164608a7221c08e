// Where a Chromium is on this machine, for setup and for the tests that open pages in it.

import { accessSync, constants, statSync } from "node:fs"
import { delimiter, join } from "node:path"

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]

/** Places that a PATH need not name: what Debian installs, and the two applications of a Mac. */
const PLACES = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
]

/**
 * The path of a Chromium or Chrome that can be run, or undefined where there is none.
 *
 * CHROMIUM_PATH alone decides where it is set: a wrong one is never passed over in silence.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export function findChromium(env = process.env) {
    if (env.CHROMIUM_PATH) return isProgram(env.CHROMIUM_PATH) ? env.CHROMIUM_PATH : undefined
    const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "")
    const onPath = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)))
    return [...onPath, ...PLACES].find(isProgram)
}

/** @param {string} path */
function isProgram(path) {
    try {
        accessSync(path, constants.X_OK)
        return statSync(path).isFile()
    } catch {
        return false
    }
}
