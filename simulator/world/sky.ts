// What an antenna has above it: open country, a street between houses, a garage, nothing. A function
// of place and time; the noise in it is seeded, so any instant can be asked for alone.
//
// Levels: open sky 42 dB-Hz; a street loses satellites behind walls and some 6 dB on the rest; in a
// garage a few are heard through the door at 20 dB-Hz. Modelled.

import { gaussianAt, noiseKey, uniformAt } from "./prng.js"

export type Cover = "open" | "canyon" | "garage" | "none"

export interface SkyView {
    satellites: number
    /** The middle of their carrier to noise densities, dB-Hz. */
    cn0DbHz: number
    isJammed: boolean
    isSpoofed: boolean
}

export interface SkyOptions {
    seed: string
    /** Over the antenna at an instant. */
    coverAt: (atMs: number) => Cover
    isJammedAt?: (atMs: number) => boolean
    isSpoofedAt?: (atMs: number) => boolean
}

interface Level {
    satellites: readonly [fewest: number, most: number]
    cn0DbHz: number
    sigmaDb: number
}

const LEVELS: Readonly<Record<Cover, Level>> = {
    open: { satellites: [10, 16], cn0DbHz: 42, sigmaDb: 1 },
    canyon: { satellites: [4, 9], cn0DbHz: 36, sigmaDb: 3 },
    garage: { satellites: [0, 3], cn0DbHz: 20, sigmaDb: 2 },
    none: { satellites: [0, 0], cn0DbHz: 0, sigmaDb: 0 },
}
/** A jammer nearby raises the noise by so much. */
const JAMMED_DB = 25
/** Satellites come and go behind walls within so long. */
const STEP_MS = 30_000

export function skyOf(options: SkyOptions): (atMs: number) => SkyView {
    const count = noiseKey(`${options.seed}/satellites`)
    const signal = noiseKey(`${options.seed}/signal`)
    return (atMs) => {
        const { satellites, cn0DbHz, sigmaDb } = LEVELS[options.coverAt(atMs)]
        const [fewest, most] = satellites
        const step = Math.floor(atMs / STEP_MS)
        const isJammed = options.isJammedAt?.(atMs) ?? false
        const level = cn0DbHz + sigmaDb * gaussianAt(signal, step) - (isJammed ? JAMMED_DB : 0)
        return {
            satellites: fewest + Math.floor(uniformAt(count, step) * (most - fewest + 1)),
            cn0DbHz: Math.max(0, level),
            isJammed,
            isSpoofed: options.isSpoofedAt?.(atMs) ?? false,
        }
    }
}
