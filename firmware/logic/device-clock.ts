// Seconds since the battery was fitted, over sleeps and resets, and what they say of UTC. The chip
// keeps no clock while it sleeps and its program counts from 0 at each boot: a sleep that was planned
// is believed to have lasted as planned, and a fix sets right what is off; so does the gateway, where no
// fix has told or the clock has become more doubtful than the way from there and back.

/** What is kept over a sleep. */
export interface ClockMemory {
    /** When this was kept, in seconds since the battery was fitted. */
    atS: number
    /** UTC at second 0, in seconds since 1970; -1 while nobody has told. */
    originS: number
    /** By how much UTC may be off, in seconds. */
    doubtS: number
    /** The sleep that followed, in seconds; -1 when none was planned. */
    sleepS: number
    /** A WakePlan. */
    plan: number
    /** UTC that the last fix told, in seconds; -1: none has. */
    fixS: number
    /** Beyond `atS` and `sleepS`, in milliseconds: a wake a minute would lose a second each. */
    restMs: number
}

/** What was to follow when the clock was kept. */
export const enum WakePlan {
    /** Nothing: if the program starts again, something has gone wrong. */
    none = 0,
    sleep = 1,
    dailyReboot = 2,
}

/**
 * From the end of a sleep until the runtime begins to count uptime: ROM and bootloader. The 1.16 s from
 * there to the program's first line are in the uptime.
 */
const START_S = 0.35
/**
 * The oscillator that runs during deep sleep: 150 kHz RC, calibrated at each start; Espressif's
 * documents leave some 5 % between calibrations with temperature.
 */
const SLEEP_DRIFT = 0.05
/** The crystal while awake is off by some 20 ppm: a day is under 2 s. */
const AWAKE_DRIFT = 0.00002
/** A fix is read up to seconds after its time. */
const SLACK_S = 5
/** The gateway tells whole seconds, rounded down. */
const TOLD_S = 1
const FIELDS = 7

export function newClock(): ClockMemory {
    return {
        atS: 0,
        originS: -1,
        doubtS: 0,
        sleepS: -1,
        plan: WakePlan.none,
        fixS: -1,
        restMs: 0,
    }
}

export class DeviceClock {
    /** Of the sleep before this start, what may have passed unseen: all of it where it was cut short. */
    cutShortS: number
    private startS: number
    private originS: number
    private doubtS: number
    private fixS: number

    /**
     * `isCutShort`: the sleep ended before its time, nobody knows when. After a reset that nobody
     * planned the time between is unknown too, and UTC with it.
     */
    constructor(kept: ClockMemory, isCutShort: boolean) {
        const isPlanned = kept.plan !== WakePlan.none
        const sleptS = kept.plan === WakePlan.sleep && !isCutShort ? Math.max(0, kept.sleepS) : 0
        const restS = isCutShort ? 0 : kept.restMs / 1000
        this.cutShortS = isCutShort ? Math.max(0, kept.sleepS) : 0
        this.startS = kept.atS + sleptS + (isPlanned ? restS + START_S : 0)
        this.fixS = kept.fixS
        this.originS = isPlanned ? kept.originS : -1
        this.doubtS = kept.doubtS + this.cutShortS + sleptS * SLEEP_DRIFT
    }

    /** Whole seconds since the battery was fitted, `uptimeMs` into this boot. */
    atS(uptimeMs: number): number {
        return Math.floor(this.startS + uptimeMs / 1000)
    }

    /** UTC in whole seconds, or -1 while it is unknown. */
    utcS(uptimeMs: number): number {
        if (this.originS < 0) return -1
        return Math.floor(this.originS + this.startS + uptimeMs / 1000)
    }

    /** The same in tenths of a second, or -1. */
    utcDs(uptimeMs: number): number {
        if (this.originS < 0) return -1
        return Math.floor((this.originS + this.startS + uptimeMs / 1000) * 10)
    }

    /** By how much `utcS` may be off, in seconds. */
    utcDoubtS(uptimeMs: number): number {
        return this.doubtS + (uptimeMs / 1000) * AWAKE_DRIFT
    }

    /**
     * What a fix says. The first one sets the origin. A later one sets this clock right as far as it
     * may have gone wrong, and never back: what was decided at a time is not decided again. Anything
     * else is the receiver's fault or the end of one, and moves UTC alone.
     */
    noteUtc(utcS: number, uptimeMs: number): void {
        this.set(utcS, uptimeMs)
        this.doubtS = 0
        this.fixS = utcS
    }

    /**
     * What the gateway says, which knows it by `roundTripMs` and a second. True where it was taken: UTC
     * was unknown, or known worse. A fix is the better witness: where one has told, the gateway is
     * believed as far as the clock may have gone wrong since, and never back before that fix. A clock
     * that agrees with it as well as it can tell goes on as it was, and doubts itself less.
     */
    noteTold(utcS: number, roundTripMs: number, uptimeMs: number): boolean {
        const doubtS = roundTripMs / 1000 + TOLD_S
        if (utcS < this.fixS) return false
        let offS = doubtS
        if (this.originS >= 0) {
            const heldS = this.utcDoubtS(uptimeMs)
            offS = Math.abs(utcS - (this.originS + this.startS + uptimeMs / 1000))
            if (doubtS >= heldS || (this.fixS >= 0 && offS > heldS + doubtS)) return false
        }
        const agrees = offS < doubtS
        if (!agrees) this.set(utcS, uptimeMs)
        this.doubtS = agrees ? Math.min(this.utcDoubtS(uptimeMs), doubtS + offS) : doubtS
        return true
    }

    private set(utcS: number, uptimeMs: number): void {
        const nowS = this.startS + uptimeMs / 1000
        const behindS = utcS - (this.originS + nowS)
        if (this.originS < 0) this.originS = utcS - nowS
        else if (behindS > 0 && behindS <= this.utcDoubtS(uptimeMs) + SLACK_S)
            this.startS += behindS
        else this.originS += behindS
    }

    /** To be kept before `plan` happens. */
    kept(uptimeMs: number, plan: WakePlan, sleepS: number): ClockMemory {
        // UTC is kept to the millisecond: what the origin is off a whole second goes to this clock.
        const aboveS = this.originS < 0 ? 0 : this.originS - Math.floor(this.originS)
        const nowS = this.startS + uptimeMs / 1000 + aboveS
        const isAsleep = plan === WakePlan.sleep
        const restS = nowS - Math.floor(nowS) + (isAsleep ? sleepS - Math.floor(sleepS) : 0)
        return {
            atS: Math.floor(nowS),
            originS: this.originS < 0 ? -1 : Math.floor(this.originS),
            doubtS: Math.ceil(this.utcDoubtS(uptimeMs)),
            sleepS: isAsleep ? Math.floor(sleepS) : -1,
            plan: plan,
            fixS: this.fixS,
            restMs: Math.floor(restS * 1000),
        }
    }
}

export function clockRow(clock: ClockMemory): number[] {
    return [
        clock.atS,
        clock.originS,
        clock.doubtS,
        clock.sleepS,
        clock.plan,
        clock.fixS,
        clock.restMs,
    ]
}
export function clockOf(row: number[]): ClockMemory {
    if (row.length !== FIELDS) return newClock()
    return {
        atS: row[0],
        originS: row[1],
        doubtS: row[2],
        sleepS: row[3],
        plan: row[4],
        fixS: row[5],
        restMs: row[6],
    }
}
