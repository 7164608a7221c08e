// Other programs, run by setup for the person who started it.

import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"

/** A step that setup cannot take; its message says what to do. */
export class SetupError extends Error {}

/** @param {string} line */
export function say(line) {
    process.stderr.write(`setup: ${line}\n`)
}

/**
 * Runs a program with its output on stderr; true when it ended well.
 *
 * @param {string} program @param {readonly string[]} args @param {NodeJS.ProcessEnv} env
 */
export function run(program, args, env = process.env) {
    const shell = process.platform === "win32" && program === "npm"
    return spawnSync(program, args, { stdio: ["ignore", 2, 2], env, shell }).status === 0
}

/** Runs npm: the one that runs us where there is one, else the one on the PATH.
 * @param {readonly string[]} args @param {NodeJS.ProcessEnv} env */
export function runNpm(args, env = process.env) {
    const running = process.env.npm_execpath
    if (running?.endsWith("npm-cli.js")) return run(process.execPath, [running, ...args], env)
    return run("npm", args, env)
}

/** @param {string} program */
export function isOnPath(program) {
    const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "")
    return folders.some((folder) => existsSync(join(folder, program)))
}

/**
 * Installs Debian packages when that is possible without asking anybody.
 *
 * @param {readonly string[]} packages
 * @param {string} purpose what they are for
 * @throws SetupError with the one command to run, where this user may not or apt cannot
 */
export function aptInstall(packages, purpose) {
    const install = `apt-get install -y --no-install-recommends ${packages.join(" ")}`
    if (!isOnPath("apt-get")) {
        throw new SetupError(
            `${purpose}: install ${packages.join(" and ")} with your package manager`,
        )
    }
    const byHand = `${purpose}: run  sudo apt-get update && sudo ${install}`
    if (process.getuid?.() !== 0) throw new SetupError(byHand)
    say(`${purpose}: ${install}`)
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
    // An update that misses one of several sources may still know the packages: install decides.
    run("apt-get", ["update", "-qq"], env)
    if (!run("apt-get", ["-qq", ...install.split(" ").slice(1)], env)) {
        throw new SetupError(`apt-get could not install ${packages.join(" ")}. ${byHand}`)
    }
}
