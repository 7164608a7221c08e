import { expect, it } from "vitest"
import { FENCES_BYTES_MAX, fencesIn } from "../../firmware/logic/fence-list.js"
import { FencePlace, placeAt } from "../../firmware/logic/fence-place.js"
import { newFenceWatch, watchFences } from "../../firmware/logic/fence-watch.js"
import { fullestFix, fullestOrders, ORDER_STEPS, OrdersRun } from "../device/runs/orders-run.js"
import { runOnDevice } from "../support/device-run.js"

const SEEDS = 3

it("orders and fences are decided on the tracker's machine as on Node, within its steps", async () => {
    const expected: string[] = []
    for (let seed = 1; seed <= SEEDS; seed++) {
        const run = new OrdersRun(seed)
        for (let i = 0; i < ORDER_STEPS / SEEDS; i++) expected.push(run.next())
    }
    // The run does say something.
    const count = (what: RegExp) => expected.filter((line) => what.test(line)).length
    expect(count(/fence \d+ [01]/)).toBeGreaterThan(20)
    expect(count(/silent/)).toBeGreaterThan(20)
    expect(count(/settings/)).toBeGreaterThan(20)
    expect(count(/ wipe /)).toBeGreaterThan(0)

    // What is timed is the dearest: inside every fence, with every edge's distance looked at.
    const { fences } = fullestOrders()
    for (const at of fencesIn(fences)!)
        expect(placeAt(fences, at, fullestFix(1))).toBe(FencePlace.inside)
    expect(watchFences(newFenceWatch(), fences, fullestFix(1)).memory.sides).toHaveLength(24)

    const { said, complaints } = await runOnDevice("orders", 20)
    expect(complaints).toEqual([])
    const lines = said.map(({ text }) => text)
    expect(lines.slice(0, expected.length)).toEqual(expected)
    expect(lines.slice(expected.length)).toEqual([
        "watched 24",
        `kept 1, read ${FENCES_BYTES_MAX}`,
        "answer 0 fences, 2 records",
        "wiped 1",
        ".",
    ])
})
