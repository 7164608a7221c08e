// What the tracker's machine makes of the agreement messages, a line each, to the host.

import * as ds from "@devicescript/core"
import { boardAead, hkdf } from "../../firmware/drivers/crypto.js"
import { Agreement, COMMANDS, UPLINKS } from "./runs/agreement-run.js"
import { tell } from "./runs/tell.js"

const agreement = new Agreement(boardAead(), hkdf)
for (let i = 0; i < UPLINKS; i++) {
    tell("line", agreement.uplink(i))
    await ds.sleep(0)
}
for (let i = 0; i < COMMANDS; i++) {
    tell("line", agreement.command(i))
    await ds.sleep(0)
}
for (const line of agreement.cipher()) tell("cipher", line)
tell("end", ".")
