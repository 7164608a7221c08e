// Runs the golden vectors on the tracker's machine and hands each line to the host.

import * as ds from "@devicescript/core"
import { boardAead, hkdf } from "../../firmware/drivers/crypto.js"
import { tell } from "./runs/tell.js"
import { vectorResults } from "./runs/vectors-run.js"

for (const line of vectorResults(boardAead(), hkdf)) {
    tell("line", line)
    await ds.sleep(1)
}
tell("end", ".")
