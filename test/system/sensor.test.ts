// The sensor node as its chip would run it: the program's bytecode in virtual time, its parts on the
// emulated bus, a real broker over real TCP, and what the ledger then holds.

import { expect, it } from "vitest"
import { nodeAead, nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import type { Gateway } from "../../gateway/main.js"
import { MessageType, openEnvelope, parseEnvelope } from "../../protocol/envelope.js"
import { decodeEvent, EventKind } from "../../protocol/event.js"
import { epochKeys, nextChainKey } from "../../protocol/keys.js"
import { QuantityNumber, quantityOf } from "../../protocol/quantity.js"
import { decodeReadings, READING_SIDE_EVENT } from "../../protocol/reading.js"
import { decodeStatus, StatusFault } from "../../protocol/status.js"
import { unixMs } from "../../protocol/units.js"
import { LTR390_ADDRESS } from "../../simulator/chips/ltr390.js"
import { SHTC3_ADDRESS } from "../../simulator/chips/shtc3.js"
import { VirtualClock } from "../../simulator/vm/clock.js"
import { TcpNetwork } from "../../simulator/vm/tcp-network.js"
import { aCase, DEVICE_ID } from "../support/case.js"
import { CONTACT_PIN, SensorNode, type SensorNodeOptions } from "../support/sensor-node.js"
import { testGateway } from "../support/test-gateway.js"

const START_MS = Date.UTC(2031, 0, 15, 6, 0, 0)
const ALL_TIME = { fromMs: unixMs(0), toMs: unixMs(4e12) }
const HOLD_S = 30
const TEST_WAIT_MS = 120_000

/** A node on a gateway's own broker, over real TCP. */
function nodeOn(
    gateway: Gateway,
    clock: VirtualClock,
    settings: SensorNodeOptions["settings"] = {},
): SensorNode {
    const network = new TcpNetwork(clock)
    return new SensorNode({
        clock,
        network,
        chainKey: gateway.provision(DEVICE_ID),
        brokerPort: gateway.mqttPort,
        settings: { hold: HOLD_S * 1000, contactpin: CONTACT_PIN, ...settings },
        settle: () => network.settle(),
    })
}

/** A gateway and a node on it, with one clock for both. */
async function bothOf(settings: SensorNodeOptions["settings"] = {}) {
    const clock = new VirtualClock(START_MS)
    const world = { clock: { nowMs: () => unixMs(Math.floor(clock.nowMs)) } }
    const gateway = await testGateway(aCase(), undefined, undefined, world)
    return { gateway, clock, node: nodeOn(gateway, clock, settings) }
}

interface Told {
    readings: { quantity: number; value: number; atS: number }[]
    events: number[][]
    faults: (number | undefined)[]
    hellos: number
}

/** What the device sealed with in an epoch. */
function upKeyOf(gateway: Gateway, epoch: number): Buffer {
    const deviceId = Buffer.from(DEVICE_ID, "hex")
    let chain = gateway.provision(DEVICE_ID)
    for (let before = 0; before < epoch; before++) chain = nextChainKey(nodeHkdf, chain, deviceId)
    return epochKeys(nodeHkdf, chain, deviceId, epoch).up
}

/** Everything in the ledger, opened and decoded. Times are seconds of uptime. */
function toldBy(gateway: Gateway): Told {
    const told: Told = { readings: [], events: [], faults: [], hellos: 0 }
    for (const { message, session, epoch } of gateway.ledger.after(0, 10_000)) {
        const envelope = parseEnvelope(message)
        if (envelope.kind === "reject") throw new Error(envelope.reason)
        const body = openEnvelope(
            nodeAead,
            upKeyOf(gateway, epoch),
            envelope,
            Buffer.from(session, "hex"),
        )!
        if (envelope.type === MessageType.hello) told.hellos++
        else if (envelope.type === MessageType.event) {
            const event = decodeEvent(body)
            if (event.kind === "reject") throw new Error(event.reason)
            told.events.push([event.event, ...event.args])
        } else {
            const status = decodeStatus(body)
            if (status.kind === "status") {
                told.faults.push(status.faults)
                continue
            }
            const readings = decodeReadings(body)
            if (readings.kind === "reject") throw new Error(readings.reason)
            const startDs = readings.instant.uptimeDs!
            for (const { quantity, afterDs, value } of readings.readings)
                told.readings.push({ quantity, value, atS: Math.floor((startDs + afterDs) / 10) })
        }
    }
    return told
}

function valuesOf({ readings }: Told, quantity: QuantityNumber): number[] {
    return readings.filter((one) => one.quantity === quantity).map(({ value }) => value)
}

it(
    "every quantity arrives, in its unit, when it changes beyond its band and not when it does not",
    async () => {
        const { gateway, node } = await bothOf()
        await node.runTo(400)
        node.air.temperatureC = 21.6
        node.soundDba = 49
        await node.runTo(700)
        node.air.temperatureC = -3.2
        node.air.humidityPercent = 80
        node.air.pressurePa = 94_000
        node.air.illuminanceLux = 60_000
        node.soundDba = 90
        await node.runTo(1300)
        await gateway.settled()

        const told = toldBy(gateway)
        expect(valuesOf(told, QuantityNumber.temperature)).toEqual([2150, -320])
        expect(valuesOf(told, QuantityNumber.humidity)).toEqual([45, 80])
        expect(valuesOf(told, QuantityNumber.pressure)).toEqual([9565, 9400])
        expect(valuesOf(told, QuantityNumber.illuminance)).toEqual([320, 60_000])
        expect(valuesOf(told, QuantityNumber.soundLevel)).toEqual([480, 900])
        expect(valuesOf(told, QuantityNumber.contact)).toEqual([0])
        expect(valuesOf(told, QuantityNumber.voltage)).toEqual([3600])
        const units = [...new Set(told.readings.map(({ quantity }) => quantityOf(quantity)!.unit))]
        expect(units.sort()).toEqual(["%RH", "/", "Cel", "Pa", "V", "dB", "lx"])
        const stored = gateway.store.evidence.readings(DEVICE_ID, ALL_TIME, 100)
        const asStored = stored.map(({ quantity, value }) => `${quantity}: ${value}`)
        const asTold = told.readings.map(({ quantity, value }) => `${quantity}: ${value}`)
        expect(asStored.sort()).toEqual(asTold.sort())
        expect(told.events).toEqual([])
        expect(told.faults).toEqual([StatusFault.noTime])
        expect(node.complaints).toEqual([])
    },
    TEST_WAIT_MS,
)

it(
    "a contact that opens is told at once, and a part that falls off the bus once",
    async () => {
        const { gateway, node } = await bothOf()
        await node.runTo(100)
        const before = gateway.ledger.count()
        node.contact = 1
        await node.runTo(103)
        await gateway.settled()
        expect(gateway.ledger.count()).toBe(before + 2)
        node.contact = 0
        const light = node.unplug(LTR390_ADDRESS)
        await node.runTo(900)
        node.plug(LTR390_ADDRESS, light)
        await node.runTo(1300)
        await gateway.settled()

        const told = toldBy(gateway)
        expect(valuesOf(told, QuantityNumber.contact)).toEqual([0, 1, 0])
        const { contact, illuminance } = {
            contact: QuantityNumber.contact,
            illuminance: QuantityNumber.illuminance,
        }
        expect(told.events).toEqual([
            [READING_SIDE_EVENT, contact, 2, 1],
            [READING_SIDE_EVENT, contact, 0, 0],
            [EventKind.partFault, StatusFault.sensor, 1, illuminance, 1],
            [EventKind.partFault, StatusFault.sensor, 0, illuminance, 0],
        ])
        expect(valuesOf(told, QuantityNumber.illuminance)).toEqual([320, 320])
        expect(node.complaints).toEqual([])
    },
    TEST_WAIT_MS,
)

it(
    "without the SHTC3 the BME680 stands in, and a reset goes on where the node was",
    async () => {
        const { gateway, node } = await bothOf()
        node.unplug(SHTC3_ADDRESS)
        await node.runTo(300)
        node.restart()
        await node.runTo(600)
        await gateway.settled()

        const told = toldBy(gateway)
        // Off by one hundredth at most: another part.
        const [celsius, ...more] = valuesOf(told, QuantityNumber.temperature)
        expect(Math.abs(celsius! - 2150)).toBeLessThanOrEqual(1)
        expect(more).toEqual([])
        expect(valuesOf(told, QuantityNumber.contact)).toEqual([0])
        expect(told.hellos).toBe(2)
        expect(told.events).toEqual([])
        expect(node.complaints).toEqual([])
    },
    TEST_WAIT_MS,
)

it(
    "rules of the bench hold, one that is none is named and passed over",
    async () => {
        const { gateway, node } = await bothOf({
            q1: [10, 5, 0, 60, 0, null, null, 2600, 2800],
            q2: [],
            q4: [0, 5, 0, 60, 0, null, null, null, null],
        })
        await node.runTo(115)
        node.air.temperatureC = 28.5
        await node.runTo(128)
        node.air.temperatureC = 27
        await node.runTo(240)
        await gateway.settled()

        const told = toldBy(gateway)
        expect(valuesOf(told, QuantityNumber.temperature)).toEqual([2150, 2150, 2850, 2700, 2700])
        expect(valuesOf(told, QuantityNumber.humidity)).toEqual([])
        expect(valuesOf(told, QuantityNumber.illuminance)).toEqual([320])
        expect(told.events).toEqual([[READING_SIDE_EVENT, QuantityNumber.temperature, 2, 2850]])
        expect(node.complaints).toEqual([
            expect.stringContaining("settings: q4: every: 0, expected 1 to 604800"),
        ])
    },
    TEST_WAIT_MS,
)

it(
    "once a day, with nothing in its queue, the program starts anew and goes on",
    async () => {
        // Looked at now and then, so that a day passes quickly.
        const { gateway, node } = await bothOf({
            rest: 0,
            q1: [600, 20, 0, 7200, 0, null, null, null, null],
            ...{ q2: [], q4: [], q5: [], q14: [], q15: [] },
        })
        await node.runTo(100_000)
        await gateway.settled()

        expect(node.starts.map(({ cause }) => cause)).toEqual(["power", "reboot"])
        const told = toldBy(gateway)
        expect(told.hellos).toBe(1)
        // At the start, and then every two hours, whether in the first day or the second.
        const temperatures = told.readings.filter(
            ({ quantity }) => quantity === QuantityNumber.temperature,
        )
        expect(temperatures).toHaveLength(1 + Math.floor(100_000 / 7200))
        expect(node.complaints).toEqual([])
    },
    TEST_WAIT_MS,
)
