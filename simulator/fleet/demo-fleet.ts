// The demo's trackers: each the real bytecode in a machine of its own, in a vehicle that drives real
// streets, on the wall clock.

import { randomBytes } from "node:crypto"
import { RealClock } from "../vm/clock.js"
import { TcpNetwork } from "../vm/tcp-network.js"
import type { DemoVehicle } from "../world/index.js"
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
