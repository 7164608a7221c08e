import { describe, expect, it } from "vitest"
import { motionOf } from "../../simulator/world/motion.js"
import { type Cover, skyOf } from "../../simulator/world/sky.js"
import { ALPINE_VALLEY, temperatureOf } from "../../simulator/world/temperature.js"

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const START_MS = Date.UTC(2031, 0, 1)

describe("the sky", () => {
    const under = (cover: Cover) => skyOf({ seed: "sky", coverAt: () => cover })

    it("shows more, and louder, the less is above", () => {
        const means = (["open", "canyon", "garage", "none"] as const).map((cover) => {
            const views = Array.from({ length: 500 }, (_, i) => under(cover)(START_MS + i * 60_000))
            const mean = (of: (view: (typeof views)[number]) => number) =>
                views.reduce((sum, view) => sum + of(view), 0) / views.length
            return [mean(({ satellites }) => satellites), mean(({ cn0DbHz }) => cn0DbHz)] as const
        })
        for (let i = 1; i < means.length; i++) {
            expect(means[i]![0]).toBeLessThan(means[i - 1]![0])
            expect(means[i]![1]).toBeLessThan(means[i - 1]![1])
        }
    })

    it("is the same whenever it is asked for, and follows the cover", () => {
        const coverAt = (atMs: number): Cover => (atMs < START_MS ? "open" : "garage")
        const sky = skyOf({ seed: "sky", coverAt })
        const later = sky(START_MS + HOUR_MS)
        expect(sky(START_MS - 1).satellites).toBeGreaterThanOrEqual(10)
        expect(sky(START_MS).satellites).toBeLessThanOrEqual(3)
        expect(sky(START_MS + HOUR_MS)).toEqual(later)
    })

    it("tells of a jammer, which buries the signals", () => {
        const sky = skyOf({
            seed: "sky",
            coverAt: () => "open",
            isJammedAt: (atMs) => atMs >= START_MS,
        })
        expect(sky(START_MS - 1)).toMatchObject({ isJammed: false, isSpoofed: false })
        expect(sky(START_MS).isJammed).toBe(true)
        expect(sky(START_MS).cn0DbHz).toBeLessThan(25)
    })
})

describe("the temperature", () => {
    const at = temperatureOf("valley", ALPINE_VALLEY, 9.5)

    it("is warmer in summer and in the afternoon", () => {
        const mean = (fromMs: number, stepMs: number, count: number) =>
            Array.from({ length: count }, (_, i) => at(fromMs + i * stepMs)).reduce(
                (a, b) => a + b,
            ) / count
        const january = mean(START_MS, HOUR_MS, 31 * 24)
        const july = mean(Date.UTC(2031, 6, 1), HOUR_MS, 31 * 24)
        expect(july - january).toBeGreaterThan(14)
        const afternoon = mean(START_MS + 14 * HOUR_MS, DAY_MS, 365)
        const night = mean(START_MS + 2 * HOUR_MS, DAY_MS, 365)
        expect(afternoon - night).toBeGreaterThan(7)
    })

    it("changes without a jump", () => {
        for (let ms = START_MS; ms < START_MS + 10 * DAY_MS; ms += 60_000)
            expect(Math.abs(at(ms + 60_000) - at(ms))).toBeLessThan(0.2)
    })
})

describe("what an accelerometer feels", () => {
    const departsMs = START_MS + DAY_MS
    // Parked for a day, then from standstill to 15 m/s at 2 m/s2, then steady.
    const speedMpsAt = (atMs: number) => Math.min(15, Math.max(0, ((atMs - departsMs) / 1000) * 2))
    const parkedUntil = () => departsMs
    const motion = motionOf({ seed: "car", speedMpsAt, parkedUntil })

    it("is gravity alone while parked, for as long as it says", () => {
        let atMs = START_MS
        let knocks = 0
        while (atMs < departsMs - 1000) {
            const untilMs = motion.stillUntil(atMs)
            for (let ms = atMs; ms < untilMs; ms += (untilMs - atMs) / 50)
                expect(motion.at(ms)).toEqual({ x: 0, y: 0, z: 1000 })
            if (untilMs >= departsMs - 1000) break
            knocks++
            expect(motion.at(untilMs)).not.toEqual({ x: 0, y: 0, z: 1000 })
            atMs = untilMs + 1000
        }
        expect(knocks).toBeGreaterThan(0)
        expect(knocks).toBeLessThan(12)
    })

    it("speeds up along the vehicle, shakes while it rolls", () => {
        const mean = (fromMs: number) => {
            const felt = Array.from({ length: 400 }, (_, i) => motion.at(fromMs + i * 10))
            const x = felt.reduce((sum, one) => sum + one.x, 0) / felt.length
            const shake = Math.sqrt(felt.reduce((sum, { y }) => sum + y * y, 0) / felt.length)
            return { x, shake }
        }
        expect(mean(departsMs + 1000).x).toBeCloseTo(2000 / 9.80665, -2)
        expect(mean(departsMs + 60_000).shake).toBeGreaterThan(40)
        expect(Math.abs(mean(departsMs + 60_000).x)).toBeLessThan(20)
    })

    it("is never still where nobody knows for how long", () => {
        const blind = motionOf({ seed: "car", speedMpsAt })
        expect(blind.stillUntil(START_MS)).toBe(START_MS)
        expect(motion.stillUntil(departsMs + 5000)).toBe(departsMs + 5000)
    })
})
