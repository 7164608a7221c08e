// What each source file of the repository imports.

import { readdirSync, readFileSync } from "node:fs"
import { join, posix } from "node:path"
import ts from "typescript"

export interface Import {
    file: string
    line: number
    /** What is imported: a path below the root, `npm:` and a package's name, or `node:` and a module. */
    target: string
}

const SOURCE = /\.(ts|mts|mjs|js|svelte)$/
/** The one program without a suffix. */
const COMMAND = "bin/burr"
const FOREIGN = /^(node_modules|dist|\..*)$/

/** Every source file below the root, in order. */
export function sourceFiles(root: string, folder = ""): string[] {
    return readdirSync(join(root, folder), { withFileTypes: true })
        .filter((entry) => !FOREIGN.test(entry.name))
        .flatMap((entry) => {
            const path = posix.join(folder, entry.name)
            if (entry.isDirectory()) return sourceFiles(root, path)
            return SOURCE.test(path) || path === COMMAND ? [path] : []
        })
        .sort()
}

export function importsOfFile(root: string, file: string): Import[] {
    return importsOf(file, readFileSync(join(root, file), "utf8"))
}

/** The imports, re-exports and literal dynamic imports in a file's text. */
export function importsOf(file: string, text: string): Import[] {
    const code = file.endsWith(".svelte") ? scriptsOf(text) : text
    return ts.preProcessFile(code, true, false).importedFiles.map(({ fileName, pos }) => ({
        file,
        line: code.slice(0, pos).split("\n").length,
        target: targetOf(file, fileName),
    }))
}

/** The scripts of a component, on the lines where they stand. */
function scriptsOf(text: string): string {
    const blank = (part: string) => part.replace(/[^\n]/g, " ")
    let code = ""
    let end = 0
    for (const script of text.matchAll(/(?<=<script\b[^>]*>).*?(?=<\/script>)/gs)) {
        code += blank(text.slice(end, script.index)) + script[0]
        end = script.index + script[0].length
    }
    return code
}

function targetOf(file: string, specifier: string): string {
    const plain = specifier.replace(/\?.*$/, "")
    if (plain.startsWith("node:")) return plain
    if (!plain.startsWith(".")) {
        return `npm:${plain.split("/", plain.startsWith("@") ? 2 : 1).join("/")}`
    }
    const path = posix.join(posix.dirname(file), plain)
    return file.endsWith(".ts") || file.endsWith(".svelte") ? path.replace(/\.js$/, ".ts") : path
}
