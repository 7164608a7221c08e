// Gathers readings into bodies: a body closes when it is full, when its first reading has waited long
// enough, and at once where a threshold was crossed. What crossed a threshold, and a part that fails
// or works again, is told by an event besides, once.

import { MessageType } from "../../protocol/envelope.js"
import { type DeviceEvent, EventKind, encodeEvent } from "../../protocol/event.js"
import { READING_SIDE_EVENT } from "../../protocol/reading.js"
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
import { batchOf, OpenBatch } from "./sensor-batch.js"
import { instantOf, type Moment } from "./sensor-moment.js"
import type { Measured } from "./sensor-part.js"

/** A body to be sealed, and as what. */
export interface Post {
    /** A MessageType. */
    type: number
    body: Buffer
    /** Of a body of readings, what `batchRows` gave of it: so the node knows whether it went out. */
    batch: number[][]
}

export class SensorReporter {
    /** The longest that a reading waits for company, in seconds. */
    holdS: number
    private rules: SampleRule[]
    private memories: SampleMemory[]
    private batch: OpenBatch | undefined = undefined
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
        const sampleAtS = this.sampleAtS()
        const closeAtS = this.closeAtS()
        if (closeAtS === undefined) return sampleAtS
        return sampleAtS === undefined ? closeAtS : Math.min(sampleAtS, closeAtS)
    }

    /** When the next sample is due; undefined for a node that measures nothing. */
    sampleAtS(): number | undefined {
        let nextAtS: number | undefined
        for (const memory of this.memories)
            if (nextAtS === undefined || memory.dueAtS < nextAtS) nextAtS = memory.dueAtS
        return nextAtS
    }

    /** When the first reading will have waited long enough; undefined where none waits. */
    closeAtS(): number | undefined {
        return this.batch === undefined ? undefined : this.batch.openedAtS + this.holdS
    }

    /** This quantity is to be measured at once, whatever its rule says. */
    hasten(quantity: number): void {
        for (const memory of this.memories) if (memory.quantity === quantity) memory.dueAtS = -1
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
        if (isUrgent) this.close(posts, moment)
        return posts
    }

    /** The body whose time has come. */
    due(moment: Moment): Post[] {
        const posts: Post[] = []
        const closeAtS = this.closeAtS()
        // The second: the clock has gone back.
        if (
            closeAtS !== undefined &&
            (moment.atS >= closeAtS || closeAtS - moment.atS > this.holdS)
        )
            this.close(posts, moment)
        return posts
    }

    /** What waits for company waits no longer. */
    flush(moment: Moment): Post[] {
        const posts: Post[] = []
        this.close(posts, moment)
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

    /** What waits in here, as rows that outlive a sleep; none where nothing waits or it cannot. */
    batchRows(): number[][] {
        return this.batch === undefined ? [] : this.batch.rows()
    }

    /** Goes on with what `batchRows` gave before a sleep. */
    restore(rows: number[][]): void {
        this.batch = batchOf(rows)
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
        if (open?.add(quantity, value, moment)) return undefined
        const batch = new OpenBatch(moment)
        batch.add(quantity, value, moment)
        this.batch = batch
        return open === undefined ? undefined : postOf(open, moment)
    }

    private close(posts: Post[], moment: Moment): void {
        const open = this.batch
        if (open === undefined) return
        this.batch = undefined
        posts.push(postOf(open, moment))
    }
}

function postOf(batch: OpenBatch, moment: Moment): Post {
    const body = batch.close(moment)
    return { type: MessageType.telemetry, body: body, batch: batch.rows() }
}

function eventPost(moment: Moment, kind: number, args: number[]): Post {
    const event: DeviceEvent = {
        kind: "event",
        instant: instantOf(moment),
        event: kind,
        args: args,
    }
    return { type: MessageType.event, body: encodeEvent(event), batch: [] }
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
