// When to listen for access points.

import { describe, expect, it } from "vitest"
import { PROFILES, type Profile } from "../../firmware/logic/profile.js"
import {
    listen,
    newScanPlan,
    SCAN_LEAST_S,
    scanAtS,
    scanEnded,
    scanPlanOf,
    scanPlanRow,
} from "../../firmware/logic/scan-plan.js"
import type { AccessPoint } from "../../protocol/scan.js"
import { makePrng } from "../../simulator/world/prng.js"

const [LIVE, NORMAL] = PROFILES as [Profile, Profile]
const SEEN = { vainAtS: -1, movedAtS: -1 }

describe("a scan is due", () => {
    const plan = scanEnded(newScanPlan(), 1000, true)

    it("at first, and then with each heartbeat's period", () => {
        expect(scanAtS(newScanPlan(), SEEN, NORMAL)).toBe(0)
        expect(scanAtS(plan, SEEN, NORMAL)).toBe(1000 + NORMAL.heartbeatS)
    })

    it("soon where satellites fail at another place, and only there", () => {
        expect(scanAtS(plan, { vainAtS: 1500, movedAtS: 1400 }, NORMAL)).toBe(1000 + SCAN_LEAST_S)
        expect(scanAtS(plan, { vainAtS: 1500, movedAtS: 900 }, NORMAL)).toBe(
            1000 + NORMAL.heartbeatS,
        )
        expect(scanAtS(plan, { vainAtS: -1, movedAtS: 1400 }, NORMAL)).toBe(
            1000 + NORMAL.heartbeatS,
        )
    })

    it("never more often than its limit, whatever happens", () => {
        const prng = makePrng("scans")
        let scans = newScanPlan()
        let last = Number.NEGATIVE_INFINITY
        for (let atS = 0; atS < 86400; atS += 7) {
            const input = { vainAtS: atS - prng.next() * 500, movedAtS: atS - prng.next() * 500 }
            if (scanAtS(scans, input, { ...LIVE, heartbeatS: 60 }) > atS) continue
            expect(atS - last).toBeGreaterThanOrEqual(SCAN_LEAST_S)
            last = atS
            scans = scanEnded(scans, atS, true)
        }
        expect(last).toBeGreaterThan(86000)
    })

    it("once a day from a scanner that cannot listen, and as before when it can again", () => {
        let deaf = newScanPlan()
        for (const atS of [0, 400, 800]) deaf = scanEnded(deaf, atS, false)
        expect(scanAtS(deaf, SEEN, LIVE)).toBe(800 + 86400)
        expect(scanAtS(scanEnded(deaf, 90_000, true), SEEN, LIVE)).toBe(90_000 + LIVE.heartbeatS)
    })

    it("as before a sleep; a row that is none of its own is new", () => {
        expect(scanPlanOf(scanPlanRow(plan))).toEqual(plan)
        for (const bad of [[], [1], [1, -1], [0.5, 0], [-2, 0]])
            expect(scanPlanOf(bad)).toEqual(newScanPlan())
    })
})

describe("listening", () => {
    const point = (last: number, signalDbm: number): AccessPoint => ({
        bssid: Buffer.from([2, 0, 0, 0, 0, last]),
        signalDbm,
    })

    it("gives the strongest eight of what the scanner heard", async () => {
        const heard = Array.from({ length: 20 }, (_, i) => point(i, -90 + i))
        const points = await listen({ scan: async () => heard })
        expect(points?.map(({ signalDbm }) => signalDbm)).toEqual(
            Array.from({ length: 8 }, (_, i) => -71 - i),
        )
    })

    it("tells nobody from a scanner that cannot listen, and outlives one that throws", async () => {
        expect(await listen({ scan: async () => [] })).toEqual([])
        expect(await listen({ scan: async () => undefined })).toBeUndefined()
        const broken = async () => {
            throw new Error("no radio")
        }
        expect(await listen({ scan: broken })).toBeUndefined()
    })
})
