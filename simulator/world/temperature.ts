// Temperature where a tracker hides, as a season, a day and the weather make it. A pure function of
// seed and time. Modelled: a sum of sines and slow noise, no record of any place.

import { gaussianAt, noiseKey } from "./prng.js"

export interface Climate {
    /** Over a year. */
    meanC: number
    /** Half of the difference between July and January; negative south of the equator. */
    seasonC: number
    /** Half of the difference between afternoon and dawn. */
    dayC: number
    /** One sigma of the weather, which changes within days. */
    weatherC: number
}

/** The Alpine Rhine valley. */
export const ALPINE_VALLEY: Climate = { meanC: 10, seasonC: 10, dayC: 5, weatherC: 4 }

const DAY_MS = 86_400_000
const YEAR_MS = 365.25 * DAY_MS
/** Warmest in the last week of July, and at three in the afternoon. */
const WARMEST_DAY_MS = 205 * DAY_MS
const WARMEST_HOUR_MS = 15 * 3_600_000
const NEW_YEAR_MS = Date.UTC(2020, 0, 1)
const WEATHER_MS = 2 * DAY_MS

/** Degrees Celsius at an instant. `eastDeg` sets the hour of the sun. */
export function temperatureOf(
    seed: string,
    climate: Climate,
    eastDeg: number,
): (atMs: number) => number {
    const key = noiseKey(`${seed}/weather`)
    return (atMs) => {
        const yearTurn = (atMs - NEW_YEAR_MS - WARMEST_DAY_MS) / YEAR_MS
        const dayTurn = (atMs - WARMEST_HOUR_MS) / DAY_MS + eastDeg / 360
        return (
            climate.meanC +
            climate.seasonC * Math.cos(2 * Math.PI * yearTurn) +
            climate.dayC * Math.cos(2 * Math.PI * dayTurn) +
            climate.weatherC * weather(key, atMs / WEATHER_MS)
        )
    }
}

/** Noise of unit size at whole steps, a smooth way between them. */
function weather(key: number, step: number): number {
    const whole = Math.floor(step)
    const share = step - whole
    const smooth = share * share * (3 - 2 * share)
    return gaussianAt(key, whole) * (1 - smooth) + gaussianAt(key, whole + 1) * smooth
}
