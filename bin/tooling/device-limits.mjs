// What a device program may take of its board, and what it takes: the build fails above 80 %.
//
// Code: functions and their descriptors end below 64 KiB of the image, the runtime refuses it else
// (runtime/devicescript/verify.c, check 1051). Program: the flash store gives 224 KiB of its 256 to it.
// Heap: 64 KiB on ESP32, C3 and S3, 40 KiB on S2. All from the runtime 2.16.4 for these boards.

import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"

/** @typedef {{ board: string, codeBytes: number, programBytes: number, heapKb: number }} BoardLimits */
/** @typedef {{ codeBytes: number, programBytes: number }} ImageSize */

/** What must stay free for what comes: in percent of each limit. */
export const LIMIT_PERCENT = 80

const CODE_BYTES = 65_536
const PROGRAM_BYTES = 224 * 1024

/** The chips that Burr's boards are made of. @type {readonly BoardLimits[]} */
export const BOARDS = [
    { board: "ESP32-C3", codeBytes: CODE_BYTES, programBytes: PROGRAM_BYTES, heapKb: 64 },
    { board: "ESP32-S3", codeBytes: CODE_BYTES, programBytes: PROGRAM_BYTES, heapKb: 64 },
]

const MAGIC = Buffer.from([0x44, 0x65, 0x76, 0x53, 0x0a, 0x6e, 0x29, 0xf1])
/** Sections are pairs of start and length, 32 bits each; the second one holds the functions' code. */
const CODE_SECTION_AT = 32 + 8
const HEADER_BYTES = 112
const HEAP_SCRIPT = join(import.meta.dirname, "device-heap.ts")
const HEAP_TIMEOUT_MS = 120_000

/**
 * Where an image's code ends, and how long it is. Throws when the bytes are no image.
 *
 * @param {Buffer} image
 * @returns {ImageSize}
 */
export function imageSize(image) {
    if (image.length < HEADER_BYTES || !image.subarray(0, MAGIC.length).equals(MAGIC))
        throw new Error(`no device program: ${image.length} bytes without the magic number`)
    const start = image.readUInt32LE(CODE_SECTION_AT)
    const length = image.readUInt32LE(CODE_SECTION_AT + 4)
    if (start + length > image.length)
        throw new Error(`no device program: code to ${start + length} of ${image.length} bytes`)
    return { codeBytes: start + length, programBytes: image.length }
}

/**
 * What is too much, for each board and each of its limits.
 *
 * @param {ImageSize} size
 * @param {number | undefined} heapKb undefined when it was not measured
 * @param {readonly BoardLimits[]} boards
 * @returns {string[]}
 */
export function limitProblems(size, heapKb, boards = BOARDS) {
    return boards.flatMap(({ board, ...limits }) =>
        [
            { what: "code", used: size.codeBytes, most: limits.codeBytes, unit: "bytes" },
            { what: "program", used: size.programBytes, most: limits.programBytes, unit: "bytes" },
            { what: "heap", used: heapKb ?? 0, most: limits.heapKb, unit: "KiB" },
        ]
            .filter(({ used, most }) => used * 100 > most * LIMIT_PERCENT)
            .map(
                ({ what, used, most, unit }) =>
                    `${board}: ${what} ${used} of ${most} ${unit}, ${percent(used, most)}, ` +
                    `expected at most ${LIMIT_PERCENT} %`,
            ),
    )
}

/**
 * In words, against the tightest board.
 *
 * @param {ImageSize} size
 * @param {number | undefined} heapKb
 * @param {readonly BoardLimits[]} boards
 */
export function sizeLine(size, heapKb, boards = BOARDS) {
    const least = (/** @type {(limits: BoardLimits) => number} */ of) => Math.min(...boards.map(of))
    const code = least(({ codeBytes }) => codeBytes)
    const program = least(({ programBytes }) => programBytes)
    const heap = least((limits) => limits.heapKb)
    return [
        `code ${size.codeBytes} of ${code} bytes (${percent(size.codeBytes, code)})`,
        `program ${size.programBytes} of ${program} (${percent(size.programBytes, program)})`,
        heapKb === undefined
            ? "heap not measured"
            : `heap ${heapKb} of ${heap} KiB (${percent(heapKb, heap)})`,
    ].join(", ")
}

/**
 * Measures a built program. A program whose image is too large is not run for its heap.
 *
 * @param {string} path of the .devs file
 * @returns {{ line: string, problems: string[] }}
 */
export function checkLimits(path) {
    const size = imageSize(readFileSync(path))
    const tooLarge = limitProblems(size, undefined)
    if (tooLarge.length > 0) return { line: sizeLine(size, undefined), problems: tooLarge }
    const heap = measuredHeap(path)
    if (typeof heap === "string") return { line: sizeLine(size, undefined), problems: [heap] }
    return { line: sizeLine(size, heap), problems: limitProblems(size, heap) }
}

/**
 * The least heap that the program needs, in KiB; undefined where it cannot be told; or what went wrong.
 * In a process of its own: the simulator is TypeScript, and the build runs without a compiler for it.
 *
 * @param {string} path
 * @returns {number | undefined | string}
 */
function measuredHeap(path) {
    const run = spawnSync(process.execPath, ["--import", "tsx", HEAP_SCRIPT, path], {
        cwd: join(import.meta.dirname, "../.."),
        encoding: "utf8",
        timeout: HEAP_TIMEOUT_MS,
    })
    if (run.status !== 0)
        return `heap not measured: ${(run.error?.message ?? run.stderr).trim().split("\n").at(-1)}`
    const told = run.stdout.trim()
    return told === "" ? undefined : Number(told)
}

/** @param {number} used @param {number} most */
function percent(used, most) {
    return `${Math.ceil((used * 100) / most)} %`
}
