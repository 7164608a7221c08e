// A tracker on Node in a world of its own: a vehicle, a sky, a gateway in virtual time. All of it
// follows from the seed and the clock.

import { createHash } from "node:crypto"
import { type Mission, newMission } from "../../firmware/logic/mission.js"
import { type Profile, profileOf } from "../../firmware/logic/profile.js"
import type { World } from "../../firmware/logic/tracker-loop.js"
import { nodeAead, nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import { MessageType } from "../../protocol/envelope.js"
import { type DeviceEvent, decodeEvent } from "../../protocol/event.js"
import { decodeFixBatch, type Fix } from "../../protocol/fix.js"
import type { PackedTail } from "../../protocol/pack/packed-batch.js"
import { decodeScan } from "../../protocol/scan.js"
import { decodeStatus, type Status } from "../../protocol/status.js"
import { Fram } from "../../simulator/chips/fram.js"
import type { I2cChip } from "../../simulator/chips/i2c-bus.js"
import { LIS3DH_ADDRESS, Lis3dh } from "../../simulator/chips/lis3dh.js"
import { MAX17048_ADDRESS, Max17048 } from "../../simulator/chips/max17048.js"
import { Ublox } from "../../simulator/chips/ublox.js"
import { totalMah } from "../../simulator/fleet/charge.js"
import { type ModelCrypto, ModelTracker } from "../../simulator/fleet/model-tracker.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { motionOf } from "../../simulator/world/motion.js"
import { gaussianAt, makePrng, noiseKey } from "../../simulator/world/prng.js"
import { type Cover, skyOf } from "../../simulator/world/sky.js"
import { type CommuteDays, commuting, type Vehicle } from "./commute.js"
import { seededBytes } from "./seeded-bytes.js"
import { VirtualGateway, type VirtualGatewayOptions } from "./virtual-gateway.js"

export const RIG_START_MS = Date.UTC(2026, 5, 1)
export const RIG_DEVICE = "00112233445566aa"
const CHAIN = Buffer.alloc(32, 7)
const PROGRAM = Buffer.alloc(32, 1)
/** One sigma of the fixes of a receiver at rest. */
const SCATTER_M = 2

export interface ModelRigOptions {
    seed?: number
    /** On which days it drives, and when; or a vehicle of its own. */
    commute: CommuteDays | Vehicle
    startMs?: number
    /** Of PROFILES. */
    profile: number | Profile
    mission?: Mission
    coverAt?: (atMs: number) => Cover
    /** Motion pulses the board's reset. */
    canWake?: boolean
    hasAccelerometer?: boolean
    hasWakePin?: boolean
    fram?: Fram
    hasGauge?: boolean
    gateway?: Partial<VirtualGatewayOptions>
    crypto?: Partial<ModelCrypto>
    around?: (world: World) => World
}

/** What the board's regulator draws for itself, as firmware/logic/energy-model.ts has it. */
const REGULATOR_UA = 39

export class ModelRig {
    readonly clock: VirtualClock
    readonly gateway: VirtualGateway
    readonly tracker: ModelTracker
    readonly receiver: Ublox
    readonly fram: Fram
    /** What the tracker said on its console. */
    readonly said: string[] = []
    private readonly accelerometer: Lis3dh
    private readonly gauge: Max17048

    constructor(options: ModelRigOptions) {
        const { seed = 1, profile, canWake = true, hasWakePin = true } = options
        const { startMs = RIG_START_MS, commute } = options
        const clock = new VirtualClock(startMs)
        this.clock = clock
        const vehicle = "solution" in commute ? commute : commuting({ startMs, ...commute })
        const scatter = noiseKey(`${seed}/scatter`)
        const random = makePrng(`${seed}/search`)
        this.fram = options.fram ?? new Fram()
        this.gateway = new VirtualGateway({
            clock,
            deviceId: Buffer.from(RIG_DEVICE, "hex"),
            chainKey: CHAIN,
            ...options.gateway,
        })
        this.receiver = new Ublox({
            clock,
            source: (atMs) =>
                vehicle.solution(atMs, SCATTER_M * gaussianAt(scatter, Math.floor(atMs / 1000))),
            sky: skyOf({ seed: `${seed}/sky`, coverAt: options.coverAt ?? (() => "open") }),
            random: () => random.next(),
            hasBackupSupply: true,
        })
        const felt = motionOf({
            seed: `${seed}/motion`,
            speedMpsAt: vehicle.speedMps,
            parkedUntil: vehicle.parkedUntil,
        })
        this.accelerometer = new Lis3dh({
            clock,
            motion: felt.at,
            stillUntil: felt.stillUntil,
            ...(canWake ? { onInterrupt: () => this.tracker.pulseReset() } : {}),
        })
        this.gauge = new Max17048({
            clock,
            battery: () => ({ millivolts: 3050, percent: 90, temperatureC: 20 }),
        })
        const parts = new Map<number, I2cChip>()
        if (options.hasAccelerometer !== false) parts.set(LIS3DH_ADDRESS, this.accelerometer)
        if (options.hasGauge) parts.set(MAX17048_ADDRESS, this.gauge)
        this.tracker = new ModelTracker({
            clock,
            network: this.gateway,
            crypto: {
                aead: nodeAead,
                hkdf: nodeHkdf,
                sha256: (data) => createHash("sha256").update(data).digest(),
                ...options.crypto,
            },
            deviceId: RIG_DEVICE,
            chainKey: CHAIN,
            brokerHost: "gateway",
            brokerPort: 1883,
            programHash: PROGRAM,
            profile: typeof profile === "number" ? profileOf(profile)! : profile,
            mission: options.mission ?? newMission(),
            canWake,
            hasWakePin,
            receiver: this.receiver,
            fram: this.fram,
            regulatorUa: REGULATOR_UA,
            parts,
            ...(options.around ? { around: options.around } : {}),
            randomBytes: seededBytes(seed),
            onLog: (line) => this.said.push(line),
        })
    }

    powerOn(): void {
        this.accelerometer.powerOn()
        this.gauge.powerOn()
        this.tracker.powerOn()
    }
    /** `keepsParts`: what else is on the bus has a supply of its own, and does not notice. */
    powerOff(keepsParts = false): void {
        this.tracker.powerOff()
        if (keepsParts) return
        this.accelerometer.powerOff()
        this.gauge.powerOff()
    }
    /** Of all that was taken so far, in mAh; modelled. */
    usedMah(): number {
        return totalMah(this.tracker.usedMah)
    }
    async runHours(hours: number): Promise<void> {
        const { clock, tracker } = this
        await clock.runUntil(clock.nowMs + hours * 3_600_000, () =>
            tracker.isBusy ? Promise.resolve() : undefined,
        )
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
