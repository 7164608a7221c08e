// Does a fence tell of every crossing, and of nothing else?
//
// Blocks along a recorded drive, against the crossings of its truth; and lines past a moored boat
// whose fixes wander by 20 m. Beside fused tracks, what deciding by each fix alone would raise.

import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import type { Geofence } from "../gateway/core/geofence/geofence.js"
import { type ParsedTrack, parseTrack } from "../gateway/core/replay/parse-track.js"
import { replay } from "../gateway/core/replay/replay.js"
import {
    blocksAlong,
    crossings,
    linesAround,
    middleOf,
    type Truth,
} from "../test/support/fence-truth.js"
import { sharedData } from "../test/support/shared-data.js"
import { syntheticDrive } from "../test/support/synthetic-drive.js"

export function main(): void {
    const { track, truth } = drive()
    blocks(track, truth)
    const moored = sharedData("tracks/boat_moored_amsterdam_hdop_1s.csv")
    if (moored !== undefined) mooring(read(moored))
}

function drive(): { track: ParsedTrack; truth: Truth } {
    const path = sharedData("truth-car-nagoya-2023/track_spp_1hz.csv")
    if (path !== undefined) {
        const truth = read(join(dirname(path), "truth_reference_5hz.csv")).rows
        return { track: read(path), truth }
    }
    const { truth, fixes } = syntheticDrive(1, 1230)
    return { track: { name: "synthetic, seed 1", accuracy: "m", rows: fixes }, truth }
}

function read(path: string): ParsedTrack {
    return parseTrack(readFileSync(path, "utf8"), path)
}

function blocks(track: ParsedTrack, truth: Truth): void {
    const fences = blocksAlong(truth)
    const due = fences.map((fence) => crossings(fence, truth))
    const count = due.reduce((sum, each) => sum + each.length, 0)
    console.log(`\n${fences.length} blocks along a drive, ${count} crossings due`)
    for (const [name, raised] of [
        ["by each fix", fences.map((fence) => crossings(fence, track.rows))],
        ["fused", fusedAlerts(track, fences)],
    ] as const) {
        const delays: number[] = []
        let right = 0
        raised.forEach((alerts, index) => {
            const wanted = due[index]!
            if (alerts.map(kindOf).join() !== wanted.map(kindOf).join()) return
            right++
            alerts.forEach(({ t }, order) => {
                delays.push((t - wanted[order]!.t) / 1000)
            })
        })
        delays.sort((a, b) => a - b)
        const at = (share: number) => delays[Math.floor(share * (delays.length - 1))]!.toFixed(1)
        const total = raised.reduce((sum, each) => sum + each.length, 0)
        console.log(
            `${name.padEnd(12)} ${total} raised, ${right} of ${fences.length} blocks right, ` +
                `delay median ${at(0.5)} s, p90 ${at(0.9)} s, max ${at(1)} s`,
        )
    }
}

function mooring(track: ParsedTrack): void {
    const place = middleOf(track.rows)
    console.log("\n16 lines past a moored boat in 20 minutes: alerts in all, and at the worst line")
    for (const awayM of [-6, -3, 0, 3, 6]) {
        const fences = linesAround(place, awayM)
        const naive = fences.map((fence) => crossings(fence, track.rows).length)
        const ours = fusedAlerts(track, fences).map((alerts) => alerts.length)
        console.log(
            `line at ${String(awayM).padStart(2)} m: by each fix ${summary(naive)}, ` +
                `fused ${summary(ours)}`,
        )
    }
}

function summary(counts: readonly number[]): string {
    return `${counts.reduce((sum, count) => sum + count, 0)} (${Math.max(...counts)})`
}

function fusedAlerts(track: ParsedTrack, fences: readonly Geofence[]) {
    const alerts = [...replay({ tracks: [track], fences })].filter((line) => line.type === "alert")
    return fences.map(({ id }) => alerts.filter(({ fence }) => fence === id))
}

function kindOf({ kind }: { kind: string }): string {
    return kind
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main()
