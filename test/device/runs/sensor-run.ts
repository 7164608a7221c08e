// A sensor node's week in seeded steps: what is measured, what is reported and in which bodies, as
// lines. Runs on Node and on the tracker's machine, which must decide alike.

import { bme680Calibration, bme680Values } from "../../../firmware/logic/sensor-bme680.js"
import {
    ltr390Illuminance,
    meterSoundLevel,
    sensirionCrc,
    shtc3Humidity,
    shtc3Temperature,
} from "../../../firmware/logic/sensor-conversions.js"
import type { Measured } from "../../../firmware/logic/sensor-part.js"
import { type Post, SensorReporter } from "../../../firmware/logic/sensor-reporter.js"
import { RULE_DEFAULTS, ruleOf } from "../../../firmware/logic/sensor-settings.js"
import { QuantityNumber } from "../../../protocol/quantity.js"

/** Runs are numbered from 1 to this. */
export const SENSOR_SEEDS = 4
const STEPS = 250

export class SensorRun {
    isDone = false
    private reporter: SensorReporter
    private state: number
    private atS = 0
    private step = 0
    /** Raw counts of the parts, each wandering. */
    private heat = 25000
    private damp = 30000
    private light = 500
    private sound = 15000
    private open = 0

    constructor(private seed: number) {
        this.state = seed * 104729 + 1
        this.reporter = new SensorReporter(rules(), [], 900)
    }

    /** The next step's bodies. */
    next(): string {
        this.atS += 1 + Math.floor(this.random() * 120)
        if (this.random() < 0.02) this.atS += 20000
        this.wander()
        const moment = {
            atS: this.atS,
            uptimeDs: this.atS * 10,
            timeDs: this.seed === 1 ? undefined : 19000000000 + this.atS * 10,
        }
        let line = lineOf(this.reporter.due(moment))
        const due = this.reporter.dueQuantities(this.atS)
        line += lineOf(this.reporter.take(due, this.measured(), moment))
        if (this.random() < 0.05) this.reporter.hurry()
        // A sleep: what is kept is all that goes on.
        if (this.random() < 0.05 && this.reporter.isEmpty())
            this.reporter = new SensorReporter(rules(), this.reporter.rows(), 900)
        this.step++
        this.isDone = this.step === STEPS
        return line
    }

    private wander(): void {
        this.heat = this.walk(this.heat, 800, 65535)
        this.damp = this.walk(this.damp, 2000, 65535)
        this.light = this.walk(this.light, 300, 262143)
        this.sound = this.walk(this.sound, 3000, 32767)
        if (this.random() < 0.1) this.open = 1 - this.open
    }

    private walk(from: number, by: number, most: number): number {
        const to = from + Math.floor((this.random() - 0.5) * by)
        return Math.max(0, Math.min(most, to))
    }

    private measured(): Measured[] {
        const all: Measured[] = []
        if (this.random() > 0.15) {
            const crc = sensirionCrc(this.heat >> 8, this.heat & 255)
            all.push({
                quantity: QuantityNumber.temperature,
                // The checksum has its say, so that it is compared as well.
                value: shtc3Temperature(this.heat) + (crc > 250 ? 1 : 0),
            })
            all.push({ quantity: QuantityNumber.humidity, value: shtc3Humidity(this.damp) })
        }
        all.push({ quantity: QuantityNumber.illuminance, value: ltr390Illuminance(this.light) })
        all.push({ quantity: QuantityNumber.soundLevel, value: meterSoundLevel(this.sound) })
        all.push({ quantity: QuantityNumber.contact, value: this.open })
        all.push({ quantity: QuantityNumber.pressure, value: this.pressure() })
        return all
    }

    /** By coefficients that are drawn anew each time: most of what comes of them is out of range. */
    private pressure(): number | undefined {
        const low = Buffer.alloc(23)
        const high = Buffer.alloc(14)
        for (let i = 0; i < low.length; i++) low[i] = Math.floor(this.random() * 256)
        for (let i = 0; i < high.length; i++) high[i] = Math.floor(this.random() * 256)
        const data = Buffer.alloc(8)
        for (let i = 0; i < data.length; i++) data[i] = Math.floor(this.random() * 256)
        const values = bme680Values(bme680Calibration(low, high), data)
        return values.pressure === undefined ? undefined : values.pressure + values.humidity
    }

    /** Lehmer's generator (S. Park and K. Miller, 1988): its products are exact in a double. */
    private random(): number {
        const product = this.state * 16807
        this.state = product - Math.floor(product / 2147483647) * 2147483647
        return this.state / 2147483647
    }
}

/** The defaults, and one rule with both alarms. */
function rules() {
    const all = RULE_DEFAULTS.slice(0)
    const both = ruleOf(QuantityNumber.temperature, [30, 10, 1, 900, 5, 1800, 1900, 2500, 2600])
    if (both.kind === "rule") all[0] = both
    return all
}

function lineOf(posts: Post[]): string {
    let line = ""
    for (const post of posts) line += `${post.type}:${post.body.toString("hex")} `
    return line
}
