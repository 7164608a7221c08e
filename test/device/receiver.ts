// The receiver's driver as the tracker runs it, without the rest: each fix goes to the host as JSON.

import * as ds from "@devicescript/core"
import { Gnss } from "../../firmware/drivers/gnss.js"
import { BoardI2c } from "../../firmware/drivers/i2c.js"
import { breathe } from "../../firmware/hal.js"
import { tell } from "./runs/tell.js"

const gnss = new Gnss(new BoardI2c(), breathe)
while (true) {
    try {
        for (const fix of await gnss.poll(ds.millis())) tell("fix", JSON.stringify(fix))
    } catch (e) {
        tell("fault", (e as Error).message)
    }
    await ds.sleep(1000)
}
