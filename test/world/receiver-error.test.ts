import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { deg, metres, mps, type UnixMs, unixMs } from "../../protocol/units.js"
import { inverse, turnDeg } from "../../simulator/world/geodesy.js"
import { makePrng, noiseKey } from "../../simulator/world/prng.js"
import {
    gaussMarkovAt,
    makeReceiver,
    type ReceiverView,
    receiverView,
} from "../../simulator/world/receiver-error.js"
import type { Truth } from "../../simulator/world/vehicle.js"
import { cases } from "../support/cases.js"

const parked: Truth = {
    latDeg: deg(47.14),
    lonDeg: deg(9.52),
    altM: metres(455),
    speedMps: mps(0),
    courseDeg: deg(80),
    moving: false,
}
const driving: Truth = { ...parked, speedMps: mps(12), moving: true }
const start = 1_700_000_000_000

function mean<T>(items: readonly T[], value: (item: T) => number): number {
    return items.reduce((sum, item) => sum + value(item), 0) / items.length
}

/** What eight receivers report over two days, once in ten seconds. */
function twoDays(truth: Truth): ReceiverView[] {
    return Array.from({ length: 8 }, (_, device) => {
        const receiver = makeReceiver("two days", `tracker ${device}`)
        return Array.from({ length: 2160 }, (_, i) =>
            receiverView(receiver, () => truth, unixMs(start + i * 80_000)),
        )
    }).flat()
}

describe("the slow error", () => {
    it("is a Gauss-Markov process: variance 1, and e^(-lag/tau) from one instant to another", () => {
        const prng = makePrng("instants")
        const tauS = 80
        for (const lagS of [0, 1, 20, 80, 160, 400]) {
            const products = Array.from({ length: 20_000 }, (_, i) => {
                const key = noiseKey(i)
                const atS = start / 1000 + prng.next() * 1e6
                return gaussMarkovAt(key, tauS, atS) * gaussMarkovAt(key, tauS, atS + lagS)
            })
            const expected = Math.exp(-lagS / tauS)
            // Four standard errors of such a mean, and the flattening within one step of 1.25 s.
            expect(Math.abs(mean(products, (x) => x) - expected)).toBeLessThan(0.045)
        }
    })

    it("has no step anywhere, block boundaries included", () => {
        const key = noiseKey("steps")
        for (let i = 0; i < 4000; i++) {
            const atS = i * 1.37
            const step = gaussMarkovAt(key, 60, atS + 1e-6) - gaussMarkovAt(key, 60, atS)
            expect(Math.abs(step)).toBeLessThan(1e-5)
        }
        const blockS = 60 * 16
        const over = gaussMarkovAt(key, 60, blockS + 1e-6) - gaussMarkovAt(key, 60, blockS - 1e-6)
        expect(Math.abs(over)).toBeLessThan(1e-5)
    })
})

describe("a receiver", () => {
    it("says the same of an instant whenever and in whatever order it is asked", () => {
        fc.assert(
            fc.property(fc.string(), fc.string(), fc.array(fc.nat(1e9)), (seed, device, times) => {
                const ask = (order: readonly number[]) => {
                    const receiver = makeReceiver(seed, device, { outagesPerHour: 3 })
                    return new Map(
                        order.map((t) => [
                            t,
                            receiverView(receiver, () => driving, unixMs(start + t)),
                        ]),
                    )
                }
                const [forward, backward] = [ask(times), ask(times.toReversed())]
                for (const t of times) expect(forward.get(t)).toEqual(backward.get(t))
            }),
            { numRuns: cases(30, 1000) },
        )
    })

    it("covers the truth with its accuracy as often as it says, without boasting of modesty", () => {
        const views = twoDays(parked)
        const covered = mean(views, (view) =>
            inverse(parked, view).distanceM <= view.accuracyM ? 1 : 0,
        )
        expect(covered).toBeGreaterThan(0.68)
        expect(covered).toBeLessThan(0.76)
        for (const { accuracyM, satellites, fix } of views) {
            expect(fix).toBe(true)
            expect(accuracyM).toBeGreaterThan(2)
            expect(accuracyM).toBeLessThan(5)
            expect(satellites).toBeGreaterThanOrEqual(8)
            expect(satellites).toBeLessThanOrEqual(14)
        }
        expect(new Set(views.map(({ satellites }) => satellites)).size).toBe(7)
        const radius = Math.sqrt(mean(views, (view) => inverse(parked, view).distanceM ** 2))
        expect(radius).toBeGreaterThan(2)
        expect(radius).toBeLessThan(4)
        expect(Math.abs(mean(views, ({ altM }) => altM - parked.altM))).toBeLessThan(0.3)
    })

    it("leads nowhere: its error has no direction of its own", () => {
        const views = twoDays(parked)
        for (const bearingDeg of [0, 90]) {
            const along = mean(views, (view) => {
                const error = inverse(parked, view)
                const angle = ((error.bearingDeg - bearingDeg) * Math.PI) / 180
                return error.distanceM * Math.cos(angle)
            })
            expect(Math.abs(along)).toBeLessThan(0.1)
        }
    })

    it("drifts slowly: a second moves a parked vehicle by less than two metres, nearly always", () => {
        const receiver = makeReceiver("drift", "tracker")
        const steps = Array.from({ length: 5000 }, (_, i) => {
            const at = (s: number) => receiverView(receiver, () => parked, unixMs(start + s * 1000))
            return inverse(at(i), at(i + 1)).distanceM
        })
        expect(mean(steps, (step) => (step < 2 ? 1 : 0))).toBeGreaterThan(0.95)
        expect(Math.min(...steps)).toBeGreaterThan(0)
    })

    it("hardly moves while parked, and lets the course wander about where it was", () => {
        const views = twoDays(parked)
        expect(mean(views, ({ speedMps }) => speedMps)).toBeLessThan(0.15)
        expect(Math.max(...views.map(({ speedMps }) => speedMps))).toBeLessThan(0.6)
        const wander = Math.sqrt(mean(views, (view) => turnDeg(80, view.courseDeg) ** 2))
        expect(wander).toBeGreaterThan(10)
        expect(wander).toBeLessThan(30)
    })

    it("knows speed to a decimetre a second and course to a degree while driving", () => {
        const views = twoDays(driving)
        const speed = Math.sqrt(mean(views, ({ speedMps }) => (speedMps - 12) ** 2))
        expect(speed).toBeGreaterThan(0.05)
        expect(speed).toBeLessThan(0.1)
        const course = Math.sqrt(mean(views, (view) => turnDeg(80, view.courseDeg) ** 2))
        expect(course).toBeLessThan(0.6)
    })

    it("errs by itself: another device or seed has another error", () => {
        const view = (seed: string, device: string) =>
            receiverView(makeReceiver(seed, device), () => parked, unixMs(start))
        expect(view("a", "1").latDeg).not.toBe(view("a", "2").latDeg)
        expect(view("a", "1").latDeg).not.toBe(view("b", "1").latDeg)
    })

    it("holds its last position without a sky, admits that it ages, and finds itself again", () => {
        const receiver = makeReceiver("tunnel", "tracker", { outagesPerHour: 3 })
        const moving = (atMs: UnixMs): Truth => ({
            ...driving,
            lonDeg: deg(9.52 + ((atMs - start) / 1000) * 1.5e-4),
        })
        const hours = 40
        const views = Array.from({ length: hours * 3600 }, (_, s) =>
            receiverView(receiver, moving, unixMs(start + s * 1000)),
        )
        let outages = 0
        let longest = 0
        let length = 0
        views.forEach((view, i) => {
            const before = views[i - 1]
            length = view.fix ? 0 : length + 1
            longest = Math.max(longest, length)
            if (view.fix || before === undefined) return
            if (before.fix) {
                outages++
                return
            }
            expect(view.lonDeg).toBe(before.lonDeg)
            expect(view.accuracyM - before.accuracyM).toBeGreaterThan(10)
            expect(view.satellites).toBeLessThan(4)
        })
        expect(outages).toBeGreaterThan(2 * hours)
        expect(outages).toBeLessThan(4 * hours)
        expect(longest).toBeLessThanOrEqual(40)
    })

    it("refuses an outage rate that its slots cannot hold", () => {
        expect(() => makeReceiver("a", "b", { outagesPerHour: 7 })).toThrow(
            "outagesPerHour is 7, expected 0 to 6",
        )
    })
})
