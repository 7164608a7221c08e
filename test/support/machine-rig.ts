// The tracker's bytecode in the world of the rigs: as it is flashed, in the machine, with the same parts
// on its bus as the tracker on Node has.

import { totalMah } from "../../simulator/fleet/charge.js"
import {
    SimulatedTracker,
    type SimulatedTrackerOptions,
} from "../../simulator/fleet/simulated-tracker.js"
import type { ChipState } from "../../simulator/vm/esp32.js"
import { REGULATOR_UA, RIG_CHAIN, RIG_DEVICE, RigWorld, type RigWorldOptions } from "./rig-world.js"
import { seededBytes } from "./seeded-bytes.js"
import { deviceProgram } from "./tracker-program.js"

export interface MachineRigOptions extends RigWorldOptions {
    /** Of PROFILES. */
    profile: number
    /** Further settings, by name. */
    settings?: Readonly<Record<string, string | number>>
    /** Of the simulated tracker, in place of the rig's own. */
    tracker?: Partial<SimulatedTrackerOptions>
}

/** The number of the pin at EXTINT; any that a board has. */
const WAKE_PIN = 3
/** An exception that nobody caught, or too many steps without a rest: the program starts again. */
const PROGRAM_STOPPED = /^! Exception|^panic /

export class MachineRig extends RigWorld {
    readonly tracker: SimulatedTracker
    /** What the chip became, and when. */
    readonly states: { atMs: number; state: ChipState }[] = []
    /** What the runtime or the program gave up over, each time; either starts again by itself. */
    readonly panics: string[] = []

    constructor(options: MachineRigOptions) {
        super(options)
        const { seed = 1, profile, canWake = true, hasWakePin = true, settings } = options
        const { clock, source, sky, luck } = this
        this.tracker = new SimulatedTracker({
            clock,
            network: this.gateway,
            program: options.tracker?.program ?? deviceProgram("firmware/tracker.devs"),
            provisioned: {
                deviceId: RIG_DEVICE,
                chainKey: RIG_CHAIN,
                brokerHost: "gateway",
                brokerPort: 1883,
                more: {
                    profile,
                    motionwake: canWake ? 1 : 0,
                    ...(hasWakePin ? { wakepin: WAKE_PIN } : {}),
                    ...settings,
                },
            },
            source,
            sky,
            luck,
            hasBackupSupply: true,
            ...(hasWakePin ? { extintPin: WAKE_PIN } : {}),
            fram: this.fram,
            parts: this.parts,
            regulatorUa: REGULATOR_UA,
            randomBytes: seededBytes(seed),
            onLog: (line) => {
                this.said.push(line)
                if (PROGRAM_STOPPED.test(line)) this.panics.push(line)
            },
            onState: (state) => this.states.push({ atMs: clock.nowMs, state }),
            onStopped: (reason) => this.panics.push(reason),
            ...options.tracker,
        })
    }

    /** Of all that was taken so far, in mAh; modelled. */
    usedMah(): number {
        return totalMah(this.tracker.usedMah)
    }

    protected pulseReset(): void {
        this.tracker.pulseReset()
    }
    protected switchOn(): void {
        this.tracker.powerOn()
    }
    protected switchOff(): void {
        this.tracker.powerOff()
    }
    protected settle(): undefined {
        return undefined
    }
}
