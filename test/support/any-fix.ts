import fc from "fast-check"
import type { Fix } from "../../protocol/fix.js"

function fixUpTo(lonUdegMax: number): fc.Arbitrary<Fix> {
    return fc.record({
        kind: fc.constant("fix" as const),
        timeDs: fc.integer({ min: 1, max: 41_024_447_999 }),
        latUdeg: fc.integer({ min: -90_000_000, max: 90_000_000 }),
        lonUdeg: fc.integer({ min: -180_000_000, max: lonUdegMax }),
        altM: fc.integer({ min: -1000, max: 100_000 }),
        speedDmps: fc.integer({ min: 0, max: 100_000 }),
        courseDeg: fc.integer({ min: 0, max: 359 }),
        accuracyDm: fc.integer({ min: 1, max: 100_000_000 }),
        satellites: fc.integer({ min: 0, max: 255 }),
    })
}

/** Every fix that the wire takes. */
export const anyFix = fixUpTo(180_000_000)
/** Every one that comes out of a packed batch as it went in: 180 degrees east is 180 west there. */
export const anyPackedFix = fixUpTo(179_999_999)
