// When each of several vehicles begins its laps, so that fence crossings come evenly and none of the
// people watching a demo waits long for one. Works on a cycle in which every vehicle drives a whole
// number of laps: what holds for one cycle holds for ever.

import { type UnixMs, unixMs } from "../../protocol/units.js"
import { type Crossing, repeatCrossings } from "./crossings.js"
import type { Prng } from "./prng.js"

/** What a vehicle does at the fences in one lap, counted from the lap's beginning. */
export interface Round {
    lapMs: number
    crossings: Crossing[]
}

/** In any window this long some vehicle clearly crosses some fence. */
const anyCrossingS = 180
/** In any window this long at least two different fences are clearly crossed. */
const twoFencesS = 300
/** A crossing is clear when the vehicle was this far from the line on both sides, within a minute. */
const clearM = 40

/** Crossings are weighed in slots of this length. */
const slotS = 10
/** A lap may begin at any of so many instants, spread over it. */
const phases = 12
/** After this many looks at each vehicle hardly anything moves any more. */
const looks = 2

/** Whether a crossing went so far past the line that no receiver error could have feigned it. */
function isClear({ beforeM, afterM }: Crossing): boolean {
    return beforeM >= clearM && afterM >= clearM
}

/**
 * When a lap of each round begins, found by moving one at a time, from a seeded start, to where the
 * clear crossings come most evenly: at each fence, and over all. All rounds fit the cycle in whole laps.
 */
export function staggerLaps(rounds: readonly Round[], cycleS: number, prng: Prng): UnixMs[] {
    const lapsS = rounds.map(({ lapMs }) => lapMs / 1000)
    const crossings = rounds.map((round) => round.crossings.filter(isClear))
    const fenceIds = new Set(crossings.flat().map(({ fenceId }) => fenceId))
    const tallies = new Map([...fenceIds].map((id) => [id, new Int16Array(cycleS / slotS)]))
    const tally = (round: number, startS: number, change: 1 | -1) => {
        for (const { fenceId, atMs } of crossings[round]!) {
            const counts = tallies.get(fenceId)!
            for (let lapS = startS; lapS < startS + cycleS - 1; lapS += lapsS[round]!)
                counts[Math.floor(((lapS + atMs / 1000) % cycleS) / slotS)]! += change
        }
    }
    const starts = lapsS.map((lapS) => prng.next() * lapS)
    starts.forEach((startS, i) => {
        tally(i, startS, 1)
    })
    for (let look = 0; look < looks; look++) {
        lapsS.forEach((lapS, i) => {
            tally(i, starts[i]!, -1)
            const costOf = (startS: number) => {
                tally(i, startS, 1)
                const cost = unevenness([...tallies.values()])
                tally(i, startS, -1)
                return cost
            }
            const choices = Array.from(
                { length: phases },
                (_, phase) => (starts[i]! + (phase * lapS) / phases) % lapS,
            )
            const costs = choices.map(costOf)
            starts[i] = choices[costs.indexOf(Math.min(...costs))]!
            tally(i, starts[i]!, 1)
        })
    }
    return starts.map((startS) => unixMs(Math.round(startS * 1000)))
}

/**
 * The first window without what `anyCrossingS` and `twoFencesS` promise, in words, or null.
 * `starts` has the beginning of a lap for each round.
 */
export function quietSpell(
    rounds: readonly Round[],
    starts: readonly UnixMs[],
    cycleS: number,
): string | null {
    // One more cycle than is judged, for the windows that reach over its end.
    const until = unixMs(2 * cycleS * 1000)
    const clear = rounds
        .flatMap(({ lapMs, crossings }, i) =>
            repeatCrossings(crossings, lapMs, unixMs(-starts[i]!), until).map((crossing) => ({
                fenceId: crossing.fenceId,
                atS: (crossing.atMs + starts[i]!) / 1000,
                clear: isClear(crossing),
            })),
        )
        .filter((crossing) => crossing.clear)
        .sort((a, b) => a.atS - b.atS)
    const judged = clear.findIndex(({ atS }) => atS >= cycleS)
    if (judged <= 0) return "nobody clearly crosses any fence"
    for (let i = 0; i < judged; i++) {
        const { atS } = clear[i]!
        const next = clear[i + 1]!
        const other = clear.find(({ fenceId }, j) => j > i && fenceId !== next.fenceId)
        const since = `from ${atS.toFixed(0)} s into the cycle`
        if (next.atS - atS > anyCrossingS)
            return `no crossing for ${(next.atS - atS).toFixed(0)} s ${since}`
        if (other === undefined || other.atS - atS > twoFencesS)
            return `crossings of fence ${next.fenceId} alone ${since}`
    }
    return null
}

/** The sum of squared gaps between crossings, round the cycle, at each fence and over all. */
function unevenness(tallies: readonly Int16Array[]): number {
    const all = new Int16Array(tallies[0]?.length ?? 0)
    for (const counts of tallies)
        for (let slot = 0; slot < all.length; slot++) all[slot]! += counts[slot]!
    // Gaps over all fences are shorter by about their number, their squares by its square.
    const weight = tallies.length ** 2
    return tallies.reduce((sum, counts) => sum + squaredGaps(counts), weight * squaredGaps(all))
}

function squaredGaps(counts: Int16Array): number {
    const first = counts.findIndex((count) => count > 0)
    if (first < 0) return counts.length ** 2
    let sum = 0
    let last = first
    for (let i = first + 1; i <= first + counts.length; i++) {
        if (counts[i % counts.length]! === 0) continue
        sum += (i - last) ** 2
        last = i
    }
    return sum
}
