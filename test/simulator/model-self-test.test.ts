// The board's self-test from its first start on, end to end: what it says on the console, and the event
// that the gateway holds of it.

import { describe, expect, it } from "vitest"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import { SELF_TEST_LIMIT_S, SELF_TEST_SEARCH_S } from "../../firmware/logic/self-test.js"
import { MEMORY_TEST_AT } from "../../firmware/logic/self-test-memory.js"
import { CommandKind } from "../../protocol/command.js"
import { EventKind, SelfTestPart } from "../../protocol/event.js"
import { Answer } from "../../protocol/response.js"
import { Fram, powerCutAfter } from "../../simulator/chips/fram.js"
import { type I2cChip, I2cNak } from "../../simulator/chips/i2c-bus.js"
import { UBLOX_ADDRESS } from "../../simulator/chips/ublox.js"
import { cases } from "../support/cases.js"
import { NEVER } from "../support/commute.js"
import { ModelRig, type ModelRigOptions } from "../support/model-rig.js"

const { receiver, signal, accelerometer, battery, memory, network, gateway } = SelfTestPart
const ALL = 255
const MANDATE = Buffer.from("4f5a", "hex")
const STARTED = `self-test: start limit-s=${SELF_TEST_LIMIT_S}`
const LINE = /^self-test: (start|[a-z]+ (pass|fail|not-fitted)|pass|fail)( [!-~]+)*$/
const MISSING: I2cChip = {
    write: () => {
        throw new I2cNak()
    },
    read: () => {
        throw new I2cNak()
    },
}
/** Answers, and nothing ever waits in it. */
const HUNG: I2cChip = { write: () => {}, read: (count) => new Uint8Array(count) }

interface BoardOptions extends Partial<ModelRigOptions> {
    /** In place of what the rig has at these addresses. */
    chips?: ReadonlyMap<number, I2cChip>
    hasFram?: boolean
    signalDbm?: number
}

function aBoard(options: BoardOptions = {}): ModelRig {
    const rig = new ModelRig({
        profile: ProfileNumber.normal,
        commute: NEVER,
        hasGauge: true,
        canWake: false,
        ...options,
    })
    const { parts = new Map<number, I2cChip>() } = rig.tracker.options
    Object.assign(rig.tracker.options, {
        wantsSelfTest: true,
        hasFram: options.hasFram !== false,
        ...(options.signalDbm === undefined ? {} : { signalDbm: options.signalDbm }),
        parts: new Map([...parts, ...(options.chips ?? [])]),
    })
    return rig
}

async function tested(options: BoardOptions = {}) {
    const rig = aBoard(options)
    rig.powerOn()
    await rig.runHours(0.1)
    return { rig, ...resultOf(rig) }
}

function resultOf(rig: ModelRig) {
    const lines = rig.said.filter((line) => line.startsWith("self-test: "))
    for (const line of lines) expect(line).toMatch(LINE)
    const events = rig.events().filter(({ event }) => event === EventKind.selfTest)
    const [passed = 0, failed = 0, firstFixDs = 0, bestCn0 = 0] = events[0]?.args ?? []
    const line = (name: string) => {
        const found = lines.filter((one) => one.startsWith(`self-test: ${name} `))
        expect(found.length, `${name} in ${lines.join("\n")}`).toBe(1)
        return found[0]!.slice(`self-test: ${name} `.length)
    }
    const tookS = Number(/took-s=(\d+)$/.exec(lines.at(-1) ?? "")?.[1])
    return { lines, line, events, passed, failed, firstFixDs, bestCn0, tookS }
}

describe("the first start of a board", () => {
    it("tests every part, says so and tells the gateway", async () => {
        const { rig, lines, passed, failed, firstFixDs, bestCn0, line, tookS } = await tested()
        console.log(lines.join("\n"))
        expect({ passed, failed }).toEqual({ passed: ALL, failed: 0 })
        expect(line("receiver")).toBe("pass ubx address=42")
        expect(line("signal")).toMatch(/^pass first-fix-ds=\d+ best-dbhz=4\d fourth-dbhz=4\d$/)
        expect(line("accelerometer")).toBe("pass moved")
        expect(line("battery")).toBe("pass mv=3050 least=2900 most=3700")
        expect(line("memory")).toBe("pass bytes=32768")
        expect(line("program")).toBe(`pass sha256=${"01".repeat(32)}`)
        expect(lines.at(-1)).toBe(`self-test: pass passed=255 failed=0 took-s=${tookS}`)
        expect(tookS).toBeLessThan(90)
        expect(firstFixDs).toBeGreaterThan(100)
        expect(bestCn0).toBeGreaterThan(35)
        // From there on it is a tracker as any other: it sleeps.
        expect(rig.tracker.state).toBe("asleep")
    })

    it("is tested once, over sleeps, power cuts and days", async () => {
        const { rig } = await tested()
        await rig.runHours(30)
        rig.powerOff()
        await rig.runHours(1)
        rig.powerOn()
        await rig.runHours(30)
        expect(resultOf(rig).events.length).toBe(1)
        expect(rig.said.filter((line) => line === STARTED).length).toBe(1)
    })

    it("may be unplugged at the verdict: its event is kept, and it is not tested again", async () => {
        const rig = aBoard()
        Object.assign(rig.tracker.options, {
            onLog: (line: string) => {
                rig.said.push(line)
                if (line.startsWith("self-test: pass ")) rig.powerOff()
            },
        })
        rig.powerOn()
        await rig.runHours(0.1)
        expect(rig.tracker.state).toBe("off")
        expect(resultOf(rig).events).toEqual([])
        rig.powerOn()
        await rig.runHours(1)
        expect(resultOf(rig)).toMatchObject({ passed: ALL, failed: 0 })
        expect(rig.said.filter((line) => line === STARTED).length).toBe(1)
    })

    it("is not tested where nobody asks for it", async () => {
        const rig = aBoard()
        Object.assign(rig.tracker.options, { wantsSelfTest: false })
        rig.powerOn()
        await rig.runHours(1)
        expect(resultOf(rig).lines).toEqual([])
    })

    it("is tested again with another program", async () => {
        const { rig } = await tested()
        rig.powerOff()
        Object.assign(rig.tracker.options, { programHash: Buffer.alloc(32, 2) })
        rig.powerOn()
        await rig.runHours(0.1)
        expect(resultOf(rig).events.length).toBe(2)
        expect(rig.said).toContain(`self-test: program pass sha256=${"02".repeat(32)}`)
    })

    it("that the power ends in the middle is begun anew at the next", async () => {
        for (const afterS of [2, 10, 20]) {
            const rig = aBoard()
            rig.powerOn()
            await rig.runHours(afterS / 3600)
            rig.powerOff()
            expect(resultOf(rig).events).toEqual([])
            rig.powerOn()
            await rig.runHours(0.1)
            expect(resultOf(rig)).toMatchObject({ passed: ALL, failed: 0 })
            expect(resultOf(rig).events.length).toBe(1)
        }
    })
})

describe("an order", () => {
    it("tests a tracker at work, at once and once, and the event is the answer", async () => {
        const rig = aBoard()
        Object.assign(rig.tracker.options, { wantsSelfTest: false })
        rig.powerOn()
        await rig.runHours(5)
        const told = rig.gateway.tell(CommandKind.selfTest, [], MANDATE)
        await rig.runHours(8)
        expect(told.response?.answer).toBe(Answer.accepted)
        expect(resultOf(rig)).toMatchObject({ passed: ALL, failed: 0 })
        expect(resultOf(rig).events.length).toBe(1)
        expect(rig.tracker.state).toBe("asleep")
    })

    it("that the power interrupts is carried out at the next start", async () => {
        const rig = aBoard({ profile: ProfileNumber.live })
        Object.assign(rig.tracker.options, { wantsSelfTest: false })
        rig.powerOn()
        await rig.runHours(0.2)
        rig.gateway.tell(CommandKind.selfTest, [], MANDATE)
        while (!rig.said.includes(STARTED)) await rig.runHours(0.2 / 3600)
        rig.powerOff()
        expect(resultOf(rig).events).toEqual([])
        rig.powerOn()
        await rig.runHours(0.1)
        expect(resultOf(rig).events.map(({ args }) => args.slice(0, 2))).toEqual([[ALL, 0]])
        expect(rig.said.filter((line) => line === STARTED).length).toBe(2)
    })
})

describe("a board with something missing", () => {
    it("has no receiver: receiver and signal fail, well before the limit", async () => {
        const chips = new Map([[UBLOX_ADDRESS, MISSING]])
        const { failed, passed, line, tookS } = await tested({ chips })
        expect(failed).toBe(receiver + signal)
        expect(passed).toBe(ALL - failed)
        expect(line("receiver")).toBe("fail missing")
        expect(line("signal")).toBe("fail best-dbhz=0 fourth-dbhz=0")
        expect(tookS).toBeLessThan(SELF_TEST_LIMIT_S)
    })

    it("has a receiver that hangs", async () => {
        const { failed, line } = await tested({ chips: new Map([[UBLOX_ADDRESS, HUNG]]) })
        expect(failed).toBe(receiver + signal)
        expect(line("receiver")).toBe("fail hung")
    })

    it("has no accelerometer: not fitted, and a fault where motion is to wake it", async () => {
        const without = await tested({ hasAccelerometer: false })
        expect(without).toMatchObject({ passed: ALL - accelerometer, failed: 0 })
        expect(without.line("accelerometer")).toBe("not-fitted")
        const wired = await tested({ hasAccelerometer: false, canWake: true })
        expect(wired.failed).toBe(accelerometer)
        expect(wired.line("accelerometer")).toBe("fail missing")
    })

    it("has no gauge", async () => {
        const { passed, failed, line } = await tested({ hasGauge: false })
        expect({ passed, failed }).toEqual({ passed: ALL - battery, failed: 0 })
        expect(line("battery")).toBe("not-fitted")
    })

    it("has no FRAM: said at each start that asks for it", async () => {
        const { rig, passed, failed, line } = await tested({ hasFram: false })
        expect({ passed, failed }).toEqual({ passed: ALL - memory, failed: 0 })
        expect(line("memory")).toBe("not-fitted queue-in-ram")
        rig.powerOff()
        rig.powerOn()
        await rig.runHours(0.1)
        expect(resultOf(rig).events.length).toBe(2)
        await rig.runHours(3)
        expect(resultOf(rig).events.length).toBe(2)
    })

    it("has FRAM with a byte that does not keep what is written", async () => {
        const { failed, line } = await tested({ fram: new StuckFram() })
        expect(failed).toBe(memory)
        expect(line("memory")).toMatch(/^fail memory-byte-325: 0, expected \d+$/)
    })

    it("has FRAM that does not answer where it is tried: told, and survived", async () => {
        const { failed, line } = await tested({ fram: new MuteFram() })
        expect(failed).toBe(memory)
        expect(line("memory")).toBe("fail the part is mute here")
    })

    it("has no Wi-Fi: network and gateway fail, and nothing is lost by it", async () => {
        let isThere = false
        const { rig, lines, line, events } = await tested({
            around: (world) => ({
                ...world,
                network: { ...world.network, isUp: () => isThere },
            }),
        })
        expect(line("network")).toBe("fail not-joined")
        expect(line("gateway")).toBe("fail no-connection")
        expect(lines.at(-1)).toMatch(/^self-test: fail passed=159 failed=96 took-s=180$/)
        expect(events).toEqual([])
        isThere = true
        await rig.runHours(1)
        expect(resultOf(rig)).toMatchObject({ passed: 159, failed: network + gateway })
    })

    it("reaches no gateway", async () => {
        let isReachable = false
        const { rig, line, tookS } = await tested({
            gateway: { isReachable: () => isReachable },
            signalDbm: -61,
        })
        expect(line("network")).toBe("pass dbm=-61")
        expect(line("gateway")).toBe("fail no-connection")
        expect(tookS).toBe(SELF_TEST_LIMIT_S)
        isReachable = true
        await rig.runHours(1)
        expect(resultOf(rig).failed).toBe(gateway)
    })

    it("reaches a gateway that never acknowledges", async () => {
        const { line } = await tested({ gateway: { fate: () => "ack-lost" } })
        expect(line("gateway")).toBe("fail no-ack")
    })

    it("has no sky: the levels are told, and the search ends at its cap", async () => {
        for (const cover of ["none", "garage"] as const) {
            const { rig, failed, line, firstFixDs, tookS } = await tested({ coverAt: () => cover })
            expect(failed).toBe(signal)
            expect(firstFixDs).toBe(0)
            expect(line("signal")).toMatch(/^fail best-dbhz=\d+ fourth-dbhz=\d+$/)
            expect(line("receiver")).toBe("pass ubx address=42")
            expect(tookS).toBe(SELF_TEST_SEARCH_S)
            expect(rig.tracker.state).toBe("asleep")
        }
    })
})

it("a test costs no fix, no record and no other event of an ordinary first day", async () => {
    const without = aBoard()
    Object.assign(without.tracker.options, { wantsSelfTest: false })
    without.powerOn()
    await without.runHours(24)
    const { rig } = await tested()
    await rig.runHours(24 - 0.1)
    const kinds = (one: ModelRig) => one.events().map(({ event }) => event)
    expect(kinds(rig).filter((kind) => kind !== EventKind.selfTest)).toEqual(kinds(without))
    expect(rig.statuses().length).toBe(without.statuses().length)
    expect(rig.fixes().size).toBe(without.fixes().size)
    expect(rig.usedMah() - without.usedMah()).toBeLessThan(3)
    expect([...rig.fram.bytes.subarray(MEMORY_TEST_AT, MEMORY_TEST_AT + 32)]).toEqual([
        ...without.fram.bytes.subarray(MEMORY_TEST_AT, MEMORY_TEST_AT + 32),
    ])
})

it("a power cut at any byte costs no test and gives no wrong one", {
    timeout: 600_000,
}, async () => {
    let written = 0
    const whole = new Fram()
    whole.beforeByte = () => {
        written++
    }
    await tested({ fram: whole })
    const count = cases(25, 2000)
    for (let i = 0; i < count; i++) {
        const at = Math.floor(((i + 0.5) / count) * written)
        const fram = new Fram()
        fram.beforeByte = powerCutAfter(at)
        const rig = aBoard({ fram })
        rig.powerOn()
        await rig.runHours(0.1)
        expect(rig.tracker.state, `cut before byte ${at} of ${written}`).toBe("off")
        fram.beforeByte = undefined
        rig.powerOn()
        await rig.runHours(0.2)
        const { events } = resultOf(rig)
        // Twice where the cut falls between the event and the note that there was one.
        expect([1, 2], `cut before byte ${at} of ${written}`).toContain(events.length)
        for (const { args } of events) expect(args.slice(0, 2)).toEqual([ALL, 0])
        const started = rig.said.filter((line) => line === STARTED).length
        await rig.runHours(1)
        expect(rig.said.filter((line) => line === STARTED).length).toBe(started)
    }
})

/** Nothing answers at the place of the test. */
class MuteFram extends Fram {
    override write(bytes: Uint8Array): void {
        if (bytes[0] === MEMORY_TEST_AT >> 8 && bytes[1] === (MEMORY_TEST_AT & 255))
            throw new Error("the part is mute here")
        super.write(bytes)
    }
}

class StuckFram extends Fram {
    override write(bytes: Uint8Array): void {
        super.write(bytes)
        this.bytes[MEMORY_TEST_AT + 5] = 0
    }
}
