// Makes the battery last to the mission's end. Charge for the mission flows into a bucket at an even
// rate; what the tracker uses is taken out. A day that is not used up stays in it, up to a week's
// worth, so a vehicle that stood for days may spend what it saved on a long way. What does not fit
// any more goes back to all days to come. Before the bucket is empty the profile is made slower, one
// step of a ladder after the other, and as it fills faster again.
//
// Never spent twice: bucket and pool together are what may be planned with (energy-meter.ts), which
// allows for the model's doubt. What the gauge corrects moves the pool, so no reading makes a step.

import {
    BATTERIES,
    DAY_S,
    MCU_AWAKE_UA,
    RADIO_ON_UA,
    RECEIVER_TRACK_UA,
    survivalUas,
} from "./energy-model.js"
import type { Mission } from "./mission.js"
import { type Profile, ProfileNumber } from "./profile.js"

export const enum GovernorLevel {
    /** The profile as it was ordered. */
    full = 0,
    /** Fixes half as often. */
    slower = 1,
    /** A quarter as often, searches half as long, no live channel. */
    slow = 2,
    /** Fixes an eighth as often, signs of life a quarter. */
    quiet = 3,
    /** A daily sign of life and nothing else. */
    survival = 4,
}

export interface Governor {
    /** Governed up to here, in seconds since the battery was fitted. -1: not yet. */
    atS: number
    /** What may be used now, in microampere-seconds; below 0 when more was used. */
    bucketUas: number
    /** What flows into it until the mission's end. */
    poolUas: number
    /** A GovernorLevel. */
    level: number
    /** When it was entered. */
    levelAtS: number
    /** For so long a level is kept before the next better one. */
    patienceS: number
    /** An order for `live` holds until then. -1: none. */
    liveUntilS: number
}

/** What happened to the level, to be told as an event. */
export interface LevelChange {
    from: number
    to: number
}

export interface Governed {
    governor: Governor
    changes: LevelChange[]
    /** An order for `live` was ended because of the battery. */
    isLiveEnded: boolean
}

const ROW_LENGTH = 7
/** The most that is saved up, in days of the mission's rate, and as a share of the time left. */
const SAVED_DAYS_MAX = 7
const SAVED_SHARE_MAX = 0.25
/** What the first days may borrow: half of the most. */
const FIRST_FILL = 0.5
/** A level is entered when the bucket is filled less than this, in permille of the most. */
const ENTERED_BELOW = [0, 300, 200, 100, 30]
/** And left for the next better one when it is filled more. */
const LEFT_ABOVE = [0, 600, 450, 350, 250]
/** A level is kept for at least a day; each time that a better one did not hold, for twice as long. */
const PATIENCE_LEAST_S = DAY_S
const PATIENCE_MOST_S = 8 * DAY_S
/** The longest that one order for `live` may run. */
export const LIVE_MAX_S = DAY_S
/** What a second of `live` is reckoned with, at the rail: awake, listening and tracking. */
const LIVE_UA = MCU_AWAKE_UA + RADIO_ON_UA + RECEIVER_TRACK_UA

export function newGovernor(): Governor {
    return {
        atS: -1,
        bucketUas: 0,
        poolUas: 0,
        level: GovernorLevel.full,
        levelAtS: 0,
        patienceS: PATIENCE_LEAST_S,
        liveUntilS: -1,
    }
}

/**
 * The governor after `usedUas` were used, up to `atS`, when `plannableUas` are left to plan with. One
 * level at most is taken at a time, but the last at once when nothing is left. Without a mission's end
 * there is nothing to hold, and after it nothing to spend.
 */
export function govern(
    governor: Governor,
    mission: Mission,
    atS: number,
    usedUas: number,
    plannableUas: number,
): Governed {
    const next = filled(governor, mission, atS, usedUas, plannableUas)
    const changes: LevelChange[] = []
    const wanted = wantedLevel(next, mission)
    if (wanted !== next.level) {
        changes.push({ from: next.level, to: wanted })
        next.patienceS = nextPatience(next, wanted)
        next.level = wanted
        next.levelAtS = atS
    }
    const isEnded = next.liveUntilS >= 0 && liveLeftS(next, mission, plannableUas) <= 0
    if (isEnded || (next.liveUntilS >= 0 && atS >= next.liveUntilS)) next.liveUntilS = -1
    return { governor: next, changes: changes, isLiveEnded: isEnded }
}

/**
 * The governor with an order for `live` until `untilS`, or for as long as may be: a day, and not
 * longer than a daily sign of life can be kept up to the mission's end. `untilS` says what was granted;
 * it is not above `governor.atS` when nothing was.
 */
export function orderLive(
    governor: Governor,
    mission: Mission,
    untilS: number,
    plannableUas: number,
): { governor: Governor; untilS: number } {
    const longestS = Math.min(LIVE_MAX_S, liveLeftS(governor, mission, plannableUas))
    const granted = Math.min(untilS, governor.atS + longestS)
    const isGranted = granted > governor.atS
    return {
        governor: { ...governor, liveUntilS: isGranted ? granted : governor.liveUntilS },
        untilS: granted,
    }
}

/** The governor when an order for `live` is taken back. */
export function endLive(governor: Governor): Governor {
    return { ...governor, liveUntilS: -1 }
}

/** Faster than this it does not pay to sleep in between: a wake takes two seconds and a search. */
const FIX_EVERY_LEAST_S = 30
/** One body's worth of fixes. */
const HOLD_FIXES = 10
const LOOK_FACTORS = [1, 2, 4, 8]
const FIX_FACTORS = [1, 2, 4, 8]
const QUIET_HEARTBEAT_FACTOR = 4
/** Silence of more than a day is an alarm, unless it was ordered so. */
const HEARTBEAT_MOST_S = DAY_S

/**
 * A profile made slower. The bench's is fed by the bench and stays as it is. A fix is held for longer
 * as fixes are rarer, so a window carries as many as before; the looks at the latch become rarer too,
 * since they are most of what a parked tracker uses.
 */
export function governedProfile(profile: Profile, level: number): Profile {
    if (level === GovernorLevel.full || profile.number === ProfileNumber.bench) return profile
    if (level >= GovernorLevel.survival) return survivalProfile(profile)
    const fixEveryS = Math.max(FIX_EVERY_LEAST_S, profile.fixEveryS * FIX_FACTORS[level])
    const isSlow = level >= GovernorLevel.slow
    const isQuiet = level >= GovernorLevel.quiet
    const heartbeatS = isQuiet
        ? atMost(profile.heartbeatS * QUIET_HEARTBEAT_FACTOR, HEARTBEAT_MOST_S, profile.heartbeatS)
        : profile.heartbeatS
    return {
        ...profile,
        fixEveryS: fixEveryS,
        liveBoundM: isSlow ? 0 : profile.liveBoundM * FIX_FACTORS[level],
        holdS: Math.max(profile.holdS * FIX_FACTORS[level], fixEveryS * HOLD_FIXES),
        heartbeatS: heartbeatS,
        parkedCheckS: atMost(
            profile.parkedCheckS * LOOK_FACTORS[level],
            heartbeatS,
            profile.parkedCheckS,
        ),
        searchCapS: isSlow ? halved(profile.searchCapS) : profile.searchCapS,
        staysAwake: false,
    }
}

export function governorRow(governor: Governor): number[] {
    return [
        governor.atS,
        governor.bucketUas,
        governor.poolUas,
        governor.level,
        governor.levelAtS,
        governor.patienceS,
        governor.liveUntilS,
    ]
}

/** A new one where the row is of another version or names no level. */
export function governorOf(row: number[]): Governor {
    if (row.length !== ROW_LENGTH || !(row[3] >= 0 && row[3] <= GovernorLevel.survival))
        return newGovernor()
    return {
        atS: row[0],
        bucketUas: row[1],
        poolUas: row[2],
        level: row[3],
        levelAtS: row[4],
        patienceS: row[5],
        liveUntilS: row[6],
    }
}

/** Bucket and pool at `atS`. */
function filled(
    governor: Governor,
    mission: Mission,
    atS: number,
    usedUas: number,
    plannableUas: number,
): Governor {
    if (mission.endS < 0) return { ...governor, atS: atS, bucketUas: 0, poolUas: plannableUas }
    const leftS = Math.max(0, mission.endS - atS)
    const isFirst = governor.atS < 0 || governor.poolUas + governor.bucketUas <= 0
    const rate = isFirst ? 0 : rateUa(governor, mission)
    const passedS = Math.max(0, Math.min(atS, mission.endS) - governor.atS)
    let bucket = isFirst ? 0 : governor.bucketUas + rate * passedS - usedUas
    if (isFirst) bucket = FIRST_FILL * savedMost(plannableUas, leftS)
    const most = savedMost(plannableUas - bucket, leftS)
    // A debt of more than a week is for all days to come.
    bucket = Math.floor(Math.max(-most, Math.min(most, bucket)))
    return { ...governor, atS: atS, bucketUas: bucket, poolUas: plannableUas - bucket }
}

/** Of the pool, what flows in each second until the mission's end. */
function rateUa(governor: Governor, mission: Mission): number {
    const leftS = mission.endS - governor.atS
    return leftS > 0 ? Math.max(0, governor.poolUas) / leftS : 0
}

/** The most that may be saved up, when `poolUas` are to last for `leftS`. */
function savedMost(poolUas: number, leftS: number): number {
    if (leftS <= 0) return 0
    const savedS = Math.min(SAVED_DAYS_MAX * DAY_S, leftS * SAVED_SHARE_MAX)
    return (Math.max(0, poolUas) / leftS) * savedS
}

function wantedLevel(governor: Governor, mission: Mission): number {
    if (mission.endS < 0) return GovernorLevel.full
    const leftS = mission.endS - governor.atS
    const most = savedMost(governor.poolUas, leftS)
    if (most <= 0) return GovernorLevel.survival
    const fill = (governor.bucketUas / most) * 1000
    const level = governor.level
    if (level < GovernorLevel.survival && fill < ENTERED_BELOW[level + 1]) return level + 1
    const isKept = governor.atS - governor.levelAtS < governor.patienceS
    if (level > GovernorLevel.full && !isKept && fill > LEFT_ABOVE[level]) return level - 1
    return level
}

/** Longer when a better level did not hold as long as it had been waited for, shorter when it did. */
function nextPatience(governor: Governor, wanted: number): number {
    const heldS = governor.atS - governor.levelAtS
    if (wanted < governor.level) return governor.patienceS
    if (heldS < governor.patienceS) return Math.min(PATIENCE_MOST_S, governor.patienceS * 2)
    return Math.max(PATIENCE_LEAST_S, Math.floor(governor.patienceS / 2))
}

/** For how many seconds `live` may run so that signs of life go on to the mission's end. */
function liveLeftS(governor: Governor, mission: Mission, plannableUas: number): number {
    const battery = BATTERIES[mission.battery]
    const leftS = mission.endS < 0 ? 0 : Math.max(0, mission.endS - governor.atS)
    const spareUas = plannableUas - survivalUas(battery, leftS)
    return Math.floor(spareUas / (LIVE_UA * (battery.supplyPermille / 1000)))
}

function survivalProfile(profile: Profile): Profile {
    const dayS = Math.max(HEARTBEAT_MOST_S, profile.heartbeatS)
    return {
        ...profile,
        fixEveryS: dayS,
        liveBoundM: 0,
        holdS: dayS,
        heartbeatS: dayS,
        parkedCheckS: dayS,
        searchCapS: halved(profile.searchCapS),
        staysAwake: false,
    }
}

function halved(seconds: number): number {
    return Math.max(1, Math.floor(seconds / 2))
}

/** `wanted`, but not above `most`, and never below `own`. */
function atMost(wanted: number, most: number, own: number): number {
    return Math.max(own, Math.min(wanted, most))
}
