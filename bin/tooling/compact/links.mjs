// What compact code needs of native modules: functions to call and classes to make, each by its number.

import ts from "typescript"

/** A file of the program or the name of a library; undefined where the runtime has it.
 * @typedef {{ index: number, name: string, file: string | undefined }} Link */

/** A number is one byte of the code. */
const LINKS_MAX = 256

export class Links {
    constructor() {
        /** @type {Map<ts.Node, Link>} */
        this.functions = new Map()
        /** By declaration, those of the runtime by name. @type {Map<ts.ClassDeclaration | string, Link>} */
        this.classes = new Map()
    }

    /** @param {ts.FunctionDeclaration} declaration
     * @param {string | undefined} library that it is imported from, when that is none of the sources */
    functionOf(declaration, library) {
        const name = declaration.name?.text ?? "default"
        return linked(this.functions, declaration, name, library ?? fileOf(declaration))
    }

    /** @param {ts.ClassDeclaration | undefined} declaration @param {string} name */
    classOf(declaration, name) {
        const isOwn = declaration !== undefined && !declaration.getSourceFile().isDeclarationFile
        return linked(
            this.classes,
            declaration ?? name,
            name,
            isOwn ? fileOf(declaration) : undefined,
        )
    }
}

/**
 * @template Key
 * @param {Map<Key, Link>} links @param {Key} key @param {string} name @param {string | undefined} file
 * @returns {number} its index
 */
function linked(links, key, name, file) {
    const known = links.get(key)
    if (known !== undefined) return known.index
    const index = links.size
    if (index >= LINKS_MAX) throw new Error(`more than ${LINKS_MAX} native functions or classes`)
    links.set(key, { index, name, file })
    return index
}

/** @param {ts.Node} declaration */
function fileOf(declaration) {
    return declaration.getSourceFile().fileName
}
