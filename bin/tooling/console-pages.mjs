// The console's pages: built by Vite from console/ into dist/console.

import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { digest, filesBelow, isFresh, removeOutput, writeStamp } from "./stamp.mjs"

const CONFIG = "console/vite.config.ts"
const OUTPUT = "dist/console"

/**
 * Builds the console when its inputs changed. A console that fails to build has no output afterwards.
 *
 * @param {string} root
 * @param {(line: string) => void} say
 * @returns {Promise<string | undefined>} Vite's message when the build failed
 */
export async function buildConsole(root, say) {
    if (!existsSync(join(root, CONFIG))) return undefined
    const inputs = inputsDigest(root)
    if (isFresh(root, OUTPUT, inputs)) return undefined
    const startedAtMs = performance.now()
    removeOutput(root, OUTPUT)
    try {
        await runVite(root)
    } catch (error) {
        removeOutput(root, OUTPUT)
        return String(error instanceof Error ? error.message : error).replaceAll(`${root}/`, "")
    }
    writeStamp(root, OUTPUT, inputs)
    say(`${OUTPUT}: ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`)
    return undefined
}

/** @param {string} root */
async function runVite(root) {
    const { build } = await import("vite")
    // A page is built for those who use it, whatever the shell that builds it says of itself.
    const before = process.env.NODE_ENV
    process.env.NODE_ENV = "production"
    try {
        await new Promise((resolve, reject) => {
            // Vite leaves a promise unhandled when a page names a script that is not there.
            process.once("unhandledRejection", reject)
            build({
                configFile: join(root, CONFIG),
                root: join(root, "console"),
                logLevel: "warn",
                build: { outDir: join(root, OUTPUT), emptyOutDir: true },
            })
                .then(resolve, reject)
                .finally(() => process.off("unhandledRejection", reject))
        })
    } finally {
        if (before === undefined) delete process.env.NODE_ENV
        else process.env.NODE_ENV = before
    }
}

/** @param {string} root */
function inputsDigest(root) {
    const files = [...filesBelow(root, "console"), ...filesBelow(root, "protocol")]
    const libraries = existsSync(join(root, "package-lock.json")) ? ["package-lock.json"] : []
    return digest(root, [...files, ...libraries], [readFileSync(import.meta.filename, "utf8")])
}
