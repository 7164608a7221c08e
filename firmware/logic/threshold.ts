// An alarm with hysteresis: it is raised past one level and cleared past another, so that noise which
// is smaller than the gap between the two never raises it twice.

export const enum Side {
    none = 0,
    low = 1,
    high = 2,
}

/** Levels in quanta; undefined where there is no such alarm. Both or neither of a pair. */
export interface Thresholds {
    /** At or below: raised. */
    low: number | undefined
    /** At or above: cleared. Above `low`. */
    lowClear: number | undefined
    /** At or below: cleared. Below `high`. */
    highClear: number | undefined
    /** At or above: raised. */
    high: number | undefined
}

/** The side that a value is on, given the side that the one before was on. */
export function nextSide(thresholds: Thresholds, side: number, value: number): number {
    const { low, lowClear, highClear, high } = thresholds
    if (high !== undefined && value >= high) return Side.high
    if (low !== undefined && value <= low) return Side.low
    if (side === Side.high && highClear !== undefined && value > highClear) return Side.high
    if (side === Side.low && lowClear !== undefined && value < lowClear) return Side.low
    return Side.none
}

/** What is wrong with a set of levels, with the values and what was expected; or undefined. */
export function thresholdsFault(thresholds: Thresholds): string | undefined {
    const { low, lowClear, highClear, high } = thresholds
    if ((low === undefined) !== (lowClear === undefined))
        return "low and low-clear: one without the other, expected both or neither"
    if ((high === undefined) !== (highClear === undefined))
        return "high and high-clear: one without the other, expected both or neither"
    if (low !== undefined && lowClear !== undefined && low >= lowClear)
        return `low-clear: ${lowClear}, expected above low, ${low}`
    if (high !== undefined && highClear !== undefined && highClear >= high)
        return `high-clear: ${highClear}, expected below high, ${high}`
    if (low !== undefined && high !== undefined && low >= high)
        return `high: ${high}, expected above low, ${low}`
    return undefined
}
