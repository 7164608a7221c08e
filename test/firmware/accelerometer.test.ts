// The accelerometer's driver against a LIS3DH as the data sheet has it.

import { describe, expect, it } from "vitest"
import { Accelerometer } from "../../firmware/drivers/accelerometer.js"
import {
    CTRL_REG4,
    INT1_THS,
    selfTestFault,
    WATCH,
    watchRegisters,
} from "../../firmware/logic/accelerometer.js"
import type { I2cBus } from "../../firmware/logic/i2c-bus.js"
import { i2cBus } from "../../simulator/chips/i2c-bus.js"
import { LIS3DH_ADDRESS, Lis3dh } from "../../simulator/chips/lis3dh.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { runOnDevice } from "../support/device-run.js"

const START_MS = Date.UTC(2031, 0, 1)
const SELF_TEST_0 = 0x82
const FLAT = { x: 0, y: 0, z: 1000 }

interface BenchOptions {
    address?: number
    /** What the actuator adds to each axis while the self-test is on. */
    actuatedMg?: number
    /** Changes what is read of a register. */
    tamper?: (register: number, value: number) => number
}

/** A part on a table, and its driver. */
function bench(options: BenchOptions = {}) {
    const clock = new VirtualClock(START_MS)
    let [shakeMg, isActuated] = [0, false]
    const feel = () => {
        const pushMg = isActuated ? (options.actuatedMg ?? 0) : 0
        return { x: shakeMg + pushMg, y: pushMg, z: FLAT.z + pushMg }
    }
    let pulses = 0
    const chip = new Lis3dh({ clock, motion: feel, onInterrupt: () => pulses++ })
    chip.powerOn()
    const answersAt = options.address ?? LIS3DH_ADDRESS
    const bus: I2cBus = {
        readRegister: async (address, register, count) => {
            if (address !== answersAt) throw new Error("no answer")
            chip.write(Uint8Array.of(register))
            const bytes = Buffer.from(chip.read(count))
            if (options.tamper !== undefined) bytes[0] = options.tamper(register, bytes[0]!)
            return bytes
        },
        read: async () => Buffer.alloc(0),
        write: async (address, bytes) => {
            if (address !== answersAt) throw new Error("no answer")
            if (bytes[0] === CTRL_REG4) isActuated = bytes[1] === SELF_TEST_0
            chip.write(bytes)
        },
    }
    const pass = async (ms: number) => await clock.runUntil(clock.nowMs + ms, () => undefined)
    const part = new Accelerometer(bus, async (ms) => void (await pass(ms)))
    const shake = async (mg: number, ms: number) => {
        shakeMg = mg
        await pass(ms)
        shakeMg = 0
    }
    return { part, pass, shake, pulses: () => pulses }
}
const CALM = { kind: "latch", hasFired: false }
const FIRED = { kind: "latch", hasFired: true }

describe("the accelerometer", () => {
    it("is still while it lies still, gravity or not, and latches one jolt until it is read", async () => {
        const { part, pass, shake, pulses } = bench()
        expect(await part.open(true)).toEqual(CALM)
        await pass(60_000)
        expect(await part.latch()).toEqual(CALM)
        await shake(200, 150)
        await pass(3_600_000)
        expect(pulses()).toBe(1)
        expect(await part.latch()).toEqual(FIRED)
        expect(await part.latch()).toEqual(CALM)
    })

    it("does not fire below its threshold", async () => {
        const { part, shake } = bench()
        await part.open(true)
        await shake(WATCH.thresholdMg - 16, 300)
        expect(await part.latch()).toEqual(CALM)
    })

    it("tells a program that starts anew what happened while it was gone", async () => {
        const { part, pass, shake } = bench()
        await part.open(true)
        await shake(300, 200)
        await pass(5000)
        expect(await part.open(true)).toEqual(FIRED)
        expect(await part.open(true)).toEqual(CALM)
    })

    it("latches without a pulse where motion may not wake the board", async () => {
        const { part, pass, shake, pulses } = bench()
        await part.open(true)
        expect(await part.setPin(false)).toBeUndefined()
        await shake(300, 200)
        await pass(1000)
        expect(pulses()).toBe(0)
        expect(await part.open(true)).toEqual(FIRED)
        await pass(1000)
        await shake(300, 200)
        expect(pulses()).toBe(1)
    })

    it("is found at its other address, and gives a sample with gravity", async () => {
        const { part, pass } = bench({ address: 0x19 })
        expect(await part.open(false)).toEqual(CALM)
        await pass(1000)
        expect(await part.sample()).toEqual({ kind: "sample", mg: [0, 0, 1008] })
    })

    it("is reported when nobody answers, when another part does, and when a setting does not take", async () => {
        const reject = (reason: string) => ({ kind: "reject", reason })
        expect(await bench({ address: 0x1c }).part.open(true)).toEqual(
            reject("accelerometer-missing"),
        )
        const other = bench({ tamper: (register, value) => (register === 0x0f ? 0x44 : value) })
        expect(await other.part.open(true)).toEqual(reject("accelerometer-other: 68, expected 51"))
        const stuck = bench({ tamper: (register, value) => (register === INT1_THS ? 0 : value) })
        expect(await stuck.part.open(true)).toEqual(
            reject("accelerometer-register-50: 0, expected 4"),
        )
        const gone = bench({ address: 0x1c }).part
        expect(await gone.latch()).toEqual(reject("accelerometer-missing"))
        expect(await gone.sample()).toEqual(reject("accelerometer-missing"))
        expect(await gone.setPin(true)).toEqual(reject("accelerometer-missing"))
        expect(await gone.selfTest(true)).toEqual(reject("accelerometer-missing"))
    })
})

describe("its self-test", () => {
    it("passes where the actuator moves each axis as the data sheet has it, and watches again", async () => {
        const { part, shake, pass } = bench({ actuatedMg: 400 })
        await part.open(true)
        expect(await part.selfTest(true)).toBeUndefined()
        await pass(1000)
        expect(await part.latch()).toEqual(CALM)
        await shake(300, 200)
        expect(await part.latch()).toEqual(FIRED)
    })

    it.each([
        [20, "self-test-x: 5, expected 17 to 360"],
        [1500, "self-test-x: 375, expected 17 to 360"],
    ])("fails where it moves by %i mg", async (actuatedMg, reason) => {
        const { part } = bench({ actuatedMg })
        await part.open(true)
        expect(await part.selfTest(true)).toEqual({ kind: "reject", reason })
    })

    it("names the axis, and takes a move either way", () => {
        const rest = [[0, 0, 250]]
        expect(selfTestFault(rest, [[-100, 100, 150]])).toBeUndefined()
        expect(selfTestFault(rest, [[-100, 3, 150]])?.reason).toContain("self-test-y: 3,")
    })

    it("ends where the part gives no samples, and watches again", async () => {
        const { part } = bench({ tamper: (register, value) => (register === 0x27 ? 0 : value) })
        await part.open(true)
        const reason = "accelerometer-no-samples"
        expect(await part.selfTest(true)).toEqual({ kind: "reject", reason })
        expect(await part.open(true)).toEqual(CALM)
    })
})

it("settings that the registers cannot hold are refused by name, value and range", () => {
    const refused = (thresholdMg: number, durationMs: number) =>
        watchRegisters({ thresholdMg, durationMs }, true)
    const reject = (reason: string) => ({ kind: "reject", reason })
    expect(refused(8, 0)).toEqual(reject("threshold: 8, expected 16 to 2032"))
    expect(refused(2048, 0)).toEqual(reject("threshold: 2048, expected 16 to 2032"))
    expect(refused(64, -1)).toEqual(reject("duration: -1, expected 0 to 12700"))
    expect(refused(64, 12800)).toEqual(reject("duration: 12800, expected 0 to 12700"))
})

it("the driver opens, samples and reads the latch on the tracker's machine", async () => {
    const { said, complaints } = await runOnDevice("decisions", 60, (clock) => {
        const chip = new Lis3dh({ clock, motion: () => FLAT })
        chip.powerOn()
        return i2cBus(new Map([[LIS3DH_ADDRESS, chip]]))
    })
    expect(complaints).toEqual([])
    const heard = said.filter(({ topic }) => topic === "accelerometer").map(({ text }) => text)
    expect(heard).toEqual(["latch false", "sample 0 0 1008", "self-test-x: 0, expected 17 to 360"])
})
