// The DeviceScript machine, WebAssembly, out of the installed @devicescript/cli bundle. It is
// compiled once a process; every tracker is an instance of its own.

import { readFileSync } from "node:fs"
import { createRequire } from "node:module"

const BUNDLE = "@devicescript/cli/built/devicescript-cli.cjs"
const MODULE_MARK = 'runtime/devicescript-vm/built/devicescript-vm.js"(exports'
const DATA_MARK = "data:application/octet-stream;base64,"
/** base64 of "\0asm\1": how every WebAssembly binary begins. */
const WASM_BEGIN = "AGFzbQ"

/** The machine stops a program that takes more steps without a rest (DEVS_MAX_STEPS). */
export const STEPS_MAX = 131072
/** `i32.const 131072; local.set 3; block; loop`: where the machine begins to count them. */
const STEPS_MARK = Buffer.from([0x41, 0x80, 0x80, 0x08, 0x21, 0x03, 0x02, 0x40, 0x03, 0x40])
/** What fits into the three bytes of the constant, a signed LEB128. */
const STEPS_MOST = 2 ** 20 - 1

const compiled = new Map<number, WebAssembly.Module>()

/**
 * Throws when the bundle is not the pinned release and holds no machine where it is looked for.
 * `stepsMax`: a machine of another patience than the release has, to find out how near a program
 * comes to its end; 1 to 1,048,575.
 */
export function machineModule(stepsMax = STEPS_MAX): WebAssembly.Module {
    const known = compiled.get(stepsMax)
    if (known) return known
    const bytes = machineBytes()
    if (stepsMax !== STEPS_MAX) setSteps(bytes, stepsMax)
    const module = new WebAssembly.Module(bytes)
    compiled.set(stepsMax, module)
    return module
}

function setSteps(bytes: Uint8Array, stepsMax: number): void {
    if (!Number.isInteger(stepsMax) || stepsMax < 1 || stepsMax > STEPS_MOST)
        throw new RangeError(`stepsMax ${stepsMax}: expected a whole number, 1 to ${STEPS_MOST}`)
    const at = Buffer.from(bytes.buffer).indexOf(STEPS_MARK)
    if (at < 0) throw new Error("the machine counts its steps elsewhere: is it release 2.16.4?")
    bytes[at + 1] = (stepsMax & 127) | 128
    bytes[at + 2] = ((stepsMax >> 7) & 127) | 128
    bytes[at + 3] = stepsMax >> 14
}

function machineBytes(): Uint8Array<ArrayBuffer> {
    const path = createRequire(import.meta.url).resolve(BUNDLE)
    const bundle = readFileSync(path, "latin1")
    const from = bundle.indexOf(MODULE_MARK)
    const mark = from < 0 ? -1 : bundle.indexOf(DATA_MARK + WASM_BEGIN, from)
    if (mark < 0)
        throw new Error(`no DeviceScript machine in ${BUNDLE}: is @devicescript/cli 2.16.4 there?`)
    const start = mark + DATA_MARK.length
    const base64 = bundle.slice(start, bundle.indexOf('"', start))
    return Uint8Array.from(Buffer.from(base64, "base64"))
}
