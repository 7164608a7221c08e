// The demo: twelve vehicles on the streets of Liechtenstein and three fences, laid out so that
// something happens soon whenever anybody looks. Every vehicle drives a whole number of laps in two
// hours, so what holds for one such cycle holds for ever.

import assert from "node:assert/strict"
import type { FenceView, TargetKind } from "../../protocol/live.js"
import { type UnixMs, unixMs } from "../../protocol/units.js"
import { planCircuit } from "./circuit.js"
import { lapCrossings } from "./crossings.js"
import { calmStyle, planDrive, stretchDrive } from "./drive.js"
import { fenceDistance } from "./fence-distance.js"
import type { Position } from "./geodesy.js"
import { fences, groundM, type Place, places, rounds } from "./liechtenstein.js"
import { makePrng, type Prng } from "./prng.js"
import { makeReceiver, type Receiver } from "./receiver-error.js"
import { liechtensteinRoads, loadRoads, nearestNode, type RoadGraph } from "./roads.js"
import { quietSpell, type Round, staggerLaps } from "./stagger.js"
import { chooseStops } from "./stops.js"
import { lapMs, type Vehicle } from "./vehicle.js"

export interface DemoWorld {
    name: string
    /** To be shown with any map or picture of the roads. */
    attribution: string
    bounds: [west: number, south: number, east: number, north: number]
    vehicles: DemoVehicle[]
    fences: FenceView[]
}

export interface DemoVehicle {
    /** Such as `van-01`. */
    id: string
    name: string
    kind: TargetKind
    vehicle: Vehicle
    receiver: Receiver
}

const cycleS = 7200
/** The first try at spreading the laps keeps the promise for nearly every seed; none needs this many. */
const mostTries = 8

/** Nobody stands this near a line: a stop in sight of one would blur the crossing beside it. */
const standOffM = 60
/** A place further than this from any corner of the road network is a slip of the pen. */
const cornerM = 5

/** The demo for a seed: it decides paces, stops, what receivers say and who starts when. */
export function demoWorld(seed: string | number): DemoWorld {
    const roads = loadRoads(liechtensteinRoads)
    const prng = makePrng(seed)
    const distances = fences.map((fence) => fenceDistance(fence.shape))
    const mayStandAt = (at: Position) =>
        distances.every((distance) => Math.abs(distance(at)) >= standOffM)
    const drivers = rounds.map(({ name, visits }) => {
        const id = name.toLowerCase().replace(" ", "-")
        const vehicle = makeVehicle(roads, visits, mayStandAt, prng.fork(id))
        return { id, name, vehicle, receiver: makeReceiver(seed, id) }
    })
    const laps = drivers.map(({ vehicle }) => ({
        lapMs: lapMs(vehicle),
        crossings: lapCrossings(vehicle, fences),
    }))
    const starts = beginnings(laps, prng)
    const vehicles = drivers.map(
        (driver, i): DemoVehicle => ({
            ...driver,
            kind: "vehicle",
            vehicle: { ...driver.vehicle, lapStartMs: starts[i]! },
        }),
    )
    const { name, attribution, bounds } = roads
    return { name, attribution, bounds, vehicles, fences }
}

function makeVehicle(
    roads: RoadGraph,
    visits: readonly Place[],
    mayStandAt: (at: Position) => boolean,
    prng: Prng,
): Vehicle {
    const nodes = visits.map((visit) => {
        const { node, distanceM } = nearestNode(roads, places[visit])
        assert(distanceM < cornerM, `${visit} is ${distanceM.toFixed(0)} m from the nearest corner`)
        return node
    })
    const circuit = planCircuit(roads, nodes)
    const style = { ...calmStyle, pace: prng.fork("pace").between(0.88, 1) }
    const drive = planDrive(circuit, chooseStops(circuit, prng.fork("stops"), mayStandAt), style)
    const laps = Math.floor(cycleS / drive.durationS)
    return { circuit, drive: stretchDrive(drive, cycleS / laps), lapStartMs: unixMs(0), groundM }
}

/** When each vehicle begins a lap, such that no spell of the cycle is quiet. */
function beginnings(laps: readonly Round[], prng: Prng): UnixMs[] {
    for (let attempt = 1; ; attempt++) {
        const starts = staggerLaps(laps, cycleS, prng.fork(`stagger ${attempt}`))
        const problem = quietSpell(laps, starts, cycleS)
        if (problem === null) return starts
        assert(attempt < mostTries, `the demo is left with ${problem}`)
    }
}
