// Gathers fixes into bodies: a body closes when it is full or when its first fix has waited long
// enough.

import { type Fix, FixBatchWriter } from "../../protocol/fix.js"

export class Reporter {
    private batch: FixBatchWriter | undefined = undefined
    private openedAtMs = 0
    private nextFix = 0

    /** `holdMs`: the longest that a fix waits for company. */
    constructor(private holdMs: number) {}

    /** The body that had to close to make room, or undefined. */
    add(fix: Fix, nowMs: number, thinned: number): Buffer | undefined {
        const open = this.batch
        if (open?.add(fix)) {
            this.nextFix++
            return undefined
        }
        const batch = new FixBatchWriter(this.nextFix)
        batch.add(fix)
        this.nextFix++
        this.batch = batch
        this.openedAtMs = nowMs
        return open === undefined ? undefined : open.body(thinned)
    }

    /** The body whose time has come, or undefined. */
    due(nowMs: number, thinned: number): Buffer | undefined {
        const open = this.batch
        if (open === undefined || nowMs - this.openedAtMs < this.holdMs) return undefined
        this.batch = undefined
        return open.body(thinned)
    }
}
