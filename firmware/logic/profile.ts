// How often a tracker looks, tells and listens, as data. A profile is an order's to choose; the
// governor takes one and makes it slower, never another.
//
// The figures beside the numbers are modelled with the currents of energy-model.ts, not measured: a
// wake of 1.8 s that only looks takes 0.014 mAh; a fix that the receiver makes from its backup memory
// (4 s) 0.13, one for which it reads the sky anew (28 s) 0.86, an upload window of 5 s 0.12; a day of
// sleep 2.6. Two AA lithium cells give some 2,200.

export interface Profile {
    /** As orders and status name it, 1 to 4. */
    number: number
    name: string
    /** Between two fixes while moving, in seconds. 1: the receiver stays on. */
    fixEveryS: number
    /**
     * How far a watcher who extrapolates may be off before a report is due, in metres. 0: there is no
     * live channel, and fixes wait for an upload window.
     */
    liveBoundM: number
    /**
     * Largest error of the track drawn again from the fixes that are kept, in metres. 0: every fix is
     * kept, parked or not, and a tracker that stays awake never switches its receiver off.
     */
    historyBoundM: number
    /** The longest that a kept fix waits for an upload window while moving, in seconds. */
    holdS: number
    /** Between two signs of life while parked, each with a fix, in seconds. */
    heartbeatS: number
    /**
     * While parked on a board that motion cannot wake: between two looks at the accelerometer's latch,
     * in seconds. So late a departure is noticed at worst.
     */
    parkedCheckS: number
    /** The longest that one search for satellites may take, in seconds. */
    searchCapS: number
    /** Without any sign of motion for this long, a tracker that moved is parked. In seconds. */
    stillS: number
    /** Neither sleeps nor disconnects: an order reaches it at once. */
    staysAwake: boolean
}

/** What an order may set beside the profile; -1 leaves the profile's own. */
export interface Overrides {
    liveBoundM: number
    historyBoundM: number
    holdS: number
    heartbeatS: number
}

export const enum ProfileNumber {
    live = 1,
    normal = 2,
    longLife = 3,
    bench = 4,
}

/** Followed by somebody, for hours: awake, with radio and receiver on, it draws 100 mA. */
const LIVE: Profile = {
    number: ProfileNumber.live,
    name: "live",
    fixEveryS: 1,
    // A street is 10 to 25 m wide: the watcher is never a street off.
    liveBoundM: 25,
    // The receiver's own error under open sky: drawn finer, a track shows noise.
    historyBoundM: 5,
    // Bodies of ten fixes take a third fewer bytes a fix, and the gateway is never further behind.
    holdS: 10,
    // Awake and connected a sign of life costs a few bytes; a console shows silence after two.
    heartbeatS: 300,
    // One register on the bus: awake it costs nothing.
    parkedCheckS: 10,
    // Somebody waits for it, and the receiver is a quarter of what it draws.
    searchCapS: 300,
    // The longest red light of common programmes is 120 s; a journey is not cut at each.
    stillS: 180,
    staysAwake: true,
}

/** The one to take: five minutes to a departure, ten to a place, months on two AA cells. */
const NORMAL: Profile = {
    number: ProfileNumber.normal,
    name: "normal",
    // 830 m at 50 km/h tell the road. An hour on the way is 8 mAh; at a fix in 30 s it would be 16.
    fixEveryS: 60,
    liveBoundM: 0,
    // At a fix a minute any bound below the width of a junction keeps all of them.
    historyBoundM: 10,
    // Ten fixes to a body. Six windows an hour are 0.7 mAh beside the 8 of the fixes.
    holdS: 600,
    // Four fixes without ephemerides and four windows a day: 3.9 mAh.
    heartbeatS: 21600,
    // 288 looks a day are 4 mAh, as much as the heartbeats: boards that motion wakes spare it.
    parkedCheckS: 300,
    // Twice what a cold receiver at a window or below a dashboard needs (30 to 60 s).
    searchCapS: 120,
    stillS: 180,
    staysAwake: false,
}

/** Seasons: where it is once a day, roughly where it went. */
const LONG_LIFE: Profile = {
    number: ProfileNumber.longLife,
    name: "long-life",
    // 4 km at 50 km/h: which town, and where it stood. An hour on the way is 1.6 mAh.
    fixEveryS: 300,
    liveBoundM: 0,
    historyBoundM: 25,
    // One window of 0.12 mAh to twelve fixes of 1.6.
    holdS: 3600,
    // One fix without ephemerides and one window: 1 mAh a day beside the 2.6 of sleep.
    heartbeatS: 86400,
    // 48 looks a day are 0.7 mAh.
    parkedCheckS: 1800,
    // What most cold starts need. Where that is not enough, the next one will not be either.
    searchCapS: 90,
    // One fix interval: shorter could not be told from one place to the next.
    stillS: 300,
    staysAwake: false,
}

/** On the technician's table, fed by USB: everything at once, nothing spared. */
const BENCH: Profile = {
    number: ProfileNumber.bench,
    name: "bench",
    fixEveryS: 1,
    liveBoundM: 5,
    // Every fix: at rest too the scatter is what a technician looks at.
    historyBoundM: 0,
    holdS: 5,
    // A technician looks at one tracker for about a minute.
    heartbeatS: 60,
    parkedCheckS: 1,
    // Behind a window an almanac may have to be read first: 12.5 minutes, GPS's own period.
    searchCapS: 780,
    // Tap, see it move; leave it, see it park.
    stillS: 30,
    staysAwake: true,
}

/** In the order of their numbers. */
export const PROFILES: Profile[] = [LIVE, NORMAL, LONG_LIFE, BENCH]
/** What a tracker runs that nobody has told otherwise. */
export const PROFILE_DEFAULT = ProfileNumber.normal

interface Range {
    name: string
    least: number
    most: number
}

/** In the order of an Overrides row. */
const RANGES: Range[] = [
    // 0 closes the live channel. Above 10 km a report would be an event in itself.
    { name: "live-bound", least: 0, most: 10000 },
    // 0 keeps every fix. Above a kilometre there is no road left to tell.
    { name: "history-bound", least: 0, most: 1000 },
    { name: "hold", least: 1, most: 86400 },
    // A minute is awake most of the time; a week is the longest that silence may be no alarm.
    { name: "heartbeat", least: 60, most: 604800 },
]

/** The profile with that number, or undefined. */
export function profileOf(number: number): Profile | undefined {
    for (const profile of PROFILES) if (profile.number === number) return profile
    return undefined
}

export function newOverrides(): Overrides {
    return { liveBoundM: -1, historyBoundM: -1, holdS: -1, heartbeatS: -1 }
}

/**
 * The profile as ordered; the one given is left as it is. Throws what `overridesFault` says of
 * overrides that do not fit.
 */
export function withOverrides(profile: Profile, overrides: Overrides): Profile {
    const fault = overridesFault(overrides)
    if (fault !== undefined) throw new Error(fault)
    return {
        number: profile.number,
        name: profile.name,
        fixEveryS: profile.fixEveryS,
        liveBoundM: chosen(overrides.liveBoundM, profile.liveBoundM),
        historyBoundM: chosen(overrides.historyBoundM, profile.historyBoundM),
        holdS: chosen(overrides.holdS, profile.holdS),
        heartbeatS: chosen(overrides.heartbeatS, profile.heartbeatS),
        parkedCheckS: profile.parkedCheckS,
        searchCapS: profile.searchCapS,
        stillS: profile.stillS,
        staysAwake: profile.staysAwake,
    }
}

/** Which override is out of its range: `heartbeat: 5, expected 60 to 604800`; or undefined. */
export function overridesFault(overrides: Overrides): string | undefined {
    const row = overridesRow(overrides)
    for (let i = 0; i < row.length; i++) {
        const { name, least, most } = RANGES[i]
        const value = row[i]
        if (value === -1) continue
        const isWhole = Math.floor(value) === value
        if (!isWhole || value < least || value > most)
            return `${name}: ${value}, expected ${least} to ${most}`
    }
    return undefined
}

export function overridesRow(overrides: Overrides): number[] {
    return [overrides.liveBoundM, overrides.historyBoundM, overrides.holdS, overrides.heartbeatS]
}

/** None where the row is of another version or out of range. */
export function overridesOf(row: number[]): Overrides {
    if (row.length !== RANGES.length) return newOverrides()
    const overrides: Overrides = {
        liveBoundM: row[0],
        historyBoundM: row[1],
        holdS: row[2],
        heartbeatS: row[3],
    }
    return overridesFault(overrides) === undefined ? overrides : newOverrides()
}

function chosen(ordered: number, own: number): number {
    return ordered === -1 ? own : ordered
}
