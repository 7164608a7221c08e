// A tracker on Node: the decisions, memories and drivers of firmware/ against the same emulated chips,
// without the machine in between. It costs a hundredth of one, and gives the same records.

import { Accelerometer } from "../../firmware/drivers/accelerometer.js"
import { BusBattery, BusMotion, BusReceiver } from "../../firmware/drivers/bus-parts.js"
import { FuelGauge } from "../../firmware/drivers/fuel-gauge.js"
import { Gnss } from "../../firmware/drivers/gnss.js"
import { FixedKeys } from "../../firmware/logic/key-memory.js"
import { KeyStore } from "../../firmware/logic/key-store.js"
import type { Mission } from "../../firmware/logic/mission.js"
import type { Hash, Nvm } from "../../firmware/logic/nvm.js"
import { openOutbox } from "../../firmware/logic/nvm-outbox.js"
import { RamOutbox } from "../../firmware/logic/outbox.js"
import type { Profile } from "../../firmware/logic/profile.js"
import { Session } from "../../firmware/logic/session.js"
import { RamSessionMemory } from "../../firmware/logic/session-memory.js"
import { SessionStore } from "../../firmware/logic/session-store.js"
import { NvmStateStore, RamStateStore } from "../../firmware/logic/state-store.js"
import { assembleTracker, type Wake, wakeOf } from "../../firmware/logic/tracker-assembly.js"
import { finishWipe, type World } from "../../firmware/logic/tracker-loop.js"
import { Uplink, type UplinkEvent } from "../../firmware/logic/uplink.js"
import { isWiping, Wipe } from "../../firmware/logic/wipe.js"
import type { Aead } from "../../protocol/envelope.js"
import { encodeHello, ResetCause } from "../../protocol/hello.js"
import type { Hkdf } from "../../protocol/keys.js"
import type { AccessPoint } from "../../protocol/scan.js"
import { FRAM_ADDRESS, type Fram } from "../chips/fram.js"
import type { I2cChip } from "../chips/i2c-bus.js"
import { PoweredPart } from "../chips/power-draw.js"
import { UBLOX_ADDRESS, type Ublox } from "../chips/ublox.js"
import type { Clock, Timer } from "../vm/clock.js"
import type { Link, Network } from "../vm/network.js"
import type { Battery } from "../world/battery.js"
import type { ChargeByPart } from "./charge.js"
import { ChipBus, ChipNvm } from "./chip-bus.js"
import { Supply } from "./supply.js"

/** What the runtime gives the program on the chip. */
export interface ModelCrypto {
    aead: Aead
    hkdf: Hkdf
    sha256: Hash
}

export interface ModelTrackerOptions {
    clock: Clock
    network: Network
    crypto: ModelCrypto
    /** 16 hexadecimal digits. */
    deviceId: string
    chainKey: Buffer
    brokerHost: string
    brokerPort: number
    programHash: Buffer
    profile: Profile
    mission: Mission
    canWake: boolean
    hasWakePin: boolean
    receiver: Ublox
    fram: Fram
    /** False: the part is not fitted, and all is kept in RAM. */
    hasFram?: boolean
    /** The bench wants a self-test. */
    wantsSelfTest?: boolean
    /** Of the network, which is simply there; -128 where the radio does not say. */
    signalDbm?: number
    /** What else is on the bus. */
    parts?: ReadonlyMap<number, I2cChip>
    battery?: Battery
    regulatorUa?: number
    scan?: () => AccessPoint[] | undefined
    /** As the machine takes them where left out, when this was written. */
    startTimes?: StartTimes
    /** Puts something between the tracker's loop and its world. */
    around?: (world: World) => World
    randomBytes: (count: number) => Uint8Array
    onLog?: (line: string) => void
    onState?: (state: ModelState) => void
}

/** From the program's first line at a start that goes on with a session, in milliseconds. */
export interface StartTimes {
    /** To the look at the accelerometer's latch: settings are read over the runtime's own bus. */
    motionMs: number
    /** To the first tick: settings of Wi-Fi, and the program's hash. */
    tickMs: number
}
const START_TIMES: StartTimes = { motionMs: 230, tickMs: 300 }

export type ModelState = "off" | "starting" | "awake" | "asleep"

/** From the reset to the program's first line: bootloader 0.35 s, runtime 1.16 s (DeviceScript 2.16). */
const START_MS = 1510
/** Time on the chip's clock by then. */
const START_UPTIME_MS = 1160
/** The runtime counts from this much before its first look at the clock. */
const UPTIME_AT_BOOT_MS = 0.123
/** From the wish to sleep until the chip is gone: its command goes over the runtime's bus as well. */
const GOING_MS = 10

export class ModelTracker {
    state: ModelState = "off"
    boots = 0
    /** True while the program has not come to its next wait: time must not move on. */
    isBusy = false
    /** What the bench wrote of the keys is still in flash. */
    hasBenchKey = true
    private life: Life | undefined
    private timer: Timer | undefined
    private readonly supply: Supply

    constructor(readonly options: ModelTrackerOptions) {
        this.supply = new Supply(options)
        for (const [, chip] of chipsOf(options))
            if (chip instanceof PoweredPart)
                this.supply.watch(chip, chip === options.receiver ? "receiver" : "sensors")
    }

    /** mAh taken from the battery since the tracker was made, by part; modelled. */
    get usedMah(): ChargeByPart {
        return this.supply.usedMah()
    }
    powerOn(): void {
        const { receiver, fram, clock } = this.options
        receiver.powerOn()
        fram.powerOn(clock.nowMs)
        this.start(0)
    }
    /** Whatever was in RAM is gone. The supply of what else is on the bus is its owner's. */
    powerOff(): void {
        const { receiver, fram, clock } = this.options
        this.end("off")
        receiver.powerOff()
        fram.powerOff(clock.nowMs)
    }
    /** The accelerometer's interrupt, on a board wired for it. */
    pulseReset(): void {
        if (this.state === "off") return
        this.end("off")
        this.start(0)
    }

    private start(inMs: number): void {
        this.enter(inMs > 0 ? "asleep" : "starting")
        this.timer = this.options.clock.after(inMs, () => {
            this.enter("starting")
            this.timer = this.options.clock.after(START_MS, () => this.boot())
        })
    }
    private boot(): void {
        this.boots++
        this.enter("awake")
        const life = new Life(this, {
            sleep: (ms) => this.leave(ms),
            reboot: () => this.leave(20),
            busy: (isBusy) => {
                if (this.life === life) this.isBusy = isBusy
            },
            traffic: (bytes, isSent) => this.supply.traffic(bytes, isSent),
            fail: () => {
                if (this.life === life) this.powerOff()
            },
            scrub: () => {
                this.hasBenchKey = false
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
    private end(state: ModelState): void {
        this.timer?.cancel()
        this.life?.stop()
        this.life = undefined
        this.isBusy = false
        this.enter(state)
    }
    private enter(state: ModelState): void {
        if (state === this.state) return
        this.state = state
        this.supply.follow(state)
        this.supply.radio(state === "awake" ? "joined" : "off")
        this.options.onState?.(state)
    }
}

function chipsOf(options: ModelTrackerOptions): Map<number, I2cChip> {
    return new Map<number, I2cChip>([
        [UBLOX_ADDRESS, options.receiver],
        [FRAM_ADDRESS, options.fram],
        ...(options.parts ?? []),
    ])
}

interface Outside {
    sleep: (ms: number) => void
    reboot: () => void
    busy: (isBusy: boolean) => void
    traffic: (bytes: number, isSent: boolean) => void
    /** The power has failed. */
    fail: () => void
    /** What the bench wrote of the keys is overwritten. */
    scrub: () => void
}

/** The program between two resets. */
class Life {
    private isOver = false
    private readonly bootAtMs: number
    private link: Link | undefined
    private uplink: Uplink | undefined
    private idle: Timer | undefined
    private receive: (payload: Buffer) => void = () => {}
    private lost: () => void = () => {}
    private losses = 0

    constructor(
        private readonly tracker: ModelTracker,
        private readonly outside: Outside,
    ) {
        this.bootAtMs = tracker.options.clock.nowMs - START_UPTIME_MS
    }

    stop(): void {
        this.isOver = true
        this.idle?.cancel()
        this.link?.close()
    }

    /** As firmware/tracker.ts puts it together. */
    async run(): Promise<void> {
        const { options } = this.tracker
        const { crypto, profile, mission, canWake, programHash, randomBytes } = options
        const around = options.around ?? ((world: World) => world)
        const { motionMs, tickMs } = options.startTimes ?? START_TIMES
        await this.sleep(motionMs)
        const deviceId = Buffer.from(options.deviceId, "hex")
        const power = { isOn: () => !this.isOver, fail: () => this.outside.fail() }
        const nvm = options.hasFram === false ? undefined : new ChipNvm(options.fram, power)
        const bus = new ChipBus(chipsOf(options), power)
        const accelerometer = new Accelerometer(bus, this.sleep)
        const motion = new BusMotion(accelerometer)
        if (nvm && isWiping(nvm)) {
            await finishWipe(new Wipe(nvm), this.world(motion, this.receiver(bus), bus))
        }
        const { keys, memory, outbox, state } = nvm
            ? await this.lasting(nvm, deviceId)
            : this.passing(deviceId)
        const wake = wakeOf(state, await motion.hasFired())
        await this.sleep(tickMs - motionMs)
        const session = new Session({
            aead: crypto.aead,
            hash: crypto.sha256,
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
                    programHash,
                    board: "simulator",
                    resetCause: isAsking ? ResetCause.none : ResetCause.power,
                    uptimeMs: this.uptimeMs(),
                }),
        })
        if (session.mustBegin()) await this.sleep(Math.max(10, 2000 - this.uptimeMs()))
        session.resume()
        const uplink = new Uplink(keys.keys, outbox, () => uniform(randomBytes(3)))
        this.uplink = uplink
        const loop = assembleTracker({
            world: around(this.world(motion, this.receiver(bus, wake), bus)),
            hash: crypto.sha256,
            deviceId,
            keys,
            memory,
            outbox,
            state,
            nvm,
            session,
            uplink,
            wake,
            profile,
            mission,
            canWake,
            hasWakePin: options.hasWakePin,
            resetCause: 1,
            programHash,
            wantsSelfTest: options.wantsSelfTest === true,
            bench: {
                testMotion: () => accelerometer.selfTest(false),
                signalDbm: async () => options.signalDbm ?? -128,
            },
        })
        this.lost = () => loop.lost()
        this.receive = (payload) => loop.receive(payload)
        await loop.run(wake.isPlanned)
    }

    /** What outlives a reset in FRAM. */
    private async lasting(nvm: Nvm, deviceId: Buffer) {
        const { crypto, chainKey } = this.tracker.options
        const bench = this.tracker.hasBenchKey ? chainKey : undefined
        const keys = new KeyStore(nvm, crypto.sha256, crypto.hkdf, deviceId, bench)
        const memory = new SessionStore(nvm, crypto.sha256)
        const outbox = await openOutbox(nvm, crypto.sha256, resolved)
        const state = new NvmStateStore(nvm, crypto.sha256)
        if (keys.isNew) {
            outbox.clear()
            memory.isValid = false
            state.save([])
            keys.adopt()
        }
        this.outside.scrub()
        return { keys, memory, outbox, state }
    }
    /** The same for as long as the program runs. */
    private passing(deviceId: Buffer) {
        const { crypto, chainKey } = this.tracker.options
        return {
            keys: new FixedKeys(crypto.hkdf, chainKey, deviceId),
            memory: new RamSessionMemory(),
            outbox: new RamOutbox(),
            state: new RamStateStore(),
        }
    }

    private receiver(bus: ChipBus, found?: Wake): BusReceiver {
        const { hasWakePin, receiver } = this.tracker.options
        const pulse = async () => receiver.pulseExtint()
        const wake = hasWakePin ? { wake: pulse } : {}
        const kept = found ? { memory: found.kept.receiver, bootS: found.clock.atS(0) } : {}
        return new BusReceiver(new Gnss(bus, resolved, { ...kept, ...wake }))
    }

    private world(motion: BusMotion, receiver: BusReceiver, bus: ChipBus): World {
        const { scan, onLog } = this.tracker.options
        return {
            uptimeMs: () => this.uptimeMs(),
            sleep: this.sleep,
            breathe: resolved,
            receiver,
            motion,
            battery: new BusBattery(new FuelGauge(bus)),
            network: { tend: () => {}, isUp: () => true, joins: () => 0 },
            scan: async () => scan?.(),
            wakeUplink: () => this.tell({ what: "wake" }),
            say: (line) => onLog?.(line),
            scrub: async () => this.outside.scrub(),
            standby: async (ms) => {
                await this.sleep(GOING_MS)
                this.outside.sleep(ms)
            },
            reboot: () => {
                if (!this.isOver) this.outside.reboot()
            },
        }
    }

    /** Whole milliseconds, as the runtime counts them. */
    private uptimeMs(): number {
        return Math.floor(this.tracker.options.clock.nowMs - this.bootAtMs + UPTIME_AT_BOOT_MS)
    }

    /** Never comes back once the program is over. */
    private readonly sleep = (ms: number): Promise<void> =>
        new Promise((resolve) => {
            this.outside.busy(false)
            this.tracker.options.clock.after(ms, () => {
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
        if (uplink.losses !== this.losses) this.lost()
        this.losses = uplink.losses
        this.idle?.cancel()
        const idleMs = uplink.idleMs(this.uptimeMs())
        this.idle = this.tracker.options.clock.after(idleMs, () => this.tell({ what: "wake" }))
    }
    private open(): void {
        const { network, brokerHost, brokerPort } = this.tracker.options
        this.link?.close()
        const link: Link = network.open(brokerHost, brokerPort, {
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

/** In [0, 1), as firmware/drivers/crypto.ts draws it. */
function uniform(bytes: Uint8Array): number {
    return (bytes[0]! * 65536 + bytes[1]! * 256 + bytes[2]!) / 16777216
}

async function resolved(): Promise<void> {}
