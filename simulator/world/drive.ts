// One lap of a circuit in time: when to accelerate, hold, brake and stand. Within a phase the
// acceleration is constant, so position and speed at any instant are a formula, and speed is
// exactly the derivative of position.

import { type Metres, type Mps, mps } from "../../protocol/units.js"
import { type Circuit, pieceAt } from "./circuit.js"
import { turnDeg } from "./geodesy.js"

export interface Stop {
    alongM: Metres
    dwellS: number
}

/** How somebody drives. */
export interface DrivingStyle {
    /** Share of the legal speed that is driven where nothing else holds the vehicle back. */
    pace: number
    accelerationMps2: number
    brakingMps2: number
    /** Across the direction of travel, in bends. */
    lateralMps2: number
}

export const calmStyle: DrivingStyle = {
    pace: 0.95,
    accelerationMps2: 1.8,
    brakingMps2: 2.5,
    lateralMps2: 2.5,
}

/** A lap from the first stop round to it again, the stand at it included. */
export interface Drive {
    phases: Phase[]
    durationS: number
    /** Of which standing. */
    standingS: number
}

export interface Phase {
    fromS: number
    durationS: number
    /** Index into the circuit's pieces, and the distance into that piece when the phase begins. */
    piece: number
    intoM: number
    speedMps: Mps
    accelerationMps2: number
    /** Turn on the spot while standing, right positive. */
    turnDeg: number
}

/** Stops at pivots are made even where none is asked for: turning on the spot takes this long. */
const pivotS = 8
const roundingM = 1e-6

/**
 * The fastest lap in a style with all its stops. Speed is bounded by the law times the pace, by the
 * grip in bends, and by what can be reached and braked from. Needs at least one stop.
 */
export function planDrive(circuit: Circuit, stops: readonly Stop[], style: DrivingStyle): Drive {
    const halts = withPivots(circuit, stops)
    const sections = cutSections(circuit, halts, style)
    const speeds = boundarySpeeds(sections, style)
    const phases: Phase[] = []
    let nowS = 0
    let standingS = 0
    const add = (phase: Omit<Phase, "fromS">) => {
        if (phase.durationS <= 0) return
        phases.push({ fromS: nowS, ...phase })
        nowS += phase.durationS
    }
    sections.forEach((section, i) => {
        const { piece, intoM, lengthM, dwellS, turn } = section
        const [v0, v1] = [speeds[i]!, speeds[i + 1]!]
        const still = { speedMps: mps(0), accelerationMps2: 0 }
        add({ piece, intoM, ...still, durationS: dwellS, turnDeg: turn })
        standingS += dwellS
        const a = style.accelerationMps2
        const b = style.brakingMps2
        // The speed at which accelerating from v0 and braking to v1 would meet within the section.
        const meetMps = Math.sqrt((2 * a * b * lengthM + b * v0 * v0 + a * v1 * v1) / (a + b))
        const peak = Math.max(v0, v1, Math.min(section.topMps, meetMps))
        const riseM = (peak * peak - v0 * v0) / (2 * a)
        const fallM = (peak * peak - v1 * v1) / (2 * b)
        const holdM = Math.max(0, lengthM - riseM - fallM)
        const moving = (into: number, speed: number, acceleration: number, durationS: number) =>
            add({
                piece,
                intoM: into,
                speedMps: mps(speed),
                accelerationMps2: acceleration,
                durationS,
                turnDeg: 0,
            })
        moving(intoM, v0, a, (peak - v0) / a)
        moving(intoM + riseM, peak, 0, holdM / peak)
        moving(intoM + riseM + holdM, peak, -b, (peak - v1) / b)
    })
    return { phases, durationS: nowS, standingS }
}

/** The same lap in a longer time: as long at its stops, and slower by one factor in between. */
export function stretchDrive(drive: Drive, durationS: number): Drive {
    const factor = (durationS - drive.standingS) / (drive.durationS - drive.standingS)
    if (!(factor >= 1))
        throw new Error(
            `a lap of ${drive.durationS.toFixed(1)} s cannot be driven in ${durationS} s`,
        )
    let nowS = 0
    const phases = drive.phases.map((phase) => {
        const standing = phase.speedMps === 0 && phase.accelerationMps2 === 0
        const stretched: Phase = {
            ...phase,
            fromS: nowS,
            durationS: standing ? phase.durationS : phase.durationS * factor,
            speedMps: mps(phase.speedMps / factor),
            accelerationMps2: phase.accelerationMps2 / factor ** 2,
        }
        nowS += stretched.durationS
        return stretched
    })
    return { phases, durationS, standingS: drive.standingS }
}

/** The highest speed of a lap. */
export function topSpeedMps(drive: Drive): Mps {
    // Every phase but a standing one begins or ends at its highest speed, and the next begins there.
    return mps(drive.phases.reduce((top, { speedMps }) => Math.max(top, speedMps), 0))
}

/** Stops in driving order from the first given, with a stand at every pivot that had none. */
function withPivots(circuit: Circuit, stops: readonly Stop[]): Stop[] {
    const first = stops[0]
    if (first === undefined) throw new Error("a drive needs at least one stop")
    const bare = circuit.pivots.filter((pivotM) =>
        stops.every(({ alongM }) => Math.abs(alongM - pivotM) > roundingM),
    )
    const onwardM = ({ alongM }: Stop) =>
        (alongM - first.alongM + circuit.lengthM) % circuit.lengthM
    return [...stops, ...bare.map((alongM) => ({ alongM, dwellS: pivotS }))].sort(
        (a, b) => onwardM(a) - onwardM(b),
    )
}

/** A part of one piece with a stop at most at its beginning. */
interface Section {
    piece: number
    intoM: number
    lengthM: number
    topMps: number
    /** Stand before it, 0 for none, and the turn on the spot meanwhile. */
    dwellS: number
    turn: number
}

/** The lap from the first halt on, cut at pieces and halts. */
function cutSections(circuit: Circuit, halts: readonly Stop[], style: DrivingStyle): Section[] {
    const { pieces } = circuit
    const sections: Section[] = []
    halts.forEach((halt, i) => {
        const next = halts[i + 1] ?? halts[0]!
        let leftM = (next.alongM - halt.alongM + circuit.lengthM) % circuit.lengthM
        if (leftM < roundingM && i === halts.length - 1) leftM = circuit.lengthM
        let piece = pieceAt(circuit, halt.alongM)
        let intoM = halt.alongM - pieces[piece]!.startM
        let dwellS = halt.dwellS
        let turn = 0
        if (pieces[piece]!.lengthM - intoM < roundingM) {
            piece = (piece + 1) % pieces.length
            intoM = 0
        }
        if (intoM < roundingM) {
            const before = pieces[(piece + pieces.length - 1) % pieces.length]!
            turn = turnDeg(before.startCourseDeg + before.sweepDeg, pieces[piece]!.startCourseDeg)
        }
        while (leftM > roundingM) {
            const stretch = pieces[piece]!
            const lengthM = Math.min(leftM, stretch.lengthM - intoM)
            const legalMps = stretch.limitMps * style.pace
            const gripMps =
                stretch.kind === "bend"
                    ? Math.sqrt(style.lateralMps2 * stretch.radiusM)
                    : Number.POSITIVE_INFINITY
            const topMps = Math.min(legalMps, gripMps)
            sections.push({ piece, intoM, lengthM, topMps, dwellS, turn })
            leftM -= lengthM
            piece = (piece + 1) % pieces.length
            intoM = 0
            dwellS = 0
            turn = 0
        }
    })
    return sections
}

/** The highest speed at the beginning of each section, and 0 at the end of the last. */
function boundarySpeeds(sections: readonly Section[], style: DrivingStyle): number[] {
    const speeds = sections.map(({ topMps, dwellS }, i) =>
        dwellS > 0 ? 0 : Math.min(topMps, sections[i - 1]!.topMps),
    )
    speeds.push(0)
    for (let i = sections.length - 1; i >= 0; i--) {
        const reach = Math.sqrt(speeds[i + 1]! ** 2 + 2 * style.brakingMps2 * sections[i]!.lengthM)
        speeds[i] = Math.min(speeds[i]!, reach)
    }
    sections.forEach(({ lengthM }, i) => {
        const reach = Math.sqrt(speeds[i]! ** 2 + 2 * style.accelerationMps2 * lengthM)
        speeds[i + 1] = Math.min(speeds[i + 1]!, reach)
    })
    return speeds
}
