// Thins seeded tracks on the tracker's machine and hands each line of decisions to the host.

import * as ds from "@devicescript/core"
import { tell } from "./runs/tell.js"
import { THIN_SEEDS, ThinRun } from "./runs/thin-run.js"

for (let seed = 1; seed <= THIN_SEEDS; seed++) {
    const run = new ThinRun(seed)
    while (!run.isDone) {
        tell("line", run.next())
        await ds.sleep(1)
    }
}
tell("end", ".")
