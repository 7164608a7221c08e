// The machine stops a program that takes 131,072 steps without a rest, and starts it again 5 s later: a
// tracker whose work at one instant grows past that does so for ever. Here the machine has less
// patience than it ships with, and the work is as much as can come together.

import { expect, it } from "vitest"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import { deviceFenceOf } from "../../gateway/core/downlink/device-fence.js"
import { CommandKind } from "../../protocol/command.js"
import { fenceArgs } from "../../protocol/fence-order.js"
import type { FenceShape } from "../../protocol/live.js"
import { deg, metres } from "../../protocol/units.js"
import { STEPS_MAX } from "../../simulator/vm/wasm.js"
import type { CommuteDays } from "../support/commute.js"
import { MachineRig, type MachineRigOptions } from "../support/machine-rig.js"
import { RIG_START_MS } from "../support/rig-world.js"
import type { Fate } from "../support/virtual-gateway.js"

/** A fifth is left for what no test has thought of. */
const STEPS = Math.floor(STEPS_MAX * 0.8)
const RUN_WAIT_MS = 600_000
const MINUTE_MS = 60_000
/** On the way from the sixth minute on, in a straight line: the longest windows of the thinner. */
const OUT: CommuteDays = { there: [0.1, 12], back: [13, 14], drivesOn: () => true }
const HOME = { latDeg: 47.141, lonDeg: 9.5209 }
const MANDATE = Buffer.from("M-1")

function impatient(options: Partial<MachineRigOptions> & { profile: number }): MachineRig {
    const rig = new MachineRig({
        commute: OUT,
        hasGauge: true,
        ...options,
        tracker: { stepsMax: STEPS },
    })
    rig.powerOn()
    return rig
}

it.each([
    [ProfileNumber.live, 0.35],
    [ProfileNumber.normal, 0.6],
    [ProfileNumber.longLife, 1.3],
    [ProfileNumber.bench, 0.15],
])(
    "profile %i rests in time, with 24 fences to watch",
    async (profile, hours) => {
        const rig = impatient({ profile })
        await rig.runHours(1 / 60)
        // As the gateway does: the next when the one before has been answered.
        for (const [order, args] of fenceOrders()) {
            rig.gateway.tell(order, args, MANDATE)
            await rig.runHours(3 / 3600)
        }
        await rig.runHours(hours)
        expect(rig.panics).toEqual([])
        if (profile === ProfileNumber.live || profile === ProfileNumber.bench)
            expect(rig.gateway.told.filter(({ response }) => response?.answer === 0)).toHaveLength(
                24,
            )
        expect(rig.fixes().size).toBeGreaterThan(5)
    },
    RUN_WAIT_MS,
)

it(
    "a queue and a log that are full are found again at a start, and sent, with rests",
    async () => {
        const isReachable = (atMs: number) => atMs > RIG_START_MS + 14 * MINUTE_MS
        const rig = impatient({ profile: ProfileNumber.bench, gateway: { isReachable } })
        await rig.runHours(10 / 60)
        for (let i = 0; i < 3; i++) {
            rig.powerOff()
            rig.powerOn()
            await rig.runHours(1 / 60)
        }
        await rig.runHours(12 / 60)
        expect(rig.panics).toEqual([])
        expect(rig.fixes().size).toBeGreaterThan(500)
    },
    RUN_WAIT_MS,
)

it(
    "a bad network and a receiver's garage do not make it work for longer",
    async () => {
        let publish = 0
        const fates: Fate[] = ["held", "ack-lost", "reset", "lost", "half-open", "ack-reset"]
        const rig = impatient({
            profile: ProfileNumber.live,
            gateway: { fate: () => fates[publish++ % fates.length]! },
            coverAt: (atMs) => (atMs % (4 * MINUTE_MS) < MINUTE_MS ? "garage" : "canyon"),
        })
        await rig.runHours(0.35)
        expect(rig.panics).toEqual([])
    },
    RUN_WAIT_MS,
)

/** Sixteen circles and eight polygons of twelve corners, all over the place where it starts. */
function fenceOrders(): [number, number[]][] {
    const dwell = { fixes: 3, seconds: 10 }
    const circles = Array.from({ length: 16 }, (_, i) => {
        const center = { latDeg: deg(HOME.latDeg + i / 1000), lonDeg: deg(HOME.lonDeg) }
        const shape: FenceShape = { type: "circle", center, radiusM: metres(100 + 500 * i) }
        return [CommandKind.circle, fenceArgs(deviceFenceOf(i, shape, dwell))] as const
    })
    const polygons = Array.from({ length: 8 }, (_, i) => {
        const ring = Array.from({ length: 13 }, (_, k): [number, number] => {
            const turn = ((k % 12) * Math.PI) / 6
            const reach = (i + 1) / 100
            return [HOME.lonDeg + reach * Math.cos(turn), HOME.latDeg + reach * Math.sin(turn)]
        })
        const shape: FenceShape = { type: "polygon", rings: [ring] }
        return [CommandKind.polygon, fenceArgs(deviceFenceOf(16 + i, shape, dwell))] as const
    })
    return [...circles, ...polygons].map(([order, args]) => [order, args])
}
