// What names in compact code stand for: a local is known to its writer, all else is a function, a value,
// a table, a class or a method of the program, and compact or native.

import ts from "typescript"
import { libraryOf } from "./sources.mjs"
import { isOfModule, refuse } from "./syntax.mjs"

/** @typedef {import("./pass.mjs").Key} Key */
/** @typedef {import("./pass.mjs").Pass} Pass */
/** What a name stands for.
 * @typedef {{ kind: "unknown" } | { kind: "global", index: number } | { kind: "table", key: Key }
 *     | { kind: "function", declaration: ts.FunctionDeclaration }
 *     | { kind: "native", index: number }} Known */

/** @param {Pass} pass @param {ts.Symbol | undefined} symbol @returns {Known} */
export function meaningOf(pass, symbol) {
    const { sources } = pass
    const declarations = sources.origin(symbol)?.declarations ?? []
    const declaration = declarations.find(
        (node) => ts.isFunctionDeclaration(node) || ts.isVariableDeclaration(node),
    )
    if (declaration === undefined) return { kind: "unknown" }
    if (ts.isFunctionDeclaration(declaration)) {
        if (!sources.isCompact(declaration)) {
            const index = pass.links.functionOf(declaration, libraryOf(symbol))
            return { kind: "native", index }
        }
        return { kind: "function", declaration }
    }
    if (!ts.isVariableDeclaration(declaration) || !isOfModule(declaration))
        return { kind: "unknown" }
    if (declaration.getSourceFile().isDeclarationFile) return { kind: "unknown" }
    if (pass.values.isTable(declaration)) return { kind: "table", key: pass.tableOf(declaration) }
    // An entry's variables are locals of what it does; its functions do not see them.
    if (isEntry(pass, declaration)) return { kind: "unknown" }
    return { kind: "global", index: pass.values.variable(declaration) }
}

/** In a program that becomes compact code itself.
 * @param {Pass} pass @param {ts.Node} node */
function isEntry(pass, node) {
    const { fileName } = node.getSourceFile()
    return pass.sources.isCompact(node) && pass.sources.entries.includes(fileName)
}

/** How a class is made: by its constructor's address, or natively.
 * @param {Pass} pass @param {ts.Identifier} name
 * @returns {{ kind: "plain", key: Key, layout: import("./layouts.mjs").Layout | undefined }
 *     | { kind: "native", index: number }} */
export function classOf(pass, name) {
    const declaration = pass.sources.declarationsOf(name).find(ts.isClassDeclaration)
    const isPlain =
        declaration !== undefined &&
        pass.sources.isCompact(declaration) &&
        !pass.learned.nativeUse.hasSide(declaration)
    // A program that is compact itself has no text in which native code would find a class.
    if (declaration !== undefined && !isPlain && isEntry(pass, declaration))
        refuse(declaration, "class of a program with methods that native code may call")
    if (!isPlain) return { kind: "native", index: pass.links.classOf(declaration, name.text) }
    const layout = pass.layouts.ofDeclaration(declaration)
    return { kind: "plain", key: pass.constructorKey(declaration), layout }
}

/** The compact method that a call means; undefined where only the object knows.
 * @param {Pass} pass @param {ts.PropertyAccessExpression} callee */
export function methodOf(pass, callee) {
    const symbol = pass.sources.checker.getSymbolAtLocation(callee.name)
    const [declaration] = symbol?.declarations ?? []
    if (declaration === undefined) return undefined
    if (ts.isMethodDeclaration(declaration))
        return pass.sources.isCompact(declaration) ? pass.methodKey(declaration) : undefined
    const only = pass.learned.implementers.methodFor(declaration)
    return only && pass.methodKey(only)
}

/** A method that only the object knows: those that it may be, of compact classes.
 * @param {Pass} pass @param {string} name @param {ts.Expression} owner */
export function dynamicMethods(pass, name, owner) {
    const { dynamicNames, nativeUse } = pass.learned
    dynamicNames.add(name)
    const methods = nativeUse.methodsBehind(name, owner)
    for (const method of methods) nativeUse.dynamic.add(method)
    return methods
}
