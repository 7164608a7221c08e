import {
    type Aead,
    type Envelope,
    MessageType,
    openEnvelope,
    parseEnvelope,
} from "../../../protocol/envelope.js"
import { decodeFixBatch, type FixBatch } from "../../../protocol/fix.js"
import { decodeHello, type Hello } from "../../../protocol/hello.js"
import type { EpochKeys } from "../../../protocol/keys.js"
import { type Reject, reject } from "../../../protocol/reject.js"

/** What is known of a message once its seal has held, before anything in it is believed. */
export interface Authentic {
    kind: "authentic"
    type: number
    session: string
    seq: number
    body: Buffer
}

/**
 * Checks the seal of a message from a device. `currentSession` is the salt, hexadecimal, of the
 * device's latest session: messages that carry no salt of their own belong to it.
 */
export function authenticate(
    aead: Aead,
    keys: EpochKeys,
    message: Buffer,
    currentSession: string | undefined,
): Authentic | Reject {
    const envelope = parseEnvelope(message)
    if (envelope.kind === "reject") return envelope
    if (!isUplinkType(envelope)) return reject("type-not-uplink")
    const salt = envelope.salt ?? (currentSession ? Buffer.from(currentSession, "hex") : undefined)
    if (!salt) return reject("session-unknown")
    const body = openEnvelope(aead, keys.up, envelope, salt)
    if (!body) return reject("bad-tag")
    const session = salt.toString("hex")
    return { kind: "authentic", type: envelope.type, session, seq: envelope.seq, body }
}

/** The meaning of an authentic body, or why it has none. */
export function decodeBody(type: number, body: Buffer): FixBatch | Hello | Reject {
    if (type === MessageType.telemetry) return decodeFixBatch(body)
    if (type === MessageType.hello) return decodeHello(body)
    return reject("type-unknown")
}

function isUplinkType({ type }: Envelope): boolean {
    return type === MessageType.telemetry || type === MessageType.hello
}
