import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { UERE_M } from "../../../gateway/core/fusion/receiver-accuracy.js"
import { distanceM } from "../../../gateway/core/geo/geodesic.js"
import { boundaryDistanceM } from "../../../gateway/core/geofence/boundary.js"
import { InputError } from "../../../gateway/core/input-error.js"
import {
    type ParsedTrack,
    parseTrack,
    type TrackRow,
} from "../../../gateway/core/replay/parse-track.js"
import {
    type AlertLine,
    type EstimateLine,
    type ReplayLine,
    replay,
} from "../../../gateway/core/replay/replay.js"
import { runReplay } from "../../../gateway/replay.js"
import { deg, unixMs } from "../../../protocol/units.js"
import { makePrng } from "../../../simulator/world/prng.js"
import { aCircle, at, offset, START_MS } from "../../support/builders.js"
import {
    blocksAlong,
    crossings,
    linesAround,
    middleOf,
    type Truth,
} from "../../support/fence-truth.js"
import { sharedData } from "../../support/shared-data.js"
import { syntheticDrive } from "../../support/synthetic-drive.js"

const NAGOYA = "truth-car-nagoya-2023/track_spp_1hz.csv"
const MOORED = "tracks/boat_moored_amsterdam_hdop_1s.csv"

function read(path: string): ParsedTrack {
    return parseTrack(readFileSync(path, "utf8"), path)
}

function aTrack(rows: TrackRow[], name = "drive.csv"): ParsedTrack {
    return { name, accuracy: "m", rows }
}

function aRow(second: number, eastM = 0, northM = 0): TrackRow {
    return {
        atMs: at(second),
        ...offset(eastM, northM),
        altitudeM: undefined,
        speedMps: undefined,
        courseDeg: undefined,
        hdopOrAccuracyM: 5,
        satellites: undefined,
    }
}

function estimates(lines: Iterable<ReplayLine>): EstimateLine[] {
    return [...lines].filter((line) => line.type === "estimate")
}

function alerts(lines: Iterable<ReplayLine>): AlertLine[] {
    return [...lines].filter((line) => line.type === "alert")
}

/** Every recorded track, or seeded drives where they are absent. */
function everyTrack(): ParsedTrack[] {
    const folders = [
        "tracks",
        "truth-car-nagoya-2023",
        "truth-car-sanfrancisco-comma2k19",
        "truth-static-nagoya-2024",
    ]
    const recorded = folders.flatMap((folder) => {
        const path = sharedData(folder)
        if (path === undefined) return []
        return readdirSync(path)
            .filter((file) => file.endsWith(".csv"))
            .map((file) => join(path, file))
            .filter((file) => /^t_unix_ms,lat,lon/.test(readFileSync(file, "utf8").slice(0, 40)))
    })
    if (recorded.length > 0) return recorded.map(read)
    return [1, 2, 3].map((seed) => aTrack(syntheticDrive(seed, 600).fixes, `seed ${seed}`))
}

describe("a replay", () => {
    it("gives one estimate at every full period from the first fix to the last, rounded up", () => {
        const rows = [0.4, 1.2, 4.1].map((second) => aRow(second))
        const lines = estimates(replay({ tracks: [aTrack(rows)], everyMs: 1000 }))
        expect(lines.map(({ t }) => t)).toEqual([1, 2, 3, 4, 5].map(at))
    })

    it("begins at the first fix when that is on a full period, and ends at `until`", () => {
        const rows = [0, 1].map((second) => aRow(second))
        const untilMs = at(3.5)
        const lines = estimates(replay({ tracks: [aTrack(rows)], everyMs: 1000, untilMs }))
        expect(lines.map(({ t }) => t)).toEqual([0, 1, 2, 3].map(at))
        const shorter = replay({ tracks: [aTrack(rows)], everyMs: 1000, untilMs: at(0.5) })
        expect(estimates(shorter).map(({ t }) => t)).toEqual([at(0)])
    })

    it("gives one estimate for each fix without a period", () => {
        const rows = [0, 1.25, 7].map((second) => aRow(second))
        const lines = estimates(replay({ tracks: [aTrack(rows)] }))
        expect(lines.map(({ t }) => t)).toEqual([0, 1.25, 7].map(at))
    })

    it("merges tracks by time, each a device of its own", () => {
        const even = aTrack([0, 2, 4].map((second) => aRow(second)))
        const odd = aTrack([1, 2, 3].map((second) => aRow(second)))
        const lines = estimates(replay({ tracks: [odd, even] }))
        expect(lines.map(({ t }) => t)).toEqual([0, 1, 2, 2, 3, 4].map(at))
    })

    it("puts a track into the order of time first", () => {
        const rows = [3, 1, 2].map((second) => aRow(second, second))
        const lines = estimates(replay({ tracks: [aTrack(rows)] }))
        expect(lines.map(({ t }) => t)).toEqual([1, 2, 3].map(at))
    })

    it("reads HDOP as metres of accuracy and assumes one where none is stated", () => {
        const accuracyOf = (hdopOrAccuracyM: number | undefined, accuracy: "hdop" | "m") => {
            const row = { ...aRow(0), hdopOrAccuracyM }
            return estimates(replay({ tracks: [{ ...aTrack([row]), accuracy }] }))[0]!.accuracyM
        }
        expect(accuracyOf(2, "hdop")).toBe(accuracyOf(2 * UERE_M, "m"))
        expect(accuracyOf(undefined, "hdop")).toBe(accuracyOf(5, "m"))
    })

    it("raises alerts at the observation that settled them, in order with the estimates", () => {
        const rows = Array.from({ length: 41 }, (_, second) => aRow(second, 15 * second - 300))
        const lines = [...replay({ tracks: [aTrack(rows)], fences: [aCircle(100)], everyMs: 1000 })]
        const times = lines.map(({ t }) => t)
        expect(times).toEqual([...times].sort((a, b) => a - b))
        const [enter, exit] = alerts(lines)
        expect(enter).toEqual({ type: "alert", t: enter!.t, kind: "enter", fence: "depot" })
        expect(exit!.kind).toBe("exit")
        const index = lines.indexOf(enter!)
        expect(lines[index + 1]).toMatchObject({ type: "estimate", t: enter!.t })
        expect(alerts(lines)).toHaveLength(2)
    })

    it("of nothing is nothing, and of too much is refused", () => {
        expect([...replay({ tracks: [], everyMs: 1000 })]).toEqual([])
        const untilMs = unixMs(START_MS + 2e13)
        const endless = replay({ tracks: [aTrack([aRow(0)])], everyMs: 1, untilMs })
        expect(() => endless.next()).toThrow(InputError)
    })
})

describe("a replay of every track there is", () => {
    const tracks = everyTrack()

    it("ends, and every figure is finite", () => {
        for (const track of tracks) {
            const lines = estimates(replay({ tracks: [track], everyMs: 1000 }))
            const [first, last] = [track.rows[0]!.atMs, track.rows.at(-1)!.atMs]
            expect(lines).toHaveLength(Math.ceil(last / 1000) - Math.ceil(first / 1000) + 1)
            for (const { lat, lon, speedMps, accuracyM, headingDeg } of lines) {
                for (const value of [lat, lon, speedMps, accuracyM, headingDeg ?? 0]) {
                    expect(Number.isFinite(value)).toBe(true)
                }
            }
        }
    })

    it("knows at no instant what came later", () => {
        for (const track of tracks) {
            const whole = estimates(replay({ tracks: [track], everyMs: 1000 }))
            for (const share of [0.1, 0.5, 0.9]) {
                const rows = track.rows.slice(0, Math.ceil(share * track.rows.length))
                const endMs = rows.at(-1)!.atMs
                const known = (line: EstimateLine) => line.t <= endMs
                const part = estimates(replay({ tracks: [{ ...track, rows }], everyMs: 1000 }))
                expect(part.filter(known)).toEqual(whole.filter(known))
            }
        }
    })
})

describe("a drive through a town", () => {
    const drives = [1, 2, 3, 4, 5].map((seed) => syntheticDrive(seed, 1230))

    it("is fused closer to the truth than the last fix held, over ten seeds", () => {
        const ours: number[] = []
        const held: number[] = []
        let within = 0
        for (let seed = 1; seed <= 10; seed++) {
            const { truth, fixes } = syntheticDrive(seed, 1230)
            let next = 0
            const lines = estimates(replay({ tracks: [aTrack(fixes)], everyMs: 1000 }))
            lines.forEach(({ t, lat, lon, accuracyM }, index) => {
                while (next < fixes.length && fixes[next]!.atMs <= t) next++
                const where = { latDeg: deg(lat), lonDeg: deg(lon) }
                const error = distanceM(truth[index]!, where)
                ours.push(error)
                held.push(distanceM(truth[index]!, fixes[next - 1]!))
                if (error <= accuracyM) within++
            })
        }
        // The tail is the long gaps, in which a car that drove on and one that turned off differ.
        expect(rms(ours)).toBeLessThan(0.9 * rms(held))
        expect(mean(ours)).toBeLessThan(0.75 * mean(held))
        expect(within / ours.length).toBeGreaterThan(0.6)
        expect(within / ours.length).toBeLessThan(0.9)
    })

    it("raises for each block the alerts that the truth calls for, and no others", () => {
        const path = sharedData(NAGOYA)
        const runs = path === undefined ? drives : [recordedDrive(path)]
        const wrong: string[] = []
        const delaysMs: number[] = []
        for (const { truth, fixes } of runs) {
            const fences = blocksAlong(truth)
            const raised = alerts(replay({ tracks: [aTrack(fixes)], fences }))
            for (const fence of fences) {
                const due = crossings(fence, truth)
                const ours = raised.filter((alert) => alert.fence === fence.id)
                if (ours.map(({ kind }) => kind).join() !== due.map(({ kind }) => kind).join()) {
                    wrong.push(fence.id)
                    continue
                }
                ours.forEach(({ t }, index) => {
                    delaysMs.push(t - due[index]!.t)
                })
            }
        }
        expect(delaysMs.length).toBeGreaterThan(80)
        // In the seeded canyons an error may exceed what is stated three times over, and for long.
        expect(wrong.length).toBeLessThanOrEqual(path === undefined ? 0.02 * delaysMs.length : 0)
        // A gap of the receiver, or the width of its doubt, may stand between the two.
        delaysMs.sort((a, b) => a - b)
        expect(delaysMs.at(-1)).toBeLessThan(90_000)
        expect(delaysMs[Math.floor(delaysMs.length / 2)]).toBeLessThan(5_000)
    })
})

function recordedDrive(trackPath: string): { truth: Truth; fixes: TrackRow[] } {
    const truth = read(join(trackPath, "..", "truth_reference_5hz.csv")).rows
    return { truth, fixes: read(trackPath).rows }
}

function mean(values: readonly number[]): number {
    return values.reduce((sum, value) => sum + value, 0) / values.length
}

function rms(values: readonly number[]): number {
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
}

describe("a boat at its mooring", () => {
    // The recorded one spends twenty minutes on errors that wander by 20 m, Doppler along with them.
    const recorded = sharedData(MOORED)
    const track = recorded === undefined ? adrift() : read(recorded)
    const mooring = middleOf(track.rows)

    it("never flaps across a fence whose line runs right through the mooring", () => {
        const fences = linesAround(mooring, 0)
        const raised = alerts(replay({ tracks: [track], fences }))
        for (const fence of fences) {
            const sides = track.rows.map((row) => boundaryDistanceM(fence.shape, row) <= 0)
            const naive = sides.filter((side, index) => index > 0 && side !== sides[index - 1])
            expect(naive.length, fence.id).toBeGreaterThan(5)
            const ours = raised.filter((alert) => alert.fence === fence.id)
            expect(ours.length, fence.id).toBeLessThanOrEqual(2)
        }
    })

    it("raises nothing for a fence six metres away, on either side", () => {
        for (const awayM of [-6, 6]) {
            expect(
                alerts(replay({ tracks: [track], fences: linesAround(mooring, awayM) })),
            ).toEqual([])
        }
    })
})

/** Twenty minutes at a mooring: a metre or two of swing, and errors that wander. */
function adrift(): ParsedTrack {
    const prng = makePrng("moored")
    let [east, north] = [0, 0]
    const rows = Array.from({ length: 1200 }, (_, second) => {
        east = 0.97 * east + 0.6 * prng.gaussian()
        north = 0.97 * north + 0.6 * prng.gaussian()
        return { ...aRow(second, east, north), hdopOrAccuracyM: 1.2 }
    })
    return { name: "moored", accuracy: "hdop", rows }
}

describe("the replay command", () => {
    let folder = ""
    const file = (name: string, text: string | Uint8Array): string => {
        const path = join(folder, name)
        writeFileSync(path, text)
        return path
    }
    beforeAll(() => {
        folder = mkdtempSync(join(tmpdir(), "burr-replay-"))
    })
    afterAll(() => rmSync(folder, { recursive: true }))

    const CSV = "t_unix_ms,lat,lon\n1000,47.1,9.5\n2500,47.1,9.5\n"

    it("writes a line of JSON for each estimate and alert, keys in a fixed order", () => {
        const track = file("drive.csv", "t_unix_ms,lat,lon\n1000,47.1,9.5\n61000,47.11,9.5\n")
        const fences = file(
            "fences.geojson",
            JSON.stringify({
                type: "Feature",
                properties: { name: "Depot", radius_m: 200 },
                geometry: { type: "Point", coordinates: [9.5, 47.1] },
            }),
        )
        const lines: string[] = []
        runReplay({ files: [track], fencesFile: fences }, (line) => lines.push(line))
        expect(lines).toHaveLength(3)
        expect(lines[0]).toMatch(
            /^\{"type":"estimate","t":1000,"lat":47\.1,"lon":9\.5,"speedMps":0,"headingDeg":null,"accuracyM":[\d.]+\}$/,
        )
        expect(lines[1]).toBe('{"type":"alert","t":61000,"kind":"exit","fence":"Depot"}')
    })

    it("takes a period and an end", () => {
        const track = file("drive.csv", CSV)
        const times = (at: string, until?: string) => {
            const found: number[] = []
            runReplay({ files: [track], at, until }, (line) => found.push(JSON.parse(line).t))
            return found
        }
        expect(times("1s")).toEqual([1000, 2000, 3000])
        expect(times("500ms", "2000")).toEqual([1000, 1500, 2000])
        expect(times("2s", "1970-01-01T00:00:06Z")).toEqual([2000, 4000, 6000])
    })

    it.each([
        ["no track", { files: [] }, "no track given"],
        ["a file that is not there", { files: ["no-such.csv"] }, "cannot read no-such.csv"],
        ["a period without a unit", { files: ["x"], at: "1" }, 'at is "1", expected a period'],
        ["a period of nothing", { files: ["x"], at: "0s" }, 'at is "0s"'],
        ["an end without a period", { files: ["x"], until: "5" }, "until is given without at"],
        ["an end that is no instant", { files: ["x"], at: "1s", until: "noon" }, 'until is "noon"'],
    ])("refuses %s", (_, options, part) => {
        const run = () => runReplay(options, () => {})
        expect(run).toThrow(InputError)
        expect(run).toThrow(part)
    })

    it("refuses a file that is not text", () => {
        const binary = file("binary.csv", new Uint8Array([0xb5, 0x62, 0xff, 0xfe]))
        expect(() => runReplay({ files: [binary] }, () => {})).toThrow(/cannot read .*binary\.csv/)
    })
})
