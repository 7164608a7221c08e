import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { BATTERIES, BatteryKind } from "../../firmware/logic/energy-model.js"
import { RamNvm } from "../../firmware/logic/nvm.js"
import { SEED_POOL_AT, SEED_POOL_BYTES, STATE_CELLS_AT } from "../../firmware/logic/nvm-layout.js"
import { ReceiverHealth } from "../../firmware/logic/receiver-memory.js"
import { ReceiverKind } from "../../firmware/logic/receiver-setup.js"
import {
    SELF_TEST_LIMIT_S,
    SELF_TEST_SEARCH_S,
    SelfTest,
    type SelfTestParts,
} from "../../firmware/logic/self-test.js"
import { failedTest, type PartTest, testPart } from "../../firmware/logic/self-test-bench.js"
import {
    MEMORY_TEST_AT,
    MEMORY_TEST_BYTES,
    testMemory,
} from "../../firmware/logic/self-test-memory.js"
import type { Sense } from "../../firmware/logic/sense.js"
import { newSignal, type ReceiverSignal } from "../../firmware/logic/signal.js"
import {
    type TrackerMemory,
    trackerMemoryOf,
    trackerRows,
} from "../../firmware/logic/tracker-memory.js"
import { WIPE_MARKER_AT } from "../../firmware/logic/wipe.js"
import { decodeEvent, EventKind, encodeEvent, SelfTestPart } from "../../protocol/event.js"
import { reject } from "../../protocol/reject.js"
import { cases } from "../support/cases.js"
import { aFix } from "../support/host-tracker.js"

const ALL = 255
const HASH = Buffer.from("c0ffee01".padEnd(64, "7"), "hex")
const GOOD: PartTest[] = [
    { part: SelfTestPart.memory, isGood: true, detail: "bytes=32768" },
    { part: SelfTestPart.accelerometer, isGood: true, detail: "moved" },
]
const JOINED: PartTest = { part: SelfTestPart.network, isGood: true, detail: "dbm=-70" }

function aSense(atS: number, parts: Partial<Sense> = {}): Sense {
    return {
        uptimeMs: atS * 1000,
        fixes: [],
        signal: newSignal(),
        hasAccelerometer: true,
        isLatched: false,
        batteryMv: 3200,
        charge: -1,
        hasGauge: true,
        isJoined: true,
        isUp: true,
        isDown: false,
        acks: 0,
        joins: 0,
        messages: 0,
        exceptions: 0,
        queued: 0,
        thinned: 0,
        kept: 0,
        scan: undefined,
        tested: [],
        ...parts,
    }
}

function aTest(parts: Partial<SelfTestParts> = {}, memory = trackerMemoryOf([])) {
    const test = new SelfTest({
        isAsked: true,
        canWake: false,
        hasFram: true,
        battery: BatteryKind.twoAaLithium,
        programHash: HASH,
        ...parts,
    })
    const said: string[] = []
    const asked: (number | string)[] = []
    const events: number[][] = []
    let news = 0
    const step = (atS: number, sense: Partial<Sense> = {}) => {
        const { deeds, event, isNews } = test.step(aSense(atS, sense), memory)
        for (const deed of deeds) {
            if (deed.what === "say") said.push(deed.line.replace("self-test: ", ""))
            else asked.push(deed.what === "test-part" ? deed.part : deed.what)
        }
        if (event) events.push(event)
        if (isNews) news++
    }
    const of = (name: string) => said.filter((line) => line.startsWith(`${name} `))
    return { test, memory, said, asked, events, step, of, news: () => news }
}

function isWell({ receiver }: TrackerMemory): void {
    receiver.kind = ReceiverKind.current
    receiver.address = 0x42
    receiver.health = ReceiverHealth.ok
}
function hears(bestCn0: number, fourthCn0: number): ReceiverSignal {
    return { ...newSignal(), heard: 9, bestCn0, fourthCn0 }
}

describe("the self-test", () => {
    it("ends as soon as the last part is known", () => {
        const { memory, step, said, asked, events, news } = aTest()
        const { memory: fram, accelerometer, network } = SelfTestPart
        step(10)
        expect([asked, said]).toEqual([["read-gauge"], []])
        step(10.5)
        expect(asked).toEqual(["read-gauge", fram, accelerometer, network])
        step(11, { tested: GOOD, acks: 1 })
        isWell(memory)
        step(12, { tested: [JOINED] })
        step(39, { fixes: [aFix()], signal: hears(44, 38) })
        step(40)
        expect(said.at(-1)).toBe("pass passed=255 failed=0 took-s=29")
        expect(said.length).toBe(1 + 8 + 1)
        expect(events).toEqual([[ALL, 0, 290, 44]])
        expect(news()).toBe(1)
    })

    it("says a part once: what comes later changes nothing", () => {
        const { step, of } = aTest()
        step(0)
        step(1, { tested: GOOD, batteryMv: 3100 })
        step(2, { tested: [failedTest(SelfTestPart.memory, "late")], batteryMv: 2000 })
        expect(of("memory")).toEqual(["memory pass bytes=32768"])
        expect(of("battery")).toEqual(["battery pass mv=3100 least=2900 most=3700"])
    })

    it("takes no proof from before: health, strikes and levels as they were found", () => {
        const found = hears(45, 41)
        const { memory, step, of } = aTest()
        isWell(memory)
        memory.receiver.strikes = 7
        memory.receiver.restUntilS = 1e6
        step(0, { signal: found })
        expect(memory.receiver).toMatchObject({ health: 0, strikes: 0, restUntilS: 0 })
        step(SELF_TEST_SEARCH_S - 1, { signal: found })
        expect(of("receiver")).toEqual([])
        step(SELF_TEST_SEARCH_S, { signal: found })
        expect(of("signal")).toEqual(["signal fail best-dbhz=0 fourth-dbhz=0"])
        step(SELF_TEST_LIMIT_S, { signal: found })
        expect(of("receiver")).toEqual(["receiver fail unknown"])
    })

    it.each([
        [45, 30, "pass"],
        [45, 29, "fail"],
        [29, 0, "fail"],
    ])("of %d dB-Hz, the fourth %d, without a fix: %s", (best, fourth, outcome) => {
        const { memory, step, of } = aTest()
        step(0)
        isWell(memory)
        // The strongest that were heard, not the last.
        step(20, { signal: hears(best, fourth) })
        step(SELF_TEST_SEARCH_S, { signal: hears(10, 0) })
        expect(of("signal")).toEqual([`signal ${outcome} best-dbhz=${best} fourth-dbhz=${fourth}`])
    })

    it("names a receiver that sends NMEA, and one that takes no settings", () => {
        const plain = aTest()
        plain.step(0)
        Object.assign(plain.memory.receiver, { kind: ReceiverKind.nmea, address: 0x10, health: 1 })
        plain.step(5)
        expect(plain.of("receiver")).toEqual(["receiver pass nmea address=10"])
        const stubborn = aTest()
        const { receiver } = stubborn.memory
        Object.assign(receiver, { kind: ReceiverKind.nmea, health: ReceiverHealth.refusing })
        stubborn.step(0)
        stubborn.step(1)
        expect(stubborn.of("receiver")).toEqual(["receiver fail refusing"])
    })

    it("takes a fix for the receiver's answer, though its set-up has not ended", () => {
        const { memory, step, of } = aTest()
        step(0)
        memory.receiver.kind = ReceiverKind.current
        step(2, { fixes: [aFix()] })
        expect(of("receiver")).toEqual(["receiver pass ubx address=42"])
        expect(of("signal")).toEqual(["signal pass first-fix-ds=20 best-dbhz=0 fourth-dbhz=0"])
    })

    it("gives a receiver three recoveries", () => {
        const { memory, step, of } = aTest()
        step(0)
        memory.receiver.health = ReceiverHealth.babbling
        memory.receiver.strikes = 2
        step(20)
        expect(of("receiver")).toEqual([])
        memory.receiver.strikes = 3
        step(21)
        expect(of("receiver")).toEqual(["receiver fail babbling"])
        expect(of("signal").length).toBe(1)
    })

    it("knows for each battery what a fresh one shows", () => {
        const limits: [BatteryKind, number, number][] = [
            [BatteryKind.twoAaLithium, 2900, 3700],
            [BatteryKind.thionylD, 3400, 3800],
            [BatteryKind.lithiumIon, 3600, 4250],
        ]
        expect(limits.length).toBe(BATTERIES.length)
        for (const [battery, least, most] of limits)
            for (const batteryMv of [least - 1, least, most, most + 1]) {
                const { step, of } = aTest({ battery })
                step(0)
                step(1, { batteryMv })
                const outcome = batteryMv >= least && batteryMv <= most ? "pass" : "fail"
                const limit = `least=${least} most=${most}`
                expect(of("battery")).toEqual([`battery ${outcome} mv=${batteryMv} ${limit}`])
            }
    })

    it("fails a program that the runtime does not name", () => {
        const { step, of } = aTest({ programHash: Buffer.alloc(0) })
        step(0)
        step(1)
        expect(of("program")).toEqual(["program fail unknown"])
    })

    it("fails at the limit what has not answered", () => {
        const { step, said, events } = aTest()
        step(100)
        step(100 + SELF_TEST_LIMIT_S - 1)
        expect(events).toEqual([])
        step(100 + SELF_TEST_LIMIT_S)
        expect(said).toContain("memory fail no-answer")
        expect(said).toContain("accelerometer fail no-answer")
        expect(said).toContain("network fail no-answer")
        expect(said).toContain("gateway fail no-ack")
        expect(events[0]!.slice(0, 2)).toEqual([
            SelfTestPart.battery + SelfTestPart.program,
            ALL - SelfTestPart.battery - SelfTestPart.program,
        ])
    })
})

describe("when it runs", () => {
    const end = 2 * SELF_TEST_LIMIT_S

    it("is once for each program, as its memory is kept", () => {
        const first = aTest()
        first.step(0)
        first.step(end)
        first.step(end + 1)
        expect(first.events.length).toBe(1)
        const kept = trackerMemoryOf(trackerRows(first.memory))
        const second = aTest({}, kept)
        second.step(0)
        expect(second.said).toEqual([])
        const other = aTest({ programHash: Buffer.alloc(32, 9) }, kept)
        other.step(0)
        expect(other.test.isRunning).toBe(true)
    })

    it("is by order too, wanted by the bench or not, and over a reset in the middle", () => {
        const one = aTest({ isAsked: false })
        one.step(0)
        expect(one.test.isRunning).toBe(false)
        one.test.order()
        one.step(1)
        expect(one.test.isRunning).toBe(true)
        expect(one.news()).toBe(1)
        const kept = trackerMemoryOf(trackerRows(one.memory))
        const next = aTest({ isAsked: false }, kept)
        next.step(0)
        next.step(end)
        next.step(end + 1)
        expect(next.events.length).toBe(1)
        const last = aTest({ isAsked: false }, trackerMemoryOf(trackerRows(next.memory)))
        last.step(0)
        expect(last.said).toEqual([])
    })

    it("is again by each order, but for one that comes while it runs", () => {
        const { test, step, events } = aTest()
        step(0)
        test.order()
        step(end)
        step(end + 1)
        expect(events.length).toBe(1)
        test.order()
        step(end + 2)
        step(2 * end + 2)
        expect(events.length).toBe(2)
    })
})

it("comes to an end by its limit with each part told once, whatever happens", () => {
    const senses = fc.record({
        acks: fc.nat(2),
        batteryMv: fc.nat(20_000),
        hasGauge: fc.boolean(),
        hasAccelerometer: fc.boolean(),
        isJoined: fc.boolean(),
        isUp: fc.boolean(),
        health: fc.nat(5),
        kind: fc.nat(3),
        strikes: fc.nat(4),
        best: fc.nat(255),
        hasFix: fc.boolean(),
        tested: fc.array(
            fc.record({
                part: fc.constantFrom(4, 16, 32),
                isGood: fc.boolean(),
                detail: fc.constantFrom("", "x"),
            }),
            { maxLength: 2 },
        ),
    })
    const parts = { canWake: fc.boolean(), hasFram: fc.boolean(), battery: fc.nat(2) }
    fc.assert(
        fc.property(fc.record(parts), fc.array(senses, { maxLength: 40 }), (given, ticks) => {
            const { memory, step, said, events, test } = aTest(given)
            let atS = 0
            for (const { health, kind, strikes, best, hasFix, ...sense } of ticks) {
                Object.assign(memory.receiver, { health, kind, strikes })
                const signal = hears(best, best >> 1)
                step(atS, { ...sense, signal, fixes: hasFix ? [aFix()] : [] })
                atS += 7
            }
            step(atS)
            step(atS + SELF_TEST_LIMIT_S)
            expect(test.isRunning).toBe(false)
            expect(events.length).toBe(1)
            const [passed = 0, failed = 0] = events[0]!
            expect(passed & failed).toBe(0)
            expect(said.length).toBe(10)
            expect(new Set(said.map((line) => line.split(" ")[0])).size).toBeGreaterThan(8)
            const absent = said.filter((line) => line.includes(" not-fitted")).length
            const bits = (sum: number) => sum.toString(2).replaceAll("0", "").length
            expect(bits(passed) + bits(failed) + absent).toBe(8)
            const instant = { timeDs: undefined, uptimeDs: 5 }
            const event = EventKind.selfTest
            const body = encodeEvent({ kind: "event", instant, event, args: events[0]! })
            expect(decodeEvent(body)).toMatchObject({ kind: "event", event, args: events[0] })
        }),
        { numRuns: cases(200, 20_000) },
    )
})

describe("the test of the memory", () => {
    it("finds a good one good, and leaves it as it was", () => {
        const nvm = new RamNvm(32768)
        nvm.write(0, Buffer.from(Array.from({ length: 32768 }, (_, i) => (i * 31) & 255)))
        const before = Buffer.from(nvm.read(0, 32768))
        expect(testMemory(nvm)).toBeUndefined()
        expect(nvm.read(0, 32768).equals(before)).toBe(true)
    })

    it("lies between what is kept", () => {
        expect(MEMORY_TEST_AT).toBeGreaterThanOrEqual(SEED_POOL_AT + SEED_POOL_BYTES)
        expect(MEMORY_TEST_AT).toBeGreaterThanOrEqual(WIPE_MARKER_AT + 8)
        expect(MEMORY_TEST_AT + MEMORY_TEST_BYTES).toBeLessThanOrEqual(STATE_CELLS_AT)
    })

    it("finds any one bit that does not keep what is written", () => {
        for (let at = MEMORY_TEST_AT; at < MEMORY_TEST_AT + MEMORY_TEST_BYTES; at++)
            for (let bit = 0; bit < 8; bit++)
                for (const isHigh of [false, true]) {
                    const nvm = new RamNvm(32768)
                    const mask = 1 << bit
                    const read = nvm.read.bind(nvm)
                    nvm.read = (from, count) => {
                        const bytes = read(from, count)
                        const i = at - from
                        if (i >= 0 && i < count)
                            bytes[i] = isHigh ? bytes[i]! | mask : bytes[i]! & ~mask
                        return bytes
                    }
                    expect(testMemory(nvm)).toContain(`memory-byte-${at}: `)
                }
    })

    it.each([8192, 16384])("finds that a part ends after %d bytes and begins anew", (bytes) => {
        const small = new RamNvm(bytes)
        const nvm = {
            size: 32768,
            read: (at: number, count: number) => small.read(at % bytes, count),
            write: (at: number, data: Buffer) => small.write(at % bytes, data),
        }
        expect(testMemory(nvm)).toBe(`memory-size: ${bytes}, expected 32768`)
        expect(small.read(0, bytes).every((byte) => byte === 0)).toBe(true)
    })
})

describe("a part", () => {
    const bench = {
        testMotion: async () => reject("self-test-x: 0, expected 17 to 360"),
        signalDbm: async () => -55,
    }

    it("is tested by the bench's means where there are any", async () => {
        const { accelerometer, network, memory } = SelfTestPart
        expect(await testPart(accelerometer, bench, undefined)).toEqual(
            failedTest(accelerometer, "self-test-x: 0, expected 17 to 360"),
        )
        expect((await testPart(network, bench, undefined)).detail).toBe("dbm=-55")
        const unknown = { ...bench, signalDbm: async () => -128 }
        expect((await testPart(network, unknown, undefined)).detail).toBe("joined")
        expect((await testPart(memory, bench, new RamNvm(32768))).isGood).toBe(true)
    })

    it("passes by answering where there are none", async () => {
        const part = SelfTestPart.accelerometer
        expect(await testPart(part, undefined, undefined)).toEqual({
            part,
            isGood: true,
            detail: "answers",
        })
    })
})
