// The sensor node's logic, and its drivers on Node against the same chips that the machine meets.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Bme680, Shtc3 } from "../../firmware/drivers/environment.js"
import { Ltr390 } from "../../firmware/drivers/light.js"
import { SoundMeter } from "../../firmware/drivers/sound.js"
import { isRestartDue } from "../../firmware/logic/daily-restart.js"
import type { I2cBus } from "../../firmware/logic/i2c-bus.js"
import { SampleFault, type SampleRule } from "../../firmware/logic/sampling.js"
import { GaugePart } from "../../firmware/logic/sensor-gauge.js"
import type { Moment } from "../../firmware/logic/sensor-moment.js"
import type { Measured, SensorPart } from "../../firmware/logic/sensor-part.js"
import { fittedParts, measureParts, rulesFor } from "../../firmware/logic/sensor-parts.js"
import { type Post, SensorReporter } from "../../firmware/logic/sensor-reporter.js"
import { defaultRule, RULE_DEFAULTS, ruleOf } from "../../firmware/logic/sensor-settings.js"
import { statusBody } from "../../firmware/logic/sensor-status.js"
import { Side } from "../../firmware/logic/threshold.js"
import { MessageType } from "../../protocol/envelope.js"
import { decodeEvent, EventKind } from "../../protocol/event.js"
import { BODY_BYTES_MAX } from "../../protocol/limits.js"
import { QuantityNumber, quantityOf } from "../../protocol/quantity.js"
import { decodeReadings, READING_SIDE_EVENT, READINGS_MAX } from "../../protocol/reading.js"
import { reject } from "../../protocol/reject.js"
import { decodeStatus, StatusFault } from "../../protocol/status.js"
import { ADS1115_ADDRESS, Ads1115 } from "../../simulator/chips/ads1115.js"
import { BME680_ADDRESS, Bme680 as Bme680Chip } from "../../simulator/chips/bme680.js"
import type { Environment } from "../../simulator/chips/environment.js"
import { type I2cChip, i2cBus } from "../../simulator/chips/i2c-bus.js"
import { LTR390_ADDRESS, Ltr390 as Ltr390Chip } from "../../simulator/chips/ltr390.js"
import { SHTC3_ADDRESS, Shtc3 as Shtc3Chip } from "../../simulator/chips/shtc3.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { SENSOR_SEEDS, SensorRun } from "../device/runs/sensor-run.js"
import { cases } from "../support/cases.js"
import { runOnDevice } from "../support/device-run.js"

const { temperature, humidity, contact, soundLevel, pressure, illuminance } = {
    temperature: QuantityNumber.temperature as number,
    humidity: QuantityNumber.humidity as number,
    contact: QuantityNumber.contact as number,
    soundLevel: QuantityNumber.soundLevel as number,
    pressure: QuantityNumber.pressure as number,
    illuminance: QuantityNumber.illuminance as number,
}

function ruleFor(quantity: number, parts: Partial<SampleRule> = {}): SampleRule {
    return { ...defaultRule(quantity)!, ...parts }
}
function at(atS: number): Moment {
    return { atS, uptimeDs: atS * 10, timeDs: undefined }
}
function values(of: Record<number, number | undefined>): Measured[] {
    return Object.entries(of).map(([quantity, value]) => ({ quantity: Number(quantity), value }))
}
function readingsIn(posts: readonly Post[]) {
    return posts
        .filter(({ type }) => type === MessageType.telemetry)
        .flatMap(({ body }) => {
            expect(body.length).toBeLessThanOrEqual(BODY_BYTES_MAX)
            const decoded = decodeReadings(body)
            if (decoded.kind === "reject") throw new Error(decoded.reason)
            const startDs = decoded.instant.uptimeDs!
            return decoded.readings.map(({ quantity, afterDs, value }) => ({
                quantity,
                value,
                atDs: startDs + afterDs,
            }))
        })
}
function eventsIn(posts: readonly Post[]) {
    return posts
        .filter(({ type }) => type === MessageType.event)
        .map(({ body }) => {
            const decoded = decodeEvent(body)
            if (decoded.kind === "reject") throw new Error(decoded.reason)
            return [decoded.event, ...decoded.args]
        })
}

describe("the reporter", () => {
    it("keeps readings until the first has waited, and then sends them in one body", () => {
        const reporter = new SensorReporter([ruleFor(humidity), ruleFor(temperature)], [], 300)
        for (const [atS, celsius] of [
            [60, 2100],
            [120, 2150],
            [180, 2155],
            [240, 2199],
        ] as const) {
            const due = reporter.dueQuantities(atS)
            expect(due).toEqual([temperature, humidity])
            const posts = reporter.take(due, values({ 1: celsius, 2: 40 }), at(atS))
            expect([...posts, ...reporter.due(at(atS))]).toEqual([])
        }
        expect(reporter.isEmpty()).toBe(false)
        expect(reporter.nextAtS()).toBe(300)
        const posts = reporter.due(at(360))
        expect(posts).toHaveLength(1)
        expect(readingsIn(posts)).toEqual([
            { quantity: temperature, value: 2100, atDs: 600 },
            { quantity: temperature, value: 2150, atDs: 1200 },
            { quantity: temperature, value: 2199, atDs: 2400 },
            { quantity: humidity, value: 40, atDs: 600 },
        ])
        expect(reporter.isEmpty()).toBe(true)
    })

    it("sends what crossed a threshold at once, with the event before it", () => {
        const reporter = new SensorReporter([ruleFor(contact)], [], 3600)
        const closed = reporter.take([contact], values({ [contact]: 0 }), at(10))
        expect(closed).toEqual([])
        const opened = reporter.take([contact], values({ [contact]: 1 }), at(11))
        expect(opened.map(({ type }) => type)).toEqual([MessageType.event, MessageType.telemetry])
        expect(eventsIn(opened)).toEqual([[READING_SIDE_EVENT, contact, Side.high, 1]])
        expect(readingsIn(opened).map(({ value }) => value)).toEqual([0, 1])
        const closedAgain = reporter.take([contact], values({ [contact]: 0 }), at(12))
        expect(eventsIn(closedAgain)).toEqual([[READING_SIDE_EVENT, contact, Side.none, 0]])
    })

    it("tells of a part that fails once, and once when it works again", () => {
        const reporter = new SensorReporter([ruleFor(temperature)], [], 60)
        const told = Array.from({ length: 40 }, (_, i) =>
            reporter.take([temperature], i < 30 ? [] : values({ 1: 2100 }), at(60 * (i + 1))),
        ).flat()
        expect(eventsIn(told)).toEqual([
            [EventKind.partFault, StatusFault.sensor, 1, temperature, SampleFault.absent],
            [EventKind.partFault, StatusFault.sensor, 0, temperature, SampleFault.none],
        ])
        expect(reporter.hasFault()).toBe(false)
    })

    it("measures and sends everything when it is hurried", () => {
        const rules = [ruleFor(temperature), ruleFor(pressure)]
        const reporter = new SensorReporter(rules, [], 3600)
        reporter.take([temperature, pressure], values({ 1: 2100, 5: 10130 }), at(300))
        expect(reporter.dueQuantities(301)).toEqual([])
        reporter.hurry()
        expect(reporter.dueQuantities(301)).toEqual([temperature, pressure])
        const posts = reporter.take([temperature, pressure], values({ 1: 2101 }), at(301))
        expect(readingsIn(posts)).toHaveLength(2)
        expect(reporter.dueQuantities(302)).toEqual([])
    })

    it("goes on over a sleep where it was", () => {
        const rules = [ruleFor(temperature), ruleFor(humidity)]
        const before = new SensorReporter(rules, [], 60)
        before.take([temperature, humidity], values({ 1: 2100, 2: 40 }), at(60))
        const after = new SensorReporter(rules, [[9, 9], ...before.rows().reverse()], 60)
        expect(after.dueQuantities(100)).toEqual([])
        expect(after.take([temperature], values({ 1: 2110 }), at(120))).toEqual([])
        expect(after.isEmpty()).toBe(true)
        expect(after.lastOf(temperature)).toBe(2110)
        expect(after.lastOf(contact)).toBeUndefined()
    })

    it("loses no reading and doubles none, in bodies that fit, whatever is measured", () => {
        const rows = fc.array(
            fc.record({
                stepS: fc.integer({ min: 1, max: 4000 }),
                celsius: fc.option(fc.integer({ min: -4000, max: 8000 }), { nil: undefined }),
                lux: fc.option(fc.integer({ min: 0, max: 150_000 }), { nil: undefined }),
                open: fc.constantFrom(0, 1),
            }),
            { minLength: 1, maxLength: 200, size: "max" },
        )
        fc.assert(
            fc.property(rows, fc.integer({ min: 1, max: 100_000 }), (steps, holdS) => {
                const rules = [temperature, illuminance, contact].map((quantity) =>
                    ruleFor(quantity, { everyS: 1, band: 0, bandPercent: 0 }),
                )
                const reporter = new SensorReporter(rules, [], holdS)
                const expected: { quantity: number; value: number; atDs: number }[] = []
                const last = new Map<number, number>()
                const posts: Post[] = []
                let atS = 0
                for (const { stepS, celsius, lux, open } of steps) {
                    atS += stepS
                    const given = { 1: celsius, 4: lux, 14: open }
                    posts.push(...reporter.due(at(atS)))
                    posts.push(
                        ...reporter.take(reporter.dueQuantities(atS), values(given), at(atS)),
                    )
                    for (const { quantity, value } of values(given)) {
                        if (value === undefined || value === last.get(quantity)) continue
                        last.set(quantity, value)
                        expected.push({ quantity, value, atDs: atS * 10 })
                    }
                }
                posts.push(...reporter.due(at(atS + holdS + 1)))
                expect(reporter.isEmpty()).toBe(true)
                const key = (one: { quantity: number; atDs: number }) =>
                    one.quantity * 1e9 + one.atDs
                // Heartbeats and parts that come back add readings; a change is never missing.
                const sent = new Map(readingsIn(posts).map((one) => [key(one), one]))
                expect(sent.size).toBe(readingsIn(posts).length)
                for (const one of expected) expect(sent.get(key(one))).toEqual(one)
            }),
            { numRuns: cases(100, 5000) },
        )
    })

    it("closes a body that is full and begins another", () => {
        const reporter = new SensorReporter([ruleFor(temperature, { band: 0, everyS: 1 })], [], 1e6)
        const posts = Array.from({ length: 200 }, (_, i) =>
            reporter.take([temperature], values({ 1: (i % 2) * 20_000 - 10_000 }), at(i + 1)),
        ).flat()
        expect(posts.length).toBeGreaterThanOrEqual(200 / READINGS_MAX - 1)
        posts.push(...reporter.due(at(2e6)))
        expect(readingsIn(posts)).toHaveLength(200)
    })
})

describe("settings", () => {
    it("have a default for every quantity that a node has a part for, and it is a valid one", () => {
        for (const rule of RULE_DEFAULTS) {
            const { everyS, band, bandPercent, heartbeatS, stuckSamples } = rule
            const levels = [rule.low, rule.lowClear, rule.highClear, rule.high]
            const list = [everyS, band, bandPercent, heartbeatS, stuckSamples]
            const asSet = [...list, ...levels.map((level) => level ?? null)]
            expect(ruleOf(rule.quantity, asSet)).toEqual(rule)
            expect(JSON.stringify(asSet).length).toBeLessThan(200)
        }
    })

    it.each([
        [1, [60, 20], "q1: 2 numbers, expected 9"],
        [1, [0, 20, 0, 3600, 0, null, null, null, null], "q1: every: 0, expected 1 to 604800"],
        [
            1,
            [60.5, 20, 0, 3600, 0, null, null, null, null],
            "q1: every: 60.5, expected 1 to 604800",
        ],
        [
            1,
            [null, 20, 0, 3600, 0, null, null, null, null],
            "q1: every: null, expected 1 to 604800",
        ],
        [2, [60, 3, 0, 5, 0, null, null, null, null], "q2: heartbeat: 5, expected 60 to 604800"],
        [2, [60, 3, 0, 60, 0, null, null, 90, 101], "q2: high: 101, expected 0 to 100 or null"],
        [2, [60, 3, 0, 60, 0, null, null, 90, 80], "q2: high-clear: 90, expected below high, 80"],
        [99, [60, 3, 0, 60, 0, null, null, null, null], "quantity: 99, expected one of the table"],
    ] as [number, (number | null)[], string][])(
        "of quantity %i as %j are refused",
        (quantity, list, reason) => {
            expect(ruleOf(quantity, list)).toEqual(reject(reason))
        },
    )
})

describe("parts", () => {
    const part = (name: string, quantities: number[], given?: Measured[]): SensorPart => ({
        name,
        quantities,
        probe: async () => given !== undefined,
        measure: async () => {
            if (!given) throw new Error("no answer")
            return given
        },
    })

    it("that answer are used, and one that is silent where the bench has set its quantity", async () => {
        const parts = [part("a", [1, 2]), part("b", [1, 5], []), part("c", [4]), part("d", [15])]
        const rules = [ruleFor(humidity), ruleFor(temperature), ruleFor(soundLevel)]
        const fitted = await fittedParts(parts, rules)
        expect(fitted.map(({ name }) => name)).toEqual(["b", "a", "d"])
        const all = rulesFor(fitted, rules, [pressure]).map(({ quantity }) => quantity)
        expect(all.sort((a, b) => a - b)).toEqual([temperature, humidity, soundLevel])
    })

    it("stand in for one another, quantity by quantity", async () => {
        const lines: string[] = []
        const parts = [
            part("a", [1, 2]),
            part("b", [1, 2], values({ 1: 2100, 2: undefined })),
            part("c", [1, 2, 5], values({ 1: 2200, 2: 41, 5: 10130 })),
            part("d", [4], values({ 4: 7 })),
        ]
        const measured = await measureParts(parts, [1, 2, 5], (line) => lines.push(line))
        expect(measured).toEqual(values({ 1: 2100, 2: 41, 5: 10130 }))
        expect(lines).toEqual(["a: no answer"])
    })

    it("include the fuel gauge, whose refusal is an absent value", async () => {
        const gauge = (answer: Awaited<ReturnType<GaugePart["measure"]>>[0]["value"]) =>
            new GaugePart({
                read: async () =>
                    answer === undefined
                        ? reject("gauge-missing")
                        : { kind: "gauge", batteryMv: answer, charge: 0, isNewBattery: false },
            })
        expect(await gauge(3600).measure()).toEqual([{ quantity: 3, value: 3600 }])
        expect(await gauge(undefined).measure()).toEqual([{ quantity: 3, value: undefined }])
        expect(await gauge(undefined).probe()).toBe(false)
    })
})

/** Drivers on Node: their bus is the chips', their waits are the clock's. */
class Bench {
    readonly clock = new VirtualClock(Date.UTC(2031, 0, 1))
    readonly air: Environment = {
        temperatureC: 21.5,
        humidityPercent: 45,
        pressurePa: 95_650,
        illuminanceLux: 320,
        uvIndex: 0,
    }
    soundDba = 48
    /** Addresses that do not answer any more. */
    readonly dead = new Set<number>()
    readonly wait = (ms: number) => this.clock.runUntil(this.clock.nowMs + ms, () => undefined)
    readonly bus: I2cBus
    private readonly answer: (topic: string, message: Buffer) => void

    constructor() {
        const options = { clock: this.clock, environment: () => this.air }
        const volts = (input: number) => (input === 0 ? this.soundDba / 50 : 0)
        const chips: [number, I2cChip & { powerOn(): void }][] = [
            [SHTC3_ADDRESS, new Shtc3Chip(options)],
            [BME680_ADDRESS, new Bme680Chip(options)],
            [LTR390_ADDRESS, new Ltr390Chip(options)],
            [ADS1115_ADDRESS, new Ads1115({ clock: this.clock, volts })],
        ]
        for (const [, chip] of chips) chip.powerOn()
        // The parts are up before the program is.
        void this.wait(10)
        this.answer = i2cBus(new Map(chips))
        const transact = async (address: number, write: Buffer, readBytes: number) => {
            const data = Buffer.alloc(Math.max(write.length, readBytes))
            const message = Buffer.concat([
                Buffer.from([address, write.length, readBytes, 0]),
                data.fill(write, 0, write.length),
            ])
            if (!this.dead.has(address)) this.answer("i2c", message)
            if (this.dead.has(address) || message[3] !== 0) throw new Error("no answer")
            return Buffer.from(message.subarray(4, 4 + readBytes))
        }
        this.bus = {
            read: (address, count) => transact(address, Buffer.alloc(0), count),
            readRegister: (address, register, count) =>
                transact(address, Buffer.from([register]), count),
            write: async (address, bytes) => void (await transact(address, bytes, 0)),
        }
    }
}

describe("drivers, against the chips", () => {
    const makers: [string, number, (bench: Bench) => SensorPart][] = [
        ["SHTC3", SHTC3_ADDRESS, ({ bus, wait }) => new Shtc3(bus, wait)],
        ["BME680", BME680_ADDRESS, ({ bus, wait }) => new Bme680(bus, wait)],
        ["LTR-390UV", LTR390_ADDRESS, ({ bus, wait }) => new Ltr390(bus, wait)],
        ["sound meter", ADS1115_ADDRESS, ({ bus, wait }) => new SoundMeter(bus, wait)],
    ]

    /** What the world is, in quanta, and by how much the part may be off. */
    function truth({ air, soundDba }: Bench): Record<number, [value: number, off: number]> {
        return {
            [temperature]: [air.temperatureC * 100, 2],
            [humidity]: [air.humidityPercent, 1],
            [pressure]: [air.pressurePa / 10, 2],
            [illuminance]: [Math.min(157_286, air.illuminanceLux), 1],
            [soundLevel]: [soundDba * 10, 1],
        }
    }

    it.each(makers)("%s gives what the world is, in quanta", async (_name, address, make) => {
        const worlds = fc.record({
            temperatureC: fc.double({ min: -20, max: 60, noNaN: true }),
            humidityPercent: fc.double({ min: 5, max: 95, noNaN: true }),
            pressurePa: fc.integer({ min: 60_000, max: 108_000 }),
            illuminanceLux: fc.integer({ min: 0, max: 150_000 }),
            soundDba: fc.double({ min: 30, max: 130, noNaN: true }),
        })
        await fc.assert(
            fc.asyncProperty(worlds, async ({ soundDba, ...air }) => {
                const bench = new Bench()
                Object.assign(bench.air, air)
                bench.soundDba = soundDba
                const driver = make(bench)
                expect(await driver.probe()).toBe(true)
                const expected = truth(bench)
                for (let i = 0; i < 2; i++) {
                    const measured = await driver.measure()
                    expect(measured.map(({ quantity }) => quantity)).toEqual(driver.quantities)
                    for (const { quantity, value } of measured) {
                        const [real, off] = expected[quantity]!
                        expect(Number.isInteger(value)).toBe(true)
                        expect(Math.abs(value! - real)).toBeLessThanOrEqual(off)
                        const { least, most } = quantityOf(quantity)!
                        expect(value).toBeGreaterThanOrEqual(least)
                        expect(value).toBeLessThanOrEqual(most)
                    }
                    await bench.wait(60_000)
                }
                bench.dead.add(address)
                expect(await driver.probe()).toBe(false)
                await expect(driver.measure()).rejects.toThrow()
                bench.dead.delete(address)
                expect((await driver.measure()).length).toBe(driver.quantities.length)
            }),
            { numRuns: cases(25, 2000) },
        )
    })

    it("a bit that flips on the way is no reading", async () => {
        const bench = new Bench()
        const flipped: I2cBus = {
            ...bench.bus,
            read: async (address, count) => {
                const bytes = await bench.bus.read(address, count)
                bytes[1]! ^= 4
                return bytes
            },
        }
        const measured = await new Shtc3(flipped, bench.wait).measure()
        expect(measured).toEqual(values({ 1: undefined, 2: 45 }))
    })

    it("a meter without power is no silence", async () => {
        const bench = new Bench()
        bench.soundDba = 0
        const meter = new SoundMeter(bench.bus, bench.wait)
        expect(await meter.probe()).toBe(false)
        expect(await meter.measure()).toEqual(values({ [soundLevel]: undefined }))
    })
})

it("a status tells what is wrong with the node, and leaves out what is not known", () => {
    const state = {
        batteryMv: undefined,
        queued: 2,
        thinned: 3,
        boots: 9,
        resetCause: 1,
        programHash: Buffer.alloc(32, 7),
        hasSensorFault: true,
        isLasting: false,
        hasException: true,
    }
    const faults =
        StatusFault.sensor + StatusFault.noFram + StatusFault.exception + StatusFault.noTime
    const status = decodeStatus(statusBody(state, at(60)))
    expect(status).toMatchObject({ queued: 2, thinned: 3, boots: 9, resetCause: 1, faults })
    expect(status).toMatchObject({ batteryMv: undefined, programHash: Buffer.alloc(8, 7) })
    const healthy = statusBody(
        {
            ...state,
            batteryMv: 3600,
            hasSensorFault: false,
            isLasting: true,
            hasException: false,
            programHash: Buffer.alloc(0),
        },
        { ...at(60), timeDs: 19_000_000_000 },
    )
    expect(decodeStatus(healthy)).toMatchObject({
        batteryMv: 3600,
        faults: 0,
        programHash: undefined,
    })
})

it("a restart is due daily when nothing is lost by it, and before the timers stop in any case", () => {
    expect(isRestartDue(86_399, true)).toBe(false)
    expect(isRestartDue(86_400, true)).toBe(true)
    expect(isRestartDue(38 * 86_400, false)).toBe(false)
    expect(isRestartDue(39 * 86_400, false)).toBe(true)
})

describe("a sensor node's logic on the tracker's machine", () => {
    it("makes the same bodies as on Node, byte for byte", async () => {
        const expected: string[] = []
        for (let seed = 1; seed <= SENSOR_SEEDS; seed++) {
            const run = new SensorRun(seed)
            while (!run.isDone) expected.push(run.next())
        }
        const { said, complaints } = await runOnDevice("sensor", 10)
        expect(complaints).toEqual([])
        expect(said.map(({ text }) => text)).toEqual([...expected, "."])
        const bodies = expected.join("").split(" ")
        expect(
            bodies.filter((body) => body.startsWith(`${MessageType.event}:`)).length,
        ).toBeGreaterThan(50)
        expect(
            bodies.filter((body) => body.startsWith(`${MessageType.telemetry}:`)).length,
        ).toBeGreaterThan(100)
    })
})
