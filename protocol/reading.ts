// Sensor readings [P-B10]. Each quantity is a series of its own, differences in time and value:
//
//     [quantity, start, [interval...], value, difference...]
//
// `start` counts from the body's instant. The list of intervals is empty when there is none, or when
// the readings were taken at the first moments of the series before; it has one entry when all are
// equal, and else one for each step. Of these the first that fits is right, and no other.

import {
    type Instant,
    instantFault,
    KEY_READINGS,
    noInstant,
    readBody,
    writeStart,
} from "./body.js"
import { type CborReader, CborWriter, cborIntLength } from "./cbor.js"
import { BODY_BYTES_MAX } from "./limits.js"
import { quantityOf } from "./quantity.js"
import { type Reject, reject } from "./reject.js"

export interface Reading {
    /** One of QUANTITIES. */
    quantity: number
    /** Tenths of a second from the body's instant. */
    afterDs: number
    /** In the quantity's quanta. */
    value: number
}

export interface Readings {
    kind: "readings"
    instant: Instant
    /** By quantity, and within one oldest first. */
    readings: Reading[]
}

/**
 * Kind of the event that goes with a reading which crossed a threshold [P-B30]. Arguments: quantity;
 * side, 0 none, 1 low, 2 high; the value in quanta.
 */
export const READING_SIDE_EVENT = 32

export const READINGS_MAX = 60
/** 31 days: no reading lies further from its body's instant. */
export const READING_SPAN_DS_MAX = 26784000
const QUANTITY_MAX = 0xffff
/** Map head, key and time, key and uptime, key and array head: 1 + 10 + 6 + 3. */
const FRAME_BYTES_MAX = 20
/** Array head and head of the intervals at their longest. */
const SERIES_BYTES_MAX = 4

interface Series {
    quantity: number
    /** From the body's instant, ascending. */
    atDs: number[]
    values: number[]
}

/** What makes a reading unfit for any body, or undefined. */
export function readingFault(reading: Reading): string | undefined {
    const quantity = quantityOf(reading.quantity)
    if (quantity === undefined) return "quantity-unknown"
    if (reading.value < quantity.least || reading.value > quantity.most) return "value-range"
    if (reading.afterDs < 0 || reading.afterDs > READING_SPAN_DS_MAX) return "reading-time-range"
    return undefined
}

/**
 * Collects readings until one more would break the limits, then gives the body. Readings of one
 * moment are best added by ascending quantity: then they share their times at every length.
 */
export class ReadingBatchWriter {
    private series: Series[] = []
    /** What the body takes at most, each interval written out. */
    private bytesMax = FRAME_BYTES_MAX
    count = 0

    constructor(private instant: Instant) {}

    /**
     * False when the body is full, when the reading is not after the last of its quantity, or when
     * `readingFault` has something to say of it: close the body and begin another.
     */
    add(reading: Reading): boolean {
        if (this.count >= READINGS_MAX || readingFault(reading) !== undefined) return false
        const series = this.seriesOf(reading.quantity)
        const last = series.values.length - 1
        if (last >= 0 && reading.afterDs <= series.atDs[last]) return false
        series.atDs.push(reading.afterDs)
        series.values.push(reading.value)
        if (last < 0) this.series.push(series)
        const bytesMax = this.bytesMax + bytesOf(series)
        if (bytesMax > BODY_BYTES_MAX && this.body().length > BODY_BYTES_MAX) {
            series.atDs.pop()
            series.values.pop()
            if (last < 0) this.series.pop()
            return false
        }
        this.bytesMax = bytesMax
        this.count++
        return true
    }

    /** The body of what was added. */
    body(): Buffer {
        const out = new CborWriter()
        writeStart(out, this.instant, 1)
        out.int(KEY_READINGS)
        out.array(this.series.length)
        let before: number[] = []
        for (const series of ascending(this.series)) {
            writeSeries(out, series, before)
            before = series.atDs
        }
        return out.result()
    }

    /** That of a quantity, or a new one. */
    private seriesOf(quantity: number): Series {
        for (const series of this.series) if (series.quantity === quantity) return series
        return { quantity: quantity, atDs: [], values: [] }
    }
}

/** Readings, or why the body has none. Unknown keys and unknown quantities are passed over. */
export function decodeReadings(body: Buffer): Readings | Reject {
    const result: Readings = { kind: "readings", instant: noInstant(), readings: [] }
    let count = 0
    const fault = readBody(body, result.instant, (key, reader) => {
        if (key !== KEY_READINGS) return false
        count = readAll(reader, result.readings)
        return true
    })
    if (fault !== undefined) return reject(fault)
    if (count === 0) return reject("readings-missing")
    const wrong = instantFault(result.instant)
    if (wrong !== undefined) return reject(wrong)
    for (const reading of result.readings) {
        const unfit = readingFault(reading)
        if (unfit !== undefined) return reject(unfit)
    }
    return result
}

/** Puts what is known into `readings`; the answer is how many there are, unknown ones too. */
function readAll(reader: CborReader, readings: Reading[]): number {
    let count = 0
    let quantity = 0
    let before: number[] = []
    const items = reader.array()
    for (let i = 0; i < items && reader.fault === undefined; i++) {
        const series = readSeries(reader, before, READINGS_MAX - count)
        if (series.quantity <= quantity) reader.refuse("quantity-order")
        quantity = series.quantity
        count += series.atDs.length
        before = series.atDs
        if (quantityOf(quantity) !== undefined) {
            for (let at = 0; at < series.atDs.length; at++)
                readings.push({
                    quantity: quantity,
                    afterDs: series.atDs[at],
                    value: series.values[at],
                })
        }
    }
    return count
}

function readSeries(reader: CborReader, before: number[], countMax: number): Series {
    const series: Series = { quantity: 0, atDs: [], values: [] }
    const count = reader.array() - 3
    if (count < 1 || count > countMax) reader.refuse("reading-count")
    series.quantity = reader.int()
    if (series.quantity < 1 || series.quantity > QUANTITY_MAX) reader.refuse("quantity-range")
    const start = reader.int()
    const intervals = readIntervals(reader, count)
    if (reader.fault !== undefined) return series
    series.atDs = momentsOf(start, intervals, count, before)
    const last = series.atDs[count - 1]
    if (start < 0 || last > READING_SPAN_DS_MAX) reader.refuse("reading-time-range")
    if (!isSame(intervals, intervalsOf(series.atDs, before))) reader.refuse("intervals-form")
    let value = 0
    for (let i = 0; i < count; i++) {
        value += reader.int()
        series.values.push(value)
    }
    return series
}

function readIntervals(reader: CborReader, count: number): number[] {
    const intervals: number[] = []
    const items = reader.array()
    if (items > 1 && items !== count - 1) reader.refuse("interval-count")
    for (let i = 0; i < items && reader.fault === undefined; i++) {
        const interval = reader.int()
        if (interval < 1 || interval > READING_SPAN_DS_MAX) reader.refuse("interval-range")
        intervals.push(interval)
    }
    return intervals
}

/** The moments that a start and a list of intervals stand for. */
function momentsOf(start: number, intervals: number[], count: number, before: number[]): number[] {
    const atDs = [start]
    for (let i = 1; i < count; i++) {
        if (intervals.length > 1) atDs.push(atDs[i - 1] + intervals[i - 1])
        else if (intervals.length === 1) atDs.push(atDs[i - 1] + intervals[0])
        else atDs.push(i < before.length ? before[i] : start)
    }
    return atDs
}

/** The list of intervals that says it shortest, when the series before was taken at `before`. */
function intervalsOf(atDs: number[], before: number[]): number[] {
    const intervals: number[] = []
    if (isStartOf(atDs, before)) return intervals
    let isSteady = true
    for (let i = 1; i < atDs.length; i++) {
        intervals.push(atDs[i] - atDs[i - 1])
        if (intervals[i - 1] !== intervals[0]) isSteady = false
    }
    return isSteady ? intervals.slice(0, 1) : intervals
}

function writeSeries(out: CborWriter, series: Series, before: number[]): void {
    const intervals = intervalsOf(series.atDs, before)
    out.array(3 + series.values.length)
    out.int(series.quantity)
    out.int(series.atDs[0])
    out.array(intervals.length)
    for (const interval of intervals) out.int(interval)
    let last = 0
    for (const value of series.values) {
        out.int(value - last)
        last = value
    }
}

/** What the last reading of a series takes at most, with the series' head when it is the first. */
function bytesOf(series: Series): number {
    const last = series.values.length - 1
    const value = series.values[last]
    const at = series.atDs[last]
    if (last > 0)
        return (
            cborIntLength(at - series.atDs[last - 1]) +
            cborIntLength(value - series.values[last - 1])
        )
    const head = SERIES_BYTES_MAX + cborIntLength(series.quantity)
    return head + cborIntLength(at) + cborIntLength(value)
}

/** By quantity. There are few, so each is looked for. */
function ascending(all: Series[]): Series[] {
    const sorted: Series[] = []
    let quantity = 0
    while (sorted.length < all.length) {
        let next: Series | undefined
        for (const series of all) {
            if (series.quantity <= quantity) continue
            if (next === undefined || series.quantity < next.quantity) next = series
        }
        if (next === undefined) return sorted
        sorted.push(next)
        quantity = next.quantity
    }
    return sorted
}

function isSame(some: number[], others: number[]): boolean {
    return some.length === others.length && isStartOf(some, others)
}

function isStartOf(some: number[], others: number[]): boolean {
    if (some.length > others.length) return false
    for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false
    return true
}
