// npm packages: whether node_modules holds what package-lock.json names, and putting it there.

import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { runNpm, SetupError, say } from "./run.mjs"

/** @typedef {{ version?: string, optional?: boolean, devOptional?: boolean }} LockEntry */

/** Installs the locked packages when node_modules does not hold them.
 * @param {string} root */
export function installPackages(root) {
    const reason = staleReason(root)
    if (reason === undefined) return
    say(`installing packages: ${reason}`)
    // Install scripts stay off: better-sqlite3's would fail the whole installation where neither a
    // prebuilt binary nor a compiler is at hand, and setup sees to it afterwards. No other package
    // here needs its own. `ci` would refuse a lock file that was made where the registry lacked some
    // other platform's optional package; this installs the same locked versions and adds those.
    const args = ["install", "--no-save", "--ignore-scripts", "--loglevel=error"]
    if (!runNpm(args)) throw new SetupError(`npm ${args.join(" ")} failed; its reasons are above`)
    const left = staleReason(root)
    if (left !== undefined) throw new SetupError(`packages are still not as locked: ${left}`)
}

/**
 * Why node_modules is not what package-lock.json names, or undefined when it is.
 *
 * Optional packages may be absent: they are for other platforms, or could not be had. What is there
 * and not locked does no harm, such as the libraries that the device compiler writes.
 *
 * @param {string} root
 * @returns {string | undefined}
 * @throws SetupError when package.json asks for other packages than package-lock.json holds
 */
export function staleReason(root) {
    const locked = packagesOf(join(root, "package-lock.json"))
    if (locked === undefined) {
        return existsSync(join(root, "node_modules")) ? undefined : "there is no node_modules"
    }
    const wanted = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    for (const field of ["dependencies", "devDependencies", "optionalDependencies"]) {
        const disagreed = firstDifference(wanted[field] ?? {}, locked[""]?.[field] ?? {})
        if (disagreed !== undefined) {
            throw new SetupError(
                `package.json and package-lock.json disagree on ${field} ${disagreed}: run  npm install`,
            )
        }
    }
    const installed = packagesOf(join(root, "node_modules/.package-lock.json"))
    if (installed === undefined) return "there is no complete node_modules"
    for (const [path, entry] of Object.entries(locked)) {
        if (path === "") continue
        const found = installed[path]
        const isAbsent = found === undefined || !existsSync(join(root, path, "package.json"))
        if (isAbsent && (entry.optional || entry.devOptional)) continue
        if (isAbsent) return `${path} is missing`
        if (found.version !== entry.version) {
            return `${path} is ${found.version}, locked is ${entry.version}`
        }
    }
    return undefined
}

/** @param {string} path @returns {Record<string, any> | undefined} */
function packagesOf(path) {
    if (!existsSync(path)) return undefined
    return JSON.parse(readFileSync(path, "utf8")).packages
}

/** @param {Record<string, string>} some @param {Record<string, string>} others */
function firstDifference(some, others) {
    return Object.keys({ ...some, ...others }).find((name) => some[name] !== others[name])
}
