// Now, on the clocks that a sensor node has.

import { type Instant, UPTIME_DS_MAX } from "../../protocol/body.js"

export interface Moment {
    /** Device clock: seconds since the battery was fitted. */
    atS: number
    /** Tenths of a second since boot. */
    uptimeDs: number
    /** Tenths of a second of UTC; undefined while the node has no time. */
    timeDs: number | undefined
}

export function instantOf(moment: Moment): Instant {
    return { timeDs: moment.timeDs, uptimeDs: Math.min(moment.uptimeDs, UPTIME_DS_MAX) }
}
