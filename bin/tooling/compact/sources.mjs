// The program that is compiled: its files, which of its modules become compact code, and what a name
// in one file stands for in another.

import { dirname, join, relative } from "node:path"
import ts from "typescript"
import { bindingsOf } from "./syntax.mjs"

/** @typedef {{ root: string, entries: readonly string[], modules: readonly string[] }} Asked
 * paths of entries and modules below the root */

export class Sources {
    /** @param {Asked} asked */
    constructor({ root, entries, modules }) {
        this.root = root
        this.entries = entries.map((path) => join(root, path))
        this.modules = new Set(modules.map((path) => join(root, path)))
        /** Nobody calls the modules: every export has a native side. */
        this.isOpen = entries.length === 0
        this.program = programOf([...this.entries, ...this.modules])
        this.checker = this.program.getTypeChecker()
        /** All that is neither a library's nor a declaration file. */
        this.own = this.program
            .getSourceFiles()
            .filter((file) => !file.isDeclarationFile && !file.fileName.includes("/node_modules/"))
        this.classes = this.own.flatMap((file) => file.statements.filter(ts.isClassDeclaration))
    }

    /** @param {string} path @returns {ts.SourceFile} */
    file(path) {
        const file = this.program.getSourceFile(path)
        if (file === undefined) throw new Error(`${path} is not there, expected a module`)
        return file
    }

    /** Its path below the root. @param {ts.Node} node */
    pathOf(node) {
        return relative(this.root, node.getSourceFile().fileName)
    }

    /** @param {ts.Node} node */
    isCompact(node) {
        return this.modules.has(node.getSourceFile().fileName)
    }

    /** The symbol itself where a name is imported. @param {ts.Symbol | undefined} symbol */
    origin(symbol) {
        return symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0
            ? this.checker.getAliasedSymbol(symbol)
            : symbol
    }

    /** What a name stands for. @param {ts.Node} name @returns {readonly ts.Declaration[]} */
    declarationsOf(name) {
        return this.origin(this.checker.getSymbolAtLocation(name))?.declarations ?? []
    }

    /** Files in the order in which they would be loaded, the imported ones first. */
    loadOrder() {
        /** @type {string[]} */
        const order = []
        const seen = new Set()
        /** @param {string} path */
        const visit = (path) => {
            if (seen.has(path)) return
            seen.add(path)
            const file = this.program.getSourceFile(path)
            if (file === undefined) return
            for (const statement of file.statements) {
                const specifier = loadedBy(statement)
                if (specifier?.startsWith("."))
                    visit(join(dirname(path), specifier.replace(/\.js$/, ".ts")))
            }
            order.push(path)
        }
        for (const path of this.modules) visit(path)
        return order
    }
}

/** The library that an imported name comes from; undefined for one of the program's own modules.
 * @param {ts.Symbol | undefined} symbol */
export function libraryOf(symbol) {
    const [declaration] = symbol?.declarations ?? []
    if (declaration === undefined || !ts.isImportSpecifier(declaration)) return undefined
    const specifier = specifierOf(declaration.parent.parent.parent)
    return specifier?.startsWith(".") ? undefined : specifier
}

/** @param {ts.Statement | ts.ImportDeclaration | ts.JSDocImportTag} node */
export function specifierOf(node) {
    if (!ts.isImportDeclaration(node) && !ts.isExportDeclaration(node)) return undefined
    const specifier = node.moduleSpecifier
    return specifier !== undefined && ts.isStringLiteral(specifier) ? specifier.text : undefined
}

/** @param {ts.Statement} statement */
function loadedBy(statement) {
    const isOfTypes = ts.isImportDeclaration(statement) && statement.importClause?.isTypeOnly
    return isOfTypes ? undefined : specifierOf(statement)
}

/** What a module brings in or hands on by name.
 * @param {Sources} sources @param {ts.Statement} statement @returns {ts.Declaration[]} */
export function namedBy(sources, statement) {
    return bindingsOf(statement).flatMap(({ name }) => [...sources.declarationsOf(name)])
}

/** @param {string[]} rootNames */
function programOf(rootNames) {
    return ts.createProgram({
        rootNames,
        options: {
            target: ts.ScriptTarget.ESNext,
            lib: ["lib.esnext.d.ts"],
            module: ts.ModuleKind.NodeNext,
            moduleResolution: ts.ModuleResolutionKind.NodeNext,
            strict: true,
            noEmit: true,
            types: [],
        },
    })
}
