import { unixMs } from "../../protocol/units.js"
import type { SkySource } from "../chips/ublox.js"
import { type Receiver, receiverView, type Vehicle, vehicleTruth } from "../world/index.js"

/** What the receiver in a vehicle of the world says. */
export function worldSky(vehicle: Vehicle, receiver: Receiver): SkySource {
    return (atMs) => {
        const view = receiverView(receiver, (at) => vehicleTruth(vehicle, at), unixMs(atMs))
        return {
            atMs: view.atMs,
            fixType: view.fix ? 3 : 0,
            isFixOk: view.fix,
            satellites: view.satellites,
            latE7: Math.round(view.latDeg * 1e7),
            lonE7: Math.round(view.lonDeg * 1e7),
            altMm: Math.round(view.altM * 1000),
            accuracyMm: Math.round(view.accuracyM * 1000),
            speedMms: Math.round(view.speedMps * 1000),
            courseE5: Math.round(view.courseDeg * 1e5),
        }
    }
}
