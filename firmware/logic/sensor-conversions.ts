// What the parts' raw numbers mean, in whole quanta of protocol/quantity.ts. Each formula is its data
// sheet's.

/** CRC-8 of Sensirion's parts: polynomial 0x31, all ones to begin with. SHTC3 data sheet, 5.10. */
export function sensirionCrc(high: number, low: number): number {
    return crcStep(crcStep(0xff ^ high) ^ low)
}

/** A word of two bytes behind which its checksum stands; undefined where it does not hold. */
export function sensirionWord(bytes: Buffer, at: number): number | undefined {
    if (bytes.length < at + 3) return undefined
    if (sensirionCrc(bytes[at], bytes[at + 1]) !== bytes[at + 2]) return undefined
    return bytes[at] * 256 + bytes[at + 1]
}

/** Hundredths of a degree Celsius: -45 + 175 * raw / 65536. SHTC3 data sheet, 5.11. */
export function shtc3Temperature(raw: number): number {
    return rounded((17500 * raw) / 65536 - 4500)
}

/** Percent of relative humidity: 100 * raw / 65536. */
export function shtc3Humidity(raw: number): number {
    return rounded((100 * raw) / 65536)
}

/**
 * Lux, from a count of 18 bits at gain 1: 0.6 * count / (gain * integration time in 100 ms). LTR-390UV
 * data sheet, 7.1, for a part without a window before it.
 */
export function ltr390Illuminance(count: number): number {
    return rounded((count * 6) / 10)
}

/**
 * Tenths of a decibel, from the output of a sound level meter with 50 dB a volt (Gravity SEN0232: 0.6 V
 * at 30 dBA, 2.6 V at 130), converted at 125 uV a count. Undefined below what the meter ever gives: it
 * is not there, or without power.
 */
export function meterSoundLevel(count: number): number | undefined {
    const level = rounded(count / 16)
    return level < METER_LEAST ? undefined : level
}

/** 25 dB: 5 dB below the meter's range. */
const METER_LEAST = 250

/** To the nearest whole number, halves up. */
export function rounded(value: number): number {
    return Math.floor(value + 0.5)
}

function crcStep(start: number): number {
    let crc = start
    for (let bit = 0; bit < 8; bit++)
        crc = (crc & 0x80) !== 0 ? ((crc << 1) ^ 0x31) & 0xff : crc << 1
    return crc & 0xff
}
