import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test, vi } from "vitest"
import {
    buildDevicePrograms,
    devicePrograms,
    importClosure,
} from "../../bin/tooling/device-programs.mjs"
import { tempFolder, writeFiles } from "../support/temp-folder.js"

const PROGRAM = "dist/firmware/sensor.devs"

function aCheckout(files: Record<string, string> = {}): string {
    return tempFolder({
        "package.json": `{ "name": "burr", "version": "1.2.3" }`,
        "devsconfig.json": "{}",
        "protocol/answer.ts": "export function answer(): number {\n    return 42\n}\n",
        "firmware/sensor.ts": `import { answer } from "../protocol/answer.js"\nconsole.log(answer())\n`,
        ...files,
    })
}

function build(root: string): { built: string[]; failures: { entry: string; message: string }[] } {
    const built: string[] = []
    const failures = buildDevicePrograms(root, (line) => built.push(line.replace(/:.*/, "")))
    return { built, failures }
}

describe("a device program", () => {
    test("has the same bytes from any checkout, in git or not, at any time", () => {
        const plain = aCheckout()
        expect(build(plain)).toEqual({ built: [PROGRAM], failures: [] })
        const bytes = readFileSync(join(plain, PROGRAM))
        const debug = readFileSync(join(plain, "dist/firmware/sensor.dbg.json"), "utf8")
        expect(bytes.length).toBeGreaterThan(300)
        expect(debug).not.toContain(plain)

        // The worst place: a checkout with changes, whose temporary folder is a dirty checkout too.
        const dirty = aCheckout()
        for (const folder of [dirty, tempFolder({ "changed.txt": "" })]) {
            execFileSync("git", ["init", "--quiet"], { cwd: folder })
            vi.stubEnv("TMPDIR", folder)
        }
        try {
            expect(build(dirty).failures).toEqual([])
        } finally {
            vi.unstubAllEnvs()
        }
        expect(readFileSync(join(dirty, PROGRAM)).equals(bytes)).toBe(true)
        expect(readFileSync(join(dirty, "dist/firmware/sensor.dbg.json"), "utf8")).toBe(debug)
    })

    test("is built again only when something that it imports changes", () => {
        const root = aCheckout({ "protocol/other.ts": "export const other = 1\n" })
        build(root)
        const libraries = readdirSync(join(root, "node_modules/@devicescript"))
        expect(libraries).toContain("core")
        expect(build(root).built).toEqual([])
        writeFiles(root, { "protocol/other.ts": "export const other = 2\n" })
        expect(build(root).built).toEqual([])
        const before = readFileSync(join(root, PROGRAM))
        writeFiles(root, { "protocol/answer.ts": "export function answer() {\n    return 43\n}\n" })
        expect(build(root).built).toEqual([PROGRAM])
        expect(readFileSync(join(root, PROGRAM)).equals(before)).toBe(false)
    })

    test("that is gone leaves no output behind", () => {
        const root = tempFolder({
            "dist/test/device/gone.devs": "",
            "dist/test/device/gone.dbg.json": "",
            "dist/console/index.html": "",
        })
        expect(build(root).failures).toEqual([])
        expect(readdirSync(join(root, "dist/test/device"))).toEqual([])
        expect(readdirSync(join(root, "dist/console"))).toEqual(["index.html"])
    })

    test("with a type error leaves no output and says where it is", () => {
        const root = aCheckout({ [PROGRAM]: "an old build" })
        writeFiles(root, {
            "protocol/answer.ts": `export function answer(): number {\n    return "42"\n}\n`,
        })
        const { built, failures } = build(root)
        expect(built).toEqual([])
        expect(failures.map(({ entry }) => entry)).toEqual(["firmware/sensor.ts"])
        expect(failures[0]?.message).toContain("protocol/answer.ts:2:5 - error TS2322")
        expect(failures[0]?.message).not.toContain("burr-device-")
        expect(existsSync(join(root, PROGRAM))).toBe(false)
        expect(build(root).failures).toHaveLength(1)
    })

    test("uses a service that firmware/services describes", () => {
        const root = aCheckout({
            "firmware/services/lamp.md":
                "# Lamp\n\n    identifier: 0x1134ea2c\n    camel: lamp\n\nA lamp.\n\n" +
                "## Registers\n\n    ro glow: u8 @ 0x182\n\nHow bright.\n",
            "firmware/sensor.ts":
                `import { Lamp } from "@devicescript/core"\n` +
                "const lamp = new Lamp()\nconsole.log(await lamp.glow.read())\n",
        })
        expect(build(root).failures).toEqual([])
        writeFiles(root, { "firmware/services/lamp.md": "# Lamp\n\n    identifier: none\n" })
        expect(build(root).failures[0]?.message).toContain("firmware/services/lamp.md")
    })
})

test("the programs are the firmware's and each test/device/*.ts", () => {
    const root = tempFolder({
        "firmware/sensor.ts": "",
        "firmware/hal.ts": "",
        "test/device/golden.ts": "",
        "test/device/support/report.ts": "",
    })
    expect(devicePrograms(root).map(({ output }) => output)).toEqual([
        PROGRAM,
        "dist/test/device/golden.devs",
    ])
})

test("a program is made of what it imports, directly or not", () => {
    const root = tempFolder({
        "firmware/sensor.ts": `import "./hal.js"\nimport {\n    a,\n} from "./logic/a.js"\n`,
        "firmware/hal.ts": `import * as ds from "@devicescript/core"\n`,
        "firmware/logic/a.ts": `import type { B } from "../../protocol/b.js"\nexport * from "./c.js"`,
        "firmware/logic/c.ts": `import { a } from "./a.js"\n`,
        "firmware/logic/unused.ts": "",
        "protocol/b.ts": "",
    })
    expect(importClosure(root, "firmware/sensor.ts").sort()).toEqual([
        "firmware/hal.ts",
        "firmware/logic/a.ts",
        "firmware/logic/c.ts",
        "firmware/sensor.ts",
        "protocol/b.ts",
    ])
})
