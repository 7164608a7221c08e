// Brings a u-blox receiver from its power-on state (NMEA on, NAV-PVT off) to NAV-PVT and nothing else on
// its I2C port, at the pace that is asked for. Each message is repeated until its acknowledgement. Current
// receivers (M9, M10) take CFG-VALSET; the generations before (M8) refuse it and take the messages of
// old, which M10 in turn refuses. Settings go to the battery-backed layer too: software standby clears
// the other. Keys and layouts after the interface descriptions UBX-13003221 (M8), UBX-21035062 (M10).

import { ubxFrame } from "./ubx.js"

/** What is known of the part on the bus. */
export const enum ReceiverKind {
    unknown = 0,
    /** u-blox M9, M10: CFG-VALSET. */
    current = 1,
    /** u-blox M8 and before: CFG-PRT, CFG-MSG, CFG-RATE. */
    former = 2,
    /** Sends NMEA and cannot be configured by us. */
    nmea = 3,
}

const CLASS_CFG = 0x06
const CFG_VALSET = 0x8a
const ANSWER_WAIT_MS = 1000
const TRIES_MAX = 3
/** Cyclic tracking is made for 1 to 10 s; past that the receiver is better switched off. */
export const CYCLIC_MAX_S = 10

interface Step {
    id: number
    /** Hexadecimal, as sent. */
    payload: string
    /** Without it no solution comes; the others are only better to have. */
    isEssential: boolean
}

// Version 0, layers 1 (RAM) and 2 (battery-backed), two reserved bytes; then key and value, both
// little-endian.
const VALSET = "00030000"
/** CFG-I2COUTPROT-UBX on, -NMEA off, CFG-MSGOUT-UBX_NAV_PVT_I2C each epoch, CFG-RATE-MEAS in ms: */
const CURRENT_OUTPUT = `${VALSET}01007210010200721000060091200101002130`
/** CFG-ITFM-ENABLE: the jamming monitor. */
const CURRENT_MONITOR = `${VALSET}0d00411001`
/** Port 0 (I2C) at slave address 0x42, in: UBX, NMEA and RTCM, out: UBX alone. */
const FORMER_PORT = "0000000084000000000000000700010000000000"
/** 1000 ms between measurements, a solution for each, aligned to UTC. */
const FORMER_RATE = "e80301000000"
/** NAV-PVT with every solution on the port that this came in by. */
const FORMER_PVT = "010701"
/** CFG-ITFM: the default thresholds and algorithm bits, and the highest bit, which enables. */
const FORMER_MONITOR = "f3ac62ad1e030000"
/** CFG-PM2 version 2, flags: cyclic tracking, ephemerides kept fresh. Then comes the period in ms. */
const PM2_HEAD = "0200000000100200"
/** A search each 10 s; no grid, no least on-time or acquisition time, no external pin. */
const PM2_TAIL = "102700000000000000000000000000000000000000000000000000000000000000000000"
const CFG_PRT = 0x00
const CFG_MSG = 0x01
const CFG_RATE = 0x08
const CFG_RXM = 0x11
const CFG_ITFM = 0x39
const CFG_PM2 = 0x3b

/** The dialogue that configures the receiver. Give it every answer and ask it what to send. */
export class ReceiverSetup {
    isDone = false
    /** An essential message was refused or stayed without an answer in every dialect. */
    hasFailed = false
    /** Some message was refused, rather than nothing answered. */
    isRefused = false
    kind: ReceiverKind
    private others: number
    private steps: Step[] = []
    private step = 0
    private tries = 0
    private waitUntilMs = 0

    /** Of an unknown receiver the current dialect is tried first. `periodS`: between solutions. */
    constructor(
        kind: ReceiverKind,
        private periodS: number,
    ) {
        this.others = 1
        this.kind = ReceiverKind.unknown
        this.turnTo(kind === ReceiverKind.former ? kind : ReceiverKind.current)
    }

    /** The frame to write now, or undefined while an answer may still come. */
    next(nowMs: number): Buffer | undefined {
        if (this.isDone || this.hasFailed || nowMs < this.waitUntilMs) return undefined
        if (this.tries >= TRIES_MAX) this.passOver()
        if (this.isDone || this.hasFailed) return undefined
        this.tries++
        this.waitUntilMs = nowMs + ANSWER_WAIT_MS
        const step = this.steps[this.step]
        return hexFrame(step.id, step.payload)
    }

    /** `payload` is that of ACK-ACK or ACK-NAK: class and id of the message answered. */
    answered(isAck: boolean, payload: Buffer): void {
        if (this.isDone || this.hasFailed || this.tries === 0) return
        if (payload[0] !== CLASS_CFG || payload[1] !== this.steps[this.step].id) return
        this.waitUntilMs = 0
        if (isAck) this.advance()
        else {
            this.isRefused = true
            this.tries = TRIES_MAX
        }
    }

    /** The step at hand is not to be had. */
    private passOver(): void {
        if (!this.steps[this.step].isEssential) this.advance()
        else if (this.others === 0) this.hasFailed = true
        else {
            this.others--
            this.turnTo(
                this.kind === ReceiverKind.current ? ReceiverKind.former : ReceiverKind.current,
            )
        }
    }

    private advance(): void {
        this.tries = 0
        this.step++
        this.isDone = this.step === this.steps.length
    }

    private turnTo(kind: ReceiverKind): void {
        this.kind = kind
        this.steps =
            kind === ReceiverKind.current ? currentSteps(this.periodS) : formerSteps(this.periodS)
        this.step = 0
        this.tries = 0
    }
}

function essential(id: number, payload: string): Step {
    return { id: id, payload: payload, isEssential: true }
}
function better(id: number, payload: string): Step {
    return { id: id, payload: payload, isEssential: false }
}

/** CFG-PM-OPERATEMODE: 0 full power, 2 cyclic tracking, in which the interval of measurement counts. */
function currentSteps(periodS: number): Step[] {
    return [
        essential(CFG_VALSET, `${CURRENT_OUTPUT}${hexPeriod(periodS)}`),
        better(CFG_VALSET, CURRENT_MONITOR),
        better(CFG_VALSET, `${VALSET}0100d020${periodS > 1 ? "02" : "00"}`),
    ]
}

/** CFG-PM2 version 2: cyclic tracking and ephemeris kept fresh; then CFG-RXM, which switches to it. */
function formerSteps(periodS: number): Step[] {
    const steps = [
        essential(CFG_PRT, FORMER_PORT),
        essential(CFG_RATE, FORMER_RATE),
        essential(CFG_MSG, FORMER_PVT),
        better(CFG_ITFM, FORMER_MONITOR),
    ]
    if (periodS > 1) {
        steps.push(better(CFG_PM2, `${PM2_HEAD}${hexPeriod(periodS)}0000${PM2_TAIL}`))
    }
    steps.push(better(CFG_RXM, periodS > 1 ? "0001" : "0000"))
    return steps
}

/** As milliseconds in 16 bits, little-endian. */
function hexPeriod(periodS: number): string {
    const ms = periodS * 1000
    return Buffer.from([ms & 255, ms >> 8]).toString("hex")
}

function hexFrame(id: number, payload: string): Buffer {
    const bytes: number[] = []
    const buffer = Buffer.from(payload, "hex")
    for (let i = 0; i < buffer.length; i++) bytes.push(buffer[i])
    return ubxFrame(CLASS_CFG, id, bytes)
}
