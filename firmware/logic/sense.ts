// What the board senses between two ticks: all that the cycle of decisions goes by.

import type { Fix } from "../../protocol/fix.js"
import type { AccessPoint } from "../../protocol/scan.js"
import type { PartTest } from "./self-test-bench.js"
import type { ReceiverSignal } from "./signal.js"

/** What the board says at a tick. */
export interface Sense {
    /** Milliseconds of this boot. */
    uptimeMs: number
    /** Fixes since the tick before, oldest first. */
    fixes: Fix[]
    signal: ReceiverSignal
    hasAccelerometer: boolean
    /** The accelerometer's latch had fired; it has been cleared. */
    isLatched: boolean
    /** In millivolts; 0 where it was not read. */
    batteryMv: number
    /** In 1/256 percent; -1 where it was not read, or there is no gauge. */
    charge: number
    hasGauge: boolean
    /** Sockets can be opened. */
    isJoined: boolean
    isUp: boolean
    isDown: boolean
    /** Since the tick before. */
    acks: number
    joins: number
    messages: number
    exceptions: number
    /** Records that wait for an ack. */
    queued: number
    thinned: number
    /** Fixes that are in no record yet. */
    kept: number
    /** What a scan that was asked for heard; undefined where none has ended. */
    scan: ScanOutcome | undefined
    /** Tests of parts that have ended since the tick before. */
    tested: PartTest[]
}

export interface ScanOutcome {
    /** Undefined where the scanner could not listen. */
    heard: AccessPoint[] | undefined
}
