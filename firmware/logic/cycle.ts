// What the tracker does, tick by tick: from what it remembers, what it senses and what time it is to
// what there is to be done. Reading `tick` is reading the tracker. Nothing here touches a bus or a
// socket, so the same code runs on the tracker and on Node (tracker-loop.ts, simulator/fleet).

import { MessageType } from "../../protocol/envelope.js"
import { EventKind, encodeEvent } from "../../protocol/event.js"
import type { Fix } from "../../protocol/fix.js"
import { encodeScan } from "../../protocol/scan.js"
import { StatusFault } from "../../protocol/status.js"
import { afterFix, aidOf } from "./aiding.js"
import { isRestartDue } from "./daily-restart.js"
import type { Deed } from "./deed.js"
import { type DeviceClock, WakePlan } from "./device-clock.js"
import { Energy } from "./energy.js"
import { lengthAt, stampAt } from "./fence-list.js"
import { newFenceWatch, type WatchedSide, watchFences } from "./fence-watch.js"
import {
    clockCaughtUp,
    heartbeatAtS,
    sleepCutShort,
    stretchS,
    uploadAtS,
    type Waiting,
} from "./heartbeat.js"
import { type LinkSense, LinkWindow } from "./link-window.js"
import { hasEnded, mayReport, noteFixTime } from "./mandate-watch.js"
import type { Mission } from "./mission.js"
import { type MotionInput, type MotionStep, stepMotion } from "./motion.js"
import type { Place } from "./motion-anchor.js"
import { MotionPhase } from "./motion-memory.js"
import type { Orders } from "./orders.js"
import { PartWatch } from "./part-watch.js"
import { newOverrides, PROFILES, type Profile, ProfileNumber, withOverrides } from "./profile.js"
import { ReceiverSteer } from "./receiver-steer.js"
import { type ScanInput, scanAtS, scanEnded } from "./scan-plan.js"
import { type Dues, mayWakeOnMotion, nextWake, takeWake } from "./schedule.js"
import { liftSearch, type SearchInput, searchAtS, stepSearch } from "./search.js"
import { SelfTest } from "./self-test.js"
import type { Sense } from "./sense.js"
import { statusBody } from "./status-report.js"
import { isContinuous, keepsAll, neverRests, TrackKeeper } from "./track-keeper.js"
import { type TrackerMemory, trackerRows } from "./tracker-memory.js"

/** What does not change while the program runs. */
export interface CycleParts {
    memory: TrackerMemory
    clock: DeviceClock
    orders: Orders
    mission: Mission
    /** What orders leave open: the profile that the bench chose. */
    profile: Profile
    /** Motion pulses the board's reset. */
    canWake: boolean
    /** The receiver can be woken; else it sleeps until its next fix is due, whatever comes. */
    hasWakePin: boolean
    hasFram: boolean
    /** A ResetCause. */
    resetCause: number
    programHash: Buffer
    /** The bench wants a self-test: once for a program, or without FRAM at each start. */
    wantsSelfTest: boolean
}

/** Asked while searching only: four messages and their answers are some 600 bytes on the bus. */
const SIGNAL_EVERY_MS = 5000
/** While tracking: jamming and spoofing are looked for as often as a driver would notice. */
const SIGNAL_TRACKING_MS = 60000
const GAUGE_EVERY_MS = 600000
/** What a power cut may cost of what is remembered. */
const SAVE_EVERY_MS = 60000
/** A shorter sleep costs more than it saves: 1.5 s of boot, and the receiver's start. */
const SLEEP_LEAST_MS = 5000
/**
 * A clock that may be further off asks the gateway, in a window that is open for something else: this
 * share of the heartbeat is twice what the sleep timer leaves open in one, so a clock that each
 * heartbeat's fix sets never asks.
 */
const DOUBT_SHARE = 0.1
/** From the end of a sleep to the first tick. */
const START_MS = 1500

export class Cycle {
    orders: Orders
    /** The link is to be up. */
    wantsLink = false
    /** A command asks for a fix and a report now. */
    isAsked = false
    memory: TrackerMemory
    clock: DeviceClock
    private keeper = new TrackKeeper()
    private steer = new ReceiverSteer()
    private window = new LinkWindow()
    private energy: Energy
    private partWatch: PartWatch
    /** To be ordered by whoever takes the orders. */
    selfTest: SelfTest
    private motion: MotionStep | undefined = undefined
    private isFirst = true
    /** It neither sleeps nor disconnects: there is no wake to make short. */
    private isResident = false
    private isScanning = false
    /** The gateway has been asked for the time in this window. */
    private hasAsked = false
    private isReportDue = false
    /** What was asked for is there: it does not wait for a window of its own. */
    private isUrgent = false
    /** Satellites were searched, or were not to be; no fix came of it that counts. */
    private isVain = false
    private signalAtMs = -SIGNAL_TRACKING_MS
    /** The loop reads it once before the first tick. */
    private gaugeAtMs = 0
    private savedAtMs = 0
    private deeds: Deed[] = []

    constructor(private parts: CycleParts) {
        this.memory = parts.memory
        this.clock = parts.clock
        this.orders = parts.orders
        this.energy = new Energy(parts.memory, parts.mission)
        this.partWatch = new PartWatch(parts.hasFram)
        this.selfTest = new SelfTest({
            isAsked: parts.wantsSelfTest,
            canWake: parts.canWake,
            hasFram: parts.hasFram,
            battery: parts.mission.battery,
            programHash: parts.programHash,
        })
    }

    /** `breathe`: the machine stops a program that decides all of it without a rest. */
    async tick(sense: Sense, breathe: () => Promise<void>): Promise<Deed[]> {
        this.deeds = []
        const atS = this.clock.atS(sense.uptimeMs)
        this.learnTime(sense)
        if (this.isFirst) this.begin(atS)
        this.isFirst = false
        this.meter(sense, atS)
        const profile = this.energy.profile(this.parts.profile, this.orders, this.utcS(sense))
        this.isResident = profile.staysAwake
        for (const event of this.partWatch.step(sense, this.memory))
            this.tell(sense, event.kind, event.args)
        this.test(sense)
        await breathe()
        const fixes = this.search(sense, atS, profile)
        await breathe()
        for (const fix of fixes) await this.follow(fix, sense, atS, profile, breathe)
        if (fixes.length === 0) this.stay(sense, atS, profile)
        await breathe()
        this.listen(sense, atS, profile)
        this.speak(sense, atS, profile)
        await breathe()
        this.rest(sense, atS, profile)
        return this.deeds
    }

    /** When to tick again at the latest, in milliseconds. */
    idleMs(): number {
        return this.steer.isOn || this.isResident ? 1000 : 250
    }

    private begin(atS: number): void {
        const memory = this.memory
        memory.notes.boots++
        memory.wakes = takeWake(memory.wakes, atS)
        if (this.clock.cutShortS > 0)
            memory.heartbeat = sleepCutShort(memory.heartbeat, this.clock.cutShortS)
    }

    private utcS(sense: Sense): number {
        return this.clock.utcS(sense.uptimeMs)
    }

    private learnTime(sense: Sense): void {
        const memory = this.memory
        for (const fix of sense.fixes) {
            const utcS = Math.floor(fix.timeDs / 10)
            const beforeS = this.clock.atS(sense.uptimeMs)
            this.clock.noteUtc(utcS, sense.uptimeMs)
            if (this.clock.atS(sense.uptimeMs) > beforeS)
                memory.heartbeat = clockCaughtUp(memory.heartbeat)
            const after = noteFixTime(this.orders, utcS)
            if (after === this.orders) continue
            this.orders = after
            this.deeds.push({ what: "keep-orders" })
        }
        const notes = memory.notes
        const isEnded = hasEnded(this.orders, this.utcS(sense))
        if (isEnded && notes.isEndTold === 0) this.tell(sense, EventKind.mandateEnd, [])
        notes.isEndTold = isEnded ? 1 : 0
    }

    private meter(sense: Sense, atS: number): void {
        const energy = this.energy
        energy.note(sense, atS, this.steer.isOn, this.steer.isTracking)
        if (sense.uptimeMs - this.gaugeAtMs >= GAUGE_EVERY_MS) {
            this.gaugeAtMs = sense.uptimeMs
            this.deeds.push({ what: "read-gauge" })
        }
        const level = energy.govern(atS)
        if (level >= 0) this.tell(sense, EventKind.budget, [level])
        const isLow = energy.isLow(sense.batteryMv)
        if (isLow) this.tell(sense, EventKind.lowBattery, [sense.batteryMv])
    }

    /** The bench's test of the board, while one is due or under way. */
    private test(sense: Sense): void {
        const step = this.selfTest.step(sense, this.memory)
        if (step.event !== undefined) this.tell(sense, EventKind.selfTest, step.event)
        // Behind the event: a cut in between tests once more, and none is left out. Before the lines: the
        // bench may take the power off at the last one.
        if (step.isNews) this.save(sense, WakePlan.none, 0)
        for (const deed of step.deeds) this.deeds.push(deed)
    }

    /** The receiver on or off; the fixes that count. */
    private search(sense: Sense, atS: number, profile: Profile): Fix[] {
        const memory = this.memory
        const motion = memory.motion
        const isMoving = motion.phase !== MotionPhase.parked
        const utcS = this.utcS(sense)
        const may = mayReport(this.orders, utcS)
        const mayLook = this.mayLook(sense)
        const staysOn = neverRests(profile) || (isContinuous(profile) && isMoving)
        const isForTest = this.selfTest.isSearching()
        memory.search = stepSearch(memory.search, this.searchInput(atS), profile)
        const step = this.steer.step(
            memory.search,
            {
                uptimeMs: sense.uptimeMs,
                atS: atS,
                fixes: sense.fixes,
                signal: sense.signal,
                isMoving: isMoving,
                hasMoved: memory.notes.movedAtS > memory.known.fixAtS,
                isWanted: this.wantsFix(sense, profile) || (mayLook && (staysOn || isForTest)),
                staysOn: may && staysOn,
            },
            isForTest ? PROFILES[ProfileNumber.bench - 1] : profile,
        )
        memory.search = step.search
        const fixes: Fix[] = []
        for (const fix of step.fixes) if (this.mayKeep(fix)) fixes.push(fix)
        const isDropped = fixes.length < step.fixes.length
        this.isVain = step.isVain || isDropped || !mayLook
        if (this.isVain && this.isAsked) this.answer()
        if (step.isVain) memory.notes.vainAtS = atS
        if (step.turn === "on") {
            const aid = aidOf(memory.known, atS, !isMoving)
            this.deeds.push({ what: "receiver-on", aid: aid })
        } else if (step.turn === "off") {
            this.receiverOff(profile)
        }
        const everyMs = this.steer.isTracking ? SIGNAL_TRACKING_MS : SIGNAL_EVERY_MS
        if (this.steer.isOn && sense.uptimeMs - this.signalAtMs >= everyMs) {
            this.signalAtMs = sense.uptimeMs
            this.deeds.push({ what: "ask-signal" })
        }
        return fixes
    }

    /**
     * A knock is no journey: the hours that the clock has missed, and is told of by and by, would be
     * credited as hours on the way.
     */
    private searchInput(atS: number): SearchInput {
        return { atS: atS, isMoving: this.memory.motion.phase === MotionPhase.moving }
    }

    /**
     * Whether satellites may be searched. While the time is unknown they may past the mandate's end too,
     * or no extension could ever be read: what is found sets the clock, and is dropped.
     */
    private mayLook(sense: Sense): boolean {
        const utcS = this.utcS(sense)
        return mayReport(this.orders, utcS) || (utcS < 0 && this.orders.wipeByS < 0)
    }

    private receiverOff(profile: Profile): void {
        const isMoving = this.memory.motion.phase !== MotionPhase.parked
        const everyS = isMoving ? profile.fixEveryS : profile.heartbeatS
        this.deeds.push({ what: "receiver-off", forS: this.parts.hasWakePin ? 0 : everyS })
    }

    /** The search discipline has the last word. */
    private wantsFix(sense: Sense, profile: Profile): boolean {
        if (!this.mayLook(sense)) return false
        const isDue = this.motion?.needsFix === true || this.isAsked || this.utcS(sense) < 0
        return isDue || neverRests(profile) || this.hasNewFence()
    }

    /** A fix brings its own time, and is within the mandate or not by that. */
    private mayKeep(fix: Fix): boolean {
        return mayReport(this.orders, Math.floor(fix.timeDs / 10))
    }

    /** A fence of which no fix has told yet on which side of it the tracker is. */
    private hasNewFence(): boolean {
        const fences = this.orders.fences
        const sides = this.memory.fences.sides
        for (let at = 0; at < fences.length; at += lengthAt(fences, at)) {
            const stamp = stampAt(fences, at)
            if (!hasSide(sides, stamp)) return true
        }
        return false
    }

    /** The report that was asked for: with the fix that has come, or with what there is. */
    private answer(): void {
        this.isAsked = false
        this.isReportDue = true
        this.isUrgent = true
    }

    /** What a fix and the accelerometer say of motion, whether it is kept, and which fences it crosses. */
    private async follow(
        fix: Fix,
        sense: Sense,
        atS: number,
        profile: Profile,
        breathe: () => Promise<void>,
    ): Promise<void> {
        const memory = this.memory
        memory.known = afterFix(memory.known, fix, atS, memory.notes.isSpoofed === 0)
        const step = this.stepMotion(fix, sense, atS, profile)
        const isKept = step.isKept || keepsAll(profile) || this.isAsked
        if (isKept) this.keep(fix, atS, profile)
        await breathe()
        if (isKept || this.hasNewFence()) this.watch(fix, sense)
        await breathe()
        if (this.isAsked) {
            for (const one of this.keeper.end()) this.log(one, atS)
            this.answer()
        }
        if (step.change === "stop") this.endTrack(step.place, fix, sense, atS)
    }

    /** What the accelerometer alone says of motion. */
    private stay(sense: Sense, atS: number, profile: Profile): void {
        const step = this.stepMotion(undefined, sense, atS, profile)
        if (step.change === "stop") this.endTrack(step.place, undefined, sense, atS)
    }

    private stepMotion(
        fix: Fix | undefined,
        sense: Sense,
        atS: number,
        profile: Profile,
    ): MotionStep {
        const memory = this.memory
        const input: MotionInput = {
            atS: atS,
            hasAccelerometer: sense.hasAccelerometer,
            isLatched: sense.isLatched,
            canWake: this.parts.canWake && mayWakeOnMotion(memory.wakes),
            isSearched: this.isVain || fix !== undefined,
            fix: fix,
        }
        const step = stepMotion(memory.motion, input, profile)
        memory.motion = step.motion
        this.motion = step
        if (step.change === "none") return step
        memory.notes.movedAtS = atS
        if (step.change === "start") {
            memory.search = liftSearch(memory.search, atS)
            this.tell(sense, EventKind.motionStart, [])
        } else this.tell(sense, EventKind.motionStop, [])
        return step
    }

    private keep(fix: Fix, atS: number, profile: Profile): void {
        const kept = this.keeper.add(fix, profile)
        for (const one of kept.kept) this.log(one, atS)
        if (kept.isReport) this.isReportDue = true
    }

    /** On which side of each fence a fix is. */
    private watch(fix: Fix, sense: Sense): void {
        const memory = this.memory
        if (this.orders.fences.length === 0) {
            if (memory.fences.sides.length > 0) memory.fences = newFenceWatch()
            return
        }
        const watched = watchFences(memory.fences, this.orders.fences, fix)
        memory.fences = watched.memory
        for (const crossing of watched.crossings)
            this.tell(sense, EventKind.fenceSide, [crossing.number, crossing.side])
    }

    /** The last fix of the track, and where it came to rest: the mean of what was measured there. */
    private endTrack(
        place: Place | undefined,
        last: Fix | undefined,
        sense: Sense,
        atS: number,
    ): void {
        for (const fix of this.keeper.end()) this.log(fix, atS)
        const utcS = this.utcS(sense)
        const known = this.memory.known
        if (place === undefined || utcS < 0) return
        this.log(
            {
                kind: "fix",
                timeDs: last === undefined ? utcS * 10 : last.timeDs + 1,
                latUdeg: place.latUdeg,
                lonUdeg: place.lonUdeg,
                altM: known.altM,
                speedDmps: 0,
                courseDeg: 0,
                accuracyDm: place.accuracyDm,
                satellites: last === undefined ? 0 : last.satellites,
            },
            atS,
        )
    }

    private log(fix: Fix, atS: number): void {
        // A stop may be told after the mandate's end, of a place that was reached before.
        if (!this.mayKeep(fix)) return
        this.deeds.push({ what: "keep", fix: fix })
        if (this.memory.notes.keptAtS < 0) this.memory.notes.keptAtS = atS
    }

    /** Access points: on schedule, and where satellites fail. */
    private listen(sense: Sense, atS: number, profile: Profile): void {
        const memory = this.memory
        const outcome = sense.scan
        if (outcome !== undefined) {
            this.isScanning = false
            const heard = outcome.heard
            memory.scans = scanEnded(memory.scans, atS, heard !== undefined)
            if (heard !== undefined && mayReport(this.orders, this.utcS(sense))) {
                const body = encodeScan(this.instant(sense), heard)
                this.post(MessageType.telemetry, body, atS)
            }
            return
        }
        if (this.isScanning || atS < this.scanAtS(profile)) return
        this.isScanning = true
        this.deeds.push({ what: "scan" })
    }

    private scanAtS(profile: Profile): number {
        const notes = this.memory.notes
        const input: ScanInput = { vainAtS: notes.vainAtS, movedAtS: notes.movedAtS }
        return scanAtS(this.memory.scans, input, profile)
    }

    /** Signs of life, and what waits to be sent. */
    private speak(sense: Sense, atS: number, profile: Profile): void {
        const memory = this.memory
        const notes = memory.notes
        // What this very tick has made is not in what was sensed.
        const hasKept = this.deeds.some((deed) => deed.what === "keep")
        const hasPosted = this.deeds.some((deed) => deed.what === "post")
        if (sense.kept === 0 && !hasKept) notes.keptAtS = -1
        else if (notes.keptAtS < 0) notes.keptAtS = atS
        if (sense.queued === 0 && !hasPosted) notes.eventAtS = -1
        else if (notes.eventAtS < 0) notes.eventAtS = atS
        const link: LinkSense = {
            uptimeMs: sense.uptimeMs,
            atS: atS,
            isUp: sense.isUp,
            acks: sense.acks,
            queued: sense.queued,
            kept: sense.kept,
        }
        const isUrgent = this.isUrgent && notes.keptAtS >= 0
        const open = this.selfTest.isRunning ? awake(profile) : profile
        const step = this.window.step(memory.heartbeat, this.waiting(), open, link, isUrgent)
        memory.heartbeat = step.heartbeat
        if (this.window.isOpen) this.isUrgent = false
        this.wantsLink = this.window.isOpen
        // Power that failed during a sleep has switched it on, and nothing says so.
        if (step.isLifeDue && !this.steer.isOn) this.receiverOff(profile)
        const isQuiet = notes.statusAtS < 0 || atS - notes.statusAtS >= profile.heartbeatS
        // A window that other things open in time leaves no sign of life due, and would bring none for weeks.
        if (step.isLifeDue || (this.window.isOpen && isQuiet)) {
            notes.statusAtS = atS
            this.deeds.push({
                what: "post",
                type: MessageType.telemetry,
                body: this.status(sense, profile),
            })
        }
        this.askTime(sense, profile)
        if (!this.window.isOpen || !sense.isUp || notes.keptAtS < 0) return
        const isHeldEnough = atS - notes.keptAtS >= profile.holdS
        if (profile.staysAwake && !isHeldEnough && !this.isReportDue) return
        this.isReportDue = false
        notes.keptAtS = -1
        this.deeds.push({ what: "seal" })
    }

    /** Once in each window: a gateway that does not tell is not asked on and on. */
    private askTime(sense: Sense, profile: Profile): void {
        if (!this.window.isOpen) this.hasAsked = false
        if (!this.window.isOpen || !sense.isUp || this.hasAsked) return
        const mostS = profile.heartbeatS * DOUBT_SHARE
        if (this.utcS(sense) >= 0 && this.clock.utcDoubtS(sense.uptimeMs) <= mostS) return
        this.hasAsked = true
        this.deeds.push({ what: "ask-time" })
    }

    private waiting(): Waiting {
        return { fixAtS: this.memory.notes.keptAtS, eventAtS: this.memory.notes.eventAtS }
    }

    private status(sense: Sense, profile: Profile): Buffer {
        const body = statusBody(this.energy, {
            instant: this.instant(sense),
            batteryMv: sense.batteryMv,
            charge: sense.charge,
            firstFixDs: this.steer.firstFixDs,
            queued: sense.queued,
            thinned: sense.thinned,
            boots: this.memory.notes.boots,
            resetCause: this.parts.resetCause,
            programHash: this.parts.programHash,
            profile: profile.number,
            faults: this.partWatch.faults + (this.utcS(sense) < 0 ? StatusFault.noTime : 0),
        })
        this.memory.notes.exceptions = 0
        return body
    }

    /** Sleeps when nothing is under way, and starts anew each day. */
    private rest(sense: Sense, atS: number, profile: Profile): void {
        const upS = Math.floor(sense.uptimeMs / 1000)
        const isUploading = sense.isUp && sense.queued > 0
        const isTesting = this.selfTest.isRunning
        if (isRestartDue(upS, !isUploading && !isTesting)) {
            this.leave(sense, atS, WakePlan.dailyReboot, 0)
            this.deeds.push({ what: "reboot" })
            return
        }
        if (sense.uptimeMs - this.savedAtMs >= SAVE_EVERY_MS) this.save(sense, WakePlan.none, 0)
        const isBusy = this.steer.isOn || this.window.isOpen || !sense.isDown || this.isScanning
        // What is to be done now changes what there is to remember: it sleeps a tick later.
        const hasNews = this.deeds.some(
            (deed) => deed.what === "post" || deed.what === "keep" || deed.what === "receiver-off",
        )
        // Without FRAM a sleep would lose session, queue and all that is remembered.
        const mustStay = profile.staysAwake || !this.parts.hasFram
        if (mustStay || isBusy || hasNews || isTesting || this.isAsked) return
        const isArmed = this.parts.canWake && this.motion?.wakesOnMotion === true
        const sleepMs = this.sleepMs(sense, atS, profile, isArmed)
        if (sleepMs < SLEEP_LEAST_MS) return
        this.memory.notes.isArmed = isArmed ? 1 : 0
        this.leave(sense, atS, WakePlan.sleep, sleepMs / 1000)
        // Last of all: the interrupt resets a tracker that is awake as well.
        if (isArmed) this.deeds.push({ what: "arm" })
        this.deeds.push({ what: "sleep", ms: sleepMs })
    }

    private sleepMs(sense: Sense, atS: number, profile: Profile, isArmed: boolean): number {
        const memory = this.memory
        const motion = this.motion
        const lookAtS = motion === undefined ? atS : motion.nextAtS
        const isRefused = this.wantsFix(sense, profile)
        const dues: Dues = {
            heartbeatAtS: heartbeatAtS(memory.heartbeat, profile),
            uploadAtS: uploadAtS(memory.heartbeat, this.waiting(), profile),
            lookAtS: isArmed ? Math.min(lookAtS, atS + stretchS(profile)) : lookAtS,
            searchAtS: isRefused ? searchAtS(memory.search, this.searchInput(atS), profile) : -1,
            scanAtS: this.scanAtS(profile),
            rebootAtS: -1,
        }
        return nextWake(atS, dues, memory.wakes).sleepMs - START_MS
    }

    /** What is in RAM goes where it lasts: the thinner's last fix, and the memory. */
    private leave(sense: Sense, atS: number, plan: WakePlan, sleepS: number): void {
        for (const fix of this.keeper.end()) this.log(fix, atS)
        this.save(sense, plan, sleepS)
    }

    private save(sense: Sense, plan: WakePlan, sleepS: number): void {
        this.savedAtMs = sense.uptimeMs
        this.memory.clock = this.clock.kept(sense.uptimeMs, plan, sleepS)
        this.deeds.push({ what: "save", rows: trackerRows(this.memory) })
    }

    private instant(sense: Sense): { timeDs: number | undefined; uptimeDs: number | undefined } {
        const utcS = this.utcS(sense)
        return {
            timeDs: utcS < 0 ? undefined : utcS * 10,
            uptimeDs: Math.floor(sense.uptimeMs / 100),
        }
    }

    /** An event is a record of its own, and goes out at once. */
    private tell(sense: Sense, event: number, args: number[]): void {
        const instant = this.instant(sense)
        const body = encodeEvent({ kind: "event", instant: instant, event: event, args: args })
        this.post(MessageType.event, body, this.clock.atS(sense.uptimeMs))
    }

    private post(type: number, body: Buffer, atS: number): void {
        this.deeds.push({ what: "post", type: type, body: body })
        if (this.memory.notes.eventAtS < 0) this.memory.notes.eventAtS = atS
    }
}

/** The same, connected all the time. */
function awake(profile: Profile): Profile {
    const copy = withOverrides(profile, newOverrides())
    copy.staysAwake = true
    return copy
}

function hasSide(sides: WatchedSide[], stamp: number): boolean {
    return sides.some((one) => one.stamp === stamp)
}
