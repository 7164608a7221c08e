// The MAX17048 fuel gauge: registers and what they mean (data sheet 19-6171). It follows a lithium-ion
// cell's voltage by a model of such cells; of any other battery only the voltage is worth something,
// which the mission says (mission.ts), not the gauge. It is fed by the battery itself.

import { type Reject, reject } from "../../protocol/reject.js"

export const GAUGE_ADDRESS = 0x36
/** VCELL and, behind it, SOC: two bytes each, highest first. */
export const GAUGE_CELL_REGISTER = 0x02
export const GAUGE_CELL_BYTES = 4
export const GAUGE_VERSION_REGISTER = 0x08
export const GAUGE_STATUS_REGISTER = 0x1a
export const GAUGE_REGISTER_BYTES = 2

/** 0x0010 and above, a lowest digit for the production run. */
const VERSION = 0x001
/** In STATUS: the gauge has lost its power since somebody cleared this. */
const RESET_BIT = 0x01
/** What it runs from. Less is a bus that reads zeros. */
const BATTERY_MV_LEAST = 2000
const BATTERY_MV_MOST = 5000
/** A full cell, in 1/256 percent; the gauge goes a little above. */
const CHARGE_MOST = 25600

export interface GaugeReading {
    kind: "gauge"
    batteryMv: number
    /** In 1/256 percent, 0 to 25,600. */
    charge: number
    /** It was without power since its last reading: another battery was fitted, most likely. */
    isNewBattery: boolean
}

/**
 * What the gauge says, from VCELL and SOC, VERSION, and STATUS as read. Refused: `gauge-version` for
 * another chip at its address, `gauge-voltage` for what no battery has.
 */
export function gaugeReading(cell: Buffer, version: Buffer, status: Buffer): GaugeReading | Reject {
    if (word(version, 0) >> 4 !== VERSION) return reject("gauge-version")
    // 78.125 uV a count are 5/64 mV.
    const batteryMv = Math.floor((word(cell, 0) * 5) / 64 + 0.5)
    if (batteryMv < BATTERY_MV_LEAST || batteryMv > BATTERY_MV_MOST) return reject("gauge-voltage")
    return {
        kind: "gauge",
        batteryMv: batteryMv,
        charge: Math.min(CHARGE_MOST, word(cell, 2)),
        isNewBattery: (status[0] & RESET_BIT) !== 0,
    }
}

/** What to write so that the next loss of power shows: the register, and STATUS without that bit. */
export function gaugeSeen(status: Buffer): Buffer {
    return Buffer.from([GAUGE_STATUS_REGISTER, status[0] & ~RESET_BIT & 0xff, status[1]])
}

/** A charge in whole percent, as a status tells it. */
export function chargePercent(charge: number): number {
    return Math.floor(charge / 256 + 0.5)
}

function word(bytes: Buffer, at: number): number {
    return bytes[at] * 256 + bytes[at + 1]
}
