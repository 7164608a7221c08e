// Slow decisions and orders once more, for a build in which their modules and this program are compact
// code: the same lines as on Node. Then what only the tracker's machine has: functions that wait, and
// one that goes on beside the program. Built from the modules as they are it says the same.

import { sleep } from "../../firmware/drivers/runtime.js"
import { DECISION_SEEDS, DecisionsRun } from "./runs/decisions-run.js"
import { OrdersRun } from "./runs/orders-run.js"
import { tell } from "./runs/tell.js"

const ORDER_LINES = 60
const LAPS = 3
/** Longer than what runs beside the program takes. */
const BESIDE_MS = 50

interface Lap {
    atMs: number
    by: number
    note?: string
}

class Runner {
    private laps: Lap[] = []

    constructor(private readonly stepMs: number) {}

    async race(times: number): Promise<number> {
        for (let i = 0; i < times; i++) {
            await sleep(this.stepMs)
            this.laps.push({ by: i, atMs: i * this.stepMs })
        }
        return this.laps.length
    }

    lapsText(): string {
        let text = ""
        this.laps.forEach((lap) => {
            const marked: Lap = { ...lap, note: `#${lap.by}` }
            const { note, atMs } = marked
            text += ` ${atMs}${note}`
        })
        return text
    }
}

async function runBeside(runner: Runner): Promise<void> {
    const count = await runner.race(LAPS)
    tell("line", `beside ${count}:${runner.lapsText()}`)
}

for (let seed = 1; seed <= DECISION_SEEDS; seed++) {
    const run = new DecisionsRun(seed)
    while (!run.isDone) {
        tell("line", run.next())
        await sleep(1)
    }
}
const orders = new OrdersRun(1)
for (let i = 0; i < ORDER_LINES; i++) {
    tell("line", orders.next())
    await sleep(1)
}
runBeside.start(new Runner(5))
const own = new Runner(2)
const laps = await own.race(LAPS)
tell("line", `own ${laps}:${own.lapsText()}`)
await sleep(BESIDE_MS)
tell("line", "end")
