// When a quantity is sampled, and which samples are worth a reading: the first; one that lies beyond
// a band around what was last reported; one that crosses a threshold; and one now and then, so that
// silence means trouble and not sameness. Values are whole numbers of the quantity's quanta, times
// are the device's clock in seconds.

import { quantityOf } from "../../protocol/quantity.js"
import { nextSide, type Thresholds } from "./threshold.js"

export interface SampleRule extends Thresholds {
    kind: "rule"
    /** A QuantityNumber. */
    quantity: number
    /** Between two samples, in seconds. */
    everyS: number
    /** A value further than this from the last one reported is reported. 0: any change. */
    band: number
    /** The band in percent of the last value reported, where that is wider: light spans decades. */
    bandPercent: number
    /** The longest between two reports, in seconds. */
    heartbeatS: number
    /** The same value so many times over means a stuck part; 0 where that is no wonder. */
    stuckSamples: number
}

export const enum SampleFault {
    none = 0,
    /** No answer, or one that is no number. */
    absent = 1,
    /** Outside of the quantity's range. */
    range = 2,
    stuck = 3,
}

/** Flat integers, so that one store keeps it over a sleep. */
export interface SampleMemory {
    quantity: number
    /** When the next sample is due; -1: now. */
    dueAtS: number
    /** -1: nothing was reported yet. */
    reportedAtS: number
    /** Means something where `reportedAtS` is not -1. */
    reported: number
    /** A Side. */
    side: number
    /** The SampleFault that was reported last. */
    fault: number
    /** Samples that gave nothing fit to report, less those that did: 0 to MISSES_MAX. */
    misses: number
    last: number
    /** Samples in a row that gave `last`; 0: none yet. */
    repeats: number
}

export interface Sampled {
    memory: SampleMemory
    /** The value is to be reported. */
    isReported: boolean
    /** It crossed a threshold, one way or the other: report it at once. */
    isSideChanged: boolean
    /** The fault has come, gone or become another: say so, once. */
    isFaultChanged: boolean
}

/**
 * A single failure on the bus is no fault. It takes three more failures than successes, and then as
 * many successes to be rid of it, so a loose wire does not chatter.
 */
export const MISSES_MAX = 3
const REPEATS_MAX = 1000000
const NUMBERS = 9

export function newSampleMemory(quantity: number): SampleMemory {
    return {
        quantity: quantity,
        dueAtS: -1,
        reportedAtS: -1,
        reported: 0,
        side: 0,
        fault: SampleFault.none,
        misses: 0,
        last: 0,
        repeats: 0,
    }
}

/** A clock that has gone back makes everything due. */
export function isSampleDue(rule: SampleRule, memory: SampleMemory, atS: number): boolean {
    return atS >= memory.dueAtS || memory.dueAtS - atS > rule.everyS
}

/**
 * What a sample does. `value` is undefined where the part gave none.
 *
 * Samples fall on whole multiples of the interval, so that those of several quantities share their
 * moments; a reading then takes no bytes for its time.
 */
export function sampled(
    rule: SampleRule,
    memory: SampleMemory,
    value: number | undefined,
    atS: number,
): Sampled {
    const next = copyOf(memory)
    next.dueAtS = (Math.floor(atS / rule.everyS) + 1) * rule.everyS
    const wrong = value === undefined ? SampleFault.absent : valueFault(rule.quantity, value)
    if (wrong !== SampleFault.none || value === undefined) return missed(next, wrong)
    next.misses = Math.max(0, memory.misses - 1)
    next.repeats = value === memory.last ? Math.min(memory.repeats + 1, REPEATS_MAX) : 1
    next.last = value
    if (next.misses === 0 || !isMissing(memory.fault)) {
        const isStuck = rule.stuckSamples > 0 && next.repeats >= rule.stuckSamples
        next.fault = isStuck ? SampleFault.stuck : SampleFault.none
    }
    next.side = nextSide(rule, memory.side, value)
    const isSideChanged = next.side !== memory.side
    const isBack = isMissing(memory.fault) && !isMissing(next.fault)
    const isReported = isSideChanged || isBack || isWorthReport(rule, memory, value, atS)
    if (isReported) {
        next.reported = value
        next.reportedAtS = atS
    }
    return {
        memory: next,
        isReported: isReported,
        isSideChanged: isSideChanged,
        isFaultChanged: next.fault !== memory.fault,
    }
}

export function sampleRow(memory: SampleMemory): number[] {
    return [
        memory.quantity,
        memory.dueAtS,
        memory.reportedAtS,
        memory.reported,
        memory.side,
        memory.fault,
        memory.misses,
        memory.last,
        memory.repeats,
    ]
}

/** What the row holds; undefined where it is not one of this quantity's. */
export function sampleMemoryOf(quantity: number, row: number[]): SampleMemory | undefined {
    if (row.length !== NUMBERS || row[0] !== quantity) return undefined
    if (row[4] < 0 || row[4] > 2 || row[5] < 0 || row[5] > SampleFault.stuck) return undefined
    const memory = newSampleMemory(quantity)
    memory.dueAtS = row[1]
    memory.reportedAtS = row[2]
    memory.reported = row[3]
    memory.side = row[4]
    memory.fault = row[5]
    memory.misses = row[6]
    memory.last = row[7]
    memory.repeats = row[8]
    return memory
}

function missed(next: SampleMemory, wrong: number): Sampled {
    const before = next.fault
    next.misses = Math.min(next.misses + 1, MISSES_MAX)
    next.repeats = 0
    if (next.misses >= MISSES_MAX && !isMissing(before)) next.fault = wrong
    return {
        memory: next,
        isReported: false,
        isSideChanged: false,
        isFaultChanged: next.fault !== before,
    }
}

function isMissing(fault: number): boolean {
    return fault === SampleFault.absent || fault === SampleFault.range
}

function valueFault(quantity: number, value: number): number {
    // What is not itself is NaN; what is no whole number of quanta never left a driver of ours.
    if (Math.floor(value) !== value) return SampleFault.absent
    const known = quantityOf(quantity)
    const isFit = known !== undefined && value >= known.least && value <= known.most
    return isFit ? SampleFault.none : SampleFault.range
}

function isWorthReport(
    rule: SampleRule,
    memory: SampleMemory,
    value: number,
    atS: number,
): boolean {
    const sinceS = atS - memory.reportedAtS
    // The second: the clock has gone back.
    if (memory.reportedAtS < 0 || sinceS < 0 || sinceS >= rule.heartbeatS) return true
    return Math.abs(value - memory.reported) > bandAround(rule, memory.reported)
}

/** In quanta to either side. */
export function bandAround(rule: SampleRule, reported: number): number {
    return Math.max(rule.band, (Math.abs(reported) * rule.bandPercent) / 100)
}

function copyOf(memory: SampleMemory): SampleMemory {
    return {
        quantity: memory.quantity,
        dueAtS: memory.dueAtS,
        reportedAtS: memory.reportedAtS,
        reported: memory.reported,
        side: memory.side,
        fault: memory.fault,
        misses: memory.misses,
        last: memory.last,
        repeats: memory.repeats,
    }
}
