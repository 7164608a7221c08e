// What the sensor node does, tick by tick: from what it remembers, what it senses and what time it is to
// what there is to be done. Reading `tick` is reading the node. Nothing here touches a bus or a socket,
// so the same code runs on the node and on Node (sensor-loop.ts, simulator/fleet/model-sensor.ts).

import { MessageType } from "../../protocol/envelope.js"
import { QuantityNumber } from "../../protocol/quantity.js"
import { isRestartDue } from "./daily-restart.js"
import { type DeviceClock, WakePlan } from "./device-clock.js"
import { heartbeatAtS, sleepCutShort, uploadAtS, type Waiting } from "./heartbeat.js"
import { LinkWindow } from "./link-window.js"
import type { Profile } from "./profile.js"
import { type NodeMemory, noBatch, nodeRows } from "./sensor-memory.js"
import type { Moment } from "./sensor-moment.js"
import type { Measured } from "./sensor-part.js"
import type { Post, SensorReporter } from "./sensor-reporter.js"
import { STATUS_EVERY_S, statusBody } from "./sensor-status.js"

/** What the board says at a tick. */
export interface NodeSense {
    /** Milliseconds of this boot. */
    uptimeMs: number
    /** What the parts gave of what was asked for; undefined where nothing was. */
    measured: Measured[] | undefined
    isUp: boolean
    isDown: boolean
    /** Since the tick before. */
    acks: number
    exceptions: number
    /** Records that wait for an ack. */
    queued: number
    thinned: number
    /** The session's counter, and the number that its next record gets. */
    session: number
    nextSeq: number
}

/** What there is to be done, in this order. */
export type NodeDeed =
    | { what: "measure"; quantities: number[] }
    /** A record of its own. */
    | { what: "post"; type: number; body: Buffer }
    /** The clock is doubtful: the gateway is to tell the time. */
    | { what: "ask-time" }
    /** Keep these rows. */
    | { what: "save"; rows: number[][] }
    | { what: "sleep"; ms: number }
    | { what: "reboot" }

/** What does not change while the program runs. */
export interface NodeParts {
    memory: NodeMemory
    clock: DeviceClock
    reporter: SensorReporter
    /** It sleeps between samples: the board has FRAM, and the bench has said nothing else. */
    maySleep: boolean
    /** What it keeps outlives a reset. */
    isLasting: boolean
    /** The contact pulses the board's reset: it is read at each start, and else by its heartbeat. */
    isContactWired: boolean
    /** A ResetCause. */
    resetCause: number
    programHash: Buffer
}

/** What a power cut may cost of what is remembered, beside readings. */
const SAVE_EVERY_MS = 60000
/** A shorter sleep costs more than it saves: 1.5 s of boot, and the parts anew. */
const SLEEP_LEAST_MS = 5000
/** From the end of a sleep to the first tick. */
const START_MS = 1500
/** An order waits this long at most on a node that is awake. */
const LOOK_MS = 5000
const LOOK_MS_LEAST = 10
/** With a window open, or the link on its way down. */
const WINDOW_LOOK_MS = 250
/**
 * A clock that may be further off asks the gateway, in a window that is open for something else: by the
 * timer's 5 % that is after three minutes of sleep, awake after five days.
 */
const DOUBT_S_MAX = 10
/** A gateway that does not tell the time is asked no more often. */
const ASK_EVERY_S = 3600

export class SensorCycle {
    /** The link is to be up. */
    wantsLink = false
    memory: NodeMemory
    clock: DeviceClock
    private reporter: SensorReporter
    private window = new LinkWindow()
    /** What windows and heartbeats read of a profile; a node has nothing else of one. */
    private pace: Profile
    private isFirst = true
    /** Quantities that are being measured. */
    private asked: number[] = []
    private isFlushed = false
    /** Something is remembered that a power cut must not cost. */
    private hasNews = false
    private savedAtMs = 0
    private deeds: NodeDeed[] = []

    constructor(private parts: NodeParts) {
        this.memory = parts.memory
        this.clock = parts.clock
        this.reporter = parts.reporter
        this.pace = {
            staysAwake: !parts.maySleep,
            heartbeatS: STATUS_EVERY_S,
            holdS: 0,
        } as Profile
    }

    tick(sense: NodeSense): NodeDeed[] {
        this.deeds = []
        const moment = this.momentOf(sense)
        if (this.isFirst) this.begin()
        this.isFirst = false
        this.memory.notes.exceptions += sense.exceptions
        this.sample(sense, moment)
        this.speak(sense, moment)
        this.rest(sense, moment)
        return this.deeds
    }

    /** When to tick again at the latest, in milliseconds. */
    idleMs(uptimeMs: number): number {
        if (this.asked.length > 0) return LOOK_MS_LEAST
        if (this.parts.maySleep) return WINDOW_LOOK_MS
        const nextAtS = this.reporter.nextAtS()
        if (nextAtS === undefined) return LOOK_MS
        // What is due falls on whole seconds of the clock; up to one late is soon enough.
        const ms = (nextAtS - this.clock.atS(uptimeMs)) * 1000
        return Math.max(LOOK_MS_LEAST, Math.min(LOOK_MS, ms))
    }

    /** A command sets how long a reading may wait for company, in seconds. */
    setHold(holdS: number): void {
        this.memory.notes.holdS = holdS
        this.reporter.holdS = holdS
        this.hasNews = true
    }

    private begin(): void {
        const memory = this.memory
        memory.notes.boots++
        if (this.clock.cutShortS > 0)
            memory.heartbeat = sleepCutShort(memory.heartbeat, this.clock.cutShortS)
        // What was planned has happened: a reset from here on is one that nobody planned.
        this.hasNews = true
        if (this.parts.isContactWired) this.reporter.hasten(QuantityNumber.contact)
    }

    private momentOf(sense: NodeSense): Moment {
        const utcDs = this.clock.utcDs(sense.uptimeMs)
        return {
            atS: this.clock.atS(sense.uptimeMs),
            uptimeDs: Math.floor(sense.uptimeMs / 100),
            timeDs: utcDs < 0 ? undefined : utcDs,
        }
    }

    /** Takes in what was measured, and asks for what is due. */
    private sample(sense: NodeSense, moment: Moment): void {
        const measured = sense.measured
        if (this.asked.length > 0 && measured !== undefined) {
            const posts = this.reporter.take(this.asked, measured, moment)
            this.asked = []
            this.hasNews = true
            this.postAll(posts, sense)
        }
        if (this.mayClose(sense, moment)) this.postAll(this.reporter.due(moment), sense)
        if (this.asked.length > 0) return
        const due = this.reporter.dueQuantities(moment.atS)
        if (due.length === 0) return
        this.asked = due
        this.deeds.push({ what: "measure", quantities: due })
    }

    /** Signs of life, what waits to be sent, and the time. */
    private speak(sense: NodeSense, moment: Moment): void {
        const { memory } = this
        const notes = memory.notes
        const hasPosted = this.hasPosted()
        // What this very tick has made is not in what was sensed.
        if (sense.queued === 0 && !hasPosted) notes.waitsAtS = -1
        else if (notes.waitsAtS < 0) notes.waitsAtS = moment.atS
        const link = {
            uptimeMs: sense.uptimeMs,
            atS: moment.atS,
            isUp: sense.isUp,
            acks: sense.acks,
            queued: sense.queued + (hasPosted ? 1 : 0),
            kept: 0,
        }
        const step = this.window.step(memory.heartbeat, this.waiting(), this.pace, link, false)
        memory.heartbeat = step.heartbeat
        this.wantsLink = this.window.isOpen
        const isQuiet = notes.statusAtS < 0 || moment.atS - notes.statusAtS >= STATUS_EVERY_S
        // What is being measured is to be in it.
        if (isQuiet && this.asked.length === 0) this.postStatus(sense, moment)
        if (!this.window.isOpen) this.isFlushed = false
        if (!this.window.isOpen || !sense.isUp) return
        const isTimed = moment.timeDs !== undefined || sense.queued === 0
        if (this.parts.maySleep && !this.isFlushed && isTimed && this.asked.length === 0) {
            // The window is open: what waits for company goes along; without UTC, behind the hello,
            // whose ack brings it.
            this.isFlushed = true
            this.postAll(this.reporter.flush(moment), sense)
        }
        if (sense.queued === 0 && !this.hasPosted()) this.askTime(sense, moment)
    }

    private askTime(sense: NodeSense, moment: Moment): void {
        const notes = this.memory.notes
        const isKnown = this.clock.utcDs(sense.uptimeMs) >= 0
        if (isKnown && this.clock.utcDoubtS(sense.uptimeMs) <= DOUBT_S_MAX) return
        if (notes.askedAtS >= 0 && moment.atS - notes.askedAtS < ASK_EVERY_S) return
        notes.askedAtS = moment.atS
        this.deeds.push({ what: "ask-time" })
    }

    /** Sleeps when nothing is under way, and starts anew each day. */
    private rest(sense: NodeSense, moment: Moment): void {
        const { parts, reporter } = this
        const isBusy = this.asked.length > 0 || this.hasPosted()
        const isUploading = sense.isUp && sense.queued > 0
        const isEmpty = reporter.isEmpty() && sense.queued === 0
        const isSafe = parts.isLasting ? this.isKept() && !isUploading : isEmpty
        if (isRestartDue(Math.floor(sense.uptimeMs / 1000), isSafe && !isBusy)) {
            this.save(sense, WakePlan.dailyReboot, 0)
            this.deeds.push({ what: "reboot" })
            return
        }
        const isAsking = this.deeds.some((deed) => deed.what === "ask-time")
        const isLinked = this.window.isOpen || !sense.isDown
        const mayRest = parts.maySleep && !isBusy && !isAsking && !isLinked
        if (mayRest) this.closeEarly(sense, moment)
        if (this.hasNews || isAsking || sense.uptimeMs - this.savedAtMs >= SAVE_EVERY_MS)
            this.save(sense, WakePlan.none, 0)
        if (!mayRest || this.hasPosted()) return
        const sleepMs = this.sleepMs(moment)
        if (sleepMs < SLEEP_LEAST_MS) return
        this.save(sense, WakePlan.sleep, sleepMs / 1000)
        this.deeds.push({ what: "sleep", ms: sleepMs })
    }

    /**
     * While there is no way to the gateway a body gains nothing by being closed, and the queue holds
     * the more readings the fuller they are.
     */
    private mayClose(sense: NodeSense, moment: Moment): boolean {
        return this.parts.maySleep ? this.sendableAtS(moment.atS) <= moment.atS : sense.isUp
    }

    /** When what is to be sent at `atS` can be, at the earliest. */
    private sendableAtS(atS: number): number {
        return uploadAtS(this.memory.heartbeat, { fixAtS: -1, eventAtS: atS }, this.pace)
    }

    /** Closes what waits where no sleep keeps it, or where a wake would come for nothing else. */
    private closeEarly(sense: NodeSense, moment: Moment): void {
        const closeAtS = this.reporter.closeAtS()
        const sampleAtS = this.reporter.sampleAtS()
        if (closeAtS === undefined) return
        const isNext = sampleAtS === undefined || closeAtS <= sampleAtS
        if (this.isKept() && !(isNext && this.mayClose(sense, moment))) return
        this.postAll(this.reporter.flush(moment), sense)
    }

    /** Nothing waits in RAM that a reset which was planned would cost. */
    private isKept(): boolean {
        return this.reporter.isEmpty() || this.reporter.batchRows().length > 0
    }

    private sleepMs(moment: Moment): number {
        const { memory, reporter } = this
        const statusAtS = memory.notes.statusAtS + STATUS_EVERY_S
        let nextAtS = Math.min(heartbeatAtS(memory.heartbeat, this.pace), statusAtS)
        const sampleAtS = reporter.sampleAtS()
        if (sampleAtS !== undefined) nextAtS = Math.min(nextAtS, sampleAtS)
        const closeAtS = reporter.closeAtS()
        if (closeAtS !== undefined) nextAtS = Math.min(nextAtS, this.sendableAtS(closeAtS))
        const sentAtS = uploadAtS(memory.heartbeat, this.waiting(), this.pace)
        if (sentAtS >= 0) nextAtS = Math.min(nextAtS, sentAtS)
        return (nextAtS - moment.atS) * 1000 - START_MS
    }

    private waiting(): Waiting {
        return { fixAtS: -1, eventAtS: this.memory.notes.waitsAtS }
    }

    private hasPosted(): boolean {
        return this.deeds.some((deed) => deed.what === "post")
    }

    /**
     * Posts, each body of readings behind a note of which record it is about to become: a power cut
     * between that and the end of the tick neither loses it nor sends it twice.
     */
    private postAll(posts: Post[], sense: NodeSense): void {
        for (const post of posts) {
            if (this.parts.isLasting && post.batch.length > 0) {
                let before = 0
                for (const deed of this.deeds) if (deed.what === "post") before++
                this.keep(sense, WakePlan.none, 0)
                this.memory.batch = {
                    rows: post.batch,
                    session: sense.session,
                    seq: sense.nextSeq + before,
                }
                this.deeds.push({ what: "save", rows: nodeRows(this.memory) })
            }
            this.hasNews = true
            this.deeds.push({ what: "post", type: post.type, body: post.body })
        }
    }

    private postStatus(sense: NodeSense, moment: Moment): void {
        const notes = this.memory.notes
        const body = statusBody(
            {
                batteryMv: this.reporter.lastOf(QuantityNumber.voltage),
                queued: sense.queued,
                thinned: sense.thinned,
                boots: notes.boots,
                resetCause: this.parts.resetCause,
                programHash: this.parts.programHash,
                hasSensorFault: this.reporter.hasFault(),
                isLasting: this.parts.isLasting,
                hasException: notes.exceptions > 0,
            },
            moment,
        )
        this.deeds.push({ what: "post", type: MessageType.telemetry, body: body })
        this.hasNews = true
        notes.exceptions = 0
        notes.statusAtS = moment.atS
    }

    private save(sense: NodeSense, plan: WakePlan, sleepS: number): void {
        this.keep(sense, plan, sleepS)
        this.hasNews = false
        this.savedAtMs = sense.uptimeMs
        this.deeds.push({ what: "save", rows: nodeRows(this.memory) })
    }

    private keep(sense: NodeSense, plan: WakePlan, sleepS: number): void {
        const { memory, reporter } = this
        const contact = reporter.lastOf(QuantityNumber.contact)
        memory.notes.contact = contact === undefined ? -1 : contact
        memory.clock = this.clock.kept(sense.uptimeMs, plan, sleepS)
        memory.samples = reporter.rows()
        memory.batch = noBatch()
        memory.batch.rows = reporter.batchRows()
    }
}
