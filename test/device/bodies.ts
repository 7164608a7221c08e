// Runs the golden bodies on the tracker's machine and hands each line to the host.

import * as ds from "@devicescript/core"
import { bodyLines, FullReadings } from "./runs/bodies-run.js"
import { tell } from "./runs/tell.js"

let step = 0
let lines = bodyLines(step)
while (lines.length > 0) {
    for (const line of lines) tell("line", line)
    // The machine stops a program that takes too long over one breath.
    await ds.sleep(1)
    step++
    lines = bodyLines(step)
}
const full = new FullReadings()
while (full.next()) await ds.sleep(1)
tell("full", full.line())
tell("end", ".")
