// Power that fails under the tracker's bytecode: at each of 200 writes to FRAM in a row, among them
// fixes, records, acks, the wrap of the queue and the change of the epoch; and at each write to flash
// of the first start, in which the chain key moves into FRAM. (Every byte of a day: model-power-cuts.)

import { expect, it } from "vitest"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import { Fram } from "../../simulator/chips/fram.js"
import { Outage } from "../../simulator/vm/machine.js"
import { makePrng } from "../../simulator/world/prng.js"
import { cases } from "../support/cases.js"
import type { CommuteDays } from "../support/commute.js"
import { MachineRig } from "../support/machine-rig.js"
import { RIG_CHAIN, RIG_START_MS } from "../support/rig-world.js"
import type { VirtualGateway } from "../support/virtual-gateway.js"

const RUN_WAIT_MS = 3_600_000
const WRITES = 200
const DAY_MS = 86_400_000
const ALWAYS: CommuteDays = { there: [0, 12], back: [12, 24], drivesOn: () => true }
/** From the start to midnight: so that the queue comes round then. */
const TO_MIDNIGHT_S = 470
const STARTED_MS = RIG_START_MS + DAY_MS - TO_MIDNIGHT_S * 1000
const SETTLE_S = 75

/** Of firmware/logic/nvm-layout.ts. */
const SESSION_CELLS = 0x0080
const FIX_LOG = [0x1600, 0x1f00] as const
const SLOTS = 0x1f00
const SLOT_FREE = "00"

interface Write {
    atMs: number
    at: number
    bytes: Buffer
    /** What the memory held before it. */
    memory: Buffer
    gateway: VirtualGateway
    /** Fixes that were in the log, or had been. */
    fixes: number
}

function bench(startMs: number, more: { fram?: Fram; known?: VirtualGateway; chain?: string }) {
    const { chain, ...rig } = more
    return new MachineRig({
        profile: ProfileNumber.bench,
        commute: ALWAYS,
        startMs,
        hasGauge: true,
        ...(chain === undefined ? {} : { settings: { chain } }),
        ...rig,
    })
}

/** Writes from ten seconds before midnight on. */
async function writesAroundMidnight(): Promise<{ writes: Write[]; whole: MachineRig }> {
    const fram = new Fram()
    const writes: Write[] = []
    const whole = bench(STARTED_MS, { fram })
    const write = fram.write.bind(fram)
    let fixes = 0
    fram.write = (bytes) => {
        const at = (bytes[0]! << 8) | bytes[1]!
        if (bytes.length > 2 && whole.clock.nowMs > RIG_START_MS + DAY_MS - 10_000)
            writes.push({
                atMs: whole.clock.nowMs,
                at,
                bytes: Buffer.from(bytes.subarray(2)),
                memory: Buffer.from(fram.bytes),
                gateway: whole.gateway.fork(whole.clock),
                fixes,
            })
        write(bytes)
        if (bytes.length > 2 && at >= FIX_LOG[0] && at < FIX_LOG[1]) fixes++
    }
    whole.powerOn()
    while (writes.length < WRITES) await whole.runHours(1 / 3600)
    await whole.runHours(60 / 3600)
    return { writes: writes.slice(0, WRITES), whole }
}

it(
    "costs at most what was being written, at any of 200 writes to FRAM",
    async () => {
        const { writes, whole } = await writesAroundMidnight()
        const kept = whole.fixes()
        expectAllKinds(writes)
        const random = makePrng("machine power cuts")
        const step = WRITES / cases(20, WRITES)
        for (let i = 0; i < WRITES; i += step) {
            const { atMs, at, bytes, memory, gateway, fixes } = writes[Math.floor(i)]!
            const torn = Math.floor(random.next() * bytes.length)
            const fram = new Fram()
            fram.bytes.set(memory)
            fram.bytes.set(bytes.subarray(0, torn), at)
            const rig = bench(atMs + 1000, { fram, known: gateway, chain: "" })
            const before = gateway.taken.length
            rig.powerOn()
            await rig.runHours(SETTLE_S / 3600)
            const where = `write ${Math.floor(i)} to ${at.toString(16)} cut before byte ${torn}`
            expect(rig.panics, where).toEqual([])
            expect(rig.gateway.reused, where).toEqual([])
            expect(rig.gateway.unreadable, where).toBe(0)
            expect(rig.gateway.taken.length, where).toBeGreaterThan(before + 5)
            const arrived = rig.fixes()
            for (let number = 0; number < fixes; number++)
                expect(arrived.get(number), `${where}, fix ${number}`).toEqual(kept.get(number))
            const numbers = [...arrived.keys()].sort((a, b) => a - b)
            expect(numbers, where).toEqual(numbers.map((_, k) => k))
        }
    },
    RUN_WAIT_MS,
)

/** The stretch has in it what the tracker writes at all. */
function expectAllKinds(writes: readonly Write[]): void {
    const slots = writes.map(({ at }) => at).filter((at) => at >= SLOTS)
    const heads = writes.filter(({ bytes, at }) => at >= SLOTS && bytes.length === 1)
    expect(writes.some(({ at }) => at < SESSION_CELLS)).toBe(true)
    expect(writes.some(({ at }) => at >= FIX_LOG[0] && at < FIX_LOG[1])).toBe(true)
    expect(slots.some((at, i) => i > 0 && at < slots[i - 1]! - 0x4000)).toBe(true)
    expect(heads.some(({ bytes }) => bytes.toString("hex") === SLOT_FREE)).toBe(true)
    expect(heads.some(({ bytes }) => bytes.toString("hex") !== SLOT_FREE)).toBe(true)
}

it(
    "keeps its identity, or has none and says nothing, at each write to flash of the first start",
    async () => {
        const count = await flashWrites()
        expect(count).toBeGreaterThan(160)
        let kept = 0
        const step = count / cases(16, count)
        for (let i = 0; i < count; i += step)
            for (const isTorn of [false, true]) {
                const cut = Math.floor(i)
                const { rig, isProvisioned, isHeard } = await firstStartCutAt(cut, isTorn)
                const where = `flash write ${cut} ${isTorn ? "torn" : "not begun"}`
                expect(rig.gateway.reused, where).toEqual([])
                expect(rig.gateway.unreadable, where).toBe(0)
                expect(rig.panics, where).toEqual([])
                // A store that was torn is formatted: there is no program any more, and it is flashed anew.
                expect(isHeard, where).toBe(isProvisioned)
                if (!isProvisioned) continue
                kept++
                expect(rig.fixes().size, where).toBeGreaterThan(0)
                expect(rig.tracker.flash.includes(RIG_CHAIN.toString("hex")), where).toBe(false)
            }
        expect(kept).toBeGreaterThan(cases(16, count) / 2)
    },
    RUN_WAIT_MS,
)

async function flashWrites(): Promise<number> {
    let count = 0
    const rig = new MachineRig({
        profile: ProfileNumber.bench,
        commute: ALWAYS,
        tracker: {
            writeFlash: (flash, image) => {
                count++
                flash.set(image)
            },
        },
    })
    rig.powerOn()
    await rig.runHours(30 / 3600)
    return count
}

/** A first start whose power fails at a write to flash, and the minute after the next start. */
async function firstStartCutAt(cut: number, isTorn: boolean) {
    let count = 0
    const rig: MachineRig = new MachineRig({
        profile: ProfileNumber.bench,
        commute: ALWAYS,
        tracker: {
            writeFlash: (flash, image) => {
                if (count++ !== cut) {
                    flash.set(image)
                    return
                }
                if (isTorn) writeUpperHalf(flash, image)
                throw new Outage("the power has failed")
            },
        },
    })
    rig.powerOn()
    await rig.runHours(30 / 3600)
    expect(rig.tracker.state).toBe("off")
    const said = rig.said.length
    const heard = rig.gateway.taken.length
    rig.tracker.powerOn()
    await rig.runHours(60 / 3600)
    const isProvisioned = rig.said.slice(said).some((line) => line.startsWith("* start"))
    return { rig, isProvisioned, isHeard: rig.gateway.taken.length > heard }
}

/** The store writes a value, which lies high, before the entry that makes it count. */
function writeUpperHalf(flash: Buffer, image: Uint8Array): void {
    const changed: number[] = []
    for (let at = 0; at < image.length; at++) if (flash[at] !== image[at]) changed.push(at)
    for (const at of changed.slice(changed.length >> 1)) flash[at] = image[at]!
}
