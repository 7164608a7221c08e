// Which parts a node measures with, by which rules, and one round of measuring.

import { bitOf } from "../../protocol/bytes.js"
import type { SampleRule } from "./sampling.js"
import type { Measured, SensorPart } from "./sensor-part.js"
import { defaultRule } from "./sensor-settings.js"

/**
 * The parts that answer, and behind them those that should: the bench has set a quantity which only
 * they have. `parts` comes with the one to be preferred for a quantity first.
 */
export async function fittedParts(parts: SensorPart[], rules: SampleRule[]): Promise<SensorPart[]> {
    const fitted: SensorPart[] = []
    const silent: SensorPart[] = []
    for (const part of parts) {
        if (await part.probe()) fitted.push(part)
        else silent.push(part)
    }
    for (const rule of rules) {
        if (partWith(fitted, rule.quantity) !== undefined) continue
        const missed = partWith(silent, rule.quantity)
        if (missed !== undefined) fitted.push(missed)
    }
    return fitted
}

/** `parts` among `all`, as bits: bit i for part i. */
export function partsMask(all: SensorPart[], parts: SensorPart[]): number {
    let mask = 0
    for (let i = 0; i < all.length; i++) if (parts.indexOf(all[i]) >= 0) mask += 2 ** i
    return mask
}

/** Those of `all` that a mask names. */
export function partsIn(all: SensorPart[], mask: number): SensorPart[] {
    return all.filter((_, i) => bitOf(mask, i) === 1)
}

/** What the bench has set, and the defaults for what else the parts give; but nothing that is `off`. */
export function rulesFor(parts: SensorPart[], rules: SampleRule[], off: number[]): SampleRule[] {
    const all = rules.slice(0)
    for (const part of parts) {
        for (const quantity of part.quantities) {
            const rule = defaultRule(quantity)
            if (rule === undefined || off.indexOf(quantity) >= 0) continue
            if (!hasRule(all, quantity)) all.push(rule)
        }
    }
    return all
}

/**
 * One sample of each quantity, from the first part that has it and gives a value; what nobody gives
 * is not in the answer. `tell` hears of parts that failed.
 */
export async function measureParts(
    parts: SensorPart[],
    quantities: number[],
    tell: (line: string) => void,
): Promise<Measured[]> {
    const measured: Measured[] = []
    for (const part of parts) {
        if (!isAsked(part, quantities, measured)) continue
        try {
            const given = await part.measure()
            for (const one of given)
                if (one.value !== undefined && !hasValue(measured, one.quantity)) measured.push(one)
        } catch (e) {
            tell(`${part.name}: ${(e as Error).message}`)
        }
    }
    return measured
}

/** It has one of the quantities that no part before it gave. */
function isAsked(part: SensorPart, quantities: number[], measured: Measured[]): boolean {
    for (const quantity of part.quantities)
        if (quantities.indexOf(quantity) >= 0 && !hasValue(measured, quantity)) return true
    return false
}

function hasValue(measured: Measured[], quantity: number): boolean {
    for (const one of measured) if (one.quantity === quantity) return true
    return false
}

function hasRule(rules: SampleRule[], quantity: number): boolean {
    for (const rule of rules) if (rule.quantity === quantity) return true
    return false
}

function partWith(parts: SensorPart[], quantity: number): SensorPart | undefined {
    for (const part of parts) if (part.quantities.indexOf(quantity) >= 0) return part
    return undefined
}
