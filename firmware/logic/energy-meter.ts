// What the battery has given, as far as the tracker can know: times that its parts ran, turned into
// charge by the model, and the model held against the fuel gauge where there is one that can gauge
// the battery.
//
// The gauge sees what the model cannot, a board that draws more than its data sheets, but it errs by
// a share of the whole capacity: against a week's use that is nothing to go by, against half a battery
// it is all there is. So both are weighed by their errors (a Kalman filter's gain for a constant),
// and the factor moves by little steps: one wild reading changes next to nothing.

import { BATTERIES, type EnergyUse, energyUas, UAS_PER_MAH } from "./energy-model.js"
import { capacityUas, type Mission, usableUas } from "./mission.js"
import { squareRoot } from "./thin/ellipsoid.js"

/** In seconds since the battery was fitted, milliseconds, microampere-seconds. */
export interface EnergyMeter {
    /** Metered up to here. */
    atS: number
    awakeMs: number
    radioMs: number
    receiverMs: number
    /** `atS`, `radioMs` and `receiverMs` when a status last told them. */
    toldAtS: number
    toldRadioMs: number
    toldReceiverMs: number
    /** Drawn, by the model alone. */
    modelUas: number
    /** Drawn when the gauge was first read, as believed then. */
    foundUas: number
    /** What the board draws for each 1,000 of the model, as now believed; 0: the mission's word. */
    scalePermille: number
    /** The gauge's first reading, in 1/256 percent; -1: none yet. */
    gaugeFirst: number
    /** `modelUas` then. */
    gaugeFirstUas: number
    /** When the gauge was last heeded, `modelUas` then, and how far it had fallen by then. */
    gaugeAtS: number
    gaugeUas: number
    gaugeFall: number
    /**
     * Slow mean of the battery's temperature, in millionths of a degree: so fine that a look each minute
     * still moves it.
     */
    temperatureMicroC: number
}

const ROW_LENGTH = 16
/** A full battery, in the gauge's 1/256 percent. */
const GAUGE_FULL = 25600
/** Twice a day is often enough for what takes weeks, and 2 % are enough for what takes hours. */
const GAUGE_EVERY_S = 43200
const GAUGE_EVERY_FALL = 2 * 256
/** So far a reading moves the factor at most: from 1,000 to 1,250 takes a week. */
const SCALE_STEP_PERMILLE = 20
const SCALE_LEAST_PERMILLE = 500
const SCALE_MOST_PERMILLE = 2000
/** No gauge makes us surer than this. */
const DOUBT_LEAST_PERMILLE = 20
/** A battery that the gauge first finds this much below full was not fresh: in 1/256 percent. */
const USED_FALL = 5 * 256
/** A gauge that has risen by this much looks at another battery, or at a charged one. */
const RISE_MAX = 5 * 256
/** A mean over ten days: cold nights do not count, a cold week does. */
const TEMPERATURE_S = 864000
const MICRO = 1000000

export function newMeter(): EnergyMeter {
    return {
        atS: 0,
        awakeMs: 0,
        radioMs: 0,
        receiverMs: 0,
        toldAtS: 0,
        toldRadioMs: 0,
        toldReceiverMs: 0,
        modelUas: 0,
        foundUas: 0,
        scalePermille: 0,
        gaugeFirst: -1,
        gaugeFirstUas: 0,
        gaugeAtS: 0,
        gaugeUas: 0,
        gaugeFall: 0,
        temperatureMicroC: 20 * MICRO,
    }
}

/** The meter after `use`, up to `atS`. A clock that went back meters no time. */
export function metered(
    meter: EnergyMeter,
    mission: Mission,
    use: EnergyUse,
    atS: number,
): EnergyMeter {
    const elapsedS = Math.max(0, atS - meter.atS)
    return {
        ...meter,
        atS: Math.max(atS, meter.atS),
        awakeMs: meter.awakeMs + use.awakeMs,
        radioMs: meter.radioMs + use.radioMs,
        receiverMs: meter.receiverMs + use.searchMs + use.trackMs,
        modelUas: meter.modelUas + energyUas(BATTERIES[mission.battery], elapsedS, use),
    }
}

/** The meter after a look at the thermometer, in degrees Celsius, `sinceS` after the one before. */
export function withTemperature(
    meter: EnergyMeter,
    temperatureC: number,
    sinceS: number,
): EnergyMeter {
    const share = Math.min(1, Math.max(0, sinceS) / TEMPERATURE_S)
    const before = meter.temperatureMicroC
    const next = before + (temperatureC * MICRO - before) * share
    return { ...meter, temperatureMicroC: Math.floor(next + 0.5) }
}

/**
 * The meter after a reading of the fuel gauge, in 1/256 percent. Most readings change nothing, and
 * none does where the mission says that the gauge cannot gauge this battery.
 */
export function withGauge(meter: EnergyMeter, mission: Mission, charge: number): EnergyMeter {
    if (mission.gaugePermille < 0 || charge < 0 || charge > GAUGE_FULL) return meter
    if (meter.gaugeFirst < 0) return begun(meter, mission, charge, GAUGE_FULL - charge > USED_FALL)
    if (charge > meter.gaugeFirst + RISE_MAX) return begun(meter, mission, charge, true)
    const fall = Math.max(0, meter.gaugeFirst - charge)
    const isEarly = meter.atS - meter.gaugeAtS < GAUGE_EVERY_S
    if (isEarly && fall - meter.gaugeFall < GAUGE_EVERY_FALL) return meter
    const next: EnergyMeter = {
        ...meter,
        gaugeAtS: meter.atS,
        gaugeUas: meter.modelUas,
        gaugeFall: fall,
    }
    const now = scaleOf(meter, mission)
    const wanted = wantedScale(next, mission) - now
    const step = Math.max(-SCALE_STEP_PERMILLE, Math.min(SCALE_STEP_PERMILLE, wanted))
    const scale = Math.floor(now + step + 0.5)
    next.scalePermille = Math.max(SCALE_LEAST_PERMILLE, Math.min(SCALE_MOST_PERMILLE, scale))
    return next
}

/** What the board draws for each 1,000 of the model. */
export function scaleOf(meter: EnergyMeter, mission: Mission): number {
    return meter.scalePermille > 0 ? meter.scalePermille : mission.scalePermille
}

/** By how much what is believed may be off, in permille. */
export function doubtOf(meter: EnergyMeter, mission: Mission): number {
    const fall = meter.gaugeFirst < 0 ? 0 : meter.gaugeFall
    // While the factor is on its way by little steps, the way that is left is doubt as well.
    const behind = Math.abs(wantedScale(meter, mission) - scaleOf(meter, mission))
    return Math.max(doubtAfter(mission, fall), Math.floor(behind + 0.5))
}

/** Drawn since the battery was fitted, as far as can be known. Whole microampere-seconds. */
export function drawnUas(meter: EnergyMeter, mission: Mission): number {
    const scale = scaleOf(meter, mission) / 1000
    return Math.floor(meter.foundUas + (meter.modelUas - meter.gaugeFirstUas) * scale + 0.5)
}

/**
 * What a charge by the model alone stands for, as now believed. For what was used since some time ago:
 * the difference of two `drawnUas` would take a correction of all that was drawn for use.
 */
export function believedUas(meter: EnergyMeter, mission: Mission, modelUas: number): number {
    return Math.floor(modelUas * (scaleOf(meter, mission) / 1000) + 0.5)
}

/** `drawnUas` in whole milliampere-hours, as a status tells it. */
export function drawnMah(meter: EnergyMeter, mission: Mission): number {
    return Math.floor(drawnUas(meter, mission) / UAS_PER_MAH + 0.5)
}

/** What may still be drawn, at the temperature of these days. Whole microampere-seconds, at least 0. */
export function remainingUas(meter: EnergyMeter, mission: Mission): number {
    const usable = usableUas(mission, meter.temperatureMicroC / MICRO)
    return Math.max(0, usable - drawnUas(meter, mission))
}

/**
 * What may be planned with: as `remainingUas`, but if all that was drawn and will be is more than
 * believed by the whole doubt, it is still there.
 */
export function plannableUas(meter: EnergyMeter, mission: Mission): number {
    return plannable(meter, mission, doubtOf(meter, mission))
}

/** What a forecast starts from. Charges in microampere-seconds. */
export interface Outlook {
    drawnUas: number
    remainingUas: number
    /** What will have been planned with when the gauge has seen the whole battery go. */
    plannableUas: number
    scalePermille: number
    doubtPermille: number
}

export function outlookOf(meter: EnergyMeter, mission: Mission): Outlook {
    return {
        drawnUas: drawnUas(meter, mission),
        remainingUas: remainingUas(meter, mission),
        plannableUas: plannable(meter, mission, doubtAfter(mission, GAUGE_FULL)),
        scalePermille: scaleOf(meter, mission),
        doubtPermille: doubtOf(meter, mission),
    }
}

/** What a status tells: whole seconds since the last one that did. */
export interface MeteredTimes {
    meteredS: number
    radioS: number
    receiverS: number
}

export function timesToTell(meter: EnergyMeter): MeteredTimes {
    return {
        meteredS: meter.atS - meter.toldAtS,
        radioS: Math.floor((meter.radioMs - meter.toldRadioMs) / 1000),
        receiverS: Math.floor((meter.receiverMs - meter.toldReceiverMs) / 1000),
    }
}

/** The meter after a status has told `times`: what was less than a second stays for the next. */
export function told(meter: EnergyMeter, times: MeteredTimes): EnergyMeter {
    return {
        ...meter,
        toldAtS: meter.toldAtS + times.meteredS,
        toldRadioMs: meter.toldRadioMs + times.radioS * 1000,
        toldReceiverMs: meter.toldReceiverMs + times.receiverS * 1000,
    }
}

export function meterRow(meter: EnergyMeter): number[] {
    return [
        meter.atS,
        meter.awakeMs,
        meter.radioMs,
        meter.receiverMs,
        meter.toldAtS,
        meter.toldRadioMs,
        meter.toldReceiverMs,
        meter.modelUas,
        meter.foundUas,
        meter.scalePermille,
        meter.gaugeFirst,
        meter.gaugeFirstUas,
        meter.gaugeAtS,
        meter.gaugeUas,
        meter.gaugeFall,
        meter.temperatureMicroC,
    ]
}

/** A new one where the row is of another version. */
export function meterOf(row: number[]): EnergyMeter {
    if (row.length !== ROW_LENGTH) return newMeter()
    return {
        atS: row[0],
        awakeMs: row[1],
        radioMs: row[2],
        receiverMs: row[3],
        toldAtS: row[4],
        toldRadioMs: row[5],
        toldReceiverMs: row[6],
        modelUas: row[7],
        foundUas: row[8],
        scalePermille: row[9],
        gaugeFirst: row[10],
        gaugeFirstUas: row[11],
        gaugeAtS: row[12],
        gaugeUas: row[13],
        gaugeFall: row[14],
        temperatureMicroC: row[15],
    }
}

/**
 * From here on the gauge is compared. A battery that was not fresh, or was charged, has given what it
 * lacks; of a fresh one the gauge's first word is not good enough to say what it has given.
 */
function begun(
    meter: EnergyMeter,
    mission: Mission,
    charge: number,
    isTaken: boolean,
): EnergyMeter {
    const gone = (GAUGE_FULL - charge) / GAUGE_FULL
    return {
        ...meter,
        foundUas: isTaken ? Math.floor(capacityUas(mission) * gone) : drawnUas(meter, mission),
        gaugeFirst: charge,
        gaugeFirstUas: meter.modelUas,
        gaugeAtS: meter.atS,
        gaugeUas: meter.modelUas,
        gaugeFall: 0,
    }
}

/** The factor that the gauge and the bench together speak for, by their errors. */
function wantedScale(meter: EnergyMeter, mission: Mission): number {
    const modelUas = meter.gaugeUas - meter.gaugeFirstUas
    if (modelUas <= 0) return scaleOf(meter, mission)
    const fellUas = capacityUas(mission) * (meter.gaugeFall / GAUGE_FULL)
    const seen = (fellUas / modelUas) * 1000
    const own = mission.scalePermille
    return own + (seen - own) * gaugeWeight(mission, meter.gaugeFall)
}

/** What may be planned with when what is believed may be off by a doubt. */
function plannable(meter: EnergyMeter, mission: Mission, doubtPermille: number): number {
    const usable = usableUas(mission, meter.temperatureMicroC / MICRO)
    const sure = usable / (1 + doubtPermille / 1000)
    return Math.max(0, Math.floor(sure - drawnUas(meter, mission)))
}

/** What doubt is left when the gauge has fallen by `fall`, in permille. */
function doubtAfter(mission: Mission, fall: number): number {
    const left = mission.doubtPermille * squareRoot(1 - gaugeWeight(mission, fall))
    return Math.max(DOUBT_LEAST_PERMILLE, Math.floor(left + 0.5))
}

/**
 * How much the gauge's word counts against the bench's, 0 to 1: a = doubt^2 / (doubt^2 + error^2),
 * the gauge's error being its own share of the capacity over how much it has fallen.
 */
function gaugeWeight(mission: Mission, fall: number): number {
    if (fall <= 0 || mission.gaugePermille < 0) return 0
    const error = (mission.gaugePermille * GAUGE_FULL) / fall
    const doubt = mission.doubtPermille
    return (doubt * doubt) / (doubt * doubt + error * error)
}
