// A tracker's whole life in seconds: days as sequences of wakes, each as long as the governed profile
// and the vehicle ask, the governor and the forecast run as on the tracker. What the battery really
// gives is reckoned here from currents of its own, part by part off from the firmware's model, and the
// firmware learns of it through a fuel gauge at most.

import * as meters from "../../firmware/logic/energy-meter.js"
import {
    BATTERIES,
    type BatteryKind,
    DAY_S,
    type EnergyUse,
    noUse,
} from "../../firmware/logic/energy-model.js"
import {
    type Forecast,
    forecastEnd,
    forecasterOf,
    forecasterRow,
    newForecaster,
    noteDrawn,
} from "../../firmware/logic/forecast.js"
import {
    type Governor,
    GovernorLevel,
    govern,
    governedProfile,
    governorOf,
    governorRow,
    newGovernor,
    orderLive,
} from "../../firmware/logic/governor.js"
import { type Mission, newMission } from "../../firmware/logic/mission.js"
import { type Profile, ProfileNumber, profileOf } from "../../firmware/logic/profile.js"
import { makePrng, type Prng } from "../../simulator/world/prng.js"

/**
 * What the vehicle does. Commuting: to work and back on five days of seven, now and then not. Mixed: every week three such days, three that it stands and a
 * day on the road for some four hours. Erratic: every day one of them by chance, up to seven hours on
 * the road.
 */
export type Pattern = "parked" | "commuting" | "driving" | "mixed" | "erratic"

export interface LifeOptions {
    seed: string | number
    pattern: Pattern
    profile: ProfileNumber
    battery: BatteryKind
    /** Mission's length; undefined: nobody has said, and nothing is governed. */
    missionDays?: number
    /** The life is over when the battery is, or after so many days. */
    daysMax: number
    /** What each part really draws, as a share of the model's, is between these two. */
    truth: readonly [least: number, most: number]
    mission?: Partial<Mission>
    /** How far the gauge wanders about the truth, as a share of the capacity. None: no gauge. */
    gaugeWander?: number
    /** An order for `live` of so many hours, on that day. */
    live?: { day: number; hours: number }
}

/** The state at the end of a day. */
export interface LifeDay {
    /** Days since the battery was fitted. */
    day: number
    /** Really drawn since then. */
    drawnMah: number
    believedMah: number
    level: GovernorLevel
    forecast: Forecast | undefined
}

export interface Life {
    days: LifeDay[]
    /** When the battery had really given what is usable; undefined: it has not. In days. */
    endDay: number | undefined
    changes: { atDay: number; from: number; to: number }[]
    /** What may really be drawn. */
    usableMah: number
    mission: Mission
}

/** Milliamperes that really flow in each state, at the battery. */
interface TrueCurrents {
    asleep: number
    awake: number
    listening: number
    searching: number
    tracking: number
    /** Milliampere-seconds, each time. */
    join: number
    message: number
}

const MODEL = {
    asleep: 0.11,
    awake: 28,
    listening: 56,
    searching: 15.3,
    tracking: 12.3,
    join: 10,
    message: 0.4,
}
/** What the platform takes before the program runs, and before its radio does. */
const BOOT_S = 1.51
const SILENT_S = 2.4
const LOOK_S = 0.4
const WINDOW_S = 5
/** An order is noticed, and a tracker that never sleeps looked after, this often. */
const AWAKE_STEP_S = 60
const EPHEMERIS_S = 7200
/** Of the searches, those that see no sky: a tunnel, a garage. */
const BLOCKED_SHARE = 0.01

export function liveLife(options: LifeOptions): Life {
    const prng = makePrng(options.seed)
    const kind = BATTERIES[options.battery]!
    const mission: Mission = {
        ...newMission(options.battery),
        ...(options.missionDays !== undefined && { endS: options.missionDays * DAY_S }),
        ...options.mission,
    }
    const flow = trueCurrents(options, kind.supplyPermille / 1000, prng.fork("truth"))
    const selfMa = (mission.capacityMah * kind.selfPpmPerYear) / 1e6 / (365.25 * 24)
    const gauge = wanderingGauge(mission.capacityMah, options.gaugeWander, prng.fork("gauge"))
    const trips = new Trips(options.pattern, prng.fork("trips"))
    const chance = prng.fork("sky")
    const ordered = profileOf(options.profile)!
    const live = profileOf(ProfileNumber.live)!
    const usableMah = (mission.capacityMah * mission.usablePermille) / 1000

    let meter = meters.newMeter()
    let governor = govern(
        newGovernor(),
        mission,
        0,
        0,
        meters.plannableUas(meter, mission),
    ).governor
    let forecaster = newForecaster()
    let drawnMas = 0
    let [heardAtS, fixAtS, windowAtS] = [0, Number.NEGATIVE_INFINITY, 0]
    let isLiveDue = options.live !== undefined
    const life: Life = { days: [], endDay: undefined, changes: [], usableMah, mission }
    let atS = 0
    while (life.days.length < options.daysMax && life.endDay === undefined) {
        const isLive = governor.liveUntilS >= 0
        const profile = isLive ? live : governedProfile(ordered, governor.level)
        const isMoving = trips.isMoving(atS)
        const sleepS = profile.staysAwake ? 0 : sleepFor(profile, isMoving, atS, heardAtS)
        const use = noUse()
        atS += Math.round(sleepS)
        const isHeartbeat = !isMoving && atS - heardAtS >= profile.heartbeatS
        const wakeS = profile.staysAwake
            ? stayAwake(use, isMoving)
            : wake(use, profile, { isMoving, isHeartbeat, fixAtS, windowAtS, atS }, chance)
        if (isMoving || isHeartbeat) fixAtS = atS
        if (use.messages > 0) windowAtS = atS
        if (isHeartbeat || isMoving) heardAtS = atS
        atS += Math.max(1, Math.ceil(wakeS))

        const fromS = meter.atS
        drawnMas += trueMas(flow, atS - fromS, use) + selfMa * (atS - fromS)
        const before = meter.modelUas
        meter = meters.metered(meter, mission, use, atS)
        meter = meters.withGauge(meter, mission, gauge(drawnMas / 3600))
        const modelUas = meter.modelUas - before
        const usedUas = meters.believedUas(meter, mission, modelUas)
        const plannable = meters.plannableUas(meter, mission)
        const governed = govern(governor, mission, atS, usedUas, plannable)
        for (const { from, to } of governed.changes)
            life.changes.push({ atDay: atS / DAY_S, from, to })
        governor = governed.governor
        forecaster = noteDrawn(forecaster, atS, modelUas, isHeldBack(governor))

        if (isLiveDue && atS >= options.live!.day * DAY_S) {
            isLiveDue = false
            const untilS = atS + options.live!.hours * 3600
            governor = orderLive(governor, mission, untilS, plannable).governor
        }
        while (atS >= (life.days.length + 1) * DAY_S) {
            // What a sleep keeps are rows of integers: nothing else may matter.
            meter = meters.meterOf(kept(meters.meterRow(meter)))
            governor = governorOf(kept(governorRow(governor)))
            forecaster = forecasterOf(kept(forecasterRow(forecaster)))
            life.days.push({
                day: life.days.length + 1,
                drawnMah: drawnMas / 3600,
                believedMah: meters.drawnMah(meter, mission),
                level: governor.level,
                forecast: forecastEnd(forecaster, mission, meters.outlookOf(meter, mission)),
            })
        }
        if (drawnMas / 3600 >= usableMah) life.endDay = atS / DAY_S
    }
    return life
}

/** A row as it comes back from where it is kept; throws when it holds what cannot be kept. */
function kept(row: readonly number[]): number[] {
    for (const [index, value] of row.entries())
        if (!Number.isSafeInteger(value)) throw new Error(`row value ${index} is ${value}`)
    return [...row]
}

function isHeldBack(governor: Governor): boolean {
    return governor.level > GovernorLevel.full
}

function sleepFor(profile: Profile, isMoving: boolean, atS: number, heardAtS: number): number {
    if (isMoving) return profile.fixEveryS
    const heartbeatInS = heardAtS + profile.heartbeatS - atS
    return Math.max(1, Math.min(profile.parkedCheckS, heartbeatInS))
}

/** A minute of a tracker that never sleeps. Returns its length in seconds. */
function stayAwake(use: EnergyUse, isMoving: boolean): number {
    use.awakeMs = AWAKE_STEP_S * 1000
    use.radioMs = AWAKE_STEP_S * 1000
    use.trackMs = isMoving ? AWAKE_STEP_S * 1000 : 0
    use.messages = isMoving ? 6 : 0
    return AWAKE_STEP_S
}

interface Wake {
    isMoving: boolean
    isHeartbeat: boolean
    fixAtS: number
    windowAtS: number
    atS: number
}

/** A look at the latch, with a fix and a window where they are due. Returns its length in seconds. */
function wake(use: EnergyUse, profile: Profile, due: Wake, chance: Prng): number {
    const isFixDue = due.isMoving || due.isHeartbeat
    const isWindowDue =
        due.isHeartbeat || (due.isMoving && due.atS - due.windowAtS >= profile.holdS)
    let searchS = 0
    if (isFixDue) {
        const isWarm = due.atS - due.fixAtS < EPHEMERIS_S
        const isBlocked = chance.next() < BLOCKED_SHARE
        searchS = isWarm ? chance.between(2, 8) : chance.between(20, 45)
        searchS = isBlocked ? profile.searchCapS : Math.min(profile.searchCapS, searchS)
    }
    const wakeS = BOOT_S + LOOK_S + searchS + (isWindowDue ? WINDOW_S : 0)
    use.awakeMs = Math.round(wakeS * 1000)
    use.radioMs = Math.round(Math.max(0, wakeS - SILENT_S) * 1000)
    use.searchMs = Math.round(searchS * 1000)
    use.joins = isWindowDue ? 1 : 0
    use.messages = isWindowDue ? 3 : 0
    return wakeS
}

function trueCurrents(options: LifeOptions, supply: number, prng: Prng): TrueCurrents {
    const [least, most] = options.truth
    const off = () => supply * prng.between(least, most)
    return {
        asleep: MODEL.asleep * off(),
        awake: MODEL.awake * off(),
        listening: MODEL.listening * off(),
        searching: MODEL.searching * off(),
        tracking: MODEL.tracking * off(),
        join: MODEL.join * off(),
        message: MODEL.message * off(),
    }
}

function trueMas(flow: TrueCurrents, passedS: number, use: EnergyUse): number {
    return (
        flow.asleep * passedS +
        (flow.awake * use.awakeMs) / 1000 +
        (flow.listening * use.radioMs) / 1000 +
        (flow.searching * use.searchMs) / 1000 +
        (flow.tracking * use.trackMs) / 1000 +
        flow.join * use.joins +
        flow.message * use.messages
    )
}

/** Readings of 1/256 percent about the truth; -1, which is no reading, without a gauge. */
function wanderingGauge(
    capacityMah: number,
    wander: number | undefined,
    prng: Prng,
): (drawnMah: number) => number {
    if (wander === undefined) return () => -1
    const [waves, phase] = [prng.between(2, 4), prng.between(0, 2 * Math.PI)]
    return (drawnMah) => {
        const gone = drawnMah / capacityMah
        const error = wander * Math.sin(2 * Math.PI * waves * gone + phase)
        return Math.round(25600 * Math.min(1, Math.max(0, 1 - gone + error)))
    }
}

/** When the vehicle is on its way: intervals of a day, drawn day by day. */
class Trips {
    private readonly weekday: number
    private day = -1
    private intervals: [fromS: number, toS: number][] = []

    constructor(
        private readonly pattern: Pattern,
        private readonly prng: Prng,
    ) {
        this.weekday = Math.floor(prng.between(0, 7))
    }

    isMoving(atS: number): boolean {
        const day = Math.floor(atS / DAY_S)
        if (day !== this.day) {
            this.day = day
            this.intervals = this.plan(day, this.prng.fork(day))
        }
        const second = atS - day * DAY_S
        return this.intervals.some(([fromS, toS]) => second >= fromS && second < toS)
    }

    private plan(day: number, prng: Prng): [number, number][] {
        if (this.pattern === "parked") return []
        if (this.pattern === "driving") return [[0, DAY_S]]
        const trip = (hour: number, scatterH: number, lengthS: number): [number, number] => {
            const fromS = (hour + scatterH * prng.gaussian()) * 3600
            return [fromS, fromS + lengthS]
        }
        const commute = () => [
            trip(7.5, 0.2, prng.between(1500, 2700)),
            trip(17.2, 0.5, prng.between(1500, 3000)),
        ]
        if (this.pattern === "commuting") {
            const isWeekend = (day + this.weekday) % 7 >= 5
            return isWeekend || prng.next() < 0.05 ? [] : commute()
        }
        if (this.pattern === "mixed") {
            const place = (day + this.weekday) % 7
            if (place === 5) return [trip(9, 1, prng.between(3.5, 4.5) * 3600)]
            return place % 2 === 0 && place < 6 ? commute() : []
        }
        const kind = prng.next()
        if (kind < 0.4) return commute()
        return kind < 0.55 ? [trip(9, 1, prng.between(3, 7) * 3600)] : []
    }
}
