// From the broker to the ledger and back: a message whose seal holds is made durable, and only then
// is there an acknowledgement to send.

import { type Ack, encodeAck, isAckUtc } from "../../protocol/ack.js"
import { type Aead, MessageType, parseEnvelope, sealMessage } from "../../protocol/envelope.js"
import { decodeHello } from "../../protocol/hello.js"
import type { EpochKeys } from "../../protocol/keys.js"
import { type Reject, reject } from "../../protocol/reject.js"
import { isRelay, parseRelay } from "../../protocol/relay.js"
import type { UnixMs } from "../../protocol/units.js"
import { type Authentic, authenticate } from "./ingest/open-uplink.js"
import type { Clock, Downlink, Ledger, Vault } from "./ports.js"

/** Epochs between a relay's handle and its record at most. */
export const RELAY_EPOCHS_MAX = 1024
/** Sessions whose salt is tried for a record that carries none. */
const SESSIONS_TRIED = 4

/** The device behind a handle, as admission to the broker found it. */
export interface Admitted {
    deviceId: string
    /** Of the epoch whose handle it came under. */
    keys: EpochKeys
}

export interface Arrival {
    device: Admitted
    message: Buffer
    receivedAtMs: UnixMs
    /** Address of the connection. */
    remote: string
}

export interface Held {
    kind: "held"
    /** Undefined where the ack of another record, which goes out at the same moment, names this one. */
    ack: Buffer | undefined
    isNew: boolean
    /** Epoch in which the record was sealed. */
    epoch: number
    /** A new record of a session that another has replaced: two trackers may speak as one. */
    isOfReplacedSession: boolean
}

/** held: the record is durable, and the device is told so. */
export type IntakeResult = Held | Reject

/** A record taken out of its relay, if it came in one, with its seal checked. */
interface Opened {
    kind: "opened"
    authentic: Authentic
    epoch: number
    record: Buffer
    isRelayed: boolean
    helloCounter: number | null
    /** Counter of its session as far as it is known; 0 where the hello is missing. */
    counter: number
}

/** Rejects (the promise) only when the ledger cannot be written: then nothing is acknowledged. */
export async function takeIn(
    ledger: Ledger,
    vault: Vault,
    aead: Aead,
    clock: Clock,
    arrival: Arrival,
): Promise<IntakeResult> {
    const { deviceId, keys } = arrival.device
    // The broker's buffer is shared with its next packet.
    const message = Buffer.from(arrival.message)
    const open = () =>
        isRelay(message)
            ? openRelay(ledger, vault, aead, arrival.device, message)
            : openDirect(ledger, aead, arrival.device, message)
    let opened = open()
    if (opened.kind === "reject" && opened.reason === "session-unknown") {
        // Its hello may have come just before and be on its way to the disk.
        await ledger.committed()
        opened = open()
    }
    if (opened.kind === "reject") return opened
    const { session, seq, type } = opened.authentic
    const appended = await ledger.append({
        deviceId,
        epoch: opened.epoch,
        session,
        seq,
        type,
        message: opened.record,
        receivedAtMs: arrival.receivedAtMs,
        remote: arrival.remote,
        helloCounter: opened.helloCounter,
        isRelayed: opened.isRelayed,
    })
    if (appended.kind === "conflict") return reject("nonce-reuse")
    const { answer } = appended
    const isNew = appended.kind === "stored"
    const current = ledger.currentSession(deviceId)
    const wasHeard = ledger.counterOf(deviceId, session) !== undefined
    return {
        kind: "held",
        ack: answer && sealAck(aead, keys, ackOf(opened, answer.earlier, clock), answer.downlink),
        isNew,
        epoch: opened.epoch,
        isOfReplacedSession: isNew && !opened.isRelayed && wasHeard && current?.salt !== session,
    }
}

/** A record of today's epoch and the current session. */
function openDirect(
    ledger: Ledger,
    aead: Aead,
    { deviceId, keys }: Admitted,
    record: Buffer,
): Opened | Reject {
    const current = ledger.currentSession(deviceId)
    const salts = current ? [current.salt] : []
    let authentic = authenticateAny(aead, keys, record, salts)
    if (authentic.kind === "reject" && authentic.reason === "bad-tag") {
        // A session that has been replaced should be silent. If it is not, we want to know.
        const others = ledger.recentSessions(deviceId, SESSIONS_TRIED).map(({ salt }) => salt)
        const retried = authenticateAny(aead, keys, record, others)
        if (retried.kind === "authentic") authentic = retried
    }
    if (authentic.kind === "reject") return authentic
    const helloCounter = counterIn(authentic)
    const known = ledger.counterOf(deviceId, authentic.session)
    const counter = helloCounter ?? known ?? 0
    const { epoch } = keys
    return { kind: "opened", authentic, epoch, record, isRelayed: false, helloCounter, counter }
}

/** A record of an earlier session or epoch. What the relay says of it must fit [P-E42]. */
function openRelay(
    ledger: Ledger,
    vault: Vault,
    aead: Aead,
    { deviceId, keys }: Admitted,
    message: Buffer,
): Opened | Reject {
    const relay = parseRelay(message)
    if (relay.kind === "reject") return relay
    if (relay.epochsBack > RELAY_EPOCHS_MAX) return reject("relay-epoch-range")
    const epoch = keys.epoch - relay.epochsBack
    const sealedUnder = vault.keysOf(deviceId, epoch)
    if (!sealedUnder) return reject("relay-epoch-range")
    const sessions = ledger.sessionsWith(deviceId, relay.session, SESSIONS_TRIED)
    const salts = sessions.map(({ salt }) => salt)
    const authentic = authenticateAny(aead, sealedUnder, relay.record, salts)
    if (authentic.kind === "reject") return authentic
    const helloCounter = counterIn(authentic)
    const counter = helloCounter ?? ledger.counterOf(deviceId, authentic.session)
    if (counter === undefined) return reject("session-unknown")
    if (counter !== relay.session) return reject("relay-session")
    const { record } = relay
    return { kind: "opened", authentic, epoch, record, isRelayed: true, helloCounter, counter }
}

/** Under the salt that the record carries, or else the first of `salts` that fits. */
function authenticateAny(
    aead: Aead,
    keys: EpochKeys,
    record: Buffer,
    salts: readonly string[],
): Authentic | Reject {
    const envelope = parseEnvelope(record)
    if (envelope.kind === "reject") return envelope
    if (envelope.salt || salts.length === 0) return authenticate(aead, keys, record, undefined)
    let outcome: Authentic | Reject = reject("session-unknown")
    for (const salt of salts) {
        outcome = authenticate(aead, keys, record, salt)
        if (outcome.kind === "authentic") return outcome
    }
    return outcome
}

/** What a hello says of its session's place; 0 where its body says nothing, null for the others. */
function counterIn({ type, body }: Authentic): number | null {
    if (type !== MessageType.hello) return null
    const hello = decodeHello(body)
    return hello.kind === "hello" ? hello.session : 0
}

/** That of a hello tells the time [P-E34], unless this machine's own clock cannot be right. */
function ackOf(
    { epoch, counter, authentic, helloCounter }: Opened,
    earlier: number,
    clock: Clock,
): Ack {
    const ack: Ack = { kind: "ack", epoch, session: counter, seq: authentic.seq, earlier }
    const utcS = Math.floor(clock.nowMs() / 1000)
    return helloCounter !== null && isAckUtc(utcS) ? { ...ack, utcS } : ack
}

/** For the device on the handle of `keys` [P-E30]. */
export function sealAck(aead: Aead, keys: EpochKeys, ack: Ack, { salt, seq }: Downlink): Buffer {
    const options = {
        ...{ type: MessageType.ack, carrySalt: false },
        ...{ salt: Buffer.from(salt, "hex"), seq },
    }
    return sealMessage(aead, keys.down, options, encodeAck(ack))
}
