// A recorded track as text: CSV with a header, one fix a line, columns by name.
//
//     t_unix_ms,lat,lon,alt_m,speed_mps,course_deg,hdop_or_accuracy_m,sats
//
// UTC milliseconds, degrees WGS 84, metres, m/s, course clockwise from true north, and HDOP or the
// 1-sigma horizontal error in metres, which the file itself does not say. The first three columns
// are required, an empty field is unknown, further columns are passed over. A byte order mark,
// CRLF and blank lines are tolerated. Anything else is an InputError that names file and line.

import {
    type Deg,
    deg,
    type Metres,
    type Mps,
    metres,
    mps,
    type UnixMs,
    unixMs,
} from "../../../protocol/units.js"
import { InputError } from "../input-error.js"

export interface TrackRow {
    atMs: UnixMs
    latDeg: Deg
    lonDeg: Deg
    altitudeM: Metres | undefined
    speedMps: Mps | undefined
    courseDeg: Deg | undefined
    /** Positive; read it by the track's `accuracy`. */
    hdopOrAccuracyM: number | undefined
    satellites: number | undefined
}

export type AccuracyKind = "hdop" | "m"

export interface ParsedTrack {
    /** Names the device that recorded it. */
    name: string
    accuracy: AccuracyKind
    rows: TrackRow[]
}

/** `name` is the file's: it appears in messages, and `hdop` in it says what the accuracy is. */
export function parseTrack(text: string, name: string, accuracy?: AccuracyKind): ParsedTrack {
    const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/)
    const headerAt = lines.findIndex((line) => line.trim() !== "")
    if (headerAt < 0) throw new InputError(`${name}: is empty, expected ${HEADER_EXPECTED}`)
    const columns = parseHeader(lines[headerAt]!, `${name} line ${headerAt + 1}`)
    const rows: TrackRow[] = []
    lines.forEach((line, index) => {
        if (index <= headerAt || line.trim() === "") return
        rows.push(parseRow(line, columns, `${name} line ${index + 1}`))
    })
    if (rows.length === 0) throw new InputError(`${name}: has a header and no fixes`)
    return { name, accuracy: accuracy ?? accuracyKindOf(name), rows }
}

function accuracyKindOf(name: string): AccuracyKind {
    const file = name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1)
    return file.toLowerCase().includes("hdop") ? "hdop" : "m"
}

const HEADER_EXPECTED =
    "a header with t_unix_ms, lat, lon and, where known, alt_m, speed_mps, course_deg, " +
    "hdop_or_accuracy_m, sats"

interface Field {
    expected: string
    accepts: (value: number) => boolean
}

/** Milliseconds: the year 2262, past which a nanosecond count overflows, is far enough. */
const LATEST_MS = 9_223_372_036_854

const FIELDS = {
    t_unix_ms: {
        expected: "whole milliseconds since 1970",
        accepts: (value) => Number.isInteger(value) && value >= 0 && value <= LATEST_MS,
    },
    lat: { expected: "degrees from -90 to 90", accepts: (value) => Math.abs(value) <= 90 },
    lon: { expected: "degrees from -180 to 360", accepts: (v) => v >= -180 && v <= 360 },
    alt_m: { expected: "metres", accepts: () => true },
    speed_mps: {
        expected: "metres per second, 0 to 1000",
        accepts: (value) => value >= 0 && value <= 1000,
    },
    course_deg: { expected: "degrees from 0 to 360", accepts: (v) => v >= 0 && v <= 360 },
    hdop_or_accuracy_m: {
        expected: "a number above 0 and up to 1000000",
        accepts: (value) => value > 0 && value <= 1_000_000,
    },
    sats: {
        expected: "a whole number, 0 or more",
        accepts: (value) => Number.isInteger(value) && value >= 0,
    },
} satisfies Record<string, Field>

type Column = keyof typeof FIELDS
const REQUIRED: readonly Column[] = ["t_unix_ms", "lat", "lon"]

/** Where each known column stands, and how many fields a line has. */
interface Columns {
    at: Map<Column, number>
    count: number
}

function parseHeader(line: string, where: string): Columns {
    const names = line.split(",").map((field) => field.trim())
    const at = new Map<Column, number>()
    names.forEach((field, index) => {
        if (!Object.hasOwn(FIELDS, field)) return
        const column = field as Column
        if (at.has(column)) throw new InputError(`${where}: column ${column} appears twice`)
        at.set(column, index)
    })
    const missing = REQUIRED.filter((column) => !at.has(column))
    if (missing.length > 0) {
        const found = shown(line)
        throw new InputError(
            `${where}: lacks ${missing.join(", ")}: got ${found}, expected ${HEADER_EXPECTED}`,
        )
    }
    return { at, count: names.length }
}

function parseRow(line: string, columns: Columns, where: string): TrackRow {
    const fields = line.split(",").map((field) => field.trim())
    if (fields.length !== columns.count) {
        throw new InputError(
            `${where}: has ${fields.length} fields, expected ${columns.count} as in the header`,
        )
    }
    const read = (column: Column): number | undefined => {
        const index = columns.at.get(column)
        const text = index === undefined ? "" : fields[index]!
        if (text === "") return undefined
        const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
        const { expected, accepts } = FIELDS[column]
        if (Number.isFinite(value) && accepts(value)) return value
        throw new InputError(`${where}: ${column} is ${shown(text)}, expected ${expected}`)
    }
    const require = (column: Column): number => {
        const value = read(column)
        if (value !== undefined) return value
        throw new InputError(`${where}: ${column} is empty, expected ${FIELDS[column].expected}`)
    }
    const optional = <Unit>(column: Column, unit: (value: number) => Unit): Unit | undefined => {
        const value = read(column)
        return value === undefined ? undefined : unit(value)
    }
    return {
        atMs: unixMs(require("t_unix_ms")),
        latDeg: deg(require("lat")),
        lonDeg: deg(require("lon")),
        altitudeM: optional("alt_m", metres),
        speedMps: optional("speed_mps", mps),
        courseDeg: optional("course_deg", deg),
        hdopOrAccuracyM: read("hdop_or_accuracy_m"),
        satellites: read("sats"),
    }
}

/** A value as a message may repeat it: quoted, on one line, not longer than it helps. */
function shown(text: string): string {
    return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
