import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { leastHeapKb } from "../../bin/tooling/device-heap.js"
import {
    BOARDS,
    checkLimits,
    imageSize,
    LIMIT_PERCENT,
    limitProblems,
    sizeLine,
} from "../../bin/tooling/device-limits.mjs"
import { buildDevicePrograms } from "../../bin/tooling/device-programs.mjs"
import { makeTempFolder, writeFiles } from "../support/temp-folder.js"

const BOARD = { board: "a board", codeBytes: 1000, programBytes: 2000, heapKb: 50 }

describe("what a program takes of its board", () => {
    it("may be 80 % of each limit, and not a byte more", () => {
        const size = { codeBytes: 800, programBytes: 1600 }
        expect(limitProblems(size, 40, [BOARD])).toEqual([])
        expect(limitProblems({ ...size, codeBytes: 801 }, 40, [BOARD])).toEqual([
            "a board: code 801 of 1000 bytes, 81 %, expected at most 80 %",
        ])
        expect(limitProblems({ codeBytes: 1000, programBytes: 1601 }, 44, [BOARD])).toEqual([
            "a board: code 1000 of 1000 bytes, 100 %, expected at most 80 %",
            "a board: program 1601 of 2000 bytes, 81 %, expected at most 80 %",
            "a board: heap 44 of 50 KiB, 88 %, expected at most 80 %",
        ])
        expect(LIMIT_PERCENT).toBe(80)
    })

    it("is held against every board, and told of the tightest", () => {
        const roomy = { ...BOARD, board: "a larger one", heapKb: 100, codeBytes: 4000 }
        const size = { codeBytes: 900, programBytes: 100 }
        expect(limitProblems(size, 44, [roomy, BOARD]).map((line) => line.split(":")[0])).toEqual([
            "a board",
            "a board",
        ])
        expect(sizeLine(size, 44, [roomy, BOARD])).toBe(
            "code 900 of 1000 bytes (90 %), program 100 of 2000 (5 %), heap 44 of 50 KiB (88 %)",
        )
        expect(sizeLine(size, undefined, [BOARD])).toContain("heap not measured")
    })

    it("is refused where the bytes are no program", () => {
        expect(() => imageSize(Buffer.alloc(500))).toThrow(
            "no device program: 500 bytes without the magic number",
        )
        expect(() => imageSize(Buffer.alloc(0))).toThrow("no device program: 0 bytes")
    })
})

describe("a built program", () => {
    const { path: root, remove } = makeTempFolder()
    /** Keeps this many numbers, 8 bytes each, for as long as it runs; and uses its bus. */
    const hoarder = (numbers: number) => `
        import { i2c } from "@devicescript/i2c"
        import "./hal.js"
        import * as ds from "@devicescript/core"
        const kept: number[] = []
        while (true) {
            try {
                await i2c.readRegBuf(0x70, 0, 1)
            } catch {}
            for (let i = 0; i < 250 && kept.length < ${numbers}; i++) kept.push(i)
            await ds.sleep(100)
        }
        `
    const hal = readFileSync(join(import.meta.dirname, "../../firmware/hal.ts"), "utf8")
    let image: Buffer
    const output = join(root, "dist/firmware/sensor.devs")
    const build = (program: string) => {
        writeFiles(root, {
            "package.json": `{ "name": "burr", "version": "1.2.3" }`,
            "devsconfig.json": "{}",
            "firmware/hal.ts": hal,
            "firmware/sensor.ts": program,
        })
        return buildDevicePrograms(root, () => {})
    }
    beforeAll(() => {
        expect(build(hoarder(1000))).toEqual([])
        image = readFileSync(output)
        return remove
    }, 60_000)

    it("needs as much heap as it keeps, and what growing takes", async () => {
        const heapKb = await leastHeapKb(image)
        expect(heapKb).toBeGreaterThanOrEqual(12)
        expect(heapKb).toBeLessThanOrEqual(32)
        const { line, problems } = checkLimits(output)
        expect(line).toMatch(new RegExp(`^code \\d+ of 65536 bytes .* heap ${heapKb} of 64 KiB`))
        expect(problems).toEqual([])
    }, 60_000)

    it("has its code's end where the header says, within the image", () => {
        const { codeBytes, programBytes } = imageSize(image)
        expect(programBytes).toBe(image.length)
        expect(codeBytes).toBeGreaterThan(112)
        expect(codeBytes).toBeLessThan(programBytes)
        expect(() => imageSize(image.subarray(0, codeBytes - 1))).toThrow(
            `no device program: code to ${codeBytes} of ${codeBytes - 1} bytes`,
        )
    })

    it("that keeps more than the heap holds fails the build and leaves no output", () => {
        const message = "heap not measured: it runs out of 64 KiB with FRAM"
        expect(build(hoarder(20_000))).toEqual([{ entry: "firmware/sensor.ts", message }])
        expect(existsSync(output)).toBe(false)
    }, 60_000)
})

it("every board that Burr is made for has its limits", () => {
    expect(BOARDS.map(({ board }) => board)).toEqual(["ESP32-C3", "ESP32-S3"])
    for (const { codeBytes, programBytes, heapKb } of BOARDS)
        expect([codeBytes, programBytes, heapKb]).toEqual([65_536, 229_376, 64])
})
