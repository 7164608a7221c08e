// The two modules that a program gets beside its own: the code with its tables, which imports nothing
// and so is there before any module that enters it, and the links to what the code calls outside.

import { posix, relative } from "node:path"
import { nameOf } from "./syntax.mjs"

/** @typedef {import("./pass.mjs").Pass} Pass */

export const CODE = "firmware/logic/compact/code.ts"
export const LINKS = "firmware/logic/compact/links.ts"
/** How many cells the code of values has when there are none: its locals, and its end. */
const EMPTY_CELLS = 2

/** @param {Pass} pass @param {Buffer} code @param {"device" | "node"} target */
export function codeText(pass, code, target) {
    const bytes = (/** @type {Buffer} */ buffer) =>
        target === "device"
            ? `hex\`${buffer.toString("hex")}\``
            : `Buffer.from("${buffer.toString("hex")}", "hex")`
    const values = pass.values.list.map((value) => {
        if ("number" in value) return Object.is(value.number, -0) ? "-0" : String(value.number)
        return "object" in value ? value.object : "0"
    })
    const labels = pass.functions.map((key) => pass.labelOf(key))
    return [
        "// Made by bin/tooling/compact. Imports nothing, so it is there before any module that calls it.",
        'import { enter, load } from "./machine.js"',
        "load({",
        `    code: ${bytes(code)},`,
        `    names: ${JSON.stringify([...pass.names.indices.keys()])},`,
        `    spots: ${bytes(spotsOf(pass, labels))},`,
        `    labels: ${JSON.stringify(labels.join(""))},`,
        `    globals: [${values.join(", ")}],`,
        "})",
        `enter(${pass.early.at}, [])`,
        "",
    ].join("\n")
}

/** For each function where it begins, and where its name among all of them, of how many letters.
 * @param {Pass} pass @param {readonly string[]} labels */
function spotsOf(pass, labels) {
    let from = 0
    const spots = pass.functions.flatMap(({ at }, i) => {
        const { length } = labels[i]
        const spot = [at & 255, at >> 8, from & 255, from >> 8, length]
        from += length
        return spot
    })
    return Buffer.from(spots)
}

/** @param {Pass} pass */
export function linksText(pass) {
    const { sources, links, values } = pass
    const imports = new Imports(sources.root)
    const natives = [...links.functions.values()].map(({ file, name }) => imports.of(file, name))
    // The modules of compact classes put theirs in when they are loaded.
    const classes = [...links.classes].map(([declaration, { file, name }]) =>
        typeof declaration !== "string" && sources.isCompact(declaration)
            ? "undefined"
            : imports.of(file, name),
    )
    const linked = [...values.indices]
        .filter(([declaration]) => !sources.isCompact(declaration))
        .map(([declaration, index]) => {
            const { fileName } = declaration.getSourceFile()
            return `setGlobal(${index}, ${imports.of(fileName, nameOf(declaration) ?? "default")})`
        })
    return [
        "// Made by bin/tooling/compact: what compact code calls of native modules.",
        'import { type Class, enter, globalAt, link, type Native, setGlobal } from "./machine.js"',
        'import "./code.js"',
        ...imports.lines,
        "link(",
        `    [${natives.join(", ")}] as unknown as Native[],`,
        `    [${classes.join(", ")}] as unknown as Class[],`,
        ")",
        ...linked,
        ...(pass.late.cells.length > EMPTY_CELLS ? [`enter(${pass.late.at}, [])`] : []),
        ...keptMethods([...pass.learned.dynamicNames].sort()),
        "",
    ].join("\n")
}

/** Import lines with names of their own: two modules may export the same. */
class Imports {
    /** @param {string} root */
    constructor(root) {
        this.root = root
        /** @type {string[]} */
        this.lines = []
        /** @type {Map<string, string>} */
        this.aliases = new Map()
    }

    /** What is imported is called here. @param {string | undefined} file or library
     * @param {string} name */
    of(file, name) {
        if (file === undefined) return name
        const key = `${file} ${name}`
        const known = this.aliases.get(key)
        if (known !== undefined) return known
        const alias = `x${this.aliases.size}`
        this.aliases.set(key, alias)
        const specifier = file.endsWith(".ts")
            ? specifierTo(LINKS, relative(this.root, file))
            : file
        this.lines.push(`import { ${name} as ${alias} } from "${specifier}"`)
        return alias
    }
}

/** How one file imports another. @param {string} from @param {string} to below the root, both */
export function specifierTo(from, to) {
    const path = posix.relative(posix.dirname(from), to)
    return (path.startsWith(".") ? path : `./${path}`).replace(/\.ts$/, ".js")
}

/** The device's compiler leaves out methods that nobody seems to call.
 * @param {readonly string[]} names */
function keptMethods(names) {
    if (names.length === 0) return []
    return [
        "// biome-ignore lint/suspicious/noExplicitAny: so that methods of any class are meant",
        "function kept(nobody: any): unknown[] {",
        `    return [${names.map((name) => `nobody.${name}`).join(", ")}]`,
        "}",
        "if (setGlobal(0, globalAt(0)) !== undefined) kept(undefined)",
    ]
}
