// A vehicle that drives its circuit for ever. What it does at an instant follows from the instant
// alone, so a simulator that starts again finds it where a real one would be by now.

import { type Deg, type Metres, type Mps, metres, mps, type UnixMs } from "../../protocol/units.js"
import { type Circuit, placeOn } from "./circuit.js"
import type { Drive, Phase } from "./drive.js"
import { normalCourseDeg, type Position } from "./geodesy.js"

export interface Vehicle {
    circuit: Circuit
    drive: Drive
    /** An instant at which a lap begins, standing at the first stop. */
    lapStartMs: UnixMs
    /** Height of the ground above mean sea level. */
    groundM: (at: Position) => Metres
}

export interface Truth {
    latDeg: Deg
    lonDeg: Deg
    /** Above mean sea level. */
    altM: Metres
    speedMps: Mps
    /** Where the vehicle points, which while it moves is where it goes: [0, 360). */
    courseDeg: Deg
    moving: boolean
}

/** Where a vehicle is at any instant, before its first lap or after a million of them. */
export function vehicleTruth(vehicle: Vehicle, atMs: UnixMs): Truth {
    const lapS = lapTimeS(vehicle, atMs)
    const phase = phaseAt(vehicle.drive.phases, lapS)
    const s = Math.min(lapS - phase.fromS, phase.durationS)
    const intoM = phase.intoM + (phase.speedMps + (phase.accelerationMps2 * s) / 2) * s
    const { at, courseDeg } = placeOn(vehicle.circuit.pieces[phase.piece]!, intoM)
    // A turn on the spot ends at the course of the piece ahead, and begins that much before it.
    const stillToTurnDeg = phase.turnDeg * (1 - smoothstep(s / phase.durationS))
    const speedMps = Math.max(0, phase.speedMps + phase.accelerationMps2 * s)
    return {
        latDeg: at.latDeg,
        lonDeg: at.lonDeg,
        altM: metres(vehicle.groundM(at)),
        speedMps: mps(speedMps),
        courseDeg: normalCourseDeg(courseDeg - stillToTurnDeg),
        moving: speedMps > 0,
    }
}

/** How long one lap takes, after which everything repeats. */
export function lapMs(vehicle: Vehicle): number {
    return vehicle.drive.durationS * 1000
}

function lapTimeS({ drive, lapStartMs }: Vehicle, atMs: UnixMs): number {
    const sinceS = ((atMs - lapStartMs) / 1000) % drive.durationS
    return sinceS < 0 ? sinceS + drive.durationS : sinceS
}

/** The last phase that has begun. */
function phaseAt(phases: readonly Phase[], lapS: number): Phase {
    let low = 0
    let high = phases.length - 1
    while (low < high) {
        const middle = (low + high + 1) >> 1
        if (phases[middle]!.fromS <= lapS) low = middle
        else high = middle - 1
    }
    return phases[low]!
}

function smoothstep(share: number): number {
    return share * share * (3 - 2 * share)
}
