import { describe, expect, it } from "vitest"
import { drives, fused, lastFixHeld, score } from "../../../bench/fusion.js"

describe("a recorded drive", () => {
    // What docs/tracking.md says of them, rounded up: a change that costs more than that is seen here.
    const limits: Record<string, number> = {
        "Nagoya, code only": 13.5,
        "Nagoya, RTK": 17,
        "San Francisco, u-blox": 2.2,
        "San Francisco, phone chip": 6,
        "Nagoya, parked": 4,
    }

    it.each(drives())("is fused as well as it was ($name)", (drive) => {
        // A seeded twin may lose a single long gap by chance; over ten of them see replay.test.ts.
        const ours = rms(score(drive, fused()).map(({ errorM }) => errorM))
        const held = rms(score(drive, lastFixHeld()).map(({ errorM }) => errorM))
        expect(ours).toBeLessThan(limits[drive.name] ?? 1.1 * held)
    })
})

function rms(values: readonly number[]): number {
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
}
