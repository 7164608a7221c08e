// The receiver from the outside: found, configured, watched, recovered and switched off. Every decision
// is here, as a function of what the bus gave and of the time; the driver moves bytes. Nothing here
// throws, nothing resets the board, and a receiver that stays bad is asked ever more seldom.
//
//     start ─▶ probe (what is it?) ─▶ set up ─▶ run ─▶ off
//       ▲                                │        │
//       └───── rest ◀─ hot reset ◀─ set up again ◀┘  by strikes, cleared by the first solution

import type { Fix } from "../../protocol/fix.js"
import { aidFrames, type ReceiverAid } from "./aiding.js"
import { fixOf, readNavPvt } from "./nav-pvt.js"
import { NmeaReader } from "./nmea.js"
import { fixOfEpoch } from "./nmea-epoch.js"
import { AnswerScanner } from "./receiver-answers.js"
import { ReceiverHealth, type ReceiverMemory } from "./receiver-memory.js"
import { resetFrame, standbyFrame } from "./receiver-power.js"
import { ReceiverKind, ReceiverSetup } from "./receiver-setup.js"
import {
    MON_VER,
    newSignal,
    type ReceiverSignal,
    signalPolls,
    withAnswer,
    withLevels,
} from "./signal.js"
import { UbxScanner, ubxFrame } from "./ubx.js"

export const UBLOX_ADDRESS = 0x42
/** u-blox, then MediaTek (L76, SL869-V2, PA1010D) and ST Teseo, which send NMEA without being asked. */
const ADDRESSES = [UBLOX_ADDRESS, 0x10, 0x3a]

export type ReceiverInput =
    | { what: "on"; aid: ReceiverAid | undefined }
    /** `forS`: how long it may sleep, 0 for until it is woken by its pin. */
    | { what: "off"; forS: number }
    | { what: "bytes"; bytes: Buffer }
    /** The bus was read: so many bytes waited, or -1 when nobody answered or the count was absurd. */
    | { what: "polled"; waiting: number }
    | { what: "ask-signal" }

export type ReceiverAction =
    | { what: "write"; address: number; bytes: Buffer }
    /** An edge on the wake pin, where the board has it wired. */
    | { what: "wake" }

/** Where to read now. A u-blox counts what waits; the others are read blindly. */
export interface ReceiverPort {
    address: number
    isCounted: boolean
}

/** The search since the receiver was switched on. Times in ms of this boot; -1 while there is none. */
export interface ReceiverSearch {
    startedAtMs: number
    firstByteAtMs: number
    firstFixAtMs: number
    fixes: number
    /** Best of them, in decimetres; -1 without a fix. */
    bestAccuracyDm: number
}

const enum State {
    off,
    probe,
    setUp,
    run,
    rest,
}

/** After it wakes or resets, the receiver may be dead to the bus for so long. */
const START_MS = 3000
const FAULTS_MAX = 3
const VERSION_TRIES_MAX = 2
const VERSION_WAIT_MS = 1000
/** NMEA comes each second, and a slow receiver's each other. */
const LISTEN_MS = 4000
/** A configured receiver that sends no solution for this long has lost its settings. */
const SILENCE_MS = 10000
/** In cyclic tracking it may skip two. */
const SILENCE_PERIODS = 3
/** The receiver's whole buffer without one good frame of ours: noise, or another stream. */
const BABBLE_BYTES = 4096
const REST_MS_MIN = 10000
const REST_MS_MAX = 3600000
/** The strike that resets, and from which on it rests. */
const STRIKE_RESET = 2
const STRIKE_REST = 3
const STRIKES_MAX = 15
const OFF_SETTLE_MS = 1000
const OFF_TRIES_MAX = 3
/** Answers to a poll come within a second; then nobody looks for more. */
const ANSWER_MS = 5000
const FIXES_MAX = 64

export class Receiver {
    /** Oldest first, to be taken out; past 64 the oldest goes. */
    fixes: Fix[] = []
    signal: ReceiverSignal = newSignal()
    /** When the signal was last told, in ms of this boot; -1 never. */
    signalAtMs = -1
    search: ReceiverSearch = newSearch(0)
    /** A day since 1970 that is over, if one is known: puts right receivers in a wrong GPS era. */
    earliestDays = 0
    private state: State = State.probe
    private scanner = new UbxScanner()
    private answers = new AnswerScanner()
    private nmea = new NmeaReader()
    private setup = new ReceiverSetup(ReceiverKind.unknown, 1)
    private aid: ReceiverAid | undefined = undefined
    private candidate = 0
    private isAnswering = false
    private faults = 0
    private tries = 0
    private isReset = false
    private sinceMs = 0
    private heardAtMs = 0
    private strayBytes = 0
    private sentences = 0
    private askedAtMs = 0 - ANSWER_MS
    private asked: ReceiverSignal = newSignal()

    /**
     * `memory` is changed in place and is to be kept over sleeps. `bootS` is the device clock when
     * this boot's milliseconds began; `periodS` the seconds between solutions, 2 to 10 in cyclic
     * tracking; `hasWakePin` whether "wake" does something.
     */
    constructor(
        public memory: ReceiverMemory,
        private bootS: number,
        private periodS: number,
        private hasWakePin: boolean,
    ) {
        if (memory.isOff === 1) {
            this.state = State.off
            this.tries = OFF_TRIES_MAX
        } else if (memory.strikes >= STRIKE_REST) this.state = State.rest
        else this.begin(0)
    }

    /** Where to read now, or undefined when the bus is to be left alone. */
    port(nowMs: number): ReceiverPort | undefined {
        if (this.state === State.off) {
            const isDue = nowMs - this.sinceMs >= OFF_SETTLE_MS && this.tries < OFF_TRIES_MAX
            return isDue ? this.portHere() : undefined
        }
        if (this.state === State.rest) {
            if (this.atS(nowMs) < this.memory.restUntilS) return undefined
            this.isReset = true
            this.begin(nowMs)
        }
        if (nowMs < this.sinceMs) return undefined
        return this.portHere()
    }

    step(input: ReceiverInput, nowMs: number): ReceiverAction[] {
        switch (input.what) {
            case "on":
                return this.switchOn(input.aid, nowMs)
            case "off":
                return this.switchOff(input.forS, nowMs)
            case "bytes":
                this.take(input.bytes, nowMs)
                return []
            case "polled":
                return this.polled(input.waiting, nowMs)
            case "ask-signal":
                return this.askSignal(nowMs)
        }
    }

    private switchOn(aid: ReceiverAid | undefined, nowMs: number): ReceiverAction[] {
        const memory = this.memory
        const wasOff = memory.isOff === 1
        this.search = newSearch(nowMs)
        this.fixes = []
        memory.isOff = 0
        // Out of standby it knows time and place better than we do.
        this.aid = wasOff ? undefined : aid
        if (memory.strikes >= STRIKE_REST && this.atS(nowMs) < memory.restUntilS) {
            this.state = State.rest
            return []
        }
        this.begin(nowMs)
        if (!wasOff) return []
        if (this.hasWakePin) return [{ what: "wake" }]
        if (memory.wakesAtS > 0)
            this.sinceMs = Math.max(nowMs, (memory.wakesAtS - this.bootS) * 1000)
        return []
    }

    private switchOff(forS: number, nowMs: number): ReceiverAction[] {
        const memory = this.memory
        this.state = State.off
        this.sinceMs = nowMs
        this.tries = 0
        this.nmea.reset()
        memory.wakesAtS = forS > 0 ? this.atS(nowMs) + forS : 0
        // Of another maker's standby command none is known here: a board with one switches its supply.
        if (memory.kind === ReceiverKind.nmea || memory.health === ReceiverHealth.missing) {
            this.tries = OFF_TRIES_MAX
            return []
        }
        memory.isOff = 1
        return [this.standby(nowMs)]
    }

    private standby(nowMs: number): ReceiverAction {
        const wakesAtS = this.memory.wakesAtS
        const forS = wakesAtS > 0 ? Math.max(1, wakesAtS - this.atS(nowMs)) : 0
        return this.write(standbyFrame(this.memory.kind, forS))
    }

    private askSignal(nowMs: number): ReceiverAction[] {
        if (this.state !== State.run) return []
        if (this.memory.kind === ReceiverKind.nmea) {
            this.signal = withLevels(newSignal(), this.nmea.signal, -1)
            this.signalAtMs = nowMs
            return []
        }
        this.askedAtMs = nowMs
        this.asked = newSignal()
        const polls = signalPolls(this.memory.kind === ReceiverKind.current)
        const frames = polls.map((id) => poll(id))
        return this.writes(frames)
    }

    private take(bytes: Buffer, nowMs: number): void {
        this.scanner.push(bytes)
        this.strayBytes += bytes.length
        for (const frame of this.scanner.frames) {
            this.strayBytes = 0
            if (frame.kind !== "pvt") this.setup.answered(frame.kind === "ack", frame.payload)
            else if (this.memory.kind !== ReceiverKind.nmea) {
                this.solved(nowMs)
                this.accept(fixOf(readNavPvt(frame.payload)), nowMs)
            }
        }
        this.scanner.frames = []
        if (this.state === State.probe || nowMs - this.askedAtMs < ANSWER_MS) {
            this.answers.push(bytes)
            this.takeAnswers(nowMs)
        }
        if (this.memory.kind === ReceiverKind.nmea || this.state !== State.run) {
            this.nmea.push(bytes)
            this.takeEpochs(nowMs)
        }
    }

    private takeAnswers(nowMs: number): void {
        for (const answer of this.answers.answers) {
            this.strayBytes = 0
            if (answer.id !== MON_VER) {
                this.asked = withAnswer(this.asked, answer)
                this.signal = this.asked
                this.signalAtMs = nowMs
            } else if (this.state === State.probe) {
                this.memory.kind = kindOfVersion(answer.bytes)
                this.beginSetUp()
            }
        }
        this.answers.answers = []
    }

    private takeEpochs(nowMs: number): void {
        const isOurs = this.memory.kind === ReceiverKind.nmea
        for (const epoch of this.nmea.epochs) {
            this.sentences++
            this.strayBytes = 0
            if (!isOurs) continue
            this.solved(nowMs)
            this.accept(fixOfEpoch(epoch, this.earliestDays), nowMs)
        }
        this.nmea.epochs = []
    }

    /** A solution came, fix or not: the receiver works. One that refuses us keeps that name. */
    private solved(nowMs: number): void {
        this.heardAtMs = nowMs
        if (this.state !== State.run) return
        this.memory.strikes = 0
        if (this.memory.health !== ReceiverHealth.refusing) this.memory.health = ReceiverHealth.ok
    }

    private accept(fix: Fix | undefined, nowMs: number): void {
        if (fix === undefined) return
        const search = this.search
        this.fixes.push(fix)
        if (this.fixes.length > FIXES_MAX) this.fixes.shift()
        search.fixes++
        if (search.firstFixAtMs < 0) search.firstFixAtMs = nowMs
        if (search.bestAccuracyDm < 0 || fix.accuracyDm < search.bestAccuracyDm)
            search.bestAccuracyDm = fix.accuracyDm
    }

    private polled(waiting: number, nowMs: number): ReceiverAction[] {
        if (this.state === State.off) return this.checkOff(waiting, nowMs)
        if (waiting < 0) {
            this.faults++
            if (this.faults >= FAULTS_MAX && nowMs - this.sinceMs >= START_MS)
                this.passOver(ReceiverHealth.missing, nowMs)
            return []
        }
        this.faults = 0
        this.isAnswering = true
        if (waiting > 0 && this.search.firstByteAtMs < 0) this.search.firstByteAtMs = nowMs
        if (waiting === 0) {
            this.nmea.finish()
            this.takeEpochs(nowMs)
        }
        if (this.isReset) return this.reset(nowMs)
        const actions = this.aidActions()
        if (this.state === State.probe) this.probe(nowMs, actions)
        if (this.state === State.setUp) this.configure(nowMs, actions)
        if (this.state === State.run) this.watch(nowMs)
        return actions
    }

    /** Asks a u-blox what it is; listens whether anything else sends NMEA. */
    private probe(nowMs: number, actions: ReceiverAction[]): void {
        if (this.addressHere() === UBLOX_ADDRESS) {
            if (nowMs - this.heardAtMs < VERSION_WAIT_MS && this.tries > 0) return
            this.heardAtMs = nowMs
            this.tries++
            if (this.tries > VERSION_TRIES_MAX) this.beginSetUp()
            else actions.push(this.write(poll(MON_VER)))
        } else if (this.sentences > 0) this.becomeNmea(ReceiverHealth.unknown, nowMs)
        else if (nowMs - this.sinceMs > LISTEN_MS) this.passOver(ReceiverHealth.hung, nowMs)
    }

    private configure(nowMs: number, actions: ReceiverAction[]): void {
        const frame = this.setup.next(nowMs)
        if (frame !== undefined) actions.push(this.write(frame))
        if (this.setup.isDone) {
            this.memory.kind = this.setup.kind
            this.memory.address = UBLOX_ADDRESS
            this.memory.health = ReceiverHealth.unknown
            this.state = State.run
            this.heardAtMs = nowMs
            this.strayBytes = 0
        } else if (this.setup.hasFailed) {
            const isRefused = this.setup.isRefused
            if (this.sentences > 0) this.becomeNmea(ReceiverHealth.refusing, nowMs)
            else if (this.strayBytes > BABBLE_BYTES) this.strike(ReceiverHealth.babbling, nowMs)
            else if (isRefused) this.strike(ReceiverHealth.refusing, nowMs)
            else this.passOver(ReceiverHealth.hung, nowMs)
        }
    }

    private watch(nowMs: number): void {
        const silenceMs = Math.max(SILENCE_MS, SILENCE_PERIODS * this.periodS * 1000)
        if (nowMs - this.heardAtMs > silenceMs) this.strike(this.silentHealth(), nowMs)
    }

    /** What to call a receiver of which no solution comes. */
    private silentHealth(): ReceiverHealth {
        return this.strayBytes > BABBLE_BYTES ? ReceiverHealth.babbling : ReceiverHealth.hung
    }

    /** Sends NMEA from here: kept as it is, as it cannot be configured. */
    private becomeNmea(health: ReceiverHealth, nowMs: number): void {
        this.memory.kind = ReceiverKind.nmea
        this.memory.address = this.addressHere()
        this.memory.health = health
        this.state = State.run
        this.heardAtMs = nowMs
        this.strayBytes = 0
    }

    /** Nothing at this address: the next one while what is there is unknown, else a strike. */
    private passOver(health: ReceiverHealth, nowMs: number): void {
        const isSearching = this.memory.kind === ReceiverKind.unknown
        if (isSearching && this.candidate + 1 < ADDRESSES.length) {
            this.candidate++
            this.startAt(nowMs)
            this.state = State.probe
            return
        }
        const isAnswering = isSearching && this.isAnswering
        this.strike(isAnswering ? ReceiverHealth.hung : health, nowMs)
    }

    /** First set up again, then reset, then rest for ever longer, up to an hour. */
    private strike(health: ReceiverHealth, nowMs: number): void {
        const memory = this.memory
        memory.health = health
        memory.strikes = Math.min(STRIKES_MAX, memory.strikes + 1)
        if (memory.strikes >= STRIKE_RESET) memory.kind = ReceiverKind.unknown
        if (memory.strikes < STRIKE_REST) {
            this.isReset = memory.strikes === STRIKE_RESET
            this.begin(nowMs)
            return
        }
        const restMs = Math.min(REST_MS_MAX, REST_MS_MIN * 2 ** (memory.strikes - STRIKE_REST))
        memory.restUntilS = this.atS(nowMs) + Math.ceil(restMs / 1000)
        this.state = State.rest
    }

    private reset(nowMs: number): ReceiverAction[] {
        this.isReset = false
        if (this.addressHere() !== UBLOX_ADDRESS) return []
        this.memory.resets++
        const action = this.write(resetFrame())
        this.begin(nowMs)
        return [action]
    }

    private checkOff(waiting: number, nowMs: number): ReceiverAction[] {
        if (waiting < 0) {
            this.tries = OFF_TRIES_MAX
            return []
        }
        this.tries++
        this.sinceMs = nowMs
        if (this.tries < OFF_TRIES_MAX) return [this.standby(nowMs)]
        this.memory.health = ReceiverHealth.refusing
        this.memory.isOff = 0
        return []
    }

    private aidActions(): ReceiverAction[] {
        const aid = this.aid
        this.aid = undefined
        if (aid === undefined || this.memory.kind === ReceiverKind.nmea) return []
        return this.writes(aidFrames(aid))
    }

    /** From where it was found last, or from the first address if it is unknown. */
    private begin(nowMs: number): void {
        this.candidate = 0
        this.isAnswering = false
        this.startAt(nowMs)
        this.nmea.reset()
        if (this.memory.kind === ReceiverKind.nmea) {
            this.state = State.run
            return
        }
        if (this.memory.kind === ReceiverKind.unknown) this.state = State.probe
        else this.beginSetUp()
    }

    private beginSetUp(): void {
        this.setup = new ReceiverSetup(this.memory.kind, this.periodS)
        this.state = State.setUp
    }

    private startAt(nowMs: number): void {
        this.sinceMs = nowMs
        this.heardAtMs = nowMs
        this.faults = 0
        this.tries = 0
        this.strayBytes = 0
        this.sentences = 0
    }

    private portHere(): ReceiverPort {
        const address = this.addressHere()
        return { address: address, isCounted: address === UBLOX_ADDRESS }
    }
    private addressHere(): number {
        const isFound = this.memory.kind === ReceiverKind.nmea
        return isFound ? this.memory.address : ADDRESSES[this.candidate]
    }
    private write(bytes: Buffer): ReceiverAction {
        return { what: "write", address: this.addressHere(), bytes: bytes }
    }
    private writes(frames: Buffer[]): ReceiverAction[] {
        const actions: ReceiverAction[] = []
        for (const frame of frames) actions.push(this.write(frame))
        return actions
    }
    private atS(nowMs: number): number {
        return this.bootS + Math.floor(nowMs / 1000)
    }
}

function newSearch(nowMs: number): ReceiverSearch {
    return {
        startedAtMs: nowMs,
        firstByteAtMs: -1,
        firstFixAtMs: -1,
        fixes: 0,
        bestAccuracyDm: -1,
    }
}

function poll(id: number): Buffer {
    return ubxFrame(id >> 8, id & 255, [])
}

/** The hardware version follows 30 characters of software: 00080000 is an M8, 00070000 what was before. */
function kindOfVersion(bytes: Buffer): ReceiverKind {
    const digit = bytes[33]
    const isFormer = bytes[32] === 0x30 && digit >= 0x34 && digit <= 0x38
    return isFormer ? ReceiverKind.former : ReceiverKind.current
}
