// A fix of a recorded track as the wire is measured on it: what the file states, a column that it has
// not left out. HDOP is taken as metres by the gateway's own rule.

import { accuracyOfHdop } from "../../gateway/core/fusion/receiver-accuracy.js"
import { wrapLongitude } from "../../gateway/core/geo/ellipsoid.js"
import type { ParsedTrack } from "../../gateway/core/replay/parse-track.js"
import { type Deg, deg, type Metres, type Mps, type UnixMs } from "../../protocol/units.js"

export interface MeasuredFix {
    atMs: UnixMs
    latDeg: Deg
    lonDeg: Deg
    altM?: Metres | undefined
    speedMps?: Mps | undefined
    courseDeg?: Deg | undefined
    accuracyM?: Metres | undefined
    satellites?: number | undefined
}

export type MeasuredField = keyof MeasuredFix

/** The largest difference that rounding may make; undefined where a format does not carry a field. */
export type Tolerances = { readonly [Field in MeasuredField]: number | undefined }

const FIELDS: readonly [field: MeasuredField, unit: string][] = [
    ["atMs", "ms"],
    ["latDeg", "deg"],
    ["lonDeg", "deg"],
    ["altM", "m"],
    ["speedMps", "m/s"],
    ["courseDeg", "deg"],
    ["accuracyM", "m"],
    ["satellites", "satellites"],
]

export function measuredFixes({ rows, accuracy }: ParsedTrack): MeasuredFix[] {
    return rows.map((row): MeasuredFix => {
        const stated = row.hdopOrAccuracyM
        const isHdop = accuracy === "hdop"
        const accuracyM =
            stated === undefined ? undefined : isHdop ? accuracyOfHdop(stated) : (stated as Metres)
        return {
            atMs: row.atMs,
            latDeg: row.latDeg,
            lonDeg: deg(wrapLongitude(row.lonDeg)),
            altM: row.altitudeM,
            speedMps: row.speedMps,
            courseDeg: row.courseDeg,
            accuracyM,
            satellites: row.satellites,
        }
    })
}

/** The fields that a track has in any of its fixes. */
export function carriedFields(fixes: readonly MeasuredFix[]): MeasuredField[] {
    return FIELDS.map(([field]) => field).filter((field) =>
        fixes.some((fix) => fix[field] !== undefined),
    )
}

/** A millionth more is what doubles may add. */
const DOUBLES = 1 + 1e-6
/** A smaller accuracy would round to nothing, which no fix may state. */
const ACCURACY_MIN_M = 0.1

/**
 * Throws when what came back is not what went in, each field to its tolerance; `where` and the
 * number of the first fix say in the message which one it was.
 */
export function verify(
    sent: readonly MeasuredFix[],
    received: readonly MeasuredFix[],
    tolerances: Tolerances,
    where: string,
    firstFix: number,
): void {
    if (sent.length !== received.length) {
        throw new Error(`${where}: ${sent.length} fixes went in, ${received.length} came back`)
    }
    sent.forEach((fix, index) => {
        for (const [field, unit] of FIELDS) {
            const [was, is, most] = [fix[field], received[index]![field], tolerances[field]]
            if (was === undefined || most === undefined) continue
            const wanted = field === "accuracyM" ? Math.max(was, ACCURACY_MIN_M) : was
            if (is !== undefined && difference(field, wanted, is) <= most * DOUBLES) continue
            throw new Error(
                `${where}: ${field} of fix ${firstFix + index} was ${was} ${unit} and came back as ` +
                    `${is}, expected at most ${most} ${unit} between them`,
            )
        }
    })
}

function difference(field: MeasuredField, was: number, is: number): number {
    const plain = Math.abs(was - is)
    return field === "courseDeg" || field === "lonDeg" ? Math.min(plain, 360 - plain) : plain
}
