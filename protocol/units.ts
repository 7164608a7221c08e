// Quantities carry their unit in the type. Inside a formula plain numbers do the work; public
// signatures name the unit.

declare const unit: unique symbol

/** A number that carries its unit in its type. Costs nothing at run time. */
export type Quantity<Unit extends string> = number & { readonly [unit]: Unit }
export type Metres = Quantity<"m">
export type Mps = Quantity<"m/s">
/** Degrees: latitude north, longitude east, course clockwise from true north. */
export type Deg = Quantity<"deg">
/** Milliseconds of UTC since 1970-01-01, leap seconds not counted. */
export type UnixMs = Quantity<"ms since 1970">
/** Time since this boot of the tracker. Two boots share no origin; ingest turns it into UnixMs. */
export type UptimeMs = Quantity<"ms since boot">

export function metres(value: number): Metres {
    return value as Metres
}
export function mps(value: number): Mps {
    return value as Mps
}
export function deg(value: number): Deg {
    return value as Deg
}
export function unixMs(value: number): UnixMs {
    return value as UnixMs
}
export function uptimeMs(value: number): UptimeMs {
    return value as UptimeMs
}
