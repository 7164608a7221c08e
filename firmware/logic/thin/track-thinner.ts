// One stream of fixes, two channels: fewer fixes before smaller ones. What the history needs waits
// for the next live report and goes out with it; the report itself becomes a point of the history,
// so nothing is sent that is not part of the track.

import { HistoryThinner } from "./history.js"
import { LiveTrigger } from "./live.js"
import type { ThinFix } from "./thin-fix.js"

export interface Thinned<F> {
    /** To be sent sooner or later, oldest first, each once. */
    kept: F[]
    /** All that was kept and not sent yet is to go out now. */
    isReport: boolean
}

export class TrackThinner<F extends ThinFix> {
    private live: LiveTrigger
    private history: HistoryThinner<F>

    constructor(liveBoundM: number, historyBoundM: number) {
        this.live = new LiveTrigger(liveBoundM)
        this.history = new HistoryThinner<F>(historyBoundM)
    }

    add(fix: F): Thinned<F> {
        const last = this.history.anchor
        const kept = this.history.add(fix)
        if (!this.live.isDue(fix)) return { kept: kept, isReport: false }
        const pinned = this.history.pin()
        if (pinned !== undefined) kept.push(pinned)
        this.live.reported(fix, kept.length > 1 ? kept[kept.length - 2] : last)
        return { kept: kept, isReport: true }
    }

    /** The last fix, when the track ends here and it was not kept. */
    end(): F | undefined {
        return this.history.pin()
    }
}
