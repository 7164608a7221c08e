// When a vehicle truly crosses a fence line: what a gateway that did everything right would alert on.
// Found by looking once a second, so a visit of less than a second goes unseen.

import type { FenceView } from "../../protocol/live.js"
import { type UnixMs, unixMs } from "../../protocol/units.js"
import { topSpeedMps } from "./drive.js"
import { fenceDistance } from "./fence-distance.js"
import { lapMs, type Vehicle, vehicleTruth } from "./vehicle.js"

export interface Crossing {
    fenceId: string
    kind: "enter" | "exit"
    /** To the millisecond. */
    atMs: UnixMs
    /**
     * How far from the line the vehicle was at most on each side, within the minute before and after
     * and without another crossing between: whether this one can be told from receiver error.
     */
    beforeM: number
    afterM: number
}

const minuteS = 60

/** A lap's crossings of some fences in order of time, for the lap that begins at `lapStartMs`. */
export function lapCrossings(vehicle: Vehicle, fences: readonly FenceView[]): Crossing[] {
    const endMs = vehicle.lapStartMs + lapMs(vehicle)
    return fences
        .flatMap((fence) => fenceCrossings(vehicle, fence))
        .filter(({ atMs }) => atMs < endMs)
        .sort((a, b) => a.atMs - b.atMs)
}

function fenceCrossings(vehicle: Vehicle, fence: FenceView): Crossing[] {
    const distance = fenceDistance(fence.shape)
    /** Distance from the line when the lap has gone on for so many seconds. */
    const at = (s: number) => distance(vehicleTruth(vehicle, unixMs(vehicle.lapStartMs + s * 1000)))
    /** The farthest from the line on one side, going from second `s` in a direction. */
    const reach = (s: number, step: 1 | -1) => {
        const outside = at(s) >= 0
        let farthest = 0
        for (let i = 0; i < minuteS; i++) {
            const distanceM = at(s + i * step)
            if (distanceM >= 0 !== outside) break
            farthest = Math.max(farthest, Math.abs(distanceM))
        }
        return farthest
    }
    const topMps = topSpeedMps(vehicle.drive)
    const lapS = lapMs(vehicle) / 1000
    const found: Crossing[] = []
    for (let s = 0; s < lapS; ) {
        const before = at(s)
        // Whoever is far from the line cannot be over it before having driven there. One per cent in
        // hand is more than the fence's plane is wrong by at such distances.
        const farS = Math.floor((0.99 * Math.abs(before)) / topMps)
        if (farS < 1 && before >= 0 !== at(s + 1) >= 0)
            found.push({
                fenceId: fence.id,
                kind: before < 0 ? "exit" : "enter",
                atMs: crossedAt(vehicle, at, s),
                beforeM: reach(s, -1),
                afterM: reach(s + 1, 1),
            })
        s += Math.max(1, farS)
    }
    return found
}

/** Every crossing in [fromMs, toMs), in order of time. */
export function crossingsBetween(
    vehicle: Vehicle,
    fences: readonly FenceView[],
    fromMs: UnixMs,
    toMs: UnixMs,
): Crossing[] {
    return repeatCrossings(lapCrossings(vehicle, fences), lapMs(vehicle), fromMs, toMs)
}

/** The crossings of one lap, again in every lap: those in [fromMs, toMs), in order of time. */
export function repeatCrossings(
    ofLap: readonly Crossing[],
    everyMs: number,
    fromMs: UnixMs,
    toMs: UnixMs,
): Crossing[] {
    const found: Crossing[] = []
    for (const crossing of ofLap) {
        const lapsToFrom = Math.ceil((fromMs - crossing.atMs) / everyMs)
        for (let atMs = crossing.atMs + lapsToFrom * everyMs; atMs < toMs; atMs += everyMs)
            found.push({ ...crossing, atMs: unixMs(atMs) })
    }
    return found.sort((a, b) => a.atMs - b.atMs)
}

/** Halves the second in which the side changes until a millisecond is left. */
function crossedAt(vehicle: Vehicle, at: (s: number) => number, second: number): UnixMs {
    const outside = at(second) >= 0
    let low = second * 1000
    let high = low + 1000
    while (high - low > 1) {
        const middle = (low + high) >> 1
        if (at(middle / 1000) >= 0 === outside) low = middle
        else high = middle
    }
    return unixMs(vehicle.lapStartMs + high)
}
