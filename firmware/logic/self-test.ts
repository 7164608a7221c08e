// The board proves itself, at the bench before it is sealed or later by an order: each part passes,
// fails or is not fitted, told on the console as soon as it is known, and all of it in an event. It
// watches what the tracker does anyway; while it runs the tracker stays awake, keeps its window open
// and searches without giving up. A line for each part, in any order, and one that ends it:
//
//     self-test: receiver pass ubx address=42
//     self-test: battery not-fitted
//     self-test: network fail not-joined
//     self-test: fail passed=151 failed=96 took-s=180
//
// Sums are of SelfTestPart; what stands behind an outcome is docs/tracker.md's.

import { SelfTestPart } from "../../protocol/event.js"
import type { Deed } from "./deed.js"
import type { BatteryKind } from "./energy-model.js"
import { UBLOX_ADDRESS } from "./receiver.js"
import { healthName, ReceiverHealth, type ReceiverMemory } from "./receiver-memory.js"
import { ReceiverKind } from "./receiver-setup.js"
import { isSky } from "./search-time.js"
import { SelfTestTally } from "./self-test-tally.js"
import type { Sense } from "./sense.js"
import type { ReceiverSignal } from "./signal.js"
import type { TrackerMemory } from "./tracker-memory.js"

/** What is not known by then fails: a cold start at a window, a second try of everything else. */
export const SELF_TEST_LIMIT_S = 180
/** Without a fix by then the levels decide: twice what a cold receiver at a window needs (60 s). */
export const SELF_TEST_SEARCH_S = 120

/** Notes.selfTested while no program has been tested, and while an order waits for its test. */
export const NEVER_TESTED = -1
const TEST_ORDERED = -2

/** Recoveries in vain after which the receiver is given up: it has been reset and looked for anew. */
const STRIKES_MAX = 3
const FIRST_FIX_MAX_DS = 36000
const CN0_MAX = 99

/** What a fresh battery should show with the chip awake, in millivolts, by BatteryKind: estimates. */
const BATTERY_MV: number[][] = [
    // Some 1.8 V a cell without load (Energizer L91); 2.9 V is where a pair stands in mid-life.
    [2900, 3700],
    // 3.67 V without load; a cell that has rested for long sags to 3.4 V until it is used.
    [3400, 3800],
    // A third full, to full.
    [3600, 4250],
]

export interface SelfTestParts {
    /** The bench wants one: once for a program where that can be kept, else at each start. */
    isAsked: boolean
    /** Motion pulses the board's reset: there must be an accelerometer. */
    canWake: boolean
    hasFram: boolean
    battery: BatteryKind
    programHash: Buffer
}

export interface SelfTestStep {
    /** Lines to say and parts to test. */
    deeds: Deed[]
    /** Arguments of the event, once it has ended. */
    event: number[] | undefined
    /** What is remembered of it has changed and is to be kept now. */
    isNews: boolean
}

export class SelfTest {
    isRunning = false
    /** It has begun, and nothing has been said or tested yet. */
    private isAtStart = false
    private isOrdered = false
    private startedAtMs = 0
    private tally = new SelfTestTally()
    private firstFixDs = 0
    /** As it was found: what the receiver said of another search is no proof. */
    private oldSignal: ReceiverSignal | undefined = undefined
    private bestCn0 = 0
    private fourthCn0 = 0
    private isNetworkAsked = false
    /** The broker has let it in. */
    private wasConnected = false

    constructor(private parts: SelfTestParts) {}

    /** Somebody has ordered one. It begins with the next step; one that runs is the answer. */
    order(): void {
        this.isOrdered = !this.isRunning
    }

    /** Satellites are to be searched, whatever the search discipline says. */
    isSearching(): boolean {
        return this.isRunning && this.tally.isOpen(SelfTestPart.signal)
    }

    /** To be called at each tick. It changes `memory.notes`, and of the receiver what it held against it. */
    step(sense: Sense, memory: TrackerMemory): SelfTestStep {
        const step: SelfTestStep = { deeds: [], event: undefined, isNews: false }
        if (this.isRunning) this.goOn(step, sense, memory)
        else if (this.isDue(memory)) this.begin(step, sense, memory)
        for (const line of this.tally.lines) step.deeds.push({ what: "say", line: line })
        this.tally.lines = []
        return step
    }

    private goOn(step: SelfTestStep, sense: Sense, memory: TrackerMemory): void {
        const tally = this.tally
        const tookS = Math.floor((sense.uptimeMs - this.startedAtMs) / 1000)
        const isLate = tookS >= SELF_TEST_LIMIT_S
        if (this.isAtStart) this.open(step, sense)
        for (const test of sense.tested) {
            if (test.isGood) tally.pass(test.part, test.detail)
            else tally.fail(test.part, test.detail)
        }
        this.judgeReceiver(sense, memory.receiver, isLate)
        this.judgeSignal(sense, tookS >= SELF_TEST_SEARCH_S)
        this.judgeBattery(sense)
        this.judgeNetwork(step, sense, isLate)
        this.judgeGateway(sense, tookS, isLate)
        if (isLate) tally.fail(SelfTestPart.accelerometer, "no-answer")
        if (isLate) tally.fail(SelfTestPart.memory, "no-answer")
        if (tally.isDone()) this.end(step, memory, tookS)
    }

    private isDue(memory: TrackerMemory): boolean {
        const tested = memory.notes.selfTested
        if (this.isOrdered || tested === TEST_ORDERED) return true
        return this.parts.isAsked && tested !== this.program()
    }

    private begin(step: SelfTestStep, sense: Sense, memory: TrackerMemory): void {
        this.isRunning = true
        this.isAtStart = true
        this.startedAtMs = sense.uptimeMs
        this.tally = new SelfTestTally()
        this.firstFixDs = 0
        this.oldSignal = sense.signal
        this.bestCn0 = 0
        this.fourthCn0 = 0
        this.isNetworkAsked = false
        this.wasConnected = false
        // Without power it begins anew, though nobody orders it again.
        step.isNews = this.isOrdered
        if (this.isOrdered) memory.notes.selfTested = TEST_ORDERED
        this.isOrdered = false
        askAnew(memory.receiver)
        step.deeds.push({ what: "read-gauge" })
    }

    /**
     * A tick later than it has begun: in one with the first status of a start it would be more than the
     * 131,072 steps that the machine allows without a rest.
     */
    private open(step: SelfTestStep, sense: Sense): void {
        this.isAtStart = false
        this.tally.say(`start limit-s=${SELF_TEST_LIMIT_S}`)
        if (this.parts.hasFram) step.deeds.push({ what: "test-part", part: SelfTestPart.memory })
        else this.tally.leaveOut(SelfTestPart.memory, "queue-in-ram")
        if (sense.hasAccelerometer)
            step.deeds.push({ what: "test-part", part: SelfTestPart.accelerometer })
        else if (this.parts.canWake) this.tally.fail(SelfTestPart.accelerometer, "missing")
        else this.tally.leaveOut(SelfTestPart.accelerometer, "")
        this.judgeProgram()
    }

    private end(step: SelfTestStep, memory: TrackerMemory, tookS: number): void {
        this.isRunning = false
        memory.notes.selfTested = this.program()
        const tally = this.tally
        tally.end(tookS)
        const bestCn0 = Math.min(this.bestCn0, CN0_MAX)
        step.event = [tally.passed, tally.failed, this.firstFixDs, bestCn0]
        step.isNews = true
    }

    private judgeReceiver(sense: Sense, receiver: ReceiverMemory, isLate: boolean): void {
        const isNmea = receiver.kind === ReceiverKind.nmea
        const health = receiver.health
        const isRefusing = health === ReceiverHealth.refusing
        // A fix may come before the set-up has ended, and nobody asks the receiver any more.
        const isHeard = health === ReceiverHealth.ok || (sense.fixes.length > 0 && !isRefusing)
        const isGivenUp = receiver.strikes >= STRIKES_MAX || isLate
        if (isHeard) {
            const address = isNmea ? receiver.address : UBLOX_ADDRESS
            const hex = Buffer.from([address]).toString("hex")
            this.tally.pass(SelfTestPart.receiver, `${isNmea ? "nmea" : "ubx"} address=${hex}`)
        } else if (isGivenUp || (isNmea && isRefusing))
            this.tally.fail(SelfTestPart.receiver, healthName(health))
    }

    /** A fix; else what would bring one under the sky. */
    private judgeSignal(sense: Sense, isOver: boolean): void {
        if (!this.tally.isOpen(SelfTestPart.signal)) return
        if (sense.signal !== this.oldSignal) {
            this.bestCn0 = Math.max(this.bestCn0, sense.signal.bestCn0)
            this.fourthCn0 = Math.max(this.fourthCn0, sense.signal.fourthCn0)
        }
        const levels = `best-dbhz=${this.bestCn0} fourth-dbhz=${this.fourthCn0}`
        if (sense.fixes.length > 0) {
            const tookDs = Math.floor((sense.uptimeMs - this.startedAtMs) / 100)
            this.firstFixDs = Math.max(1, Math.min(tookDs, FIRST_FIX_MAX_DS))
            this.tally.pass(SelfTestPart.signal, `first-fix-ds=${this.firstFixDs} ${levels}`)
        } else if (isOver || (this.tally.failed & SelfTestPart.receiver) !== 0) {
            const heard = { tookMs: 0, heard: sense.signal.heard, fourthCn0: this.fourthCn0 }
            if (isSky(heard)) this.tally.pass(SelfTestPart.signal, levels)
            else this.tally.fail(SelfTestPart.signal, levels)
        }
    }

    /** The gauge has been read after the test began. */
    private judgeBattery(sense: Sense): void {
        if (!sense.hasGauge) {
            this.tally.leaveOut(SelfTestPart.battery, "")
            return
        }
        const range = BATTERY_MV[this.parts.battery]
        const isGood = sense.batteryMv >= range[0] && sense.batteryMv <= range[1]
        const detail = `mv=${sense.batteryMv} least=${range[0]} most=${range[1]}`
        if (isGood) this.tally.pass(SelfTestPart.battery, detail)
        else this.tally.fail(SelfTestPart.battery, detail)
    }

    /** Sockets can be opened; then how strong the network is. */
    private judgeNetwork(step: SelfTestStep, sense: Sense, isLate: boolean): void {
        if (sense.isJoined && !this.isNetworkAsked) {
            this.isNetworkAsked = true
            step.deeds.push({ what: "test-part", part: SelfTestPart.network })
        }
        if (isLate)
            this.tally.fail(SelfTestPart.network, sense.isJoined ? "no-answer" : "not-joined")
    }

    /** An ack opens under our key alone, and for a record that opened under it. */
    private judgeGateway(sense: Sense, tookS: number, isLate: boolean): void {
        if (sense.isUp) this.wasConnected = true
        if (sense.acks > 0) this.tally.pass(SelfTestPart.gateway, `ack-s=${tookS}`)
        else if (isLate)
            this.tally.fail(SelfTestPart.gateway, this.wasConnected ? "no-ack" : "no-connection")
    }

    /** Whether it is the right one, the bench knows. */
    private judgeProgram(): void {
        const hash = this.parts.programHash
        if (hash.length === 0) this.tally.fail(SelfTestPart.program, "unknown")
        else this.tally.pass(SelfTestPart.program, `sha256=${hash.toString("hex")}`)
    }

    /** Which program it is, by the first 32 bits of its hash. */
    private program(): number {
        let word = 0
        const bytes = Math.min(4, this.parts.programHash.length)
        for (let i = 0; i < bytes; i++) word = word * 256 + this.parts.programHash[i]
        return word
    }
}

/** What was held against the receiver, or for it, is from before: it is tried at once. */
function askAnew(receiver: ReceiverMemory): void {
    receiver.strikes = 0
    receiver.restUntilS = 0
    // One that refuses our settings is not told again until it is looked for anew.
    if (receiver.health !== ReceiverHealth.refusing) receiver.health = ReceiverHealth.unknown
}
