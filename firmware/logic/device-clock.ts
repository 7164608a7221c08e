// Seconds since the battery was fitted, over sleeps and resets, and what they say of UTC. The chip
// keeps no clock while it sleeps and its program counts from 0 at each boot: a sleep that was planned
// is believed to have lasted as planned, and a fix sets right what is off.

/** What is kept over a sleep. */
export interface ClockMemory {
    /** When this was kept, in seconds since the battery was fitted. */
    atS: number
    /** UTC at second 0, in seconds since 1970; -1 while no fix has told. */
    originS: number
    /** By how much `atS` may have gone wrong since the last fix, in seconds. */
    doubtS: number
    /** The sleep that followed, in seconds; -1 when none was planned. */
    sleepS: number
    /** A WakePlan. */
    plan: number
}

/** What was to follow when the clock was kept. */
export const enum WakePlan {
    /** Nothing: if the program starts again, something has gone wrong. */
    none = 0,
    sleep = 1,
    dailyReboot = 2,
}

/** From the end of a sleep to the program's first line: ROM and bootloader 0.35 s, runtime 1.16 s. */
const START_S = 1.5
/**
 * The oscillator that runs during deep sleep: 150 kHz RC, calibrated at each start; Espressif's
 * documents leave some 5 % between calibrations with temperature.
 */
const SLEEP_DRIFT = 0.05
/** The crystal while awake is off by some 20 ppm: a day is under 2 s. */
const AWAKE_DRIFT = 0.00002
/** A fix is read up to seconds after its time. */
const SLACK_S = 5

export function newClock(): ClockMemory {
    return { atS: 0, originS: -1, doubtS: 0, sleepS: -1, plan: WakePlan.none }
}

export class DeviceClock {
    private startS: number
    private originS: number
    private doubtS: number

    /**
     * `isCutShort`: the sleep ended before its time, nobody knows when. After a reset that nobody
     * planned the time between is unknown too, and UTC with it.
     */
    constructor(kept: ClockMemory, isCutShort: boolean) {
        const isPlanned = kept.plan !== WakePlan.none
        const sleptS = kept.plan === WakePlan.sleep && !isCutShort ? Math.max(0, kept.sleepS) : 0
        this.startS = kept.atS + sleptS + (isPlanned ? START_S : 0)
        this.originS = isPlanned ? kept.originS : -1
        this.doubtS = kept.doubtS + (isCutShort ? Math.max(0, kept.sleepS) : sleptS * SLEEP_DRIFT)
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
        const nowS = this.startS + uptimeMs / 1000
        const behindS = utcS - (this.originS + nowS)
        if (this.originS < 0) this.originS = utcS - nowS
        else if (behindS > 0 && behindS <= this.utcDoubtS(uptimeMs) + SLACK_S)
            this.startS += behindS
        else this.originS += behindS
        this.doubtS = 0
    }

    /** To be kept before `plan` happens. */
    kept(uptimeMs: number, plan: WakePlan, sleepS: number): ClockMemory {
        return {
            atS: Math.floor(this.startS + uptimeMs / 1000),
            originS: this.originS < 0 ? -1 : Math.floor(this.originS),
            doubtS: Math.ceil(this.utcDoubtS(uptimeMs)),
            sleepS: plan === WakePlan.sleep ? Math.floor(sleepS) : -1,
            plan: plan,
        }
    }
}

export function clockRow(clock: ClockMemory): number[] {
    return [clock.atS, clock.originS, clock.doubtS, clock.sleepS, clock.plan]
}
export function clockOf(row: number[]): ClockMemory {
    if (row.length !== 5) return newClock()
    return { atS: row[0], originS: row[1], doubtS: row[2], sleepS: row[3], plan: row[4] }
}
