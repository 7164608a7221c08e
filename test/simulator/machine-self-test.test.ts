// What the bench and an order set off, on the chip: the tracker's bytecode in the world of the rigs.

import { expect, it } from "vitest"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import { WIPE_MARKER_AT } from "../../firmware/logic/wipe.js"
import { CommandKind } from "../../protocol/command.js"
import { EventKind } from "../../protocol/event.js"
import { Answer } from "../../protocol/response.js"
import { NEVER } from "../support/commute.js"
import { MachineRig } from "../support/machine-rig.js"

const ALL = 255
const MANDATE = Buffer.from("4f5a", "hex")

function aBoard(settings: Record<string, number>): MachineRig {
    const rig = new MachineRig({
        profile: ProfileNumber.normal,
        commute: NEVER,
        hasGauge: true,
        canWake: false,
        settings,
    })
    rig.powerOn()
    return rig
}

/** As the runtime gives them to the console. */
function linesOf(rig: MachineRig): string[] {
    return rig.said.filter((line) => line.startsWith("> self-test: "))
}
function results(rig: MachineRig): number[][] {
    return rig
        .events()
        .filter(({ event }) => event === EventKind.selfTest)
        .map(({ args }) => args.slice(0, 2))
}

it("a board of which the bench asks it is tested at its first start and never again", async () => {
    const rig = aBoard({ selftest: 1 })
    await rig.runHours(0.2)
    const lines = linesOf(rig)
    expect(lines[0]).toMatch(/^> self-test: start /)
    expect(lines.at(-1)).toMatch(/^> self-test: pass passed=255 failed=0 /)
    expect(lines).toContain("> self-test: accelerometer pass moved")
    expect(results(rig)).toEqual([[ALL, 0]])
    rig.powerOff()
    rig.powerOn()
    await rig.runHours(0.2)
    expect(results(rig)).toEqual([[ALL, 0]])
    expect(rig.panics).toEqual([])
})

it("a tracker that was not asked is tested by order", async () => {
    const rig = aBoard({})
    await rig.runHours(1)
    expect(linesOf(rig)).toEqual([])
    const told = rig.gateway.tell(CommandKind.selfTest, [], MANDATE)
    await rig.runHours(7)
    expect(told.response?.answer).toBe(Answer.accepted)
    expect(results(rig)).toEqual([[ALL, 0]])
    expect(rig.panics).toEqual([])
})

it("a wipe that the power cut behind the keys is carried on, without a key", async () => {
    const rig = aBoard({})
    await rig.runHours(0.1)
    expect(rig.gateway.taken.length).toBeGreaterThan(0)
    rig.powerOff()
    const { bytes } = rig.fram
    bytes.fill(0, 0, WIPE_MARKER_AT)
    bytes.set(Buffer.from("BURRWIPE"), WIPE_MARKER_AT)
    expect(bytes.some((byte, at) => at > 0x1f00 && byte !== 0)).toBe(true)
    rig.powerOn()
    await rig.runHours(0.02)
    expect(rig.said).toContain("> wiped")
    expect(bytes.every((byte) => byte === 0)).toBe(true)
})
