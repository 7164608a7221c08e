// Readings that wait for company in one body. Their times are differences: by UTC where the node knows
// it, else by the uptime, which no sleep survives. So a batch with UTC is kept over a sleep, as rows, and
// one without has to be closed before.

import type { Instant } from "../../protocol/body.js"
import { TIME_DS_END } from "../../protocol/limits.js"
import { ReadingBatchWriter } from "../../protocol/reading.js"
import { instantOf, type Moment } from "./sensor-moment.js"

/** What holds its place while UTC is unknown, so that a body cannot outgrow its limit by it. */
const PLACE_OF_TIME_DS = TIME_DS_END - 1
/** Rows of readings, and readings in a row: three numbers each, of the 64 that a row may have. */
export const BATCH_ROWS = 3
const ROW_READINGS = 21
const READING_NUMBERS = 3
const HEAD_NUMBERS = 2

export class OpenBatch {
    /** When the first reading was taken, on the device's clock. */
    openedAtS: number
    private instant: Instant
    private hasTime: boolean
    private writer: ReadingBatchWriter
    private numbers: number[] = []

    constructor(opened: Moment) {
        this.openedAtS = opened.atS
        this.instant = instantOf(opened)
        this.hasTime = opened.timeDs !== undefined
        if (!this.hasTime) this.instant.timeDs = PLACE_OF_TIME_DS
        this.writer = new ReadingBatchWriter(this.instant)
    }

    /** False where it does not fit any more, or cannot be placed: close this and begin another. */
    add(quantity: number, value: number, moment: Moment): boolean {
        this.learnTime(moment)
        const afterDs = this.afterDs(moment)
        const isFull = this.numbers.length >= BATCH_ROWS * ROW_READINGS * READING_NUMBERS
        if (isFull || afterDs < 0) return false
        if (!this.writer.add({ quantity: quantity, afterDs: afterDs, value: value })) return false
        this.numbers.push(quantity)
        this.numbers.push(afterDs)
        this.numbers.push(value)
        return true
    }

    /** The body; nothing can be added any more. */
    close(moment: Moment): Buffer {
        this.learnTime(moment)
        if (!this.hasTime) this.instant.timeDs = undefined
        return this.writer.body()
    }

    /** What is to outlive a sleep; none where the batch cannot. */
    rows(): number[][] {
        const timeDs = this.instant.timeDs
        if (!this.hasTime || timeDs === undefined) return []
        const rows: number[][] = [[this.openedAtS, timeDs]]
        const size = ROW_READINGS * READING_NUMBERS
        for (let at = 0; at < this.numbers.length; at += size)
            rows.push(this.numbers.slice(at, Math.min(at + size, this.numbers.length)))
        return rows
    }

    /** Of a start before: the uptime is another's now. */
    forgetUptime(): void {
        this.instant.uptimeDs = undefined
    }

    /** What was opened without UTC gets it as soon as it is known. */
    private learnTime(moment: Moment): void {
        const openedDs = this.instant.uptimeDs
        if (this.hasTime || moment.timeDs === undefined || openedDs === undefined) return
        this.instant.timeDs = moment.timeDs - (moment.uptimeDs - openedDs)
        this.hasTime = true
    }

    /** From the batch's instant on, in tenths of a second; -1 where no clock tells. */
    private afterDs(moment: Moment): number {
        const timeDs = this.instant.timeDs
        if (this.hasTime && timeDs !== undefined && moment.timeDs !== undefined)
            return moment.timeDs - timeDs
        const openedDs = this.instant.uptimeDs
        return openedDs === undefined ? -1 : moment.uptimeDs - openedDs
    }
}

/** As `rows` gave it; undefined where the rows are none, or do not make a batch. */
export function batchOf(rows: number[][]): OpenBatch | undefined {
    if (rows.length < 2 || rows.length > 1 + BATCH_ROWS || rows[0].length !== HEAD_NUMBERS)
        return undefined
    const timeDs = rows[0][1]
    if (timeDs <= 0 || timeDs >= TIME_DS_END) return undefined
    const batch = new OpenBatch({ atS: rows[0][0], uptimeDs: 0, timeDs: timeDs })
    // First: what has just fitted into a body must fit again.
    batch.forgetUptime()
    for (const row of rows.slice(1)) {
        for (let at = 0; at + READING_NUMBERS <= row.length; at += READING_NUMBERS) {
            const moment = { atS: 0, uptimeDs: 0, timeDs: timeDs + row[at + 1] }
            if (!batch.add(row[at], row[at + 2], moment)) return undefined
        }
    }
    return batch
}
