// The sensor node: samples what its parts measure, gathers what is worth a reading, seals it and keeps
// each record until the gateway holds it. Drivers are built here and handed to logic; the decisions
// are in logic/.

import * as ds from "@devicescript/core"
import { type Command, CommandKind } from "../protocol/command.js"
import { MessageType } from "../protocol/envelope.js"
import { QuantityNumber } from "../protocol/quantity.js"
import { type Board, keepingOf, openBoard } from "./drivers/board.js"
import { type BoardSettings, readBoardSettings } from "./drivers/board-settings.js"
import { Contact } from "./drivers/contact.js"
import { Bme680, Shtc3 } from "./drivers/environment.js"
import { FuelGauge } from "./drivers/fuel-gauge.js"
import { BoardI2c } from "./drivers/i2c.js"
import { Ltr390 } from "./drivers/light.js"
import { reboot } from "./drivers/power.js"
import { readSensorSettings, type SensorSettings } from "./drivers/sensor-settings.js"
import { SoundMeter } from "./drivers/sound.js"
import { isRestartDue } from "./logic/daily-restart.js"
import { clockOf, clockRow, DeviceClock, newClock, WakePlan } from "./logic/device-clock.js"
import { GaugePart } from "./logic/sensor-gauge.js"
import type { SensorPart } from "./logic/sensor-part.js"
import { fittedParts, measureParts, rulesFor } from "./logic/sensor-parts.js"
import { type Moment, SensorReporter } from "./logic/sensor-reporter.js"
import { STATUS_EVERY_S, statusBody } from "./logic/sensor-status.js"

/** Between two looks at what is due: an order waits this long at most. */
const LOOK_MS = 5000
const LOOK_MS_LEAST = 10
/** What the clock and the memories may be behind by after a reset. */
const KEEP_EVERY_S = 60
/** A hold beyond this would look like a dead node. */
const HOLD_MAX_S = 3600

interface Node {
    board: Board
    clock: DeviceClock
    parts: SensorPart[]
    reporter: SensorReporter
    statusAtS: number
    keptAtS: number
    hasException: boolean
}

async function wait(ms: number): Promise<void> {
    await ds.sleep(ms)
}

function tell(line: string): void {
    console.log(line)
}

/** The parts that a board may have, the one to be preferred for a quantity first. */
function partsOf(settings: SensorSettings): SensorPart[] {
    const bus = new BoardI2c()
    return [
        new Shtc3(bus, wait),
        new Bme680(bus, wait),
        new Ltr390(bus, wait),
        new SoundMeter(bus, wait),
        new Contact(settings.contactPin),
        new GaugePart(new FuelGauge(bus)),
    ]
}

function momentOf(node: Node): Moment {
    const uptimeMs = ds.millis()
    const utcS = node.clock.utcS(uptimeMs)
    return {
        atS: node.clock.atS(uptimeMs),
        uptimeDs: Math.floor(uptimeMs / 100),
        timeDs: utcS < 0 ? undefined : utcS * 10,
    }
}

function keep(node: Node, plan: WakePlan): void {
    const rows = node.reporter.rows()
    rows.unshift(clockRow(node.clock.kept(ds.millis(), plan, -1)))
    node.board.keeping.state.save(rows)
    node.keptAtS = node.clock.atS(ds.millis())
}

async function step(node: Node): Promise<void> {
    const { board, reporter } = node
    const due = reporter.dueQuantities(momentOf(node).atS)
    const measured = due.length > 0 ? await measureParts(node.parts, due, tell) : []
    const moment = momentOf(node)
    const posts = due.length > 0 ? reporter.take(due, measured, moment) : []
    for (const post of reporter.due(moment.atS)) posts.push(post)
    for (const post of posts) board.post(post.type, post.body)
    if (moment.atS >= node.statusAtS) postStatus(node, moment)
    if (posts.length > 0 || moment.atS - node.keptAtS >= KEEP_EVERY_S) keep(node, WakePlan.none)
    board.wake()
    const isQueueSafe = board.keeping.isLasting || board.keeping.outbox.first(1).length === 0
    if (isRestartDue(ds.millis() / 1000, reporter.isEmpty() && isQueueSafe)) {
        keep(node, WakePlan.dailyReboot)
        reboot()
    }
}

/** What is due falls on whole seconds of the device's clock; up to one late is soon enough. */
function untilNextMs(node: Node): number {
    const nextAtS = node.reporter.nextAtS()
    if (nextAtS === undefined) return LOOK_MS
    const ms = (nextAtS - node.clock.atS(ds.millis())) * 1000
    return Math.max(LOOK_MS_LEAST, Math.min(LOOK_MS, ms))
}

function postStatus(node: Node, moment: Moment): void {
    const { board, reporter } = node
    const body = statusBody(
        {
            batteryMv: reporter.lastOf(QuantityNumber.voltage),
            thinned: board.keeping.outbox.thinned,
            resetCause: board.resetCause,
            programHash: board.programHash,
            hasSensorFault: reporter.hasFault(),
            isLasting: board.keeping.isLasting,
            hasException: node.hasException,
        },
        moment,
    )
    board.post(MessageType.telemetry, body)
    node.hasException = false
    node.statusAtS = moment.atS + STATUS_EVERY_S
}

function take(payload: Buffer, board: Board, reporter: SensorReporter): void {
    if (board.takeAck(payload) !== undefined) return
    const command = board.session.readCommand(payload)
    if (command.kind === "command") obey(command, reporter)
}

function obey(command: Command, reporter: SensorReporter): void {
    if (command.order === CommandKind.report) reporter.hurry()
    else if (command.order === CommandKind.hold) {
        const holdS = command.args[0]
        if (holdS >= 0 && holdS <= HOLD_MAX_S) reporter.holdS = holdS
    }
}

async function run(settings: BoardSettings): Promise<void> {
    const asked = await readSensorSettings()
    const parts = await fittedParts(partsOf(asked), asked.rules)
    const board = await openBoard(settings, keepingOf(settings))
    board.session.greet(false)
    const rows = board.keeping.state.load()
    const clock = new DeviceClock(rows.length > 0 ? clockOf(rows[0]) : newClock(), false)
    const rules = rulesFor(parts, asked.rules, asked.off)
    const reporter = new SensorReporter(rules, rows.slice(1), Math.floor(settings.holdMs / 1000))
    const node: Node = {
        board: board,
        clock: clock,
        parts: parts,
        reporter: reporter,
        statusAtS: 0,
        keptAtS: 0,
        hasException: false,
    }
    board.start({
        take: (payload) => take(payload, board, reporter),
        lost: () => {},
    })
    while (true) {
        try {
            await step(node)
        } catch (e) {
            node.hasException = true
            console.log(`sensors: ${(e as Error).message}`)
        }
        await ds.sleep(untilNextMs(node))
    }
}

const settings = await readBoardSettings()
if (settings === undefined) console.log("not provisioned: no device id or broker")
else await run(settings)
