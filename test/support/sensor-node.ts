// A sensor node as its chip runs it: the program's bytecode in virtual time, its parts on the emulated
// bus, and the world around it.

import { randomBytes } from "node:crypto"
import { ADS1115_ADDRESS, Ads1115 } from "../../simulator/chips/ads1115.js"
import { BME680_ADDRESS, Bme680 } from "../../simulator/chips/bme680.js"
import type { Environment } from "../../simulator/chips/environment.js"
import { FRAM_ADDRESS, Fram } from "../../simulator/chips/fram.js"
import { type I2cChip, i2cBus } from "../../simulator/chips/i2c-bus.js"
import { LTR390_ADDRESS, Ltr390 } from "../../simulator/chips/ltr390.js"
import { MAX17048_ADDRESS, Max17048 } from "../../simulator/chips/max17048.js"
import { boardPins, type PinLevel } from "../../simulator/chips/pins.js"
import { SHTC3_ADDRESS, Shtc3 } from "../../simulator/chips/shtc3.js"
import type { VirtualClock } from "../../simulator/vm/clock.js"
import { Esp32 } from "../../simulator/vm/esp32.js"
import { buildFlashStore } from "../../simulator/vm/flash-store.js"
import type { Network } from "../../simulator/vm/network.js"
import { DEVICE_ID } from "./case.js"
import { deviceProgram } from "./tracker-program.js"

export const CONTACT_PIN = 4

export interface SensorNodeOptions {
    clock: VirtualClock
    network: Network
    chainKey: Buffer
    brokerPort: number
    /** Into the board's store, beside the device's own. */
    settings?: Readonly<Record<string, number | readonly (number | null)[]>>
    /** Lets what the network has to do outside of the clock happen. */
    settle?: () => Promise<void> | undefined
}

export class SensorNode {
    readonly air: Environment = {
        temperatureC: 21.5,
        humidityPercent: 45,
        pressurePa: 95_650,
        illuminanceLux: 320,
        uvIndex: 0,
    }
    soundDba = 48
    contact: PinLevel = 0
    readonly battery = { millivolts: 3600, percent: 60, temperatureC: 20 }
    readonly complaints: string[] = []
    /** Starts of the chip: when, in ms of the clock, and why. */
    readonly starts: { atMs: number; cause: string }[] = []
    /** For how long each wake lasted, from the first line on, in ms. */
    readonly wakesMs: number[] = []
    readonly fram = new Fram()
    private readonly chips = new Map<number, I2cChip>()
    private readonly chip: Esp32
    private readonly startMs: number
    private awakeSinceMs = 0

    constructor(private readonly options: SensorNodeOptions) {
        const { clock, network, chainKey, brokerPort, settings } = options
        this.startMs = clock.nowMs
        const parts = { clock, environment: () => this.air }
        const volts = (input: number) => (input === 0 ? this.soundDba / 50 : 0)
        const powered: [number, I2cChip & { powerOn(): void }][] = [
            [SHTC3_ADDRESS, new Shtc3(parts)],
            [BME680_ADDRESS, new Bme680(parts)],
            [LTR390_ADDRESS, new Ltr390(parts)],
            [ADS1115_ADDRESS, new Ads1115({ clock, volts })],
            [MAX17048_ADDRESS, new Max17048({ clock, battery: () => this.battery })],
        ]
        for (const [address, chip] of powered) {
            chip.powerOn()
            this.chips.set(address, chip)
        }
        this.chips.set(FRAM_ADDRESS, this.fram)
        const bus = i2cBus(this.chips)
        const pins = boardPins(new Map([[CONTACT_PIN, () => this.contact]]))
        this.chip = new Esp32({
            clock,
            network,
            chipId: DEVICE_ID,
            flash: buildFlashStore(deviceProgram("firmware/sensor.devs"), {
                did: DEVICE_ID,
                chain: chainKey.toString("hex"),
                host: "127.0.0.1",
                port: brokerPort,
                // The store keeps JSON; its builder's type names what trackers have of it.
                ...(settings as Record<string, number>),
            }),
            randomBytes,
            onTwin: (topic, data) => {
                bus(topic, data)
                pins(topic, data)
            },
            onLog: (line) => {
                const what = /^!|^\s*at |panic|exception|: no |settings:|cycle:|link:|downlink:/i
                if (what.test(line)) this.complaints.push(line)
            },
            onState: (state) => {
                const nowMs = clock.nowMs
                if (state === "awake") {
                    this.awakeSinceMs = nowMs
                    this.starts.push({ atMs: nowMs - this.startMs, cause: this.chip.cause })
                } else if (state === "asleep") this.wakesMs.push(nowMs - this.awakeSinceMs)
            },
        })
        this.chip.powerOn()
    }

    /** To so many seconds after it was made. */
    async runTo(seconds: number): Promise<void> {
        const { clock, settle } = this.options
        await clock.runUntil(this.startMs + seconds * 1000, settle ?? (() => undefined))
    }
    /** The power fails for a moment; the parts have their own. */
    restart(): void {
        this.chip.powerOff()
        this.chip.powerOn()
    }
    /** The contact changes, and pulses the board's reset where it is wired for that. */
    setContact(level: PinLevel, isWired: boolean): void {
        this.contact = level
        if (isWired) this.chip.pulseReset()
    }
    get state(): string {
        return this.chip.state
    }
    /** The part falls off the bus. */
    unplug(address: number): I2cChip {
        const chip = this.chips.get(address)!
        this.chips.delete(address)
        return chip
    }
    plug(address: number, chip: I2cChip): void {
        this.chips.set(address, chip)
    }
}
