import { describe, expect, it } from "vitest"
import { type AccelerationMg, Lis3dh } from "../../simulator/chips/lis3dh.js"
import { VirtualClock } from "../../simulator/vm/clock.js"

const START_MS = Date.UTC(2031, 0, 1)
const HOUR_MS = 3_600_000
const STILL: AccelerationMg = { x: 0, y: 0, z: 1000 }
const WHO_AM_I = 0x0f
const CTRL1 = 0x20
const REFERENCE = 0x26
const INT1_CONFIG = 0x30
const INT1_SOURCE = 0x31
const OUT_X = 0x28
const BURST = 0x80
const ACTIVE = 1 << 6

describe("the accelerometer", () => {
    it("says who it is and begins in power-down", () => {
        const { chip, read } = bench()
        expect(read(WHO_AM_I)).toEqual([0x33])
        expect(read(CTRL1)).toEqual([0x07])
        expect(chip.drawUa).toBe(0.5)
    })
    it("counts registers on only where the top bit of the address asks for it", () => {
        const { read } = bench()
        expect(read(WHO_AM_I, 3)).toEqual([0x33, 0x33, 0x33])
        expect(read(0x1e | BURST, 3)).toEqual([0x10, 0x00, 0x07])
    })
    it("keeps what cannot be written", () => {
        const { chip, read } = bench()
        chip.write(Uint8Array.of(WHO_AM_I, 0))
        expect(read(WHO_AM_I)).toEqual([0x33])
    })

    it.each([
        ["low power", 0x2f, 0x00, 16],
        ["normal", 0x27, 0x00, 4],
        ["high resolution", 0x27, 0x08, 1],
        ["high resolution at 16 g", 0x27, 0x38, 12],
    ])("gives gravity in %s, left-justified", async (_mode, ctrl1, ctrl4, mgPerDigit) => {
        const { chip, clock, axes } = bench(() => ({ x: -480, y: 96, z: 1000 }))
        chip.write(Uint8Array.of(0x23, ctrl4))
        chip.write(Uint8Array.of(CTRL1, ctrl1))
        expect(axes()).toEqual([0, 0, 0])
        await clock.runUntil(START_MS + 200, () => undefined)
        const shift = Math.log2(mgPerDigit === 12 ? 1 : mgPerDigit)
        const digits = axes().map((word) => word / 2 ** (4 + shift))
        expect(digits).toEqual([-480, 96, 1000].map((mg) => Math.round(mg / mgPerDigit)))
    })
    it("stops at the end of its scale", async () => {
        const { chip, clock, axes } = bench(() => ({ x: 9000, y: -9000, z: 0 }))
        chip.write(Uint8Array.of(0x23, 0x08))
        chip.write(Uint8Array.of(CTRL1, 0x27))
        await clock.runUntil(START_MS + 200, () => undefined)
        expect(axes()).toEqual([2047 * 16, -2048 * 16, 0])
    })
    it("tells new data from data read, and data lost", async () => {
        const { chip, clock, read, axes } = bench()
        chip.write(Uint8Array.of(CTRL1, 0x27))
        expect(read(0x27)).toEqual([0])
        await clock.runUntil(START_MS + 100, () => undefined)
        expect(read(0x27)).toEqual([0x0f])
        axes()
        expect(read(0x27)).toEqual([0])
        await clock.runUntil(START_MS + 300, () => undefined)
        expect(read(0x27)).toEqual([0xff])
    })
    it("draws by mode and rate, as its data sheet tabulates", () => {
        const { chip } = bench()
        const drawn: [number, number][] = []
        chip.onDraw = (atMs, ua) => drawn.push([atMs - START_MS, ua])
        for (const ctrl1 of [0x1f, 0x2f, 0x57, 0x97, 0x00]) chip.write(Uint8Array.of(CTRL1, ctrl1))
        chip.powerOff()
        expect(drawn.map(([, ua]) => ua)).toEqual([2, 3, 20, 185, 0.5, 0])
    })
})

describe("the accelerometer's interrupt", () => {
    it("stays latched through hours and host resets until its source is read", async () => {
        const bumpAtMs = START_MS + 10_000
        const { chip, clock, read, interrupts } = watching((atMs) =>
            atMs >= bumpAtMs && atMs < bumpAtMs + 500 ? { x: 700, y: 0, z: 1000 } : STILL,
        )
        await clock.runUntil(START_MS + 9_900, () => undefined)
        expect(interrupts).toEqual([])
        expect(chip.isInterrupting).toBe(false)
        await clock.runUntil(START_MS + 8 * HOUR_MS, () => undefined)
        expect(interrupts).toEqual([10_000])
        expect(chip.isInterrupting).toBe(true)
        const [source] = read(INT1_SOURCE)
        expect(source! & ACTIVE).toBe(ACTIVE)
        expect(source! & 2).toBe(2)
        expect(read(INT1_SOURCE)).toEqual([0])
        expect(chip.isInterrupting).toBe(false)
        await clock.runUntil(START_MS + 9 * HOUR_MS, () => undefined)
        expect(interrupts).toEqual([10_000])
    })
    it("comes again for the next jolt once it was read", async () => {
        const { clock, read, interrupts } = watching(jolts([5000, 20_000, 40_000]))
        await clock.runUntil(START_MS + 10_000, () => undefined)
        read(INT1_SOURCE)
        await clock.runUntil(START_MS + 60_000, () => undefined)
        expect(interrupts).toEqual([5000, 20_000])
        read(INT1_SOURCE)
        await clock.runUntil(START_MS + 61_000, () => undefined)
        expect(interrupts).toEqual([5000, 20_000])
    })
    it("goes by itself where it is not latched", async () => {
        const { chip, clock, interrupts } = watching(jolts([5000, 20_000]), { latch: 0 })
        await clock.runUntil(START_MS + 5000, () => undefined)
        expect(chip.isInterrupting).toBe(true)
        await clock.runUntil(START_MS + 30_000, () => undefined)
        expect(chip.isInterrupting).toBe(false)
        expect(interrupts).toEqual([5000, 20_000])
    })
    it("wants the threshold passed for longer than the duration", async () => {
        const jolt = (lengthMs: number) => (atMs: number) =>
            atMs >= START_MS + 5000 && atMs < START_MS + 5000 + lengthMs
                ? { x: 0, y: 900, z: 1000 }
                : STILL
        // Three samples over, at 10 Hz: the first at 5000.
        const short = watching(jolt(200), { duration: 2, isFiltered: false, config: 0x08 })
        await short.clock.runUntil(START_MS + 10_000, () => undefined)
        expect(short.interrupts).toEqual([])
        const long = watching(jolt(300), { duration: 2, isFiltered: false, config: 0x08 })
        await long.clock.runUntil(START_MS + 10_000, () => undefined)
        expect(long.interrupts).toEqual([5200])
    })
    it("does not see gravity through the high-pass filter, however it is turned", async () => {
        const { clock, interrupts } = watching((atMs) => {
            // Turned from one side to the other over ten minutes.
            const angle = Math.min(1, (atMs - START_MS) / 600_000) * Math.PI
            return { x: 1000 * Math.sin(angle), y: 0, z: 1000 * Math.cos(angle) }
        })
        await clock.runUntil(START_MS + 700_000, () => undefined)
        expect(interrupts).toEqual([])
    })
    it("takes gravity for a jolt where the reference was never read", async () => {
        const { clock, interrupts } = watching(() => STILL, { readsReference: false })
        await clock.runUntil(START_MS + 1000, () => undefined)
        expect(interrupts).toEqual([100])
    })
    it("fires on free fall when all axes together are low", async () => {
        const { clock, interrupts } = watching(
            (atMs) => (atMs >= START_MS + 3000 ? { x: 20, y: -30, z: 40 } : STILL),
            { isFiltered: false, config: 0x95, threshold: 22 },
        )
        await clock.runUntil(START_MS + 5000, () => undefined)
        expect(interrupts).toEqual([3000])
    })
    it("is not told to the host unless it is routed to the pin", async () => {
        const { chip, clock, read, interrupts } = watching(jolts([5000]), { route: 0 })
        await clock.runUntil(START_MS + 10_000, () => undefined)
        expect(chip.isInterrupting).toBe(false)
        expect(interrupts).toEqual([])
        expect(read(INT1_SOURCE)[0]! & ACTIVE).toBe(ACTIVE)
    })
    it("is gone with the supply, settings and all", async () => {
        const { chip, clock, read } = watching(jolts([5000]))
        await clock.runUntil(START_MS + 10_000, () => undefined)
        chip.powerOff()
        chip.powerOn()
        expect(read(INT1_SOURCE)).toEqual([0])
        expect(read(INT1_CONFIG)).toEqual([0])
    })

    it("finds the same jolts asleep through still hours as sample by sample", async () => {
        const at = [7_300, 3_600_000, 3_600_400, 9_000_050, 9_500_000]
        const motion = jolts(at)
        const next = (atMs: number) =>
            START_MS + (at.find((jolt) => START_MS + jolt > atMs) ?? Number.MAX_SAFE_INTEGER / 2)
        const stillUntil = (atMs: number) => {
            const isJolting = at.some(
                (jolt) => atMs >= START_MS + jolt && atMs < START_MS + jolt + JOLT_MS,
            )
            return isJolting ? atMs : next(atMs)
        }
        const skipping = watching(motion, { latch: 0 }, stillUntil)
        const looking = watching(motion, { latch: 0 })
        for (const { clock } of [skipping, looking])
            await clock.runUntil(START_MS + 10_000_000, () => undefined)
        expect(looking.interrupts.length).toBeGreaterThan(3)
        expect(skipping.interrupts).toEqual(looking.interrupts)
        expect(looking.felt()).toBeGreaterThan(100_000)
        expect(skipping.felt()).toBeLessThan(2000)
    })
    it("has the same filter after a held interrupt as one that looked all along", async () => {
        // A slow swing that the filter follows, held over an hour, then released.
        const swing = (atMs: number) => ({ x: 300 * Math.sin(atMs / 2000), y: 0, z: 1000 })
        const motion = (atMs: number) =>
            atMs < START_MS + 5000 ? { x: 900, y: 0, z: 1000 } : swing(atMs)
        const held = watching(motion, { filtersOutput: true, readsReference: false })
        const free = watching(motion, { filtersOutput: true, config: 0 })
        for (const { clock } of [held, free])
            await clock.runUntil(START_MS + HOUR_MS, () => undefined)
        expect(held.interrupts).toHaveLength(1)
        held.read(INT1_SOURCE)
        expect(held.axes()[0]).toBeCloseTo(free.axes()[0]!, -2)
        expect(Math.abs(free.axes()[0]!)).toBeGreaterThan(0)
    })
})

const JOLT_MS = 300

/** Still, but for a jolt along x at each of the times after the start. */
function jolts(atMs: number[]) {
    return (now: number) => {
        const since = atMs.map((at) => now - START_MS - at)
        return since.some((ms) => ms >= 0 && ms < JOLT_MS) ? { x: 600, y: 0, z: 1000 } : STILL
    }
}

interface Watch {
    latch?: number
    route?: number
    duration?: number
    threshold?: number
    config?: number
    isFiltered?: boolean
    filtersOutput?: boolean
    readsReference?: boolean
}

/** Set up as for wake on motion: low power, 10 Hz, 160 mg of high-passed x, y or z. */
function watching(
    motion: (atMs: number) => AccelerationMg,
    watch: Watch = {},
    stillUntil?: (atMs: number) => number,
) {
    const { latch = 0x08, route = 0x40, duration = 0, threshold = 10, config = 0x2a } = watch
    const parts = bench(motion, stillUntil)
    const filter = (watch.isFiltered === false ? 0 : 1) | (watch.filtersOutput ? 8 : 0)
    parts.chip.write(Uint8Array.of(CTRL1 | BURST, 0x2f, filter, route, 0x00, latch))
    parts.chip.write(Uint8Array.of(0x32 | BURST, threshold, duration))
    if (watch.readsReference !== false) parts.read(REFERENCE)
    parts.chip.write(Uint8Array.of(INT1_CONFIG, config))
    return parts
}

function bench(
    motion: (atMs: number) => AccelerationMg = () => STILL,
    stillUntil?: (atMs: number) => number,
) {
    const clock = new VirtualClock(START_MS)
    const interrupts: number[] = []
    let felt = 0
    const chip = new Lis3dh({
        clock,
        motion: (atMs) => {
            felt++
            return motion(atMs)
        },
        ...(stillUntil ? { stillUntil } : {}),
        onInterrupt: (atMs) => interrupts.push(Math.round(atMs - START_MS)),
    })
    chip.powerOn()
    const read = (register: number, count = 1) => {
        chip.write(Uint8Array.of(register))
        return [...chip.read(count)]
    }
    const axes = () => {
        const bytes = Buffer.from(read(OUT_X | BURST, 6))
        return [0, 2, 4].map((at) => bytes.readInt16LE(at))
    }
    return { chip, clock, interrupts, read, axes, felt: () => felt }
}
