// One tracker without hardware: the chip with the tracker's program in its flash, an emulated
// receiver and other parts on its bus, on a supply whose every microampere-second is counted.

import { FRAM_ADDRESS, type Fram, PowerCut } from "../chips/fram.js"
import type { SkyConditions } from "../chips/gnss-search.js"
import { type I2cChip, i2cBus } from "../chips/i2c-bus.js"
import { PoweredPart } from "../chips/power-draw.js"
import { type Capture, type SkySource, UBLOX_ADDRESS, Ublox } from "../chips/ublox.js"
import type { Clock } from "../vm/clock.js"
import { type BootCause, type ChipState, Esp32 } from "../vm/esp32.js"
import { buildFlashStore } from "../vm/flash-store.js"
import { Outage } from "../vm/machine.js"
import type { Network } from "../vm/network.js"
import type { RadioSource, StoredNetwork } from "../vm/wifi-service.js"
import type { Battery } from "../world/battery.js"
import type { ChargeByPart } from "./charge.js"
import { Radio } from "./radio.js"
import { Supply } from "./supply.js"

/** What the bench writes into a board. */
export interface Provisioned {
    /** 16 hexadecimal digits. */
    deviceId: string
    /** 32 bytes. */
    chainKey: Buffer
    brokerHost: string
    brokerPort: number
    /** The longest that a fix waits before it is sent; without it as long as the profile has it. */
    holdMs?: number
    /** Further settings, by name. */
    more?: Readonly<Record<string, string | number>>
}

export interface SimulatedTrackerOptions {
    clock: Clock
    network: Network
    /** The built .devs program. */
    program: Uint8Array
    provisioned: Provisioned
    source: SkySource | Capture
    receiver?: "m8" | "m10"
    /** With it the receiver searches before it has a fix. */
    sky?: SkyConditions
    /** Uniform in [0, 1): how a search goes. Always middling where left out. */
    luck?: () => number
    /** The receiver's backup supply is wired: what it knows outlives power-off. */
    hasBackupSupply?: boolean
    /** The chip's number of the pin at the receiver's EXTINT, where it is wired. */
    extintPin?: number
    /** A board without it keeps its session and its queue in RAM. */
    fram?: Fram
    /** What else is on the bus, by 7-bit address. They keep their supply while the chip sleeps. */
    parts?: ReadonlyMap<number, I2cChip>
    /** Wi-Fi networks around it; without them sockets simply work. */
    wifi?: { radio: RadioSource; stored: StoredNetwork; random: () => number }
    /** Without it the supply never fails. */
    battery?: Battery
    /** What the board's regulator draws for itself, awake and asleep. */
    regulatorUa?: number
    /** Every session's salt comes from here: two lives of one device must never draw the same. */
    randomBytes: (count: number) => Uint8Array
    onLog?: (line: string) => void
    /** Takes the image that the runtime writes to flash; throw an Outage and the power fails. */
    writeFlash?: (flash: Buffer, image: Uint8Array) => void
    /** What the program says to its twin on other topics than the bus. */
    onTwin?: (topic: string, data: Buffer) => void
    onState?: (state: ChipState) => void
    /** The runtime gave up; the chip starts again by itself. */
    onStopped?: (reason: string) => void
    isIdleSkipped?: boolean
    /** Steps without a rest after which the runtime stops the program; as the release has it. */
    stepsMax?: number
}

export class SimulatedTracker {
    /** What a thief finds who reads the board's flash. */
    readonly flash: Buffer
    readonly receiver: Ublox
    private readonly chip: Esp32
    private readonly supply: Supply
    private readonly radio: Radio

    constructor(private readonly options: SimulatedTrackerOptions) {
        const { clock, provisioned, source, receiver, fram, sky, luck } = options
        const { deviceId, chainKey, brokerHost, brokerPort, holdMs, more } = provisioned
        this.receiver = new Ublox({
            clock,
            source,
            generation: receiver ?? "m10",
            hasBackupSupply: options.hasBackupSupply === true,
            ...(sky ? { sky } : {}),
            ...(luck ? { random: luck } : {}),
        })
        const chips = new Map<number, I2cChip>([[UBLOX_ADDRESS, this.receiver]])
        if (fram) chips.set(FRAM_ADDRESS, fram)
        for (const [address, part] of options.parts ?? []) chips.set(address, part)
        this.flash = buildFlashStore(options.program, {
            did: deviceId,
            chain: chainKey.toString("hex"),
            host: brokerHost,
            port: brokerPort,
            ...(holdMs === undefined ? {} : { hold: holdMs }),
            ...more,
        })
        this.supply = new Supply(options)
        this.radio = new Radio({
            ...options,
            chipId: deviceId,
            send: (frame) => this.chip.receive(frame),
            onOffline: () => this.chip.dropLink(),
            supply: this.supply,
        })
        this.chip = new Esp32({
            clock,
            network: this.radio,
            chipId: deviceId,
            flash: this.flash,
            randomBytes: options.randomBytes,
            onTwin: bus(chips, (topic, data) => this.heard(topic, data)),
            onFrame: (frame) => this.radio.hear(frame),
            isOnline: () => this.radio.isOnline,
            onState: (state) => this.changed(state),
            onOutage: () => this.partsOff(),
            ...(options.onLog ? { onLog: options.onLog } : {}),
            ...(options.writeFlash ? { writeFlash: options.writeFlash } : {}),
            ...(options.onStopped ? { onPanic: options.onStopped } : {}),
            ...(options.isIdleSkipped === false ? { isIdleSkipped: false } : {}),
            ...(options.stepsMax === undefined ? {} : { stepsMax: options.stepsMax }),
        })
        this.supply.feeds(this.chip)
        for (const chip of chips.values())
            if (chip instanceof PoweredPart)
                this.supply.watch(chip, chip === this.receiver ? "receiver" : "sensors")
    }

    get state(): ChipState {
        return this.chip.state
    }
    /** Starts of the chip so far, and why it last started. */
    get boots(): number {
        return this.chip.boots
    }
    get bootCause(): BootCause {
        return this.chip.cause
    }
    /** mAh taken from the battery since the tracker was made, by part; modelled. */
    get usedMah(): ChargeByPart {
        return this.supply.usedMah()
    }

    powerOn(): void {
        this.receiver.powerOn()
        this.chip.powerOn()
    }
    /** The battery is pulled: whatever was in RAM is gone. */
    powerOff(): void {
        this.chip.powerOff()
        this.partsOff()
    }
    /** On a board wired for it the accelerometer's interrupt does this; awake or asleep, it resets. */
    pulseReset(): void {
        // The interrupt may come out of a transaction that the chip itself is in.
        this.options.clock.after(0, () => this.chip.pulseReset())
    }

    /** What the program says to its twin on other topics than the bus. */
    private heard(topic: string, data: Buffer): void {
        const { extintPin, onTwin } = this.options
        if (topic === "pulse" && data[0] === extintPin) this.receiver.pulseExtint()
        onTwin?.(topic, data)
    }
    private partsOff(): void {
        this.receiver.powerOff()
    }
    private changed(state: ChipState): void {
        this.radio.follow(state)
        this.supply.follow(state)
        this.options.onState?.(state)
    }
}

/** Leads the bus to its parts; power that fails within a transaction stops the chip there. */
function bus(chips: ReadonlyMap<number, I2cChip>, others: (topic: string, data: Buffer) => void) {
    const transact = i2cBus(chips)
    return (topic: string, data: Buffer): void => {
        if (topic !== "i2c") {
            others(topic, data)
            return
        }
        try {
            transact(topic, data)
        } catch (error) {
            if (error instanceof PowerCut) throw new Outage(error.message)
            throw error
        }
    }
}
