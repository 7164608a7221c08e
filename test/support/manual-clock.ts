import type { Clock } from "../../gateway/core/ports.js"
import { unixMs } from "../../protocol/units.js"

/** Stands still until it is moved. */
export class ManualClock implements Clock {
    constructor(public ms: number) {}

    nowMs() {
        return unixMs(this.ms)
    }
}
