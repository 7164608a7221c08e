// What the search discipline remembers over a sleep. Times are device seconds, -1 for never.

export const enum StartClass {
    /** The receiver still has ephemerides. */
    hot = 0,
    /** It has the time, the almanac and roughly the place. */
    warm = 1,
    cold = 2,
}

export interface Search {
    /** The last fix. */
    fixAtS: number
    /** Time to a fix by StartClass, in tenths of a second: its mean, and its mean deviation. */
    hotDs: number
    hotDeviationDs: number
    warmDs: number
    warmDeviationDs: number
    coldDs: number
    coldDeviationDs: number
    /** Searches on end without a fix. */
    failures: number
    /** Not before this. */
    retryAtS: number
    /** Of receiver time that may be spent in vain, in milliseconds, and when it was last reckoned. */
    creditMs: number
    creditAtS: number
    /** What the last search in vain took. */
    lastVainMs: number
    /** When motion last lifted the back-off. */
    liftedAtS: number
}

const FIELDS = 13

/**
 * Of a receiver that has never had a fix. The times are those of u-blox M10 data sheets under open
 * sky (hot 1 s, cold 23 to 28 s), with what a roof and a dashboard take away.
 */
export function newSearch(): Search {
    return searchFrom([-1, 40, 20, 280, 70, 350, 100, 0, -1, -1, -1, 0, -1])
}

export function searchRow(search: Search): number[] {
    return [
        search.fixAtS,
        search.hotDs,
        search.hotDeviationDs,
        search.warmDs,
        search.warmDeviationDs,
        search.coldDs,
        search.coldDeviationDs,
        search.failures,
        search.retryAtS,
        search.creditMs,
        search.creditAtS,
        search.lastVainMs,
        search.liftedAtS,
    ]
}

/** A new one where the row is of another version or cannot be. */
export function searchOf(row: number[]): Search {
    if (row.length !== FIELDS) return newSearch()
    for (const value of row) if (Math.floor(value) !== value || value < -1) return newSearch()
    const search = searchFrom(row)
    const least = Math.min(search.hotDs, Math.min(search.warmDs, search.coldDs))
    return least > 0 && search.failures >= 0 ? search : newSearch()
}

export function copyOfSearch(search: Search): Search {
    return searchFrom(searchRow(search))
}

function searchFrom(row: number[]): Search {
    return {
        fixAtS: row[0],
        hotDs: row[1],
        hotDeviationDs: row[2],
        warmDs: row[3],
        warmDeviationDs: row[4],
        coldDs: row[5],
        coldDeviationDs: row[6],
        failures: row[7],
        retryAtS: row[8],
        creditMs: row[9],
        creditAtS: row[10],
        lastVainMs: row[11],
        liftedAtS: row[12],
    }
}
