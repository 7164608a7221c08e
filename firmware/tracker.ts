// The tracker: finds where it is when that is worth it, keeps what it found until the gateway holds
// it, and sleeps in between. Drivers are built here and handed to logic; what is decided is in
// logic/cycle.ts.

import { Accelerometer } from "./drivers/accelerometer.js"
import { type Board, keepingOf, openBoard } from "./drivers/board.js"
import { type BoardSettings, readBoardSettings, scrubChainKey } from "./drivers/board-settings.js"
import { BusBattery, BusMotion, BusReceiver } from "./drivers/bus-parts.js"
import { sha256 } from "./drivers/crypto.js"
import { findFram } from "./drivers/fram.js"
import { FuelGauge } from "./drivers/fuel-gauge.js"
import { Gnss } from "./drivers/gnss.js"
import { BoardI2c } from "./drivers/i2c.js"
import { say, sleep } from "./drivers/runtime.js"
import { readTrackerSettings, type TrackerSettings } from "./drivers/tracker-settings.js"
import { BoardWorld } from "./drivers/tracker-world.js"
import { WakePin } from "./drivers/wake-pin.js"
import { readWifiNetworks, Wifi } from "./drivers/wifi.js"
import { breathe } from "./hal.js"
import type { BenchPart } from "./logic/self-test-bench.js"
import { assembleTracker, type Wake, wakeOf } from "./logic/tracker-assembly.js"
import { finishWipe, type World } from "./logic/tracker-loop.js"
import { isWiping, Wipe } from "./logic/wipe.js"

/** `wakePin`: the chip's number of it, -1 where none is wired. */
function receiverOf(bus: BoardI2c, wake: Wake, wakePin: number): BusReceiver {
    const pin = wakePin < 0 ? undefined : new WakePin(wakePin)
    const gnss = new Gnss(bus, breathe, {
        memory: wake.kept.receiver,
        bootS: wake.clock.atS(0),
        wake: pin === undefined ? undefined : async () => await pin.pulse(),
    })
    return new BusReceiver(gnss)
}

/** What nobody but the self-test asks of the parts. */
function benchOf(accelerometer: Accelerometer, wifi: Wifi): BenchPart {
    return {
        // Its pin is off while the program runs: motion would reset a tracker that is awake.
        testMotion: async () => await accelerometer.selfTest(false),
        signalDbm: async () => await wifi.signalDbm(),
    }
}

async function work(
    board: Board,
    asked: TrackerSettings,
    world: World,
    wake: Wake,
    bench: BenchPart,
): Promise<void> {
    const { keeping, session, uplink, settings } = board
    const loop = assembleTracker({
        world: world,
        hash: sha256,
        deviceId: settings.deviceId,
        keys: keeping.keys,
        memory: keeping.memory,
        outbox: keeping.outbox,
        state: keeping.state,
        nvm: keeping.nvm,
        session: session,
        uplink: uplink,
        wake: wake,
        profile: asked.profile,
        mission: asked.mission,
        canWake: asked.canWake,
        hasWakePin: asked.wakePin >= 0,
        resetCause: board.resetCause,
        programHash: board.programHash,
        wantsSelfTest: asked.wantsSelfTest,
        bench: bench,
    })
    board.start({
        take: (payload) => loop.receive(payload),
        lost: () => loop.lost(),
    })
    await loop.run(wake.isPlanned)
}

/** True where a wipe was under way: nothing of the device is left that could go on. */
async function hasWiped(): Promise<boolean> {
    const fram = findFram()
    if (fram === undefined || !isWiping(fram)) return false
    await finishWipe(new Wipe(fram), { breathe: breathe, scrub: scrubChainKey, say: say })
    return true
}

async function run(settings: BoardSettings): Promise<void> {
    const asked = await readTrackerSettings()
    const keeping = await keepingOf(settings)
    const bus = new BoardI2c()
    await breathe()
    const accelerometer = new Accelerometer(bus, sleep)
    const motion = new BusMotion(accelerometer)
    const hasFired = await motion.hasFired()
    await breathe()
    const wake = wakeOf(keeping.state, hasFired)
    await breathe()
    const receiver = receiverOf(bus, wake, asked.wakePin)
    const wifi = new Wifi(await readWifiNetworks(), 0)
    const world = new BoardWorld(receiver, motion, new BusBattery(new FuelGauge(bus)), wifi)
    const bench = benchOf(accelerometer, wifi)
    await work(await openBoard(settings, keeping), asked, world, wake, bench)
}

const settings = await readBoardSettings()
if (settings === undefined) say("not provisioned: no device id or broker")
// Before anything looks for a key: the wipe may have taken it.
else if (!(await hasWiped())) await run(settings)
