// Civil dates as receivers state them, in UTC, and seconds since 1970: days from and to the civil
// date after H. Hinnant, "chrono-compatible low-level date algorithms". Integers throughout.

export interface CivilTime {
    year: number
    month: number
    day: number
    hour: number
    min: number
    /** 60 in a leap second. */
    sec: number
}

/** GPS tells the week in 10 bits: a receiver that guesses the era wrong is off by this many days. */
const WEEK_ROLLOVER_DAYS = 7168
const DAY_S = 86400

/** Seconds of UTC since 1970. Fields past their range carry over, as the second 60 does. */
export function unixSeconds(t: CivilTime): number {
    return unixDays(t.year, t.month, t.day) * DAY_S + t.hour * 3600 + t.min * 60 + t.sec
}

export function unixDays(civilYear: number, month: number, day: number): number {
    const year = month <= 2 ? civilYear - 1 : civilYear
    const era = Math.floor(year / 400)
    const yearOfEra = year - era * 400
    const monthFromMarch = month + (month > 2 ? -3 : 9)
    const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + day - 1
    const dayOfEra =
        yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
    return era * 146097 + dayOfEra - 719468
}

/** The date and time of day of an instant from 1970 on. */
export function civilTime(unixS: number): CivilTime {
    const days = Math.floor(unixS / DAY_S)
    const ofDay = unixS - days * DAY_S
    const shifted = days + 719468
    const era = Math.floor(shifted / 146097)
    const dayOfEra = shifted - era * 146097
    const yearOfEra = Math.floor(
        (dayOfEra -
            Math.floor(dayOfEra / 1460) +
            Math.floor(dayOfEra / 36524) -
            Math.floor(dayOfEra / 146096)) /
            365,
    )
    const dayOfYear =
        dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
    const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
    const month = monthFromMarch + (monthFromMarch < 10 ? 3 : -9)
    return {
        year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
        month: month,
        day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
        hour: Math.floor(ofDay / 3600),
        min: Math.floor(ofDay / 60) - Math.floor(ofDay / 3600) * 60,
        sec: ofDay - Math.floor(ofDay / 60) * 60,
    }
}

/** Each field is one that a calendar and a clock show. */
export function isCivilTime(t: CivilTime): boolean {
    if (t.month < 1 || t.month > 12 || t.day < 1) return false
    const nextYear = t.month === 12 ? t.year + 1 : t.year
    const nextMonth = t.month === 12 ? 1 : t.month + 1
    const days = unixDays(nextYear, nextMonth, 1) - unixDays(t.year, t.month, 1)
    return t.day <= days && t.hour <= 23 && t.min <= 59 && t.sec <= 60
}

/**
 * The same day in the first GPS era in which it is not before `earliestDays`, the newest day that is
 * known to be over (0 where none is): old receivers date a fix 1024 weeks back.
 */
export function unrolledDays(days: number, earliestDays: number): number {
    if (days >= earliestDays) return days
    const eras = Math.ceil((earliestDays - days) / WEEK_ROLLOVER_DAYS)
    return days + eras * WEEK_ROLLOVER_DAYS
}
