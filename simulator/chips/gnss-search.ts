// How long a receiver searches before it has a fix: a model, stepped once an epoch, of what it still
// knows and of the sky it is under.
//
//     search ─ enough signals found ─▶ ephemeris ─ orbits read ─▶ fix
//                                  └──── orbits known ───────────▶
//
// Figures: SAM-M10Q data sheet UBX-22013293 R03, table 1 (cold 23 s, hot 1 s, -130 dBm; sensitivity
// tracking -165, hot -157, cold -146 dBm) and the GPS message, which repeats its orbits every 30 s.
// Power in dBm becomes C/N0 in dB-Hz by +172: thermal noise of -174 dBm/Hz and 2 dB of the receiver.
// A position and a time given by the host shorten the search and let it find weaker signals; they
// are no orbits, so a warm start with them still waits for an ephemeris.

/** What the antenna is under at an instant. */
export interface Sky {
    /** Satellites heard. */
    satellites: number
    /** Their middle carrier to noise density, dB-Hz, jamming included: open sky 42, indoors 20. */
    cn0DbHz: number
    isJammed: boolean
    isSpoofed: boolean
}

export type SkyConditions = (atMs: number) => Sky

/** What survives in the backup domain. */
export interface GnssMemory {
    hasTime: boolean
    hasPosition: boolean
    /** When the orbits in use were last received, UTC ms. */
    ephemerisAtMs: number | undefined
}

export const NOTHING_KNOWN: Readonly<GnssMemory> = {
    hasTime: false,
    hasPosition: false,
    ephemerisAtMs: undefined,
}

/** An ephemeris serves for two hours either side of its reference time. */
export const EPHEMERIS_LIFE_MS = 4 * 3_600_000
const SEARCH_COLD_S = 4
const SEARCH_AIDED_S = 0.5
/** The search takes this share of its time at least and at most, by luck. */
const SEARCH_SPREAD = [0.6, 1.4] as const
/** First orbits from four constellations, whose frames are not in step: 18 s on average. */
const EPHEMERIS_S = [12, 24] as const
/** Wait for the next one where a bit was wrong. */
const FRAME_S = 30
/** The search is at full speed from here up, and ten times as long for each 10 dB below. */
const FULL_SPEED_DBHZ = 40
const COLD_DBHZ = 26
const AIDED_DBHZ = 15
const DECODE_DBHZ = 26
/** A frame arrives whole with certainty from here up, and with a tenth of it less for each dB. */
const DECODE_CERTAIN_DBHZ = 34
const TRACKING_DBHZ = 7
const SATELLITES_3D = 4
const SATELLITES_2D = 3
/** Right after the first fix the error is this many times the settled one, falling by e in SETTLE_S. */
const FIRST_ERROR = 5
const SETTLE_S = 8

export type SearchPhase = "search" | "ephemeris" | "fix"

export class GnssSearch {
    memory: GnssMemory = { ...NOTHING_KNOWN }
    phase: SearchPhase = "search"
    /** Since the start of this search; the first fix after it, if there was one. */
    startedAtMs = 0
    firstFixAtMs: number | undefined
    private fixedAtMs = 0
    private steppedAtMs = 0
    private searched = 0
    private luck = 1
    private frameLeftS = 0
    private readS = 0

    /** `random` is uniform in [0, 1). */
    constructor(private readonly random: () => number) {}

    /** Begins a search with what `memory` holds. */
    start(atMs: number): void {
        this.startedAtMs = atMs
        this.steppedAtMs = atMs
        this.firstFixAtMs = undefined
        this.begin()
    }

    step(atMs: number, sky: Sky): void {
        const passedS = (atMs - this.steppedAtMs) / 1000
        this.steppedAtMs = atMs
        if (this.phase === "fix") this.track(atMs, passedS, sky)
        else if (this.phase === "search") this.search(passedS, sky)
        if (this.phase === "ephemeris") this.readOrbits(atMs, passedS, sky)
        if (this.phase === "ephemeris" && this.hasOrbits(atMs) && canFix(sky)) this.fix(atMs)
    }

    /** 0 none, 2 height held, 3 full. */
    fixType(sky: Sky): 0 | 2 | 3 {
        if (this.phase !== "fix") return 0
        return sky.satellites >= SATELLITES_3D ? 3 : 2
    }
    /** How many times its settled error a fix has: it settles within the first half minute. */
    errorFactor(atMs: number): number {
        const settledS = (atMs - this.fixedAtMs) / 1000
        return 1 + (FIRST_ERROR - 1) * Math.exp(-settledS / SETTLE_S)
    }

    private begin(): void {
        this.phase = "search"
        this.searched = 0
        this.luck = this.between(SEARCH_SPREAD)
        this.frameLeftS = this.between(EPHEMERIS_S)
        this.readS = 0
    }
    private search(passedS: number, { satellites, cn0DbHz }: Sky): void {
        const isAided = this.memory.hasTime && this.memory.hasPosition
        if (satellites < SATELLITES_2D || cn0DbHz < (isAided ? AIDED_DBHZ : COLD_DBHZ)) return
        const slowdown = 10 ** (Math.max(0, FULL_SPEED_DBHZ - cn0DbHz) / 10)
        const neededS = (isAided ? SEARCH_AIDED_S : SEARCH_COLD_S) * this.luck * slowdown
        this.searched += passedS / neededS
        if (this.searched >= 1) this.phase = "ephemeris"
    }
    /** A frame interrupted is read again from its start. */
    private readOrbits(atMs: number, passedS: number, sky: Sky): void {
        if (sky.satellites < SATELLITES_2D) {
            this.begin()
            return
        }
        if (this.hasOrbits(atMs)) return
        if (sky.cn0DbHz < DECODE_DBHZ) this.readS = 0
        else this.readS += passedS
        if (this.readS < this.frameLeftS) return
        this.readS = 0
        this.frameLeftS = FRAME_S
        const chance = 1 - (DECODE_CERTAIN_DBHZ - sky.cn0DbHz) / 10
        if (this.random() < chance) {
            this.memory.ephemerisAtMs = atMs
            this.memory.hasTime = true
        }
    }
    private fix(atMs: number): void {
        this.phase = "fix"
        this.fixedAtMs = atMs
        this.firstFixAtMs ??= atMs
        this.readS = 0
        this.memory.hasTime = true
        this.memory.hasPosition = true
    }
    /** A receiver that stays on keeps its orbits fresh; one that is on for seconds does not. */
    private track(atMs: number, passedS: number, sky: Sky): void {
        if (sky.satellites < SATELLITES_2D || sky.cn0DbHz < TRACKING_DBHZ) {
            this.begin()
            return
        }
        this.readS = sky.cn0DbHz >= DECODE_CERTAIN_DBHZ ? this.readS + passedS : 0
        if (this.readS < FRAME_S) return
        this.readS = 0
        this.memory.ephemerisAtMs = atMs
    }
    private hasOrbits(atMs: number): boolean {
        const { ephemerisAtMs, hasTime } = this.memory
        if (ephemerisAtMs === undefined || !hasTime) return false
        return atMs - ephemerisAtMs < EPHEMERIS_LIFE_MS
    }
    private between([low, high]: readonly [number, number]): number {
        return low + (high - low) * this.random()
    }
}

/** The first fix wants four satellites: height is not known before. */
function canFix({ satellites, cn0DbHz }: Sky): boolean {
    return satellites >= SATELLITES_3D && cn0DbHz >= TRACKING_DBHZ
}
