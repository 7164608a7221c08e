// Brings a u-blox receiver from its power-on state (NMEA on, NAV-PVT off) to one NAV-PVT a second
// and nothing else on its I2C port. Each message is repeated until its acknowledgement. Current
// receivers (M9, M10) take CFG-VALSET; the generations before (M8) refuse it and take the messages
// of old, which M10 in turn refuses.

import { ubxFrame } from "./ubx.js"

const CLASS_CFG = 0x06
const CFG_PRT = 0x00
const CFG_MSG = 0x01
const CFG_RATE = 0x08
const CFG_VALSET = 0x8a
const ANSWER_WAIT_MS = 1000
const TRIES_MAX = 3
/** A receiver that answers nothing is left alone for this long, then asked again. */
const PAUSE_MS = 10000

interface Step {
    id: number
    payload: number[]
}

const RAM_LAYER = 1
const CURRENT: Step[] = [
    {
        id: CFG_VALSET,
        // Version, layers, two reserved bytes; then each key in little-endian order and its value.
        payload: [
            ...[0, RAM_LAYER, 0, 0],
            ...[0x01, 0x00, 0x72, 0x10, 1], // CFG-I2COUTPROT-UBX on
            ...[0x02, 0x00, 0x72, 0x10, 0], // CFG-I2COUTPROT-NMEA off
            ...[0x06, 0x00, 0x91, 0x20, 1], // CFG-MSGOUT-UBX_NAV_PVT_I2C every epoch
            ...[0x01, 0x00, 0x21, 0x30, 0xe8, 0x03], // CFG-RATE-MEAS 1000 ms
        ],
    },
]
const FORMER: Step[] = [
    {
        id: CFG_PRT,
        // Port 0 (I2C) at slave address 0x42, in: UBX, NMEA and RTCM, out: UBX alone.
        payload: [0, 0, 0, 0, 0x84, 0, 0, 0, 0, 0, 0, 0, 7, 0, 1, 0, 0, 0, 0, 0],
    },
    // 1000 ms between measurements, a solution for each, aligned to UTC.
    { id: CFG_RATE, payload: [0xe8, 0x03, 1, 0, 0, 0] },
    // NAV-PVT with every solution on the port that this came in by.
    { id: CFG_MSG, payload: [0x01, 0x07, 1] },
]

/** The dialogue that configures the receiver. Give it every answer and ask it what to send. */
export class ReceiverSetup {
    isDone = false
    private steps = CURRENT
    private step = 0
    private tries = 0
    private waitUntilMs = 0

    /** The frame to write now, or undefined while an answer may still come. */
    next(nowMs: number): Buffer | undefined {
        if (this.isDone || nowMs < this.waitUntilMs) return undefined
        if (this.tries >= TRIES_MAX) {
            this.turnTo(this.steps === CURRENT ? FORMER : CURRENT)
            if (this.steps === CURRENT) {
                this.waitUntilMs = nowMs + PAUSE_MS
                return undefined
            }
        }
        this.tries++
        this.waitUntilMs = nowMs + ANSWER_WAIT_MS
        const step = this.steps[this.step]
        return ubxFrame(CLASS_CFG, step.id, step.payload)
    }

    /** `payload` is that of ACK-ACK or ACK-NAK: class and id of the message answered. */
    answered(isAck: boolean, payload: Buffer): void {
        if (this.isDone || payload[0] !== CLASS_CFG) return
        if (payload[1] !== this.steps[this.step].id) return
        this.waitUntilMs = 0
        if (!isAck) {
            this.tries = TRIES_MAX
            return
        }
        this.tries = 0
        this.step++
        this.isDone = this.step === this.steps.length
    }

    /** The receiver has lost its settings, by a reset or a dip of its supply: from the start. */
    restart(): void {
        this.isDone = false
        this.waitUntilMs = 0
        this.turnTo(CURRENT)
    }

    private turnTo(steps: Step[]): void {
        this.steps = steps
        this.step = 0
        this.tries = 0
    }
}
