// A recorded or computed track as what a receiver sees.

import type { SkySource } from "../chips/ublox.js"

export interface TrackSample {
    atMs: number
    latDeg: number
    lonDeg: number
    altitudeM?: number | undefined
    speedMps?: number | undefined
    courseDeg?: number | undefined
    /** One sigma of the horizontal error. */
    accuracyM: number
    satellites?: number | undefined
}

/**
 * Each sample once, with its own time, at the solution that follows it; nothing between them. The
 * samples are in order of time, at least `stepMs` (the receiver's interval) apart.
 */
export function trackSky(samples: readonly TrackSample[], stepMs = 1000): SkySource {
    return (atMs) => {
        const next = firstAfter(samples, atMs)
        const sample = samples[next - 1]
        if (!sample || sample.atMs <= atMs - stepMs) return undefined
        return {
            atMs: sample.atMs,
            fixType: 3,
            isFixOk: true,
            satellites: sample.satellites ?? 0,
            latE7: Math.round(sample.latDeg * 1e7),
            lonE7: Math.round(sample.lonDeg * 1e7),
            altMm: Math.round((sample.altitudeM ?? 0) * 1000),
            accuracyMm: Math.round(sample.accuracyM * 1000),
            speedMms: Math.round((sample.speedMps ?? 0) * 1000),
            courseE5: Math.round((sample.courseDeg ?? 0) * 1e5),
        }
    }
}

/** Index of the first sample later than `atMs`. */
function firstAfter(samples: readonly TrackSample[], atMs: number): number {
    let low = 0
    let high = samples.length
    while (low < high) {
        const middle = (low + high) >> 1
        if (samples[middle]!.atMs <= atMs) low = middle + 1
        else high = middle
    }
    return low
}
