import { describe, expect, it } from "vitest"
import { Battery, D_CELL_WITH_CAPACITOR, TWO_AA_LITHIUM } from "../../simulator/world/battery.js"
import { lineAt } from "../../simulator/world/line.js"

const UAS_PER_MAH = 3_600_000
const YEAR_MS = 365.25 * 86_400_000
const TYPES = [TWO_AA_LITHIUM, D_CELL_WITH_CAPACITOR]

describe("a line through points", () => {
    it("meets them, is straight between them and level beyond", () => {
        const points = [
            [0, 10],
            [2, 20],
            [4, 0],
        ] as const
        expect([-1, 0, 1, 2, 3, 4, 5].map((x) => lineAt(points, x))).toEqual([
            ...[10, 10, 15, 20, 10, 0, 0],
        ])
    })
})

describe.each(TYPES)("$name", (type) => {
    const fresh = (celsius = 21) => new Battery(type, 0, () => celsius)

    it("falls in voltage as it empties, and more under a load", () => {
        const battery = fresh()
        let last = Infinity
        for (let percent = 0; percent < 99; percent++) {
            const mv = battery.terminalMv(0, 0)
            expect(mv).toBeLessThanOrEqual(last)
            expect(battery.terminalMv(0, 300_000)).toBeLessThan(mv)
            last = mv
            battery.take(0, 0.01 * type.capacityMah * UAS_PER_MAH)
        }
        battery.take(0, 0.1 * type.capacityMah * UAS_PER_MAH)
        expect(battery.terminalMv(0, 0)).toBe(0)
    })

    it("bears a radio until it is nearly empty, warm", () => {
        const battery = fresh()
        battery.take(0, 0.9 * type.capacityMah * UAS_PER_MAH)
        expect(battery.terminalMv(0, 335_000)).toBeGreaterThan(2510)
    })

    it("loses on the shelf what its data sheet says, faster where it is hot", () => {
        const cool = fresh(20)
        const hot = fresh(40)
        const lost = cool.usedMah(YEAR_MS) / type.capacityMah
        expect(lost).toBeCloseTo(type.selfDischargePerYear, 6)
        expect(hot.usedMah(YEAR_MS)).toBeGreaterThan(3.5 * cool.usedMah(YEAR_MS))
    })

    it("loses the same however often it is asked", () => {
        const once = fresh()
        const often = fresh()
        for (let ms = 0; ms <= YEAR_MS; ms += YEAR_MS / 500) often.usedMah(ms)
        expect(often.usedMah(YEAR_MS)).toBeCloseTo(once.usedMah(YEAR_MS), 6)
    })

    it("gives less in the cold, and gets it back with warmth", () => {
        let celsius = 20
        const battery = new Battery(type, 0, () => celsius)
        battery.take(0, 0.75 * type.capacityMah * UAS_PER_MAH)
        const warm = battery.share(0)
        celsius = -30
        expect(battery.share(0)).toBeLessThan(warm)
        celsius = 20
        expect(battery.share(0)).toBe(warm)
    })
})
