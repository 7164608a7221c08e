// A clock for silence and age: it only goes forward, and it counts the time a computer slept.
// A browser's monotonic clock may stand still while the lid is closed. A console that woke up and
// believed it had been silent for a second would show hour-old positions as live, so a forward jump
// of the wall clock against the monotonic one counts as time gone by. A wall clock that was set
// forward by hand does the same: ages read too old until the next message, never too young.

/** The two clocks a browser has, in milliseconds. */
export interface ClockSources {
    /** performance.now(): never steps, may pause during sleep. */
    monotonicMs(): number
    /** Date.now(): steps when it is set. */
    wallMs(): number
}

/** Smaller differences are rounding and slewing, not sleep. */
const SLEEP_MIN_MS = 2_000

export class SteadyClock {
    private readonly sources: ClockSources
    private monotonicMs: number
    private wallMs: number
    private sleptMs = 0

    constructor(sources: ClockSources) {
        this.sources = sources
        this.monotonicMs = sources.monotonicMs()
        this.wallMs = sources.wallMs()
    }

    /** Milliseconds since an origin of no meaning. Never less than the call before. */
    now(): number {
        const monotonicMs = this.sources.monotonicMs()
        const wallMs = this.sources.wallMs()
        const unseenMs = wallMs - this.wallMs - (monotonicMs - this.monotonicMs)
        if (unseenMs >= SLEEP_MIN_MS) this.sleptMs += unseenMs
        // Small differences stay in the reference, so that a slow drift cannot add up to a sleep.
        this.monotonicMs = monotonicMs
        this.wallMs = wallMs
        return monotonicMs + this.sleptMs
    }
}
