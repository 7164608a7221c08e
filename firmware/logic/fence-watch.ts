// Which side of each fence the tracker is on, and when that changes [P-E67]. A side is left only when
// the fix is past the line by more than its own accuracy, and when so many fixes in a row, over so
// many seconds, say the same: a parked tracker whose fixes scatter across the line stays where it is.
// The first fix with a fence sets its side without a word.

import type { Fix } from "../../protocol/fix.js"
import { dwellFixesAt, dwellSAt, lengthAt, numberAt, stampAt } from "./fence-list.js"
import { FencePlace, placeAt } from "./fence-place.js"

export interface WatchedSide {
    /** Of the fence; one that was replaced has another. */
    stamp: number
    /** 1 inside, 0 outside. */
    side: number
    /** Fixes in a row that were past the line. */
    run: number
    /** UTC in seconds of the first of them; 0 for none. */
    sinceS: number
}

export interface FenceWatch {
    /** In the order of the fences. */
    sides: WatchedSide[]
}

/** For an event of kind fenceSide. */
export interface FenceCrossing {
    /** As the gateway has numbered the fence. */
    number: number
    /** 1 inside now, 0 outside. */
    side: number
}

export interface Watched {
    memory: FenceWatch
    crossings: FenceCrossing[]
}

/** A run needs to be counted no further. */
const RUN_MAX = 31
const STAMPS = 4096
const SIDES = 2
const RUNS = 32

export function newFenceWatch(): FenceWatch {
    return { sides: [] }
}

/**
 * What a fix says of the fences of Orders. To be asked for fixes that may be reported only
 * (mandate-watch.ts). A fence without a side gets one, the likelier; sides of fences that are no more
 * are forgotten.
 */
export function watchFences(memory: FenceWatch, fences: Buffer, fix: Fix): Watched {
    const sides: WatchedSide[] = []
    const crossings: FenceCrossing[] = []
    const atS = Math.floor(fix.timeDs / 10)
    let end = 0
    for (let at = 0; at < fences.length; at = end) {
        end = at + lengthAt(fences, at)
        const stamp = stampAt(fences, at)
        const place = placeAt(fences, at, fix)
        const before = sideOf(memory.sides, stamp, sides.length)
        if (before === undefined) {
            const isInside = place === FencePlace.inside || place === FencePlace.likelyInside
            sides.push({ stamp: stamp, side: isInside ? 1 : 0, run: 0, sinceS: 0 })
            continue
        }
        const beyond = before.side === 1 ? FencePlace.outside : FencePlace.inside
        if (place !== beyond && before.run === 0) {
            // So it is with nearly all of them, nearly always.
            sides.push(before)
            continue
        }
        const after = place === beyond ? further(before, atS) : rested(before)
        const isLong = after.run > 0 && atS - after.sinceS >= dwellSAt(fences, at)
        if (isLong && after.run >= dwellFixesAt(fences, at)) {
            const side = 1 - before.side
            crossings.push({ number: numberAt(fences, at), side: side })
            sides.push({ stamp: stamp, side: side, run: 0, sinceS: 0 })
        } else sides.push(after)
    }
    return { memory: { sides: sides }, crossings: crossings }
}

/** One integer a fence, 53 bits at most, 17 while no run is on. */
export function fenceWatchRow(memory: FenceWatch): number[] {
    return memory.sides.map(
        (one) => one.stamp + STAMPS * (one.side + SIDES * (one.run + RUNS * one.sinceS)),
    )
}

export function fenceWatchOf(row: number[]): FenceWatch {
    const sides: WatchedSide[] = []
    for (const packed of row) {
        // Not a number that a row has: its fence gets a side anew.
        if (packed < 0 || Math.floor(packed) !== packed) continue
        const rest = Math.floor(packed / STAMPS)
        const run = Math.floor(rest / SIDES)
        const sinceS = Math.floor(run / RUNS)
        sides.push({
            stamp: packed - rest * STAMPS,
            side: rest - run * SIDES,
            run: run - sinceS * RUNS,
            sinceS: sinceS,
        })
    }
    return { sides: sides }
}

/** Mostly at the fence's own place. */
function sideOf(sides: WatchedSide[], stamp: number, place: number): WatchedSide | undefined {
    if (place < sides.length && sides[place].stamp === stamp) return sides[place]
    for (const one of sides) if (one.stamp === stamp) return one
    return undefined
}

/** One more fix past the line. A clock that was set back begins the run anew. */
function further(before: WatchedSide, atS: number): WatchedSide {
    const isNew = before.run === 0 || atS < before.sinceS
    return {
        stamp: before.stamp,
        side: before.side,
        run: isNew ? 1 : Math.min(RUN_MAX, before.run + 1),
        sinceS: isNew ? atS : before.sinceS,
    }
}
/** A fix that does not say so for sure ends a run: stray ones hours apart are no crossing. */
function rested(before: WatchedSide): WatchedSide {
    return before.run === 0 ? before : { stamp: before.stamp, side: before.side, run: 0, sinceS: 0 }
}
