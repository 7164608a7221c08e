// The sensor node's decisions: what it does at a tick, whatever it senses, and what it keeps for the next
// start.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { clockOf, DeviceClock, newClock, WakePlan } from "../../firmware/logic/device-clock.js"
import type { SampleRule } from "../../firmware/logic/sampling.js"
import { nodeWakeOf } from "../../firmware/logic/sensor-assembly.js"
import { batchOf, OpenBatch } from "../../firmware/logic/sensor-batch.js"
import { type NodeDeed, type NodeSense, SensorCycle } from "../../firmware/logic/sensor-cycle.js"
import {
    isInQueue,
    type NodeMemory,
    nodeMemoryOf,
    nodeRows,
} from "../../firmware/logic/sensor-memory.js"
import { SensorReporter } from "../../firmware/logic/sensor-reporter.js"
import { defaultRule } from "../../firmware/logic/sensor-settings.js"
import { STATUS_EVERY_S } from "../../firmware/logic/sensor-status.js"
import { NvmStateStore } from "../../firmware/logic/state-store.js"
import { MessageType } from "../../protocol/envelope.js"
import { BODY_BYTES_MAX } from "../../protocol/limits.js"
import { QUANTITIES, QuantityNumber } from "../../protocol/quantity.js"
import { decodeReadings } from "../../protocol/reading.js"
import { decodeStatus } from "../../protocol/status.js"
import { Fram } from "../../simulator/chips/fram.js"
import { cases } from "../support/cases.js"
import { ChipNvm, sha256 } from "../support/fram-board.js"

const temperature: number = QuantityNumber.temperature
const UTC_S = 1_926_223_200
const FIRST_TICK_MS = 1600

function aRule(parts: Partial<SampleRule> = {}): SampleRule {
    return { ...defaultRule(temperature)!, everyS: 60, band: 0, heartbeatS: 604_800, ...parts }
}

interface NodeOptions {
    rule?: Partial<SampleRule>
    holdS?: number
    maySleep?: boolean
    isLasting?: boolean
    knowsTime?: boolean
}

/** A cycle through starts and sleeps, with a link that is as it is told to be. */
class Rig {
    cycle!: SensorCycle
    uptimeMs = 0
    /** As the state store has them. */
    rows: number[][] = []
    queued = 0
    seq = 0
    link: "down" | "up" = "down"
    posts: { type: number; body: Buffer }[] = []
    private asked: number[] = []
    private acks = 0

    constructor(private readonly options: NodeOptions = {}) {
        this.start()
    }

    start(): void {
        const {
            rule,
            holdS = 600,
            maySleep = true,
            isLasting = true,
            knowsTime = true,
        } = this.options
        const memory = nodeMemoryOf(this.rows)
        const clock = new DeviceClock(memory.clock, false)
        if (knowsTime && clock.utcS(0) < 0) clock.noteTold(UTC_S, 0, 0)
        const reporter = new SensorReporter([aRule(rule)], memory.samples, holdS)
        reporter.restore(memory.batch.rows)
        this.cycle = new SensorCycle({
            memory,
            clock,
            reporter,
            maySleep,
            isLasting,
            isContactWired: false,
            resetCause: 1,
            programHash: Buffer.alloc(0),
        })
        this.uptimeMs = FIRST_TICK_MS
        this.asked = []
        this.link = "down"
    }

    /** `value`: what the part gives where something is being measured. */
    tick(value: number | undefined = 2000): NodeDeed[] {
        const sense: NodeSense = {
            uptimeMs: this.uptimeMs,
            measured:
                this.asked.length > 0
                    ? this.asked.map((quantity) => ({ quantity, value }))
                    : undefined,
            isUp: this.link === "up",
            isDown: this.link === "down",
            acks: this.acks,
            exceptions: 0,
            queued: this.queued,
            thinned: 0,
            session: 1,
            nextSeq: this.seq,
        }
        this.asked = []
        this.acks = 0
        const deeds = this.cycle.tick(sense)
        for (const deed of deeds) {
            if (deed.what === "measure") this.asked = deed.quantities
            else if (deed.what === "save") this.rows = deed.rows
            else if (deed.what === "post" || deed.what === "ask-time") {
                this.queued++
                this.seq++
                if (deed.what === "post") this.posts.push(deed)
            }
        }
        return deeds
    }
    /** Ticks until it sleeps; how long, in ms. */
    untilSleep(value?: number, ticks = 2000): number {
        for (let i = 0; i < ticks; i++) {
            const slept = this.tick(value).find((deed) => deed.what === "sleep")
            if (slept) return slept.ms
            this.uptimeMs += this.cycle.idleMs(this.uptimeMs)
            this.settleLink()
        }
        throw new Error("it does not sleep")
    }
    /** The link follows the node's wish at once, and the gateway holds what it is sent. */
    settleLink(): void {
        this.link = this.cycle.wantsLink ? "up" : "down"
        if (this.link === "down" || this.queued === 0) return
        this.acks = 1
        this.queued = 0
    }
}

function valuesIn(posts: readonly { type: number; body: Buffer }[]): number[] {
    return posts.flatMap(({ type, body }) => {
        if (type !== MessageType.telemetry || decodeStatus(body).kind === "status") return []
        const decoded = decodeReadings(body)
        if (decoded.kind === "reject") throw new Error(decoded.reason)
        return decoded.readings.map(({ value }) => value)
    })
}

describe("a node that sleeps", () => {
    it("wakes for the next sample, opens no link for it, and keeps its reading over the sleep", () => {
        const rig = new Rig({ holdS: 3600 })
        rig.untilSleep(2000)
        for (let sample = 1; sample <= 5; sample++) {
            rig.start()
            const ms = rig.untilSleep(2000 + sample)
            expect(rig.cycle.wantsLink).toBe(false)
            expect(ms).toBeGreaterThan(50_000)
            expect(ms).toBeLessThanOrEqual(60_000)
            expect(clockOf(rig.rows[0]!).plan).toBe(WakePlan.sleep)
        }
        const before = valuesIn(rig.posts).length
        const kept = batchOf(nodeMemoryOf(rig.rows).batch.rows)!
        const body = kept.close({ atS: 0, uptimeDs: 0, timeDs: undefined })
        expect(valuesIn([{ type: MessageType.telemetry, body }])).toEqual([
            2001, 2002, 2003, 2004, 2005,
        ])
        expect(before).toBe(1)
    })

    it("sends at once what would only make it wake before the next sample", () => {
        const rig = new Rig({ holdS: 10, rule: { everyS: 3600 } })
        rig.untilSleep(2000)
        expect(valuesIn(rig.posts)).toEqual([2000])
        rig.start()
        expect(rig.untilSleep(2100)).toBeGreaterThan(3_500_000)
        expect(valuesIn(rig.posts)).toEqual([2000, 2100])
    })

    it("lets no reading wait over a sleep while it knows no UTC", () => {
        const rig = new Rig({ knowsTime: false, holdS: 3600 })
        for (let sample = 0; sample < 5; sample++) {
            rig.untilSleep(2000 + sample)
            expect(nodeMemoryOf(rig.rows).batch.rows).toEqual([])
            expect(valuesIn(rig.posts)).toHaveLength(sample + 1)
            rig.start()
        }
    })

    it("asks for the time once its clock is doubtful, and not without end", () => {
        const rig = new Rig({ holdS: 0, rule: { everyS: 600 } })
        let asked = 0
        for (let sample = 0; sample < 12; sample++) {
            for (let i = 0; ; i++) {
                const deeds = rig.tick(2000 + sample)
                asked += deeds.filter(({ what }) => what === "ask-time").length
                if (deeds.some(({ what }) => what === "sleep")) break
                expect(i).toBeLessThan(500)
                rig.uptimeMs += rig.cycle.idleMs(rig.uptimeMs)
                rig.settleLink()
            }
            rig.start()
        }
        // Two hours without an answer: once an hour.
        expect(asked).toBeGreaterThanOrEqual(2)
        expect(asked).toBeLessThanOrEqual(3)
    })

    it("never sleeps on what is under way, for longer than to its status, or without having kept", () => {
        const steps = fc.record({
            value: fc.option(fc.integer({ min: -4000, max: 8000 }), { nil: undefined }),
            link: fc.constantFrom("down" as const, "up" as const),
            isHeard: fc.boolean(),
            stepMs: fc.integer({ min: 10, max: 20_000 }),
        })
        const nodes = fc.record({
            holdS: fc.integer({ min: 0, max: 10_000 }),
            everyS: fc.integer({ min: 1, max: 100_000 }),
            isLasting: fc.boolean(),
            maySleep: fc.boolean(),
            knowsTime: fc.boolean(),
        })
        fc.assert(
            fc.property(
                nodes,
                fc.array(steps, { minLength: 20, maxLength: 200 }),
                (node, ticks) => {
                    const { everyS, ...options } = node
                    const rig = new Rig({ ...options, rule: { everyS } })
                    for (const { value, link, isHeard, stepMs } of ticks) {
                        rig.link = rig.cycle.wantsLink ? link : "down"
                        const queued = rig.queued
                        const deeds = rig.tick(value)
                        const names = deeds.map(({ what }) => what)
                        const sleep = deeds.find((deed) => deed.what === "sleep")
                        if (sleep) {
                            expect(options.maySleep).toBe(true)
                            expect(rig.cycle.wantsLink).toBe(false)
                            expect(names).not.toContain("post")
                            expect(names).not.toContain("measure")
                            expect(names.at(-2)).toBe("save")
                            expect(clockOf(rig.rows[0]!).plan).toBe(WakePlan.sleep)
                            expect(sleep.ms).toBeGreaterThanOrEqual(5000)
                            expect(sleep.ms).toBeLessThanOrEqual(STATUS_EVERY_S * 1000)
                            rig.start()
                            continue
                        }
                        // What has become a record is kept as one in the same tick.
                        if (names.includes("post") && options.isLasting)
                            expect(names.lastIndexOf("save")).toBeGreaterThan(
                                names.lastIndexOf("post"),
                            )
                        for (const deed of deeds)
                            if (deed.what === "post")
                                expect(deed.body.length).toBeLessThanOrEqual(BODY_BYTES_MAX)
                        if (isHeard && rig.link === "up" && queued > 0) rig.settleLink()
                        rig.uptimeMs += stepMs
                    }
                },
            ),
            { numRuns: cases(150, 20_000) },
        )
    })

    it("reports each sample once, over whatever sleeps and resets that it had planned", () => {
        const lives = fc.array(
            fc.record({
                value: fc.integer({ min: -4000, max: 8000 }),
                isReachable: fc.boolean(),
            }),
            { minLength: 5, maxLength: 120 },
        )
        fc.assert(
            fc.property(lives, fc.integer({ min: 0, max: 7200 }), (samples, holdS) => {
                const rig = new Rig({ holdS, rule: { everyS: 300, stuckSamples: 0 } })
                const expected: number[] = []
                let last: number | undefined
                for (const { value, isReachable } of samples) {
                    let slept = false
                    let taken = false
                    for (let i = 0; i < 800 && !slept; i++) {
                        const isAsked = rig.tick(value).some(({ what }) => what === "measure")
                        taken ||= isAsked
                        slept = rig.rows.length > 0 && clockOf(rig.rows[0]!).plan === WakePlan.sleep
                        if (slept) break
                        rig.uptimeMs += rig.cycle.idleMs(rig.uptimeMs)
                        if (isReachable) rig.settleLink()
                        else rig.link = "down"
                    }
                    expect(slept).toBe(true)
                    if (taken && value !== last) expected.push(value)
                    if (taken) last = value
                    rig.start()
                }
                const waiting = batchOf(nodeMemoryOf(rig.rows).batch.rows)
                const rest = waiting?.close({ atS: 0, uptimeDs: 0, timeDs: undefined })
                const posts = rest
                    ? [...rig.posts, { type: MessageType.telemetry as number, body: rest }]
                    : rig.posts
                expect(valuesIn(posts)).toEqual(expected)
            }),
            { numRuns: cases(60, 5000) },
        )
    })
})

describe("what a node keeps", () => {
    const aMemory = (parts: Partial<NodeMemory> = {}): NodeMemory => ({
        ...nodeMemoryOf([]),
        ...parts,
    })

    it("comes back as it was, and a state of another version is none", () => {
        const memory = aMemory({
            batch: {
                rows: [
                    [5, UTC_S * 10],
                    [1, 0, 2000],
                ],
                session: 3,
                seq: 900,
            },
            samples: [[1, 60, 0, 2000, 0, 0, 0, 2000, 1]],
        })
        memory.notes.parts = 5
        expect(nodeMemoryOf(nodeRows(memory))).toEqual(memory)
        for (const rows of [[], [[1, 2]], nodeRows(memory).slice(0, 5)])
            expect(nodeMemoryOf(rows)).toEqual(nodeMemoryOf([]))
    })

    it("fits into the memory at its largest", () => {
        const store = new NvmStateStore(new ChipNvm(new Fram(), 32_768), sha256)
        const most = 0xffffffff
        const reading = [15, 26_784_000, 200_000]
        const full = Array.from({ length: 21 }, () => reading).flat()
        // Sixty readings are a body; eight of the quantities have a part.
        const memory = aMemory({
            clock: {
                ...newClock(),
                atS: most,
                originS: most,
                doubtS: most,
                fixS: most,
                restMs: 1999,
            },
            heartbeat: { heardAtS: most, triedAtS: most, failures: 16, unseenS: most },
            batch: { rows: [[most, 41e9], full, full, full.slice(9)], session: most, seq: most },
            samples: Array.from({ length: 7 }, () => [
                15,
                most,
                most,
                200_000,
                2,
                3,
                3,
                200_000,
                1e6,
            ]),
        })
        memory.notes = {
            ...{ boots: most, statusAtS: most, waitsAtS: most, askedAtS: most },
            ...{ exceptions: most, holdS: 3600, parts: 63, contact: 1 },
        }
        expect(store.save(nodeRows(memory))).toBe(true)
        expect(nodeMemoryOf(store.load())).toEqual(memory)
    })

    it("is not posted again once the queue has seen its record", () => {
        const batch = { rows: [], session: 2, seq: 40 }
        const seen = (session: number, seq: number) => ({ epoch: 0, session, seq, type: 0 })
        expect(isInQueue(batch, undefined)).toBe(false)
        expect(isInQueue(batch, seen(2, 39))).toBe(false)
        expect(isInQueue(batch, seen(2, 40))).toBe(true)
        expect(isInQueue(batch, seen(2, 41))).toBe(true)
        expect(isInQueue(batch, seen(3, 41))).toBe(false)
        expect(isInQueue({ ...batch, seq: -1 }, seen(2, 41))).toBe(false)
    })

    it("of a contact that has changed says that the sleep was cut short", () => {
        const state = new NvmStateStore(new ChipNvm(new Fram(), 32_768), sha256)
        const memory = aMemory({
            clock: { ...newClock(), atS: 1000, originS: UTC_S, sleepS: 600, plan: WakePlan.sleep },
        })
        memory.notes.contact = 0
        state.save(nodeRows(memory))
        expect(nodeWakeOf(state, undefined).clock.atS(0)).toBe(1600)
        expect(nodeWakeOf(state, 0).clock.atS(0)).toBe(1600)
        const cut = nodeWakeOf(state, 1).clock
        expect(cut.atS(0)).toBe(1000)
        expect(cut.utcDoubtS(0)).toBe(600)
    })
})

describe("a batch that waits", () => {
    it("is the same after any sleep, and takes what it would have taken", () => {
        const readings = fc.array(
            fc.record({
                quantity: fc.constantFrom(...QUANTITIES.slice(0, 5).map(({ number }) => number)),
                stepS: fc.integer({ min: 1, max: 100_000 }),
                value: fc.integer({ min: 1000, max: 1200 }),
            }),
            { minLength: 1, maxLength: 80 },
        )
        fc.assert(
            fc.property(readings, fc.integer({ min: 1, max: 80 }), (list, sleeps) => {
                const at = (atS: number) => ({
                    atS,
                    uptimeDs: (atS % 1000) * 10,
                    timeDs: (UTC_S + atS) * 10,
                })
                let atS = 5
                let batch = new OpenBatch(at(atS))
                const taken: number[] = []
                for (const [i, { quantity, stepS, value }] of list.entries()) {
                    const known = QUANTITIES.find(({ number }) => number === quantity)!
                    const fit = Math.min(known.most, Math.max(known.least, value))
                    if (!batch.add(quantity, fit, at(atS))) break
                    taken.push(fit)
                    atS += stepS
                    if (i % sleeps === 0) batch = batchOf(batch.rows())!
                    expect(batch).toBeDefined()
                }
                const body = batch.close(at(atS))
                expect(body.length).toBeLessThanOrEqual(BODY_BYTES_MAX)
                expect(valuesIn([{ type: MessageType.telemetry, body }]).sort()).toEqual(
                    taken.sort(),
                )
            }),
            { numRuns: cases(200, 20_000) },
        )
    })

    it("gets the UTC that becomes known while it waits", () => {
        const batch = new OpenBatch({ atS: 10, uptimeDs: 100, timeDs: undefined })
        batch.add(temperature, 2000, { atS: 10, uptimeDs: 100, timeDs: undefined })
        expect(batch.rows()).toEqual([])
        const later = { atS: 20, uptimeDs: 200, timeDs: UTC_S * 10 }
        batch.add(temperature, 2100, later)
        expect(batch.rows()[0]).toEqual([10, UTC_S * 10 - 100])
        const decoded = decodeReadings(batch.close(later))
        expect(decoded).toMatchObject({ instant: { timeDs: UTC_S * 10 - 100, uptimeDs: 100 } })
    })

    it("begins another where UTC has gone back before it, or is gone", () => {
        const timed = { atS: 10, uptimeDs: 100, timeDs: UTC_S * 10 }
        const batch = new OpenBatch(timed)
        expect(batch.add(temperature, 2000, timed)).toBe(true)
        expect(batch.add(temperature, 2100, { ...timed, timeDs: UTC_S * 10 - 5 })).toBe(false)
        const kept = batchOf(batch.rows())!
        expect(kept.add(temperature, 2100, { ...timed, timeDs: undefined })).toBe(false)
    })

    it("is none, where its rows are not one", () => {
        for (const rows of [
            [],
            [[1, 2]],
            [[1], [1, 0, 5]],
            [
                [1, UTC_S * 10],
                [99, 0, 5],
            ],
        ])
            expect(batchOf(rows)).toBeUndefined()
    })
})
