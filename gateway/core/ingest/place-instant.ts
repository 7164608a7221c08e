// When something happened that carries no fix. A tracker that has no time yet tells its uptime; what
// it once told with both clocks ties the one to the other.

import type { Instant } from "../../../protocol/body.js"
import type { UnixMs } from "../../../protocol/units.js"
import type { Uplink } from "./uplink.js"

/** What claims to be from further ahead of its receipt has a wrong time. */
export const AHEAD_MAX_MS = 60_000
/** Sessions of which a tie is kept. */
export const TIES_MAX = 16

/** utc: as the tracker said; placed: reckoned from a tie of its clocks; received: not known better. */
export type TimeQuality = "utc" | "placed" | "received"

export interface PlacedInstant {
    atMs: UnixMs
    quality: TimeQuality
}

/** The newest record of a session that told both clocks, or that its uptime began anew. */
export interface ClockTie {
    session: string
    seq: number
    /** One moment on both clocks; null since a reset. */
    clocks: { uptimeDs: number; timeDs: number } | null
}

/** The ties once a record has come. A reset begins its uptime anew: ties from before it are void. */
export function tiesAfter(
    ties: readonly ClockTie[],
    { session, seq, receivedAtMs }: Uplink,
    news: Instant | "reset" | undefined,
): readonly ClockTie[] {
    if (news === undefined) return ties
    const held = ties.find((tie) => tie.session === session)
    if (held && held.seq > seq) return ties
    const others = held ? ties.filter((tie) => tie !== held) : ties
    const tied = (clocks: ClockTie["clocks"]) =>
        [...others, { session, seq, clocks }].slice(-TIES_MAX)
    if (news === "reset") return tied(null)
    const { uptimeDs, timeDs } = news
    if (uptimeDs === undefined || timeDs === undefined) return ties
    if (timeDs * 100 > receivedAtMs + AHEAD_MAX_MS) return ties
    return tied({ uptimeDs, timeDs })
}

/** An instant in UTC, as well as it is known. No reckoning leads past the receipt. */
export function placeInstant(
    ties: readonly ClockTie[],
    { session, receivedAtMs }: Uplink,
    { timeDs, uptimeDs }: Instant,
): PlacedInstant {
    if (timeDs !== undefined) return { atMs: (timeDs * 100) as UnixMs, quality: "utc" }
    const clocks = ties.find((one) => one.session === session)?.clocks
    if (clocks && uptimeDs !== undefined) {
        const atMs = (clocks.timeDs + uptimeDs - clocks.uptimeDs) * 100
        if (atMs > 0 && atMs <= receivedAtMs + AHEAD_MAX_MS)
            return { atMs: atMs as UnixMs, quality: "placed" }
    }
    return { atMs: receivedAtMs, quality: "received" }
}
