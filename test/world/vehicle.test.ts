import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { metres, unixMs } from "../../protocol/units.js"
import { planCircuit } from "../../simulator/world/circuit.js"
import { calmStyle, planDrive, stretchDrive } from "../../simulator/world/drive.js"
import { inverse, turnDeg } from "../../simulator/world/geodesy.js"
import { makePrng } from "../../simulator/world/prng.js"
import {
    liechtensteinRoads,
    loadRoads,
    parseRoads,
    type RoadGraph,
} from "../../simulator/world/roads.js"
import { chooseStops } from "../../simulator/world/stops.js"
import { lapMs, type Vehicle, vehicleTruth } from "../../simulator/world/vehicle.js"
import { cases } from "../support/cases.js"
import { sharedData } from "../support/shared-data.js"
import { gridRoads } from "./grid-roads.js"
import { offRoadM } from "./off-road.js"

const liechtenstein = loadRoads(liechtensteinRoads)

/** A vehicle on a round between random places, in traffic that makes it `slower` than it would be. */
function roamer(graph: RoadGraph, seed: number, slower = 1): Vehicle {
    const prng = makePrng(seed)
    const nodes = new Set<number>()
    while (nodes.size < 4) nodes.add(Math.floor(prng.next() * graph.nodes.length))
    const circuit = planCircuit(graph, [...nodes])
    const drive = planDrive(
        circuit,
        chooseStops(circuit, prng, () => true),
        calmStyle,
    )
    return {
        circuit,
        drive: stretchDrive(drive, drive.standingS + (drive.durationS - drive.standingS) * slower),
        lapStartMs: unixMs(1.7e12 + prng.next() * 1e9),
        groundM: ({ latDeg }) => metres(450 + 100 * (latDeg - 47)),
    }
}

/** Everything that holds for any vehicle at any instant, tried at `count` instants of a lap. */
function expectPhysical(graph: RoadGraph, vehicle: Vehicle, count: number): void {
    const offRoad = offRoadM(graph)
    const highestMps = Math.max(...graph.edges.map(({ limitMps }) => limitMps))
    const truthAt = (ms: number) => vehicleTruth(vehicle, unixMs(vehicle.lapStartMs + ms))
    const everyMs = lapMs(vehicle) / count
    for (let i = 0; i < count; i++) {
        const now = truthAt(i * everyMs)
        expect(offRoad(now)).toBeLessThan(1)
        expect(now.speedMps).toBeLessThanOrEqual(highestMps)
        expect(now.moving).toBe(now.speedMps > 0)
        // Speed and course are the derivative of position, here over 20 ms about the instant. Where
        // the acceleration steps, by 4.3 m/s² at most, that is off by 4.3 · 0.01 s.
        const [before, after] = [truthAt(i * everyMs - 10), truthAt(i * everyMs + 10)]
        const step = inverse(before, after)
        expect(Math.abs(step.distanceM / 0.02 - now.speedMps)).toBeLessThan(0.05)
        if (Math.min(before.speedMps, after.speedMps) > 0.2)
            expect(Math.abs(turnDeg(step.bearingDeg, now.courseDeg))).toBeLessThan(2)
        const second = truthAt(i * everyMs + 1000)
        expect(inverse(now, second).distanceM).toBeLessThan(highestMps)
        expect(second.speedMps - now.speedMps).toBeLessThan(calmStyle.accelerationMps2 + 1e-6)
        expect(now.speedMps - second.speedMps).toBeLessThan(calmStyle.brakingMps2 + 1e-6)
        // The course never steps: what it turns is the grip's in a bend and the driver's on the spot.
        const turned = Math.abs(turnDeg(before.courseDeg, after.courseDeg))
        const speed = Math.max(before.speedMps, after.speedMps, 0.3)
        const gripDegPerS = ((calmStyle.lateralMps2 / speed) * 180) / Math.PI
        expect(turned).toBeLessThan(Math.max(gripDegPerS, 35) * 0.02 * 1.2 + 0.02)
    }
}

describe("a vehicle on its circuit", () => {
    it("moves as one can on the roads of Liechtenstein, hairpins and dead ends included", () => {
        fc.assert(
            fc.property(fc.integer(), fc.double({ min: 1, max: 1.5, noNaN: true }), (seed, slow) =>
                expectPhysical(liechtenstein, roamer(liechtenstein, seed, slow), 400),
            ),
            { numRuns: cases(8, 400) },
        )
    })

    it("moves as one can in a large city", () => {
        const file = sharedData("map/roads/campo-grande.roads.json.gz")
        if (file === undefined) console.log("no shared map data: a made-up town stands in for it")
        const graph = file === undefined ? gridRoads("city", 30) : loadRoads(file)
        fc.assert(
            fc.property(fc.integer(), (seed) => expectPhysical(graph, roamer(graph, seed), 400)),
            { numRuns: cases(4, 200) },
        )
    })

    it("ends a lap exactly where and as it began it, after any number of laps", () => {
        fc.assert(
            fc.property(
                fc.integer({ min: 0, max: 20 }),
                fc.double({ min: 0, max: 1, noNaN: true }),
                fc.integer({ min: -2000, max: 2000 }),
                (seed, share, laps) => {
                    const vehicle = roamer(liechtenstein, seed)
                    const atMs = unixMs(vehicle.lapStartMs + share * lapMs(vehicle))
                    const here = vehicleTruth(vehicle, atMs)
                    const again = vehicleTruth(vehicle, unixMs(atMs + laps * lapMs(vehicle)))
                    // Instants of these days are told apart by 0.2 µs.
                    expect(inverse(here, again).distanceM).toBeLessThan(1e-3)
                    expect(again.speedMps).toBeCloseTo(here.speedMps, 3)
                },
            ),
            { numRuns: cases(50, 2000) },
        )
    })

    it("stands at each of its waypoints in turn", () => {
        const circuit = planCircuit(liechtenstein, [10, 400, 900])
        const stops = chooseStops(circuit, makePrng("stops"), () => true)
        const drive = planDrive(circuit, stops, calmStyle)
        const vehicle = { circuit, drive, lapStartMs: unixMs(0), groundM: () => metres(0) }
        const visited: number[] = []
        for (const phase of drive.phases.filter(({ speedMps, accelerationMps2 }) => {
            return speedMps === 0 && accelerationMps2 === 0
        })) {
            const truth = vehicleTruth(vehicle, unixMs((phase.fromS + phase.durationS / 2) * 1000))
            expect(truth.moving).toBe(false)
            for (const node of [10, 400, 900])
                if (inverse(truth, liechtenstein.nodes[node]!).distanceM < 1) visited.push(node)
        }
        expect(visited).toEqual([10, 400, 900])
        const dwellS = stops.reduce((sum, stop) => sum + stop.dwellS, 0)
        const turns = circuit.pivots.filter((m) => stops.every(({ alongM }) => alongM !== m))
        expect(drive.standingS).toBeCloseTo(dwellS + 8 * turns.length, 6)
    })

    it("takes exactly as long up and down a straight street as its pedals allow", () => {
        const graph = parseRoads({
            format: "road-graph/1",
            name: "one street",
            attribution: "made up",
            bbox: [9, 47, 10, 48],
            classes: ["primary"],
            names: [""],
            nodes: [9500000, 47100000, 9507000, 47103000],
            edges: [[0, 1, 626.8, 0, 0, 50, 0, []]],
        })
        const circuit = planCircuit(graph, [0, 1])
        const [here, there] = circuit.waypoints
        const stops = [
            { alongM: here!, dwellS: 10 },
            { alongM: there!, dwellS: 20 },
        ]
        const { accelerationMps2: a, brakingMps2: b, pace } = calmStyle
        const top = (50 / 3.6) * pace
        const streetM = inverse(graph.nodes[0]!, graph.nodes[1]!).distanceM
        // Half the time of getting to speed and of braking is lost against passing at speed.
        const onewayS = streetM / top + top / (2 * a) + top / (2 * b)
        const drive = planDrive(circuit, stops, calmStyle)
        expect(drive.durationS).toBeCloseTo(30 + 2 * onewayS, 6)
        const vehicle = { circuit, drive, lapStartMs: unixMs(0), groundM: () => metres(0) }
        const halfway = vehicleTruth(vehicle, unixMs((10 + onewayS + 10) * 1000))
        expect(inverse(halfway, graph.nodes[1]!).distanceM).toBeLessThan(1e-6)
        // Halfway through the turn on the spot it looks across the street.
        const { bearingDeg } = inverse(graph.nodes[0]!, graph.nodes[1]!)
        expect(Math.abs(turnDeg(bearingDeg, halfway.courseDeg))).toBeCloseTo(90, 1)
    })

    it("says which lap cannot be driven in the time given", () => {
        const { drive } = roamer(liechtenstein, 1)
        expect(() => stretchDrive(drive, 60)).toThrow(
            /^a lap of [\d.]+ s cannot be driven in 60 s$/,
        )
    })

    it("has to have somewhere else to go", () => {
        expect(() => planCircuit(liechtenstein, [1])).toThrow("at least two waypoints")
        expect(() => planCircuit(liechtenstein, [1, 1])).toThrow(
            "no road leads from node 1 to node 1",
        )
    })
})
