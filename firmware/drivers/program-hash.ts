// SHA-256 of the program, as the runtime computes it over its own flash. The compiler has no client
// for the program manager; firmware/services describes it and this declares its type.

import * as ds from "@devicescript/core"

declare module "@devicescript/core" {
    class ProgramManager extends Role {
        constructor(roleName?: string)
        readonly programSha256: Register<Buffer>
    }
}

const WAIT_MS = 3000
const POLL_MS = 50

const manager = new ds.ProgramManager("programs[int:0]")
let hash: Buffer

async function read(): Promise<void> {
    try {
        hash = await manager.programSha256.read()
    } catch {
        console.log("program hash: no answer")
    }
}

/** 32 bytes, or none when the runtime does not answer within 3 s: a role may wait for ever. */
export async function programHash(): Promise<Buffer> {
    read.start()
    for (let waitedMs = 0; waitedMs < WAIT_MS && !hash; waitedMs += POLL_MS) await ds.sleep(POLL_MS)
    return hash || Buffer.alloc(0)
}
