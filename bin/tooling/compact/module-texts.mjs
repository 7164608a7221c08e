// What is left of a module that became compact code: its types as they are, and what native code uses
// of it as calls into the code (shims.mjs).

import ts from "typescript"
import { CODE, LINKS, specifierTo } from "./code-texts.mjs"
import { MACHINE } from "./interpreter.mjs"
import { classShim, functionShim, typeAt } from "./shims.mjs"
import { specifierOf } from "./sources.mjs"
import { bindingsOf, isExported, nameOf } from "./syntax.mjs"

/** @typedef {import("./pass.mjs").Pass} Pass */

/** What shims call of the interpreter. */
const ENTRIES = ["enter", "enter0", "enter1", "enter2", "enter3", "globalAt", "register"]

/** @param {Pass} pass @param {ts.SourceFile} file of a module @returns {string} */
export function moduleText(pass, file) {
    if (pass.sources.entries.includes(file.fileName)) return entryText(pass, file)
    const path = pass.sources.pathOf(file)
    const body = file.statements.flatMap((statement) => leftOf(pass, statement))
    return [
        "// Made by bin/tooling/compact from the module of this name.",
        ...file.statements
            .filter(ts.isImportDeclaration)
            .flatMap((statement) => importLines(pass, statement, body)),
        ...entryImports(path, body),
        ...body,
        "",
    ].join("\n")
}

/** An entry starts what it did, when all that it needs is loaded.
 * @param {Pass} pass @param {ts.SourceFile} file */
function entryText(pass, file) {
    const { sources, links } = pass
    const path = sources.pathOf(file)
    // Classes that native code sees put themselves in when their modules are loaded.
    const shown = [...links.classes.keys()].flatMap((one) =>
        typeof one !== "string" && sources.isCompact(one) ? [sources.pathOf(one)] : [],
    )
    return [
        "// Made by bin/tooling/compact from the program of this name.",
        `import { enter0 } from "${specifierTo(path, MACHINE)}"`,
        `import "${specifierTo(path, LINKS)}"`,
        ...[...new Set(shown)].map((module) => `import "${specifierTo(path, module)}"`),
        `enter0(${pass.addressOf(file)})`,
        "",
    ].join("\n")
}

/** @param {Pass} pass @param {ts.Statement} statement @returns {string[]} */
function leftOf(pass, statement) {
    const isOfTypes =
        ts.isInterfaceDeclaration(statement) ||
        ts.isTypeAliasDeclaration(statement) ||
        ts.isEnumDeclaration(statement)
    if (isOfTypes || ts.isExportDeclaration(statement)) return [statement.getText()]
    if (ts.isFunctionDeclaration(statement)) {
        const isShown = isExported(statement) && pass.learned.nativeUse.isUsed(statement)
        return isShown ? [functionShim(pass, statement)] : []
    }
    if (ts.isClassDeclaration(statement)) return [classShim(pass, statement)]
    if (ts.isVariableStatement(statement) && isExported(statement))
        return statement.declarationList.declarations.flatMap((one) => valueLines(pass, one))
    return []
}

/** @param {Pass} pass @param {ts.VariableDeclaration} declaration */
function valueLines(pass, declaration) {
    if (!pass.learned.nativeUse.isUsed(declaration)) return []
    const name = nameOf(declaration)
    const known = pass.constants.of(declaration.name)
    if (known !== undefined) return [`export const ${name} = ${JSON.stringify(known)}`]
    const type = declaration.type?.getText() ?? typeAt(pass, declaration)
    const index = pass.values.variable(declaration)
    return [`export const ${name} = globalAt(${index}) as ${type}`]
}

/** The types that what is left names, and modules that have a class to put in.
 * @param {Pass} pass @param {ts.ImportDeclaration} statement @param {readonly string[]} body */
function importLines(pass, statement, body) {
    const { sources, links } = pass
    const from = specifierOf(statement)
    const elements = bindingsOf(statement)
    const used = elements.filter(({ name }) => {
        const isType = sources.declarationsOf(name).some(isTypeDeclaration)
        return isType && body.some((text) => new RegExp(`\\b${name.text}\\b`).test(text))
    })
    const lines = []
    // Types alone would not load a module that has a class to put in.
    const declared = elements.flatMap(({ name }) => sources.declarationsOf(name))
    if (declared.some((node) => ts.isClassDeclaration(node) && links.classes.has(node)))
        lines.push(`import "${from}"`)
    const names = used.map((element) => element.getText().replace(/^type /, ""))
    if (names.length > 0) lines.push(`import type { ${names.join(", ")} } from "${from}"`)
    return lines
}

/** @param {string} path @param {readonly string[]} body */
function entryImports(path, body) {
    const needed = ENTRIES.filter((name) => body.some((text) => text.includes(`${name}(`)))
    if (needed.length === 0) return []
    if (needed.includes("register")) needed.push("type Class")
    return [
        `import { ${needed.join(", ")} } from "${specifierTo(path, MACHINE)}"`,
        `import "${specifierTo(path, CODE)}"`,
        `import "${specifierTo(path, LINKS)}"`,
    ]
}

/** @param {ts.Declaration} node */
function isTypeDeclaration(node) {
    return (
        ts.isInterfaceDeclaration(node) ||
        ts.isTypeAliasDeclaration(node) ||
        ts.isClassDeclaration(node) ||
        ts.isEnumDeclaration(node)
    )
}
