// What a tracker is fitted out for: its battery, and until when it has to last. Set at the bench or
// by order; it outlives sleep as a row.

import {
    BATTERIES,
    type Battery,
    BatteryKind,
    coldPermilleAt,
    UAS_PER_MAH,
} from "./energy-model.js"

export interface Mission {
    /** Until when the battery has to last, in seconds since it was fitted. -1: nobody has said. */
    endS: number
    /** A BatteryKind. */
    battery: number
    /** Of the battery that was fitted, in milliampere-hours. */
    capacityMah: number
    /** Of its capacity, what may be drawn, in permille. */
    usablePermille: number
    /**
     * What the board draws for each 1,000 of the model: 1,000 until somebody has measured one
     * (docs/tracker.md).
     */
    scalePermille: number
    /** By how much that may be off, in permille: 250 when nobody has measured. */
    doubtPermille: number
    /**
     * By how much two readings of the fuel gauge may be off against each other, in permille of the
     * capacity; 0: it counts the charge itself. -1: it cannot gauge this battery. A MAX17048 knows
     * lithium-ion cells, and no more than the voltage of any other.
     */
    gaugePermille: number
}

/** Of boards of one kind by the model: a quarter more is what we reckon with at worst. */
export const DOUBT_UNMEASURED_PERMILLE = 250
/**
 * Two readings of a MAX17048, whose state of charge follows the cell's relaxed voltage: estimate, from
 * its data sheet's plots of error against a reference discharge (1 to 3 %).
 */
export const GAUGE_MAX17048_PERMILLE = 20

interface Range {
    name: string
    least: number
    most: number
}

/** In the order of a row. Ten years are the most that a battery is trusted with. */
const RANGES: Range[] = [
    { name: "mission-end", least: -1, most: 315576000 },
    { name: "battery", least: 0, most: BATTERIES.length - 1 },
    { name: "capacity", least: 50, most: 100000 },
    { name: "usable", least: 100, most: 1000 },
    { name: "scale", least: 200, most: 5000 },
    { name: "doubt", least: 10, most: 1000 },
    { name: "gauge", least: -1, most: 200 },
]

/** A battery of its kind, fresh, with no end set. */
export function newMission(battery: number = BatteryKind.twoAaLithium): Mission {
    const { capacityMah, usablePermille } = BATTERIES[battery]
    return {
        endS: -1,
        battery: battery,
        capacityMah: capacityMah,
        usablePermille: usablePermille,
        scalePermille: 1000,
        doubtPermille: DOUBT_UNMEASURED_PERMILLE,
        gaugePermille: battery === BatteryKind.lithiumIon ? GAUGE_MAX17048_PERMILLE : -1,
    }
}

/** Which value is out of range, with what was expected: `usable: 20, expected 100 to 1000`. */
export function missionFault(mission: Mission): string | undefined {
    return rowFault(missionRow(mission))
}

export function missionRow(mission: Mission): number[] {
    return [
        mission.endS,
        mission.battery,
        mission.capacityMah,
        mission.usablePermille,
        mission.scalePermille,
        mission.doubtPermille,
        mission.gaugePermille,
    ]
}

/** A new one where the row is of another version or out of range. */
export function missionOf(row: number[]): Mission {
    if (row.length !== RANGES.length || rowFault(row) !== undefined) return newMission()
    return {
        endS: row[0],
        battery: row[1],
        capacityMah: row[2],
        usablePermille: row[3],
        scalePermille: row[4],
        doubtPermille: row[5],
        gaugePermille: row[6],
    }
}

/** The battery that was fitted: its kind, with its own capacity. */
export function batteryOf(mission: Mission): Battery {
    const kind = BATTERIES[mission.battery]
    return {
        name: kind.name,
        capacityMah: mission.capacityMah,
        usablePermille: mission.usablePermille,
        supplyPermille: kind.supplyPermille,
        selfPpmPerYear: kind.selfPpmPerYear,
        coldPermille: kind.coldPermille,
    }
}

export function capacityUas(mission: Mission): number {
    return mission.capacityMah * UAS_PER_MAH
}

/** What may be drawn from a fresh battery at a temperature, in whole microampere-seconds. */
export function usableUas(mission: Mission, temperatureC: number): number {
    const cold = coldPermilleAt(BATTERIES[mission.battery], temperatureC) / 1000
    return Math.floor(capacityUas(mission) * (mission.usablePermille / 1000) * cold)
}

function rowFault(row: number[]): string | undefined {
    for (let i = 0; i < row.length; i++) {
        const { name, least, most } = RANGES[i]
        const value = row[i]
        if (Math.floor(value) !== value || value < least || value > most)
            return `${name}: ${value}, expected ${least} to ${most}`
    }
    return undefined
}
