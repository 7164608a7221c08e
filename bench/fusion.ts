// How close is the fused track to the truth, and what does an update cost?
//
// Recorded drives with surveyed truth, scored as follows: fixes in time order, none later than the
// moment asked for; from 10 s after the first fix, the estimate at every full UTC second until the
// truth ends, against the truth interpolated to that second. "fresh" seconds have a fix at most
// 1.5 s old, the others are "stale". Beside the last fix held, and a plain constant-velocity filter.

import { readFileSync } from "node:fs"
import { pathToFileURL } from "node:url"
import { estimateAt, type FusionMemory, fuse } from "../gateway/core/fusion/fuse.js"
import { distanceM } from "../gateway/core/geo/geodesic.js"
import { fromPlane, type LocalPlane, planeAt, toPlane } from "../gateway/core/geo/local-plane.js"
import type { Position } from "../gateway/core/geo/position.js"
import type { Observation } from "../gateway/core/ingest/observation.js"
import { parseTrack } from "../gateway/core/replay/parse-track.js"
import { observationsOf } from "../gateway/core/replay/replay.js"
import { deg, metres, unixMs } from "../protocol/units.js"
import { sharedData } from "../test/support/shared-data.js"
import { syntheticDrive } from "../test/support/synthetic-drive.js"

export interface Drive {
    name: string
    observations: Observation[]
    truth: (Position & { atMs: number })[]
}

export interface Estimate extends Position {
    /** Undefined for what states no accuracy. */
    accuracyM: number | undefined
}

/** Something that turns observations into positions. */
export interface Tracker {
    take(observation: Observation): void
    at(atMs: number): Estimate
}

const NAGOYA = "truth-car-nagoya-2023"
const SAN_FRANCISCO = "truth-car-sanfrancisco-comma2k19"
const PARKED = "truth-static-nagoya-2024"

const RECORDED: [name: string, track: string, truth: string][] = [
    ["Nagoya, code only", `${NAGOYA}/track_spp_1hz.csv`, `${NAGOYA}/truth_reference_5hz.csv`],
    ["Nagoya, RTK", `${NAGOYA}/track_rtk_5hz.csv`, `${NAGOYA}/truth_reference_5hz.csv`],
    [
        "San Francisco, u-blox",
        `${SAN_FRANCISCO}/track_ublox.csv`,
        `${SAN_FRANCISCO}/truth_comma2k19.csv`,
    ],
    [
        "San Francisco, phone chip",
        `${SAN_FRANCISCO}/track_qcom.csv`,
        `${SAN_FRANCISCO}/truth_comma2k19.csv`,
    ],
    ["Nagoya, parked", `${PARKED}/track_spp_1hz.csv`, `${PARKED}/truth_static_point.csv`],
]

const TRACKERS: [name: string, make: () => Tracker][] = [
    ["last fix held", lastFixHeld],
    ["constant velocity", constantVelocity],
    ["fuse", fused],
]

export function main(): void {
    const all = drives()
    for (const drive of all) {
        console.log(`\n${drive.name}: ${drive.observations.length} fixes`)
        console.log(HEADER)
        for (const [name, make] of TRACKERS) {
            for (const line of rows(name, score(drive, make()))) console.log(line)
        }
    }
    cost(all[0]!)
}

export function drives(): Drive[] {
    const recorded = RECORDED.flatMap(([name, trackFile, truthFile]): Drive[] => {
        const track = sharedData(trackFile)
        const truth = sharedData(truthFile)
        if (track === undefined || truth === undefined) return []
        const observations = observationsOf([parseTrack(readFileSync(track, "utf8"), track)])
        return [{ name, observations, truth: parseTrack(readFileSync(truth, "utf8"), truth).rows }]
    })
    if (recorded.length > 0) return recorded
    return [1, 2, 3].map((seed) => {
        const { truth, fixes } = syntheticDrive(seed, 1230)
        const track = { name: `seed ${seed}`, accuracy: "m" as const, rows: fixes }
        return { name: `synthetic, seed ${seed}`, observations: observationsOf([track]), truth }
    })
}

export interface Scored {
    errorM: number
    accuracyM: number | undefined
    isFresh: boolean
}

const SETTLE_MS = 10_000
const FRESH_MS = 1_500

export function score({ observations, truth }: Drive, tracker: Tracker): Scored[] {
    const scored: Scored[] = []
    let next = 0
    let truthAt = 0
    const firstMs = Math.ceil((observations[0]!.atMs + SETTLE_MS) / 1000) * 1000
    for (let atMs = firstMs; atMs <= truth.at(-1)!.atMs; atMs += 1000) {
        while (next < observations.length && observations[next]!.atMs <= atMs) {
            tracker.take(observations[next++]!)
        }
        while (truthAt < truth.length - 2 && truth[truthAt + 1]!.atMs <= atMs) truthAt++
        const estimate = tracker.at(atMs)
        scored.push({
            errorM: distanceM(estimate, between(truth[truthAt]!, truth[truthAt + 1]!, atMs)),
            accuracyM: estimate.accuracyM,
            isFresh: atMs - observations[next - 1]!.atMs <= FRESH_MS,
        })
    }
    return scored
}

function between(a: Drive["truth"][number], b: Drive["truth"][number], atMs: number): Position {
    const share = (atMs - a.atMs) / (b.atMs - a.atMs)
    return {
        latDeg: deg(a.latDeg + share * (b.latDeg - a.latDeg)),
        lonDeg: deg(a.lonDeg + share * (b.lonDeg - a.lonDeg)),
    }
}

const COLUMNS = ["n", "RMSE", "mean", "median", "p95", "max", "within"]
const HEADER = row("metres", "seconds", COLUMNS)

function rows(name: string, scored: Scored[]): string[] {
    const groups: [string, Scored[]][] = [
        ["all", scored],
        ["fresh", scored.filter(({ isFresh }) => isFresh)],
        ["stale", scored.filter(({ isFresh }) => !isFresh)],
    ]
    return groups
        .filter(([, group]) => group.length > 0)
        .map(([group, of], index) => row(index === 0 ? name : "", group, figures(of)))
}

function row(name: string, group: string, cells: string[]): string {
    return name.padEnd(20) + group.padEnd(8) + cells.map((cell) => cell.padStart(8)).join("")
}

/** The last column is the share of seconds whose truth lies within the stated 68 % radius. */
function figures(scored: Scored[]): string[] {
    const errors = scored.map(({ errorM }) => errorM).sort((a, b) => a - b)
    const count = errors.length
    const sum = errors.reduce((total, error) => total + error, 0)
    const squares = errors.reduce((total, error) => total + error ** 2, 0)
    const within = scored.filter(({ errorM, accuracyM }) => errorM <= (accuracyM ?? 0)).length
    const isStated = scored[0]!.accuracyM !== undefined
    return [
        String(count),
        Math.sqrt(squares / count).toFixed(2),
        (sum / count).toFixed(2),
        errors[Math.floor(count / 2)]!.toFixed(2),
        errors[Math.min(count - 1, Math.floor(0.95 * count))]!.toFixed(2),
        errors.at(-1)!.toFixed(2),
        isStated ? `${((100 * within) / count).toFixed(0)} %` : "-",
    ]
}

export function fused(): Tracker {
    let memory: FusionMemory | undefined
    return {
        take(observation) {
            memory = fuse(memory, observation).memory
        },
        at: (atMs) => estimateAt(memory!, unixMs(atMs)),
    }
}

export function lastFixHeld(): Tracker {
    let last: Observation
    return {
        take(observation) {
            last = observation
        },
        at: () => ({ latDeg: last.latDeg, lonDeg: last.lonDeg, accuracyM: undefined }),
    }
}

/** White acceleration noise, m²/s³, and Doppler noise, m/s, of the plain filter. */
const PLAIN_NOISE = 3
const PLAIN_DOPPLER_MPS = 0.5

/** The textbook filter: constant velocity, every fix and every Doppler velocity as stated, no gate. */
function constantVelocity(): Tracker {
    let plane: LocalPlane
    let atMs = 0
    // Per axis: position, velocity; one covariance for both.
    let [x, y, vx, vy, pp, pv, vv] = [0, 0, 0, 0, 0, 0, 0]
    const correct = (ex: number, ey: number, isVelocity: boolean, variance: number) => {
        const total = (isVelocity ? vv : pp) + variance
        const [gainPos, gainVel] = isVelocity ? [pv / total, vv / total] : [pp / total, pv / total]
        x += gainPos * ex
        y += gainPos * ey
        vx += gainVel * ex
        vy += gainVel * ey
        const [a, b] = isVelocity ? [pv, vv] : [pp, pv]
        pp -= gainPos * a
        pv -= gainPos * b
        vv -= gainVel * b
    }
    return {
        take(observation) {
            const { accuracyM, speedMps, courseDeg } = observation
            const variance = accuracyM ** 2 / 2
            if (plane === undefined) {
                plane = planeAt(observation)
                ;[atMs, pp, vv] = [observation.atMs, variance, 100]
            }
            const dtS = (observation.atMs - atMs) / 1000
            if (dtS < 0) return
            atMs = observation.atMs
            x += vx * dtS
            y += vy * dtS
            pp += dtS * (2 * pv + dtS * vv) + (PLAIN_NOISE * dtS ** 3) / 3
            pv += dtS * vv + (PLAIN_NOISE * dtS ** 2) / 2
            vv += PLAIN_NOISE * dtS
            const fix = toPlane(plane, observation)
            correct(fix.eastM - x, fix.northM - y, false, variance)
            if (speedMps === undefined || courseDeg === undefined) return
            const course = (courseDeg * Math.PI) / 180
            const [east, north] = [speedMps * Math.sin(course), speedMps * Math.cos(course)]
            correct(east - vx, north - vy, true, PLAIN_DOPPLER_MPS ** 2)
        },
        at(askedMs) {
            const dtS = (askedMs - atMs) / 1000
            const point = { eastM: metres(x + vx * dtS), northM: metres(y + vy * dtS) }
            return { ...fromPlane(plane, point), accuracyM: 1.51 * Math.sqrt(pp) }
        },
    }
}

const COST_UPDATES = 100_000
const COST_ROUNDS = 5

/** CPU of an update beside that of the plain filter in the same run, rounds taken in turn. */
function cost({ observations }: Drive): void {
    const contenders = [TRACKERS[1]!, TRACKERS[2]!]
    const best = contenders.map(() => Number.POSITIVE_INFINITY)
    for (let round = 0; round < COST_ROUNDS; round++) {
        contenders.forEach(([, make], index) => {
            const before = process.cpuUsage()
            for (let done = 0; done < COST_UPDATES; done += observations.length) {
                const tracker = make()
                for (const observation of observations) tracker.take(observation)
            }
            const { user, system } = process.cpuUsage(before)
            best[index] = Math.min(best[index]!, (user + system) / COST_UPDATES)
        })
    }
    const [plain, ours] = [best[0]!, best[1]!]
    console.log(
        `\nCPU per update, best of ${COST_ROUNDS}: constant velocity ${plain.toFixed(2)} us, ` +
            `fuse ${ours.toFixed(2)} us, ratio ${(ours / plain).toFixed(1)}`,
    )
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main()
