// Programs that nobody wrote: functions of random statements over a few variables, compiled, run in
// the machine as they are and shrunk. What they say must be the same, errors and all.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { buildDevicePrograms } from "../../bin/tooling/device-programs.mjs"
import { shrinkProgram } from "../../bin/tooling/shrink-program.mjs"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { buildFlashStore } from "../../simulator/vm/flash-store.js"
import { Machine } from "../../simulator/vm/machine.js"
import { cases } from "../support/cases.js"
import { seededBytes } from "../support/seeded-bytes.js"
import { tempFolder } from "../support/temp-folder.js"

const START_MS = Date.UTC(2031, 0, 1)
const FUNCTIONS = 40
const NUMBERS = ["0", "1", "2", "7", "-3", "100", "250", "4000", "-90000", "2147483647", "0.5"]
const OTHERS = ["true", "false", "undefined", "null", '"alpha"', '"beta"']
const BINARY = ["+", "-", "*", "&", "|", "<", "<=", "===", "!==", "&&", "||"]
const VARIABLES = ["a", "b", "x", "y", "z"]

/** Writes one function after another; choices come from the seed. */
class Author {
    private readonly bytes: (count: number) => Buffer
    private inLoop = false

    constructor(seed: number) {
        this.bytes = seededBytes(seed)
    }

    program(): string {
        const functions = Array.from({ length: FUNCTIONS }, (_, index) => this.function(index))
        const calls = functions.flatMap((_, index) =>
            [this.leaf(), this.leaf(), this.leaf()].map(
                (leaf) => `await run(f${index}, ${leaf.replace(/^[abxyz]$/, "3")}, 5)`,
            ),
        )
        return [
            'import * as ds from "@devicescript/core"',
            "interface Natives {",
            "    _twinMessage(topic: string, message: Buffer): Buffer",
            "}",
            "function tell(text: string): void {",
            '    ;(ds as unknown as Natives)._twinMessage("line", Buffer.from(text))',
            "}",
            "function shown(value: any): string {",
            '    return typeof value === "object" && value !== null ? "object" : "" + value',
            "}",
            "async function run(f: any, a: any, b: any): Promise<void> {",
            "    const o: any = { p: 1, q: a, r: undefined }",
            "    try {",
            "        tell(shown(f(a, b, o)))",
            "    } catch (e) {",
            '        tell("threw " + (e as Error).message)',
            "    }",
            '    tell(shown(o.p) + "," + shown(o.q) + "," + shown(o.r))',
            "    await ds.sleep(0)",
            "}",
            ...functions,
            ...calls,
        ].join("\n")
    }

    private function(index: number): string {
        const closure = this.pick(["", "const keep = (v: any): any => {\n z = v\n return x\n}\n"])
        const body = this.block(2, index)
        const use = closure === "" ? "" : `y = keep(${this.value(1, index)})\n`
        return (
            `function f${index}(a: any, b: any, o: any): any {\n` +
            "let x: any = a\nlet y: any = b\nlet z: any = undefined\nlet list: any[] = []\n" +
            `${closure}${body}${use}${this.block(1, index)}` +
            'tell(shown(x) + " " + shown(y) + " " + shown(z) + " " + shown(list.length))\n' +
            `return ${this.value(1, index)}\n}`
        )
    }

    private block(depth: number, index: number): string {
        return Array.from({ length: 2 + this.below(4) }, () => this.statement(depth, index)).join(
            "",
        )
    }

    private statement(depth: number, index: number): string {
        const value = (): string => this.value(2, index)
        const inner = (): string => (depth > 0 ? this.block(depth - 1, index) : `x = ${value()}\n`)
        const exit = this.inLoop ? this.pick(["break", "continue", "return x"]) : "return y"
        switch (this.below(14)) {
            case 0:
                return `if (${value()}) {\n${inner()}}\n`
            case 1:
                return `if (${value()}) {\n${inner()}} else {\n${inner()}}\n`
            case 2:
                return `if (${value()}) ${exit}\n`
            case 3: {
                const before = this.inLoop
                this.inLoop = true
                const i = `i${depth}`
                const loop = `for (let ${i} = 0; ${i} < 3; ${i}++) {\n${inner()}z = ${i}\n}\n`
                this.inLoop = before
                return before ? inner() : loop
            }
            case 4:
                return `try {\n${inner()}} catch (e) {\n${inner()}}\n`
            case 5:
                return `try {\n${inner()}} finally {\nx = ${value()}\n}\n`
            case 6:
                return `if (${value()}) throw new Error("planted")\n`
            case 7:
                return `o.${this.pick(["p", "q", "r"])} = ${value()}\n`
            case 8:
                return `list = [${value()}, ${value()}, ${value()}]\n`
            case 9:
                return `list.push(${value()})\n`
            case 10:
                return `z = { p: ${value()}, q: ${value()}, r: list }\n`
            case 11:
                return `y = z.${this.pick(["p", "q"])}\n`
            default:
                return `${this.pick(["x", "y", "z", "a", "b"])} = ${value()}\n`
        }
    }

    private value(depth: number, index: number): string {
        if (depth === 0) return this.leaf()
        const value = (): string => this.value(depth - 1, index)
        switch (this.below(8)) {
            case 0:
                return this.leaf()
            case 1:
                return `(!${value()})`
            case 2:
                return `(${value()} ? ${value()} : ${value()})`
            case 3:
                return `o.${this.pick(["p", "q", "r"])}`
            case 4:
                return `list[${this.below(3)}]`
            case 5:
                if (index === 0 || this.inLoop) return this.leaf()
                return `g${this.below(3)}(${value()}, ${this.leaf()})`
            default:
                return `((${value()} as any) ${this.pick(BINARY)} (${value()} as any))`
        }
    }

    private leaf(): string {
        const kind = this.below(5)
        return this.pick(kind < 2 ? VARIABLES : kind < 4 ? NUMBERS : OTHERS)
    }

    private pick<T>(from: readonly T[]): T {
        return from[this.below(from.length)] as T
    }

    private below(count: number): number {
        return this.bytes(4).readUInt32LE() % count
    }
}

/** What the random functions call: one is called often, one is a mere value, one may throw. */
const HELPERS = `
function g0(v: any, w: any): any {
    if (v) return w
    return v === w
}
function g1(v: any, w: any): any {
    return w
}
function g2(v: any, w: any): any {
    const t = v && w
    return t.length
}
`

/** The tracker's program as the compiler made it. */
function compiled(root: string): Uint8Array {
    const debug = readFileSync(join(root, "dist/firmware/sensor.dbg.json"), "utf8")
    const { binary, compiled } = JSON.parse(debug)
    return new Uint8Array(Buffer.from((compiled ?? binary).hex, "hex"))
}

async function linesOf(program: Uint8Array): Promise<string[]> {
    const clock = new VirtualClock(START_MS)
    const lines: string[] = []
    const machine = new Machine({
        clock,
        network: { open: () => ({ write: () => false, close: () => {} }) },
        chipId: "00112233445566bb",
        flash: buildFlashStore(Buffer.from(program), {}),
        randomBytes: seededBytes(2),
        onTwin: (topic, data) => lines.push(`${topic} ${data.toString()}`),
        onLog: (line) => {
            if (/^!|panic|failure/.test(line)) lines.push(line.replace(/_F\d+ \(pc:\d+\)/, ""))
        },
        onStopped: (reason) => lines.push(`stopped: ${reason}`),
    })
    machine.boot()
    await clock.runUntil(START_MS + 5000, () => undefined)
    machine.powerOff()
    return lines
}

test("a program of any statements says the same when it is shrunk", async () => {
    for (let seed = 1; seed <= cases(2, 60); seed++) {
        const source = new Author(seed).program() + HELPERS
        const root = tempFolder({
            "package.json": `{ "name": "burr", "version": "1.2.3" }`,
            "devsconfig.json": "{}",
            "firmware/sensor.ts": source,
        })
        expect(buildDevicePrograms(root, () => {})).toEqual([])
        const program = compiled(root)
        const shrunk = shrinkProgram(program)
        const expected = await linesOf(program)
        expect(await linesOf(shrunk.image), `seed ${seed}`).toEqual(expected)
        expect(expected.length).toBeGreaterThan(2 * FUNCTIONS)
        expect(expected.join("\n")).toMatch(/threw/)
        expect(shrunk.after).toBeLessThan(shrunk.before)
    }
}, 600_000)
