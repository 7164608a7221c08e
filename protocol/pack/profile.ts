// What a packed batch keeps of a fix: the quantum of each column and the scale its residuals are
// expected to have at first. A profile is a number in the batch; all else follows from the number.

/** Columns of a fix. The first three are in every fix, each other one where the fix carries it. */
export const TIME = 0
export const LATITUDE = 1
export const LONGITUDE = 2
export const ALTITUDE = 3
export const SPEED = 4
export const COURSE = 5
export const ACCURACY = 6
export const SATELLITES = 7
export const QUALITY = 8
export const COLUMNS = 9

/**
 * A fix as numbers by column, undefined where it has none: tenths of a second since 1970, millionths
 * of a degree north and east, metres above the sea, decimetres a second, degrees clockwise from
 * north, decimetres of one-sigma error, satellites used, quality as in NMEA's GGA (0 to 15).
 */
export type FixColumns = (number | undefined)[]

export interface Profile {
    number: number
    /** Units of FixColumns that make one quantum, by column. */
    quanta: number[]
    /** A bit for each of the columns 3 to 8 that are kept, the lowest for altitude. */
    kept: number
    /** Quanta of longitude and of course around the whole circle. */
    meridians: number
    courses: number
    /** Where a batch begins, by context: a focus is 48 less four times log2 of the scale. */
    focuses: number[]
    /** Likewise for a column's first value in a batch, by column. */
    firstFocuses: number[]
}

/** Position fine, time fine, auxiliary columns, satellites and quality kept: 2 x 2 x 3 x 2. */
export const PROFILES = 24

/** What the number of a profile is made of. */
export interface ProfileChoice {
    /** 1e-6 degree (11 cm) instead of 1e-5 (1.1 m). */
    finePosition: boolean
    /** 0.1 s instead of 1 s. */
    fineTime: boolean
    auxiliary: "standard" | "coarse" | "fine"
    /** Satellites and quality are kept. */
    reception: boolean
}

export function profileNumber(choice: ProfileChoice): number {
    const auxiliary = choice.auxiliary === "standard" ? 0 : choice.auxiliary === "coarse" ? 1 : 2
    return (
        1 +
        (choice.finePosition ? 1 : 0) +
        (choice.fineTime ? 2 : 0) +
        auxiliary * 4 +
        (choice.reception ? 12 : 0)
    )
}

/** Quanta and focuses of some columns. */
interface Columns {
    quanta: number[]
    focuses: number[]
    firstFocuses: number[]
}

/**
 * Altitude, speed, course, accuracy. Standard is what receivers resolve: 1 m, 0.1 m/s, 1 degree,
 * 1 m. Coarse is what a map shows: half of 2 m, 0.5 m/s, 4 degrees and 5 m lies within a receiver's
 * own error, and at 14 m/s half of 4 degrees is 5 m off after 10 s, a fifth of the live bound. Fine
 * keeps the accuracy to 0.1 m: with fine position, fine time and reception a Fix loses nothing. Made
 * when a batch begins: kept, they would take a hundredth of a tracker's heap.
 */
function auxiliaryOf(kind: number): Columns {
    if (kind === 0)
        return { quanta: [1, 1, 1, 10], focuses: [50, 45, 42, 55], firstFocuses: [21, 24, 0, 42] }
    if (kind === 1)
        return { quanta: [2, 5, 4, 50], focuses: [54, 54, 50, 60], firstFocuses: [25, 33, 0, 51] }
    return { quanta: [1, 1, 1, 1], focuses: [50, 45, 42, 42], firstFocuses: [21, 24, 0, 28] }
}

/** Satellites and quality. */
function receptionColumns(): Columns {
    return { quanta: [1, 1], focuses: [50, 56], firstFocuses: [35, 48] }
}

/** Which columns a fix carries seldom changes. */
const SHAPE_FOCUS = 60

/** The profile of a number, or undefined when there is none. */
export function profileOf(number: number): Profile | undefined {
    if (number < 1 || number > PROFILES) return undefined
    const choice = number - 1
    const isFinePosition = (choice & 1) === 1
    const isFineTime = (choice & 2) === 2
    const position = isFinePosition ? 1 : 10
    const auxiliary = auxiliaryOf((choice >> 2) % 3)
    const reception = receptionColumns()
    return {
        number: number,
        quanta: [isFineTime ? 1 : 10, position, position, ...auxiliary.quanta, ...reception.quanta],
        kept: choice < 12 ? 15 : 63,
        meridians: 360000000 / position,
        courses: 360 / auxiliary.quanta[COURSE - ALTITUDE],
        focuses: [
            isFineTime ? 52 : 56,
            isFinePosition ? 34 : 44,
            SHAPE_FOCUS,
            ...auxiliary.focuses,
            ...reception.focuses,
            0,
        ],
        firstFocuses: [0, 0, 0, ...auxiliary.firstFocuses, ...reception.firstFocuses],
    }
}

/** Contexts: a column's own number, but that latitude and longitude share one and leave one over. */
export const POSITION_CONTEXT = 1
export const SHAPE_CONTEXT = 2
/** Holds the focus of a value that comes once. */
export const ONCE_CONTEXT = 9
/** 2100-01-01: from there on it is a receiver's fault, not a time. */
const TIME_END_DS = 41024448000

// By column, in the units of FixColumns. Three lists: an object for each column takes the heap thrice
// as much on a tracker.
const RANGE_NAMES: string[] = [
    "time-range",
    "latitude-range",
    "longitude-range",
    "altitude-range",
    "speed-range",
    "course-range",
    "accuracy-range",
    "satellites-range",
    "quality-range",
]
const LEAST: number[] = [1, -90000000, -180000000, -1000, 0, 0, 1, 0, 0]
const MOST: number[] = [
    TIME_END_DS - 1,
    90000000,
    180000000,
    100000,
    100000,
    359,
    100000000,
    255,
    15,
]

/** What is out of range in a fix, or missing of time and place, or undefined. */
export function columnsFault(columns: FixColumns): string | undefined {
    for (let i = 0; i < COLUMNS; i++) {
        const value = columns[i]
        if (value === undefined ? i < ALTITUDE : !(value >= LEAST[i] && value <= MOST[i]))
            return RANGE_NAMES[i]
    }
    return undefined
}

/** The largest value of a column in quanta. */
export function mostQuanta(profile: Profile, column: number): number {
    return Math.floor(MOST[column] / profile.quanta[column])
}

/** A fix in quanta. */
export interface PackedRow {
    /** By column; 0 where there is none. */
    values: number[]
    /** A bit for each of the columns 3 to 8 that the fix carries, the lowest for altitude. */
    mask: number
}

export function emptyRow(): PackedRow {
    return { values: [0, 0, 0, 0, 0, 0, 0, 0, 0], mask: 0 }
}

/**
 * To the nearest quantum, halves upward; the accuracy is rounded up, so that none is claimed that
 * the receiver did not. Longitude 180 is written as -180 and course 360 as 0: the same.
 */
export function quantised(profile: Profile, columns: FixColumns): PackedRow {
    const row = emptyRow()
    const values = row.values
    const quanta = profile.quanta
    const kept = profile.kept
    values[TIME] = rounded(columns[TIME], quanta[TIME])
    values[LATITUDE] = rounded(columns[LATITUDE], quanta[LATITUDE])
    values[LONGITUDE] = rounded(columns[LONGITUDE], quanta[LONGITUDE])
    let mask = 0
    let column = ALTITUDE
    for (let bit = 1; bit <= kept; bit *= 2) {
        const value = columns[column]
        if (value !== undefined) {
            mask += bit
            values[column] =
                column === ACCURACY ? raised(value, quanta[column]) : rounded(value, quanta[column])
        }
        column++
    }
    if (values[LONGITUDE] * 2 >= profile.meridians) values[LONGITUDE] -= profile.meridians
    if (values[COURSE] >= profile.courses) values[COURSE] = 0
    // No time is rounded out of range.
    if (values[TIME] === 0) values[TIME] = 1
    if (values[TIME] * quanta[TIME] === TIME_END_DS) values[TIME]--
    row.mask = mask
    return row
}

function rounded(value: number | undefined, quantum: number): number {
    if (value === undefined) return 0
    return quantum === 1 ? value : Math.floor((value + quantum / 2) / quantum)
}
function raised(value: number, quantum: number): number {
    return quantum === 1 ? value : Math.floor((value + quantum - 1) / quantum)
}

export function fromQuanta(profile: Profile, row: PackedRow): FixColumns {
    const columns: FixColumns = []
    for (let i = 0; i < COLUMNS; i++) {
        const isThere = i < ALTITUDE || ((row.mask >> (i - ALTITUDE)) & 1) === 1
        columns.push(isThere ? row.values[i] * profile.quanta[i] : undefined)
    }
    return columns
}
