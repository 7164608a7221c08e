// Where a vehicle on a circuit stands, and for how long: at every waypoint, and now and then at the
// mouth of a junction, as traffic would have it.

import { metres } from "../../protocol/units.js"
import { type Circuit, pieceAt, placeOn } from "./circuit.js"
import type { Stop } from "./drive.js"
import type { Position } from "./geodesy.js"
import type { Prng } from "./prng.js"

const waypointDwellS = [12, 40] as const
const junctionDwellS = [5, 15] as const
/** One junction in fifteen on the way is found busy. */
const busyShare = 1 / 15
/** How far before the middle of a junction one waits. */
const stopLineM = 7
/** Nobody waits twice within this distance. */
const leastApartM = 90

/**
 * The stops of a lap, the one at the first waypoint first. `mayStandAt` keeps the chosen ones away
 * from places where a standing vehicle is not wanted; a waypoint there is an error of its planner.
 */
export function chooseStops(
    circuit: Circuit,
    prng: Prng,
    mayStandAt: (at: Position) => boolean,
): Stop[] {
    const placeAt = (alongM: number) => {
        const piece = circuit.pieces[pieceAt(circuit, alongM)]!
        return placeOn(piece, alongM - piece.startM).at
    }
    const stops = circuit.waypoints.map((alongM): Stop => {
        const at = placeAt(alongM)
        if (!mayStandAt(at))
            throw new Error(`a waypoint at ${at.latDeg}, ${at.lonDeg} is where nobody may stand`)
        return { alongM, dwellS: prng.between(...waypointDwellS) }
    })
    const isFree = (alongM: number) =>
        stops.every((stop) => {
            const apartM = Math.abs(stop.alongM - alongM)
            return Math.min(apartM, circuit.lengthM - apartM) >= leastApartM
        })
    for (const junctionM of circuit.junctions) {
        const alongM = metres(junctionM - stopLineM)
        // Drawn for every junction, taken or not, so that one choice does not move the others.
        const busy = prng.next() < busyShare
        const dwellS = prng.between(...junctionDwellS)
        if (busy && alongM > 0 && isFree(alongM) && mayStandAt(placeAt(alongM)))
            stops.push({ alongM, dwellS })
    }
    return stops
}
