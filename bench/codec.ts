// What does a fix take, in bytes and in work, and what would it take elsewhere? Batches of 50 fixes of
// the recorded tracks (seeded drives where they are absent), written by our profiles, by the formats
// of others, and as JSON compressed by deflate and zstd. CPU is the best of ROUNDS, beside plain JSON
// of the same fixes in the same run; then writing on the tracker's own machine, whose bytes are
// compared with Node's.

import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import * as zlib from "node:zlib"
import { buildAll } from "../bin/build.mjs"
import { CODECS } from "../bin/measure/codecs.js"
import { encodeCborRows } from "../bin/measure/formats/cbor-rows.js"
import { encodeCodec8 } from "../bin/measure/formats/teltonika.js"
import { type MeasuredFix, measuredFixes } from "../bin/measure/measured-fix.js"
import { avlRecord, cborRows, meshtasticPosition, ownTracksPayload } from "../bin/measure/peers.js"
import { VirtualClock } from "../simulator/vm/clock.js"
import { buildFlashStore } from "../simulator/vm/flash-store.js"
import { Machine } from "../simulator/vm/machine.js"
import { BATCH_FIXES, CodecRun } from "../test/device/runs/codec-run.js"
import { recordedTracks } from "../test/support/recorded-tracks.js"
import { deviceProgram } from "../test/support/tracker-program.js"

const BATCH = 50
const ROUNDS = 3
const INFINITY = Number.POSITIVE_INFINITY

/** Messages of one batch, and what reads one of them where there is a reader here. */
interface Format {
    name: string
    open(): {
        write(batch: readonly MeasuredFix[]): Buffer[]
        read?(message: Buffer): unknown
    }
}

export async function main(): Promise<void> {
    const batches = recordedTracks().flatMap((track) => {
        const fixes = measuredFixes(track)
        const count = Math.floor(fixes.length / BATCH)
        return Array.from({ length: count }, (_, i) => fixes.slice(i * BATCH, (i + 1) * BATCH))
    })
    const formats = contenders()
    const best = formats.map(() => ({ bytes: 0, writeUs: INFINITY, readUs: INFINITY }))
    // In turn, so that whatever else the computer does meets all of them alike.
    for (let round = 0; round < ROUNDS; round++)
        formats.forEach((format, index) => {
            const { bytes, writeUs, readUs } = weigh(format, batches)
            const before = best[index]!
            best[index] = {
                bytes,
                writeUs: Math.min(before.writeUs, writeUs),
                readUs: Math.min(before.readUs, readUs),
            }
        })
    const fixes = batches.length * BATCH
    console.log(`bytes and CPU of a fix, ${batches.length} batches of ${BATCH}, on Node`)
    console.log(row("format", ["bytes/fix", "write us/fix", "to JSON", "read us/fix", "to JSON"]))
    formats.forEach(({ name }, index) => {
        const { bytes, writeUs, readUs } = best[index]!
        const cost = (us: number, jsonUs: number) =>
            Number.isFinite(us) ? [(us / fixes).toFixed(2), (us / jsonUs).toFixed(1)] : ["-", "-"]
        const [json] = best
        const cells = [...cost(writeUs, json!.writeUs), ...cost(readUs, json!.readUs)]
        console.log(row(name, [(bytes / fixes).toFixed(2), ...cells]))
    })
    if (zstd === undefined) console.log("JSON, zstd: not in this Node, only from 22.15 on")
    await onTheMachine()
}

function weigh(
    format: Format,
    batches: readonly (readonly MeasuredFix[])[],
): { bytes: number; writeUs: number; readUs: number } {
    const { write, read } = format.open()
    const startUs = cpuUs()
    const messages = batches.flatMap((batch) => write(batch))
    const writtenUs = cpuUs()
    if (read !== undefined) for (const message of messages) read(message)
    const readUs = read === undefined ? INFINITY : cpuUs() - writtenUs
    const bytes = messages.reduce((total, { length }) => total + length, 0)
    return { bytes, writeUs: writtenUs - startUs, readUs }
}

/** In Node from 22.15 on; the type definitions here are those of Node 20. */
const zstd = (zlib as unknown as { zstdCompressSync?: (text: Buffer) => Buffer }).zstdCompressSync

function contenders(): Format[] {
    const json = (batch: readonly MeasuredFix[]) => Buffer.from(JSON.stringify(batch))
    const writer = (name: string, write: (batch: readonly MeasuredFix[]) => Buffer[]): Format => {
        return { name, open: () => ({ write }) }
    }
    const parse = (text: Buffer) => JSON.parse(text.toString())
    return [
        { name: "JSON", open: () => ({ write: (batch) => [json(batch)], read: parse }) },
        {
            name: "JSON, deflate",
            open: () => ({
                write: (batch) => [zlib.deflateRawSync(json(batch), { level: 9 })],
                read: (message) => parse(zlib.inflateRawSync(message)),
            }),
        },
        ...(zstd === undefined ? [] : [writer("JSON, zstd", (batch) => [zstd(json(batch))])]),
        writer("OwnTracks JSON", (batch) => batch.map(ownTracksPayload)),
        writer("Teltonika Codec 8", (batch) => [encodeCodec8(batch.map(avlRecord))]),
        writer("Meshtastic Position", (batch) => batch.map(meshtasticPosition)),
        writer("CBOR rows", (batch) => [encodeCborRows(cborRows(batch))]),
        ...CODECS.map(
            (codec): Format => ({
                name: `burr ${codec.name}`,
                open() {
                    const run = codec.open()
                    return {
                        write: (batch) => run.encode(batch).map(({ bytes }) => bytes),
                        read: (message) => run.decode(message),
                    }
                },
            }),
        ),
    ]
}

function cpuUs(): number {
    const { user, system } = process.cpuUsage()
    return user + system
}

const MACHINE_RUN_MS = 60_000
/** The interpreter takes 85 million steps a second here, 1 to 2 million on an ESP32: an estimate. */
const SLOWER = { least: 43, most: 85 }

async function onTheMachine(): Promise<void> {
    if (!(await buildAll(join(import.meta.dirname, "..")))) throw new Error("the build failed")
    const took = new Map<number, { cpu: number; rounds: number; bytes: number }>()
    let [startedAtUs, rounds] = [0, 0]
    const sizes = new Map<number, number>()
    const said = (topic: string, data: Buffer) => {
        const [profile, rest] = data.toString().split(" ")
        const number = Number(profile)
        if (topic === "body") {
            const bytes = rest!.length / 2
            if (!bodiesOnNode(number).includes(rest!))
                throw new Error(
                    `profile ${number} is written otherwise on the machine than on Node`,
                )
            sizes.set(number, (sizes.get(number) ?? 0) + bytes)
        } else if (topic === "begin") {
            rounds = Number(rest)
            startedAtUs = cpuUs()
        } else if (topic === "end") {
            const bytes = sizes.get(number) ?? 0
            took.set(number, { cpu: cpuUs() - startedAtUs, rounds, bytes })
        }
    }
    const clock = new VirtualClock(Date.UTC(2031, 0, 1))
    const machine = new Machine({
        clock,
        network: {
            open: (_host, _port, events) => {
                clock.after(1, () => events.failed("no network here"))
                return { write: () => false, close: () => {} }
            },
        },
        chipId: "00112233445566bb",
        flash: buildFlashStore(deviceProgram("test/device/codec-cost.devs"), {}),
        randomBytes,
        onTwin: said,
    })
    machine.boot()
    await clock.runUntil(clock.nowMs + MACHINE_RUN_MS, () => undefined)
    machine.powerOff()
    const idle = took.get(-1)
    if (idle === undefined) throw new Error("the machine did not run the program")
    console.log(`\nwriting on the tracker's machine, ${BATCH_FIXES} fixes, bytes as on Node`)
    console.log(row("profile", ["bytes/fix", "write us/fix", "ESP32 ms, est."]))
    took.forEach(({ cpu, rounds, bytes }, profile) => {
        if (profile < 0) return
        const perFixUs = (cpu - idle.cpu) / rounds / BATCH_FIXES
        const estimate = [SLOWER.least, SLOWER.most].map((by) =>
            ((perFixUs * by) / 1000).toFixed(1),
        )
        console.log(
            row(profile === 0 ? "plain" : `packed ${profile}`, [
                (bytes / BATCH_FIXES).toFixed(2),
                perFixUs.toFixed(1),
                estimate.join(" to "),
            ]),
        )
    })
}

function bodiesOnNode(profile: number): string[] {
    const run = new CodecRun(profile)
    while (run.next());
    return run.bodies.map((body) => body.toString("hex"))
}

function row(name: string, cells: readonly string[]): string {
    return name.padEnd(26) + cells.map((cell) => cell.padStart(16)).join("")
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main()
