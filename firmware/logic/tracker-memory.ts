// All that the tracker's decisions remember over a sleep, as rows for the state store.

import { type LastKnown, lastKnownOf, lastKnownRow } from "./aiding.js"
import { type ClockMemory, clockOf, clockRow } from "./device-clock.js"
import { type EnergyMeter, meterOf, meterRow } from "./energy-meter.js"
import { type FenceWatch, fenceWatchOf, fenceWatchRow } from "./fence-watch.js"
import { type Forecaster, forecasterOf, forecasterRow } from "./forecast.js"
import { type Governor, governorOf, governorRow } from "./governor.js"
import { type Heartbeat, heartbeatOf, heartbeatRow } from "./heartbeat.js"
import { type Motion, motionOf, motionRow } from "./motion-memory.js"
import { type ReceiverMemory, receiverOf, receiverRow } from "./receiver-memory.js"
import { type ScanPlan, scanPlanOf, scanPlanRow } from "./scan-plan.js"
import { type WakeBudget, wakeBudgetOf, wakeBudgetRow } from "./schedule.js"
import { type Search, searchOf, searchRow } from "./search-memory.js"
import { NEVER_TESTED } from "./self-test.js"

/** What no single decision owns. Device seconds, -1 for never; flags as 0 and 1. */
export interface Notes {
    /** Program starts since the battery was fitted. */
    boots: number
    /** When a status was last made. */
    statusAtS: number
    /** When the oldest fix in no record was kept, and the oldest event that waits was made. */
    keptAtS: number
    eventAtS: number
    /** When the last search ended in vain, and when the last journey began or ended. */
    vainAtS: number
    movedAtS: number
    /** The order for `live` that the governor has granted, as UTC in seconds. */
    liveOrderS: number
    /** What the model had metered when governor and forecast were last told, in uAs. */
    meteredUas: number
    isJammed: number
    isSpoofed: number
    isBatteryLow: number
    isEndTold: number
    /** Motion could end the sleep that was begun last. */
    isArmed: number
    /** A sum of StatusFault, as last told. */
    faultsTold: number
    /** Exceptions that were caught since the last status. */
    exceptions: number
    /** The program that the self-test has tested last (self-test.ts). */
    selfTested: number
}

export interface TrackerMemory {
    clock: ClockMemory
    motion: Motion
    search: Search
    heartbeat: Heartbeat
    wakes: WakeBudget
    scans: ScanPlan
    governor: Governor
    forecaster: Forecaster
    meter: EnergyMeter
    known: LastKnown
    receiver: ReceiverMemory
    fences: FenceWatch
    notes: Notes
}

const NOTES = 16

export function trackerMemoryOf(rows: number[][]): TrackerMemory {
    const row = (index: number) => (index < rows.length ? rows[index] : [])
    return {
        clock: clockOf(row(0)),
        motion: motionOf(row(1)),
        search: searchOf(row(2)),
        heartbeat: heartbeatOf(row(3)),
        wakes: wakeBudgetOf(row(4)),
        scans: scanPlanOf(row(5)),
        governor: governorOf(row(6)),
        forecaster: forecasterOf(row(7)),
        meter: meterOf(row(8)),
        known: lastKnownOf(row(9)),
        receiver: receiverOf(row(10)),
        fences: fenceWatchOf(row(11)),
        notes: notesOf(row(12)),
    }
}

export function trackerRows(memory: TrackerMemory): number[][] {
    return [
        clockRow(memory.clock),
        motionRow(memory.motion),
        searchRow(memory.search),
        heartbeatRow(memory.heartbeat),
        wakeBudgetRow(memory.wakes),
        scanPlanRow(memory.scans),
        governorRow(memory.governor),
        forecasterRow(memory.forecaster),
        meterRow(memory.meter),
        lastKnownRow(memory.known),
        receiverRow(memory.receiver),
        fenceWatchRow(memory.fences),
        notesRow(memory.notes),
    ]
}

function notesRow(notes: Notes): number[] {
    return [
        notes.boots,
        notes.statusAtS,
        notes.keptAtS,
        notes.eventAtS,
        notes.vainAtS,
        notes.movedAtS,
        notes.liveOrderS,
        notes.meteredUas,
        notes.isJammed,
        notes.isSpoofed,
        notes.isBatteryLow,
        notes.isEndTold,
        notes.isArmed,
        notes.faultsTold,
        notes.exceptions,
        notes.selfTested,
    ]
}
function notesOf(given: number[]): Notes {
    const none = [0, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, NEVER_TESTED]
    const row = given.length === NOTES ? given : none
    return {
        boots: row[0],
        statusAtS: row[1],
        keptAtS: row[2],
        eventAtS: row[3],
        vainAtS: row[4],
        movedAtS: row[5],
        liveOrderS: row[6],
        meteredUas: row[7],
        isJammed: row[8],
        isSpoofed: row[9],
        isBatteryLow: row[10],
        isEndTold: row[11],
        isArmed: row[12],
        faultsTold: row[13],
        exceptions: row[14],
        selfTested: row[15],
    }
}
