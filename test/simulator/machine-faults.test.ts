// What throws, or brings rubbish, under the tracker's bytecode: it is survived, told in a status, and
// over with its cause. (Each part of it on Node: model-faults.test.ts.)

import { expect, it } from "vitest"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import { StatusFault } from "../../protocol/status.js"
import { Fram } from "../../simulator/chips/fram.js"
import { I2cNak } from "../../simulator/chips/i2c-bus.js"
import { LIS3DH_ADDRESS } from "../../simulator/chips/lis3dh.js"
import { MAX17048_ADDRESS } from "../../simulator/chips/max17048.js"
import type { Link, LinkEvents, Network } from "../../simulator/vm/network.js"
import { makePrng } from "../../simulator/world/prng.js"
import { cases } from "../support/cases.js"
import type { CommuteDays } from "../support/commute.js"
import { MachineRig } from "../support/machine-rig.js"
import { RIG_START_MS } from "../support/rig-world.js"

const RUN_WAIT_MS = 600_000
const MINUTE_MS = 60_000
const OUT: CommuteDays = { there: [0.1, 12], back: [13, 14], drivesOn: () => true }

function isBadTime(atMs: number): boolean {
    return atMs > RIG_START_MS + 5 * MINUTE_MS && atMs < RIG_START_MS + 9 * MINUTE_MS
}

async function survives(rig: MachineRig): Promise<void> {
    rig.powerOn()
    await rig.runHours(4 / 60)
    const before = rig.fixes().size
    expect(before).toBeGreaterThan(60)
    await rig.runHours(12 / 60)
    expect(rig.panics).toEqual([])
    // All is well again for seven minutes by now.
    expect(rig.fixes().size).toBeGreaterThan(before + 300)
    expect(rig.gateway.reused).toEqual([])
    expect(rig.gateway.unreadable).toBe(0)
}

it.each([
    ["accelerometer", LIS3DH_ADDRESS, StatusFault.accelerometer],
    ["gauge", MAX17048_ADDRESS, StatusFault.fuelGauge],
])(
    "a bus on which the %s does not answer for minutes",
    async (_, address, fault) => {
        const rig = new MachineRig({ profile: ProfileNumber.bench, commute: OUT, hasGauge: true })
        rig.watchBus(address, () => {
            if (isBadTime(rig.clock.nowMs)) throw new I2cNak("spoiled")
        })
        await survives(rig)
        const faults = rig.statuses().map((status) => status.faults! & fault)
        expect(address === MAX17048_ADDRESS || faults.some((one) => one !== 0)).toBe(true)
    },
    RUN_WAIT_MS,
)

it(
    "a memory that does not answer now and then",
    async () => {
        const random = makePrng("memory")
        const fram = new Fram()
        const read = fram.read.bind(fram)
        fram.read = (count) => {
            if (isBadTime(rig.clock.nowMs) && random.next() < 0.2) throw new I2cNak("spoiled")
            return read(count)
        }
        const rig: MachineRig = new MachineRig({
            profile: ProfileNumber.bench,
            commute: OUT,
            hasGauge: true,
            fram,
        })
        await survives(rig)
        expect(rig.said.filter((line) => line.includes("FRAM: bus error")).length).toBeGreaterThan(
            0,
        )
        const numbers = [...rig.fixes().keys()].sort((a, b) => a - b)
        // What it did not give back meanwhile stays missing, for the gateway to see; the rest is whole.
        const newest = numbers.slice(-300)
        expect(newest).toEqual(newest.map((_, i) => newest[0]! + i))
        const told = rig.statuses().filter(({ faults }) => (faults! & StatusFault.exception) !== 0)
        expect(told.length).toBeGreaterThan(0)
        expect(rig.statuses().at(-1)!.faults! & StatusFault.exception).toBe(0)
    },
    RUN_WAIT_MS,
)

it(
    "a socket that brings rubbish: MQTT that is none, and downlinks that are none of ours",
    async () => {
        const random = makePrng("rubbish")
        const bytes = (count: number) =>
            Buffer.from(Array.from({ length: count }, () => Math.floor(random.next() * 256)))
        const rig: MachineRig = new MachineRig({
            profile: ProfileNumber.bench,
            commute: OUT,
            hasGauge: true,
            tracker: {
                network: spoiled(
                    () => rig.gateway,
                    (events) => {
                        if (!isBadTime(rig.clock.nowMs) || random.next() > 0.2) return
                        const payload = bytes(1 + Math.floor(random.next() * 120))
                        const name = Buffer.from("b/x/d")
                        const length = 2 + name.length + payload.length
                        const publish = Buffer.concat([
                            Buffer.from([0x30, (length & 127) | 128, length >> 7, 0, name.length]),
                            ...[name, payload],
                        ])
                        events.received(random.next() < 0.7 ? publish : payload)
                    },
                ),
            },
        })
        await survives(rig)
    },
    RUN_WAIT_MS,
)

it(
    "power that comes and goes at any moment of a start",
    async () => {
        const rig = new MachineRig({ profile: ProfileNumber.bench, commute: OUT, hasGauge: true })
        const random = makePrng("starts")
        for (let i = 0; i < cases(20, 400); i++) {
            rig.powerOn()
            await rig.runHours((random.next() * 4) / 3600)
            rig.powerOff(random.next() < 0.5)
            await rig.runHours(1 / 3600)
        }
        await survives(rig)
    },
    RUN_WAIT_MS,
)

/** The network, with more coming down than the gateway sends. */
function spoiled(network: () => Network, spoil: (events: LinkEvents) => void): Network {
    return {
        open: (host, port, events): Link =>
            network().open(host, port, {
                ...events,
                received: (bytes) => {
                    events.received(bytes)
                    spoil(events)
                },
            }),
    }
}
