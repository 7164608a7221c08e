// What a tracker of the rigs lives in, whichever runs its decisions: a vehicle that moves it, a sky, the
// parts on its bus and a gateway in virtual time. All of it follows from the seed and the clock, so two
// rigs of one seed are one world.

import { MessageType } from "../../protocol/envelope.js"
import { type DeviceEvent, decodeEvent } from "../../protocol/event.js"
import { decodeFixBatch, type Fix } from "../../protocol/fix.js"
import type { PackedTail } from "../../protocol/pack/packed-batch.js"
import { decodeScan } from "../../protocol/scan.js"
import { decodeStatus, type Status } from "../../protocol/status.js"
import { Fram } from "../../simulator/chips/fram.js"
import type { SkyConditions } from "../../simulator/chips/gnss-search.js"
import type { I2cChip } from "../../simulator/chips/i2c-bus.js"
import { LIS3DH_ADDRESS, Lis3dh } from "../../simulator/chips/lis3dh.js"
import { MAX17048_ADDRESS, Max17048 } from "../../simulator/chips/max17048.js"
import type { SkySource } from "../../simulator/chips/ublox.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { motionOf } from "../../simulator/world/motion.js"
import { gaussianAt, makePrng, noiseKey } from "../../simulator/world/prng.js"
import { type Cover, skyOf } from "../../simulator/world/sky.js"
import { type CommuteDays, commuting, type Vehicle } from "./commute.js"
import { VirtualGateway, type VirtualGatewayOptions } from "./virtual-gateway.js"

export const RIG_START_MS = Date.UTC(2026, 5, 1)
export const RIG_DEVICE = "00112233445566aa"
export const RIG_CHAIN = Buffer.alloc(32, 7)
/** What the board's regulator draws for itself, as firmware/logic/energy-model.ts has it. */
export const REGULATOR_UA = 39
/** One sigma of the fixes of a receiver at rest. */
const SCATTER_M = 2
/** A hundred digits: the data sheet has 17 to 360. */
const ACTUATOR_MG = 400

export interface RigWorldOptions {
    seed?: number
    /** On which days it drives, and when; or a vehicle of its own. */
    commute: CommuteDays | Vehicle
    startMs?: number
    coverAt?: (atMs: number) => Cover
    /** Motion pulses the board's reset. */
    canWake?: boolean
    hasAccelerometer?: boolean
    hasWakePin?: boolean
    fram?: Fram
    hasGauge?: boolean
    gateway?: Partial<VirtualGatewayOptions>
    /** A gateway that has heard of the tracker before; the rig goes on with a copy of it. */
    known?: VirtualGateway
}

export abstract class RigWorld {
    readonly clock: VirtualClock
    readonly gateway: VirtualGateway
    readonly fram: Fram
    /** What the tracker said on its console. */
    readonly said: string[] = []
    protected readonly sky: SkyConditions
    protected readonly source: SkySource
    /** The luck of the receiver's searches. */
    protected readonly luck: () => number
    protected readonly parts = new Map<number, I2cChip>()
    private readonly accelerometer: Lis3dh
    private readonly gauge: Max17048

    constructor(options: RigWorldOptions) {
        const { seed = 1, startMs = RIG_START_MS, commute, canWake = true } = options
        const clock = new VirtualClock(startMs)
        this.clock = clock
        const vehicle = "solution" in commute ? commute : commuting({ startMs, ...commute })
        const scatter = noiseKey(`${seed}/scatter`)
        const random = makePrng(`${seed}/search`)
        this.luck = () => random.next()
        this.fram = options.fram ?? new Fram()
        this.gateway =
            options.known?.fork(clock) ??
            new VirtualGateway({
                clock,
                deviceId: Buffer.from(RIG_DEVICE, "hex"),
                chainKey: RIG_CHAIN,
                ...options.gateway,
            })
        this.source = (atMs) =>
            vehicle.solution(atMs, SCATTER_M * gaussianAt(scatter, Math.floor(atMs / 1000)))
        this.sky = skyOf({ seed: `${seed}/sky`, coverAt: options.coverAt ?? (() => "open") })
        const felt = motionOf({
            seed: `${seed}/motion`,
            speedMpsAt: vehicle.speedMps,
            parkedUntil: vehicle.parkedUntil,
        })
        this.accelerometer = new Lis3dh({
            clock,
            motion: felt.at,
            stillUntil: felt.stillUntil,
            actuatorMg: ACTUATOR_MG,
            ...(canWake ? { onInterrupt: () => this.pulseReset() } : {}),
        })
        this.gauge = new Max17048({
            clock,
            battery: () => ({ millivolts: 3050, percent: 90, temperatureC: 20 }),
        })
        if (options.hasAccelerometer !== false) this.parts.set(LIS3DH_ADDRESS, this.accelerometer)
        if (options.hasGauge) this.parts.set(MAX17048_ADDRESS, this.gauge)
    }

    /** The accelerometer's interrupt, on a board wired for it. */
    protected abstract pulseReset(): void
    protected abstract switchOn(): void
    protected abstract switchOff(): void
    /** Undefined where time may move on. */
    protected abstract settle(): Promise<void> | undefined

    /** `onWrite` hears of each write to a part that is fitted, and before it is done. */
    watchBus(address: number, onWrite: (bytes: Uint8Array) => void): void {
        const part = this.parts.get(address)
        if (!part) throw new Error(`no part at 0x${address.toString(16)}`)
        const write = part.write.bind(part)
        part.write = (bytes) => {
            onWrite(bytes)
            write(bytes)
        }
    }

    powerOn(): void {
        this.accelerometer.powerOn()
        this.gauge.powerOn()
        this.switchOn()
    }
    /** `keepsParts`: what else is on the bus has a supply of its own, and does not notice. */
    powerOff(keepsParts = false): void {
        this.switchOff()
        if (keepsParts) return
        this.accelerometer.powerOff()
        this.gauge.powerOff()
    }
    async runHours(hours: number): Promise<void> {
        const { clock } = this
        await clock.runUntil(clock.nowMs + hours * 3_600_000, () => this.settle())
    }

    /** Every fix that the gateway holds, by number. Throws where a number has two meanings. */
    fixes(): Map<number, Fix> {
        const fixes = new Map<number, Fix>()
        const tails = new Map<number, PackedTail>()
        for (const { type, body } of this.gateway.taken) {
            if (type !== MessageType.telemetry) continue
            const batch = decodeFixBatch(body, (fix) => tails.get(fix))
            if (batch.kind === "reject") {
                if (decodeStatus(body).kind === "status") continue
                if (decodeScan(body).kind === "scan") continue
                throw new Error(batch.reason)
            }
            if (batch.tail) tails.set(batch.tail.fix, batch.tail)
            for (const [i, fix] of batch.fixes.entries()) {
                const number = batch.firstFix + i
                const before = fixes.get(number)
                if (before && JSON.stringify(before) !== JSON.stringify(fix))
                    throw new Error(`fix ${number} has come twice, and not alike`)
                fixes.set(number, fix)
            }
        }
        return fixes
    }
    events(): DeviceEvent[] {
        return this.gateway.taken
            .filter(({ type }) => type === MessageType.event)
            .map(({ body }) => decodeEvent(body))
            .filter((event) => event.kind === "event")
    }
    statuses(): Status[] {
        return this.gateway.taken
            .filter(({ type }) => type === MessageType.telemetry)
            .map(({ body }) => decodeStatus(body))
            .filter((status) => status.kind === "status")
    }
}
