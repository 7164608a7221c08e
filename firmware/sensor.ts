// The sensor node: samples what its parts measure, gathers what is worth a reading, seals it, keeps each
// record until the gateway holds it, and sleeps in between. Drivers are built here and handed to logic;
// what is decided is in logic/sensor-cycle.ts.

import * as ds from "@devicescript/core"
import { type Board, type Keeping, keepingOf, openBoard } from "./drivers/board.js"
import { type BoardSettings, readBoardSettings } from "./drivers/board-settings.js"
import { Contact } from "./drivers/contact.js"
import { Bme680, Shtc3 } from "./drivers/environment.js"
import { FuelGauge } from "./drivers/fuel-gauge.js"
import { BoardI2c } from "./drivers/i2c.js"
import { Ltr390 } from "./drivers/light.js"
import { readSensorSettings, type SensorSettings } from "./drivers/sensor-settings.js"
import { NodeBoardWorld } from "./drivers/sensor-world.js"
import { SoundMeter } from "./drivers/sound.js"
import { readWifiNetworks, Wifi } from "./drivers/wifi.js"
import { assembleSensor, type NodeWake, nodeWakeOf, partsAt } from "./logic/sensor-assembly.js"
import { GaugePart } from "./logic/sensor-gauge.js"
import type { SensorPart } from "./logic/sensor-part.js"
import { rulesFor } from "./logic/sensor-parts.js"

async function wait(ms: number): Promise<void> {
    await ds.sleep(ms)
}

/** The parts that a board may have, the one to be preferred for a quantity first. */
function partsOf(settings: SensorSettings): SensorPart[] {
    const bus = new BoardI2c()
    return [
        new Shtc3(bus, wait),
        new Bme680(bus, wait),
        new Ltr390(bus, wait),
        new SoundMeter(bus, wait),
        new Contact(settings.contactPin),
        new GaugePart(new FuelGauge(bus)),
    ]
}

/** The level of a contact that ends sleeps; undefined where none is wired, or it cannot be read. */
async function wiredLevel(asked: SensorSettings): Promise<number> {
    if (!asked.contactWakes) return undefined
    const contact = new Contact(asked.contactPin)
    return (await contact.probe()) ? (await contact.measure())[0].value : undefined
}

async function work(board: Board, asked: SensorSettings, wake: NodeWake): Promise<void> {
    const { keeping, session, uplink, settings } = board
    const parts = await partsAt(wake, partsOf(asked), asked.rules)
    const loop = assembleSensor({
        world: new NodeBoardWorld(parts, new Wifi(await readWifiNetworks(), 0)),
        rules: rulesFor(parts, asked.rules, asked.off),
        holdS: Math.floor(settings.holdMs / 1000),
        memory: keeping.memory,
        outbox: keeping.outbox,
        state: keeping.state,
        session: session,
        uplink: uplink,
        rename: () => uplink.rename(keeping.keys.keys),
        wake: wake,
        maySleep: keeping.isLasting && asked.maySleep,
        isLasting: keeping.isLasting,
        isContactWired: asked.contactWakes,
        resetCause: board.resetCause,
        programHash: board.programHash,
    })
    board.start({
        take: (payload) => loop.receive(payload),
        lost: () => {},
    })
    await loop.run(wake.isPlanned)
}

async function run(settings: BoardSettings): Promise<void> {
    const asked = await readSensorSettings()
    const keeping: Keeping = await keepingOf(settings)
    const wake = nodeWakeOf(keeping.state, await wiredLevel(asked))
    await work(await openBoard(settings, keeping), asked, wake)
}

const settings = await readBoardSettings()
if (settings === undefined) console.log("not provisioned: no device id or broker")
else await run(settings)
