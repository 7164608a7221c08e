// The interpreter as the compiler sees it: the place of a handler in its table is the opcode, and what
// a program has no use for is left out of the program's own copy.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"

export const MACHINE = "firmware/logic/compact/machine.ts"
const TABLE = "handlers"
/** Stands in the table where a handler is left out. */
const UNUSED = "unused"

export class Interpreter {
    /** @param {string} root */
    constructor(root) {
        const path = join(root, MACHINE)
        this.file = ts.createSourceFile(
            path,
            readFileSync(path, "utf8"),
            ts.ScriptTarget.ESNext,
            true,
        )
        const table = this.file.statements.find(isTable)
        const list = table?.declarationList.declarations[0].initializer
        if (list === undefined || !ts.isArrayLiteralExpression(list))
            throw new Error(`${path} has no table named ${TABLE}`)
        this.handlers = list.elements.map((element) => element.getText(this.file))
    }

    /** @param {string} handler its name */
    opcode(handler) {
        const index = this.handlers.indexOf(handler)
        if (index < 0) throw new Error(`${MACHINE} has no handler ${handler}`)
        return index
    }

    /** Its text with these handlers alone. @param {ReadonlySet<string>} used */
    textWith(used) {
        const unused = this.handlers.filter((name) => !used.has(name) && name !== UNUSED)
        return this.file.statements
            .map((statement) => {
                const text = statement.getFullText(this.file)
                if (isTable(statement))
                    return unused.reduce(
                        (table, name) =>
                            table.replace(new RegExp(`^    ${name},`, "m"), `    ${UNUSED},`),
                        text,
                    )
                const isFunction = ts.isFunctionDeclaration(statement)
                return isFunction && unused.includes(statement.name?.text ?? "") ? "" : text
            })
            .join("")
    }
}

/** @param {ts.Statement} statement @returns {statement is ts.VariableStatement} */
function isTable(statement) {
    if (!ts.isVariableStatement(statement)) return false
    const [{ name }] = statement.declarationList.declarations
    return ts.isIdentifier(name) && name.text === TABLE
}
