// When to wake next, and what for. Whatever is due first decides; whatever else is due by then is
// done in the same wake. A wake is a boot and costs a second and a half, so there is a budget of
// them: a fault that makes something due at once, or an interrupt that never rests, empties the
// budget and not the battery.

/** When each is due, in device seconds; -1: not at all. */
export interface Dues {
    heartbeatAtS: number
    uploadAtS: number
    lookAtS: number
    searchAtS: number
    scanAtS: number
    rebootAtS: number
}

export type WakeReason = "heartbeat" | "upload" | "look" | "search" | "scan" | "reboot" | "limit"

export interface NextWake {
    /** 1,000 to SLEEP_MAX_MS. */
    sleepMs: number
    /** What is due then; `limit` where a limit ends the sleep and nothing is due. */
    reason: WakeReason
}

/** What it remembers over a sleep. */
export interface WakeBudget {
    /** Wakes that are left. */
    left: number
    /** When the budget last grew, device seconds; -1: never. */
    grownAtS: number
}

/** The platform's timer counts milliseconds in 32 bits: 49.7 days. */
export const SLEEP_MAX_MS = 4294967295
/** A journey at a fix a minute, its looks and windows, is far within one wake in 15 s. */
const WAKE_EVERY_S = 15
const WAKES_MAX = 240
/** With the budget spent it sleeps at least so long. */
const SPENT_SLEEP_S = 300
const FIELDS = 2

export function newWakeBudget(): WakeBudget {
    return { left: WAKES_MAX, grownAtS: -1 }
}

export function wakeBudgetRow(budget: WakeBudget): number[] {
    return [budget.left, budget.grownAtS]
}

/** A new one where the row is of another version or cannot be. */
export function wakeBudgetOf(row: number[]): WakeBudget {
    if (row.length !== FIELDS) return newWakeBudget()
    for (const value of row) if (Math.floor(value) !== value) return newWakeBudget()
    const isPossible = row[0] >= 0 && row[0] <= WAKES_MAX && row[1] >= -1
    return isPossible ? { left: row[0], grownAtS: row[1] } : newWakeBudget()
}

/** To be called once in each boot, whatever its cause. */
export function takeWake(before: WakeBudget, atS: number): WakeBudget {
    const since = before.grownAtS < 0 ? 0 : Math.max(atS - before.grownAtS, 0)
    const grown = Math.floor(since / WAKE_EVERY_S)
    const left = Math.min(before.left + grown, WAKES_MAX)
    const isNew = before.grownAtS < 0 || left === WAKES_MAX
    const grownAtS = isNew ? atS : before.grownAtS + grown * WAKE_EVERY_S
    return { left: Math.max(left - 1, 0), grownAtS: grownAtS }
}

/** Whether motion may wake the board: not while the budget is spent. */
export function mayWakeOnMotion(budget: WakeBudget): boolean {
    return budget.left > 0
}

/**
 * How long to sleep, or for a tracker that stays awake to wait, and why it wakes. What is overdue
 * gives the shortest sleep.
 */
export function nextWake(atS: number, dues: Dues, budget: WakeBudget): NextWake {
    // Where several are due at once the first of these names the wake.
    const times = [
        dues.rebootAtS,
        dues.uploadAtS,
        dues.heartbeatAtS,
        dues.searchAtS,
        dues.lookAtS,
        dues.scanAtS,
    ]
    const reasons: WakeReason[] = ["reboot", "upload", "heartbeat", "search", "look", "scan"]
    let first = -1
    for (let i = 0; i < times.length; i++)
        if (times[i] >= 0 && (first < 0 || times[i] < times[first])) first = i
    if (first < 0) return { sleepMs: SLEEP_MAX_MS, reason: "limit" }
    const leastS = budget.left > 0 ? 1 : SPENT_SLEEP_S
    const sleepMs = Math.max(times[first] - atS, leastS) * 1000
    if (sleepMs > SLEEP_MAX_MS) return { sleepMs: SLEEP_MAX_MS, reason: "limit" }
    return { sleepMs: sleepMs, reason: reasons[first] }
}
