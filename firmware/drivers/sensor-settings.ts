// What the bench has told a sensor node to measure, from the board's settings store.

import { readSetting } from "@devicescript/settings"
import { QUANTITIES } from "../../protocol/quantity.js"
import type { SampleRule } from "../logic/sampling.js"
import { ruleOf } from "../logic/sensor-settings.js"

export interface SensorSettings {
    /** In the order of quantities; those that the bench has said nothing of are not in here. */
    rules: SampleRule[]
    /** Quantities that are not to be sampled. */
    off: number[]
    /** The chip's number of the contact's pin; -1 without a contact. */
    contactPin: number
    /** The contact pulses the board's reset as well. */
    contactWakes: boolean
    /** Where the board keeps over a sleep what it has to. */
    maySleep: boolean
}

/** A rule that is none is told on the console log and passed over: its quantity's default holds. */
export async function readSensorSettings(): Promise<SensorSettings> {
    const rules: SampleRule[] = []
    const off: number[] = []
    for (const quantity of QUANTITIES) {
        const list = await readSetting<number[]>(`q${quantity.number}`, undefined)
        if (list === undefined) continue
        if (list.length === 0) {
            off.push(quantity.number)
            continue
        }
        const rule = ruleOf(quantity.number, list)
        if (rule.kind === "reject") console.log(`settings: ${rule.reason}`)
        else rules.push(rule)
    }
    const contactPin = await readSetting<number>("contactpin", -1)
    const contactWakes = contactPin >= 0 && (await readSetting<number>("contactwake", 0)) === 1
    return {
        rules: rules,
        off: off,
        contactPin: contactPin,
        contactWakes: contactWakes,
        maySleep: await readRest(contactPin < 0 || contactWakes),
    }
}

/**
 * `isBest`: where the bench says nothing. A node that sleeps sees a contact at its wakes only, unless
 * that is wired to wake it.
 */
async function readRest(isBest: boolean): Promise<boolean> {
    const rest = await readSetting<number>("rest", -1)
    if (rest === 0 || rest === 1) return rest === 1
    if (rest !== -1) console.log(`settings: rest: ${rest}, expected 0 or 1`)
    return isBest
}
