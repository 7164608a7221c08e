// Numbers as an operator reads them: each with its unit, times in the browser's own zone.

import type { GapView, TargetKind, TrackPoint } from "../../protocol/live.js"
import type { Deg, Metres, Mps, UnixMs } from "../../protocol/units.js"

const MINUTE_S = 60
const HOUR_S = 3_600
const DAY_S = 86_400

/** `4 s`, `2 min`, `3 h`, `5 d`: whole units, rounded down. A time to come counts as `0 s`. */
export function ageText(atMs: UnixMs, nowMs: UnixMs): string {
    return spanText(nowMs - atMs)
}

/** A length of time in one unit, rounded down. */
export function spanText(spanMs: number): string {
    const seconds = Math.max(0, Math.floor(spanMs / 1000))
    if (seconds < MINUTE_S) return `${seconds} s`
    if (seconds < HOUR_S) return `${Math.floor(seconds / MINUTE_S)} min`
    if (seconds < 2 * DAY_S) return `${Math.floor(seconds / HOUR_S)} h`
    return `${Math.floor(seconds / DAY_S)} d`
}

/** Vessels in knots, everything else in kilometres an hour. */
export function speedText(speed: Mps, kind: TargetKind): string {
    return kind === "vessel"
        ? `${(speed * 1.943844).toFixed(1)} kn`
        : `${Math.round(speed * 3.6)} km/h`
}

const winds = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"]

/** `087° E`, or a dash where the target is too slow to have a course. */
export function headingText(heading: Deg | null): string {
    if (heading === null) return "–"
    const whole = Math.round(((heading % 360) + 360) % 360) % 360
    return `${String(whole).padStart(3, "0")}° ${winds[Math.round(whole / 45) % 8]}`
}

/** `±8 m`, `±1.2 km`. */
export function accuracyText(accuracy: Metres): string {
    return `±${distanceText(accuracy)}`
}

export function distanceText(distance: number): string {
    if (distance < 1_000) return `${Math.max(1, Math.round(distance))} m`
    return `${(distance / 1_000).toFixed(distance < 10_000 ? 2 : 1)} km`
}

export function areaText(areaM2: number): string {
    return areaM2 < 100_000 ? `${Math.round(areaM2)} m²` : `${(areaM2 / 1_000_000).toFixed(2)} km²`
}

/** Five decimals are about a metre. */
export function positionText(point: Pick<TrackPoint, "latDeg" | "lonDeg">): string {
    return `${point.latDeg.toFixed(5)}, ${point.lonDeg.toFixed(5)}`
}

const clock = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
})
const shortClock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" })
const day = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" })
const shortDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" })
const year = new Intl.DateTimeFormat("en-GB", { year: "numeric" })

/** `22:14`. */
export function minuteText(atMs: UnixMs): string {
    return shortClock.format(atMs)
}

/** `22:14:03`, with the day before it when that is not today. */
export function timeText(atMs: UnixMs, nowMs: UnixMs): string {
    const time = clock.format(atMs)
    return day.format(atMs) === day.format(nowMs) ? time : `${day.format(atMs)}, ${time}`
}

/** `5 Dec 18:00`, or in another year `5 Dec 2031`, for where there is little room. */
export function shortDateText(atMs: UnixMs, nowMs: UnixMs): string {
    const isThisYear = year.format(atMs) === year.format(nowMs)
    return `${shortDay.format(atMs)} ${(isThisYear ? shortClock : year).format(atMs)}`
}

/** `Sat 5 Dec, 18:00`, with the year when that is not this one. */
export function dateText(atMs: UnixMs, nowMs: UnixMs): string {
    const isThisYear = year.format(atMs) === year.format(nowMs)
    return `${day.format(atMs)}${isThisYear ? "" : ` ${year.format(atMs)}`}, ${shortClock.format(atMs)}`
}

/** Why nothing is stored for a stretch, and what may still happen. */
export function gapText(gap: GapView): string {
    const count = gap.missing === null ? "unknown number of" : `${gap.missing}`
    const noun = gap.missing === 1 ? "record" : "records"
    switch (gap.cause) {
        case "restart":
            return `tracker restarted, ${count} ${noun} lost`
        case "thinned":
            return `tracker's queue was full, ${count} ${noun} let go`
        case "missing":
            return `${count} ${noun} missing, may still come`
        case "unreadable":
            return `${count} ${noun} received that cannot be read`
    }
}
