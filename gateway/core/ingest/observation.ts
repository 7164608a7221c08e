import type { Deg, Metres, Mps, UnixMs } from "../../../protocol/units.js"

/** Evidence of where a target is, placed in time and ready for fusion. */
export interface Observation {
    deviceId: string
    atMs: UnixMs
    latDeg: Deg
    lonDeg: Deg
    /** One standard deviation of the horizontal error, as the receiver states it; positive. */
    accuracyM: Metres
    /** Doppler ground speed, where the receiver gives one. */
    speedMps: Mps | undefined
    /** Course over ground, where the receiver gives one. */
    courseDeg: Deg | undefined
    satellites: number | undefined
}
