// Primary cells under a load. Open-circuit voltage and resistance follow the depth of discharge, cold
// takes capacity and adds resistance, and what lies in a drawer loses charge too. Modelled after the
// data sheets named below, read off their curves; no cell was measured.

import { lineAt } from "./line.js"

export interface BatteryType {
    name: string
    /** At 25 °C and the currents of a tracker's average. */
    capacityMah: number
    /** Open-circuit voltage in mV by depth of discharge, 0 to 1. */
    openMv: readonly (readonly [depth: number, mv: number])[]
    /** At 25 °C, by depth of discharge, of all cells with their contacts. */
    ohm: readonly (readonly [depth: number, ohm: number])[]
    /** Share of the capacity that is there, by temperature in °C. */
    coldShare: readonly (readonly [celsius: number, share: number])[]
    /** How many times the resistance grows, by temperature in °C. */
    coldOhm: readonly (readonly [celsius: number, times: number])[]
    /** Share of what is left that a year on the shelf takes, at 20 °C. */
    selfDischargePerYear: number
}

/** Two AA lithium cells in series: Energizer L91 data sheet L91GL1218, 3,000 mAh at 100 mA and 21 °C. */
export const TWO_AA_LITHIUM: BatteryType = {
    name: "two AA lithium (Li-FeS2)",
    capacityMah: 3000,
    openMv: [
        ...([
            [0, 3600],
            [0.02, 3440],
            [0.1, 3380],
            [0.5, 3280],
            [0.8, 3160],
        ] as const),
        ...([
            [0.92, 3000],
            [0.97, 2700],
            [1, 1800],
        ] as const),
    ],
    ohm: [
        ...([
            [0, 0.3],
            [0.7, 0.34],
            [0.9, 0.5],
            [1, 1.2],
        ] as const),
    ],
    coldShare: [
        ...([
            [-40, 0.5],
            [-20, 0.85],
            [0, 0.97],
            [21, 1],
            [60, 1],
        ] as const),
    ],
    coldOhm: [
        ...([
            [-40, 6],
            [-20, 2.5],
            [0, 1.5],
            [21, 1],
            [60, 0.8],
        ] as const),
    ],
    // 90 % after 15 to 20 years.
    selfDischargePerYear: 0.006,
}

/**
 * One 19 Ah lithium thionyl chloride D cell (Saft LS 33600 data sheet: 17 Ah at 5 mA; Tadiran
 * TL-5930: 19 Ah at 4 mA, 3.6 V) beside a pulse capacitor (Tadiran HLC-1550 class). Alone the cell
 * bears 100 mA at most and sags for seconds after months of rest; a radio needs the capacitor.
 */
export const D_CELL_WITH_CAPACITOR: BatteryType = {
    name: "19 Ah D cell (Li-SOCl2) with pulse capacitor",
    capacityMah: 19_000,
    openMv: [
        ...([
            [0, 3670],
            [0.05, 3650],
            [0.8, 3620],
            [0.92, 3550],
            [0.97, 3200],
            [1, 2000],
        ] as const),
    ],
    ohm: [
        ...([
            [0, 0.4],
            [0.9, 0.5],
            [1, 2],
        ] as const),
    ],
    coldShare: [
        ...([
            [-40, 0.45],
            [-20, 0.7],
            [0, 0.88],
            [25, 1],
            [70, 0.95],
        ] as const),
    ],
    coldOhm: [
        ...([
            [-40, 5],
            [-20, 2.5],
            [0, 1.5],
            [25, 1],
            [70, 0.8],
        ] as const),
    ],
    selfDischargePerYear: 0.01,
}

const UAS_PER_MAH = 3_600_000
const YEAR_MS = 365.25 * 86_400_000
/** Chemistry goes twice as fast for each 10 K. */
const SELF_DISCHARGE_AT_C = 20

/** One battery, from the moment it is fitted. `celsiusAt`: the cells' own temperature. */
export class Battery {
    private takenMah = 0

    constructor(
        readonly type: BatteryType,
        private lastMs: number,
        private readonly celsiusAt: (atMs: number) => number,
    ) {}

    /** Charge goes: microampere-seconds. What was drawn past the end only makes the voltage nil. */
    take(atMs: number, uas: number): void {
        this.rest(atMs)
        this.takenMah += uas / UAS_PER_MAH
    }
    /** Taken or lost on the shelf since it was fitted. */
    usedMah(atMs: number): number {
        this.rest(atMs)
        return this.takenMah
    }
    /** Share of its charge that is still to be had at this temperature, 0 to 1. */
    share(atMs: number): number {
        return 1 - this.depth(atMs)
    }
    /** Between its poles under a load, mV, never below 0. */
    terminalMv(atMs: number, ua: number): number {
        const { openMv, ohm, coldOhm } = this.type
        const depth = this.depth(atMs)
        if (depth >= 1) return 0
        const resistance = lineAt(ohm, depth) * lineAt(coldOhm, this.celsiusAt(atMs))
        return Math.max(0, lineAt(openMv, depth) - (ua / 1000) * resistance)
    }

    /** The part of the curve that cold closes off is not lost: it comes back with warmth. */
    private depth(atMs: number): number {
        const share = lineAt(this.type.coldShare, this.celsiusAt(atMs))
        return Math.min(1, this.usedMah(atMs) / (this.type.capacityMah * share))
    }
    private rest(atMs: number): void {
        const years = (atMs - this.lastMs) / YEAR_MS
        if (years <= 0) return
        this.lastMs = atMs
        const speed = 2 ** ((this.celsiusAt(atMs) - SELF_DISCHARGE_AT_C) / 10)
        const left = Math.max(0, this.type.capacityMah - this.takenMah)
        this.takenMah += left * (1 - (1 - this.type.selfDischargePerYear) ** (years * speed))
    }
}
