// When to speak. A heartbeat is due so long after the gateway last acknowledged anything; kept fixes
// wait for company no longer than the profile holds them; events do not wait. After a window in which
// nobody answered the pause doubles, however urgent: three days without a network cost some twenty
// windows.

import type { Profile } from "./profile.js"

/** What it remembers over a sleep. Times are device seconds, -1 for never. */
export interface Heartbeat {
    /** The gateway last acknowledged something. */
    heardAtS: number
    /** The last window, with or without an answer. */
    triedAtS: number
    /** Windows on end without an answer. */
    failures: number
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
const FIELDS = 3

export function newHeartbeat(): Heartbeat {
    return { heardAtS: -1, triedAtS: -1, failures: 0 }
}

export function heartbeatRow(heartbeat: Heartbeat): number[] {
    return [heartbeat.heardAtS, heartbeat.triedAtS, heartbeat.failures]
}

/** A new one where the row is of another version or cannot be. */
export function heartbeatOf(row: number[]): Heartbeat {
    if (row.length !== FIELDS || row[2] < 0) return newHeartbeat()
    for (const value of row) if (Math.floor(value) !== value || value < -1) return newHeartbeat()
    return { heardAtS: row[0], triedAtS: row[1], failures: row[2] }
}

/** When the next sign of life is due, device seconds; 0 where none was ever heard. */
export function heartbeatAtS(heartbeat: Heartbeat, profile: Profile): number {
    const due = heartbeat.heardAtS < 0 ? 0 : heartbeat.heardAtS + profile.heartbeatS
    return Math.max(due, notBeforeS(heartbeat))
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
    }
}

function notBeforeS(heartbeat: Heartbeat): number {
    if (heartbeat.failures === 0) return 0
    const pauseS = PAUSE_FIRST_S * 2 ** (heartbeat.failures - 1)
    return heartbeat.triedAtS + Math.min(pauseS, PAUSE_MAX_S)
}
