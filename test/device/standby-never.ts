// Never sleeps: says every ten seconds that it is there.

import * as ds from "@devicescript/core"
import { tell } from "./runs/tell.js"

const EVERY_MS = 10000

while (true) {
    tell("here", `${ds.millis()}`)
    await ds.sleep(EVERY_MS)
}
