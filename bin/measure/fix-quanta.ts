// A recorded fix in the quanta of the tracker's `Fix`: 0.1 s, 1e-6 degree, 1 m, 0.1 m/s, 1 degree,
// 0.1 m. What the receiver's driver hands over, and what every profile starts from.

import type { Fix } from "../../protocol/fix.js"
import { deg, metres, mps, unixMs } from "../../protocol/units.js"
import type { MeasuredFix, Tolerances } from "./measured-fix.js"

/** A column that the recording has not is undefined. */
export interface QuantisedFix extends Pick<Fix, "timeDs" | "latUdeg" | "lonUdeg"> {
    altM?: number | undefined
    speedDmps?: number | undefined
    courseDeg?: number | undefined
    accuracyDm?: number | undefined
    satellites?: number | undefined
}

/** Half a quantum of each column. */
export const FIX_TOLERANCES = {
    atMs: 50,
    latDeg: 0.5e-6,
    lonDeg: 0.5e-6,
    altM: 0.5,
    speedMps: 0.05,
    courseDeg: 0.5,
    accuracyM: 0.05,
    satellites: 0,
} satisfies Tolerances

export function quantisedFix(fix: MeasuredFix): QuantisedFix {
    const { altM, speedMps, courseDeg, accuracyM, satellites } = fix
    return {
        timeDs: Math.round(fix.atMs / 100),
        latUdeg: Math.round(fix.latDeg * 1e6),
        lonUdeg: Math.round(fix.lonDeg * 1e6),
        ...(altM !== undefined && { altM: Math.round(altM) }),
        ...(speedMps !== undefined && { speedDmps: Math.round(speedMps * 10) }),
        ...(courseDeg !== undefined && { courseDeg: Math.round(courseDeg) % 360 }),
        ...(accuracyM !== undefined && { accuracyDm: Math.max(1, Math.round(accuracyM * 10)) }),
        ...(satellites !== undefined && { satellites }),
    }
}

export function measuredOf(fix: QuantisedFix): MeasuredFix {
    const { altM, speedDmps, courseDeg, accuracyDm, satellites } = fix
    return {
        atMs: unixMs(fix.timeDs * 100),
        latDeg: deg(fix.latUdeg / 1e6),
        lonDeg: deg(fix.lonUdeg / 1e6),
        ...(altM !== undefined && { altM: metres(altM) }),
        ...(speedDmps !== undefined && { speedMps: mps(speedDmps / 10) }),
        ...(courseDeg !== undefined && { courseDeg: deg(courseDeg) }),
        ...(accuracyDm !== undefined && { accuracyM: metres(accuracyDm / 10) }),
        ...(satellites !== undefined && { satellites }),
    }
}
