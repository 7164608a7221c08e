// What is known of a program beyond one pass over it: what does not change, and what one pass finds
// out too late for itself and the next one needs from its start.

import { Constants } from "./constants.mjs"
import { Implementers } from "./implementers.mjs"
import { Interpreter } from "./interpreter.mjs"
import { NativeUse } from "./native-use.mjs"
import { PrivateNames } from "./private-names.mjs"
import { Sources } from "./sources.mjs"

/** @typedef {import("./program.mjs").Asked} Asked */

export class Learned {
    /** @param {Asked} asked */
    constructor(asked) {
        this.sources = new Sources(asked)
        /** Interfaces whose objects are laid out. @type {readonly string[]} */
        this.interfaces = asked.interfaces ?? []
        /** On Node nothing waits while it computes. */
        this.canWait = asked.target === "device"
        this.interpreter = new Interpreter(asked.root)
        this.constants = new Constants(this.sources)
        this.nativeUse = new NativeUse(this.sources)
        this.implementers = new Implementers(this.sources)
        this.privateNames = new PrivateNames(this.sources)
        /** Classes whose objects go where another type is expected.
         * @type {Set<import("typescript").ClassDeclaration>} */
        this.escaped = new Set()
        /** Names of methods that only objects know. @type {Set<string>} */
        this.dynamicNames = new Set()
    }

    /** Grows while passes still find out something. */
    size() {
        return this.escaped.size + this.dynamicNames.size + this.nativeUse.dynamic.size
    }
}
