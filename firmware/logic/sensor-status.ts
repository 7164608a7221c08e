// How a sensor node is: what it has of a tracker's status.

import { encodeStatus, STATUS_HASH_BYTES, StatusFault } from "../../protocol/status.js"
import { instantOf, type Moment } from "./sensor-moment.js"

/** Between two, in seconds. */
export const STATUS_EVERY_S = 21600

export interface NodeState {
    /** Undefined where there is no gauge. */
    batteryMv: number | undefined
    /** Records that wait for an ack. */
    queued: number
    thinned: number
    /** Program starts since the battery was fitted. */
    boots: number
    /** A ResetCause. */
    resetCause: number
    /** SHA-256; empty when unknown. */
    programHash: Buffer
    hasSensorFault: boolean
    /** The queue is in FRAM. */
    isLasting: boolean
    /** An exception was caught since the last status. */
    hasException: boolean
}

export function statusBody(state: NodeState, moment: Moment): Buffer {
    let faults = 0
    if (state.hasSensorFault) faults += StatusFault.sensor
    if (!state.isLasting) faults += StatusFault.noFram
    if (state.hasException) faults += StatusFault.exception
    if (moment.timeDs === undefined) faults += StatusFault.noTime
    const hash = state.programHash
    return encodeStatus({
        kind: "status",
        instant: instantOf(moment),
        batteryMv: state.batteryMv,
        queued: state.queued,
        thinned: state.thinned,
        boots: state.boots,
        resetCause: state.resetCause,
        programHash: hash.length === 0 ? undefined : hash.slice(0, STATUS_HASH_BYTES),
        faults: faults,
    })
}
