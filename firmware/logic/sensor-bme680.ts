// The BME680's compensation, as its data sheet (BST-BME680-DS001, 3.3) gives it in floating point,
// with the places of its coefficients from table 11 there. The gas part is left alone: its heater
// would take more charge than all the rest.

import { rounded } from "./sensor-conversions.js"

export const BME680_COEFFICIENTS_AT = 0x8a
export const BME680_COEFFICIENTS_BYTES = 23
export const BME680_MORE_AT = 0xe1
export const BME680_MORE_BYTES = 14
/** Pressure, temperature and humidity as converted, from 0x1f on. */
export const BME680_DATA_AT = 0x1f
export const BME680_DATA_BYTES = 8

export interface Bme680Calibration {
    t: number[]
    p: number[]
    h: number[]
}

export interface Bme680Values {
    /** Hundredths of a degree Celsius. */
    temperature: number
    /** Percent. */
    humidity: number
    /** Tens of pascals; undefined where the coefficients are none. */
    pressure: number | undefined
}

/** `low`: registers 0x8a to 0xa0. `high`: 0xe1 to 0xee. Indices of `t`, `p` and `h` count from 1. */
export function bme680Calibration(low: Buffer, high: Buffer): Bme680Calibration {
    const at = (register: number) =>
        register < BME680_MORE_AT
            ? low[register - BME680_COEFFICIENTS_AT]
            : high[register - BME680_MORE_AT]
    const word = (register: number) => at(register) + 256 * at(register + 1)
    const half = at(0xe2)
    return {
        t: [0, word(0xe9), signed(word(0x8a), 16), signed(at(0x8c), 8)],
        p: [
            0,
            word(0x8e),
            signed(word(0x90), 16),
            signed(at(0x92), 8),
            signed(word(0x94), 16),
            signed(word(0x96), 16),
            signed(at(0x99), 8),
            signed(at(0x98), 8),
            signed(word(0x9c), 16),
            signed(word(0x9e), 16),
            at(0xa0),
        ],
        h: [
            0,
            at(0xe3) * 16 + (half & 15),
            at(0xe1) * 16 + (half >> 4),
            signed(at(0xe4), 8),
            signed(at(0xe5), 8),
            signed(at(0xe6), 8),
            at(0xe7),
            signed(at(0xe8), 8),
        ],
    }
}

/** `data`: registers 0x1f to 0x26. */
export function bme680Values(calibration: Bme680Calibration, data: Buffer): Bme680Values {
    const fine = fineTemperature(calibration.t, word20(data, 3))
    return {
        temperature: rounded(fine / 51.2),
        humidity: humidity(calibration.h, data[6] * 256 + data[7], fine / 5120),
        pressure: pressure(calibration.p, word20(data, 0), fine),
    }
}

/** 5120 a degree. */
function fineTemperature(t: number[], raw: number): number {
    const scaled = raw / 131072 - t[1] / 8192
    return (raw / 16384 - t[1] / 1024) * t[2] + scaled * scaled * t[3] * 16
}

function pressure(p: number[], raw: number, fine: number): number | undefined {
    const x = fine / 2 - 64000
    const offset = ((x * x * p[6]) / 131072 + x * p[5] * 2) / 4 + p[4] * 65536
    const slope = (1 + ((p[3] * x * x) / 16384 + p[2] * x) / 524288 / 32768) * p[1]
    if (slope === 0) return undefined
    const pascals = ((1048576 - raw - offset / 4096) * 6250) / slope
    const squared = (p[9] * pascals * pascals) / 2147483648
    const linear = (pascals * p[8]) / 32768
    const small = pascals / 256
    const cubed = (small * small * small * p[10]) / 131072
    return rounded((pascals + (squared + linear + cubed + p[7] * 128) / 16) / 10)
}

function humidity(h: number[], raw: number, degrees: number): number {
    const above = raw - (h[1] * 16 + (h[3] / 2) * degrees)
    const slope = 1 + (h[4] / 16384) * degrees + (h[5] / 1048576) * degrees * degrees
    const plain = above * (h[2] / 262144) * slope
    const percent = plain + (h[6] / 16384 + (h[7] / 2097152) * degrees) * plain * plain
    return Math.min(100, Math.max(0, rounded(percent)))
}

/** Twenty bits, highest first. */
function word20(data: Buffer, at: number): number {
    return data[at] * 4096 + data[at + 1] * 16 + (data[at + 2] >> 4)
}
function signed(value: number, bits: number): number {
    const half = bits === 8 ? 128 : 32768
    return value >= half ? value - 2 * half : value
}
