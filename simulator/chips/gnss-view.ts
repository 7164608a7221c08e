// What a receiver makes of the truth at its antenna: nothing while it searches, a rough position
// right after its first fix, then what the source says.

import type { GnssSearch, Sky } from "./gnss-search.js"
import type { HeardSatellite } from "./nmea-sentences.js"
import type { NavSolution } from "./ubx-frame.js"

/** What the antenna sees at an instant; undefined while nothing new is to be said. */
export type SkySource = (atMs: number) => NavSolution | undefined

/** A receiver with no fix puts the largest number there. */
const NO_ACCURACY_MM = 0xffff_ffff
const GPS_EPOCH_MS = Date.UTC(1980, 0, 6)
const MM_PER_E7 = 11.132
/** Satellites heard above and below the middle one, dB. */
const CN0_SPREAD_DB = [3, 1, -1, 2, 0, -3]
const SATELLITES_MAX = 32
/** One sigma of an axis for a radius that holds 68 %. */
const SIGMAS_PER_RADIUS = 1.51

/** `solution` as a receiver in the state of `search` reports it. */
export function seenSolution(
    search: GnssSearch,
    sky: Sky,
    solution: NavSolution | undefined,
    atMs: number,
    offset: readonly [number, number],
): NavSolution | undefined {
    const fixType = search.fixType(sky)
    if (fixType === 0) return noFix(search, atMs)
    if (!solution) return undefined
    const factor = search.errorFactor(atMs)
    const addedMm = ((factor - 1) * solution.accuracyMm) / SIGMAS_PER_RADIUS
    const shrink = Math.max(0.01, Math.cos((solution.latE7 * Math.PI) / 1.8e9))
    const [north, east] = offset
    return {
        ...solution,
        fixType: Math.min(solution.fixType, fixType),
        satellites: Math.min(solution.satellites, sky.satellites),
        latE7: solution.latE7 + Math.round((north * addedMm) / MM_PER_E7),
        lonE7: solution.lonE7 + Math.round((east * addedMm) / MM_PER_E7 / shrink),
        accuracyMm: Math.round(solution.accuracyMm * factor),
    }
}

/** The satellites heard, spread over the sky and around the middle signal. */
export function heardSatellites({ satellites, cn0DbHz }: Sky, isFixed: boolean): HeardSatellite[] {
    return Array.from({ length: Math.min(satellites, SATELLITES_MAX) }, (_, i) => {
        const level = cn0DbHz + CN0_SPREAD_DB[i % CN0_SPREAD_DB.length]!
        return {
            id: 1 + i,
            elevationDeg: 15 + ((i * 23) % 70),
            azimuthDeg: (i * 137) % 360,
            cn0DbHz: Math.min(63, Math.max(0, level)),
            isUsed: isFixed,
        }
    })
}

/** Before a fix the clock runs on if it was known, else from the GPS epoch. */
function noFix(search: GnssSearch, atMs: number): NavSolution {
    const isTimeKnown = search.memory.hasTime
    return {
        atMs: isTimeKnown ? atMs : GPS_EPOCH_MS + (atMs - search.startedAtMs),
        isTimeKnown,
        fixType: 0,
        isFixOk: false,
        satellites: 0,
        latE7: 0,
        lonE7: 0,
        altMm: 0,
        accuracyMm: NO_ACCURACY_MM,
        speedMms: 0,
        courseE5: 0,
    }
}
