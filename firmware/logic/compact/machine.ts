// biome-ignore-all lint/suspicious/noSelfCompare: two calls that look alike read two parts of the code
// Runs compact code: what bin/tooling/compact makes of logic modules, so that they do not take the
// 64 KiB in which the machine's own code has to be. The code is a tree written in prefix order. A
// byte is the index of a handler; a handler reads its own operands and calls the handlers of its
// parts, so values travel as results of calls and not over a stack of their own.
//
// State is in variables of the module, for they cost one step each. Numbers below 65,536 are written
// low byte first; distances count from their own place. `handlers` at the end is the table that the
// compiler reads opcodes from.

type Bag = { [name: string]: unknown }
export type Native = (...args: unknown[]) => unknown
export type Class = new (...args: unknown[]) => unknown

/** What the compiler made. */
export interface Program {
    code: Buffer
    /** Names of fields and methods, and texts. */
    names: string[]
    /** For each function, in the order of the code: where it begins, and where its name, of how many letters. */
    spots: Buffer
    labels: string
    /** Values of modules: numbers that are not whole come first. */
    globals: unknown[]
}

/** Two numbers of two bytes and one of one. */
const SPOT_BYTES = 5

let code: Buffer = Buffer.alloc(0)
let names: string[] = []
let natives: Native[] = []
const classes: Class[] = []
let globals: unknown[] = []
let spots: Buffer = Buffer.alloc(0)
let labels = ""
/** Where the next byte is read. */
let pc = 0
/** `this` or the frame around comes first in methods and closures, then parameters, then locals. */
let frame: unknown[] = []
/** What the function that was left last gave. */
let result: unknown
/** The last error that has been given its place. */
let told: unknown

export function load(program: Program): void {
    code = program.code
    names = program.names
    globals = program.globals
    spots = program.spots
    labels = program.labels
}

/** What compact code calls outside: undefined where a module puts its own class in. */
export function link(functions: Native[], made: (Class | undefined)[]): void {
    natives = functions
    for (let i = 0; i < made.length; i++) {
        const one = made[i]
        if (one !== undefined) classes[i] = one
    }
}

export function setGlobal(index: number, value: unknown): unknown {
    globals[index] = value
    return undefined
}

/** A class that native code sees: its module has been loaded. */
export function register(index: number, made: Class): void {
    classes[index] = made
}

export function globalAt(index: number): unknown {
    return globals[index]
}

export function enter0(at: number): unknown {
    return enter(at, [])
}
export function enter1(at: number, a: unknown): unknown {
    return enter(at, [a])
}
export function enter2(at: number, a: unknown, b: unknown): unknown {
    return enter(at, [a, b])
}
export function enter3(at: number, a: unknown, b: unknown, c: unknown): unknown {
    return enter(at, [a, b, c])
}
/** Calls the function that begins at `at`. An error that comes out of it names its function. */
export function enter(at: number, args: unknown[]): unknown {
    try {
        return run(at, args)
    } catch (e) {
        if (e !== told) {
            told = e
            ;(e as Error).message = `${(e as Error).message} in ${labelAt(pc)}`
        }
        throw e
    }
}

/** The name of the function whose code `at` is in. */
export function labelAt(at: number): string {
    let spot = 0
    while (spot + SPOT_BYTES < spots.length && twoBytes(spot + SPOT_BYTES) <= at) spot += SPOT_BYTES
    const from = twoBytes(spot + 2)
    return labels.slice(from, from + spots[spot + 4])
}

function twoBytes(at: number): number {
    return spots[at] + spots[at + 1] * 256
}

/** The first byte of a function: how many locals it has, parameters included. */
function run(at: number, args: unknown[]): unknown {
    const kept = frame
    const next = pc
    const locals = code[at]
    if (args.length < locals) args[locals - 1] = undefined
    frame = args
    pc = at + 1
    // A statement's handler says true when the function is left. Unrolled: a jump is a step.
    while (true) {
        if (handlers[code[pc]]()) break
        if (handlers[code[pc]]()) break
        if (handlers[code[pc]]()) break
        if (handlers[code[pc]]()) break
    }
    frame = kept
    pc = next
    return result
}

/** So many values, one after another. */
function several(count: number): unknown[] {
    const values: unknown[] = []
    // In one piece: a list that grows leaves holes in the heap.
    if (count > 0) values[count - 1] = undefined
    for (let i = 0; i < count; i++) values[i] = handlers[code[pc]]()
    return values
}

/** Names in two bytes, each before its value. */
function filled(bag: Bag, count: number): Bag {
    for (let i = 0; i < count; i++) {
        const name = names[code[pc] + code[pc + 1] * 256]
        pc = pc + 2
        bag[name] = handlers[code[pc]]()
    }
    return bag
}

function local0(): unknown {
    pc = pc + 1
    return frame[0]
}

function local1(): unknown {
    pc = pc + 1
    return frame[1]
}

function local2(): unknown {
    pc = pc + 1
    return frame[2]
}

function local3(): unknown {
    pc = pc + 1
    return frame[3]
}

function local4(): unknown {
    pc = pc + 1
    return frame[4]
}

function local5(): unknown {
    pc = pc + 1
    return frame[5]
}

function local6(): unknown {
    pc = pc + 1
    return frame[6]
}

function local(): unknown {
    pc = pc + 2
    return frame[code[pc - 1]]
}

/** Of the function around this one. */
function outer(): unknown {
    pc = pc + 2
    return (frame[0] as unknown[])[code[pc - 1]]
}

function outer2(): unknown {
    pc = pc + 2
    return ((frame[0] as unknown[])[0] as unknown[])[code[pc - 1]]
}

function global(): unknown {
    pc = pc + 2
    return globals[code[pc - 1]]
}

function zero(): unknown {
    pc = pc + 1
    return 0
}

function one(): unknown {
    pc = pc + 1
    return 1
}

function minusOne(): unknown {
    pc = pc + 1
    return -1
}

function byte(): unknown {
    pc = pc + 2
    return code[pc - 1]
}

function word(): unknown {
    pc = pc + 3
    return code[pc - 2] + code[pc - 1] * 256
}

function whole(): unknown {
    pc = pc + 5
    return code.readUInt32LE(pc - 4)
}

function text(): unknown {
    pc = pc + 2
    return names[code[pc - 1]]
}

function textWide(): unknown {
    pc = pc + 3
    return names[code[pc - 2] + code[pc - 1] * 256]
}

/** A text that stands here and nowhere else. */
function said(): unknown {
    const at = pc + 2
    pc = at + code[at - 1]
    return code.slice(at, pc).toString()
}

function nothing(): unknown {
    pc = pc + 1
    return undefined
}

function nobody(): unknown {
    pc = pc + 1
    return null
}

function yes(): unknown {
    pc = pc + 1
    return true
}

function no(): unknown {
    pc = pc + 1
    return false
}

function get0(): unknown {
    pc = pc + 2
    return (frame[0] as Bag)[names[code[pc - 1]]]
}

function get1(): unknown {
    pc = pc + 2
    return (frame[1] as Bag)[names[code[pc - 1]]]
}

function get2(): unknown {
    pc = pc + 2
    return (frame[2] as Bag)[names[code[pc - 1]]]
}

function get3(): unknown {
    pc = pc + 2
    return (frame[3] as Bag)[names[code[pc - 1]]]
}

function get4(): unknown {
    pc = pc + 2
    return (frame[4] as Bag)[names[code[pc - 1]]]
}

function get5(): unknown {
    pc = pc + 2
    return (frame[5] as Bag)[names[code[pc - 1]]]
}

function get6(): unknown {
    pc = pc + 2
    return (frame[6] as Bag)[names[code[pc - 1]]]
}

function get(): unknown {
    pc = pc + 3
    return (frame[code[pc - 2]] as Bag)[names[code[pc - 1]]]
}

function field(): unknown {
    const name = names[code[pc + 1]]
    pc = pc + 2
    return bags[code[pc]]()[name]
}

function fieldWide(): unknown {
    const name = names[code[pc + 1] + code[pc + 2] * 256]
    pc = pc + 3
    return bags[code[pc]]()[name]
}

function item(): unknown {
    pc = pc + 1
    return lists[code[pc]]()[numbers[code[pc]]()]
}

function add(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() + numbers[code[pc]]()
}

function subtract(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() - numbers[code[pc]]()
}

function multiply(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() * numbers[code[pc]]()
}

function divide(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() / numbers[code[pc]]()
}

function remainder(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() % numbers[code[pc]]()
}

function bitAnd(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() & numbers[code[pc]]()
}

function bitOr(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() | numbers[code[pc]]()
}

function bitXor(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() ^ numbers[code[pc]]()
}

function shiftLeft(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() << numbers[code[pc]]()
}

function shiftRight(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() >> numbers[code[pc]]()
}

function shiftRightUnsigned(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() >>> numbers[code[pc]]()
}

function power(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() ** numbers[code[pc]]()
}

function less(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() < numbers[code[pc]]()
}

function atMost(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() <= numbers[code[pc]]()
}

function more(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() > numbers[code[pc]]()
}

function atLeast(): unknown {
    pc = pc + 1
    return numbers[code[pc]]() >= numbers[code[pc]]()
}

function same(): unknown {
    pc = pc + 1
    return handlers[code[pc]]() === handlers[code[pc]]()
}

function differs(): unknown {
    pc = pc + 1
    return handlers[code[pc]]() !== handlers[code[pc]]()
}

function sameByte(): unknown {
    const right = code[pc + 1]
    pc = pc + 2
    return numbers[code[pc]]() === right
}

function differsByte(): unknown {
    const right = code[pc + 1]
    pc = pc + 2
    return numbers[code[pc]]() !== right
}

function lessByte(): unknown {
    const right = code[pc + 1]
    pc = pc + 2
    return numbers[code[pc]]() < right
}

function atMostByte(): unknown {
    const right = code[pc + 1]
    pc = pc + 2
    return numbers[code[pc]]() <= right
}

function moreByte(): unknown {
    const right = code[pc + 1]
    pc = pc + 2
    return numbers[code[pc]]() > right
}

function atLeastByte(): unknown {
    const right = code[pc + 1]
    pc = pc + 2
    return numbers[code[pc]]() >= right
}

function addByte(): unknown {
    const right = code[pc + 1]
    pc = pc + 2
    return numbers[code[pc]]() + right
}

function subtractByte(): unknown {
    const right = code[pc + 1]
    pc = pc + 2
    return numbers[code[pc]]() - right
}

function multiplyByte(): unknown {
    const right = code[pc + 1]
    pc = pc + 2
    return numbers[code[pc]]() * right
}

function isUndefined(): unknown {
    pc = pc + 1
    return handlers[code[pc]]() === undefined
}

function isDefined(): unknown {
    pc = pc + 1
    return handlers[code[pc]]() !== undefined
}

function isNullish(): unknown {
    pc = pc + 1
    const value = handlers[code[pc]]()
    return value === undefined || value === null
}

function not(): unknown {
    pc = pc + 1
    return !handlers[code[pc]]()
}

function negate(): unknown {
    pc = pc + 1
    return -numbers[code[pc]]()
}

function invert(): unknown {
    pc = pc + 1
    return ~numbers[code[pc]]()
}

function both(): unknown {
    const at = pc
    pc = at + 2
    const value = handlers[code[pc]]()
    if (value) return handlers[code[pc]]()
    pc = pc + code[at + 1]
    return value
}

function either(): unknown {
    const at = pc
    pc = at + 2
    const value = handlers[code[pc]]()
    if (!value) return handlers[code[pc]]()
    pc = pc + code[at + 1]
    return value
}

function choose(): unknown {
    const at = pc
    pc = at + 3
    if (handlers[code[pc]]()) {
        const value = handlers[code[pc]]()
        pc = pc + code[at + 2]
        return value
    }
    pc = pc + code[at + 1]
    return handlers[code[pc]]()
}

/**
 * Where the function begins, and how many arguments follow. The loop of `run` once more: a call of that
 * would be one more of the machine's hundred, and its locals in the heap.
 */
function call(): unknown {
    const begin = pc
    const target = code[begin + 1] + code[begin + 2] * 256
    const count = code[begin + 3]
    const locals = code[target]
    const args: unknown[] = []
    if (locals > 0) args[locals - 1] = undefined
    pc = begin + 4
    for (let i = 0; i < count; i++) args[i] = handlers[code[pc]]()
    const kept = frame
    const next = pc
    frame = args
    pc = target + 1
    while (true) {
        if (handlers[code[pc]]()) break
        if (handlers[code[pc]]()) break
        if (handlers[code[pc]]()) break
        if (handlers[code[pc]]()) break
    }
    frame = kept
    pc = next
    return result
}

/** A native function itself. */
function native(): unknown {
    pc = pc + 2
    return natives[code[pc - 1]]
}

function native0(): unknown {
    const at = pc
    pc = at + 2
    const kept = frame
    const next = pc
    const value = natives[code[at + 1]]()
    frame = kept
    pc = next
    return value
}

function native1(): unknown {
    const at = pc
    pc = at + 2
    const a0 = handlers[code[pc]]()
    const kept = frame
    const next = pc
    const value = natives[code[at + 1]](a0)
    frame = kept
    pc = next
    return value
}

function native2(): unknown {
    const at = pc
    pc = at + 2
    const a0 = handlers[code[pc]]()
    const a1 = handlers[code[pc]]()
    const kept = frame
    const next = pc
    const value = natives[code[at + 1]](a0, a1)
    frame = kept
    pc = next
    return value
}

function native3(): unknown {
    const at = pc
    pc = at + 2
    const a0 = handlers[code[pc]]()
    const a1 = handlers[code[pc]]()
    const a2 = handlers[code[pc]]()
    const kept = frame
    const next = pc
    const value = natives[code[at + 1]](a0, a1, a2)
    frame = kept
    pc = next
    return value
}

function nativeMany(): unknown {
    const at = pc
    pc = at + 3
    const args = several(code[at + 2])
    const kept = frame
    const next = pc
    const value = natives[code[at + 1]](...args)
    frame = kept
    pc = next
    return value
}

function method0(): unknown {
    const at = pc
    pc = at + 2
    const owner = owners[code[pc]]()
    const kept = frame
    const next = pc
    const value = owner[names[code[at + 1]]]()
    frame = kept
    pc = next
    return value
}

function method1(): unknown {
    const at = pc
    pc = at + 2
    const owner = owners[code[pc]]()
    const a0 = handlers[code[pc]]()
    const kept = frame
    const next = pc
    const value = owner[names[code[at + 1]]](a0)
    frame = kept
    pc = next
    return value
}

function method2(): unknown {
    const at = pc
    pc = at + 2
    const owner = owners[code[pc]]()
    const a0 = handlers[code[pc]]()
    const a1 = handlers[code[pc]]()
    const kept = frame
    const next = pc
    const value = owner[names[code[at + 1]]](a0, a1)
    frame = kept
    pc = next
    return value
}

function method3(): unknown {
    const at = pc
    pc = at + 2
    const owner = owners[code[pc]]()
    const a0 = handlers[code[pc]]()
    const a1 = handlers[code[pc]]()
    const a2 = handlers[code[pc]]()
    const kept = frame
    const next = pc
    const value = owner[names[code[at + 1]]](a0, a1, a2)
    frame = kept
    pc = next
    return value
}

function methodMany(): unknown {
    const at = pc
    pc = at + 4
    const owner = owners[code[pc]]()
    const args = several(code[at + 3])
    const kept = frame
    const next = pc
    const value = owner[names[code[at + 1] + code[at + 2] * 256]](...args)
    frame = kept
    pc = next
    return value
}

function apply(): unknown {
    const at = pc
    pc = at + 2
    const called = handlers[code[pc]]() as Native
    const args = several(code[at + 1])
    const kept = frame
    const next = pc
    const value = called(...args)
    frame = kept
    pc = next
    return value
}

function build(): unknown {
    const at = pc
    pc = at + 3
    const args = several(code[at + 2])
    const kept = frame
    const next = pc
    const value = new classes[code[at + 1]](...args)
    frame = kept
    pc = next
    return value
}

function part0(): unknown {
    pc = pc + 2
    return (frame[0] as unknown[])[code[pc - 1]]
}

function part1(): unknown {
    pc = pc + 2
    return (frame[1] as unknown[])[code[pc - 1]]
}

function part2(): unknown {
    pc = pc + 2
    return (frame[2] as unknown[])[code[pc - 1]]
}

function part3(): unknown {
    pc = pc + 2
    return (frame[3] as unknown[])[code[pc - 1]]
}

/** A field of an object that is laid out as a list. */
function part(): unknown {
    const at = pc + 1
    pc = at + 1
    return lists[code[pc]]()[code[at]]
}

function setPart0(): unknown {
    const at = pc + 1
    pc = at + 1
    const value = handlers[code[pc]]()
    ;(frame[0] as unknown[])[code[at]] = value
    return undefined
}

function setPart(): unknown {
    const at = pc + 1
    pc = at + 1
    const list = lists[code[pc]]()
    list[code[at]] = handlers[code[pc]]()
    return undefined
}

/** A list of so many, each undefined. */
function blank(): unknown {
    const list: unknown[] = []
    list[code[pc + 1] - 1] = undefined
    pc = pc + 2
    return list
}

/** A copy of a list, then the places that differ. */
function copyList(): unknown {
    const left = code[pc + 1]
    pc = pc + 2
    const list = lists[code[pc]]().slice(0)
    for (let i = 0; i < left; i++) {
        const at = pc
        pc = at + 1
        list[code[at]] = handlers[code[pc]]()
    }
    return list
}

function object(): unknown {
    const left = code[pc + 1]
    pc = pc + 2
    return filled({}, left)
}

/** A spread object, then what differs. */
function copy(): unknown {
    const left = code[pc + 1]
    pc = pc + 2
    return filled({ ...bags[code[pc]]() }, left)
}

function array(): unknown {
    const count = code[pc + 1]
    pc = pc + 2
    return several(count)
}

/** An array with spread parts: a byte of 1 before each of those, 0 before the others. */
function joined(): unknown {
    const count = code[pc + 1]
    pc = pc + 2
    const all: unknown[] = []
    for (let i = 0; i < count; i++) {
        if (code[pc] === 0) {
            pc = pc + 1
            const value = handlers[code[pc]]()
            all.push(value)
        } else {
            pc = pc + 1
            for (const value of lists[code[pc]]()) all.push(value)
        }
    }
    return all
}

function closure(): unknown {
    const at = code[pc + 1] + code[pc + 2] * 256
    const around = frame
    pc = pc + 3
    return (a: unknown, b: unknown, c: unknown) => run(at, [around, a, b, c])
}

function floor(): unknown {
    pc = pc + 1
    return Math.floor(numbers[code[pc]]())
}

function abs(): unknown {
    pc = pc + 1
    return Math.abs(numbers[code[pc]]())
}

function ceil(): unknown {
    pc = pc + 1
    return Math.ceil(numbers[code[pc]]())
}

function max(): unknown {
    pc = pc + 1
    return Math.max(numbers[code[pc]](), numbers[code[pc]]())
}

function min(): unknown {
    pc = pc + 1
    return Math.min(numbers[code[pc]](), numbers[code[pc]]())
}

function set1(): unknown {
    pc = pc + 1
    frame[1] = handlers[code[pc]]()
    return undefined
}

function set2(): unknown {
    pc = pc + 1
    frame[2] = handlers[code[pc]]()
    return undefined
}

function set3(): unknown {
    pc = pc + 1
    frame[3] = handlers[code[pc]]()
    return undefined
}

function set4(): unknown {
    pc = pc + 1
    frame[4] = handlers[code[pc]]()
    return undefined
}

function set5(): unknown {
    pc = pc + 1
    frame[5] = handlers[code[pc]]()
    return undefined
}

function set6(): unknown {
    pc = pc + 1
    frame[6] = handlers[code[pc]]()
    return undefined
}

function set7(): unknown {
    pc = pc + 1
    frame[7] = handlers[code[pc]]()
    return undefined
}

function set8(): unknown {
    pc = pc + 1
    frame[8] = handlers[code[pc]]()
    return undefined
}

function setLocal(): unknown {
    const slot = code[pc + 1]
    pc = pc + 2
    frame[slot] = handlers[code[pc]]()
    return undefined
}

function setOuter(): unknown {
    const slot = code[pc + 1]
    pc = pc + 2
    ;(frame[0] as unknown[])[slot] = handlers[code[pc]]()
    return undefined
}

function storeGlobal(): unknown {
    const slot = code[pc + 1]
    pc = pc + 2
    globals[slot] = handlers[code[pc]]()
    return undefined
}

function put0(): unknown {
    const name = names[code[pc + 1]]
    pc = pc + 2
    const value = handlers[code[pc]]()
    ;(frame[0] as Bag)[name] = value
    return undefined
}

function put1(): unknown {
    const name = names[code[pc + 1]]
    pc = pc + 2
    const value = handlers[code[pc]]()
    ;(frame[1] as Bag)[name] = value
    return undefined
}

function put2(): unknown {
    const name = names[code[pc + 1]]
    pc = pc + 2
    const value = handlers[code[pc]]()
    ;(frame[2] as Bag)[name] = value
    return undefined
}

function put(): unknown {
    const at = pc
    pc = at + 3
    const value = handlers[code[pc]]()
    ;(frame[code[at + 1]] as Bag)[names[code[at + 2]]] = value
    return undefined
}

function setField(): unknown {
    const at = pc
    pc = at + 3
    const bag = bags[code[pc]]()
    bag[names[code[at + 1] + code[at + 2] * 256]] = handlers[code[pc]]()
    return undefined
}

function setItem(): unknown {
    pc = pc + 1
    const list = lists[code[pc]]()
    const index = numbers[code[pc]]()
    list[index] = handlers[code[pc]]()
    return undefined
}

function increment(): unknown {
    const slot = code[pc + 1]
    pc = pc + 2
    frame[slot] = (frame[slot] as number) + 1
    return undefined
}

function drop(): unknown {
    pc = pc + 1
    handlers[code[pc]]()
    return undefined
}

/** Goes on where the condition holds, else as many bytes on as the byte behind it says. */
function unless(): unknown {
    pc = pc + 1
    if (handlers[code[pc]]()) pc = pc + 1
    else pc = pc + code[pc]
    return undefined
}

function unlessWide(): unknown {
    pc = pc + 1
    if (handlers[code[pc]]()) pc = pc + 2
    else pc = pc + code[pc] + code[pc + 1] * 256
    return undefined
}

function when(): unknown {
    pc = pc + 1
    if (handlers[code[pc]]()) pc = pc + code[pc]
    else pc = pc + 1
    return undefined
}

function whenWide(): unknown {
    pc = pc + 1
    if (handlers[code[pc]]()) pc = pc + code[pc] + code[pc + 1] * 256
    else pc = pc + 2
    return undefined
}

function jump(): unknown {
    pc = pc + 1
    pc = pc + code[pc]
    return undefined
}

function jumpWide(): unknown {
    pc = pc + 1
    pc = pc + code[pc] + code[pc + 1] * 256
    return undefined
}

function back(): unknown {
    pc = pc - code[pc + 1] - code[pc + 2] * 256
    return undefined
}

/** The list, the next index and the item are in three slots on end. */
function each(): unknown {
    const slot = code[pc + 1]
    const list = frame[slot] as unknown[]
    const index = frame[slot + 1] as number
    if (index >= list.length) {
        pc = pc + 2
        pc = pc + code[pc] + code[pc + 1] * 256
        return undefined
    }
    frame[slot + 1] = index + 1
    frame[slot + 2] = list[index]
    pc = pc + 4
    return undefined
}

function leave(): unknown {
    pc = pc + 1
    result = handlers[code[pc]]()
    return true
}

function leaveEmpty(): unknown {
    result = undefined
    return true
}

function raise(): unknown {
    pc = pc + 1
    throw handlers[code[pc]]() as Error
}

/** Slot of the error, distance to its handler; the guarded block ends with `attempted`. */
function attempt(): unknown {
    const at = pc
    const kept = frame
    pc = at + 4
    try {
        while (true) {
            const said = handlers[code[pc]]()
            if (said === 0) return undefined
            if (said) return true
        }
    } catch (e) {
        frame = kept
        frame[code[at + 1]] = e
        pc = at + 2 + code[at + 2] + code[at + 3] * 256
        return undefined
    }
}

function attempted(): unknown {
    pc = pc + 1
    return 0
}

/** Stands where a program has no use for a handler. */
function unused(): unknown {
    throw new Error(`compact code has no handler ${code[pc]}`)
}

const handlers: (() => unknown)[] = [
    local0,
    local1,
    local2,
    local3,
    local4,
    local5,
    local6,
    local,
    outer,
    outer2,
    global,
    zero,
    one,
    minusOne,
    byte,
    word,
    whole,
    text,
    textWide,
    said,
    nothing,
    nobody,
    yes,
    no,
    get0,
    get1,
    get2,
    get3,
    get4,
    get5,
    get6,
    get,
    field,
    fieldWide,
    item,
    add,
    subtract,
    multiply,
    divide,
    remainder,
    bitAnd,
    bitOr,
    bitXor,
    shiftLeft,
    shiftRight,
    shiftRightUnsigned,
    power,
    less,
    atMost,
    more,
    atLeast,
    same,
    differs,
    sameByte,
    differsByte,
    lessByte,
    atMostByte,
    moreByte,
    atLeastByte,
    addByte,
    subtractByte,
    multiplyByte,
    isUndefined,
    isDefined,
    isNullish,
    not,
    negate,
    invert,
    both,
    either,
    choose,
    call,
    native,
    native0,
    native1,
    native2,
    native3,
    nativeMany,
    method0,
    method1,
    method2,
    method3,
    methodMany,
    apply,
    build,
    part0,
    part1,
    part2,
    part3,
    part,
    setPart0,
    setPart,
    blank,
    copyList,
    object,
    copy,
    array,
    joined,
    closure,
    floor,
    abs,
    ceil,
    max,
    min,
    set1,
    set2,
    set3,
    set4,
    set5,
    set6,
    set7,
    set8,
    setLocal,
    setOuter,
    storeGlobal,
    put0,
    put1,
    put2,
    put,
    setField,
    setItem,
    increment,
    drop,
    unless,
    unlessWide,
    when,
    whenWide,
    jump,
    jumpWide,
    back,
    each,
    leave,
    leaveEmpty,
    raise,
    attempt,
    attempted,
    unused,
]
/** The same table, for operands of these kinds. */
const numbers = handlers as unknown as (() => number)[]
const bags = handlers as unknown as (() => Bag)[]
const lists = handlers as unknown as (() => unknown[])[]
const owners = handlers as unknown as (() => { [name: string]: Native })[]
