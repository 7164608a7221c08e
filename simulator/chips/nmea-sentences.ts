// NMEA 0183 sentences as receivers write them (version 4.0, talker GN), the simulator's own hand.
// Without a fix the position's fields are empty, as u-blox and MediaTek parts leave them.

import type { NavSolution } from "./ubx-frame.js"

export interface HeardSatellite {
    /** GPS numbering, 1 to 32. */
    id: number
    elevationDeg: number
    azimuthDeg: number
    cn0DbHz: number
    isUsed: boolean
}

/** One epoch as a receiver tells it. */
export interface NmeaEpoch {
    solution: NavSolution
    satellites: readonly HeardSatellite[]
}

export type SentenceName = "RMC" | "VTG" | "GGA" | "GSA" | "GSV" | "GLL"

/** In the order in which u-blox parts write them within an epoch. */
export const SENTENCE_ORDER: readonly SentenceName[] = ["RMC", "VTG", "GGA", "GSA", "GSV", "GLL"]

const KNOTS_PER_MMS = 1 / 514.444
const GEOID_M = 48
const SATELLITES_PER_GSV = 4
const SATELLITES_PER_GSA = 12

/** Checksum and line end around what stands between `$` and `*`. */
export function sentence(text: string): string {
    let sum = 0
    for (const char of text) sum ^= char.charCodeAt(0)
    return `$${text}*${sum.toString(16).toUpperCase().padStart(2, "0")}\r\n`
}

/** The sentences of one name; GSV comes in several. */
export function sentences(name: SentenceName, epoch: NmeaEpoch): string {
    return WRITERS[name](epoch)
}

const WRITERS: Record<SentenceName, (epoch: NmeaEpoch) => string> = {
    RMC: ({ solution }) => {
        const { isFixOk, speedMms, courseE5 } = solution
        const status = isFixOk ? "A" : "V"
        const speed = isFixOk ? (speedMms * KNOTS_PER_MMS).toFixed(3) : ""
        const course = isFixOk ? (courseE5 / 1e5).toFixed(2) : ""
        const head = `GNRMC,${timeOf(solution)},${status},${placeOf(solution)}`
        return sentence(`${head},${speed},${course},${dateOf(solution)},,,${modeOf(solution)}`)
    },
    VTG: ({ solution }) => {
        const { isFixOk, speedMms, courseE5 } = solution
        const course = isFixOk ? (courseE5 / 1e5).toFixed(2) : ""
        const knots = isFixOk ? (speedMms * KNOTS_PER_MMS).toFixed(3) : ""
        const kmh = isFixOk ? (speedMms * 0.0036).toFixed(3) : ""
        return sentence(`GNVTG,${course},T,,M,${knots},N,${kmh},K,${modeOf(solution)}`)
    },
    GGA: ({ solution }) => {
        const { isFixOk, satellites, altMm } = solution
        const used = String(satellites).padStart(2, "0")
        const height = isFixOk ? `${(altMm / 1000).toFixed(1)},M,${GEOID_M.toFixed(1)},M` : ",M,,M"
        const head = `GNGGA,${timeOf(solution)},${placeOf(solution)},${isFixOk ? 1 : 0}`
        return sentence(`${head},${used},${hdopOf(solution)},${height},,`)
    },
    GSA: ({ solution, satellites }) => {
        const used = satellites.filter(({ isUsed }) => isUsed).slice(0, SATELLITES_PER_GSA)
        const ids = Array.from({ length: SATELLITES_PER_GSA }, (_, i) =>
            used[i] ? String(used[i].id).padStart(2, "0") : "",
        )
        const dimensions = solution.isFixOk ? solution.fixType : 1
        const hdop = hdopOf(solution)
        return sentence(`GNGSA,A,${dimensions},${ids.join(",")},${hdop},${hdop},${hdop}`)
    },
    GSV: ({ satellites }) => {
        const pages = Math.max(1, Math.ceil(satellites.length / SATELLITES_PER_GSV))
        const total = String(satellites.length).padStart(2, "0")
        return Array.from({ length: pages }, (_, page) => {
            const from = page * SATELLITES_PER_GSV
            const heard = satellites.slice(from, from + SATELLITES_PER_GSV)
            const fields = heard.map(
                ({ id, elevationDeg, azimuthDeg, cn0DbHz }) =>
                    `,${digits(id, 2)},${digits(elevationDeg, 2)},${digits(azimuthDeg, 3)},${digits(cn0DbHz, 2)}`,
            )
            return sentence(`GPGSV,${pages},${page + 1},${total}${fields.join("")}`)
        }).join("")
    },
    GLL: ({ solution }) => {
        const status = solution.isFixOk ? "A" : "V"
        const place = placeOf(solution)
        return sentence(`GNGLL,${place},${timeOf(solution)},${status},${modeOf(solution)}`)
    },
}

function timeOf({ atMs, isTimeKnown }: NavSolution): string {
    if (isTimeKnown === false) return ""
    return new Date(atMs).toISOString().slice(11, 22).replaceAll(":", "")
}
function dateOf({ atMs, isTimeKnown }: NavSolution): string {
    if (isTimeKnown === false) return ""
    const utc = new Date(atMs).toISOString()
    return utc.slice(8, 10) + utc.slice(5, 7) + utc.slice(2, 4)
}
function placeOf({ isFixOk, latE7, lonE7 }: NavSolution): string {
    if (!isFixOk) return ",,,"
    return `${angle(latE7, 2, "N", "S")},${angle(lonE7, 3, "E", "W")}`
}
/** In ten-thousandths of a minute, so that 59.99996' becomes the next degree and not 60'. */
function angle(angleE7: number, width: number, positive: string, negative: string): string {
    const size = Math.round((Math.abs(angleE7) * 60) / 100)
    const minutes = ((size % 6_000_000) / 1e5).toFixed(5).padStart(8, "0")
    const whole = String(Math.floor(size / 6_000_000)).padStart(width, "0")
    return `${whole}${minutes},${angleE7 < 0 ? negative : positive}`
}
function modeOf({ isFixOk }: NavSolution): string {
    return isFixOk ? "A" : "N"
}
/** Falls as satellites are added: 2.1 with four, 1.1 with twelve. */
function hdopOf({ isFixOk, satellites }: NavSolution): string {
    return isFixOk && satellites > 0 ? (0.6 + 6 / satellites).toFixed(2) : "99.99"
}
function digits(value: number, width: number): string {
    return String(Math.round(value)).padStart(width, "0")
}
