// What the ADC of a BME680 gives for an environment: the data sheet's compensation (BST-BME680-DS001,
// section 3, and Bosch's BME68x sensor API, floating point) turned round by bisection. The calibration
// is of one part, made up within the range of real ones.

import type { Environment } from "./environment.js"

/** Field names are Bosch's par_t1 and so on. */
export const CALIBRATION = {
    t1: 26_098,
    t2: 26_469,
    t3: 3,
    p1: 36_725,
    p2: -10_375,
    p3: 88,
    p4: 7_225,
    p5: -150,
    p6: 30,
    p7: 44,
    p8: -2_316,
    p9: -2_548,
    p10: 30,
    h1: 771,
    h2: 1013,
    h3: 0,
    h4: 45,
    h5: 20,
    h6: 120,
    h7: -100,
    g1: -53,
    g2: -13_510,
    g3: 18,
    heatRange: 1,
    heatValue: 40,
    rangeError: 0,
} as const

const ADC_20_BIT = 2 ** 20
const ADC_16_BIT = 2 ** 16
/** Clean indoor air; the model has no gas in it. */
const GAS_OHM = 50_000
/** API, tables of the gas range: per cent added to the two terms. */
const GAS_K1 = [0, 0, 0, 0, 0, -1, 0, -0.8, 0, 0, -0.2, -0.5, 0, -1, 0, 0]
const GAS_K2 = [0, 0, 0, 0, 0.1, 0.7, 0, -0.8, -0.1, 0, 0, 0, 0, 0, 0, 0]
const GAS_ADC_MAX = 1023

export interface AdcReadings {
    temperature: number
    pressure: number
    humidity: number
    gas: number
    gasRange: number
}

export function adcReadings(environment: Environment): AdcReadings {
    const { temperatureC, pressurePa, humidityPercent } = environment
    const temperature = solve(ADC_20_BIT, (adc) => fineTemperature(adc) / 5120 - temperatureC)
    const fine = fineTemperature(temperature)
    return {
        temperature,
        // More counts mean less pressure.
        pressure: solve(ADC_20_BIT, (adc) => pressurePa - pressureOf(adc, fine)),
        humidity: solve(ADC_16_BIT, (adc) => humidityOf(adc, fine) - humidityPercent),
        ...gasReading(),
    }
}

/** The ADC count at which a rising function passes zero. */
function solve(counts: number, isAbove: (adc: number) => number): number {
    let low = 0
    let high = counts - 1
    while (low < high) {
        const middle = (low + high) >> 1
        if (isAbove(middle) < 0) low = middle + 1
        else high = middle
    }
    return low
}

function fineTemperature(adc: number): number {
    const { t1, t2, t3 } = CALIBRATION
    const linear = (adc / 16_384 - t1 / 1024) * t2
    const bend = adc / 131_072 - t1 / 8192
    return linear + bend * bend * t3 * 16
}
function pressureOf(adc: number, fine: number): number {
    const { p1, p2, p3, p4, p5, p6, p7, p8, p9, p10 } = CALIBRATION
    const half = fine / 2 - 64_000
    const offset = ((half * half * p6) / 131_072 + half * p5 * 2) / 4 + p4 * 65_536
    const gain = ((p3 * half * half) / 16_384 + p2 * half) / 524_288
    const slope = (1 + gain / 32_768) * p1
    const pressure = ((1_048_576 - adc - offset / 4096) * 6250) / slope
    const square = (p9 * pressure * pressure) / 2_147_483_648
    const line = pressure * (p8 / 32_768)
    const cube = (pressure / 256) ** 3 * (p10 / 131_072)
    return pressure + (square + line + cube + p7 * 128) / 16
}
function humidityOf(adc: number, fine: number): number {
    const { h1, h2, h3, h4, h5, h6, h7 } = CALIBRATION
    const celsius = fine / 5120
    const over = adc - (h1 * 16 + (h3 / 2) * celsius)
    const scale = 1 + (h4 / 16_384) * celsius + (h5 / 1_048_576) * celsius * celsius
    const humidity = over * (h2 / 262_144) * scale
    return humidity + (h6 / 16_384 + (h7 / 2_097_152) * celsius) * humidity * humidity
}

function gasReading(): { gas: number; gasRange: number } {
    for (let range = 0; range < 16; range++) {
        const first = (1340 + 5 * CALIBRATION.rangeError) * (1 + GAS_K1[range]! / 100)
        const second = 1 + GAS_K2[range]! / 100
        const gas = Math.round(
            (1 / (GAS_OHM * second * 1.25e-7 * 2 ** range) - 1) * first + GAS_ADC_MAX / 2 + 0.5,
        )
        if (gas >= 0 && gas <= GAS_ADC_MAX) return { gas, gasRange: range }
    }
    throw new RangeError(`BME680: no gas range holds ${GAS_OHM} ohm`)
}
