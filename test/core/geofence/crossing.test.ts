import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { crossFences, type Presences } from "../../../gateway/core/geofence/cross-fences.js"
import type { Geofence, GeofenceEvent } from "../../../gateway/core/geofence/geofence.js"
import { firstPresence, nextPresence } from "../../../gateway/core/geofence/presence.js"
import { metres } from "../../../protocol/units.js"
import { aCircle, aRectangle, aTrackState, at, HOME, offset } from "../../support/builders.js"
import { cases } from "../../support/cases.js"

const double = (min: number, max: number) => fc.double({ min, max, noNaN: true })

/** The events of a target that is seen at these places, metres east and north, one a second. */
function walk(
    places: readonly (readonly [number, number])[],
    fences: readonly Geofence[],
    accuracyM = 5,
): { events: GeofenceEvent[]; presences: Presences } {
    let presences: Presences = []
    const events = places.flatMap(([east, north], second) => {
        const state = aTrackState({
            ...offset(east, north),
            atMs: at(second),
            accuracyM: metres(accuracyM),
        })
        const crossed = crossFences(presences, state, fences)
        presences = crossed.presences
        return crossed.events
    })
    return { events, presences }
}

describe("a presence", () => {
    it("is kept by any scatter within the accuracy, on either side of the line", () => {
        fc.assert(
            fc.property(
                fc.constantFrom("inside" as const, "outside" as const),
                double(0.1, 200),
                fc.array(double(-1, 1), { maxLength: 100 }),
                (side, accuracyM, scatter) => {
                    let presence = side
                    for (const share of scatter) {
                        presence = nextPresence(presence, {
                            distanceM: metres(share * accuracyM),
                            accuracyM: metres(accuracyM),
                        })
                        expect(presence).toBe(side)
                    }
                },
            ),
            { numRuns: cases(300, 10_000) },
        )
    })

    it("begins on the likelier side", () => {
        const accuracyM = metres(50)
        expect(firstPresence({ distanceM: metres(-1), accuracyM })).toBe("inside")
        expect(firstPresence({ distanceM: metres(0), accuracyM })).toBe("inside")
        expect(firstPresence({ distanceM: metres(1), accuracyM })).toBe("outside")
    })
})

describe("a fence", () => {
    it("says nothing of the side on which a target is first seen", () => {
        expect(walk([[0, 0]], [aCircle(100)]).events).toEqual([])
        expect(walk([[500, 0]], [aCircle(100)]).events).toEqual([])
    })

    it("says enter and exit once each for a straight drive through it", () => {
        fc.assert(
            fc.property(
                fc.boolean(),
                double(0, 2 * Math.PI),
                double(-0.6, 0.6),
                double(1, 20),
                double(3, 15),
                (isCircle, direction, miss, accuracyM, stepM) => {
                    const fence = isCircle ? aCircle(150) : aRectangle(300, 300)
                    const [sin, cos] = [Math.sin(direction), Math.cos(direction)]
                    const places: [number, number][] = []
                    for (let along = -600; along <= 600; along += stepM) {
                        const across = miss * 150
                        places.push([along * cos - across * sin, along * sin + across * cos])
                    }
                    const { events } = walk(places, [fence], accuracyM)
                    expect(events.map(({ kind }) => kind)).toEqual(["enter", "exit"])
                    expect(events[0]!.fenceId).toBe(fence.id)
                    expect(events[0]!.atMs).toBeLessThan(events[1]!.atMs)
                },
            ),
            { numRuns: cases(200, 10_000) },
        )
    })

    it("says nothing of a parked target whose fixes scatter across its line", () => {
        const scatter = fc.array(
            fc.tuple(double(0, 1), double(0, 2 * Math.PI)).map(([reach, angle]) => {
                // The line is 100 m east of home; the target is parked on it.
                const east = 100 + 9.9 * reach * Math.cos(angle)
                return [east, 9.9 * reach * Math.sin(angle)] as const
            }),
            { minLength: 1, maxLength: 60 },
        )
        fc.assert(
            fc.property(scatter, (places) => {
                expect(walk(places, [aRectangle(200, 200)], 10).events).toEqual([])
                expect(walk(places, [aCircle(100)], 10).events).toEqual([])
            }),
            { numRuns: cases(200, 10_000) },
        )
    })

    it("names the instant of the observation that settled it", () => {
        const places: [number, number][] = [
            [112, 0],
            [102, 0],
            [97, 0],
            [94, 0],
        ]
        const { events } = walk(places, [aCircle(100)])
        expect(events).toEqual([{ kind: "enter", fenceId: "depot", atMs: at(3) }])
    })
})

describe("a list of fences", () => {
    it("may grow and shrink: a new fence is silent at first and a removed one forgotten", () => {
        const [near, far] = [aCircle(100, HOME, "near"), aCircle(900, HOME, "far")]
        const first = crossFences([], aTrackState(), [near])
        const second = crossFences(first.presences, aTrackState(), [near, far])
        expect(second.events).toEqual([])
        expect(second.presences).toEqual([
            { fenceId: "near", presence: "inside" },
            { fenceId: "far", presence: "inside" },
        ])
        const away = aTrackState(offset(500, 0))
        const third = crossFences(second.presences, away, [far])
        expect(third).toEqual({
            presences: [{ fenceId: "far", presence: "inside" }],
            events: [],
        })
        expect(crossFences(third.presences, away, [near, far]).events).toEqual([])
    })

    it("may be in any order and bear any names", () => {
        const ids = ["__proto__", "constructor", "toString", "7"]
        const fences = ids.map((id) => aCircle(100, HOME, id))
        const inside = crossFences([], aTrackState(), fences).presences
        const stored = JSON.parse(JSON.stringify(inside)) as Presences
        const away = aTrackState(offset(500, 0))
        const { events } = crossFences(stored, away, fences.toReversed())
        expect(events.map(({ fenceId }) => fenceId)).toEqual(ids.toReversed())
        expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(["exit"]))
    })
})
