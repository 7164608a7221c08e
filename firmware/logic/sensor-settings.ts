// What a sensor node samples, as data: one rule for each quantity. The bench sets `q` and the
// quantity's number to a list of nine numbers, in the order of FIELDS; null for an alarm that is not
// wanted, and an empty list for a quantity that is not to be sampled.

import { QuantityNumber, quantityOf } from "../../protocol/quantity.js"
import { type Reject, reject } from "../../protocol/reject.js"
import type { SampleRule } from "./sampling.js"
import { thresholdsFault } from "./threshold.js"

interface Field {
    name: string
    least: number
    most: number
}

/** The first five; four levels follow, each in the quantity's own range. */
const FIELDS: Field[] = [
    // A week between samples is a sensor that nobody needs.
    { name: "every", least: 1, most: 604800 },
    { name: "band", least: 0, most: 1000000 },
    { name: "band-percent", least: 0, most: 1000 },
    { name: "heartbeat", least: 60, most: 604800 },
    { name: "stuck", least: 0, most: 100000 },
]
const LEVELS = ["low", "low-clear", "high-clear", "high"]

/** What a node samples that nobody has told otherwise, where it has the part. By quantity. */
export const RULE_DEFAULTS: SampleRule[] = [
    // 0.2 degrees is the part's own accuracy. At 0.01 degrees two hours without any noise are a fault.
    rule(QuantityNumber.temperature, 60, 20, 0, 3600, 120),
    rule(QuantityNumber.humidity, 60, 3, 0, 3600, 0),
    // The cell is chemistry, not weather: once an hour, and when it has moved by 50 mV.
    rule(QuantityNumber.voltage, 3600, 50, 0, 86400, 0),
    // Ten lux tell dusk from night, a fifth tells a cloud from none.
    rule(QuantityNumber.illuminance, 60, 10, 20, 3600, 0),
    // 50 Pa are 4 m of height, or an hour of a front that comes.
    rule(QuantityNumber.pressure, 300, 5, 0, 3600, 0),
    contactRule(),
    rule(QuantityNumber.soundLevel, 10, 30, 0, 3600, 0),
]

/** The default rule of a quantity, or undefined. */
export function defaultRule(quantity: number): SampleRule | undefined {
    for (const one of RULE_DEFAULTS) if (one.quantity === quantity) return one
    return undefined
}

/** A rule from the bench's list; or why not, with the value and what was expected. */
export function ruleOf(quantity: number, list: (number | null)[]): SampleRule | Reject {
    const known = quantityOf(quantity)
    if (known === undefined) return reject(`quantity: ${quantity}, expected one of the table`)
    const count = FIELDS.length + LEVELS.length
    if (list.length !== count) return wrong(quantity, `${list.length} numbers, expected ${count}`)
    const numbers: number[] = []
    for (let i = 0; i < FIELDS.length; i++) {
        const { name, least, most } = FIELDS[i]
        const value = list[i]
        if (value === null || !isWithin(value, least, most))
            return wrong(quantity, `${name}: ${value}, expected ${least} to ${most}`)
        numbers.push(value)
    }
    const levels: (number | undefined)[] = []
    for (let i = 0; i < LEVELS.length; i++) {
        const value = list[FIELDS.length + i]
        if (value !== null && !isWithin(value, known.least, known.most)) {
            const range = `${known.least} to ${known.most}`
            return wrong(quantity, `${LEVELS[i]}: ${value}, expected ${range} or null`)
        }
        levels.push(value === null ? undefined : value)
    }
    const made = rule(quantity, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4])
    made.low = levels[0]
    made.lowClear = levels[1]
    made.highClear = levels[2]
    made.high = levels[3]
    const fault = thresholdsFault(made)
    if (fault !== undefined) return wrong(quantity, fault)
    return made
}

function rule(
    quantity: number,
    everyS: number,
    band: number,
    bandPercent: number,
    heartbeatS: number,
    stuckSamples: number,
): SampleRule {
    return {
        kind: "rule",
        quantity: quantity,
        everyS: everyS,
        band: band,
        bandPercent: bandPercent,
        heartbeatS: heartbeatS,
        stuckSamples: stuckSamples,
        low: undefined,
        lowClear: undefined,
        highClear: undefined,
        high: undefined,
    }
}

/** Opened and closed are alarms: they are told at once. */
function contactRule(): SampleRule {
    const made = rule(QuantityNumber.contact, 1, 0, 0, 3600, 0)
    made.highClear = 0
    made.high = 1
    return made
}

function wrong(quantity: number, what: string): Reject {
    return reject(`q${quantity}: ${what}`)
}
function isWithin(value: number, least: number, most: number): boolean {
    return Math.floor(value) === value && value >= least && value <= most
}
