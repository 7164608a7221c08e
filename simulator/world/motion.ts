// What an accelerometer in a vehicle feels, from the vehicle's own speed: gravity, speeding up and
// braking along the vehicle, and the shaking of engine and road. A parked vehicle is perfectly still
// but for a knock now and then: a door, wind, a lorry passing. Thousandths of g in the vehicle's axes:
// x ahead, y left, z up. Modelled; the shaking is white, as sampled far below its frequency.

import { gaussianAt, noiseKey, uniformAt } from "./prng.js"

export interface AccelerationMg {
    x: number
    y: number
    z: number
}

export interface MotionOptions {
    seed: string
    /** The vehicle's true speed at an instant, m/s; 0 while it is parked. */
    speedMpsAt: (atMs: number) => number
    /** Until when a vehicle that is parked at an instant stays so; `atMs` where nobody knows. */
    parkedUntil?: (atMs: number) => number
    /** How often a parked vehicle is knocked. */
    knocksPerDay?: number
}

export interface Motion {
    /** Felt at an instant, gravity included. */
    at: (atMs: number) => AccelerationMg
    /** Until when it stays as it is; `atMs` or earlier where it moves or nobody knows. */
    stillUntil: (atMs: number) => number
}

const GRAVITY_MPS2 = 9.80665
const GRAVITY_MG = 1000
/** Speeds this far apart make an acceleration. */
const STEP_MS = 500
/** One sigma of the shaking while rolling, by the road and by speed. */
const ROLLING_MG = 40
const PER_MPS_MG = 3
const SHAKING_MOST_MG = 150
const ROLLING_MPS = 0.3
const KNOCKS_PER_DAY = 3
const KNOCK_MG = 120
const KNOCK_MS = 1000
const HOUR_MS = 3_600_000
const HOURS_PER_DAY = 24
const SAMPLES_PER_S = 100

export function motionOf(options: MotionOptions): Motion {
    const { seed, speedMpsAt, parkedUntil, knocksPerDay = KNOCKS_PER_DAY } = options
    const keys = ["x", "y", "z"].map((axis) => noiseKey(`${seed}/shaking/${axis}`))
    const knocks = knocksOf(`${seed}/knock`, knocksPerDay)
    const at = (atMs: number): AccelerationMg => {
        const speedMps = speedMpsAt(atMs)
        const gainMps = speedMpsAt(atMs + STEP_MS / 2) - speedMpsAt(atMs - STEP_MS / 2)
        const aheadMg = ((gainMps / (STEP_MS / 1000)) * GRAVITY_MG) / GRAVITY_MPS2
        const isKnocked = knocks.nextFrom(atMs) <= atMs
        const rollingMg = Math.min(SHAKING_MOST_MG, ROLLING_MG + PER_MPS_MG * speedMps)
        const sigmaMg = speedMps > ROLLING_MPS ? rollingMg : isKnocked ? KNOCK_MG : 0
        if (sigmaMg === 0) return { x: aheadMg, y: 0, z: GRAVITY_MG }
        const sample = Math.floor((atMs * SAMPLES_PER_S) / 1000)
        const [x = 0, y = 0, z = 0] = keys.map((key) => sigmaMg * gaussianAt(key, sample))
        return { x: aheadMg + x, y, z: GRAVITY_MG + z }
    }
    const stillUntil = (atMs: number): number => {
        if (speedMpsAt(atMs) > 0 || !parkedUntil) return atMs
        // The first half step of speeding up is felt before it shows in the speed.
        return Math.min(parkedUntil(atMs) - STEP_MS / 2, knocks.nextFrom(atMs))
    }
    return { at, stillUntil }
}

/** One knock in some hours, somewhere within the hour. */
function knocksOf(seed: string, perDay: number) {
    const whether = noiseKey(`${seed}/whether`)
    const when = noiseKey(`${seed}/when`)
    const chance = perDay / HOURS_PER_DAY
    return {
        /** The beginning of the first knock that is not over at `atMs`; Infinity for none in a year. */
        nextFrom: (atMs: number): number => {
            const first = Math.floor(atMs / HOUR_MS)
            for (let hour = first; hour < first + HOURS_PER_DAY * 366; hour++) {
                if (uniformAt(whether, hour) >= chance) continue
                const atHourMs = Math.floor(uniformAt(when, hour) * (HOUR_MS - KNOCK_MS))
                const knockMs = hour * HOUR_MS + atHourMs
                if (knockMs + KNOCK_MS > atMs) return knockMs
            }
            return Infinity
        },
    }
}
