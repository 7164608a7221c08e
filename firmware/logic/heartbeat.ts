// When to speak. A heartbeat is due so long after the gateway last acknowledged anything; kept fixes
// wait for company no longer than the profile holds them; events do not wait. After a window in which
// nobody answered the pause doubles, however urgent: three days without a network cost some twenty
// windows.
//
// The device's clock stands still over a sleep that motion cuts short (device-clock.ts): that sleep may
// have lasted until its planned end, so the sign of life is due by so much earlier. What it is early by
// is kept small by sleeping in shorter stretches while motion may wake.

import type { Profile } from "./profile.js"

/** What it remembers over a sleep. Times are device seconds, -1 for never. */
export interface Heartbeat {
    /** The gateway last acknowledged something. */
    heardAtS: number
    /** The last window, with or without an answer. */
    triedAtS: number
    /** Windows on end without an answer. */
    failures: number
    /** Since it was last heard, what may have passed unseen in sleeps that were cut short, in seconds. */
    unseenS: number
}

/** What waits to be sent. */
export interface Waiting {
    /** When the oldest fix that was kept and not sent was taken; -1: none waits. */
    fixAtS: number
    /** Likewise the oldest event, or an answer to a command. */
    eventAtS: number
}

const PAUSE_FIRST_S = 60
/** Six hours: a tracker that comes home in the evening is heard in the night. */
const PAUSE_MAX_S = 21600
const DOUBLINGS_MAX = 16
/**
 * Stretches of sleep in a heartbeat while motion may wake. Each costs a wake of 0.014 mAh, and a knock
 * brings the sign of life (0.12) forward by one. Nine weeks of `normal` with three knocks a day, on the
 * simulator's own count: 288 mAh parked with 3, 291 with 4, 307 with 8.
 */
const STRETCHES = 3
const STRETCH_LEAST_S = 60
const FIELDS = 4

export function newHeartbeat(): Heartbeat {
    return { heardAtS: -1, triedAtS: -1, failures: 0, unseenS: 0 }
}

export function heartbeatRow(heartbeat: Heartbeat): number[] {
    return [heartbeat.heardAtS, heartbeat.triedAtS, heartbeat.failures, heartbeat.unseenS]
}

/** A new one where the row is of another version or cannot be. */
export function heartbeatOf(row: number[]): Heartbeat {
    if (row.length !== FIELDS || row[2] < 0 || row[3] < 0) return newHeartbeat()
    for (const value of row) if (Math.floor(value) !== value || value < -1) return newHeartbeat()
    return { heardAtS: row[0], triedAtS: row[1], failures: row[2], unseenS: row[3] }
}

/** When the next sign of life is due, device seconds; 0 where none was ever heard. */
export function heartbeatAtS(heartbeat: Heartbeat, profile: Profile): number {
    const heardAtS = heartbeat.heardAtS
    const due = heardAtS < 0 ? 0 : heardAtS + profile.heartbeatS - heartbeat.unseenS
    return Math.max(due, notBeforeS(heartbeat))
}

/** The longest sleep that motion may cut short, in seconds. */
export function stretchS(profile: Profile): number {
    return Math.max(Math.floor(profile.heartbeatS / STRETCHES), STRETCH_LEAST_S)
}

/** Motion has ended a sleep of `plannedS` seconds at an unknown time. */
export function sleepCutShort(before: Heartbeat, plannedS: number): Heartbeat {
    return {
        heardAtS: before.heardAtS,
        triedAtS: before.triedAtS,
        failures: before.failures,
        unseenS: before.unseenS + plannedS,
    }
}

/** The clock has been set forward: what passed unseen is in its time from here on. */
export function clockCaughtUp(before: Heartbeat): Heartbeat {
    return {
        heardAtS: before.heardAtS,
        triedAtS: before.triedAtS,
        failures: before.failures,
        unseenS: 0,
    }
}

/** When what waits is due to go out, device seconds; -1 where nothing waits. */
export function uploadAtS(heartbeat: Heartbeat, waiting: Waiting, profile: Profile): number {
    let due = -1
    if (waiting.fixAtS >= 0) due = waiting.fixAtS + profile.holdS
    if (waiting.eventAtS >= 0 && (due < 0 || waiting.eventAtS < due)) due = waiting.eventAtS
    return due < 0 ? -1 : Math.max(due, notBeforeS(heartbeat))
}

/** A window has closed. `isHeard`: the gateway acknowledged something in it. */
export function windowEnded(before: Heartbeat, atS: number, isHeard: boolean): Heartbeat {
    return {
        heardAtS: isHeard ? atS : before.heardAtS,
        triedAtS: atS,
        failures: isHeard ? 0 : Math.min(before.failures + 1, DOUBLINGS_MAX),
        unseenS: isHeard ? 0 : before.unseenS,
    }
}

function notBeforeS(heartbeat: Heartbeat): number {
    if (heartbeat.failures === 0) return 0
    const pauseS = PAUSE_FIRST_S * 2 ** (heartbeat.failures - 1)
    return heartbeat.triedAtS + Math.min(pauseS, PAUSE_MAX_S)
}
