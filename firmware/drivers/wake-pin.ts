// A pin that wakes a part by a pulse: EXTINT of a receiver in standby, which its bus cannot wake. The
// program's twin is told; on a chip nobody listens there, and the pin itself does it.

import * as ds from "@devicescript/core"
import "@devicescript/gpio"
import { tellTwin } from "../hal.js"

interface Natives {
    gpio(pin: number): ds.OutputPin
}

const TOPIC = "pulse"
/** The receivers take an edge; the pulse is long for any of them. */
const PULSE_MS = 2

export class WakePin {
    /** `pin`: the chip's own number of it. */
    constructor(private pin: number) {}

    async pulse(): Promise<void> {
        tellTwin(TOPIC, Buffer.from([this.pin]))
        if (ds.isSimulator()) return
        const output = (ds as unknown as Natives).gpio(this.pin)
        output.setMode(ds.GPIOMode.Output)
        output.write(1)
        await ds.sleep(PULSE_MS)
        output.write(0)
    }
}
