// How many bytes of body does a fix take? Recorded tracks through the packed profiles: full batches,
// everything read back and compared, and per track what a batch of 50, of 10, of 10 chained to the
// one before and of 50 at a fix every ten seconds costs. Then the CPU time of packing beside that of
// JSON.stringify and deflate, and how small those two get.
//
// An HDOP counts as the accuracy that fusion makes of it. A batch closes at 232 bytes of body, so a
// few of 50 are shorter; the last batch of a track is left out unless it is full.

import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { pathToFileURL } from "node:url"
import { deflateRawSync } from "node:zlib"
import { accuracyOfHdop } from "../gateway/core/fusion/receiver-accuracy.js"
import { type ParsedTrack, parseTrack, type TrackRow } from "../gateway/core/replay/parse-track.js"
import { type PackedTail, PackedWriter } from "../protocol/pack/packed-batch.js"
import { BATCH_BYTES_MAX, decodePackedBody, packedBody } from "../protocol/pack/packed-body.js"
import {
    type FixColumns,
    fromQuanta,
    type Profile,
    type ProfileChoice,
    profileNumber,
    profileOf,
    quantised,
} from "../protocol/pack/profile.js"
import { sharedData } from "../test/support/shared-data.js"
import { syntheticDrive } from "../test/support/synthetic-drive.js"

/** The tracks that the goals are stated for. */
export const SIX = [
    "tracks/boat_moored_amsterdam_hdop_1s.csv",
    "tracks/car_sirf_sbn13_hdop_1s.csv",
    "tracks/cycle_edge810_1s.csv",
    "tracks/mixed_mtk_m241_hdop_1s.csv",
    "tracks/phone_android_chip_nmea_1s.csv",
    "tracks/run_fenix2_1s.csv",
]
/** Tracks that the constants were not chosen for, though most were looked at beside the six. */
const OTHERS = [
    "tracks/bus_liverpool_trip1105.csv",
    "tracks/car_visnjan_etrex_1s.csv",
    "tracks/outing_cerknicko_garmin_8s.csv",
    "tracks/phone_android_flp.csv",
    "tracks/phone_android_gps.csv",
    "tracks/robot_nclt_20120108_part1_5hz.csv",
    "truth-car-nagoya-2023/track_spp_1hz.csv",
    "truth-car-sanfrancisco-comma2k19/track_ublox.csv",
]

export interface Scenario {
    name: string
    fixes: number
    isChained: boolean
    /** At most one fix in this time; 0 for all. */
    everyMs: number
    /** Body bytes a fix at 1e-5 degree and at 1e-6, mean of the six. */
    floor: [number, number]
    goal: [number, number]
}

const TEN_SECONDS = { isChained: false, everyMs: 10_000 }
export const SCENARIOS: Scenario[] = [
    {
        ...{ name: "50", fixes: 50, isChained: false, everyMs: 0 },
        ...{ floor: [2.5, 3.2], goal: [2.2, 2.75] },
    },
    {
        ...{ name: "10", fixes: 10, isChained: false, everyMs: 0 },
        ...{ floor: [5.8, 6.5], goal: [4.7, 5.3] },
    },
    {
        ...{ name: "10 chained", fixes: 10, isChained: true, everyMs: 0 },
        ...{ floor: [3.7, 4.5], goal: [2.8, 3.4] },
    },
    {
        ...{ name: "50 at 10 s", fixes: 50, ...TEN_SECONDS },
        ...{ floor: [4.1, 5.0], goal: [3.6, 4.45] },
    },
]

export interface Track {
    name: string
    fixes: FixColumns[]
}

/** The rows of a track as the receiver's driver would hand them on. */
export function trackOf(parsed: ParsedTrack): Track {
    const isHdop = parsed.accuracy === "hdop"
    return { name: parsed.name, fixes: parsed.rows.map((row) => columnsOf(row, isHdop)) }
}

/**
 * Body bytes a fix over the full batches of a track, or undefined when it has none. Each body is
 * read back; a fix or a tail that differs is an error.
 */
export function bodyBytesPerFix(
    { name, fixes }: Track,
    profile: Profile,
    { fixes: most, isChained, everyMs }: Scenario,
): number | undefined {
    const kept = thinned(fixes, everyMs)
    let [bytes, counted, at] = [0, 0, 0]
    let tail: PackedTail | undefined
    while (at < kept.length) {
        const base = isChained ? tail : undefined
        const writer = new PackedWriter(profile, at, BATCH_BYTES_MAX, base)
        while (writer.count < most && at + writer.count < kept.length)
            if (!writer.add(kept[at + writer.count]!)) break
        const next = at + writer.count
        const body = packedBody(writer.finished(), 0)
        const back = decodePackedBody(body, (fix) => (fix === base?.fix ? base : undefined))
        if (back.kind === "reject") throw new Error(`${name}: batch at ${at}: ${back.reason}`)
        const wanted = kept
            .slice(at, next)
            .map((fix) => fromQuanta(profile, quantised(profile, fix)))
        tail = writer.tail()
        if (JSON.stringify([back.batch.fixes, back.batch.tail]) !== JSON.stringify([wanted, tail]))
            throw new Error(`${name}: batch at ${at} reads back as another`)
        const isFull = writer.count === most || next < kept.length
        if (isFull && !(isChained && base === undefined)) {
            bytes += body.length
            counted += writer.count
        }
        at = next
    }
    return counted === 0 ? undefined : bytes / counted
}

export function main(): void {
    const six = tracksOf(SIX)
    const others = tracksOf(OTHERS)
    const drives = [1, 2, 3].map(drive)
    console.log("body bytes a fix in packed batches, CBOR and absolute first fix included")
    for (const finePosition of [false, true]) {
        const choice: ProfileChoice = {
            finePosition,
            fineTime: false,
            auxiliary: "standard",
            reception: false,
        }
        const heading = `${finePosition ? "1e-6" : "1e-5"} degree, 1 s`
        report(`${heading}, the six tracks of the goals`, six, choice, finePosition ? 1 : 0)
        report(`${heading}, other tracks`, others, choice)
        report(`${heading}, synthetic drives`, drives, choice)
        report(`${heading} but 0.1 s`, six, { ...choice, fineTime: true }, finePosition ? 1 : 0)
        const reception = { ...choice, reception: true }
        report(`${heading} with satellites`, six, reception, finePosition ? 1 : 0)
    }
    const coarse: ProfileChoice = {
        finePosition: false,
        fineTime: false,
        auxiliary: "coarse",
        reception: false,
    }
    report("1e-5 degree, 1 s, coarse auxiliary columns", six, coarse)
    const whole: ProfileChoice = {
        finePosition: true,
        fineTime: true,
        auxiliary: "fine",
        reception: true,
    }
    report("1e-6 degree, 0.1 s, accuracy 0.1 m, satellites: all of a Fix", six, whole)
    costs(six.length > 0 ? six : drives)
}

function report(heading: string, tracks: Track[], choice: ProfileChoice, goals?: 0 | 1): void {
    if (tracks.length === 0) return
    const profile = profileOf(profileNumber(choice))!
    console.log(`\n${heading} (profile ${profile.number})`)
    row(
        "",
        SCENARIOS.map(({ name }) => name),
    )
    const table = tracks.map((track) =>
        SCENARIOS.map((scenario) => bodyBytesPerFix(track, profile, scenario)),
    )
    for (const [index, cells] of table.entries()) row(tracks[index]!.name, cells.map(shown))
    const columns = SCENARIOS.map((_, at) =>
        table.map((cells) => cells[at]).filter((cell) => cell !== undefined),
    )
    row(
        "mean",
        columns.map((cells) => shown(mean(cells))),
    )
    row(
        "worst",
        columns.map((cells) => shown(Math.max(...cells))),
    )
    if (goals === undefined) return
    row(
        "goal",
        SCENARIOS.map(({ goal }) => shown(goal[goals])),
    )
    row(
        "floor",
        SCENARIOS.map(({ floor }) => shown(floor[goals])),
    )
}

const COST_BATCH = 50
const ROUNDS = 5

function costs(tracks: Track[]): void {
    const profile = profileOf(
        profileNumber({
            finePosition: false,
            fineTime: false,
            auxiliary: "standard",
            reception: false,
        }),
    )!
    const fixes = tracks.flatMap((track) => track.fixes)
    console.log(`\nCPU time on Node, batches of ${COST_BATCH}, ${fixes.length} fixes`)
    const batches: FixColumns[][] = []
    for (let at = 0; at < fixes.length; at += COST_BATCH)
        batches.push(fixes.slice(at, at + COST_BATCH))
    const bodies: Buffer[] = []
    const packUs = cpuUs(() => {
        bodies.length = 0
        for (const batch of batches) {
            const writer = new PackedWriter(profile, 0, BATCH_BYTES_MAX, undefined)
            for (const fix of batch) writer.add(fix)
            bodies.push(packedBody(writer.finished(), 0))
        }
    })
    const readUs = cpuUs(() => {
        for (const body of bodies) decodePackedBody(body, () => undefined)
    })
    let deflated = 0
    const deflateUs = cpuUs(() => {
        deflated = 0
        for (const batch of batches) deflated += deflateRawSync(JSON.stringify(batch)).length
    })
    const perFix = (us: number) => `${(us / fixes.length).toFixed(2)} us a fix`
    const packed = bodies.reduce((sum, body) => sum + body.length, 0)
    const bytes = (total: number) => `${(total / fixes.length).toFixed(2)} bytes`
    console.log(`pack           ${perFix(packUs)}, ${bytes(packed)}`)
    console.log(`read           ${perFix(readUs)}`)
    console.log(`JSON, deflate  ${perFix(deflateUs)}, ${bytes(deflated)}`)
    console.log(`pack / deflate ${(packUs / deflateUs).toFixed(2)}`)
}

function cpuUs(run: () => void): number {
    run()
    const before = process.cpuUsage()
    for (let round = 0; round < ROUNDS; round++) run()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / ROUNDS
}

function tracksOf(files: string[]): Track[] {
    return files.flatMap((file) => {
        const path = sharedData(file)
        if (path === undefined) return []
        return [trackOf(parseTrack(readFileSync(path, "utf8"), basename(path, ".csv")))]
    })
}

/** A seeded drive, for where no recorded track is at hand and against fitting to those that are. */
export function drive(seed: number): Track {
    const rows = syntheticDrive(seed, 1200).fixes
    return { name: `drive ${seed}`, fixes: rows.map((row) => columnsOf(row, false)) }
}

function columnsOf(row: TrackRow, isHdop: boolean): FixColumns {
    const { hdopOrAccuracyM: stated } = row
    const accuracyM = stated !== undefined && isHdop ? accuracyOfHdop(stated) : stated
    const scaled = (value: number | undefined, by: number) =>
        value === undefined ? undefined : Math.round(value * by)
    const courseDeg = scaled(row.courseDeg, 1)
    return [
        Math.round(row.atMs / 100),
        Math.round(row.latDeg * 1e6),
        Math.round(row.lonDeg * 1e6),
        scaled(row.altitudeM, 1),
        scaled(row.speedMps, 10),
        courseDeg === undefined ? undefined : courseDeg % 360,
        accuracyM === undefined ? undefined : Math.max(1, Math.round(accuracyM * 10)),
        row.satellites,
        undefined,
    ]
}

function thinned(fixes: FixColumns[], everyMs: number): FixColumns[] {
    let lastDs = Number.NEGATIVE_INFINITY
    return fixes.filter((fix) => {
        if (fix[0]! - lastDs < everyMs / 100) return false
        lastDs = fix[0]!
        return true
    })
}

export function mean(values: number[]): number {
    return values.reduce((sum, value) => sum + value, 0) / values.length
}
function shown(value: number | undefined): string {
    return value === undefined ? "-" : value.toFixed(2)
}
function row(name: string, cells: string[]): void {
    console.log(name.padEnd(34) + cells.map((cell) => cell.padStart(12)).join(""))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main()
