import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import fc from "fast-check"
import ts from "typescript"
import { afterAll, expect, it } from "vitest"
import { compact } from "../../bin/tooling/compact/program.mjs"
import { cases } from "../support/cases.js"

const ROOT = join(import.meta.dirname, "../..")
const MACHINE = "firmware/logic/compact/machine.ts"
const CODE = "firmware/logic/compact/code.ts"
const MODULE = "firmware/logic/tried.ts"
const START = "firmware/start.ts"

/** All that the dialect has, in functions of two numbers and a list. */
const LANGUAGE = `
const TABLE = [3, 0.5, -7]
const STEP = 60 * 5
export const enum Kind { low = 2, high = 300 }
export class Counter {
    count = 0
    private log: string[] = []
    constructor(private step: number, public name = "none") {}
    add(times: number): Counter { for (let i = 0; i < times; i++) { this.count += this.step; this.log.push(this.name) } return this }
    told(): string { return this.log.join(",") }
}
class Inner { sum = 1; constructor(public by: number) { this.sum += by } twice() { return this.sum * 2 } }
export function arithmetic(a: number, b: number): number[] {
    return [a + b, a - b, a * b, a / 4, (a & 255) | (b & 7), a ^ b, a << 3, a >> 2, a >>> 1, ~a, -a, a + 1, a - 300,
        Math.floor(a / 7), Math.ceil(b / 7), Math.abs(a), Math.max(a, b), Math.min(a, b), 2 ** (b & 7), TABLE[1] * a, STEP, 4294967295, -70000, 0.1]
}
export function choices(a: number, b: number): unknown[] {
    const both = a > 0 && b > 0
    const either = a > 5 || b < 3
    let said = ""
    if (!both || (a === b && either)) said += "x"
    else if (a !== b && !(a < b)) said += "y"
    else said = said + "z"
    switch (a & 3) {
        case 0: said += "0"
        case 1: said += "1"; break
        case 2: { said += "2"; break }
        default: said += "d"
    }
    return [both ? a : b, both && either, a || b, either, said, \`a\${a}b\${b}\`, \`\${a}\`, a < b, a <= b, a >= b, Kind.high, Kind.low]
}
export function loops(list: number[], a: number): unknown[] {
    let sum = 0
    for (const item of list) { if (item < 0) continue; if (item > 900) break; sum += item }
    let n = 0
    while (true) { n++; if (n > 20) break; if (n === a) return ["early", n] }
    do n-- 
    while (n > 5)
    const around = sum
    const mapped = list.filter((item) => item > a).map((item, index) => item + around + index)
    let found = -1
    list.forEach((item) => { if (item === a) found = item })
    for (let i = list.length - 1; i >= 0; i -= 2) sum += list[i]
    return [sum, n, mapped, list.some((item) => item === a), found, [...list, a, ...[1, 2]]]
}
export function objects(a: number, b?: number): unknown {
    const base = { a: a, deep: { list: [1, 2], b: b }, none: undefined as number[] | undefined }
    const { deep, a: again } = base
    deep.list[1] += again
    base.deep.list[0]++
    const copied = { ...base, a: b === undefined ? "none" : b }
    const inner = new Inner(a)
    inner.by--
    return [copied, base.none?.length, deep, inner.twice(), inner.by, optional(a), optional(a, 4), takes({ left: a, right: 2 })]
}
function optional(a: number, by = 9): number { return a + by }
function takes({ left, right }: { left: number; right: number }): number { return left - right }
export function failing(a: number): string {
    try { if (a > 0) throw new Error(\`bad \${a}\`); return "fine" } catch (e) { return (e as Error).message }
}
export function thrown(a: number): number { if (a > 10) throw new Error("too much"); return a }
export function nothing(): number { return -0 }
export function made(a: number): unknown { const c = new Counter(a, "n"); return [c.add(2).count, c.told()] }
`

/** Objects of an interface that is laid out, and of a class that nobody else sees. */
const LAID = `
export interface Point { x: number; y: number; tag?: string; far: (by: number) => number }
class Walker {
    private steps = 0
    last: Point | undefined = undefined
    constructor(private by: number, public at: Point) {}
    walk(): Point {
        this.steps++
        this.last = this.at
        this.at = { ...this.at, x: this.at.x + this.by }
        return this.at
    }
    told(): number[] { return [this.steps, this.at.x, this.at.y] }
}
class Named { constructor(public shown: string) {} }
function point(x: number, y: number): Point { return { far: (by: number) => by * x, y: y, x: x } }
function shownBy(one: { shown: string }): string { return one.shown }
export function laid(a: number, b: number): unknown[] {
    const p = point(a, b)
    const walker = new Walker(b, p)
    const q = walker.walk()
    q.y += 2
    q.x++
    const { x, far: distance, tag } = q
    const list: Point[] = [p, q]
    let sum = 0
    for (const one of list) sum += one.x
    q.tag = "t"
    const ys = list.map((one) => one.y)
    return [p.x, p.y, p.tag, q.x, q.y, q.tag, q.far(3), distance(2), x, tag, sum, walker.told(),
        walker.last === p, ys, shownBy(new Named("n"))]
}
`

const folders: string[] = []
afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function rootWith(sources: { [path: string]: string }): string {
    const root = mkdtempSync(join(tmpdir(), "burr-compact-"))
    folders.push(root)
    mkdirSync(join(root, dirname(MACHINE)), { recursive: true })
    writeFileSync(join(root, "package.json"), JSON.stringify({ type: "module" }))
    writeFileSync(join(root, MACHINE), readFileSync(join(ROOT, MACHINE)))
    for (const [path, text] of Object.entries(sources)) writeFileSync(join(root, path), text)
    return root
}

/** Everything that a module exports has a native side. */
function compiled(source: string, target: "device" | "node" = "node") {
    const root = rootWith({ [MODULE]: source })
    return { root, ...compact({ root, entries: [], modules: [MODULE], target }) }
}

/** A program of which one module is compact code. */
function compiledFor(start: string, source: string, interfaces: readonly string[] = []) {
    const root = rootWith({ [START]: start, [MODULE]: source })
    const asked = { root, entries: [START], modules: [MODULE], interfaces }
    return { root, ...compact({ ...asked, target: "node" }) }
}

/** Writes the files as Node reads them, and loads one. */
async function load(root: string, files: Map<string, string>, path = MODULE) {
    for (const [name, text] of files) {
        const { outputText } = ts.transpileModule(text, {
            compilerOptions: {
                target: ts.ScriptTarget.ES2022,
                module: ts.ModuleKind.ESNext,
                isolatedModules: true,
                preserveConstEnums: true,
            },
        })
        writeFileSync(join(root, name.replace(/\.ts$/, ".js")), outputText)
    }
    const url = pathToFileURL(join(root, path.replace(/\.ts$/, ".js"))).href
    return await import(/* @vite-ignore */ url)
}

/** The module as it is. */
async function loadOwn(source: string) {
    return await load(rootWith({}), new Map([[MODULE, source]]))
}

/** The names that the heap holds, from the text of the code's module. */
function namesIn(files: Map<string, string>): string[] {
    const [, names] = /^ {4}names: (.*),$/m.exec(files.get(CODE) ?? "") ?? []
    return JSON.parse(names ?? "[]")
}

/** Handlers that the interpreter was left with. */
function handlersIn(files: Map<string, string>): string[] {
    return [...(files.get(MACHINE) ?? "").matchAll(/^function (\w+)/gm)].map(([, name]) => name)
}

function expectRefusals(refused: { [source: string]: RegExp }, attempt: (source: string) => void) {
    for (const [source, why] of Object.entries(refused))
        expect(() => attempt(source), source).toThrow(why)
}

it("computes what the source computes, whatever it is given", async () => {
    const own = await loadOwn(LANGUAGE)
    const { root, files } = compiled(LANGUAGE)
    const made = await load(root, files)
    const number = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 0, max: 9 }))
    fc.assert(
        fc.property(number, number, fc.array(number, { maxLength: 8 }), (a, b, list) => {
            for (const name of ["arithmetic", "choices"])
                expect(made[name](a, b)).toEqual(own[name](a, b))
            expect(made.loops(list, a)).toEqual(own.loops(list, a))
            expect(made.objects(a, b)).toEqual(own.objects(a, b))
            expect(made.objects(a)).toEqual(own.objects(a))
            expect(made.failing(a)).toBe(own.failing(a))
            expect(made.made(b)).toEqual(own.made(b))
            const [mine, theirs] = [new made.Counter(a), new own.Counter(a)]
            expect([mine.add(3).count, mine.told()]).toEqual([theirs.add(3).count, theirs.told()])
        }),
        { numRuns: cases(200, 5000) },
    )
    expect(made.nothing()).toBe(-0)
})

it("names the function that an error came out of, and goes on behind it", async () => {
    const { root, files } = compiled(LANGUAGE)
    const made = await load(root, files)
    expect(() => made.thrown(11)).toThrow(/^too much in thrown:\d+$/)
    expect(made.thrown(3)).toBe(3)
})

it("lays objects out as lists, of listed interfaces and of classes that nobody else sees", async () => {
    const own = await loadOwn(LAID)
    const { root, files } = compiledFor('export { laid } from "./logic/tried.js"', LAID, ["Point"])
    const made = await load(root, files)
    fc.assert(
        fc.property(fc.integer(), fc.integer(), (a, b) => {
            expect(made.laid(a, b)).toEqual(own.laid(a, b))
        }),
        { numRuns: cases(50, 1000) },
    )
    for (const field of ["x", "y", "tag", "far", "by", "at", "last", "steps"])
        expect(namesIn(files)).not.toContain(field)
    // A class whose objects go where any object with such a field may keeps its names.
    expect(namesIn(files)).toContain("shown")
})

it("has the same names for the private fields of all classes", async () => {
    const source = `
        export class One { private first = 1; private second = 2; sum(): number { return this.first + this.second } }
        export class Two { private third = 3; constructor(private fourth: number) {}
            sum(): number { const { third } = this; return third + this.fourth } }`
    const { root, files } = compiled(source)
    expect(namesIn(files).sort()).toEqual(["_0", "_1"])
    const { One, Two } = await load(root, files)
    expect([new One().sum(), new Two(4).sum()]).toEqual([3, 7])
})

it("keeps a text in the code when it stands there once, and every other one in the table", async () => {
    const source = `
        export function texts(a: number): string { return a > 0 ? "only here" : a < 0 ? "twice" : "twice" }
        export function other(): string { return "zweimal über" }`
    const { root, files } = compiled(source)
    expect(namesIn(files)).toEqual(["twice", "zweimal über"])
    const made = await load(root, files)
    expect([1, 0, -1].map(made.texts)).toEqual(["only here", "twice", "twice"])
    expect(made.other()).toBe("zweimal über")
})

it("makes a table anew wherever it is read, and keeps a variable", async () => {
    const source = `
        const TABLE = [1, 2, 3]
        let count = 0
        export function table(): number[] { return TABLE }
        export function counted(): number { count += TABLE[1]; return count }`
    const { root, files } = compiled(source)
    expect(files.get(CODE)).toContain("globals: [0],")
    const made = await load(root, files)
    expect(made.table()).toEqual([1, 2, 3])
    expect(made.table()).not.toBe(made.table())
    expect([made.counted(), made.counted()]).toEqual([2, 4])
})

it("calls the only class of a port directly, and through the port where there are others", async () => {
    const start = 'export { asked } from "./logic/tried.js"'
    const source = `
        interface Port { value(by: number): number }
        class Only implements Port { private kept = 2; value(by: number): number { return this.kept * by } }
        function ask(port: Port): number { return port.value(3) }
        export function asked(): number { return ask(new Only()) }`
    const one = compiledFor(start, source)
    expect(handlersIn(one.files)).not.toContain("method1")
    expect((await load(one.root, one.files)).asked()).toBe(6)
    const other = "class Other implements Port { value(by: number): number { return by } }"
    const two = compiledFor(
        start,
        `${source}\n${other}\nexport function last() { return new Other() }`,
    )
    expect(handlersIn(two.files)).toContain("method1")
    expect((await load(two.root, two.files)).asked()).toBe(6)
})

it("hands functions on as values, and compiles those once that are nothing else", async () => {
    const source = `
        function double(a: number): number { return 2 * a }
        export function doubled(list: number[]): number[] { return list.map(double) }`
    const { root, files, code } = compiled(source)
    expect((await load(root, files)).doubled([1, 2])).toEqual([2, 4])
    const both = compiled(`${source}\nexport function four(): number { return double(2) }`)
    expect((await load(both.root, both.files)).four()).toBe(4)
    expect(both.code.length).toBeGreaterThan(code.length + 6)
})

it("compiles a program whole: what it does when it starts, with values of native modules", async () => {
    const said = "firmware/said.ts"
    const start = `
        import { said } from "./said.js"
        import { double } from "./logic/tried.js"
        const SEVEN = 7
        const list = [1, 2]
        function more(a: number): number { return a + SEVEN }
        for (const one of list) said.push(more(double(one)))
        if (said.length > 1) said.push(-1)`
    const tried = "export function double(a: number): number { return 2 * a }"
    const root = rootWith({ [START]: start, [MODULE]: tried, [said]: "" })
    writeFileSync(join(root, said), "export const said: number[] = []")
    const modules = [MODULE, START]
    const { files } = compact({ root, entries: [START], modules, target: "node" })
    files.set(said, readFileSync(join(root, said), "utf8"))
    await load(root, files, START)
    expect((await load(root, files, said)).said).toEqual([9, 11, -1])
})

it("refuses what a compact program's functions and native code would not see of it", () => {
    const said = 'import { said } from "./said.js"\n'
    const refused = {
        "let count = 0\nfunction f() { count++ }\nf()": /start\.ts:3: .*assignment to count/,
        "class Told { text() { return 1 } }\nconst told = new Told()\nsaid(told.text())":
            /start\.ts:2: .*class of a program/,
    }
    expectRefusals(refused, (source) => {
        const root = rootWith({ [START]: said + source })
        const native = "export function said(one: any) { return one.text }"
        writeFileSync(join(root, "firmware/said.ts"), native)
        compact({ root, entries: [START], modules: [START], target: "node" })
    })
})

it("lets functions wait on the device alone", () => {
    const source = `
        export class Slow { async took(ms: number): Promise<number> { await this.wait(ms); return ms }
            async wait(ms: number): Promise<void> {} }
        export async function slowly(slow: Slow): Promise<number> { return (await slow.took(2)) + 1 }`
    const text = compiled(source, "device").files.get(MODULE)
    expect(text).toContain("export async function slowly(slow: Slow): Promise<number> {")
    expect(text).toMatch(
        /async took\(ms: number\): Promise<number> \{ return enter2\(\d+, this, ms\)/,
    )
    expect(() => compiled(source)).toThrow(/tried\.ts:\d+: .*async/)
})

it("counts the calls of the machine along closures too", () => {
    const inner =
        "function deep(a: number): number { return Math.max(1, Math.max(2, Math.max(3, a))) }"
    const plain = "export function g(list: number[]): void { deep(list[0]) }"
    const closed = "export function g(list: number[]): void { list.forEach((a) => { deep(a) }) }"
    const [less, more] = [plain, closed].map((one) => compiled(`${inner}\n${one}`).callDepth)
    expect(more).toBeGreaterThan(less)
    const chain = Array.from({ length: 40 }, (_, i) => `function f${i}() { f${i + 1}() }`)
    const long = [...chain, "function f40() {}", "export function g() { f0() }"].join("\n")
    expect(() => compiled(long)).toThrow(/\d+ calls under way in compact code, expected at most 80/)
})

it("refuses what it has no code for, with file and line", () => {
    const refused = {
        "\nexport function g(...all: number[]) { return all }": /tried\.ts:2: .*rest parameter/,
        "export function g(a: number) { return a++ }": /tried\.ts:1: /,
        "\n\nexport function g(a: unknown) { return typeof a }": /tried\.ts:3: .*TypeOf/,
        "class B {}\nexport class A extends B {}": /tried\.ts:2: .*extends/,
        "class B {}\nclass A extends B {}\nexport function g() { return new A() }":
            /tried\.ts:2: .*extends/,
        "export function g(a: number): number { return a > 0 ? g(a - 1) : 0 }": /recursion.*g -> g/,
        "export function g(a?: { b: { c: number } }) { return a?.b.c }": /tried\.ts:1: .*\?\./,
        "function f(): number[] { return [] }\nexport function g() { f()[0]++ }": /tried\.ts:2: /,
        "export function g() {\nlet n = 0\nconst f = () => { const h = () => { n = 1 }\nh() }\nf() }":
            /tried\.ts:3: .*assignment to n/,
        "export function g() {\ntry { return 1 } finally { g() } }": /tried\.ts:2: .*finally/,
        "export const a = 1\nconsole.log(a)": /tried\.ts:2: .*when it is loaded/,
    }
    expectRefusals(refused, compiled)
})

it("refuses to lay out what would be read by names somewhere", () => {
    const laid = "export interface Laid { kind: number; by: number }\n"
    const refused = {
        "function h(x: { by: number }) { return x.by }\nexport function f(l: Laid) { return h(l) }":
            /tried\.ts:3: .*Laid where another type is expected/,
        "export function f(x: { kind: number; by: number }) { return (x as Laid).by }":
            /tried\.ts:2: .*another type where Laid is expected/,
        'export function f(l: Laid, name: "by" | "kind") { return l[name] }':
            /tried\.ts:2: .*Laid by an index/,
        "export interface Other { kind: number }\nexport function f(l: Laid | Other) { return l.kind }":
            /tried\.ts:3: .*field kind of several layouts/,
        "export function f(l: Laid) { const c = { ...l, by: 2 }\nreturn c.by }":
            /tried\.ts:2: .*Laid where another type/,
        "export function f(all: Laid[]) { const few: { by: number }[] = all\nreturn few }":
            /tried\.ts:2: .*Laid where another type/,
        "export function f(o: { kind: number; by: number }): Laid { return { ...o, by: 1 } }":
            /tried\.ts:2: .*spread of another type than Laid/,
        "let n = 0\nfunction next() { n++\nreturn n }\nexport function f(): Laid { return { by: n, kind: next() } }":
            /tried\.ts:5: .*out of its layout's order/,
    }
    const start = 'export { f } from "./logic/tried.js"'
    expectRefusals(refused, (source) => compiledFor(start, laid + source, ["Laid", "Other"]))
    const seen = 'import { f, type Laid } from "./logic/tried.js"\nexport const l: Laid = f()'
    const made = `${laid}export function f(): Laid { return { kind: 1, by: 2 } }`
    expect(() => compiledFor(seen, made, ["Laid"])).toThrow(
        /start\.ts:2: .*Laid in a native module/,
    )
})
