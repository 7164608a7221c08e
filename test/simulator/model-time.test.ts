// A tracker that has never seen the sky knows UTC from the gateway, and goes on searching for its fix.

import { expect, it } from "vitest"
import { ProfileNumber } from "../../firmware/logic/profile.js"
import { CommandKind } from "../../protocol/command.js"
import { EventKind } from "../../protocol/event.js"
import { StatusFault } from "../../protocol/status.js"
import type { Cover } from "../../simulator/world/sky.js"
import { NEVER } from "../support/commute.js"
import { ModelRig, RIG_START_MS } from "../support/model-rig.js"

const OFF_MS = 30_000

it("in a garage it tells the time in its statuses, and its first fix comes when there is a sky", async () => {
    let cover: Cover = "garage"
    const rig = new ModelRig({
        profile: ProfileNumber.normal,
        commute: NEVER,
        coverAt: () => cover,
        hasGauge: true,
    })
    rig.powerOn()
    await rig.runHours(24)
    const statuses = rig.statuses()
    expect(statuses.length).toBeGreaterThan(1)
    for (const { instant, faults } of statuses.slice(1)) {
        expect(instant.timeDs).toBeDefined()
        expect(faults! & StatusFault.noTime).toBe(0)
    }
    const last = statuses.at(-1)!.instant.timeDs! * 100
    expect(last).toBeGreaterThan(RIG_START_MS)
    expect(last).toBeLessThan(rig.clock.nowMs + OFF_MS)
    expect(rig.fixes().size).toBe(0)
    expect(rig.events().every(({ event }) => event !== EventKind.mandateEnd)).toBe(true)
    cover = "open"
    await rig.runHours(24)
    expect(rig.fixes().size).toBeGreaterThan(0)
})

it("without a fix it obeys a command, and lets one that has expired be", async () => {
    const rig = new ModelRig({
        profile: ProfileNumber.live,
        commute: NEVER,
        coverAt: () => "none",
    })
    rig.powerOn()
    await rig.runHours(1)
    const obeyed = rig.gateway.tell(CommandKind.report, [], Buffer.from("M-1"))
    const expired = rig.gateway.tell(CommandKind.report, [], Buffer.from("M-1"), -60)
    await rig.runHours(1)
    expect(obeyed.response).toMatchObject({ answer: 0 })
    expect(expired.response).toBeUndefined()
})
