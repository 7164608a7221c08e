// Orders and fences on the tracker's machine; then the dearest of it as often as fits between two
// rests, which the machine would end with a panic if it took more steps than that.

import * as ds from "@devicescript/core"
import { boardAead, hkdf, sha256 } from "../../firmware/drivers/crypto.js"
import { newFenceWatch, watchFences } from "../../firmware/logic/fence-watch.js"
import { NvmOrdersStore } from "../../firmware/logic/orders-store.js"
import { Wipe } from "../../firmware/logic/wipe.js"
import { fullestFix, fullestOrders, MemoryNvm, ORDER_STEPS, OrdersRun } from "./runs/orders-run.js"
import { tell } from "./runs/tell.js"
import { ToldTracker } from "./runs/told-tracker.js"

const SEEDS = 3
/** 131,072 steps over 7 are 18,724 for one. */
const WATCHES_A_REST = 7

for (let seed = 1; seed <= SEEDS; seed++) {
    const run = new OrdersRun(seed)
    for (let i = 0; i < ORDER_STEPS / SEEDS; i++) {
        tell("line", run.next())
        await ds.sleep(1)
    }
}

const orders = fullestOrders()
let watch = watchFences(newFenceWatch(), orders.fences, fullestFix(0)).memory
await ds.sleep(1)
for (let i = 1; i <= WATCHES_A_REST; i++)
    watch = watchFences(watch, orders.fences, fullestFix(i)).memory
tell("line", `watched ${watch.sides.length}`)
await ds.sleep(1)
const memory = new MemoryNvm()
const store = new NvmOrdersStore(memory, sha256)
const isKept = store.save(orders)
tell("line", `kept ${isKept ? 1 : 0}, read ${store.load().fences.length}`)
await ds.sleep(1)

// From the sealed bytes of a polygon's order to its answer in the queue, all fences being there.
const told = new ToldTracker(memory, sha256, boardAead(), hkdf)
await ds.sleep(1)
tell("line", told.replacePolygon(store))
await ds.sleep(1)

const wipe = new Wipe(memory)
wipe.begin()
while (wipe.step()) await ds.sleep(1)
tell("line", `wiped ${wipe.finish() ? 1 : 0}`)
tell("end", ".")
