import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { shrunkDebug } from "../../bin/tooling/shrink/debug.mjs"
import { OPCODES } from "../../bin/tooling/shrink/opcodes.mjs"
import { STEPS, shrinkProgram } from "../../bin/tooling/shrink-program.mjs"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { buildFlashStore } from "../../simulator/vm/flash-store.js"
import { Machine } from "../../simulator/vm/machine.js"
import { cases } from "../support/cases.js"
import { seededBytes } from "../support/seeded-bytes.js"

const ROOT = join(import.meta.dirname, "../..")
const START_MS = Date.UTC(2031, 0, 1)
/** All of the test programs have said what they say by then. */
const RUN_S = 12
/** Thirty million virtual instructions: the one program that takes half a minute to run twice. */
const SLOW = "packed.devs"

const PROGRAMS = readdirSync(join(ROOT, "dist/test/device"))
    .filter((name) => name.endsWith(".devs") && name !== SLOW)
    .map((name) => `test/device/${name}`)
const TRACKER = "firmware/tracker.devs"
const FIRMWARE = [TRACKER, "firmware/sensor.devs"]

/**
 * What a program says and what it does on its bus and its network, with times. Chips answer with
 * noise, the same at every run. Places in stack traces are not told apart.
 */
async function transcriptOf(program: Uint8Array, seconds: number): Promise<string[]> {
    const clock = new VirtualClock(START_MS)
    const lines: string[] = []
    const noise = seededBytes(1)
    const say = (line: string) => lines.push(`${clock.nowMs - START_MS} ${line}`)
    const machine = new Machine({
        clock,
        network: {
            open: (host, port, events) => {
                say(`open ${host}:${port}`)
                clock.after(1, () => events.failed("no network here"))
                return { write: () => false, close: () => {} }
            },
        },
        chipId: "00112233445566bb",
        flash: buildFlashStore(Buffer.from(program), {}),
        randomBytes: seededBytes(2),
        onTwin: (topic, data) => {
            say(`${topic} ${data.toString("hex")}`)
            if (topic === "i2c") noise(data.length).copy(data, 4, 4)
        },
        onLog: (line) => {
            if (!/verified|SHA256|[0-9a-f]{16}|bytes/.test(line)) {
                say(line.replace(/_F\d+/g, "").replace(/\(pc:\d+\)|gpc:\d+/g, ""))
            }
        },
        onStopped: (reason) => say(`stopped: ${reason}`),
    })
    machine.boot()
    await clock.runUntil(START_MS + seconds * 1000, () => undefined)
    machine.powerOff()
    return lines
}

/** A program as the compiler made it, which its debug file keeps. */
function image(path: string): Uint8Array {
    const debug = readFileSync(join(ROOT, "dist", path.replace(/devs$/, "dbg.json")), "utf8")
    const { binary, compiled } = JSON.parse(debug)
    return new Uint8Array(Buffer.from((compiled ?? binary).hex, "hex"))
}

describe("a shrunk program", () => {
    // The sensor node's does not fit the machine as the compiler makes it.
    test.each([...PROGRAMS, TRACKER])("%s says and does the same", async (path) => {
        const program = image(path)
        const shrunk = shrinkProgram(program)
        const expected = await transcriptOf(program, RUN_S)
        expect(await transcriptOf(shrunk.image, RUN_S)).toEqual(expected)
        expect(expected.join("\n")).not.toMatch(/verification failure/)
        expect(expected.length).toBeGreaterThan(0)
    })

    test.each(FIRMWARE)("%s is smaller by a seventh at least", (path) => {
        const { before, after } = shrinkProgram(image(path))
        expect(after).toBeLessThan(before * (6 / 7))
    })

    test.each(FIRMWARE)("%s comes back as it is when shrunk again, from the same bytes", (path) => {
        const once = shrinkProgram(image(path))
        expect(shrinkProgram(image(path)).image).toEqual(once.image)
        const twice = shrinkProgram(once.image)
        expect(twice.image).toEqual(once.image)
        expect(twice.before).toBe(twice.after)
    })

    test("has every step bring something to the tracker, and none take anything back", () => {
        const program = image(TRACKER)
        const ends = STEPS.map(
            (_, count) => shrinkProgram(program, STEPS.slice(0, count + 1)).after,
        )
        const before = shrinkProgram(program, []).after
        for (const [index, end] of ends.entries()) {
            expect(end, STEPS[index]).toBeLessThanOrEqual(ends[index - 1] ?? before)
        }
        expect(ends.at(-1)).toBeLessThan(before)
    })

    test("has a debug file that names its functions where they are", () => {
        const shrunk = shrinkProgram(image("firmware/sensor.devs"))
        const compiled = Array.from({ length: 1000 }, (_, was) => ({ name: `was ${was}` }))
        const debug = JSON.stringify({ functions: compiled, srcmap: [1], binary: { hex: "00" } })
        const { functions, srcmap } = JSON.parse(shrunkDebug(debug, shrunk))
        const names = shrunk.functions.map((was) => `was ${was}`)
        expect(functions.map(({ name }: { name: string }) => name)).toEqual(names)
        expect(names[0]).toBe("was 0")
        const last = functions.at(-1)
        expect(last.startpc + last.size).toBe(shrunk.after)
        expect(srcmap).toEqual([])
    })
})

describe("an image that is none", () => {
    const whole = image("test/device/thin.devs")
    /** The same image with other bytes from a place on. */
    function damaged(at: number, ...bytes: number[]): Uint8Array {
        const copy = whole.slice()
        copy.set(bytes, at)
        return copy
    }
    const [functionsAt, codeAt] = [32, 40].map((at) => Buffer.from(whole).readUInt32LE(at))
    const codeStart = codeAt ?? 0
    /** The first function's code: a jump into the statement that sets an array up, and filling. */
    const leap = Buffer.alloc(Buffer.from(whole).readUInt32LE((functionsAt ?? 0) + 4), 31)
    leap.set([13, 4, 31, 0x90, 32])

    test.each([
        ["is empty", new Uint8Array(), "image length is 0, expected at least 112 bytes"],
        ["is cut", whole.slice(0, 400), "expected inside"],
        ["has another magic", damaged(0, 0), "magic is"],
        [
            "is of a later version",
            damaged(10, 17),
            "bytecode version is 2.17, expected 2.7 to 2.16",
        ],
        [
            "has a gap between sections",
            damaged(40, 0, 0, 0, 0),
            "start of section 1 is 0, expected",
        ],
        [
            "has an opcode that is none",
            damaged(codeStart, 42),
            "function 0 at 1: unknown opcode 42",
        ],
        ["has a value too few", damaged(codeStart, 58), "add lacks a value on the stack"],
        ["jumps into a statement", damaged(codeStart, ...leap), "where no statement begins"],
        [
            "has a function outside the code",
            damaged(functionsAt ?? 0, 0, 0, 0, 0),
            "function 0 is 0+",
        ],
    ])("%s, and is refused with the place", (_, bytes, message) => {
        expect(() => shrinkProgram(bytes)).toThrow(message)
    })

    test("is refused or shrunk, never anything else, whatever byte is changed", () => {
        const noise = seededBytes(3)
        for (let run = 0; run < cases(100, 20_000); run++) {
            const [high = 0, low = 0, byte = 0] = noise(3)
            const bytes = damaged((high * 256 + low) % whole.length, byte)
            try {
                expect(shrinkProgram(bytes).image.length).toBeGreaterThan(100)
            } catch (error) {
                expect(String(error)).toMatch(/^Error: (image|function|string|number)\b/)
            }
        }
    })
})

test("the table of opcodes is the compiler's", () => {
    const cli = join(ROOT, "node_modules/@devicescript/cli/built/devicescript-cli.cjs")
    const text = readFileSync(cli, "latin1")
    const properties = /var OP_PROPS = (".*?");\n/.exec(text)?.[1] ?? ""
    const unescaped = properties
        .slice(1, -1)
        .replace(/\\x([0-9A-F]{2})|\\([0-9])/g, (_, hex, digit) =>
            String.fromCharCode(Number.parseInt(hex ?? digit, 16)),
        )
    const [ARGS, STATEMENT, NUMBER] = [0x0f, 0x10, 0x20]
    for (const [op, { name, args, immediate, isStatement }] of OPCODES) {
        const bits = unescaped.charCodeAt(op)
        const row = [bits & ARGS, (bits & STATEMENT) !== 0, (bits & NUMBER) !== 0]
        expect(row, name).toEqual([args, isStatement, immediate !== "none"])
    }
    // The two that were removed from the machine and its place for "no opcode" are the only others.
    expect(OPCODES.size).toBe(unescaped.length - 3)
})
