// A sensor node on Node: the decisions, memories and drivers of firmware/ against the same emulated
// chips, without the machine in between, for runs of months.

import { Bme680, Shtc3 } from "../../firmware/drivers/environment.js"
import { FuelGauge } from "../../firmware/drivers/fuel-gauge.js"
import { Ltr390 } from "../../firmware/drivers/light.js"
import { KeyStore } from "../../firmware/logic/key-store.js"
import { openOutbox } from "../../firmware/logic/nvm-outbox.js"
import type { SampleRule } from "../../firmware/logic/sampling.js"
import { assembleSensor, nodeWakeOf, partsAt } from "../../firmware/logic/sensor-assembly.js"
import { GaugePart } from "../../firmware/logic/sensor-gauge.js"
import type { NodeWorld } from "../../firmware/logic/sensor-loop.js"
import type { SensorPart } from "../../firmware/logic/sensor-part.js"
import { measureParts, rulesFor } from "../../firmware/logic/sensor-parts.js"
import { Session } from "../../firmware/logic/session.js"
import { SessionStore } from "../../firmware/logic/session-store.js"
import { NvmStateStore } from "../../firmware/logic/state-store.js"
import { Uplink, type UplinkEvent } from "../../firmware/logic/uplink.js"
import { encodeHello, ResetCause } from "../../protocol/hello.js"
import type { Fram } from "../chips/fram.js"
import type { I2cChip } from "../chips/i2c-bus.js"
import { PoweredPart } from "../chips/power-draw.js"
import type { Clock, Timer } from "../vm/clock.js"
import type { Link, Network } from "../vm/network.js"
import type { ChargeByPart } from "./charge.js"
import { ChipBus, ChipNvm } from "./chip-bus.js"
import type { ModelCrypto } from "./model-tracker.js"
import { Supply } from "./supply.js"

export interface ModelSensorOptions {
    clock: Clock
    network: Network
    crypto: ModelCrypto
    /** 16 hexadecimal digits. */
    deviceId: string
    chainKey: Buffer
    /** What the bench has set; the defaults hold for what else the parts give but for those in `off`. */
    rules: readonly SampleRule[]
    off?: readonly number[]
    holdS: number
    maySleep: boolean
    fram: Fram
    /** What else is on the bus. */
    parts: ReadonlyMap<number, I2cChip>
    regulatorUa?: number
    /** Puts something between the node's loop and its world. */
    around?: (world: NodeWorld) => NodeWorld
    randomBytes: (count: number) => Uint8Array
    onLog?: (line: string) => void
}

export type ModelSensorState = "off" | "starting" | "awake" | "asleep"

/** From the reset to the program's first line: bootloader 0.35 s, runtime 1.16 s (DeviceScript 2.16). */
const START_MS = 1510
/** Time on the chip's clock by then. */
const START_UPTIME_MS = 1160
/** Settings and the program's hash, before the parts are asked: as long as the machine takes. */
const SETTINGS_MS = 460
/** Time on the chip's clock when the runtime starts the radio, and how long it then joins; modelled. */
const RADIO_STARTS_MS = 2050
const JOIN_MS = 4000
const REBOOT_MS = 20
const PROGRAM_HASH = Buffer.alloc(32, 1)

export class ModelSensor {
    state: ModelSensorState = "off"
    boots = 0
    /** True while the program has not come to its next wait: time must not move on. */
    isBusy = false
    private life: Life | undefined
    private timer: Timer | undefined
    private readonly supply: Supply

    constructor(readonly options: ModelSensorOptions) {
        this.supply = new Supply(options)
        for (const chip of [options.fram, ...options.parts.values()])
            if (chip instanceof PoweredPart) this.supply.watch(chip, "sensors")
    }

    /** mAh at the 3.3 V rail since the node was made, by part; modelled. */
    get usedMah(): ChargeByPart {
        return this.supply.usedMah()
    }
    powerOn(): void {
        const { fram, clock } = this.options
        fram.powerOn(clock.nowMs)
        this.start(0)
    }
    /** Whatever was in RAM is gone. What else is on the bus has a supply of its own. */
    powerOff(): void {
        const { fram, clock } = this.options
        this.end("off")
        fram.powerOff(clock.nowMs)
    }

    private start(inMs: number): void {
        this.enter(inMs > 0 ? "asleep" : "starting")
        const { clock } = this.options
        this.timer = clock.after(inMs, () => {
            this.enter("starting")
            this.timer = clock.after(START_MS, () => this.boot())
        })
    }
    private boot(): void {
        this.boots++
        this.enter("awake")
        const life = new Life(this.options, {
            sleep: (ms) => this.leave(ms),
            busy: (isBusy) => {
                if (this.life === life) this.isBusy = isBusy
            },
            radio: (state) => this.supply.radio(state),
            traffic: (bytes, isSent) => this.supply.traffic(bytes, isSent),
            fail: () => {
                if (this.life === life) this.powerOff()
            },
        })
        this.life = life
        this.isBusy = true
        life.run().catch((error: Error) => {
            // A program that has ended leaves the chip awake with nothing to do.
            if (this.life !== life) return
            this.isBusy = false
            this.options.onLog?.(error.message)
        })
    }
    private leave(ms: number): void {
        this.end("asleep")
        this.start(ms)
    }
    private end(state: ModelSensorState): void {
        this.timer?.cancel()
        this.life?.stop()
        this.life = undefined
        this.isBusy = false
        this.enter(state)
    }
    private enter(state: ModelSensorState): void {
        if (state === this.state) return
        this.state = state
        this.supply.follow(state)
        if (state !== "awake") this.supply.radio("off")
    }
}

interface Outside {
    sleep: (ms: number) => void
    busy: (isBusy: boolean) => void
    radio: (state: "searching" | "joined") => void
    traffic: (bytes: number, isSent: boolean) => void
    /** The power has failed. */
    fail: () => void
}

/** The program between two resets. */
class Life {
    private isOver = false
    private isJoined = false
    private readonly bootAtMs: number
    private readonly timers: Timer[] = []
    private link: Link | undefined
    private uplink: Uplink | undefined
    private idle: Timer | undefined
    private receive: (payload: Buffer) => void = () => {}

    constructor(
        private readonly options: ModelSensorOptions,
        private readonly outside: Outside,
    ) {
        const { clock } = options
        this.bootAtMs = clock.nowMs - START_UPTIME_MS
        const startsInMs = RADIO_STARTS_MS - START_UPTIME_MS
        this.timers.push(
            clock.after(startsInMs, () => outside.radio("searching")),
            clock.after(startsInMs + JOIN_MS, () => {
                this.isJoined = true
                outside.radio("joined")
            }),
        )
    }

    stop(): void {
        this.isOver = true
        for (const timer of this.timers) timer.cancel()
        this.idle?.cancel()
        this.link?.close()
    }

    /** As firmware/sensor.ts puts it together. */
    async run(): Promise<void> {
        const { crypto, fram, randomBytes, rules, off, around = (world) => world } = this.options
        await this.sleep(SETTINGS_MS)
        const deviceId = Buffer.from(this.options.deviceId, "hex")
        const power = { isOn: () => !this.isOver, fail: () => this.outside.fail() }
        const nvm = new ChipNvm(fram, power)
        const { sha256, hkdf, aead } = crypto
        const keys = new KeyStore(nvm, sha256, hkdf, deviceId, this.options.chainKey)
        const memory = new SessionStore(nvm, sha256)
        const outbox = await openOutbox(nvm, sha256, async () => {})
        const state = new NvmStateStore(nvm, sha256)
        if (keys.isNew) {
            outbox.clear()
            memory.isValid = false
            state.save([])
            keys.adopt()
        }
        const wake = nodeWakeOf(state, undefined)
        const session = new Session({
            aead,
            hash: sha256,
            random: (count) => Buffer.from(randomBytes(count)),
            uptimeMs: () => this.uptimeMs(),
            deviceId,
            keys,
            memory,
            outbox,
            hello: (counter, isAsking) =>
                encodeHello({
                    kind: "hello",
                    session: counter,
                    programHash: PROGRAM_HASH,
                    board: "simulator",
                    resetCause: isAsking ? ResetCause.none : ResetCause.power,
                    uptimeMs: Math.floor(this.uptimeMs()),
                }),
        })
        if (session.mustBegin()) await this.sleep(Math.max(10, 2000 - this.uptimeMs()))
        session.resume()
        const uplink = new Uplink(keys.keys, outbox, () => randomBytes(1)[0]! / 256)
        this.uplink = uplink
        const bus = new ChipBus(this.options.parts, power)
        const parts = await partsAt(wake, this.parts(bus), [...rules])
        const loop = assembleSensor({
            world: around(this.world(parts)),
            rules: rulesFor(parts, [...rules], [...(off ?? [])]),
            holdS: this.options.holdS,
            memory,
            outbox,
            state,
            session,
            uplink,
            rename: () => uplink.rename(keys.keys),
            wake,
            maySleep: this.options.maySleep,
            isLasting: true,
            isContactWired: false,
            resetCause: ResetCause.power,
            programHash: PROGRAM_HASH,
        })
        this.receive = (payload) => loop.receive(payload)
        await loop.run(wake.isPlanned)
    }

    private parts(bus: ChipBus): SensorPart[] {
        return [
            new Shtc3(bus, this.sleep),
            new Bme680(bus, this.sleep),
            new Ltr390(bus, this.sleep),
            new GaugePart(new FuelGauge(bus)),
        ]
    }

    private world(parts: SensorPart[]): NodeWorld {
        const say = (line: string) => this.options.onLog?.(line)
        return {
            uptimeMs: () => this.uptimeMs(),
            sleep: this.sleep,
            measure: (quantities) => measureParts(parts, quantities, say),
            network: { tend: () => {}, isUp: () => this.isJoined, joins: () => 0 },
            wakeUplink: () => this.tell({ what: "wake" }),
            say,
            standby: async (ms) => {
                if (!this.isOver) this.outside.sleep(ms)
            },
            reboot: () => {
                if (!this.isOver) this.outside.sleep(REBOOT_MS)
            },
        }
    }

    private uptimeMs(): number {
        return this.options.clock.nowMs - this.bootAtMs
    }

    /** Never comes back once the program is over. */
    private readonly sleep = (ms: number): Promise<void> =>
        new Promise((resolve) => {
            if (this.isOver) return
            this.outside.busy(false)
            this.options.clock.after(ms, () => {
                if (this.isOver) return
                this.outside.busy(true)
                resolve()
            })
        })

    private tell(event: UplinkEvent): void {
        const { uplink } = this
        if (this.isOver || !uplink) return
        for (const action of uplink.step(event, this.uptimeMs())) {
            if (action.what === "open") this.open()
            else if (action.what === "close") this.link?.close()
            else if (action.what === "downlink") this.receive(action.payload)
            else {
                this.outside.traffic(action.bytes.length, true)
                this.link?.write(action.bytes)
            }
        }
        this.idle?.cancel()
        const idleMs = uplink.idleMs(this.uptimeMs())
        this.idle = this.options.clock.after(idleMs, () => this.tell({ what: "wake" }))
    }
    private open(): void {
        this.link?.close()
        const link: Link = this.options.network.open("gateway", 1883, {
            opened: () => tell({ what: "opened" }),
            received: (bytes) => {
                this.outside.traffic(bytes.length, false)
                tell({ what: "received", bytes })
            },
            closed: () => tell({ what: "closed" }),
            failed: () => tell({ what: "closed" }),
        })
        const tell = (event: UplinkEvent) => {
            if (this.link === link) this.tell(event)
        }
        this.link = link
    }
}
