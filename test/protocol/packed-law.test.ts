import { describe, expect, it } from "vitest"
import {
    CLASS_MAX,
    CLASSES,
    LAW_TOTAL,
    largeClass,
    nextFocus,
    POSITIONS,
    SIZES,
    STARTS,
    sharper,
    TAILS,
    WIDTHS,
} from "../../protocol/pack/residual-law.js"

const FOCUSES = Array.from({ length: 61 }, (_, focus) => focus)

describe("the law of residuals [P-pack.5]", () => {
    it("leaves every class a frequency, at every focus", () => {
        for (const focus of FOCUSES) {
            let tail = LAW_TOTAL
            for (let index = 0; index <= CLASS_MAX; index++) {
                const above = TAILS[POSITIONS[index + 1]! + focus]!
                expect(tail - above, `class ${index} at ${focus}`).toBeGreaterThanOrEqual(1)
                tail = above
            }
            expect(tail).toBeGreaterThanOrEqual(0)
        }
    })

    it("follows a Lomax law of shape 3 and mean m", () => {
        for (const focus of FOCUSES) {
            const m = 2 ** ((48 - focus) / 4)
            for (let index = 1; index < 40; index++) {
                const wanted = (1 + 2 ** (POSITIONS[index]! / 4) / (2 * m)) ** -3
                const tail = TAILS[POSITIONS[index]! + focus]! / LAW_TOTAL
                expect(Math.abs(tail - wanted)).toBeLessThan(0.005)
            }
        }
    })

    it("puts every size into the class that holds it", () => {
        const sizes = Array.from({ length: 5000 }, (_, size) => size)
        for (let power = 12; power < 37; power++) {
            const whole = 2 ** power
            sizes.push(whole - 1, whole, whole + 1, whole * 1.5 - 1, whole * 1.5)
        }
        for (const size of sizes) {
            const index = size < SIZES ? CLASSES[size]! : largeClass(size)
            const start = STARTS[index]!
            expect(size, `size ${size}`).toBeGreaterThanOrEqual(start)
            expect(size, `size ${size}`).toBeLessThan(start + WIDTHS[index]!)
        }
    })

    it("keeps the focus from 0 to 60, whatever comes", () => {
        for (const focus of FOCUSES) {
            expect(sharper(focus)).toBe(Math.min(60, focus + 1))
            for (let index = 1; index <= CLASS_MAX; index++) {
                const next = nextFocus(focus, index)
                expect(next).toBeGreaterThanOrEqual(0)
                expect(next).toBeLessThanOrEqual(Math.min(60, focus + 1))
            }
        }
    })
})
