// A closed line of real streets, made smooth enough to drive: straight pieces joined by bends that
// are circular arcs, so that position and course are continuous all the way round.
//
// The line keeps within 1 m of the streets' centre lines: points within 0.3 m of the line through
// their neighbours are left out, and a corner is cut by at most 0.65 m.

import { deg, type Metres, type Mps, metres, mps } from "../../protocol/units.js"
import { inverse, metresPerDegree, type Position, RAD, turnDeg } from "./geodesy.js"
import { arcLine, arcStart, type RoadGraph } from "./roads.js"
import { fastestRoute } from "./shortest-path.js"

/** Distances along a circuit are counted from where the corner at its first waypoint begins. */
export interface Circuit {
    lengthM: Metres
    /** In driving order, without a gap. */
    pieces: Piece[]
    /** Where each waypoint is, in the order given. */
    waypoints: Metres[]
    /** Where other streets meet the circuit between waypoints. */
    junctions: Metres[]
    /** Corners too sharp to drive round: there a vehicle stands and turns on the spot. */
    pivots: Metres[]
}

interface Stretch {
    startM: number
    lengthM: number
    limitMps: Mps
    start: Position
    startCourseDeg: number
    /** Change of course over the piece, right positive; a straight one has its convergence only. */
    sweepDeg: number
}
export type Piece =
    | (Stretch & { kind: "straight"; latPerM: number; lonPerM: number })
    | (Stretch & { kind: "bend"; radiusM: number; latPerNorthM: number; lonPerEastM: number })

const simplifyM = 0.3
const cutM = 0.65
/** Sharper corners are pivots: 150° cut by 0.65 m would leave a radius below 0.9 m. */
const pivotDeg = 150
/** Below this a corner is no bend: a course that steps by so little is as good as continuous. */
const leastBendDeg = 0.01
/** Pieces shorter than this are rounding, not road. */
const leastPieceM = 1e-6

/**
 * The fastest closed drive through the nodes given, and back to the first.
 * Throws when there are fewer than two, two alike in a row, or no road from one to the next.
 */
export function planCircuit(graph: RoadGraph, waypoints: readonly number[]): Circuit {
    return smooth(outline(graph, route(graph, waypoints)))
}

/** Position and course, the latter not reduced to one turn, at a distance into a piece. */
export function placeOn(piece: Piece, intoM: number): { at: Position; courseDeg: number } {
    const courseDeg = piece.startCourseDeg + (piece.sweepDeg * intoM) / piece.lengthM
    if (piece.kind === "straight")
        return { at: offset(piece.start, piece.latPerM * intoM, piece.lonPerM * intoM), courseDeg }
    const radiusM = piece.sweepDeg < 0 ? -piece.radiusM : piece.radiusM
    const northM = radiusM * (Math.sin(courseDeg * RAD) - Math.sin(piece.startCourseDeg * RAD))
    const eastM = radiusM * (Math.cos(piece.startCourseDeg * RAD) - Math.cos(courseDeg * RAD))
    return {
        at: offset(piece.start, piece.latPerNorthM * northM, piece.lonPerEastM * eastM),
        courseDeg,
    }
}

/** The index of the piece that holds a distance along the circuit, from 0 up to its length. */
export function pieceAt(circuit: Circuit, alongM: number): number {
    const { pieces } = circuit
    let low = 0
    let high = pieces.length - 1
    while (low < high) {
        const middle = (low + high + 1) >> 1
        if (pieces[middle]!.startM <= alongM) low = middle
        else high = middle - 1
    }
    return low
}

/** One leg from each waypoint to the next, as arcs, the last one back to the first. */
function route(graph: RoadGraph, waypoints: readonly number[]): number[][] {
    if (waypoints.length < 2) throw new Error("a circuit needs at least two waypoints")
    let arrivedBy: number | null = null
    const drive = () =>
        waypoints.map((from, i) => {
            const to = waypoints[(i + 1) % waypoints.length]!
            const leg = fastestRoute(graph, from, to, arrivedBy)
            if (leg === null || leg.length === 0)
                throw new Error(`no road leads from node ${from} to node ${to}`)
            arrivedBy = leg.at(-1)!
            return leg
        })
    const legs = drive()
    // Only now is known how one comes back to the first waypoint; to set out from it by the same
    // street may have a better alternative.
    return legs[0]![0] === (legs.at(-1)!.at(-1)! ^ 1) ? drive() : legs
}

interface Corner {
    at: Position
    /** Of the straight line that leaves here. */
    limitMps: Mps
    kind: "waypoint" | "junction" | "point"
}

function outline(graph: RoadGraph, legs: number[][]): Corner[] {
    const corners: Corner[] = []
    for (const leg of legs) {
        leg.forEach((arc, i) => {
            const { limitMps } = graph.edges[arc >> 1]!
            const isJunction = graph.arcsFrom[arcStart(graph, arc)]!.length > 2
            const first = i === 0 ? "waypoint" : isJunction ? "junction" : "point"
            // Each arc leaves out its last point: it is the first of the next.
            simplify(arcLine(graph, arc))
                .slice(0, -1)
                .forEach((at, j) => {
                    corners.push({ at, limitMps, kind: j === 0 ? first : "point" })
                })
        })
    }
    return corners
}

/** Douglas-Peucker: keeps both ends, and every point the line would otherwise miss by 0.3 m. */
function simplify(line: readonly Position[]): Position[] {
    if (line.length <= 2) return [...line]
    const first = line[0]!
    const last = line.at(-1)!
    let worst = 0
    let worstM = 0
    for (let i = 1; i < line.length - 1; i++) {
        const awayM = distanceToSegmentM(line[i]!, first, last)
        if (awayM > worstM) {
            worst = i
            worstM = awayM
        }
    }
    if (worstM <= simplifyM) return [first, last]
    return [...simplify(line.slice(0, worst + 1)).slice(0, -1), ...simplify(line.slice(worst))]
}

function distanceToSegmentM(point: Position, a: Position, b: Position): number {
    const { northM, eastM } = metresPerDegree(point.latDeg)
    const [ax, ay] = [(a.lonDeg - point.lonDeg) * eastM, (a.latDeg - point.latDeg) * northM]
    const [bx, by] = [(b.lonDeg - point.lonDeg) * eastM, (b.latDeg - point.latDeg) * northM]
    const [dx, dy] = [bx - ax, by - ay]
    const square = dx * dx + dy * dy
    // Streets that end where they begin have no direction: the distance is to that point.
    const share = square === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / square))
    return Math.hypot(ax + share * dx, ay + share * dy)
}

/** Rounds every corner with the widest arc that its cut and half of both its lines allow. */
function smooth(corners: readonly Corner[]): Circuit {
    const count = corners.length
    const lines = corners.map((corner, i) => inverse(corner.at, corners[(i + 1) % count]!.at))
    const bends = corners.map((_, i) => {
        const before = lines[(i + count - 1) % count]!
        const after = lines[i]!
        const sweepDeg = turnDeg(before.finalBearingDeg, after.bearingDeg)
        const half = (Math.abs(sweepDeg) * RAD) / 2
        if (Math.abs(sweepDeg) < leastBendDeg || Math.abs(sweepDeg) > pivotDeg)
            return { sweepDeg, tangentM: 0, radiusM: 0 }
        const roomM = Math.min(before.distanceM, after.distanceM) / 2
        const tangentM = Math.min(roomM, (cutM / (1 - Math.cos(half))) * Math.tan(half))
        return { sweepDeg, tangentM, radiusM: tangentM / Math.tan(half) }
    })
    const circuit: Circuit = {
        lengthM: metres(0),
        pieces: [],
        waypoints: [],
        junctions: [],
        pivots: [],
    }
    let alongM = 0
    const lay = (piece: Piece) => {
        if (piece.lengthM < leastPieceM) return
        circuit.pieces.push(piece)
        alongM += piece.lengthM
    }
    corners.forEach((corner, i) => {
        const previous = corners[(i + count - 1) % count]!
        const next = corners[(i + 1) % count]!
        const before = lines[(i + count - 1) % count]!
        const line = lines[i]!
        const { sweepDeg, tangentM, radiusM } = bends[i]!
        const scale = metresPerDegree(corner.at.latDeg)
        const bendM = Math.abs(sweepDeg) * RAD * radiusM
        if (corner.kind === "waypoint") circuit.waypoints.push(metres(alongM + bendM / 2))
        if (corner.kind === "junction") circuit.junctions.push(metres(alongM + bendM / 2))
        if (Math.abs(sweepDeg) > pivotDeg) circuit.pivots.push(metres(alongM))
        lay({
            kind: "bend",
            startM: alongM,
            lengthM: bendM,
            limitMps: mps(Math.min(corner.limitMps, previous.limitMps)),
            start: between(corner.at, previous.at, tangentM / before.distanceM),
            startCourseDeg: before.finalBearingDeg,
            sweepDeg,
            radiusM,
            latPerNorthM: 1 / scale.northM,
            lonPerEastM: 1 / scale.eastM,
        })
        lay({
            kind: "straight",
            startM: alongM,
            lengthM: line.distanceM - tangentM - bends[(i + 1) % count]!.tangentM,
            limitMps: corner.limitMps,
            start: between(corner.at, next.at, tangentM / line.distanceM),
            startCourseDeg: line.bearingDeg,
            sweepDeg: turnDeg(line.bearingDeg, line.finalBearingDeg),
            latPerM: (next.at.latDeg - corner.at.latDeg) / line.distanceM,
            lonPerM: (next.at.lonDeg - corner.at.lonDeg) / line.distanceM,
        })
    })
    return { ...circuit, lengthM: metres(alongM) }
}

function between(a: Position, b: Position, share: number): Position {
    return offset(a, (b.latDeg - a.latDeg) * share, (b.lonDeg - a.lonDeg) * share)
}

function offset({ latDeg, lonDeg }: Position, latStep: number, lonStep: number): Position {
    return { latDeg: deg(latDeg + latStep), lonDeg: deg(lonDeg + lonStep) }
}
