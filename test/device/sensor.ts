// A sensor node's seeded weeks on the tracker's machine: hands each line of bodies to the host.

import * as ds from "@devicescript/core"
import { SENSOR_SEEDS, SensorRun } from "./runs/sensor-run.js"
import { tell } from "./runs/tell.js"

for (let seed = 1; seed <= SENSOR_SEEDS; seed++) {
    const run = new SensorRun(seed)
    while (!run.isDone) {
        tell("line", run.next())
        await ds.sleep(1)
    }
}
tell("end", ".")
