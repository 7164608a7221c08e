import { describe, expect, it } from "vitest"
import type { HeardNetwork, StoredNetwork } from "../../simulator/vm/wifi-service.js"
import { Life } from "./lifecycle-rig.js"

const depot = network("depot", 1, -60, "depot-key")
const yard = network("yard", 2, -70, "yard-key")

function network(ssid: string, id: number, signalDbm: number, password: string): HeardNetwork {
    return { ssid, bssid: Buffer.from([2, 0, 0, 0, 0, id]), signalDbm, channel: 6, password }
}
function neighbours(count: number): HeardNetwork[] {
    return Array.from({ length: count }, (_, i) => network(`house${i}`, 10 + i, -40 - i, "x"))
}

interface Scene {
    life: Life
    stored: StoredNetwork
    /** What is on the air; change it while the tracker runs. */
    air: HeardNetwork[]
}

function scene(air: HeardNetwork[], settings = {}, known = "", isIdleSkipped = true): Scene {
    const stored = { ssid: known, password: known === "" ? "" : `${known}-key`, writes: 0 }
    const names = { ssid0: "depot", psk0: "depot-key", ssid1: "yard", psk1: "yard-key" }
    const made: Scene = { life: undefined as unknown as Life, stored, air }
    made.life = new Life("wifi", {
        settings: { ...names, ...settings },
        wifi: { radio: () => made.air, stored, random: () => 0.5 },
        isIdleSkipped,
    })
    made.life.tracker.powerOn()
    return made
}

describe("a tracker among Wi-Fi networks", () => {
    it("joins the one that worked last within 4.5 s of power-on, writing no setting", async () => {
        const { life, stored } = scene([depot, yard], {}, "depot")
        await life.run(30)
        const [joined] = life.said("join")
        expect(joined).toMatch(/^true 0 at /)
        expect(life.timesOf("join")[0]).toBeLessThan(4500)
        expect(stored.writes).toBe(0)
        expect(life.said("signal")).toEqual(["-60"])
        expect(life.said("socket")).toEqual(["opened"])
    })

    it("goes to another of its networks where the first is gone, and joins it", async () => {
        const { life, stored } = scene([yard], {}, "depot")
        await life.run(60)
        expect(life.said("join")[0]).toMatch(/^true 1 at /)
        expect(stored).toMatchObject({ ssid: "yard", writes: 1 })
    })

    it("finds its network behind stronger neighbours that fill the list", async () => {
        const { life } = scene([...neighbours(6), yard], {}, "depot")
        await life.run(60)
        expect(life.said("join")[0]).toMatch(/^true 1 at /)
    })

    it("touches no setting where none of its networks is heard, and goes on without", async () => {
        const { life, stored } = scene(neighbours(2), {}, "depot")
        await life.run(60)
        expect(life.said("join")[0]).toMatch(/^false 0 at /)
        expect(life.timesOf("join")[0]).toBeLessThan(31_000)
        expect(stored.writes).toBe(0)
        expect(life.said("signal")).toEqual(["-128"])
        // The runtime refuses to open one.
        expect(life.said("socket")).toEqual(["closed"])
        expect(life.links).toEqual([])
    })

    it("is not joined by a wrong password", async () => {
        const { life } = scene([depot], { psk0: "not-it" }, "depot")
        await life.run(60)
        expect(life.said("join")[0]).toMatch(/^false/)
    })

    it("notices that the network is lost, and is refused a socket", async () => {
        const made = scene([depot], { wait: 30 }, "depot")
        await made.life.run(10)
        made.air = []
        await made.life.run(60)
        expect(made.life.said("later")).toEqual(["false"])
        expect(made.life.said("socket")).toEqual(["opened", "closed"])
    })

    it("is joined again by the runtime when the network comes back", async () => {
        const made = scene([depot], { wait: 60 }, "depot")
        await made.life.run(10)
        made.air = []
        await made.life.run(20)
        made.air = [depot]
        await made.life.run(60)
        expect(made.life.said("later")).toEqual(["true"])
        expect(made.life.said("socket")).toEqual(["opened", "opened"])
    })

    it("reads the four strongest access points of a scan, and no more: nobody can ask for the rest", async () => {
        const { life } = scene([depot, ...neighbours(6)], { scan: "yes" }, "depot")
        await life.run(30)
        expect(life.said("point")).toEqual(
            [0, 1, 2, 3].map(
                (i) => `0200000000${(10 + i).toString(16).padStart(2, "0")} ${-40 - i}`,
            ),
        )
    })

    it("charges a radio that finds nothing several times what a joined one takes", async () => {
        const lonely = scene([], {}, "depot")
        const joined = scene([depot], {}, "depot")
        await lonely.life.run(600)
        await joined.life.run(600)
        const { radio } = joined.life.tracker.usedMah
        expect(lonely.life.tracker.usedMah.radio).toBeGreaterThan(3 * radio)
    })
})

it("idle time is skipped without a difference to a program on the radio", async () => {
    const runs = await Promise.all(
        [true, false].map(async (isIdleSkipped) => {
            const made = scene([yard], { wait: 60, scan: "yes" }, "depot", isIdleSkipped)
            await made.life.run(45)
            made.air = []
            await made.life.run(60)
            return { happened: made.life.happened, radio: made.life.tracker.usedMah.radio }
        }),
    )
    expect(runs[0]!.happened.length).toBeGreaterThan(6)
    expect(runs[0]).toEqual(runs[1])
})

it("a tracker without a Wi-Fi service goes on as if it were joined", async () => {
    const life = new Life("wifi", { settings: { ssid0: "depot", psk0: "depot-key" } })
    life.tracker.powerOn()
    await life.run(20)
    expect(life.said("join")[0]).toMatch(/^true 0 at /)
    expect(life.said("socket")).toEqual(["opened"])
})
