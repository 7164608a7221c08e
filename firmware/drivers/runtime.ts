// What the runtime gives to every program: its clock, its pauses and its console.

import * as ds from "@devicescript/core"

/** Milliseconds since the board was reset. */
export function uptimeMs(): number {
    return ds.millis()
}

/** Lets other fibers run meanwhile. */
export async function sleep(ms: number): Promise<void> {
    await ds.sleep(ms)
}

/** A line on the board's console; more than about 300 characters are cut. */
export function say(line: string): void {
    console.log(line)
}
