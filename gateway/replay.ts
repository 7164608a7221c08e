// `burr replay`: recorded tracks in, estimates and alerts out as NDJSON. The one place of replay
// that touches files; gateway/core/replay does the work.

import { readFileSync, statSync } from "node:fs"
import { type UnixMs, unixMs } from "../protocol/units.js"
import { parseFences } from "./core/geofence/parse-fences.js"
import { InputError } from "./core/input-error.js"
import { type AccuracyKind, parseTrack } from "./core/replay/parse-track.js"
import { replay } from "./core/replay/replay.js"

export interface RunReplayOptions {
    /** Track files; each is one device, all on one target. */
    files: string[]
    /** A GeoJSON file. */
    fencesFile?: string
    /** Period of the estimates: `500ms`, `1s`, `2m`. Without it, one at each fix. */
    at?: string
    /** What the accuracy column holds; without it `hdop` where the file's name says so, else metres. */
    accuracy?: AccuracyKind
    /** Last instant to estimate: UTC as ISO 8601, or milliseconds since 1970. Needs `at`. */
    until?: string
}

/** Some four million fixes: a track is held in memory, in text and parsed. */
const FILE_MAX_BYTES = 256 * 1024 * 1024

/** Writes one JSON object a call, without a line end. Throws InputError for what cannot be used. */
export function runReplay(options: RunReplayOptions, write: (line: string) => void): void {
    const { files, fencesFile, accuracy } = options
    if (files.length === 0) throw new InputError("no track given, expected at least one CSV file")
    if (accuracy !== undefined && accuracy !== "hdop" && accuracy !== "m") {
        throw new InputError(`accuracy is "${accuracy}", expected hdop or m`)
    }
    const everyMs = options.at === undefined ? undefined : periodMs(options.at)
    if (options.until !== undefined && everyMs === undefined) {
        throw new InputError("until is given without at, expected a period such as 1s beside it")
    }
    const untilMs = options.until === undefined ? undefined : instant(options.until)
    const tracks = files.map((file) => parseTrack(readText(file), file, accuracy))
    const fences = fencesFile === undefined ? [] : parseFences(readText(fencesFile), fencesFile)
    for (const line of replay({ tracks, fences, everyMs, untilMs })) write(JSON.stringify(line))
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

function periodMs(text: string): number {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim())
    const value = match === null ? Number.NaN : Number(match[1]) * UNIT_MS[match[2]!]!
    if (Number.isInteger(value) && value >= 1 && value <= 86_400_000) return value
    throw new InputError(`at is "${text}", expected a period from 1ms to 24h such as 1s or 500ms`)
}

function instant(text: string): UnixMs {
    const isUtc = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)
    const value = /^\d{1,15}$/.test(text) ? Number(text) : isUtc ? Date.parse(text) : Number.NaN
    if (Number.isFinite(value)) return unixMs(value)
    throw new InputError(
        `until is "${text}", expected 2023-07-11T06:24:42Z or milliseconds since 1970`,
    )
}

function readText(file: string): string {
    try {
        const { size } = statSync(file)
        if (size > FILE_MAX_BYTES) {
            throw new InputError(`it has ${size} bytes, expected at most ${FILE_MAX_BYTES}`)
        }
        return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file))
    } catch (cause) {
        throw new InputError(`cannot read ${file}: ${(cause as Error).message}`, { cause })
    }
}
