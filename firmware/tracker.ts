// The tracker: reads the receiver, gathers fixes, seals them and keeps each until the gateway holds
// it. Drivers are built here and handed to logic; the decisions are in logic/.

import * as ds from "@devicescript/core"
import { MessageType } from "../protocol/envelope.js"
import { encodeHello, ResetCause } from "../protocol/hello.js"
import { epochKeys } from "../protocol/keys.js"
import type { BoardSettings } from "./drivers/board-settings.js"
import { readBoardSettings } from "./drivers/board-settings.js"
import { boardAead, hkdf, random, sessionSalt } from "./drivers/crypto.js"
import { Gnss } from "./drivers/gnss.js"
import { BoardI2c } from "./drivers/i2c.js"
import { programHash } from "./drivers/program-hash.js"
import {
    closeSocket,
    nextSocketEvent,
    openSocket,
    sendSocket,
    wakeSocket,
} from "./drivers/socket.js"
import { boardName, breathe } from "./hal.js"
import { Reporter } from "./logic/reporter.js"
import { Session } from "./logic/session.js"
import type { UplinkEvent } from "./logic/uplink.js"
import { Uplink } from "./logic/uplink.js"

/** The radio runs from about here on, and with it the hardware's random source. */
const RADIO_RUNS_MS = 2000
const POLL_MS = 1000
/** After a reset the program starts 1.2 s into the boot; a restarted program starts later. */
const FRESH_BOOT_MS = 4000
const EPOCH = 0

const startedAtMs = ds.millis()

async function reportFixes(session: Session, settings: BoardSettings): Promise<void> {
    const gnss = new Gnss(new BoardI2c(), breathe)
    const reporter = new Reporter(settings.holdMs)
    while (true) {
        const nowMs = ds.millis()
        try {
            const fixes = await gnss.poll(nowMs)
            for (const fix of fixes) {
                const full = reporter.add(fix, nowMs, session.outbox.thinned)
                if (full !== undefined) session.post(MessageType.telemetry, full)
            }
            const due = reporter.due(nowMs, session.outbox.thinned)
            if (due !== undefined) session.post(MessageType.telemetry, due)
            wakeSocket()
        } catch (e) {
            console.log(`receiver: ${(e as Error).message}`)
        }
        await ds.sleep(Math.max(10, POLL_MS - (ds.millis() - nowMs)))
    }
}

async function keepConnected(
    session: Session,
    uplink: Uplink,
    settings: BoardSettings,
): Promise<void> {
    while (true) {
        try {
            const event: UplinkEvent = (await nextSocketEvent(uplink.idleMs(ds.millis()))) || {
                what: "wake",
            }
            const actions = uplink.step(event, ds.millis())
            for (const action of actions) {
                if (action.what === "open") openSocket(settings.brokerHost, settings.brokerPort)
                else if (action.what === "close") closeSocket()
                else if (action.what === "send") await sendSocket(action.bytes)
                else {
                    const ack = session.readAck(action.payload)
                    if (ack === undefined) continue
                    uplink.acknowledged(ack, ds.millis())
                    session.noteHeld()
                }
            }
        } catch (e) {
            console.log(`uplink: ${(e as Error).message}`)
            await ds.sleep(POLL_MS)
        }
    }
}

async function run(settings: BoardSettings): Promise<void> {
    const keys = epochKeys(hkdf, settings.chainKey, settings.deviceId, EPOCH)
    const hash = await programHash()
    await ds.sleep(Math.max(10, RADIO_RUNS_MS - ds.millis()))
    const session = new Session(boardAead(), keys, sessionSalt(settings.deviceId, ds.millis()))
    const hello = encodeHello({
        kind: "hello",
        session: 0,
        programHash: hash,
        board: boardName(),
        resetCause: startedAtMs < FRESH_BOOT_MS ? ResetCause.power : ResetCause.program,
        uptimeMs: ds.millis(),
    })
    session.post(MessageType.hello, hello)
    const uplink = new Uplink(keys, session.outbox, random)
    keepConnected.start(session, uplink, settings)
    await reportFixes(session, settings)
}

const settings = await readBoardSettings()
if (settings === undefined) console.log("not provisioned: no device id, chain key or broker")
else await run(settings)
