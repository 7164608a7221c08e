import type { Fix } from "../../../protocol/fix.js"
import { deg, metres, mps, unixMs } from "../../../protocol/units.js"
import type { Observation } from "./observation.js"

/** A fix in the units that fusion thinks in. */
export function placeFix(deviceId: string, fix: Fix): Observation {
    return {
        deviceId,
        atMs: unixMs(fix.timeDs * 100),
        latDeg: deg(fix.latUdeg / 1e6),
        lonDeg: deg(fix.lonUdeg / 1e6),
        accuracyM: metres(fix.accuracyDm / 10),
        speedMps: mps(fix.speedDmps / 10),
        courseDeg: deg(fix.courseDeg),
        satellites: fix.satellites,
    }
}
