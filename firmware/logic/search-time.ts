// How long a fix should take, learned from how long fixes took: for each class of start a mean and a
// mean deviation, as TCP keeps its round-trip time (RFC 6298, section 2): what is late by more than
// four deviations will not come.

import { type Search, StartClass } from "./search-memory.js"

/** What a search has heard so far; the last two as signal.ts has them. */
export interface Heard {
    tookMs: number
    /** Satellites with any signal. */
    heard: number
    /** C/N0 of the fourth strongest in dB-Hz, 0 where there are not four. */
    fourthCn0: number
}

/** Broadcast ephemerides are fit for use this long (IS-GPS-200: a curve fit of four hours). */
const EPHEMERIS_S = 14400
/** Of the almanac and of a crystal's time in the backup memory. */
const ALMANAC_S = 14 * 86400
/** A vehicle that has been on its way this long may have left what it knew of the sky. */
const MOVED_S = 86400
const DEVIATION_LEAST_DS = 20
/** The first satellite is heard by then, where there is any sky: by StartClass. */
const SILENCE_MS: number[] = [10000, 15000, 25000]
/** A fix in three dimensions needs four. */
const SATELLITES_LEAST = 4
/** The navigation message of GPS L1 C/A is read down to 26 or 27 dB-Hz, */
const MESSAGE_CN0 = 26
/** and from here on a fix is a matter of time. */
const SKY_CN0 = 30

/** What the receiver still knows. `hasMoved`: there was a journey since its last fix. */
export function startClassOf(search: Search, atS: number, hasMoved: boolean): StartClass {
    if (search.fixAtS < 0) return StartClass.cold
    const ageS = atS - search.fixAtS
    if (ageS < EPHEMERIS_S) return StartClass.hot
    return ageS < (hasMoved ? MOVED_S : ALMANAC_S) ? StartClass.warm : StartClass.cold
}

/** The time to a fix to expect, in milliseconds. */
export function expectedMs(search: Search, start: StartClass): number {
    if (start === StartClass.hot) return search.hotDs * 100
    return (start === StartClass.warm ? search.warmDs : search.coldDs) * 100
}

/** The class in which fixes start that are so far apart. */
export function classApart(everyS: number): StartClass {
    return everyS < EPHEMERIS_S ? StartClass.hot : StartClass.warm
}

/** There is sky: four strong satellites. */
export function isSky(heard: Heard): boolean {
    return heard.fourthCn0 >= SKY_CN0
}

/**
 * Whether to go on. Given up is a search that hears nobody while others would have; one that hears
 * too few, or too faint, when a fix should have come by far; one that is late by four deviations
 * without sky; and any at the cap.
 */
export function verdict(
    search: Search,
    start: StartClass,
    heard: Heard,
    capS: number,
): "on" | "no-sky" | "weak" | "late" | "cap" {
    const tookMs = heard.tookMs
    if (tookMs >= capS * 1000) return "cap"
    if (heard.heard === 0) return tookMs >= SILENCE_MS[start] ? "no-sky" : "on"
    const expected = expectedMs(search, start)
    const deviation = deviationMs(search, start)
    const isFaint = start !== StartClass.hot && heard.fourthCn0 < MESSAGE_CN0
    const isWeak = heard.heard < SATELLITES_LEAST || isFaint
    if (isWeak && tookMs >= Math.max(expected + 2 * deviation, SILENCE_MS[start])) return "weak"
    if (!isSky(heard) && tookMs >= expected + 4 * deviation) return "late"
    return "on"
}

/** A fix came after so long. */
export function learn(search: Search, start: StartClass, tookMs: number): void {
    const mean = expectedMs(search, start) / 100
    const tookDs = Math.max(Math.floor(tookMs / 100), 1)
    const error = Math.abs(tookDs - mean)
    const deviation = Math.floor((3 * deviationMs(search, start)) / 400 + error / 4)
    setTimes(search, start, Math.floor((7 * mean + tookDs) / 8 + 0.5), deviation)
}

/** None came though there was sky: the next one may take longer. */
export function widen(search: Search, start: StartClass, capS: number): void {
    const deviation = Math.min((deviationMs(search, start) / 100) * 2, capS * 10)
    setTimes(search, start, expectedMs(search, start) / 100, deviation)
}

function deviationMs(search: Search, start: StartClass): number {
    if (start === StartClass.hot) return search.hotDeviationDs * 100
    return (start === StartClass.warm ? search.warmDeviationDs : search.coldDeviationDs) * 100
}

function setTimes(search: Search, start: StartClass, meanDs: number, deviationDs: number): void {
    const mean = Math.max(meanDs, 1)
    const deviation = Math.max(deviationDs, DEVIATION_LEAST_DS)
    if (start === StartClass.hot) {
        search.hotDs = mean
        search.hotDeviationDs = deviation
    } else if (start === StartClass.warm) {
        search.warmDs = mean
        search.warmDeviationDs = deviation
    } else {
        search.coldDs = mean
        search.coldDeviationDs = deviation
    }
}
