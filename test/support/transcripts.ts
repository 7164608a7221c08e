// The same world and seed twice: once with the tracker's bytecode in the machine, once with its
// decisions on Node. What the gateway took from either is compared record by record. Node's tracker is
// told how long a start takes in the machine, for that depends on the program and not on its decisions.

import { createHash } from "node:crypto"
import { expect } from "vitest"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import { LIS3DH_ADDRESS } from "../../simulator/chips/lis3dh.js"
import { MAX17048_ADDRESS } from "../../simulator/chips/max17048.js"
import type { StartTimes } from "../../simulator/fleet/model-tracker.js"
import { NEVER } from "./commute.js"
import { MachineRig, type MachineRigOptions } from "./machine-rig.js"
import { ModelRig } from "./model-rig.js"
import type { RigWorld } from "./rig-world.js"
import { deviceProgram } from "./tracker-program.js"

/** From the machine's start to the program's. */
const PROGRAM_STARTS_MS = 1160
/** The machine lets 0.05 ms pass where Node lets none, and a sleep carries it on. */
const APART_MS_MAX = 2000

export interface Twins {
    machine: MachineRig
    node: ModelRig
}

export async function twins(options: MachineRigOptions): Promise<Twins> {
    const program = deviceProgram("firmware/tracker.devs")
    const startTimes = await startTimesOf(program)
    const programHash = createHash("sha256").update(program).digest()
    const machine = new MachineRig({ ...options, tracker: { program, ...options.tracker } })
    return { machine, node: new ModelRig({ ...options, programHash, startTimes }) }
}

/** Types and bodies of all records, byte by byte and in their order; session, number, and time. */
export function expectEqualTranscripts({ machine, node }: Twins): void {
    expect(machine.panics).toEqual([])
    expect(recordsOf(machine)).toEqual(recordsOf(node))
    for (const [i, { atMs }] of machine.gateway.taken.entries())
        expect(Math.abs(atMs - node.gateway.taken[i]!.atMs)).toBeLessThan(APART_MS_MAX)
    expect(machine.gateway.unreadable).toBe(0)
    expect(machine.tracker.boots).toBe(node.tracker.boots)
}

function recordsOf({ gateway }: RigWorld): string[] {
    return gateway.taken.map(
        ({ session, seq, type, body }) => `${session}/${seq} ${type} ${body.toString("hex")}`,
    )
}

/** Of a tracker that is woken from its first sleep. */
async function startTimesOf(program: Buffer): Promise<StartTimes> {
    const rig = new MachineRig({
        profile: ProfileNumber.normal,
        commute: NEVER,
        hasGauge: true,
        tracker: { program },
    })
    const firstAt = new Map<number, number>()
    for (const address of [LIS3DH_ADDRESS, MAX17048_ADDRESS])
        rig.watchBus(address, () => {
            if (!firstAt.has(address)) firstAt.set(address, rig.clock.nowMs)
        })
    rig.powerOn()
    for (let minute = 0; rig.tracker.state !== "asleep" && minute < 10; minute++)
        await rig.runHours(1 / 60)
    firstAt.clear()
    rig.tracker.pulseReset()
    await rig.runHours(5 / 3600)
    const awakeAtMs = rig.states.findLast(({ state }) => state === "awake")!.atMs
    const sinceMs = (address: number) => firstAt.get(address)! - awakeAtMs - PROGRAM_STARTS_MS
    return { motionMs: sinceMs(LIS3DH_ADDRESS), tickMs: sinceMs(MAX17048_ADDRESS) }
}
