// One tracker without hardware: the machine with the tracker's program in its flash, and an emulated
// receiver on its bus.

import { FRAM_ADDRESS, type Fram } from "../chips/fram.js"
import { type I2cChip, i2cBus } from "../chips/i2c-bus.js"
import { type Capture, type SkySource, UBLOX_ADDRESS, Ublox } from "../chips/ublox.js"
import type { Clock } from "../vm/clock.js"
import { buildFlashStore } from "../vm/flash-store.js"
import { Machine } from "../vm/machine.js"
import type { Network } from "../vm/network.js"

/** What the bench writes into a board. */
export interface Provisioned {
    /** 16 hexadecimal digits. */
    deviceId: string
    /** 32 bytes. */
    chainKey: Buffer
    brokerHost: string
    brokerPort: number
    /** The longest that a fix waits before it is sent. */
    holdMs: number
}

export interface SimulatedTrackerOptions {
    clock: Clock
    network: Network
    /** The built .devs program. */
    program: Uint8Array
    provisioned: Provisioned
    source: SkySource | Capture
    receiver?: "m8" | "m10"
    /** A board without it keeps its session and its queue in RAM. */
    fram?: Fram
    /** Every session's salt comes from here: two lives of one device must never draw the same. */
    randomBytes: (count: number) => Uint8Array
    onLog?: (line: string) => void
    onStopped?: (reason: string) => void
}

export class SimulatedTracker {
    /** What a thief finds who reads the board's flash. */
    readonly flash: Buffer
    private readonly machine: Machine
    private readonly receiver: Ublox

    constructor(options: SimulatedTrackerOptions) {
        const { clock, network, provisioned, source, receiver, fram } = options
        const { deviceId, chainKey, brokerHost, brokerPort, holdMs } = provisioned
        this.receiver = new Ublox({ clock, source, generation: receiver ?? "m10" })
        const chips = new Map<number, I2cChip>([[UBLOX_ADDRESS, this.receiver]])
        if (fram) chips.set(FRAM_ADDRESS, fram)
        this.flash = buildFlashStore(options.program, {
            did: deviceId,
            chain: chainKey.toString("hex"),
            host: brokerHost,
            port: brokerPort,
            hold: holdMs,
        })
        this.machine = new Machine({
            clock,
            network,
            chipId: deviceId,
            flash: this.flash,
            randomBytes: options.randomBytes,
            onTwin: i2cBus(chips),
            ...(options.onLog ? { onLog: options.onLog } : {}),
            ...(options.onStopped ? { onStopped: options.onStopped } : {}),
        })
    }

    powerOn(): void {
        this.receiver.powerOn()
        this.machine.boot()
    }
    /** The battery is pulled: whatever was in RAM is gone. */
    powerOff(): void {
        this.machine.powerOff()
        this.receiver.powerOff()
    }
}
