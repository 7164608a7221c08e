// The demo's trackers: each the real bytecode in a machine of its own, in a vehicle that drives real
// streets, on the wall clock.

import { randomBytes } from "node:crypto"
import { unixMs } from "../../protocol/units.js"
import { Fram } from "../chips/fram.js"
import type { I2cChip } from "../chips/i2c-bus.js"
import { LIS3DH_ADDRESS, Lis3dh } from "../chips/lis3dh.js"
import { MAX17048_ADDRESS, Max17048 } from "../chips/max17048.js"
import { type Clock, RealClock } from "../vm/clock.js"
import { TcpNetwork } from "../vm/tcp-network.js"
import { type DemoVehicle, vehicleTruth } from "../world/index.js"
import { motionOf } from "../world/motion.js"
import { type Provisioned, SimulatedTracker } from "./simulated-tracker.js"
import { worldSky } from "./world-sky.js"

export interface DemoTracker {
    vehicle: DemoVehicle
    provisioned: Provisioned
}

export interface DemoFleet {
    powerOff(): void
}

/** Spreads the first connections, as people who switch on one after the other. */
const POWER_ON_APART_MS = 150

const BATTERY = { millivolts: 3050, percent: 90, temperatureC: 20 }

/** `onStopped` hears of a machine whose runtime has given up; it starts again by itself. */
export function powerOnDemoFleet(
    program: Uint8Array,
    trackers: readonly DemoTracker[],
    onStopped: (name: string, reason: string) => void,
): DemoFleet {
    const clock = new RealClock()
    const network = new TcpNetwork(clock)
    const timers = new Set<{ cancel(): void }>()
    const fleet = trackers.map(({ vehicle, provisioned }, i) => {
        const tracker = new SimulatedTracker({
            clock,
            network,
            program,
            provisioned,
            source: worldSky(vehicle.vehicle, vehicle.receiver),
            fram: new Fram(),
            parts: partsOf(vehicle, clock),
            randomBytes,
            onStopped: (reason) => onStopped(vehicle.name, reason),
        })
        timers.add(clock.after(i * POWER_ON_APART_MS, () => tracker.powerOn()))
        return tracker
    })
    return {
        powerOff: () => {
            for (const timer of timers) timer.cancel()
            for (const tracker of fleet) tracker.powerOff()
        },
    }
}

/** What else a board has on its bus, powered. */
function partsOf({ id, vehicle }: DemoVehicle, clock: Clock): Map<number, I2cChip> {
    const felt = motionOf({
        seed: id,
        speedMpsAt: (atMs) => vehicleTruth(vehicle, unixMs(atMs)).speedMps,
    })
    const accelerometer = new Lis3dh({ clock, motion: felt.at, stillUntil: felt.stillUntil })
    const gauge = new Max17048({ clock, battery: () => BATTERY })
    accelerometer.powerOn()
    gauge.powerOn()
    return new Map<number, I2cChip>([
        [LIS3DH_ADDRESS, accelerometer],
        [MAX17048_ADDRESS, gauge],
    ])
}
