// The table of names and texts. Those that are used most have the indices that fit one byte; a text
// that stands in one place of the code only lies there, and takes no place in the heap.

const NAMES_MAX = 65536
/** A text in the code has its length in one byte before it. */
const SAID_MAX = 255

export class Names {
    /**
     * @param {Names | undefined} before what an earlier pass has counted
     * @param {readonly string[]} first names in their order, the most frequent first
     */
    constructor(before, first) {
        this.before = before
        /** @type {Map<string, number>} */
        this.uses = new Map()
        /** How often each stands as a text. @type {Map<string, number>} */
        this.texts = new Map()
        this.indices = new Map(first.map((name, index) => [name, index]))
    }

    /** @param {string} name @returns {number} */
    indexOf(name) {
        count(this.uses, name)
        const index = this.indices.get(name) ?? this.indices.size
        this.indices.set(name, index)
        if (index >= NAMES_MAX) throw new Error(`more than ${NAMES_MAX} names`)
        return index
    }

    /** Whether a text lies in the code itself: it is in the table until a pass has counted it.
     * @param {string} text */
    isSaidOnce(text) {
        count(this.texts, text)
        if (this.before === undefined || !this.before.liesInCode(text)) return false
        count(this.uses, text)
        return true
    }

    /** @param {string} text */
    liesInCode(text) {
        const isShortAscii = text.length <= SAID_MAX && /^[ -~]*$/.test(text)
        return isShortAscii && this.uses.get(text) === 1 && this.texts.get(text) === 1
    }

    /** Those of the table, the most frequent first. @returns {string[]} */
    byUse() {
        return [...this.uses]
            .filter(([name]) => !this.liesInCode(name))
            .sort(([, a], [, b]) => b - a)
            .map(([name]) => name)
    }
}

/** @param {Map<string, number>} counts @param {string} name */
function count(counts, name) {
    counts.set(name, (counts.get(name) ?? 0) + 1)
}
