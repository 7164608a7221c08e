// A sensor node on Node in a world of its own: air that changes by the clock, a gateway in virtual time.
// All of it follows from the seed and the clock.

import { ruleOf } from "../../firmware/logic/sensor-settings.js"
import { nodeAead, nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import { MessageType } from "../../protocol/envelope.js"
import { decodeReadings } from "../../protocol/reading.js"
import { decodeStatus, type Status } from "../../protocol/status.js"
import type { Environment } from "../../simulator/chips/environment.js"
import { Fram } from "../../simulator/chips/fram.js"
import type { I2cChip } from "../../simulator/chips/i2c-bus.js"
import { MAX17048_ADDRESS, Max17048 } from "../../simulator/chips/max17048.js"
import { SHTC3_ADDRESS, Shtc3 } from "../../simulator/chips/shtc3.js"
import { totalMah } from "../../simulator/fleet/charge.js"
import { ModelSensor } from "../../simulator/fleet/model-sensor.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { sha256 } from "./fram-board.js"
import { seededBytes } from "./seeded-bytes.js"
import { VirtualGateway, type VirtualGatewayOptions } from "./virtual-gateway.js"

export const SENSOR_START_MS = Date.UTC(2031, 0, 15)
const DEVICE = "00112233445566cc"
const CHAIN = Buffer.alloc(32, 3)
/** What the board's regulator draws for itself, as firmware/logic/energy-model.ts has it. */
const REGULATOR_UA = 39

export interface SensorRigOptions {
    seed?: number
    /** By quantity, as the bench sets them; an empty list switches one off. */
    rules?: Readonly<Record<number, readonly (number | null)[]>>
    holdS?: number
    maySleep?: boolean
    airAt?: (atMs: number) => Partial<Environment>
    gateway?: Partial<VirtualGatewayOptions>
    /** False for a sample that the part is to fail. */
    answers?: () => boolean
}

/** A value as it was measured, or as it was told. */
export interface Sample {
    quantity: number
    value: number
    /** UTC; undefined where the node knew none. */
    atMs: number | undefined
}

export class SensorRig {
    readonly clock = new VirtualClock(SENSOR_START_MS)
    readonly gateway: VirtualGateway
    readonly fram = new Fram()
    readonly node: ModelSensor
    /** What the parts gave, in order, with the true time. */
    readonly measured: (Sample & { atMs: number })[] = []
    readonly said: string[] = []

    constructor(options: SensorRigOptions = {}) {
        const { clock } = this
        const { seed = 1, airAt, rules = {}, holdS = 1800, maySleep = true } = options
        const still = {
            ...{ temperatureC: 20, humidityPercent: 50, pressurePa: 95_000 },
            ...{ illuminanceLux: 300, uvIndex: 0 },
        }
        const air = new Shtc3({
            clock,
            environment: (atMs) => ({ ...still, ...airAt?.(atMs) }),
        })
        const gauge = new Max17048({
            clock,
            battery: () => ({ millivolts: 3050, percent: 90, temperatureC: 20 }),
        })
        const parts = new Map<number, I2cChip>([
            [SHTC3_ADDRESS, air],
            [MAX17048_ADDRESS, gauge],
        ])
        air.powerOn()
        gauge.powerOn()
        this.gateway = new VirtualGateway({
            clock,
            deviceId: Buffer.from(DEVICE, "hex"),
            chainKey: CHAIN,
            ...options.gateway,
        })
        const lists = Object.entries(rules)
        this.node = new ModelSensor({
            clock,
            network: this.gateway,
            crypto: { aead: nodeAead, hkdf: nodeHkdf, sha256 },
            deviceId: DEVICE,
            chainKey: CHAIN,
            rules: lists.filter(([, list]) => list.length > 0).map(asRule),
            off: lists
                .filter(([, list]) => list.length === 0)
                .map(([quantity]) => Number(quantity)),
            holdS,
            maySleep,
            fram: this.fram,
            parts,
            regulatorUa: REGULATOR_UA,
            randomBytes: seededBytes(seed),
            onLog: (line) => this.said.push(line),
            around: (world) => ({
                ...world,
                measure: async (quantities) => {
                    if (options.answers?.() === false) throw new Error("spoiled")
                    const atMs = clock.nowMs
                    const given = await world.measure(quantities)
                    for (const { quantity, value } of given)
                        if (value !== undefined && quantities.includes(quantity))
                            this.measured.push({ quantity, value, atMs })
                    return given
                },
            }),
        })
    }

    powerOn(): void {
        this.node.powerOn()
    }
    /** The power fails for a moment. */
    restart(): void {
        if (this.node.state !== "off") this.node.powerOff()
        this.fram.beforeByte = undefined
        this.node.powerOn()
    }
    async runHours(hours: number): Promise<void> {
        const { clock, node } = this
        await clock.runUntil(clock.nowMs + hours * 3_600_000, () =>
            node.isBusy ? Promise.resolve() : undefined,
        )
    }
    /** Of all that was taken so far, in mAh at the rail; modelled. */
    usedMah(): number {
        return totalMah(this.node.usedMah)
    }

    /** What the gateway was told of a quantity, in the order in which it came. */
    told(quantity: number): Sample[] {
        return this.telemetry().flatMap((body) => {
            const decoded = decodeReadings(body)
            if (decoded.kind === "reject") return []
            const { timeDs } = decoded.instant
            return decoded.readings
                .filter((one) => one.quantity === quantity)
                .map(({ value, afterDs }) => ({
                    ...{ quantity, value },
                    atMs: timeDs === undefined ? undefined : (timeDs + afterDs) * 100,
                }))
        })
    }
    statuses(): Status[] {
        return this.telemetry()
            .map((body) => decodeStatus(body))
            .filter((status) => status.kind === "status")
    }
    hellos(): number {
        return this.gateway.taken.filter(({ type }) => type === MessageType.hello).length
    }

    private telemetry(): Buffer[] {
        return this.gateway.taken
            .filter(({ type }) => type === MessageType.telemetry)
            .map(({ body }) => body)
    }
}

function asRule([quantity, list]: [string, readonly (number | null)[]]) {
    const rule = ruleOf(Number(quantity), [...list])
    if (rule.kind === "reject") throw new Error(rule.reason)
    return rule
}
