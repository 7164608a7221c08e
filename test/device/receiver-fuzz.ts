// Reads damaged receiver bytes on the tracker's machine and hands each line to the host.

import * as ds from "@devicescript/core"
import { ReceiverRun } from "./runs/receiver-run.js"
import { tell } from "./runs/tell.js"

/** Known to the test on Node, which reads the same. */
const SEEDS = 4
const SECONDS = 60

for (let seed = 1; seed <= SEEDS; seed++) {
    const run = new ReceiverRun(seed)
    for (let i = 0; i < SECONDS; i++) {
        run.begin()
        await ds.sleep(1)
        let line = run.next()
        while (line !== undefined) {
            tell("line", line)
            await ds.sleep(1)
            line = run.next()
        }
    }
}
tell("end", ".")
