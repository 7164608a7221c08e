// A Bosch BME680 (data sheet BST-BME680-DS001) at 0x76, or 0x77 with SDO high: temperature, pressure,
// humidity and gas, measured once when forced mode is written, then asleep again. The time that a
// measurement takes is Bosch's own (bme68x_get_meas_dur): oversampling, then the heater. Not modelled:
// the IIR filter, heater profiles beyond the first, heater temperature.

import type { Clock, Timer } from "../vm/clock.js"
import { adcReadings, CALIBRATION as C } from "./bme680-compensation.js"
import { BME680_UA } from "./currents.js"
import type { EnvironmentSource } from "./environment.js"
import type { I2cChip } from "./i2c-bus.js"
import { PoweredPart } from "./power-draw.js"

export const BME680_ADDRESS = 0x76

const Register = {
    status: 0x1d,
    pressure: 0x1f,
    temperature: 0x22,
    humidity: 0x25,
    gas: 0x2a,
    gasWait: 0x64,
    ctrlGas: 0x71,
    ctrlHum: 0x72,
    ctrlMeas: 0x74,
    config: 0x75,
    coefficients1: 0x8a,
    id: 0xd0,
    reset: 0xe0,
    coefficients2: 0xe1,
} as const
const CHIP_ID = 0x61
const RESET_COMMAND = 0xb6
const FORCED = 1
const RUN_GAS = 1 << 4
const NEW_DATA = 1 << 7
const GAS_MEASURING = 1 << 6
const MEASURING = 1 << 5
const GAS_VALID = 1 << 5
const HEATER_STABLE = 1 << 4
/** Conversions by the oversampling bits. */
const OVERSAMPLING = [0, 1, 2, 4, 8, 16, 16, 16]
const US_PER_CONVERSION = 1963
/** Switching between the three (4 × 477), gas (5 × 477), and waking up. */
const US_SWITCHING = 9 * 477 + 1500
/** What an axis that was skipped reads. */
const SKIPPED_20_BIT = 0x80000
const SKIPPED_16_BIT = 0x8000

export interface Bme680Options {
    clock: Clock
    environment: EnvironmentSource
}

export class Bme680 extends PoweredPart implements I2cChip {
    private registers = new Uint8Array(256)
    private pointer = 0
    private timer: Timer | undefined

    constructor(private readonly options: Bme680Options) {
        super()
    }

    powerOn(): void {
        this.timer?.cancel()
        this.registers = new Uint8Array(256)
        this.registers[Register.id] = CHIP_ID
        for (const [register, value] of calibrationBytes()) this.registers[register] = value
        this.setDraw(this.options.clock.nowMs, BME680_UA.sleep)
    }
    powerOff(): void {
        this.timer?.cancel()
        this.setDraw(this.options.clock.nowMs, 0)
    }

    /** A write is register and value in turn; the address counts on in reads alone. */
    write(bytes: Uint8Array): void {
        if (bytes.length === 0) return
        this.pointer = bytes[0]!
        for (let i = 0; i + 1 < bytes.length; i += 2) this.writeRegister(bytes[i]!, bytes[i + 1]!)
    }
    read(count: number): Uint8Array {
        return Uint8Array.from({ length: count }, () => this.registers[this.pointer++ & 255]!)
    }

    private writeRegister(register: number, value: number): void {
        if (register === Register.reset) {
            if (value === RESET_COMMAND) this.powerOn()
            return
        }
        const isControl = register >= 0x50 && register <= Register.config
        const isBusy = (this.registers[Register.status]! & (MEASURING | GAS_MEASURING)) !== 0
        if (!isControl || isBusy) return
        this.registers[register] = value
        if (register === Register.ctrlMeas && (value & 3) === FORCED) this.measure()
    }

    private measure(): void {
        const { clock } = this.options
        const control = this.registers[Register.ctrlMeas]!
        const temperature = OVERSAMPLING[control >> 5]!
        const pressure = OVERSAMPLING[(control >> 2) & 7]!
        const humidity = OVERSAMPLING[this.registers[Register.ctrlHum]! & 7]!
        const conversions = temperature + pressure + humidity
        const charge =
            temperature * BME680_UA.temperature +
            pressure * BME680_UA.pressure +
            humidity * BME680_UA.humidity
        this.registers[Register.status] = MEASURING
        this.setDraw(clock.nowMs, conversions > 0 ? charge / conversions : BME680_UA.temperature)
        const measuringMs = (conversions * US_PER_CONVERSION + US_SWITCHING) / 1000
        this.timer = clock.after(measuringMs, () => {
            this.latch(temperature > 0, pressure > 0, humidity > 0)
            const isGasAsked = (this.registers[Register.ctrlGas]! & RUN_GAS) !== 0
            if (!isGasAsked) this.finish()
            else {
                this.registers[Register.status] = GAS_MEASURING | MEASURING
                this.setDraw(clock.nowMs, BME680_UA.heater)
                this.timer = clock.after(this.heatingMs(), () => this.finish())
            }
        })
    }
    private latch(hasTemperature: boolean, hasPressure: boolean, hasHumidity: boolean): void {
        const { clock, environment } = this.options
        const adc = adcReadings(environment(clock.nowMs))
        this.put20(Register.pressure, hasPressure ? adc.pressure : SKIPPED_20_BIT)
        this.put20(Register.temperature, hasTemperature ? adc.temperature : SKIPPED_20_BIT)
        const humidity = hasHumidity ? adc.humidity : SKIPPED_16_BIT
        this.registers.set([humidity >> 8, humidity & 255], Register.humidity)
        const low = ((adc.gas & 3) << 6) | adc.gasRange
        this.registers.set([adc.gas >> 2, low], Register.gas)
    }
    private finish(): void {
        const hasGas = (this.registers[Register.status]! & GAS_MEASURING) !== 0
        if (hasGas) this.registers[Register.gas + 1]! |= GAS_VALID | HEATER_STABLE
        this.registers[Register.status] = NEW_DATA
        this.registers[Register.ctrlMeas]! &= ~3
        this.setDraw(this.options.clock.nowMs, BME680_UA.sleep)
    }
    /** Two bits of factor 1, 4, 16, 64, six of milliseconds. */
    private heatingMs(): number {
        const wait = this.registers[Register.gasWait]!
        return (wait & 63) * 4 ** (wait >> 6)
    }
    private put20(register: number, value: number): void {
        this.registers.set([value >> 12, (value >> 4) & 255, (value & 15) << 4], register)
    }
}

/** Where each coefficient lies (data sheet, tables 11 to 14); low byte first unless said. */
function calibrationBytes(): [number, number][] {
    const word = (at: number, value: number): [number, number][] => [
        [at, value & 255],
        [at + 1, (value >> 8) & 255],
    ]
    const byte = (at: number, value: number): [number, number] => [at, value & 255]
    return [
        ...[...word(0x8a, C.t2), byte(0x8c, C.t3), ...word(0x8e, C.p1), ...word(0x90, C.p2)],
        ...[byte(0x92, C.p3), ...word(0x94, C.p4), ...word(0x96, C.p5), byte(0x98, C.p7)],
        ...[byte(0x99, C.p6), ...word(0x9c, C.p8), ...word(0x9e, C.p9), byte(0xa0, C.p10)],
        // Two 12-bit values share 0xE2: H2 its upper nibble, H1 the lower one; high bytes outside.
        ...[byte(0xe1, C.h2 >> 4), byte(0xe2, ((C.h2 & 15) << 4) | (C.h1 & 15))],
        ...[byte(0xe3, C.h1 >> 4), byte(0xe4, C.h3), byte(0xe5, C.h4), byte(0xe6, C.h5)],
        ...[byte(0xe7, C.h6), byte(0xe8, C.h7), ...word(0xe9, C.t1), ...word(0xeb, C.g2)],
        ...[byte(0xed, C.g1), byte(0xee, C.g3), byte(0x00, C.heatValue)],
        ...[byte(0x02, C.heatRange << 4), byte(0x04, C.rangeError << 4)],
    ]
}
