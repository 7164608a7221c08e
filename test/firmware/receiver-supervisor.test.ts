// The receiver found, configured, watched, recovered and switched off: the tracker's own code against the
// emulated part, with the faults that a part has.

import { describe, expect, it } from "vitest"
import { Gnss, type GnssOptions } from "../../firmware/drivers/gnss.js"
import {
    afterFix,
    aidFrames,
    aidOf,
    lastKnownOf,
    lastKnownRow,
    newLastKnown,
} from "../../firmware/logic/aiding.js"
import type { I2cBus } from "../../firmware/logic/i2c-bus.js"
import { AnswerScanner } from "../../firmware/logic/receiver-answers.js"
import {
    newReceiverMemory,
    ReceiverHealth,
    receiverOf,
    receiverRow,
} from "../../firmware/logic/receiver-memory.js"
import { standbyFrame } from "../../firmware/logic/receiver-power.js"
import { ReceiverKind, ReceiverSetup } from "../../firmware/logic/receiver-setup.js"
import {
    MON_HW,
    MON_RF,
    NAV_SAT,
    NAV_STATUS,
    newSignal,
    SEC_SIG,
    Spoofing,
    withAnswer,
} from "../../firmware/logic/signal.js"
import { ubxFrame } from "../../firmware/logic/ubx.js"
import type { Fix } from "../../protocol/fix.js"
import {
    type ReceiverFault,
    UBLOX_ADDRESS,
    Ublox,
    type UbloxOptions,
} from "../../simulator/chips/ublox.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { aSolution } from "../support/builders.js"

const START_MS = Date.UTC(2031, 0, 1)

/** A tracker's side and a receiver's, in virtual time that begins with the boot. */
class Rig {
    readonly clock = new VirtualClock(START_MS)
    readonly part: Ublox
    readonly gnss: Gnss
    fixes: Fix[] = []
    transactions = 0
    /** A fault that no reset ends. */
    lasting: ReceiverFault | undefined

    constructor(
        part: Partial<UbloxOptions> = {},
        readonly options: GnssOptions = {},
    ) {
        this.part = new Ublox({ clock: this.clock, source: aSolution, ...part })
        this.part.powerOn()
        this.gnss = new Gnss(this.bus(), async () => {}, options)
    }

    get nowMs(): number {
        return this.clock.nowMs - START_MS
    }
    get health(): ReceiverHealth {
        return this.gnss.receiver.memory.health
    }
    /** Polls once a second, and gives the fixes of the time. */
    async run(seconds: number): Promise<Fix[]> {
        const fixes: Fix[] = []
        for (let i = 0; i < seconds; i++) {
            fixes.push(...(await this.gnss.poll(this.nowMs)))
            await this.clock.runUntil(this.clock.nowMs + 1000, () => undefined)
        }
        return fixes
    }
    private bus(): I2cBus {
        const to = <T>(address: number, action: () => T): T => {
            this.transactions++
            if (this.lasting) this.part.fault = this.lasting
            if (address !== UBLOX_ADDRESS || this.part.fault === "missing")
                throw new Error("no answer")
            return action()
        }
        return {
            readRegister: async (address, register, count) =>
                to(address, () => {
                    this.part.write(Uint8Array.of(register))
                    return Buffer.from(this.part.read(count))
                }),
            read: async (address, count) => to(address, () => Buffer.from(this.part.read(count))),
            write: async (address, bytes) => to(address, () => this.part.write(bytes)),
        }
    }
}

describe("a receiver that works", () => {
    it.each(["m8", "m10"] as const)("is known as an %s, and is well", async (generation) => {
        const rig = new Rig({ generation })
        const fixes = await rig.run(20)
        expect(fixes.length).toBeGreaterThanOrEqual(8)
        expect(rig.health).toBe(ReceiverHealth.ok)
        const isM8 = generation === "m8"
        const kind = isM8 ? ReceiverKind.former : ReceiverKind.current
        expect(rig.gnss.receiver.memory.kind).toBe(kind)
        const { search } = rig.gnss.receiver
        expect(search.firstFixAtMs).toBeGreaterThan(0)
        expect(search.fixes).toBe(fixes.length)
    })
    it("is set up without being asked who it is when it is remembered", async () => {
        const first = new Rig()
        await first.run(10)
        const memory = receiverOf(receiverRow(first.gnss.receiver.memory))
        const again = new Rig({}, { memory })
        const unknown = new Rig()
        expect((await again.run(6)).length).toBeGreaterThan((await unknown.run(6)).length)
    })
    it("says how well it hears and that nothing disturbs it", async () => {
        const rig = new Rig()
        await rig.run(10)
        await rig.gnss.askSignal(rig.nowMs)
        await rig.run(3)
        const { signal, signalAtMs } = rig.gnss.receiver
        expect(signalAtMs).toBeGreaterThan(9000)
        expect(signal.heard).toBeGreaterThanOrEqual(4)
        expect(signal.bestCn0).toBeGreaterThan(30)
        expect(signal.bestCn0).toBeGreaterThanOrEqual(signal.fourthCn0)
        expect(signal.jam).toBeLessThan(128)
        expect(signal.spoofing).toBeLessThanOrEqual(Spoofing.none)
    })
})

describe("a receiver that fails", () => {
    it.each([
        ["missing", ReceiverHealth.missing],
        ["hung", ReceiverHealth.hung],
        ["floating", ReceiverHealth.missing],
        ["babbling", ReceiverHealth.babbling],
        ["refusing", ReceiverHealth.refusing],
    ] as const)("is reported as %s and asked ever more seldom", async (fault, health) => {
        const rig = new Rig()
        rig.lasting = fault
        const seen = new Set<ReceiverHealth>()
        const perQuarter: number[] = []
        for (let quarter = 0; quarter < 12; quarter++) {
            const before = rig.transactions
            for (let i = 0; i < 90; i++) {
                await rig.run(10)
                seen.add(rig.health)
            }
            perQuarter.push(rig.transactions - before)
        }
        expect(seen).toContain(health)
        expect(seen).not.toContain(ReceiverHealth.ok)
        if (fault !== "refusing") expect(perQuarter.at(-1)!).toBeLessThan(perQuarter[0]! / 2)
    })
    it.each(["missing", "hung", "babbling"] as const)(
        "gives fixes again after it was %s for a quarter of an hour",
        async (fault) => {
            const rig = new Rig()
            await rig.run(30)
            rig.part.fault = fault
            await rig.run(900)
            rig.part.powerOff()
            rig.part.fault = undefined
            rig.part.powerOn()
            await rig.run(3700)
            expect((await rig.run(60)).length).toBeGreaterThan(50)
            expect(rig.health).toBe(ReceiverHealth.ok)
            expect(rig.gnss.receiver.memory.strikes).toBe(0)
        },
    )
    it("is left alone over a sleep until its rest is over", async () => {
        const memory = { ...newReceiverMemory(), strikes: 5, restUntilS: 1100 }
        const rig = new Rig({}, { memory, bootS: 1000 })
        expect(await rig.run(99)).toEqual([])
        expect(rig.transactions).toBe(0)
        expect((await rig.run(60)).length).toBeGreaterThan(30)
    })
})

describe("a receiver switched off", () => {
    it("is silent for as long as was asked, wakes by itself and goes on", async () => {
        const rig = new Rig()
        await rig.run(20)
        await rig.gnss.switchOff(60, rig.nowMs)
        expect(await rig.run(50)).toEqual([])
        const before = rig.transactions
        expect(await rig.run(5)).toEqual([])
        expect(rig.transactions).toBe(before)
        await rig.gnss.switchOn(undefined, rig.nowMs)
        expect((await rig.run(30)).length).toBeGreaterThan(10)
        expect(rig.health).toBe(ReceiverHealth.ok)
    })
    it("is remembered as off over the tracker's own sleep", async () => {
        const rig = new Rig()
        await rig.run(20)
        await rig.gnss.switchOff(0, rig.nowMs)
        const memory = receiverOf(receiverRow(rig.gnss.receiver.memory))
        expect(memory.isOff).toBe(1)
        const next = new Rig({}, { memory, bootS: 100 })
        await next.run(10)
        expect(next.transactions).toBe(0)
    })
    it("asks for its duration in the form that its generation takes", () => {
        expect(standbyFrame(ReceiverKind.current, 60).toString("hex").slice(0, -4)).toBe(
            "b56202411000" + "00000000" + "60ea0000" + "06000000" + "28000000",
        )
        expect(standbyFrame(ReceiverKind.former, 0).toString("hex").slice(0, -4)).toBe(
            "b56202410800" + "00000000" + "02000000",
        )
        expect(standbyFrame(ReceiverKind.current, 9e6).readUInt32LE(10)).toBe(12 * 86_400_000)
    })
})

describe("the setup", () => {
    it("gives up a receiver that takes nothing after three tries in either dialect", () => {
        const setup = new ReceiverSetup(ReceiverKind.unknown, 1)
        let sent = 0
        for (let nowMs = 0; nowMs < 60_000; nowMs += 100)
            if (setup.next(nowMs) !== undefined) sent++
        expect(sent).toBe(6)
        expect(setup.hasFailed).toBe(true)
        expect(setup.isRefused).toBe(false)
    })
    it("does without what is only better to have", () => {
        const setup = new ReceiverSetup(ReceiverKind.current, 5)
        let nowMs = 0
        const valset = Buffer.from([0x06, 0x8a])
        for (const isAck of [true, false, false]) {
            expect(setup.next(nowMs)).toBeDefined()
            setup.answered(isAck, valset)
            nowMs += 10
        }
        setup.next(nowMs)
        expect(setup.isDone).toBe(true)
        expect(setup.hasFailed).toBe(false)
    })
})

describe("assisted start", () => {
    const fix: Fix = {
        kind: "fix",
        timeDs: START_MS / 100,
        latUdeg: -33_123_456,
        lonUdeg: -151_000_001,
        altM: -3,
        speedDmps: 0,
        courseDeg: 0,
        accuracyDm: 23,
        satellites: 9,
    }
    const known = afterFix(newLastKnown(), fix, 1000, true)

    it("tells what it knows with errors that grow with its age", () => {
        const soon = aidOf(known, 1060, false)!
        expect(soon).toMatchObject({ utcS: START_MS / 1000 + 60, timeErrorS: 5 })
        expect(soon.positionErrorM).toBe(3 + 60 * 36)
        expect(aidOf(known, 1060, true)!.positionErrorM).toBe(203)
    })
    it("tells no time that is minutes off, and no place that is hundreds of kilometres off", () => {
        const day = aidOf(known, 1000 + 86_400, true)!
        expect(day.timeErrorS).toBe(-1)
        expect(day.positionErrorM).toBe(203)
        expect(aidOf(known, 1000 + 86_400, false)).toBeUndefined()
        expect(aidOf(newLastKnown(), 1000, true)).toBeUndefined()
        expect(aidOf(known, 999, true)).toBeUndefined()
    })
    it("keeps what a spoofed receiver says to itself", () => {
        expect(afterFix(known, { ...fix, latUdeg: 1 }, 2000, false)).toEqual(known)
    })
    it("is carried over a sleep", () => {
        expect(lastKnownOf(lastKnownRow(known))).toEqual(known)
        expect(lastKnownOf([1, 2])).toEqual(newLastKnown())
    })
    it("writes time and place as the interface description lays them out", () => {
        const [time, place] = aidFrames(aidOf(known, 1060, true)!)
        expect(time!.subarray(2, 6).toString("hex")).toBe("13401800")
        const t = time!.subarray(6)
        expect([t[0], t.readInt8(3), t.readUInt16LE(4), ...t.subarray(6, 11)]).toEqual([
            0x10, -128, 2031, 1, 1, 0, 1, 0,
        ])
        expect(t.readUInt16LE(16)).toBe(5)
        const p = place!.subarray(6)
        expect(place!.readUInt16LE(4)).toBe(20)
        expect([p[0], p.readInt32LE(4), p.readInt32LE(8)]).toEqual([
            1, -331_234_560, -1_510_000_010,
        ])
        expect([p.readInt32LE(12), p.readUInt32LE(16)]).toEqual([-300, 20_300])
    })
})

describe("the signal", () => {
    const answerOf = (id: number, payload: number[]) => {
        const scanner = new AnswerScanner()
        scanner.push(ubxFrame(id >> 8, id & 255, payload))
        return scanner.answers[0]!
    }
    const zeros = (count: number) => Array.from({ length: count }, () => 0)

    it("counts satellites and takes the strongest and the fourth", () => {
        const levels = [20, 41, 0, 38, 44, 33].flatMap((cn0, i) => {
            const satellite = zeros(12)
            satellite[2] = cn0
            satellite[8] = i % 2 === 1 ? 8 : 0
            return satellite
        })
        const answer = answerOf(NAV_SAT, [0, 0, 0, 0, 1, 6, 0, 0, ...levels])
        expect(withAnswer(newSignal(), answer)).toMatchObject({
            heard: 5,
            used: 3,
            bestCn0: 44,
            fourthCn0: 33,
        })
    })
    it("takes the graver of indicator and state for jamming", () => {
        const hardware = zeros(60)
        hardware[45] = 17
        expect(withAnswer(newSignal(), answerOf(MON_HW, hardware)).jam).toBe(17)
        hardware[22] = 2 << 2
        expect(withAnswer(newSignal(), answerOf(MON_HW, hardware)).jam).toBe(128)
        const radio = [0, 2, 0, 0, ...zeros(24), ...zeros(24)]
        radio[4 + 24 + 1] = 3
        radio[4 + 16] = 250
        expect(withAnswer(newSignal(), answerOf(MON_RF, radio)).jam).toBe(250)
        expect(withAnswer(newSignal(), answerOf(MON_RF, [0, 1, 0, 0, ...zeros(24)])).jam).toBe(-1)
    })
    it("knows spoofing from NAV-STATUS and from SEC-SIG of either version", () => {
        const status = zeros(16)
        expect(withAnswer(newSignal(), answerOf(NAV_STATUS, status)).spoofing).toBe(
            Spoofing.unknown,
        )
        status[7] = 2 << 3
        expect(withAnswer(newSignal(), answerOf(NAV_STATUS, status)).spoofing).toBe(
            Spoofing.indicated,
        )
        const first = [1, 0, 0, 0, 1 << 1, 0, 0, 0, 3 << 1, 0, 0, 0]
        expect(withAnswer(newSignal(), answerOf(SEC_SIG, first)).spoofing).toBe(Spoofing.affirmed)
        const second = [2, (3 << 1) | (1 << 4), 0, 0]
        expect(withAnswer(newSignal(), answerOf(SEC_SIG, second))).toMatchObject({
            jam: 224,
            spoofing: Spoofing.none,
        })
    })
    it("believes no answer whose checksum does not fit", () => {
        const frame = ubxFrame(NAV_STATUS >> 8, NAV_STATUS & 255, zeros(16))
        for (let bit = 16; bit < frame.length * 8; bit++) {
            const damaged = Buffer.from(frame)
            damaged[bit >> 3]! ^= 1 << (bit & 7)
            const scanner = new AnswerScanner()
            scanner.push(damaged)
            expect(scanner.answers).toEqual([])
        }
    })
})
