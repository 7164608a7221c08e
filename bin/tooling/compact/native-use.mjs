// What native code can reach of the modules. What it cannot has no native side: a function that only
// compact code calls is an address, a class that only compact code uses is a layout.

import ts from "typescript"
import { namedBy } from "./sources.mjs"
import { isPrivate, nameOf } from "./syntax.mjs"

/** @typedef {import("./sources.mjs").Sources} Sources */

export class NativeUse {
    /** @param {Sources} sources */
    constructor(sources) {
        this.sources = sources
        this.named = methodsByName(sources)
        /** What native modules import. @type {Set<ts.Node>} */
        this.imported = new Set()
        /** Methods that native code may call. @type {Set<ts.Node>} */
        this.methods = new Set()
        /** Methods that compact code calls by name, learned from pass to pass. @type {Set<ts.Node>} */
        this.dynamic = new Set()
        for (const file of sources.program.getSourceFiles())
            if (!file.isDeclarationFile && !sources.modules.has(file.fileName)) this.readFile(file)
    }

    /** @param {ts.SourceFile} file a native one */
    readFile(file) {
        /** @param {ts.Node} node */
        const visit = (node) => {
            if (ts.isPropertyAccessExpression(node))
                for (const method of this.methodsBehind(node.name.text, node.expression))
                    this.methods.add(method)
            ts.forEachChild(node, visit)
        }
        visit(file)
        for (const statement of file.statements)
            for (const node of namedBy(this.sources, statement)) this.imported.add(node)
    }

    /** Compact methods that `owner.name` may be. @param {string} name @param {ts.Expression} owner */
    methodsBehind(name, owner) {
        const { checker } = this.sources
        const methods = this.named.get(name) ?? []
        if (methods.length === 0) return methods
        const type = checker.getNonNullableType(checker.getTypeAtLocation(owner))
        if ((type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) !== 0) return methods
        return methods.filter(({ parent }) =>
            checker.isTypeAssignableTo(checker.getTypeAtLocation(parent), type),
        )
    }

    /** A function, class or value of a module. @param {ts.Node} declaration */
    isUsed(declaration) {
        return this.sources.isOpen || this.imported.has(declaration)
    }

    /** @param {ts.MethodDeclaration} member */
    isCalled(member) {
        if (isPrivate(member)) return false
        return this.sources.isOpen || this.methods.has(member) || this.dynamic.has(member)
    }

    /** Whether a class is made natively, or has methods that are called so.
     * @param {ts.ClassDeclaration} declaration */
    hasSide(declaration) {
        if (this.isUsed(declaration)) return true
        return declaration.members.some(
            (member) => ts.isMethodDeclaration(member) && this.isCalled(member),
        )
    }
}

/** Of the classes that become compact code.
 * @param {Sources} sources @returns {Map<string, ts.MethodDeclaration[]>} */
function methodsByName(sources) {
    /** @type {Map<string, ts.MethodDeclaration[]>} */
    const methods = new Map()
    for (const one of sources.classes.filter((one) => sources.isCompact(one)))
        for (const member of one.members.filter(ts.isMethodDeclaration)) {
            const name = nameOf(member)
            if (name !== undefined) methods.set(name, [...(methods.get(name) ?? []), member])
        }
    return methods
}
