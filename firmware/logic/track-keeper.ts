// Which fixes are sent. On the way and awake every second the track is thinned: what the history's
// bound needs is kept, and a report is due when whoever watches is off by more than the live bound.
// Of fixes that are a sleep apart each one is kept: a window of them would be lost in the sleep.

import type { Fix } from "../../protocol/fix.js"
import type { Profile } from "./profile.js"
import { HistoryThinner } from "./thin/history.js"
import { TrackThinner } from "./thin/track-thinner.js"

/** Nearer than this it does not pay to sleep between two fixes: a wake takes two seconds. */
export const CONTINUOUS_S = 30

export interface KeptFixes {
    /** Oldest first, each once. */
    kept: Fix[]
    /** All that was kept is to go out now. */
    isReport: boolean
}

/** The receiver stays on while moving. */
export function isContinuous(profile: Profile): boolean {
    return profile.fixEveryS < CONTINUOUS_S
}

/** Every fix is kept, parked or not. */
export function keepsAll(profile: Profile): boolean {
    return profile.historyBoundM === 0
}

/** The receiver is never switched off: there is power to keep every fix of every second. */
export function neverRests(profile: Profile): boolean {
    return keepsAll(profile) && profile.staysAwake
}

export class TrackKeeper {
    private both: TrackThinner<Fix> | undefined = undefined
    private history: HistoryThinner<Fix> | undefined = undefined
    private liveBoundM = -1
    private historyBoundM = -1

    /** Takes a fix of the track. */
    add(fix: Fix, profile: Profile): KeptFixes {
        const before = this.adapt(profile)
        const both = this.both
        const history = this.history
        const result: KeptFixes = { kept: before, isReport: false }
        if (both !== undefined) {
            const thinned = both.add(fix)
            for (const one of thinned.kept) before.push(one)
            result.isReport = thinned.isReport
        } else if (history !== undefined) {
            for (const one of history.add(fix)) before.push(one)
        } else before.push(fix)
        return result
    }

    /** The track ends here, or the program does: its last fix, where it was not kept. */
    end(): Fix[] {
        const last: Fix[] = []
        const both = this.both
        const history = this.history
        const fix =
            both !== undefined ? both.end() : history !== undefined ? history.pin() : undefined
        if (fix !== undefined) last.push(fix)
        this.both = undefined
        this.history = undefined
        this.liveBoundM = -1
        this.historyBoundM = -1
        return last
    }

    /** Other bounds end one track and begin the next. */
    private adapt(profile: Profile): Fix[] {
        const isThinned = isContinuous(profile) && !keepsAll(profile)
        const liveBoundM = isThinned ? profile.liveBoundM : 0
        const historyBoundM = isThinned ? profile.historyBoundM : 0
        if (liveBoundM === this.liveBoundM && historyBoundM === this.historyBoundM) return []
        const last = this.end()
        this.liveBoundM = liveBoundM
        this.historyBoundM = historyBoundM
        if (historyBoundM === 0) return last
        if (liveBoundM > 0) this.both = new TrackThinner<Fix>(liveBoundM, historyBoundM)
        else this.history = new HistoryThinner<Fix>(historyBoundM)
        return last
    }
}
