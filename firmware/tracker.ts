// The tracker: reads the receiver, gathers fixes, seals them and keeps each until the gateway holds
// it. Drivers are built here and handed to logic; the decisions are in logic/.

import * as ds from "@devicescript/core"
import { type Command, CommandKind } from "../protocol/command.js"
import { MessageType } from "../protocol/envelope.js"
import { encodeHello, ResetCause } from "../protocol/hello.js"
import type { BoardSettings } from "./drivers/board-settings.js"
import { readBoardSettings, scrubChainKey } from "./drivers/board-settings.js"
import { boardAead, hkdf, random, randomBytes, sha256 } from "./drivers/crypto.js"
import { findFram } from "./drivers/fram.js"
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
import { FixedKeys, type KeyMemory } from "./logic/key-memory.js"
import { KeyStore } from "./logic/key-store.js"
import { NvmOutbox } from "./logic/nvm-outbox.js"
import { type Outbox, RamOutbox } from "./logic/outbox.js"
import { Reporter } from "./logic/reporter.js"
import { Session } from "./logic/session.js"
import { RamSessionMemory, type SessionMemory } from "./logic/session-memory.js"
import { SessionStore } from "./logic/session-store.js"
import type { UplinkEvent } from "./logic/uplink.js"
import { Uplink } from "./logic/uplink.js"

/** The radio runs from about here on, and with it the hardware's random source. */
const RADIO_RUNS_MS = 2000
const POLL_MS = 1000
/** After a reset the program starts 1.2 s into the boot; a restarted program starts later. */
const FRESH_BOOT_MS = 4000
/** A hold beyond this would look like a dead tracker. */
const HOLD_MAX_S = 3600

const startedAtMs = ds.millis()

/** What outlives a reset where the board has FRAM, and lasts as long as the program elsewhere. */
interface Keeping {
    keys: KeyMemory
    memory: SessionMemory
    outbox: Outbox
    /** All of it outlives a reset, the chain key too. */
    isLasting: boolean
}

function keepingOf(settings: BoardSettings): Keeping {
    const fram = findFram()
    if (fram === undefined) {
        if (settings.chainKey === undefined) throw new Error("the chain key went with the FRAM")
        return {
            keys: new FixedKeys(hkdf, settings.chainKey, settings.deviceId),
            memory: new RamSessionMemory(),
            outbox: new RamOutbox(),
            isLasting: false,
        }
    }
    const keys = new KeyStore(fram, sha256, hkdf, settings.deviceId, settings.chainKey)
    const memory = new SessionStore(fram, sha256)
    const outbox = new NvmOutbox(fram, sha256)
    if (keys.isNew) {
        outbox.clear()
        memory.isValid = false
        keys.adopt()
    }
    return { keys: keys, memory: memory, outbox: outbox, isLasting: true }
}

async function reportFixes(
    session: Session,
    reporter: Reporter,
    uplink: Uplink,
    { keys, memory, outbox }: Keeping,
): Promise<void> {
    const post = (body: Buffer) => {
        memory.nextFix = reporter.closedFixes
        session.post(MessageType.telemetry, body)
    }
    const gnss = new Gnss(new BoardI2c(), breathe)
    while (true) {
        const nowMs = ds.millis()
        try {
            const fixes = await gnss.poll(nowMs)
            for (const fix of fixes) {
                if (session.noteTime(Math.floor(fix.timeDs / 10))) uplink.rename(keys.keys)
                const full = reporter.add(fix, nowMs, outbox.thinned)
                if (full !== undefined) post(full)
            }
            const due = reporter.due(nowMs, outbox.thinned)
            if (due !== undefined) post(due)
            wakeSocket()
        } catch (e) {
            console.log(`receiver: ${(e as Error).message}`)
        }
        await ds.sleep(Math.max(10, POLL_MS - (ds.millis() - nowMs)))
    }
}

function obey(command: Command, reporter: Reporter): void {
    if (command.order === CommandKind.report) reporter.hurry()
    else if (command.order === CommandKind.hold) {
        const holdS = command.args[0]
        if (holdS >= 0 && holdS <= HOLD_MAX_S) reporter.holdMs = holdS * 1000
    }
}

function takeDownlink(payload: Buffer, session: Session, reporter: Reporter, uplink: Uplink): void {
    const ack = session.readAck(payload)
    if (ack !== undefined) {
        uplink.acknowledged(ack, ds.millis())
        session.noteHeld(ack)
        return
    }
    const command = session.readCommand(payload)
    if (command.kind === "command") obey(command, reporter)
}

async function keepConnected(
    session: Session,
    reporter: Reporter,
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
                else takeDownlink(action.payload, session, reporter, uplink)
            }
        } catch (e) {
            console.log(`uplink: ${(e as Error).message}`)
            await ds.sleep(POLL_MS)
        }
    }
}

async function run(settings: BoardSettings): Promise<void> {
    const keeping = keepingOf(settings)
    const hash = await programHash()
    const session = new Session({
        aead: boardAead(),
        hash: sha256,
        random: randomBytes,
        uptimeMs: () => ds.millis(),
        deviceId: settings.deviceId,
        keys: keeping.keys,
        memory: keeping.memory,
        outbox: keeping.outbox,
        hello: (counter) =>
            encodeHello({
                kind: "hello",
                session: counter,
                programHash: hash,
                board: boardName(),
                resetCause: startedAtMs < FRESH_BOOT_MS ? ResetCause.power : ResetCause.program,
                uptimeMs: ds.millis(),
            }),
    })
    if (session.mustBegin()) await ds.sleep(Math.max(10, RADIO_RUNS_MS - ds.millis()))
    // The program does not sleep: whatever started it was not its own doing.
    session.open(false)
    const uplink = new Uplink(keeping.keys.keys, keeping.outbox, random)
    const reporter = new Reporter(settings.holdMs, keeping.memory.nextFix)
    if (keeping.isLasting && settings.isScrubDue) scrubChainKey.start()
    keepConnected.start(session, reporter, uplink, settings)
    await reportFixes(session, reporter, uplink, keeping)
}

const settings = await readBoardSettings()
if (settings === undefined) console.log("not provisioned: no device id or broker")
else await run(settings)
