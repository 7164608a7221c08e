// A message byte by byte: what can be seen without a key, and with one what is under the seal.

import { nodeAead } from "../../gateway/adapters/crypto/node-crypto.js"
import { InputError } from "../../gateway/core/input-error.js"
import {
    type Envelope,
    MESSAGE_BYTES_MAX,
    MessageType,
    openEnvelope,
    parseEnvelope,
    SALT_BYTES,
} from "../../protocol/envelope.js"
import type { Reject } from "../../protocol/reject.js"
import { isRelay, parseRelay } from "../../protocol/relay.js"
import { bodyParts } from "./body-parts.js"
import { decodedBody, tailsOf } from "./decoded-body.js"
import type { Part } from "./part.js"
import { RULE } from "./rules.js"

export interface TakenApart {
    bytes: number
    parts: Part[]
    /** Under the seal, offsets from the body's start; null without a key. */
    body: Part[] | null
    /** What the gateway or the tracker makes of the body, or why it refuses it; bytes as hex. */
    decoded: object | null
}

export interface Secrets {
    /** 32 bytes: UK of the epoch for what the tracker says, DK for what it is told. */
    key: Buffer | undefined
    /** The session's, where the message carries none. */
    salt: Buffer | undefined
    /** Messages that a chained batch goes on from, oldest first, under the same key and session. */
    bases?: readonly Buffer[]
}

const COMMAND_TAG_BYTES = 16
const TAG_BYTES = 8

/** Throws InputError for what is no message, or does not open. */
export function takeApart(message: Buffer, secrets: Secrets): TakenApart {
    if (!isRelay(message)) return takeRecordApart(message, 0, secrets)
    const relay = parseRelay(message)
    if (relay.kind === "reject") throw refused(relay)
    const start = message.length - relay.record.length
    const record = takeRecordApart(relay.record, start, secrets)
    // Both numbers are CBOR integers: the first one's initial byte tells its length.
    const info = message[1]! & 31
    const epochBytes = info < 24 ? 1 : 1 + 2 ** (info - 24)
    const parts: Part[] = [
        ...headerParts(message[0]!, 0),
        {
            offset: 1,
            bytes: message.toString("hex", 1, 1 + epochBytes),
            field: "relay.epochsBack",
            value: relay.epochsBack,
            meaning: "epochs before that of the handle it came under",
            rule: RULE.relay,
        },
        {
            offset: 1 + epochBytes,
            bytes: message.toString("hex", 1 + epochBytes, start),
            field: "relay.session",
            value: relay.session,
            meaning: "session counter of the record",
            rule: RULE.relay,
        },
    ]
    return { ...record, bytes: message.length, parts: [...parts, ...record.parts] }
}

function takeRecordApart(message: Buffer, start: number, secrets: Secrets): TakenApart {
    const envelope = parseEnvelope(message)
    if (envelope.kind === "reject") throw refused(envelope)
    const parts = envelopeParts(message, envelope, start)
    const { key } = secrets
    if (key === undefined) return { bytes: message.length, parts, body: null, decoded: null }
    const salt = envelope.salt ?? secrets.salt
    if (salt === undefined) {
        throw new InputError(
            "salt is missing: the message carries none, expected its session's 8 bytes by --salt",
        )
    }
    const body = openEnvelope(nodeAead, key, envelope, salt)
    if (body === undefined) {
        throw new InputError(
            "key does not open the message: expected the key of its epoch and direction, the salt " +
                "of its session and every bit as it was sealed",
        )
    }
    const tails = tailsOf((secrets.bases ?? []).map((base) => openedBase(base, key, salt)))
    return {
        bytes: message.length,
        parts,
        body: bodyParts(envelope.type, body),
        decoded: decodedBody(envelope.type, body, tails),
    }
}

/** A base is of the same session, so the message's own salt opens it too. */
function openedBase(message: Buffer, key: Buffer, salt: Buffer): Buffer {
    const relay = isRelay(message) ? parseRelay(message) : undefined
    const record = relay?.kind === "relay" ? relay.record : message
    const envelope = parseEnvelope(record)
    const body =
        envelope.kind === "reject"
            ? undefined
            : openEnvelope(nodeAead, key, envelope, envelope.salt ?? salt)
    if (body !== undefined) return body
    throw new InputError(
        "base does not open: expected messages under the same key and of the same session, oldest " +
            "first, with commas between them",
    )
}

const TYPES: Record<number, string> = {
    [MessageType.telemetry]: "telemetry",
    [MessageType.hello]: "hello",
    [MessageType.event]: "event",
    [MessageType.relay]: "relay",
    [MessageType.ack]: "ack",
    [MessageType.command]: "command",
    [MessageType.seal]: "seal",
    [MessageType.response]: "response",
}

/** The four fields of byte 0. */
function headerParts(first: number, offset: number): Part[] {
    const bytes = Buffer.from([first]).toString("hex")
    const bits = (field: string, value: number, meaning: string, rule: string): Part => {
        return { offset, bytes, field, value, meaning, rule }
    }
    const type = (first >> 3) & 7
    const hasSalt = (first >> 2) & 1
    const seqBytes = (first & 3) + 1
    return [
        bits("header.version", first >> 6, "bits 7-6", RULE.version),
        bits("header.type", type, `bits 5-3: ${TYPES[type]}`, RULE.type),
        bits("header.salt", hasSalt, `bit 2: ${hasSalt ? "a" : "no"} salt`, RULE.saltPresent),
        bits("header.length", first & 3, `bits 1-0: seq of ${seqBytes} bytes`, RULE.seq),
    ]
}

function envelopeParts(message: Buffer, envelope: Envelope, start: number): Part[] {
    const parts = headerParts(message[0]!, start)
    let at = 1
    const take = (
        count: number,
        field: string,
        meaning: string,
        rule: string,
        value?: number | string,
    ) => {
        const bytes = message.toString("hex", at, at + count)
        parts.push({ offset: start + at, bytes, field, value: value ?? bytes, meaning, rule })
        at += count
    }
    if (envelope.salt !== undefined) take(SALT_BYTES, "salt", "names the session", RULE.salt)
    take((message[0]! & 3) + 1, "seq", "number of the record", RULE.seq, envelope.seq)
    const tagBytes = envelope.type === MessageType.command ? COMMAND_TAG_BYTES : TAG_BYTES
    const text = message.length - at - tagBytes
    take(text, "ciphertext", "the body, sealed", RULE.ciphertext, `${text} bytes`)
    take(tagBytes, "tag", "proves key, salt and every bit", RULE.tag)
    return parts
}

const TOO_SHORT = "header, seq, a byte of ciphertext or more, and a tag of 8 bytes, 16 for commands"
const EXPECTED: Record<string, [expected: string, rule: string]> = {
    "message-empty": [TOO_SHORT, RULE.ciphertext],
    "message-too-long": [`at most ${MESSAGE_BYTES_MAX} bytes`, RULE.version],
    "message-too-short": [TOO_SHORT, RULE.ciphertext],
    "version-unknown": ["1 in the two highest bits of byte 0", RULE.version],
    "seq-not-shortest": ["as many bytes of seq as its number needs", RULE.seq],
    "relay-in-relay": ["a sealed record in a relay, not another relay", RULE.relay],
}

function refused({ reason }: Reject): InputError {
    const [expected, rule] = EXPECTED[reason] ?? ["a sealed message", RULE.version]
    return new InputError(`message is refused (${reason}), expected ${expected} [${rule}]`)
}
