// The receiver on and off: a search is begun when a fix is wanted and the search discipline allows
// one, ends with a fix that is good enough, and is given up when none will come.

import type { Fix } from "../../protocol/fix.js"
import type { Profile } from "./profile.js"
import { maySearch, searchEnded } from "./search.js"
import type { Search } from "./search-memory.js"
import { StartClass } from "./search-memory.js"
import { type Heard, startClassOf, verdict } from "./search-time.js"
import type { ReceiverSignal } from "./signal.js"
import { neverRests } from "./track-keeper.js"

/** The first fix of a search is the worst: better ones follow for some seconds. */
const GOOD_DM = 80
const SETTLE_MS = 5000
/** A receiver that tracks gives a fix a second: without one for so long it searches again. */
const LOST_MS = 10000

export interface SteerSense {
    uptimeMs: number
    atS: number
    /** Since the tick before, oldest first. */
    fixes: Fix[]
    signal: ReceiverSignal
    isMoving: boolean
    /** There was a journey since the last fix. */
    hasMoved: boolean
    /** A fix is wanted now. */
    isWanted: boolean
    /** The receiver is to stay on while fixes come. */
    staysOn: boolean
}

export interface SteerStep {
    search: Search
    /** Of those that came, the ones that count: all while it stays on, else the last and best. */
    fixes: Fix[]
    turn: "none" | "on" | "off"
    /** A search has ended without a fix, or one is wanted and not allowed. */
    isVain: boolean
}

export class ReceiverSteer {
    isOn = false
    /** It has a fix and has not lost it. */
    isTracking = false
    /** What the last search that found something took, in tenths of a second; -1 before one has. */
    firstFixDs = -1
    private onAtMs = 0
    private foundAtMs = 0
    private lastFixAtMs = 0
    private start: StartClass = StartClass.cold

    step(search: Search, sense: SteerSense, profile: Profile): SteerStep {
        const step: SteerStep = { search: search, fixes: [], turn: "none", isVain: false }
        if (!this.isOn) {
            if (!sense.isWanted) return step
            if (!neverRests(profile) && !maySearch(search, sense.atS, profile)) step.isVain = true
            else this.begin(step, search, sense)
            return step
        }
        if (sense.fixes.length > 0) this.found(step, sense, profile)
        else this.missed(step, sense, profile)
        if (step.turn === "none" && !sense.isWanted && !sense.staysOn) this.off(step)
        return step
    }

    private begin(step: SteerStep, search: Search, sense: SteerSense): void {
        this.isOn = true
        this.isTracking = false
        this.onAtMs = sense.uptimeMs
        this.start = startClassOf(search, sense.atS, sense.hasMoved)
        step.turn = "on"
    }

    private found(step: SteerStep, sense: SteerSense, profile: Profile): void {
        const nowMs = sense.uptimeMs
        this.lastFixAtMs = nowMs
        if (!this.isTracking) {
            this.isTracking = true
            this.foundAtMs = nowMs
            this.firstFixDs = Math.floor((nowMs - this.onAtMs) / 100)
            step.search = this.ended(step.search, sense, true, profile)
        }
        if (sense.staysOn) {
            step.fixes = sense.fixes
            return
        }
        const last = sense.fixes[sense.fixes.length - 1]
        if (last.accuracyDm > GOOD_DM && nowMs - this.foundAtMs < SETTLE_MS) return
        step.fixes = [last]
        this.off(step)
    }

    private missed(step: SteerStep, sense: SteerSense, profile: Profile): void {
        if (this.isTracking) {
            if (sense.uptimeMs - this.lastFixAtMs < LOST_MS) return
            this.isTracking = false
            this.onAtMs = this.lastFixAtMs
            this.start = StartClass.hot
        }
        if (neverRests(profile)) return
        const heard = this.heard(sense)
        if (verdict(step.search, this.start, heard, profile.searchCapS) === "on") return
        step.search = this.ended(step.search, sense, false, profile)
        step.isVain = true
        this.off(step)
    }

    private ended(search: Search, sense: SteerSense, isFix: boolean, profile: Profile): Search {
        const end = {
            atS: sense.atS,
            start: this.start,
            isMoving: sense.isMoving,
            isFix: isFix,
            heard: this.heard(sense),
        }
        return searchEnded(search, end, profile)
    }

    private heard(sense: SteerSense): Heard {
        const signal = sense.signal
        return {
            tookMs: sense.uptimeMs - this.onAtMs,
            heard: signal.heard,
            fourthCn0: signal.fourthCn0,
        }
    }

    private off(step: SteerStep): void {
        this.isOn = false
        this.isTracking = false
        step.turn = "off"
    }
}
