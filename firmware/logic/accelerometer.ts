// The LIS3DH as a motion detector: 10 Hz in low-power mode, gravity taken away by its high-pass
// filter, an interrupt that latches when any axis passes a threshold. Registers and bits after ST's
// data sheet (DocID17530), the wake-up recipe and the self-test after ST's AN3308. The LIS2DH12
// answers to the same name and has the same registers.

import { type Reject, reject } from "../../protocol/reject.js"

/** With SA0 low; with SA0 high, or open as it is pulled up, it is the next. */
export const ACCELEROMETER_ADDRESSES: number[] = [0x18, 0x19]
export const WHO_AM_I = 0x0f
export const LIS3DH = 0x33
/** Set in a register's number it makes a read go on to the next ones. */
export const AUTO_INCREMENT = 0x80

export const CTRL_REG1 = 0x20
export const CTRL_REG2 = 0x21
export const CTRL_REG3 = 0x22
export const CTRL_REG4 = 0x23
export const CTRL_REG5 = 0x24
export const CTRL_REG6 = 0x25
/** Reading it sets the high-pass filter to what is felt now. */
export const REFERENCE = 0x26
export const STATUS_REG = 0x27
export const OUT_X_L = 0x28
export const FIFO_CTRL_REG = 0x2e
export const INT1_CFG = 0x30
/** Reading it lets go of the latch. */
export const INT1_SRC = 0x31
export const INT1_THS = 0x32
export const INT1_DURATION = 0x33

/** INT1_SRC: the interrupt is active. */
const INTERRUPT_ACTIVE = 0x40
/** STATUS_REG: a new sample of all three axes. */
const SAMPLE_NEW = 0x08
/** CTRL_REG3: the interrupt of generator 1 on pin INT1. */
const PIN_INT1 = 0x40
/** A digit of INT1_THS at 2 g, and of an 8-bit sample. */
const DIGIT_MG = 16
const PERIOD_MS = 100
const FIELD_MAX = 127

export interface RegisterSetting {
    register: number
    value: number
}

export interface WatchSettings {
    /** 16 to 2,032, in steps of 16. */
    thresholdMg: number
    /** How long the threshold must be passed: 0 to 12,700, in steps of 100; 0 is one sample. */
    durationMs: number
}

/**
 * 64 mg: a parked car in gusts stays below some 30 mg, doors, engines and roads are above 100. One
 * sample: at 10 Hz a road's jolts are seldom met twice on end.
 */
export const WATCH: WatchSettings = { thresholdMg: 64, durationMs: 0 }

/**
 * What the registers must hold, in the order of writing: the generator is set up before its pin and
 * its filter. Or which setting cannot be: `threshold: 8, expected 16 to 2032`.
 */
export function watchRegisters(
    settings: WatchSettings,
    isPinOn: boolean,
): RegisterSetting[] | Reject {
    const threshold = Math.floor(settings.thresholdMg / DIGIT_MG)
    const duration = Math.floor(settings.durationMs / PERIOD_MS)
    if (!(threshold >= 1 && threshold <= FIELD_MAX))
        return outOfRange("threshold", settings.thresholdMg, DIGIT_MG, FIELD_MAX * DIGIT_MG)
    if (!(duration >= 0 && duration <= FIELD_MAX))
        return outOfRange("duration", settings.durationMs, 0, FIELD_MAX * PERIOD_MS)
    return [
        { register: CTRL_REG1, value: 0x2f }, // 10 Hz, low power, x, y and z
        { register: CTRL_REG2, value: 0x01 }, // high-pass (0.2 Hz at 10 Hz) for generator 1 alone
        { register: CTRL_REG4, value: 0x80 }, // a sample's bytes belong together; 2 g
        { register: CTRL_REG5, value: 0x08 }, // generator 1 latches
        { register: CTRL_REG6, value: 0x00 }, // INT1 is active high
        { register: FIFO_CTRL_REG, value: 0x00 },
        { register: INT1_THS, value: threshold },
        { register: INT1_DURATION, value: duration },
        { register: INT1_CFG, value: 0x2a }, // x, y or z above the threshold, either way
        pinSetting(isPinOn),
    ]
}

/** Whether motion may pulse the board's reset; the latch works either way. */
export function pinSetting(isPinOn: boolean): RegisterSetting {
    return { register: CTRL_REG3, value: isPinOn ? PIN_INT1 : 0 }
}

/** From INT1_SRC: it has fired since it was last read. */
export function hasFired(source: number): boolean {
    return (source & INTERRUPT_ACTIVE) !== 0
}

export function isSampleNew(status: number): boolean {
    return (status & SAMPLE_NEW) !== 0
}

/** A sample of three axes in milli-g, from OUT_X_L on at 8 bits (low power, 2 g). */
export function sampleMg(bytes: Buffer): number[] {
    return [1, 3, 5].map((at) => (bytes[at] > 127 ? bytes[at] - 256 : bytes[at]) * DIGIT_MG)
}

/** 50 Hz, normal mode, all axes; no filter, no pin, 2 g. */
export const SELF_TEST_OFF: RegisterSetting[] = [
    { register: CTRL_REG2, value: 0x00 },
    { register: CTRL_REG3, value: 0x00 },
    { register: CTRL_REG4, value: 0x80 },
    { register: CTRL_REG1, value: 0x47 },
]
/** The same with the actuator on, self-test 0. */
export const SELF_TEST_ON: RegisterSetting[] = [{ register: CTRL_REG4, value: 0x82 }]
/** For the output to settle, after each of them. */
export const SELF_TEST_SETTLE_MS = 90
/** Averaged, after one that is thrown away. */
export const SELF_TEST_SAMPLES = 5
/** How far each axis must move, in digits of 4 mg: "self-test output change", normal mode, 2 g. */
const SELF_TEST_LEAST = 17
const SELF_TEST_MOST = 360

/** A sample of three axes in digits of 4 mg, from OUT_X_L on at 10 bits (normal mode, 2 g). */
export function sampleDigits(bytes: Buffer): number[] {
    return [0, 2, 4].map((at) => {
        const raw = bytes[at] + bytes[at + 1] * 256
        return Math.floor((raw > 32767 ? raw - 65536 : raw) / 64)
    })
}

/** Undefined when every axis moved as it should, else which did not: `self-test-y: 3, expected ...` */
export function selfTestFault(off: number[][], on: number[][]): Reject | undefined {
    for (let axis = 0; axis < 3; axis++) {
        const change = Math.abs(mean(on, axis) - mean(off, axis))
        if (!(change >= SELF_TEST_LEAST && change <= SELF_TEST_MOST))
            return outOfRange(`self-test-${"xyz"[axis]}`, change, SELF_TEST_LEAST, SELF_TEST_MOST)
    }
    return undefined
}

function mean(samples: number[][], axis: number): number {
    let sum = 0
    for (const sample of samples) sum += sample[axis]
    return Math.floor(sum / samples.length + 0.5)
}

function outOfRange(name: string, value: number, least: number, most: number): Reject {
    return reject(`${name}: ${value}, expected ${least} to ${most}`)
}
