// The sensor node asleep between its samples, as its chip would live it: the program's bytecode through
// standby after standby, a gateway in virtual time, and what that was told.

import { expect, it } from "vitest"
import { MessageType } from "../../protocol/envelope.js"
import { decodeEvent } from "../../protocol/event.js"
import { QuantityNumber } from "../../protocol/quantity.js"
import { decodeReadings, READING_SIDE_EVENT } from "../../protocol/reading.js"
import { decodeStatus, StatusFault } from "../../protocol/status.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { DEVICE_ID } from "../support/case.js"
import { cases } from "../support/cases.js"
import { CONTACT_PIN, SensorNode, type SensorNodeOptions } from "../support/sensor-node.js"
import { VirtualGateway, type VirtualGatewayOptions } from "../support/virtual-gateway.js"

const START_MS = Date.UTC(2031, 0, 15, 6, 0, 0)
const CHAIN = Buffer.alloc(32, 9)
const MINUTE_S = 60
const HOUR_S = 3600
const NOTHING_ELSE = { q2: [], q4: [], q5: [], q15: [] }
const EVERY_MINUTE = [MINUTE_S, 0, 0, HOUR_S, 0, null, null, null, null]
const TEST_WAIT_MS = 300_000
/** The gateway tells whole seconds, rounded down, and a hello's way there and back may be one. */
const OFF_MS = 3000

function aNode(
    settings: SensorNodeOptions["settings"],
    more: Partial<VirtualGatewayOptions> = {},
): { node: SensorNode; gateway: VirtualGateway } {
    const clock = new VirtualClock(START_MS)
    const deviceId = Buffer.from(DEVICE_ID, "hex")
    const gateway = new VirtualGateway({ clock, deviceId, chainKey: CHAIN, ...more })
    const node = new SensorNode({
        clock,
        network: gateway,
        chainKey: CHAIN,
        brokerPort: 1883,
        settings: { ...NOTHING_ELSE, ...settings },
    })
    return { node, gateway }
}

function bodiesOf(gateway: VirtualGateway, type: MessageType): Buffer[] {
    return gateway.taken.filter((one) => one.type === type).map(({ body }) => body)
}

/** All readings of a quantity; `timeMs` is undefined where the node knew no UTC. */
function readingsOf(gateway: VirtualGateway, quantity: number) {
    return bodiesOf(gateway, MessageType.telemetry).flatMap((body) => {
        const decoded = decodeReadings(body)
        if (decoded.kind === "reject") return []
        const { timeDs } = decoded.instant
        return decoded.readings
            .filter((one) => one.quantity === quantity)
            .map(({ value, afterDs }) => ({
                value,
                timeMs: timeDs === undefined ? undefined : (timeDs + afterDs) * 100,
            }))
    })
}

it(
    "sleeps between samples, and each reading arrives once, with the UTC at which it was taken",
    async () => {
        const { node, gateway } = aNode({ q1: EVERY_MINUTE, hold: 1800 * 1000 })
        const minutes = cases(3, 24) * 60
        // The value says by which whole minute it was taken: it changes halfway between two.
        for (let minute = 0; minute < minutes; minute++) {
            node.air.temperatureC = 10 + minute / 20
            await node.runTo((minute + 0.5) * MINUTE_S)
        }
        const readings = readingsOf(gateway, QuantityNumber.temperature)
        // The last half hour may still wait.
        expect(readings.length).toBeGreaterThanOrEqual(minutes - 32)
        const seen = readings.map(({ value }) => Math.round((value - 1000) / 5))
        expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => i))
        for (const [i, { timeMs }] of readings.entries()) {
            const fromMs = START_MS + (i - 0.5) * MINUTE_S * 1000
            expect(timeMs).toBeGreaterThan(fromMs - OFF_MS)
            expect(timeMs).toBeLessThan(fromMs + MINUTE_S * 1000 + OFF_MS)
        }
        expect(gateway.doubled).toBe(0)
        expect(gateway.unreadable).toBe(0)
        // A window now and then, and not one a sample.
        expect(node.starts.length).toBeGreaterThanOrEqual(minutes - 3)
        expect(gateway.connections).toBeLessThan(minutes / 20)
        expect(node.starts.slice(1).every(({ cause }) => cause === "timer")).toBe(true)
        expect(node.complaints).toEqual([])
        const median = [...node.wakesMs].sort((a, b) => a - b)[Math.floor(node.wakesMs.length / 2)]!
        console.log(`a wake that only samples: ${median.toFixed(0)} ms from the runtime's start on`)
    },
    TEST_WAIT_MS,
)

it(
    "keeps what it sampled while the gateway is away and over a power cut, and asks for the time anew",
    async () => {
        const outage = { fromS: 3000, toS: 9000 }
        const { node, gateway } = aNode(
            { q1: [300, 0, 0, HOUR_S, 0, null, null, null, null], hold: 600 * 1000 },
            {
                isReachable: (atMs) => {
                    const atS = (atMs - START_MS) / 1000
                    return atS < outage.fromS || atS > outage.toS
                },
            },
        )
        const steps = 48
        for (let step = 0; step < steps; step++) {
            node.air.temperatureC = 10 + step
            if (step === 20) {
                for (let atS = (step - 0.25) * 300; node.state !== "awake"; atS += 0.25)
                    await node.runTo(atS)
                await node.runTo(step * 300 + 1)
                expect(node.state).toBe("awake")
                node.restart()
            }
            await node.runTo((step + 0.5) * 300)
        }
        const readings = readingsOf(gateway, QuantityNumber.temperature)
        const values = readings.map(({ value }) => value / 100 - 10)
        const expected = Array.from({ length: steps }, (_, i) => i)
        const missing = expected.filter((one) => !values.includes(one))
        // What was taken since the last window may still wait.
        expect(missing.filter((one) => one < steps - 4)).toEqual([])
        expect(new Set(readings.map((one) => JSON.stringify(one))).size).toBe(readings.length)
        expect(gateway.doubled).toBe(0)
        const timed = readings.filter(({ timeMs }) => timeMs !== undefined)
        for (const { value, timeMs } of timed) {
            const fromMs = START_MS + (value / 100 - 10.5) * 300_000
            expect(timeMs).toBeGreaterThan(fromMs - OFF_MS)
            expect(timeMs).toBeLessThan(fromMs + 300_000 + OFF_MS)
        }
        // Only between the reset and the end of the outage did it not know the time.
        expect(readings.length - timed.length).toBeLessThanOrEqual(12)
        const hellos = bodiesOf(gateway, MessageType.hello).length
        expect(hellos).toBeGreaterThanOrEqual(2)
        expect(node.complaints).toEqual([])
    },
    TEST_WAIT_MS,
)

it(
    "a contact that is wired to the reset wakes it, and is told at once",
    async () => {
        const { node, gateway } = aNode({
            q1: [600, 20, 0, HOUR_S, 0, null, null, null, null],
            contactpin: CONTACT_PIN,
            contactwake: 1,
        })
        await node.runTo(300)
        expect(node.state).toBe("asleep")
        for (const [atS, level] of [
            [320, 1],
            [900, 0],
            [1400, 1],
        ] as const) {
            await node.runTo(atS)
            node.setContact(level, true)
            await node.runTo(atS + 20)
            const told = bodiesOf(gateway, MessageType.event).map((body) => {
                const event = decodeEvent(body)
                return event.kind === "event" ? [event.event, ...event.args] : []
            })
            const side = level === 1 ? 2 : 0
            expect(told.at(-1)).toEqual([READING_SIDE_EVENT, QuantityNumber.contact, side, level])
        }
        await node.runTo(2000)
        expect(node.state).toBe("asleep")
        expect(bodiesOf(gateway, MessageType.event)).toHaveLength(3)
        expect(readingsOf(gateway, QuantityNumber.contact).map(({ value }) => value)).toEqual([
            0, 1, 0, 1,
        ])
        expect(node.complaints).toEqual([])
    },
    TEST_WAIT_MS,
)

it(
    "a contact that is not wired keeps the node awake, unless the bench wants it polled",
    async () => {
        const awake = aNode({ contactpin: CONTACT_PIN, q1: [] })
        await awake.node.runTo(600)
        expect(awake.node.state).toBe("awake")
        expect(awake.node.starts).toHaveLength(1)

        const polled = aNode({
            contactpin: CONTACT_PIN,
            q1: [],
            q14: [60, 0, 0, HOUR_S, 0, null, null, 0, 1],
            rest: 1,
        })
        await polled.node.runTo(200)
        expect(polled.node.state).toBe("asleep")
        polled.node.setContact(1, false)
        await polled.node.runTo(290)
        expect(readingsOf(polled.gateway, QuantityNumber.contact).at(-1)?.value).toBe(1)
    },
    TEST_WAIT_MS,
)

it(
    "tells how it is every six hours, over all its sleeps",
    async () => {
        const { node, gateway } = aNode({ q1: [1800, 20, 0, 86_400, 0, null, null, null, null] })
        await node.runTo(13 * HOUR_S)
        const statuses = bodiesOf(gateway, MessageType.telemetry)
            .map((body) => decodeStatus(body))
            .filter((status) => status.kind === "status")
        expect(statuses).toHaveLength(3)
        expect(statuses[0]).toMatchObject({ batteryMv: 3600, boots: 1, faults: StatusFault.noTime })
        expect(statuses[2]).toMatchObject({ batteryMv: 3600, faults: 0 })
        expect(statuses[2]!.boots).toBeGreaterThan(statuses[1]!.boots!)
        expect(statuses[2]!.boots).toBeLessThanOrEqual(node.starts.length)
        expect(node.complaints).toEqual([])
    },
    TEST_WAIT_MS,
)
