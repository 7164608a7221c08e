// Which value lives in which slot, decided anew.
//
// The compiler gives every temporary a slot of its own and copies between them. Here each value that
// is stored and read by itself (a web: stores and the reads they reach) is told apart first. One that
// no call and no allocation comes between can live in the result register, where storing and reading
// take a byte less each; a copy whose two values are never needed at once needs no copy; and what is
// left shares slots, so that activations on the tracker's heap get smaller too. What closures reach,
// parameters, and the object that a constructor returns keep their places.

import { eachValue } from "./code.mjs"
import { handlersOf, livenessOf, nextOf, placesOf, resultBit } from "./flow.mjs"
import { OP, setsResult } from "./opcodes.mjs"

/** @typedef {import("./code.mjs").Statement} Statement */
/** @typedef {import("./program.mjs").Routine} Routine */
/** @typedef {import("./flow.mjs").Liveness} Liveness */

/** `FunctionFlag.IS_CTOR`: what is in slot 0 at the end is what the call gives. */
const IS_CONSTRUCTOR = 2
/** Routines of more stores than this stay as they are. */
const MOST_WEBS = 2000

/** @param {Routine} routine @param {bigint} captured */
export function assignSlots(routine, captured) {
    const kept = (routine.flags & IS_CONSTRUCTOR) !== 0 ? captured | 1n : captured
    const original = routine.slots
    const webs = tellApart(routine, kept)
    if (webs === undefined) return
    // From here on slots are webs: those below `original` are where they were.
    routine.slots = original + webs
    const liveness = livenessOf(routine, captured)
    const clashes = clashesOf(routine, liveness)
    useResult(routine, original, liveness, clashes)
    const places = share(routine, original, kept, clashes)
    rename(routine, (slot) => places[slot] ?? slot)
    routine.slots = Math.max(routine.args, ...usedSlots(routine, captured).map((slot) => slot + 1))
}

/**
 * Gives each web a slot of its own above those there are.
 *
 * @param {Routine} routine @param {bigint} kept slots that stay as they are
 * @returns {number | undefined} how many there are; undefined when they are too many
 */
function tellApart(routine, kept) {
    const { code } = routine
    /** A definition is a store's place, or `code.length + slot` for what a slot begins with. */
    const parent = code.map((_, index) => index)
    for (let slot = 0; slot < routine.slots; slot++) parent.push(code.length + slot)
    /** @param {number} definition @returns {number} */
    const root = (definition) => {
        let at = definition
        while (parent[at] !== at) at = parent[at] ?? at
        return at
    }
    const reaching = reachingOf(routine)
    /** @type {Map<import("./code.mjs").Expression, number>} */
    const definitionOf = new Map()
    for (const [index, { args }] of code.entries()) {
        eachValue(args, (value) => {
            const definitions =
                value.op === OP.load_local ? reaching[index]?.[value.num] : undefined
            const [first] = definitions ?? []
            if (definitions === undefined || first === undefined) return
            for (const definition of definitions) parent[root(definition)] = root(first)
            definitionOf.set(value, first)
        })
    }
    const pinned = new Map()
    for (let slot = 0; slot < routine.slots; slot++) pinned.set(root(code.length + slot), slot)
    /** @type {Map<number, number>} */
    const webs = new Map()
    /** @param {number} definition @param {number} slot */
    const webOf = (definition, slot) => {
        if ((kept & (1n << BigInt(slot))) !== 0n) return slot
        const web = root(definition)
        const pin = pinned.get(web)
        if (pin !== undefined) return pin
        const known = webs.get(web) ?? webs.size
        webs.set(web, known)
        return routine.slots + known
    }
    const stores = code.flatMap((statement, index) =>
        statement.op === OP.store_local ? [index] : [],
    )
    if (stores.length > MOST_WEBS) return undefined
    for (const [value, definition] of definitionOf) value.num = webOf(definition, value.num)
    for (const index of stores) {
        const statement = /** @type {Statement} */ (code[index])
        statement.num = webOf(index, statement.num)
    }
    return webs.size
}

/** The definitions that may have put there what a slot holds before each statement, by slot.
 * @param {Routine} routine @returns {(Set<number>[] | undefined)[]} */
function reachingOf(routine) {
    const { code, slots } = routine
    const places = placesOf(code)
    const handlers = new Set(handlersOf(code))
    const all = Array.from({ length: slots }, (_, slot) => new Set([code.length + slot]))
    for (const [index, { op, num }] of code.entries())
        if (op === OP.store_local) all[num]?.add(index)
    /** @type {(Set<number>[] | undefined)[]} */
    const before = code.map(() => undefined)
    before[0] = Array.from({ length: slots }, (_, slot) => new Set([code.length + slot]))
    const open = [0]
    for (const index of open) {
        const statement = code[index]
        const into = before[index]
        if (statement === undefined || into === undefined) continue
        const isStore = statement.op === OP.store_local
        const out = isStore ? into.with(statement.num, new Set([index])) : into
        for (const next of nextOf(code, index, places)) {
            const follower = code[next]
            const arriving = follower !== undefined && handlers.has(follower) ? all : out
            const known = before[next]
            if (known === undefined) {
                before[next] = [...arriving]
                open.push(next)
                continue
            }
            const met = known.map((definitions, slot) => union(definitions, arriving[slot]))
            if (met.every((definitions, slot) => definitions === known[slot])) continue
            before[next] = met
            open.push(next)
        }
    }
    return before
}

/** The first set itself when it has all of the second.
 * @param {Set<number>} a @param {Set<number> | undefined} b */
function union(a, b) {
    if (b === undefined || a === b) return a
    const more = [...b].filter((member) => !a.has(member))
    return more.length === 0 ? a : new Set([...a, ...more])
}

/** For each web those that hold something needed while it is set.
 * @param {Routine} routine @param {Liveness} liveness @returns {bigint[]} */
function clashesOf(routine, liveness) {
    const clashes = Array.from({ length: routine.slots }, () => 0n)
    /** @param {number} slot @param {bigint} others */
    const clash = (slot, others) => {
        const rest = others & ~(1n << BigInt(slot)) & ~resultBit(routine)
        clashes[slot] = (clashes[slot] ?? 0n) | rest
        for (const other of bitsOf(rest))
            clashes[other] = (clashes[other] ?? 0n) | (1n << BigInt(slot))
    }
    for (const [index, { op, num, args }] of routine.code.entries()) {
        if (op !== OP.store_local) continue
        const [value] = args
        const copied = value?.op === OP.load_local ? 1n << BigInt(value.num) : 0n
        clash(num, (liveness.after[index] ?? 0n) & ~copied)
    }
    // What slots begin with is there from the start.
    const atStart = liveness.before[0] ?? 0n
    for (const slot of bitsOf(atStart & ~resultBit(routine))) clash(slot, atStart)
    return clashes
}

/** Moves webs into the result register where it is free while they live.
 * @param {Routine} routine @param {number} original @param {Liveness} liveness
 * @param {bigint[]} clashes */
function useResult(routine, original, liveness, clashes) {
    const { code } = routine
    const result = resultBit(routine)
    let barred = 0n
    /** @type {number[]} */
    const gains = new Array(routine.slots).fill(0)
    /** @param {number} slot @param {number} bytes */
    const gain = (slot, bytes) => {
        gains[slot] = (gains[slot] ?? 0) + bytes
    }
    for (const [index, statement] of code.entries()) {
        const { op, num, args, target } = statement
        const after = liveness.after[index] ?? 0n
        if (setsResult(op)) barred |= after
        if (op === OP.throw_jmp || op === OP.jmp_ret_val_z) {
            const to = target === undefined ? -1 : code.indexOf(target)
            barred |= liveness.before[to] ?? 0n
        }
        eachValue(args, (value) => {
            if (value.op === OP.load_local) gain(value.num, 1)
        })
        if (op !== OP.store_local) continue
        const isCopy = args[0]?.op === OP.ret_val
        gain(num, isCopy ? 3 : 1)
        if ((after & result) !== 0n && !isCopy) barred |= 1n << BigInt(num)
    }
    const free = gains
        .map((bytes, slot) => ({ slot, bytes }))
        .filter(
            ({ slot, bytes }) =>
                slot >= original && bytes > 0 && ((barred >> BigInt(slot)) & 1n) === 0n,
        )
        .sort((a, b) => b.bytes - a.bytes || a.slot - b.slot)
    let chosen = 0n
    for (const { slot } of free) {
        if (((clashes[slot] ?? 0n) & chosen) === 0n) chosen |= 1n << BigInt(slot)
    }
    for (const statement of code) {
        eachValue(statement.args, (value) => {
            if (value.op !== OP.load_local || ((chosen >> BigInt(value.num)) & 1n) === 0n) return
            value.op = Number(OP.ret_val)
            value.num = 0
        })
        if (statement.op !== OP.store_local || ((chosen >> BigInt(statement.num)) & 1n) === 0n)
            continue
        statement.op = Number(OP.store_ret_val)
        statement.num = 0
    }
}

/** Slots for webs: first one for both sides of a copy, then the lowest that is free.
 * @param {Routine} routine @param {number} original @param {bigint} kept @param {bigint[]} clashes
 * @returns {number[]} by web */
function share(routine, original, kept, clashes) {
    const group = clashes.map((_, slot) => slot)
    /** @param {number} slot @returns {number} */
    const root = (slot) => {
        let at = slot
        while (group[at] !== at) at = group[at] ?? at
        return at
    }
    const members = clashes.map((_, slot) => 1n << BigInt(slot))
    /** @param {number} slot */
    const isKept = (slot) => ((kept >> BigInt(slot)) & 1n) === 1n
    for (const { op, num, args } of routine.code) {
        const [value] = args
        if (op !== OP.store_local || value?.op !== OP.load_local) continue
        const [a, b] = [root(num), root(value.num)].sort((x, y) => x - y)
        if (a === undefined || b === undefined || a === b || b < original || isKept(a)) continue
        if (((clashes[a] ?? 0n) & (members[b] ?? 0n)) !== 0n) continue
        group[b] = a
        members[a] = (members[a] ?? 0n) | (members[b] ?? 0n)
        clashes[a] = (clashes[a] ?? 0n) | (clashes[b] ?? 0n)
    }
    /** @type {number[]} */
    const places = []
    /** What each slot already holds. @type {bigint[]} */
    const holds = Array.from({ length: original }, (_, slot) => members[slot] ?? 0n)
    for (let slot = 0; slot < original; slot++) places[slot] = slot
    for (let web = original; web < clashes.length; web++) {
        if (root(web) !== web) continue
        const clash = clashes[web] ?? 0n
        let place = 0
        while (isKept(place) || ((holds[place] ?? 0n) & clash) !== 0n) place++
        places[web] = place
        holds[place] = (holds[place] ?? 0n) | (members[web] ?? 0n)
    }
    return clashes.map((_, web) => places[root(web)] ?? web)
}

/** @param {Routine} routine @param {(slot: number) => number} place */
function rename(routine, place) {
    for (const statement of routine.code) {
        if (statement.op === OP.store_local) statement.num = place(statement.num)
        eachValue(statement.args, (value) => {
            if (value.op === OP.load_local) value.num = place(value.num)
        })
    }
}

/** @param {Routine} routine @param {bigint} captured */
function usedSlots(routine, captured) {
    const slots = new Set(bitsOf(captured))
    for (const { op, num, args } of routine.code) {
        if (op === OP.store_local) slots.add(num)
        eachValue(args, (value) => {
            if (value.op === OP.load_local) slots.add(value.num)
        })
    }
    return [...slots]
}

/** @param {bigint} bits */
function bitsOf(bits) {
    const slots = []
    for (let rest = bits, slot = 0; rest !== 0n; rest >>= 1n, slot++) {
        if ((rest & 1n) === 1n) slots.push(slot)
    }
    return slots
}
