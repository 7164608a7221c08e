// The DeviceScript machine, WebAssembly, out of the installed @devicescript/cli bundle. It is
// compiled once a process; every tracker is an instance of its own.

import { readFileSync } from "node:fs"
import { createRequire } from "node:module"

const BUNDLE = "@devicescript/cli/built/devicescript-cli.cjs"
const MODULE_MARK = 'runtime/devicescript-vm/built/devicescript-vm.js"(exports'
const DATA_MARK = "data:application/octet-stream;base64,"
/** base64 of "\0asm\1": how every WebAssembly binary begins. */
const WASM_BEGIN = "AGFzbQ"

let compiled: WebAssembly.Module | undefined

/** Throws when the bundle is not the pinned release and holds no machine where it is looked for. */
export function machineModule(): WebAssembly.Module {
    compiled ??= new WebAssembly.Module(machineBytes())
    return compiled
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
    return new Uint8Array(Buffer.from(base64, "base64"))
}
