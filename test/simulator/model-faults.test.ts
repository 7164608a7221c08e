// Parts that throw: whatever does, the tracker goes on, tells so in its next status, and loses nothing
// that it had kept.

import { expect, it } from "vitest"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import type { World } from "../../firmware/logic/tracker-loop.js"
import { nodeAead } from "../../gateway/adapters/crypto/node-crypto.js"
import { StatusFault } from "../../protocol/status.js"
import { makePrng } from "../../simulator/world/prng.js"
import { WEEKDAYS } from "../support/commute.js"
import { ModelRig, RIG_START_MS } from "../support/model-rig.js"

const DAY_MS = 86_400_000

function isBadDay(atMs: number): boolean {
    return atMs > RIG_START_MS + DAY_MS && atMs < RIG_START_MS + 2 * DAY_MS
}

/** Throws now and then, or all the time, on the second day. */
function spoiler(rig: () => ModelRig, share: number) {
    const random = makePrng(`spoil/${share}`)
    let calls = 0
    return () => {
        if (!isBadDay(rig().clock.nowMs)) return
        // A part that is asked twice a day is to fail as well.
        const isFirst = calls++ === 0
        if (isFirst || random.next() < share) throw new Error("spoiled")
    }
}

type Spoil = (world: World, spoil: () => void) => Partial<World>
const PARTS: Record<string, Spoil> = {
    "receiver's poll": (world, spoil) => ({
        receiver: {
            poll: async (nowMs) => {
                spoil()
                return world.receiver.poll(nowMs)
            },
            switchOn: (aid, nowMs) => world.receiver.switchOn(aid, nowMs),
            switchOff: (forS, nowMs) => world.receiver.switchOff(forS, nowMs),
            askSignal: (nowMs) => world.receiver.askSignal(nowMs),
            signal: () => world.receiver.signal(),
        },
    }),
    "receiver's switch": (world, spoil) => ({
        receiver: {
            poll: (nowMs) => world.receiver.poll(nowMs),
            switchOn: async (aid, nowMs) => {
                await world.receiver.switchOn(aid, nowMs)
                spoil()
            },
            switchOff: async (forS, nowMs) => {
                await world.receiver.switchOff(forS, nowMs)
                spoil()
            },
            askSignal: async (nowMs) => {
                await world.receiver.askSignal(nowMs)
                spoil()
            },
            signal: () => world.receiver.signal(),
        },
    }),
    signal: (world, spoil) => ({
        receiver: {
            poll: (nowMs) => world.receiver.poll(nowMs),
            switchOn: (aid, nowMs) => world.receiver.switchOn(aid, nowMs),
            switchOff: (forS, nowMs) => world.receiver.switchOff(forS, nowMs),
            askSignal: (nowMs) => world.receiver.askSignal(nowMs),
            signal: () => {
                spoil()
                return world.receiver.signal()
            },
        },
    }),
    latch: (world, spoil) => ({
        motion: {
            latch: async () => {
                spoil()
                return world.motion.latch()
            },
            arm: async () => {
                spoil()
                await world.motion.arm()
            },
        },
    }),
    gauge: (world, spoil) => ({
        battery: {
            read: async () => {
                spoil()
                return world.battery.read()
            },
        },
    }),
    scan: (_, spoil) => ({
        scan: async () => {
            spoil()
            return []
        },
    }),
    network: (world, spoil) => ({
        network: {
            tend: (isWanted) => {
                spoil()
                world.network.tend(isWanted)
            },
            isUp: () => world.network.isUp(),
            joins: () => {
                spoil()
                return world.network.joins()
            },
        },
    }),
    standby: (world, spoil) => ({
        standby: async (ms) => {
            spoil()
            await world.standby(ms)
        },
    }),
}

it.each(Object.keys(PARTS).flatMap((part) => [0.3, 1].map((share) => [part, share] as const)))(
    "a %s that throws, %d of the time for a day, is survived and told",
    { timeout: 120_000 },
    async (part, share) => {
        const spoil = spoiler(() => rig, share)
        const rig: ModelRig = new ModelRig({
            profile: ProfileNumber.normal,
            commute: WEEKDAYS,
            hasGauge: true,
            around: (world) => {
                const spoiled = PARTS[part]!(world, spoil)
                return within(world, spoiled)
            },
        })
        await survives(rig)
    },
)

it.each([0.3, 1])(
    "a seal that throws, %d of the time for a day, is survived and told",
    async (share) => {
        const spoil = spoiler(() => rig, share)
        const rig: ModelRig = new ModelRig({
            profile: ProfileNumber.normal,
            commute: WEEKDAYS,
            hasGauge: true,
            crypto: {
                aead: {
                    ...nodeAead,
                    seal: (...args) => {
                        spoil()
                        return nodeAead.seal(...args)
                    },
                },
            },
        })
        await survives(rig)
        // Ten minutes of fixes to a body: those of a seal that failed went into a later one.
        const numbers = [...rig.fixes().keys()].sort((a, b) => a - b)
        expect(numbers).toEqual(numbers.map((_, i) => i))
    },
)

async function survives(rig: ModelRig): Promise<void> {
    rig.powerOn()
    await rig.runHours(24)
    expect(rig.statuses().every(({ faults }) => (faults! & StatusFault.exception) === 0)).toBe(true)
    await rig.runHours(24)
    const before = rig.fixes().size
    const statuses = rig.statuses().length
    await rig.runHours(24)
    expect(rig.said.some((line) => line.includes("spoiled"))).toBe(true)
    const told = rig.statuses().filter(({ faults }) => (faults! & StatusFault.exception) !== 0)
    expect(told.length).toBeGreaterThan(0)
    // The third day is as any other.
    expect(rig.statuses().length).toBeGreaterThan(statuses)
    expect(rig.fixes().size).toBeGreaterThan(before + 40)
    const { faults } = rig.statuses().at(-1)!
    expect(faults! & StatusFault.exception).toBe(0)
}

function within(world: World, spoiled: Partial<World>): World {
    return {
        uptimeMs: () => world.uptimeMs(),
        sleep: (ms) => world.sleep(ms),
        breathe: () => world.breathe(),
        receiver: world.receiver,
        motion: world.motion,
        battery: world.battery,
        network: world.network,
        scan: () => world.scan(),
        wakeUplink: () => world.wakeUplink(),
        say: (line) => world.say(line),
        scrub: () => world.scrub(),
        standby: (ms) => world.standby(ms),
        reboot: () => world.reboot(),
        ...spoiled,
    }
}
