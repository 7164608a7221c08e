// The slow decisions on one seeded stream of inputs: journeys, bumps, scatter, lost skies, overrides,
// sleeps. Each step's memory and outcome make a line. Runs on Node and on the tracker's machine,
// which must decide alike.

import {
    type Heartbeat,
    heartbeatAtS,
    heartbeatOf,
    heartbeatRow,
    newHeartbeat,
    uploadAtS,
    windowEnded,
} from "../../../firmware/logic/heartbeat.js"
import { stepMotion } from "../../../firmware/logic/motion.js"
import type { MotionFix } from "../../../firmware/logic/motion-anchor.js"
import {
    type Motion,
    MotionPhase,
    motionOf,
    motionRow,
    newMotion,
} from "../../../firmware/logic/motion-memory.js"
import {
    overridesFault,
    PROFILES,
    type Profile,
    withOverrides,
} from "../../../firmware/logic/profile.js"
import {
    newScanPlan,
    type ScanPlan,
    scanAtS,
    scanEnded,
    scanPlanOf,
    scanPlanRow,
} from "../../../firmware/logic/scan-plan.js"
import {
    newWakeBudget,
    nextWake,
    takeWake,
    type WakeBudget,
    wakeBudgetOf,
    wakeBudgetRow,
} from "../../../firmware/logic/schedule.js"
import {
    liftSearch,
    maySearch,
    searchAtS,
    searchEnded,
    stepSearch,
} from "../../../firmware/logic/search.js"
import {
    newSearch,
    type Search,
    searchOf,
    searchRow,
} from "../../../firmware/logic/search-memory.js"
import { startClassOf, verdict } from "../../../firmware/logic/search-time.js"

/** Seeds are numbered from 1 to this; profile and board follow from the seed. */
export const DECISION_SEEDS = 8
const STEPS = 150

export class DecisionsRun {
    isDone = false
    private profile: Profile
    private motion: Motion = newMotion()
    private search: Search = newSearch()
    private heartbeat: Heartbeat = newHeartbeat()
    private budget: WakeBudget = newWakeBudget()
    private scans: ScanPlan = newScanPlan()
    private steps = 0
    private state: number
    private atS = 0
    private northUdeg = 0
    private isOnTheWay = false
    private isShaking = false
    private isDark = false
    private vainAtS = -1
    private eventAtS = -1

    constructor(private seed: number) {
        this.state = seed * 7919 + 1
        this.profile = PROFILES[seed % PROFILES.length]
        const overrides = { liveBoundM: -1, historyBoundM: 7, holdS: 30 * seed, heartbeatS: -1 }
        if (overridesFault(overrides) === undefined)
            this.profile = withOverrides(this.profile, overrides)
    }

    /** One wake. */
    next(): string {
        this.turn()
        this.sleep()
        this.budget = takeWake(this.budget, this.atS)
        let line = this.step(undefined, false)
        const isMoving = this.motion.phase === MotionPhase.moving
        const input = { atS: this.atS, isMoving: isMoving }
        this.search = stepSearch(this.search, input, this.profile)
        if (this.random() < 0.6) line += this.seek(isMoving)
        line += this.speak()
        line += this.plan(isMoving)
        this.steps++
        this.isDone = this.steps === STEPS
        return line
    }

    /** What happens outside. */
    private turn(): void {
        const draw = this.random()
        if (draw < 0.05) this.isOnTheWay = !this.isOnTheWay
        else if (draw < 0.12) this.isShaking = !this.isShaking
        else if (draw < 0.16) this.isDark = !this.isDark
        this.atS += 1 + Math.floor(this.random() * (draw > 0.97 ? 90000 : 70))
        if (this.isOnTheWay) this.northUdeg += 5000
    }

    /** Everything goes through its row, as it does over a reset. */
    private sleep(): void {
        this.motion = motionOf(motionRow(this.motion))
        this.search = searchOf(searchRow(this.search))
        this.heartbeat = heartbeatOf(heartbeatRow(this.heartbeat))
        this.budget = wakeBudgetOf(wakeBudgetRow(this.budget))
        this.scans = scanPlanOf(scanPlanRow(this.scans))
    }

    private step(fix: MotionFix | undefined, isSearched: boolean): string {
        const step = stepMotion(
            this.motion,
            {
                atS: this.atS,
                hasAccelerometer: this.seed % 3 > 0,
                isLatched: this.isShaking || this.random() < 0.05,
                canWake: this.seed % 2 > 0,
                isSearched: isSearched,
                fix: fix,
            },
            this.profile,
        )
        this.motion = step.motion
        if (step.change !== "none") this.eventAtS = this.atS
        if (step.change === "start") this.search = liftSearch(this.search, this.atS)
        const place = step.place
        const at =
            place === undefined ? "" : `${place.latUdeg} ${place.lonUdeg} ${place.accuracyDm}`
        const told = `${step.change} ${step.fault} ${step.isKept ? 1 : 0}${step.needsFix ? 1 : 0}`
        return `${told} ${step.nextAtS} ${at} ${motionRow(this.motion).join(" ")}`
    }

    private seek(isMoving: boolean): string {
        if (!maySearch(this.search, this.atS, this.profile))
            return `|denied ${this.step(undefined, true)}`
        const start = startClassOf(this.search, this.atS, isMoving)
        const isDark = this.isDark
        const fixInMs = 1000 + Math.floor(this.random() * 40000)
        let tookMs = 0
        let said = "on"
        let isFix = false
        while (said === "on" && !isFix) {
            tookMs += 5000
            const count = isDark ? this.seed % 4 : 9
            const heard = {
                tookMs: tookMs,
                heard: count,
                fourthCn0: isDark ? 0 : 20 + this.seed * 2,
            }
            said = verdict(this.search, start, heard, this.profile.searchCapS)
            isFix = !isDark && tookMs >= fixInMs
            if (said === "on" && !isFix) continue
            this.atS += Math.floor(tookMs / 1000)
            const end = {
                atS: this.atS,
                start: start,
                isMoving: isMoving,
                isFix: isFix,
                heard: heard,
            }
            this.search = searchEnded(this.search, end, this.profile)
        }
        if (!isFix) this.vainAtS = this.atS
        const told = `|${said} ${start} ${tookMs} ${searchRow(this.search).join(" ")}`
        return `${told}|${this.step(isFix ? this.fix() : undefined, true)}`
    }

    private speak(): string {
        const waiting = { fixAtS: -1, eventAtS: this.eventAtS }
        const due = uploadAtS(this.heartbeat, waiting, this.profile)
        const isDue = heartbeatAtS(this.heartbeat, this.profile) <= this.atS
        if (!isDue && (due < 0 || due > this.atS)) return ""
        const isHeard = this.random() < 0.7
        this.heartbeat = windowEnded(this.heartbeat, this.atS, isHeard)
        if (isHeard) this.eventAtS = -1
        return `|window ${heartbeatRow(this.heartbeat).join(" ")}`
    }

    private plan(isMoving: boolean): string {
        const input = { vainAtS: this.vainAtS, movedAtS: this.motion.sinceS }
        const scanDueS = scanAtS(this.scans, input, this.profile)
        if (scanDueS <= this.atS) this.scans = scanEnded(this.scans, this.atS, this.random() < 0.5)
        const dues = {
            heartbeatAtS: heartbeatAtS(this.heartbeat, this.profile),
            uploadAtS: uploadAtS(
                this.heartbeat,
                { fixAtS: -1, eventAtS: this.eventAtS },
                this.profile,
            ),
            lookAtS: -1,
            searchAtS: searchAtS(this.search, { atS: this.atS, isMoving: isMoving }, this.profile),
            scanAtS: scanDueS,
            rebootAtS: 86400,
        }
        const wake = nextWake(this.atS, dues, this.budget)
        return `|${wake.sleepMs} ${wake.reason} ${scanDueS} ${wakeBudgetRow(this.budget).join(" ")}`
    }

    private fix(): MotionFix {
        return {
            latUdeg: 47000000 + this.northUdeg + Math.floor((this.random() - 0.5) * 200),
            // Around the antimeridian.
            lonUdeg: this.random() < 0.5 ? 179999980 : -179999990,
            accuracyDm: 20 + Math.floor(this.random() * 150),
            speedDmps: this.isOnTheWay ? 130 : Math.floor(this.random() * 12),
        }
    }

    /** Lehmer's generator (S. Park and K. Miller, 1988): its products are exact in a double. */
    private random(): number {
        const product = this.state * 16807
        this.state = product - Math.floor(product / 2147483647) * 2147483647
        return this.state / 2147483647
    }
}
