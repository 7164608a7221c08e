// The gateway's time, as well as a console can know it: the newest of what its messages said, and
// the steady time that has passed here since. The browser's own date plays no part, so an operator's
// wrong clock cannot make a position look young.
//
// A message that was held up on its way carries an old time. Taking it would set the estimate back
// and make every age too small, so the estimate only ever moves forward within one run. If the
// gateway's clock is set back, ages read too old until it starts again: the safe side.

import { type UnixMs, unixMs } from "../../protocol/units.js"

export interface GatewayClock {
    /** Gateway time minus steady time, in milliseconds. */
    offsetMs: number
}

/** The estimate after a message said `atMs` and was heard at `steadyMs`. */
export function hearClock(
    previous: GatewayClock | null,
    atMs: UnixMs,
    steadyMs: number,
): GatewayClock {
    const offsetMs = atMs - steadyMs
    return previous !== null && previous.offsetMs >= offsetMs ? previous : { offsetMs }
}

/** Gateway time at a steady instant, null until a message was heard. */
export function gatewayNow(clock: GatewayClock | null, steadyMs: number): UnixMs | null {
    return clock === null ? null : unixMs(clock.offsetMs + steadyMs)
}
