// The least heap in which a device program gets through its worst minutes, in steps of 1 KiB, on a board
// with FRAM and on one without: its queue is in RAM there.
//
// The runtime collects garbage when a quarter of the heap was allocated since the last time, so what
// is in use at an instant says little. Instead the program runs in less and less heap, until the
// runtime has no more to give. A part of the heap is taken away at the start of each boot: blocks are
// cut off the free memory and pinned. The machine's memory is reached over the bus: a message to the
// program's twin lies in it. The figure holds fragmentation in: the collector moves nothing.
//
//     node --import tsx bin/tooling/device-heap.ts PROGRAM     prints KiB; nothing where a program that
//                                                              never uses its bus cannot be measured

import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { BME680_ADDRESS, Bme680 } from "../../simulator/chips/bme680.js"
import { FRAM_ADDRESS, FRAM_ID_ADDRESS, Fram } from "../../simulator/chips/fram.js"
import { type I2cChip, i2cBus } from "../../simulator/chips/i2c-bus.js"
import { LTR390_ADDRESS, Ltr390 } from "../../simulator/chips/ltr390.js"
import { boardPins, type PinLevel } from "../../simulator/chips/pins.js"
import { SHTC3_ADDRESS, Shtc3 } from "../../simulator/chips/shtc3.js"
import { UBLOX_ADDRESS, Ublox } from "../../simulator/chips/ublox.js"
import { type Clock, VirtualClock } from "../../simulator/vm/clock.js"
import { buildFlashStore } from "../../simulator/vm/flash-store.js"
import { Machine } from "../../simulator/vm/machine.js"
import type { Network } from "../../simulator/vm/network.js"

const START_MS = Date.UTC(2031, 0, 1)
const DEVICE_ID = "00112233445566aa"
/** Long enough that a queue in RAM is full, and one in FRAM. */
const SCENARIO_MS = 480_000
const REBOOT_MS = 350
const CONTACT_PIN = 4
const PROFILE_LIVE = 1
const HEAP_KB = 64
const STEP_KB = 1
const LEAST_KB = 8

/** Undefined where the program does not use its bus. Throws when 64 KiB are not enough. */
export async function leastHeapKb(program: Uint8Array): Promise<number | undefined> {
    let enough: number | undefined
    for (const hasFram of [true, false]) {
        const whole = await run(program, hasFram, HEAP_KB)
        if (whole === "unknown") continue
        if (whole === "exhausted")
            throw new Error(`it runs out of ${HEAP_KB} KiB ${hasFram ? "with" : "without"} FRAM`)
        // The other board's need is the least that is looked for here.
        const known = enough ?? LEAST_KB
        if ((await run(program, hasFram, known)) === "enough") enough = known
        else enough = await leastBetween(program, hasFram, known)
    }
    return enough
}

async function leastBetween(program: Uint8Array, hasFram: boolean, from: number): Promise<number> {
    let [tooLittle, enough] = [from, HEAP_KB]
    while (enough - tooLittle > STEP_KB) {
        const middle = tooLittle + Math.floor((enough - tooLittle) / STEP_KB / 2) * STEP_KB
        if ((await run(program, hasFram, middle)) === "enough") enough = middle
        else tooLittle = middle
    }
    return enough
}

/**
 * A broker that takes everything and acknowledges nothing, so that the queue fills; a receiver that
 * moves, in the profile that keeps most; parts that change, and a door that never rests.
 */
async function run(
    program: Uint8Array,
    hasFram: boolean,
    heapKb: number,
): Promise<"enough" | "exhausted" | "unknown"> {
    const clock = new VirtualClock(START_MS)
    const wanted = ((HEAP_KB - heapKb) * 1024) / 4
    const parts = partsOn(clock)
    if (hasFram) {
        const fram = new Fram()
        parts.set(FRAM_ADDRESS, fram).set(FRAM_ID_ADDRESS, fram.id)
    }
    const bus = i2cBus(parts)
    const pins = boardPins(new Map([[CONTACT_PIN, () => door(clock)]]))
    let taken = 0
    let hasHeap = false
    let isExhausted = false
    const machine = new Machine({
        clock,
        network: deafBroker(clock),
        chipId: DEVICE_ID,
        flash: buildFlashStore(program, {
            ...{ did: DEVICE_ID, chain: "5a".repeat(32), host: "broker", port: 1883 },
            ...{ profile: PROFILE_LIVE, hold: 5000, contactpin: CONTACT_PIN },
        }),
        randomBytes: seeded(),
        onTwin: (topic, data) => {
            const words = new Uint32Array(data.buffer)
            const head = hasHeap && taken === wanted ? undefined : heapIn(words)
            if (head !== undefined) taken += takeHeap(words, head, wanted - taken)
            hasHeap ||= head !== undefined
            bus(topic, data)
            pins(topic, data)
        },
        onLog: (line) => {
            if (/OutOfMemory|panic 60004/.test(line)) isExhausted = true
        },
        onStopped: () => {
            taken = 0
            if (!isExhausted) clock.after(REBOOT_MS, () => machine.boot())
        },
    })
    machine.boot()
    const isOver = () => isExhausted
    for (let ms = 0; ms < SCENARIO_MS && !isOver(); ms += 10_000)
        await clock.runUntil(START_MS + ms, () => undefined)
    machine.powerOff()
    if (isExhausted) return "exhausted"
    if (!hasHeap) return "unknown"
    // What could not be taken was in use all the while.
    return taken === wanted ? "enough" : "exhausted"
}

function partsOn(clock: Clock): Map<number, I2cChip> {
    const secondsAt = (atMs: number) => (atMs - START_MS) / 1000
    const environment = (atMs: number) => ({
        temperatureC: 20 + 10 * Math.sin(secondsAt(atMs) / 20),
        humidityPercent: 50 + 20 * Math.sin(secondsAt(atMs) / 30),
        pressurePa: 95_000 + 1000 * Math.sin(secondsAt(atMs) / 40),
        illuminanceLux: 1000 + 900 * Math.sin(secondsAt(atMs) / 10),
        uvIndex: 0,
    })
    const receiver = new Ublox({
        clock,
        source: (atMs) => ({
            ...{ atMs, fixType: 3, isFixOk: true, satellites: 9, accuracyMm: 4000, altMm: 460_000 },
            latE7: 471_392_000 + Math.round(secondsAt(atMs) * 1500),
            lonE7: 95_228_000 + Math.round(3000 * Math.sin(secondsAt(atMs) / 7)),
            ...{ speedMms: 15_000, courseE5: Math.round(secondsAt(atMs) * 1e5) % 36_000_000 },
        }),
    })
    const parts = { clock, environment }
    const chips: [number, I2cChip & { powerOn(): void }][] = [
        [UBLOX_ADDRESS, receiver],
        [SHTC3_ADDRESS, new Shtc3(parts)],
        [BME680_ADDRESS, new Bme680(parts)],
        [LTR390_ADDRESS, new Ltr390(parts)],
    ]
    for (const [, chip] of chips) chip.powerOn()
    return new Map(chips)
}

function door(clock: Clock): PinLevel {
    return Math.floor(clock.nowMs / 2000) % 2 === 0 ? 0 : 1
}

/** Accepts whoever connects and subscribes, and never says another word. */
function deafBroker(clock: Clock): Network {
    const answers = new Map([
        [1, (_: Uint8Array) => Uint8Array.of(0x20, 2, 0, 0)],
        [8, (packet: Uint8Array) => Uint8Array.of(0x90, 3, packet[2]!, packet[3]!, 1)],
    ])
    return {
        open: (_host, _port, events) => {
            let isClosed = false
            const later = (event: () => void) => {
                clock.after(40, () => {
                    if (!isClosed) event()
                })
            }
            later(events.opened)
            return {
                write: (bytes) => {
                    const answer = answers.get(bytes[0]! >> 4)
                    if (answer) later(() => events.received(Buffer.from(answer(bytes))))
                    return true
                },
                close: () => {
                    isClosed = true
                },
            }
        },
    }
}

function seeded(): (count: number) => Uint8Array {
    let block = 0
    return (count) => createHash("shake256", { outputLength: count }).update(`${block++}`).digest()
}

/** Words of 4 bytes into the heap's head (runtime/devicescript/gc_alloc.c, devs_gc_t on 32 bits). */
const HEAD_WORDS = 6
const FIRST_CHUNK = 1
const CHUNK_WORDS = 2
const HEAP_SLACK_BYTES = 64
const TAG = { free: 0x01, pinnedBytes: 0x42, final: 0x4f } as const
const SIZE_MASK = 0xffffff
/** A free block keeps its header and its link. */
const FREE_WORDS_LEAST = 4
/** Crumbs are left alone. */
const TAKEN_WORDS_LEAST = 16

/** Takes up to `wanted` words out of the largest free block; the answer is how many. */
function takeHeap(words: Uint32Array, head: number, wanted: number): number {
    let largest = 0
    let largestWords = 0
    const end = words[head + HEAD_WORDS + 1]! >>> 2
    for (let at = head + HEAD_WORDS + CHUNK_WORDS; at < end; ) {
        const size = words[at]! & SIZE_MASK
        const tag = words[at]! >>> 24
        if (tag === TAG.final || size === 0) break
        if (tag === TAG.free && size > largestWords) [largest, largestWords] = [at, size]
        at += size
    }
    const taken = Math.min(wanted, largestWords - FREE_WORDS_LEAST)
    if (taken <= 0 || taken < Math.min(wanted, TAKEN_WORDS_LEAST)) return 0
    const left = largestWords - taken
    words[largest] = (TAG.free << 24) | left
    words[largest + left] = (TAG.pinnedBytes << 24) | taken
    return taken
}

/** Index of the heap's head: its first chunk follows it at once. */
function heapIn(words: Uint32Array): number | undefined {
    const bytes = HEAP_KB * 1024
    for (let at = 1025; at < words.length - HEAD_WORDS; at++) {
        const below = words[at - 1]! & ~7
        if (below < bytes || below > bytes + HEAP_SLACK_BYTES) continue
        if (words[at + FIRST_CHUNK] === (at + HEAD_WORDS) * 4) return at
    }
    return undefined
}

if (process.argv[1] === import.meta.filename) {
    try {
        const kilobytes = await leastHeapKb(readFileSync(process.argv[2]!))
        process.stdout.write(kilobytes === undefined ? "" : `${kilobytes}\n`)
    } catch (error) {
        process.stderr.write(`${(error as Error).message}\n`)
        process.exitCode = 1
    }
}
