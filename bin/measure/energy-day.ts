// `burr measure --energy PROFILE`: the charge of a day on which the tracker takes a recorded way once
// and stands for the rest, by what takes it. All modelled: the currents of the firmware's model, and
// the times below.

import {
    BATTERIES,
    type Battery,
    BOOT_MS,
    DAY_S,
    type EnergyUse,
    energyParts,
    noUse,
    UAS_PER_MAH,
    wakeUse,
} from "../../firmware/logic/energy-model.js"
import type { Profile } from "../../firmware/logic/profile.js"
import { TrackThinner } from "../../firmware/logic/thin/track-thinner.js"
import { distanceM } from "../../gateway/core/geo/geodesic.js"
import { BATCH_FIXES_MAX } from "../../protocol/fix.js"
import { thinnedTo } from "./measure-track.js"
import type { MeasuredFix } from "./measured-fix.js"

/** From boot to standby, without a search or a window: mount the memory, read the latch, decide. */
const LOOK_MS = 400
/** A search with ephemerides in the receiver's backup memory, and one without. */
const WARM_SEARCH_MS = 5000
const COLD_SEARCH_MS = 30000
/** Ephemerides are good for two hours. */
const WARM_FOR_S = 7200
/** Join, connect, send, and wait for the gateway's ack. */
const WINDOW_MS = 5000
/** Nearer than this to where it stood, a tracker has not moved: a parked receiver scatters less. */
const MOVED_M = 30

/** Charge that is told at the 3.3 V rail: no converter, and no battery that loses any by itself. */
const RAIL: Battery = {
    name: "rail",
    capacityMah: 0,
    usablePermille: 1000,
    supplyPermille: 1000,
    selfPpmPerYear: 0,
    coldPermille: [1000],
}
/** What a life is told for. */
const LIFE_BATTERIES = BATTERIES.slice(0, 2)

/** Milliampere-hours a day at the 3.3 V rail. */
export interface MahPerDay {
    mcu: number
    radio: number
    receiver: number
    sleep: number
    all: number
}

export interface BatteryLife {
    battery: string
    capacityMah: number
    /** At the battery, what it loses by itself included. */
    mahPerDay: number
    days: number
}

export interface EnergyDay {
    /** On the way, in seconds of a day. */
    movingS: number
    wakes: number
    fixes: number
    /** Times that a network is joined. */
    windows: number
    messages: number
    mahPerDay: MahPerDay
    life: BatteryLife[]
}

/** A day with the track in it once; of a track that is longer than a day, the mean day. */
export function energyDay(fixes: readonly MeasuredFix[], profile: Profile): EnergyDay {
    const spanS = (fixes.at(-1)!.atMs - fixes[0]!.atMs) / 1000
    const days = Math.max(1, spanS / DAY_S)
    const way = movingFixes(fixes, profile.stillS * 1000)
    const moving = profile.staysAwake
        ? movingAwake(way.fixes, way.seconds, profile)
        : movingAsleep(way.fixes, way.seconds, profile)
    const parkedS = days * DAY_S - way.seconds
    const parked = profile.staysAwake
        ? parkedAwake(parkedS, profile)
        : parkedAsleep(parkedS, profile)
    const use = scaled(added(moving.use, parked.use), 1 / days)
    return {
        movingS: way.seconds / days,
        wakes: (moving.wakes + parked.wakes) / days,
        fixes: (moving.fixes + parked.fixes) / days,
        windows: use.joins,
        messages: use.messages,
        mahPerDay: mahPerDay(use),
        life: LIFE_BATTERIES.map((battery) => lifeOf(battery, use)),
    }
}

/** Without a track: all day on the way with a fix each time that one is due, or all day parked. */
export function profileDay(profile: Profile, isMoving: boolean): EnergyDay {
    const count = Math.floor(DAY_S / profile.fixEveryS)
    const moving = profile.staysAwake
        ? awake(DAY_S, count, count, profile)
        : asleepMoving(DAY_S, count, count, profile)
    const parked = profile.staysAwake ? parkedAwake(DAY_S, profile) : parkedAsleep(DAY_S, profile)
    const { use, wakes, fixes } = isMoving ? moving : parked
    return {
        movingS: isMoving ? DAY_S : 0,
        wakes,
        fixes,
        windows: use.joins,
        messages: use.messages,
        mahPerDay: mahPerDay(use),
        life: LIFE_BATTERIES.map((battery) => lifeOf(battery, use)),
    }
}

interface Spell {
    use: EnergyUse
    wakes: number
    fixes: number
}

/** The fixes on the way, and for how long it was: a way goes on for `stillMs` after the last move. */
function movingFixes(
    fixes: readonly MeasuredFix[],
    stillMs: number,
): { fixes: MeasuredFix[]; seconds: number } {
    let stood = fixes[0]!
    let movedAtMs = Number.NEGATIVE_INFINITY
    let ms = 0
    const moving = fixes.filter((fix, index) => {
        if (distanceM(stood, fix) > MOVED_M) {
            stood = fix
            movedAtMs = fix.atMs
        }
        const isMoving = fix.atMs - movedAtMs <= stillMs
        const before = fixes[index - 1]
        if (isMoving && before !== undefined) ms += Math.min(stillMs, fix.atMs - before.atMs)
        return isMoving
    })
    return { fixes: moving, seconds: ms / 1000 }
}

function movingAsleep(fixes: readonly MeasuredFix[], seconds: number, profile: Profile): Spell {
    if (seconds === 0) return { use: noUse(), wakes: 0, fixes: 0 }
    const taken = thinnedTo(fixes, profile.fixEveryS * 1000)
    return asleepMoving(seconds, taken.length, keptOf(taken, profile).kept, profile)
}

function movingAwake(fixes: readonly MeasuredFix[], seconds: number, profile: Profile): Spell {
    const { kept, reports } = keptOf(fixes, profile)
    const spell = awake(seconds, fixes.length, kept, profile)
    spell.use.messages = Math.max(spell.use.messages, reports)
    return spell
}

/** A wake for each fix; windows as often as a kept fix may wait. */
function asleepMoving(seconds: number, fixes: number, kept: number, profile: Profile): Spell {
    const isWarm = profile.fixEveryS < WARM_FOR_S
    const searchMs = Math.min(profile.searchCapS * 1000, isWarm ? WARM_SEARCH_MS : COLD_SEARCH_MS)
    const windows = Math.min(fixes, Math.ceil(seconds / Math.max(profile.holdS, profile.fixEveryS)))
    const messages = Math.max(windows, Math.ceil(kept / BATCH_FIXES_MAX))
    const fix = wakeUse(BOOT_MS + LOOK_MS + searchMs, searchMs, 0)
    const use = scaled(fix, fixes)
    return { use: added(use, window(windows, messages)), wakes: fixes, fixes }
}

function awake(seconds: number, fixes: number, kept: number, profile: Profile): Spell {
    const onMs = seconds * 1000
    const messages = Math.max(Math.ceil(seconds / profile.holdS), Math.ceil(kept / BATCH_FIXES_MAX))
    const use = { ...noUse(), awakeMs: onMs, radioMs: onMs, trackMs: onMs, messages }
    return { use, wakes: 0, fixes }
}

function parkedAsleep(seconds: number, profile: Profile): Spell {
    const signs = seconds / profile.heartbeatS
    const looks = Math.max(0, seconds / profile.parkedCheckS - signs)
    const isWarm = profile.heartbeatS < WARM_FOR_S
    const searchMs = Math.min(profile.searchCapS * 1000, isWarm ? WARM_SEARCH_MS : COLD_SEARCH_MS)
    const look = wakeUse(BOOT_MS + LOOK_MS, 0, 0)
    const sign = wakeUse(BOOT_MS + LOOK_MS + searchMs, searchMs, 0)
    const use = added(scaled(look, looks), scaled(sign, signs))
    return { use: added(use, window(signs, signs)), wakes: looks + signs, fixes: signs }
}

/** The receiver is on for its signs of life alone. */
function parkedAwake(seconds: number, profile: Profile): Spell {
    const signs = seconds / profile.heartbeatS
    const onMs = seconds * 1000
    const searchMs = Math.min(onMs, signs * WARM_SEARCH_MS)
    const use = { ...noUse(), awakeMs: onMs, radioMs: onMs, searchMs, messages: signs }
    return { use, wakes: 0, fixes: signs }
}

/** Windows that follow a search: the radio runs already. */
function window(windows: number, messages: number): EnergyUse {
    const onMs = windows * WINDOW_MS
    return { ...noUse(), awakeMs: onMs, radioMs: onMs, joins: windows, messages }
}

/** How many fixes the profile's bounds keep, and how many live reports it makes of them. */
function keptOf(
    fixes: readonly MeasuredFix[],
    profile: Profile,
): { kept: number; reports: number } {
    const liveM = profile.liveBoundM > 0 ? profile.liveBoundM : Number.POSITIVE_INFINITY
    const thinner = new TrackThinner(liveM, profile.historyBoundM)
    let [kept, reports] = [0, 0]
    for (const fix of fixes) {
        const thin = {
            timeDs: fix.atMs / 100,
            latUdeg: fix.latDeg * 1e6,
            lonUdeg: fix.lonDeg * 1e6,
            ...(fix.speedMps !== undefined && { speedDmps: Math.round(fix.speedMps * 10) }),
            ...(fix.courseDeg !== undefined && { courseDeg: Math.round(fix.courseDeg) % 360 }),
        }
        const thinned = thinner.add(thin)
        kept += thinned.kept.length
        if (thinned.isReport && profile.liveBoundM > 0) reports++
    }
    return { kept: kept + (thinner.end() === undefined ? 0 : 1), reports }
}

function mahPerDay(use: EnergyUse): MahPerDay {
    const { mcuUas, radioUas, receiverUas, sleepUas } = energyParts(RAIL, DAY_S, use)
    const [mcu, radio, receiver, sleep] = [mcuUas, radioUas, receiverUas, sleepUas].map(
        (uas) => uas / UAS_PER_MAH,
    ) as [number, number, number, number]
    return { mcu, radio, receiver, sleep, all: mcu + radio + receiver + sleep }
}

function lifeOf(battery: Battery, use: EnergyUse): BatteryLife {
    const { mcuUas, radioUas, receiverUas, sleepUas } = energyParts(battery, DAY_S, use)
    const perDay = (mcuUas + radioUas + receiverUas + sleepUas) / UAS_PER_MAH
    const usableMah = (battery.capacityMah * battery.usablePermille) / 1000
    return {
        battery: battery.name,
        capacityMah: battery.capacityMah,
        mahPerDay: perDay,
        days: usableMah / perDay,
    }
}

function added(one: EnergyUse, other: EnergyUse): EnergyUse {
    return {
        awakeMs: one.awakeMs + other.awakeMs,
        radioMs: one.radioMs + other.radioMs,
        searchMs: one.searchMs + other.searchMs,
        trackMs: one.trackMs + other.trackMs,
        joins: one.joins + other.joins,
        messages: one.messages + other.messages,
    }
}

function scaled(use: EnergyUse, times: number): EnergyUse {
    return {
        awakeMs: use.awakeMs * times,
        radioMs: use.radioMs * times,
        searchMs: use.searchMs * times,
        trackMs: use.trackMs * times,
        joins: use.joins * times,
        messages: use.messages * times,
    }
}
