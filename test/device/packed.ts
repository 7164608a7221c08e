// Makes the seeded packed batches on the tracker's machine and hands each line to the host, which
// ends the run when it has enough.

import * as ds from "@devicescript/core"
import { packedLine } from "./runs/packed-run.js"
import { tell } from "./runs/tell.js"

async function rest(): Promise<void> {
    await ds.sleep(1)
}

let index = 0
while (true) {
    tell("line", await packedLine(index, rest))
    index++
    await rest()
}
