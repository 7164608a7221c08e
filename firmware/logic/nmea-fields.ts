// Fields of NMEA sentences as integers: no digit of a position goes through a fraction, which the
// tracker would print with seven. Each gives `undefined` for a field that is empty or not of its form.

const ZERO = 0x30
const MINUS = 0x2d
const PLUS = 0x2b
const POINT = 0x2e
/** Past this many digits before the point, no field of ours is meant. */
const WHOLE_DIGITS_MAX = 9
/** 1e-8 minute is 0.02 mm. */
const MINUTE_DECIMALS = 8
const MINUTE_UNITS = 100000000
const DEGREE_UNITS = 60 * MINUTE_UNITS
const HOUR_MS = 3600000
const MINUTE_MS = 60000
/** 2080 and after would be 1980 and after. */
const CENTURY_TURN = 80

/** A decimal number in units of its `decimals`-th place; digits past that are cut off. */
export function decimalOf(text: string, decimals: number): number | undefined {
    let at = 0
    let isNegative = false
    if (text.length > 0 && (text.charCodeAt(0) === MINUS || text.charCodeAt(0) === PLUS)) {
        isNegative = text.charCodeAt(0) === MINUS
        at = 1
    }
    let value = 0
    let whole = 0
    let taken = -1
    let digits = 0
    for (; at < text.length; at++) {
        const code = text.charCodeAt(at)
        if (code === POINT && taken < 0) taken = 0
        else if (code >= ZERO && code <= ZERO + 9) {
            digits++
            if (taken < 0) {
                whole++
                value = value * 10 + (code - ZERO)
            } else if (taken < decimals) {
                taken++
                value = value * 10 + (code - ZERO)
            }
        } else return undefined
    }
    if (digits === 0 || whole > WHOLE_DIGITS_MAX) return undefined
    for (let i = Math.max(0, taken); i < decimals; i++) value *= 10
    return isNegative ? 0 - value : value
}

/** `count` digits from `at` as a number, or -1. */
function digitsOf(text: string, at: number, count: number): number {
    if (text.length < at + count) return -1
    let value = 0
    for (let i = at; i < at + count; i++) {
        const code = text.charCodeAt(i)
        if (code < ZERO || code > ZERO + 9) return -1
        value = value * 10 + (code - ZERO)
    }
    return value
}

/**
 * dddmm.mmmm with its hemisphere (`positive` or `negative`), in 1e-8 minute. The last two digits
 * before the point are minutes; at most `degreesMax`.
 */
export function angleOf(
    text: string,
    hemisphere: string,
    positive: string,
    negative: string,
    degreesMax: number,
): number | undefined {
    const value = decimalOf(text, MINUTE_DECIMALS)
    if (value === undefined || value < 0 || text.charCodeAt(0) === MINUS) return undefined
    if (hemisphere !== positive && hemisphere !== negative) return undefined
    const degrees = Math.floor(value / (100 * MINUTE_UNITS))
    const minutes = value - degrees * 100 * MINUTE_UNITS
    if (minutes >= DEGREE_UNITS) return undefined
    const angle = degrees * DEGREE_UNITS + minutes
    if (angle > degreesMax * DEGREE_UNITS) return undefined
    return hemisphere === positive ? angle : 0 - angle
}

/** Millionths of a degree of an angle in 1e-8 minute, to the nearest: one is 6000. */
export function microDegrees(angle: number): number {
    return Math.floor((angle + 3000) / 6000)
}

/** hhmmss.sss in milliseconds of the day; the second 60 is taken. */
export function timeOfDayMs(text: string): number | undefined {
    const hour = digitsOf(text, 0, 2)
    const min = digitsOf(text, 2, 2)
    const seconds = decimalOf(text.slice(4), 3)
    if (hour < 0 || hour > 23 || min < 0 || min > 59) return undefined
    if (seconds === undefined || seconds < 0 || seconds >= 61000) return undefined
    return hour * HOUR_MS + min * MINUTE_MS + seconds
}

/** ddmmyy as year, month, day; undefined for what is no date. */
export function dateOf(text: string): number[] | undefined {
    const day = digitsOf(text, 0, 2)
    const month = digitsOf(text, 2, 2)
    const year = digitsOf(text, 4, 2)
    if (text.length !== 6 || day < 1 || month < 1 || year < 0) return undefined
    return [year + (year < CENTURY_TURN ? 2000 : 1900), month, day]
}
