// When satellites may be searched. A garage must not empty the battery: a search in vain is paid for
// by the fixes that did not come. Where a fix is due every six hours and takes 28 s, the receiver may
// run 28 s every six hours for nothing; what is not spent is saved, up to one search at the cap. So
// a week without sky costs what a week under it costs, and the one search that it began with.
//
// Beside that the pause doubles after each search in vain, so that what was saved lasts. Motion lifts
// the pause and gives credit for one search; sky that was heard shortens it.

import type { Profile } from "./profile.js"
import { copyOfSearch, type Search, type StartClass } from "./search-memory.js"
import { classApart, expectedMs, type Heard, isSky, learn, widen } from "./search-time.js"

export interface SearchInput {
    /** Device seconds. */
    atS: number
    isMoving: boolean
}

export interface SearchEnd {
    /** When it ended, and what it began as. */
    atS: number
    start: StartClass
    isMoving: boolean
    isFix: boolean
    /** As of its end. */
    heard: Heard
}

/** The first pause; live, where a tunnel ends within seconds, the shorter one. */
const PAUSE_MOST_FIRST_S = 60
const PAUSE_LEAST_FIRST_S = 10
/** Half an hour on the way: out of one container, and into a town. */
const PAUSE_MOVING_MAX_S = 1800
/** Doubled more often than this the pause is past any maximum. */
const DOUBLINGS_MAX = 16
/** Awake and connected it draws 84 mA; 25 more for half of the time are 1.15 times as much. */
const AWAKE_MS_PER_S = 500
/** A yard where it is moved all day is not a new sky each time. */
const LIFT_LEAST_S = 600

/** Brings the credit up to now. To be called at each wake, before anything is asked. */
export function stepSearch(before: Search, input: SearchInput, profile: Profile): Search {
    const search = copyOfSearch(before)
    const fullMs = profile.searchCapS * 1000
    if (search.creditAtS < 0) {
        search.creditMs = fullMs
        search.creditAtS = input.atS
    }
    const elapsedS = Math.max(input.atS - search.creditAtS, 0)
    const rate = creditMsPerS(search, input.isMoving, profile)
    const earnedMs = Math.floor(elapsedS * rate)
    // Time is taken for whole milliseconds; the rest of it stays to be earned.
    if (earnedMs > 0) search.creditAtS += Math.min(Math.ceil(earnedMs / rate), elapsedS)
    search.creditMs = Math.min(search.creditMs + earnedMs, fullMs)
    return search
}

/** Whether a search may begin. `search` as stepSearch left it. */
export function maySearch(search: Search, atS: number, profile: Profile): boolean {
    return atS >= search.retryAtS && search.creditMs >= priceMs(search, profile)
}

/** When one may begin, as far as can be told, in device seconds; not before `atS`. */
export function searchAtS(search: Search, input: SearchInput, profile: Profile): number {
    const missingMs = priceMs(search, profile) - search.creditMs
    const at = Math.max(input.atS, search.retryAtS)
    if (missingMs <= 0) return at
    const rate = creditMsPerS(search, input.isMoving, profile)
    return Math.max(at, search.creditAtS + Math.ceil(missingMs / rate))
}

/** Takes in how a search ended. */
export function searchEnded(before: Search, end: SearchEnd, profile: Profile): Search {
    const search = copyOfSearch(before)
    if (end.isFix) {
        learn(search, end.start, end.heard.tookMs)
        search.fixAtS = end.atS
        search.failures = 0
        search.retryAtS = end.atS
        search.lastVainMs = 0
        return search
    }
    search.lastVainMs = end.heard.tookMs
    const leftMs = search.creditMs - end.heard.tookMs
    search.creditMs = Math.max(leftMs, 0)
    // It took longer than the one before, by which it was priced: nothing is earned until that is paid.
    if (leftMs < 0)
        search.creditAtS += Math.ceil(-leftMs / creditMsPerS(search, end.isMoving, profile))
    if (isSky(end.heard)) {
        widen(search, end.start, profile.searchCapS)
        search.failures = Math.max(search.failures - 1, 1)
    } else search.failures = Math.min(search.failures + 1, DOUBLINGS_MAX)
    search.retryAtS = end.atS + pauseS(search.failures, end.isMoving, profile)
    return search
}

/** A journey has begun: the place is another, and perhaps the sky. */
export function liftSearch(before: Search, atS: number): Search {
    const search = copyOfSearch(before)
    if (search.liftedAtS >= 0 && atS - search.liftedAtS < LIFT_LEAST_S) return search
    search.liftedAtS = atS
    search.failures = 0
    search.retryAtS = atS
    search.creditMs = Math.max(search.creditMs, search.lastVainMs)
    return search
}

/** What must be saved before a search: as much as the last one took in vain. */
function priceMs(search: Search, profile: Profile): number {
    return Math.min(search.lastVainMs, profile.searchCapS * 1000)
}

/** What a second of waiting pays for: as much of a search as fixes under the sky would have taken. */
function creditMsPerS(search: Search, isMoving: boolean, profile: Profile): number {
    const everyS = isMoving ? profile.fixEveryS : profile.heartbeatS
    const rate = expectedMs(search, classApart(everyS)) / everyS
    return profile.staysAwake ? Math.max(rate, AWAKE_MS_PER_S) : rate
}

function pauseS(failures: number, isMoving: boolean, profile: Profile): number {
    const first = Math.max(Math.min(profile.fixEveryS, PAUSE_MOST_FIRST_S), PAUSE_LEAST_FIRST_S)
    const most = isMoving ? PAUSE_MOVING_MAX_S : profile.heartbeatS
    return Math.min(first * 2 ** (failures - 1), most)
}
