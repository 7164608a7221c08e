// When to listen for access points: once with each heartbeat's period, and where satellites fail at a
// place that has not been listened at yet. Never more often than SCAN_LEAST_S: a scan keeps the radio
// on for 13 channels. A scanner that cannot listen is asked once a day.

import { type AccessPoint, strongest } from "../../protocol/scan.js"
import type { Profile } from "./profile.js"
import type { Scanner } from "./scanner.js"

/** What it remembers over a sleep. Times are device seconds, -1 for never. */
export interface ScanPlan {
    scannedAtS: number
    /** Scans on end that could not be made. */
    deafScans: number
}

export interface ScanInput {
    /** The last search that ended without a fix; -1: the last one had one. */
    vainAtS: number
    /** When the last journey began or ended; -1: never. */
    movedAtS: number
}

export const SCAN_LEAST_S = 300
const DEAF_MAX = 3
const DEAF_PAUSE_S = 86400
const FIELDS = 2

export function newScanPlan(): ScanPlan {
    return { scannedAtS: -1, deafScans: 0 }
}

export function scanPlanRow(plan: ScanPlan): number[] {
    return [plan.scannedAtS, plan.deafScans]
}

/** A new one where the row is of another version or cannot be. */
export function scanPlanOf(row: number[]): ScanPlan {
    if (row.length !== FIELDS || row[1] < 0) return newScanPlan()
    for (const value of row) if (Math.floor(value) !== value || value < -1) return newScanPlan()
    return { scannedAtS: row[0], deafScans: row[1] }
}

/** When the next scan is due, device seconds; 0 before the first. */
export function scanAtS(plan: ScanPlan, input: ScanInput, profile: Profile): number {
    if (plan.scannedAtS < 0) return 0
    if (plan.deafScans >= DEAF_MAX) return plan.scannedAtS + DEAF_PAUSE_S
    const isElsewhere = input.movedAtS > plan.scannedAtS
    const isVain = input.vainAtS > plan.scannedAtS
    const everyS = isElsewhere && isVain ? SCAN_LEAST_S : profile.heartbeatS
    return plan.scannedAtS + Math.max(everyS, SCAN_LEAST_S)
}

/** What a scan made of the plan. `isHeard`: the scanner could listen, be it to nobody. */
export function scanEnded(before: ScanPlan, atS: number, isHeard: boolean): ScanPlan {
    const deafScans = isHeard ? 0 : Math.min(before.deafScans + 1, DEAF_MAX)
    return { scannedAtS: atS, deafScans: deafScans }
}

/** Listens: the strongest, or undefined where it could not. A scanner that throws could not. */
export async function listen(scanner: Scanner): Promise<AccessPoint[] | undefined> {
    try {
        const heard = await scanner.scan()
        return heard === undefined ? undefined : strongest(heard)
    } catch {
        return undefined
    }
}
