// The slow decisions on the tracker's machine: the accelerometer's driver first, then each wake of the
// seeded streams goes to the host as a line.

import * as ds from "@devicescript/core"
import { Accelerometer } from "../../firmware/drivers/accelerometer.js"
import { BoardI2c } from "../../firmware/drivers/i2c.js"
import "../../firmware/hal.js"
import { DECISION_SEEDS, DecisionsRun } from "./runs/decisions-run.js"
import { tell } from "./runs/tell.js"

const part = new Accelerometer(new BoardI2c(), async (ms) => {
    await ds.sleep(ms)
})
const opened = await part.open(true)
tell("accelerometer", opened.kind === "latch" ? `latch ${opened.hasFired}` : opened.reason)
await ds.sleep(500)
const sample = await part.sample()
tell("accelerometer", sample.kind === "sample" ? `sample ${sample.mg.join(" ")}` : sample.reason)
const wrong = await part.selfTest(true)
tell("accelerometer", wrong === undefined ? "passed" : wrong.reason)

for (let seed = 1; seed <= DECISION_SEEDS; seed++) {
    const run = new DecisionsRun(seed)
    while (!run.isDone) {
        tell("line", run.next())
        await ds.sleep(1)
    }
}
tell("end", ".")
