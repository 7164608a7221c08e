// Sleeps, reboots and fails by turns, as the plan in its settings says (a JSON list, one step a boot),
// or sleeps always as long, as "every" says; each boot says what it finds: its count, kept in FRAM, and the time at which it began.

import * as ds from "@devicescript/core"
import { readSetting } from "@devicescript/settings"
import { Fram } from "../../firmware/drivers/fram.js"
import { reboot, standby } from "../../firmware/drivers/power.js"
import "../../firmware/hal.js"
import { tell } from "./runs/tell.js"

const startedAtMs = ds.millis()
const fram = new Fram()
const boot = fram.read(0, 1)[0]
fram.write(0, Buffer.from([boot + 1]))

const plan = await readSetting<string>("plan", "[]")
tell("boot", `${boot} at ${startedAtMs}`)

/** Sleeps with what it is told for, then says when the chip is still there. */
async function sleepFor(ms: number): Promise<void> {
    setTimeout(async () => tell("still", `${ds.millis()}`), 500)
    tell("sleep", `${ds.millis()}`)
    await standby(ms)
}

const every = await readSetting<number>("every", 0)
const steps = JSON.parse(plan) as (string | number)[]
const step = every > 0 ? every : steps[boot]
if (step === undefined) tell("stay", "")
else if (step === "reboot") reboot()
else if (step === "throw") throw new Error("thrown on purpose")
else await sleepFor(step as number)
