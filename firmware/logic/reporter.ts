// Gathers fixes into bodies: a body closes when it is full or when its first fix has waited long
// enough.

import { type Fix, FixBatchWriter } from "../../protocol/fix.js"
import { profileNumber } from "../../protocol/pack/profile.js"

/** Packed, and nothing of a fix lost: every column at its own quantum. */
const PROFILE = profileNumber({
    finePosition: true,
    fineTime: true,
    auxiliary: "fine",
    reception: true,
})

export class Reporter {
    private batch: FixBatchWriter | undefined = undefined
    private openedAtMs = 0
    /** Number after the last fix in a body that has closed. */
    closedFixes = 0

    /** `holdMs`: the longest that a fix waits for company. `nextFix`: number of the first fix. */
    constructor(
        public holdMs: number,
        private nextFix: number,
    ) {}

    /** The body that had to close to make room, or undefined. */
    add(fix: Fix, nowMs: number, thinned: number): Buffer | undefined {
        const open = this.batch
        if (open?.add(fix)) {
            this.nextFix++
            return undefined
        }
        this.closedFixes = this.nextFix
        const batch = new FixBatchWriter(this.nextFix, PROFILE)
        batch.add(fix)
        this.nextFix++
        this.batch = batch
        this.openedAtMs = nowMs
        return open === undefined ? undefined : open.body(thinned)
    }

    /** What has gathered is due now. */
    hurry(): void {
        this.openedAtMs = -this.holdMs
    }

    /** The body whose time has come, or undefined. */
    due(nowMs: number, thinned: number): Buffer | undefined {
        const open = this.batch
        if (open === undefined || nowMs - this.openedAtMs < this.holdMs) return undefined
        this.batch = undefined
        this.closedFixes = this.nextFix
        return open.body(thinned)
    }
}
