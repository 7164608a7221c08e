// How many calls of the machine are under way at most, of the hundred that it allows: the loop of each
// function, its statement's handler and those of the expressions around a call. A method that only its
// object knows is taken for the deepest compact one of its name, a closure for called where it is made
// (by `forEach` and its like): one that is kept and called later may well call who made it.

/** @typedef {import("./pass.mjs").Key} Key */
/** @typedef {import("./pass.mjs").Pass} Pass */

/** 80 % of the machine's own hundred: some are under way where native code calls. */
const CALLS_MAX = 80
/** A shim, `enterN` and `enter`. */
const SHIM_DEPTH = 3
/** The method that is handed a closure, the closure, `run`. */
const CLOSURE_DEPTH = 3
/** The handler of a statement: the loop around it is that of the call. */
const STATEMENT_DEPTH = 1

/** Along the deepest chain of compact functions; throws where they call themselves, and
 * where that is too many.
 * @param {Pass} pass */
export function callDepth(pass) {
    deepest(pass, false)
    const calls = SHIM_DEPTH + deepest(pass, true)
    if (calls <= CALLS_MAX) return calls
    throw new Error(`${calls} calls under way in compact code, expected at most ${CALLS_MAX}`)
}

/** @param {Pass} pass @param {boolean} withClosures else a function that calls itself is refused */
function deepest(pass, withClosures) {
    /** @type {Map<Key, number>} */
    const depths = new Map()
    /** @type {Key[]} */
    const under = []
    /** @param {Key} key @returns {number} */
    const depthOf = (key) => {
        if (under.includes(key)) {
            if (withClosures) return 0
            const names = [...under.slice(under.indexOf(key)), key].map(({ name }) => name)
            throw new Error(`compact code has no recursion, and there is ${names.join(" -> ")}`)
        }
        const known = depths.get(key)
        if (known !== undefined) return known
        under.push(key)
        let most = 0
        for (const { depth, key: called, closure, methods = [] } of key.points) {
            const beyond = methods.flatMap((method) => {
                const other = pass.keys.get(method)
                return other === undefined ? [] : [SHIM_DEPTH + depthOf(other)]
            })
            if (called !== undefined) beyond.push(depthOf(called))
            if (closure !== undefined && withClosures) beyond.push(CLOSURE_DEPTH + depthOf(closure))
            most = Math.max(most, STATEMENT_DEPTH + depth + Math.max(0, ...beyond))
        }
        under.pop()
        depths.set(key, most)
        return most
    }
    return Math.max(0, ...pass.functions.map(depthOf))
}
