// Gathers readings into bodies: a body closes when it is full, when its first reading has waited long
// enough, and at once where a threshold was crossed. What crossed a threshold, and a part that fails
// or works again, is told by an event besides, once.

import { type Instant, UPTIME_DS_MAX } from "../../protocol/body.js"
import { MessageType } from "../../protocol/envelope.js"
import { type DeviceEvent, EventKind, encodeEvent } from "../../protocol/event.js"
import { READING_SIDE_EVENT, ReadingBatchWriter } from "../../protocol/reading.js"
import { StatusFault } from "../../protocol/status.js"
import {
    isSampleDue,
    newSampleMemory,
    SampleFault,
    type SampleMemory,
    type SampleRule,
    sampled,
    sampleMemoryOf,
    sampleRow,
} from "./sampling.js"
import type { Measured } from "./sensor-part.js"

/** Now, on the clocks that a board has. */
export interface Moment {
    /** Device clock: seconds since the battery was fitted. */
    atS: number
    /** Tenths of a second since boot. */
    uptimeDs: number
    /** Tenths of a second of UTC; undefined while the node has no time. */
    timeDs: number | undefined
}

/** A body to be sealed, and as what. */
export interface Post {
    /** A MessageType. */
    type: number
    body: Buffer
}

export class SensorReporter {
    /** The longest that a reading waits for company, in seconds. */
    holdS: number
    private rules: SampleRule[]
    private memories: SampleMemory[]
    private batch: ReadingBatchWriter | undefined = undefined
    private openedAtS = 0
    private openedAtDs = 0
    private isHurried = false

    /** `rows`: what `rows()` gave before a sleep, in any order; rows of other quantities are dropped. */
    constructor(rules: SampleRule[], rows: number[][], holdS: number) {
        this.holdS = holdS
        this.rules = ascending(rules)
        this.memories = []
        for (const rule of this.rules) this.memories.push(memoryIn(rows, rule.quantity))
    }

    /** The quantities to be measured now, ascending. */
    dueQuantities(atS: number): number[] {
        const due: number[] = []
        for (let i = 0; i < this.rules.length; i++) {
            if (this.isHurried || isSampleDue(this.rules[i], this.memories[i], atS))
                due.push(this.rules[i].quantity)
        }
        return due
    }

    /** When `dueQuantities` or `due` has something next; undefined for a node that measures nothing. */
    nextAtS(): number | undefined {
        let nextAtS = this.batch === undefined ? undefined : this.openedAtS + this.holdS
        for (const memory of this.memories)
            if (nextAtS === undefined || memory.dueAtS < nextAtS) nextAtS = memory.dueAtS
        return nextAtS
    }

    /**
     * What the parts gave for the due quantities. A quantity that is missing from `measured` counts
     * as one whose part did not answer.
     */
    take(quantities: number[], measured: Measured[], moment: Moment): Post[] {
        const posts: Post[] = []
        let isUrgent = this.isHurried
        this.isHurried = false
        for (let i = 0; i < this.rules.length; i++) {
            const rule = this.rules[i]
            if (quantities.indexOf(rule.quantity) < 0) continue
            const value = valueIn(measured, rule.quantity)
            const outcome = sampled(rule, this.memories[i], value, moment.atS)
            const memory = outcome.memory
            this.memories[i] = memory
            if (outcome.isFaultChanged) {
                const fails = memory.fault === SampleFault.none ? 0 : 1
                const what = [StatusFault.sensor, fails, rule.quantity, memory.fault]
                posts.push(eventPost(moment, EventKind.partFault, what))
            }
            if (outcome.isSideChanged) {
                isUrgent = true
                const what = [rule.quantity, memory.side, memory.last]
                posts.push(eventPost(moment, READING_SIDE_EVENT, what))
            }
            if (!outcome.isReported) continue
            const full = this.add(rule.quantity, memory.last, moment)
            if (full !== undefined) posts.push(full)
        }
        if (isUrgent) this.close(posts)
        return posts
    }

    /** The body whose time has come. */
    due(atS: number): Post[] {
        const posts: Post[] = []
        const waitedS = atS - this.openedAtS
        if (waitedS >= this.holdS || waitedS < 0) this.close(posts)
        return posts
    }

    /** Everything is to be measured and sent now, whatever the rules say of its time. */
    hurry(): void {
        this.isHurried = true
    }

    /** Nothing waits in here that a reset would lose. */
    isEmpty(): boolean {
        return this.batch === undefined
    }

    /** Some part fails. */
    hasFault(): boolean {
        for (const memory of this.memories) if (memory.fault !== SampleFault.none) return true
        return false
    }

    /** The last value of a quantity, in quanta; undefined where there is none. */
    lastOf(quantity: number): number | undefined {
        for (const memory of this.memories)
            if (memory.quantity === quantity && memory.repeats > 0) return memory.last
        return undefined
    }

    /** What is to outlive a sleep. */
    rows(): number[][] {
        const rows: number[][] = []
        for (const memory of this.memories) rows.push(sampleRow(memory))
        return rows
    }

    /** The body that had to close to make room, or undefined. */
    private add(quantity: number, value: number, moment: Moment): Post | undefined {
        const open = this.batch
        const afterDs = moment.uptimeDs - this.openedAtDs
        if (open?.add({ quantity: quantity, afterDs: afterDs, value: value })) return undefined
        const batch = new ReadingBatchWriter(instantOf(moment))
        batch.add({ quantity: quantity, afterDs: 0, value: value })
        this.batch = batch
        this.openedAtS = moment.atS
        this.openedAtDs = moment.uptimeDs
        if (open === undefined) return undefined
        return { type: MessageType.telemetry, body: open.body() }
    }

    private close(posts: Post[]): void {
        const open = this.batch
        if (open === undefined) return
        this.batch = undefined
        posts.push({ type: MessageType.telemetry, body: open.body() })
    }
}

export function instantOf(moment: Moment): Instant {
    return { timeDs: moment.timeDs, uptimeDs: Math.min(moment.uptimeDs, UPTIME_DS_MAX) }
}

function eventPost(moment: Moment, kind: number, args: number[]): Post {
    const event: DeviceEvent = {
        kind: "event",
        instant: instantOf(moment),
        event: kind,
        args: args,
    }
    return { type: MessageType.event, body: encodeEvent(event) }
}

function valueIn(measured: Measured[], quantity: number): number | undefined {
    for (const one of measured) if (one.quantity === quantity) return one.value
    return undefined
}

function memoryIn(rows: number[][], quantity: number): SampleMemory {
    for (const row of rows) {
        const memory = sampleMemoryOf(quantity, row)
        if (memory !== undefined) return memory
    }
    return newSampleMemory(quantity)
}

/** By quantity: readings of one moment then share their times. There are few, so each is looked for. */
function ascending(rules: SampleRule[]): SampleRule[] {
    const sorted: SampleRule[] = []
    let quantity = 0
    while (sorted.length < rules.length) {
        let next: SampleRule | undefined
        for (const rule of rules) {
            if (rule.quantity <= quantity) continue
            if (next === undefined || rule.quantity < next.quantity) next = rule
        }
        if (next === undefined) return sorted
        sorted.push(next)
        quantity = next.quantity
    }
    return sorted
}
