import { describe, expect, it } from "vitest"
import { type Motion, predict } from "../../../gateway/core/fusion/motion.js"

const DRIVING: Motion = {
    eastMps: 6,
    northMps: -8,
    varPosM2: 9,
    covPosVel: 1,
    varVelM2s2: 0.5,
}

describe("predicted motion", () => {
    it("is the motion itself after no time", () => {
        expect(predict(DRIVING, 0)).toEqual({ ...DRIVING, coastS: 0 })
    })

    it("keeps its velocity for the first seconds without evidence", () => {
        const soon = predict(DRIVING, 2)
        expect(soon.eastMps).toBe(6)
        expect(soon.coastS).toBe(2)
    })

    it("never coasts farther than eighteen seconds of its speed, and comes to rest", () => {
        const later = predict(DRIVING, 3600)
        expect(later.coastS).toBeGreaterThan(17.99)
        expect(later.coastS).toBeLessThanOrEqual(18)
        expect(Math.hypot(later.eastMps, later.northMps)).toBeLessThan(1e-6)
    })

    it("grows less certain with every second", () => {
        let before = DRIVING.varPosM2
        for (let dtS = 0.5; dtS < 600; dtS *= 1.3) {
            const { varPosM2 } = predict(DRIVING, dtS)
            expect(varPosM2).toBeGreaterThan(before)
            before = varPosM2
        }
    })

    it("has the covariance that the differential equations give in small steps", () => {
        // dP/dt = F P + P Fᵀ + Q with F = [0 1; 0 −k] and Q = [0 0; 0 q]; k is 0 while held.
        const noise = 1 + 0.05 * 100
        const stepS = 1e-4
        let [pp, pv, vv, speed, coastS] = [9, 1, 0.5, 1, 0]
        for (let step = 0; step < 20 / stepS; step++) {
            const k = step * stepS < 3 ? 0 : 1 / 15
            const [dpp, dpv, dvv] = [2 * pv, vv - k * pv, noise - 2 * k * vv]
            coastS += speed * stepS
            speed -= k * speed * stepS
            pp += dpp * stepS
            pv += dpv * stepS
            vv += dvv * stepS
        }
        const closed = predict(DRIVING, 20)
        expect(closed.varPosM2 / pp).toBeCloseTo(1, 3)
        expect(closed.covPosVel / pv).toBeCloseTo(1, 3)
        expect(closed.varVelM2s2 / vv).toBeCloseTo(1, 3)
        expect(closed.coastS / coastS).toBeCloseTo(1, 3)
        expect(closed.eastMps / 6).toBeCloseTo(speed, 3)
    })
})
