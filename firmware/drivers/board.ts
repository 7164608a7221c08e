// What every program of a board stands on, whatever it measures: what outlives a reset, the session,
// and the fiber that keeps the uplink. A program builds its board, starts it, and posts bodies.

import type { Ack } from "../../protocol/ack.js"
import { encodeHello, ResetCause } from "../../protocol/hello.js"
import { boardName, breathe } from "../hal.js"
import { FixedKeys, type KeyMemory } from "../logic/key-memory.js"
import { KeyStore } from "../logic/key-store.js"
import type { Nvm } from "../logic/nvm.js"
import { openOutbox } from "../logic/nvm-outbox.js"
import { type Outbox, RamOutbox } from "../logic/outbox.js"
import { Session } from "../logic/session.js"
import { RamSessionMemory, type SessionMemory } from "../logic/session-memory.js"
import { SessionStore } from "../logic/session-store.js"
import { NvmStateStore, RamStateStore, type StateStore } from "../logic/state-store.js"
import { Uplink, type UplinkEvent } from "../logic/uplink.js"
import { type BoardSettings, scrubChainKey } from "./board-settings.js"
import { boardAead, hkdf, random, randomBytes, sha256 } from "./crypto.js"
import { findFram } from "./fram.js"
import { programHash } from "./program-hash.js"
import { say, sleep, uptimeMs } from "./runtime.js"
import { closeSocket, nextSocketEvent, openSocket, sendSocket, wakeSocket } from "./socket.js"

/** The radio runs from about here on, and with it the hardware's random source. */
const RADIO_RUNS_MS = 2000
/** After a reset the program starts 1.2 s into the boot; a restarted program starts later. */
const FRESH_BOOT_MS = 4000
/** After trouble in the uplink's own fiber. */
const PAUSE_MS = 1000

/** Why the program runs, as far as the uptime tells. */
const resetCause = uptimeMs() < FRESH_BOOT_MS ? ResetCause.power : ResetCause.program

/** What outlives a reset where the board has FRAM, and lasts as long as the program elsewhere. */
export interface Keeping {
    keys: KeyMemory
    memory: SessionMemory
    outbox: Outbox
    /** What the decisions remember. */
    state: StateStore
    /** The memory itself, for what only one program keeps; undefined on a board without. */
    nvm: Nvm | undefined
    /** All of it outlives a reset, the chain key too. */
    isLasting: boolean
}

/** What a program makes of what comes down. */
export interface Downlink {
    /** A payload from the gateway, still sealed. */
    take: (payload: Buffer) => void
    /** The connection was lost or left. */
    lost: () => void
}

/** Throws when there is no chain key anywhere: the board has to be provisioned anew. */
export async function keepingOf(settings: BoardSettings): Promise<Keeping> {
    const fram = findFram()
    if (fram === undefined) {
        if (settings.chainKey === undefined) throw new Error("the chain key went with the FRAM")
        return {
            keys: new FixedKeys(hkdf, settings.chainKey, settings.deviceId),
            memory: new RamSessionMemory(),
            outbox: new RamOutbox(),
            state: new RamStateStore(),
            nvm: undefined,
            isLasting: false,
        }
    }
    const keys = new KeyStore(fram, sha256, hkdf, settings.deviceId, settings.chainKey)
    const memory = new SessionStore(fram, sha256)
    const outbox = await openOutbox(fram, sha256, breathe)
    const state = new NvmStateStore(fram, sha256)
    if (keys.isNew) {
        outbox.clear()
        memory.isValid = false
        state.save([])
        keys.adopt()
    }
    return {
        keys: keys,
        memory: memory,
        outbox: outbox,
        state: state,
        nvm: fram,
        isLasting: true,
    }
}

export class Board {
    uplink: Uplink
    /** A ResetCause. */
    resetCause = resetCause

    constructor(
        public settings: BoardSettings,
        public keeping: Keeping,
        public session: Session,
        /** SHA-256 of the program; empty when the runtime did not tell. */
        public programHash: Buffer,
    ) {
        this.uplink = new Uplink(keeping.keys.keys, keeping.outbox, random)
    }

    /** Seals a body and queues it; `wake` sends it. The answer is the record's number. */
    post(type: number, body: Buffer): number {
        return this.session.post(type, body)
    }
    /** Tells the uplink that there may be something to send. */
    wake(): void {
        wakeSocket()
    }
    /** Seconds of UTC, from wherever the program has them. */
    noteTime(utcS: number): void {
        if (this.session.noteTime(utcS)) this.uplink.rename(this.keeping.keys.keys)
    }
    /** Lets go of what an ack names; undefined when the payload is no ack for us. */
    takeAck(payload: Buffer): Ack {
        const ack = this.session.readAck(payload)
        if (ack === undefined) return undefined
        this.uplink.acknowledged(ack, uptimeMs())
        this.session.noteHeld(ack)
        return ack
    }
    /** Starts what runs beside the program: the uplink, and at the bench the scrub of the key. */
    start(downlink: Downlink): void {
        if (this.keeping.isLasting && this.settings.isScrubDue) scrubChainKey.start()
        keepConnected.start(this, downlink)
    }
}

/** Goes on with the session that is kept, or begins one; `session.greet` is to follow. */
export async function openBoard(settings: BoardSettings, keeping: Keeping): Promise<Board> {
    const hash = await programHash()
    const session = new Session({
        aead: boardAead(),
        hash: sha256,
        random: randomBytes,
        uptimeMs: () => uptimeMs(),
        deviceId: settings.deviceId,
        keys: keeping.keys,
        memory: keeping.memory,
        outbox: keeping.outbox,
        hello: (counter, isAsking) =>
            encodeHello({
                kind: "hello",
                session: counter,
                programHash: hash,
                board: boardName(),
                resetCause: isAsking ? ResetCause.none : resetCause,
                uptimeMs: uptimeMs(),
            }),
    })
    if (session.mustBegin()) await sleep(Math.max(10, RADIO_RUNS_MS - uptimeMs()))
    session.resume()
    return new Board(settings, keeping, session, hash)
}

async function keepConnected(board: Board, downlink: Downlink): Promise<void> {
    const { uplink, settings } = board
    let losses = 0
    while (true) {
        try {
            const event: UplinkEvent = (await nextSocketEvent(uplink.idleMs(uptimeMs()))) || {
                what: "wake",
            }
            const actions = uplink.step(event, uptimeMs())
            for (const action of actions) {
                if (action.what === "open")
                    openSocket(settings.brokerHost, settings.brokerPort, settings.isTls)
                else if (action.what === "close") closeSocket()
                else if (action.what === "send") await sendSocket(action.bytes)
                else downlink.take(action.payload)
                // Acks come many to a segment, and each takes thousands of the machine's steps.
                await breathe()
            }
            if (uplink.losses !== losses) downlink.lost()
            losses = uplink.losses
        } catch (e) {
            say(`uplink: ${(e as Error).message}`)
            await sleep(PAUSE_MS)
        }
    }
}
