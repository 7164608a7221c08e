// Sleep and reboot. Both end the program: the chip goes through deep sleep and starts as after a
// reset, with nothing but flash and what is on the bus left. It wakes by its timer only; the runtime
// has no other wake-up, does not say why it started, and keeps no clock over the sleep, so whoever
// sleeps notes both where they last.

import * as ds from "@devicescript/core"

/** A 32-bit number of milliseconds: 49.7 days. */
const STANDBY_MAX_MS = 4294967295
/** Once the chip is told it is gone within 10 ms; a chip that is still there will not sleep. */
const GONE_MS = 1000

/**
 * Its client is bound while the program starts: one that is made when it is needed waits for the
 * binding, up to a second awake and with the radio on.
 */
const control = new ds.Control("control[int:0]")

/**
 * Sleeps `ms`, 1 to 4,294,967,295 (49.7 days; more is cut to that), and never returns: what follows
 * runs after the boot. A chip that does not obey within 1 s is rebooted.
 */
export async function standby(ms: number): Promise<void> {
    // Its command waits without end where the chip's own services do not answer.
    command.start(Math.max(1, Math.min(STANDBY_MAX_MS, Math.floor(ms))))
    await ds.sleep(GONE_MS)
    ds.reboot()
}

/** Starts anew at once; the program begins again 1.5 s later. */
export function reboot(): void {
    ds.reboot()
}

async function command(ms: number): Promise<void> {
    try {
        await control.standby(ms)
    } catch (e) {
        console.log(`standby: ${(e as Error).message}`)
    }
}
