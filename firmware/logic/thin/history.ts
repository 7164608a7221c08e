// The history channel: which fixes to keep so that the track can be drawn again within a bound.
// Opening window on the synchronised (time-aware) Euclidean distance; N. Meratnia and R. de By,
// "Spatiotemporal compression techniques for moving point objects", EDBT 2004. A fix is kept as soon
// as the straight line from the last kept one to the newest would miss one in between by more than
// the bound, each compared with where the line is at its own time.
//
// The line is straight in longitude, latitude and time. Work and memory for a fix are bounded by
// the window.

import { eastMPerUdeg, northMPerUdeg, wrapUdeg } from "./ellipsoid.js"
import { BOUND_SHARE, type ThinFix } from "./thin-fix.js"

/** Fixes that may be left out between two kept ones: a minute at 1 Hz. 60 fixes of some 200 bytes are
 * 12 KB of the 64 KB heap. */
export const HISTORY_WINDOW_MAX = 60

export class HistoryThinner<F extends ThinFix> {
    /** The last kept fix. */
    anchor: F | undefined = undefined
    /** What came after it, oldest first; the last of them is the newest fix. */
    private window: F[] = []
    private boundSq: number
    private northM = 0
    private eastM = 0
    /** Smallest distance from the equator in the window: there a degree of longitude is longest. */
    private leastLatUdeg = 0

    /** `boundM`: the largest synchronised error, in metres. */
    constructor(boundM: number) {
        const bound = boundM * BOUND_SHARE
        this.boundSq = bound * bound
    }

    /**
     * Takes the next fix; what is to be kept because of it, oldest first. The first fix is kept at
     * once. A fix that is not later than the one before (the receiver's clock was set) starts anew:
     * both are kept.
     */
    add(fix: F): F[] {
        const anchor = this.anchor
        if (anchor === undefined) {
            this.restart(fix)
            return [fix]
        }
        const window = this.window
        const newest = window.length > 0 ? window[window.length - 1] : anchor
        if (fix.timeDs <= newest.timeDs) {
            this.restart(fix)
            return newest === anchor ? [fix] : [newest, fix]
        }
        this.widen(fix)
        if (window.length < HISTORY_WINDOW_MAX && this.isCovered(anchor, fix)) {
            window.push(fix)
            return []
        }
        this.restart(newest)
        this.widen(fix)
        this.window.push(fix)
        return [newest]
    }

    /** Keeps the newest fix now; undefined when it is kept already. Also ends a track. */
    pin(): F | undefined {
        const newest = this.window.pop()
        if (newest === undefined) return undefined
        this.restart(newest)
        return newest
    }

    private restart(anchor: F): void {
        this.anchor = anchor
        this.window = []
        this.leastLatUdeg = Math.abs(anchor.latUdeg)
        this.northM = northMPerUdeg(anchor.latUdeg)
        this.eastM = eastMPerUdeg(anchor.latUdeg)
    }

    private widen(fix: F): void {
        const latUdeg = Math.abs(fix.latUdeg)
        if (latUdeg >= this.leastLatUdeg) return
        this.leastLatUdeg = latUdeg
        this.eastM = eastMPerUdeg(latUdeg)
    }

    /** Whether the line from the anchor to `end` passes all in the window within the bound. */
    private isCovered(anchor: F, end: F): boolean {
        const spanDs = end.timeDs - anchor.timeDs
        const north = (end.latUdeg - anchor.latUdeg) / spanDs
        const east = wrapUdeg(end.lonUdeg - anchor.lonUdeg) / spanDs
        for (const fix of this.window) {
            const sinceDs = fix.timeDs - anchor.timeDs
            const northOff = (fix.latUdeg - anchor.latUdeg - north * sinceDs) * this.northM
            const eastOff =
                wrapUdeg(wrapUdeg(fix.lonUdeg - anchor.lonUdeg) - east * sinceDs) * this.eastM
            if (northOff * northOff + eastOff * eastOff > this.boundSq) return false
        }
        return true
    }
}
