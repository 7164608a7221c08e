// What a tracker is told to do [P-E60]. Sealed under the current DK with a 16-byte tag and the salt
// of the device's current session; the number in the envelope is the command's own counter. It
// counts within the session, so a command recorded in one session opens in no other, and within
// one the tracker obeys only a counter above the last.

import { CborReader, CborWriter } from "./cbor.js"
import type { Aead } from "./envelope.js"
import { MessageType, openEnvelope, parseEnvelope, sealMessage } from "./envelope.js"
import { type Reject, reject } from "./reject.js"

/** What arguments each takes, and their ranges, stands in order.ts. */
export enum CommandKind {
    /** Longest wait of a fix for company. */
    hold = 1,
    /** Send what has gathered at once. */
    report = 2,
    /** How it works from now on; what was ordered beside the former profile ends with it. */
    profile = 3,
    /** Bounds of the live and of the history channel. */
    bounds = 4,
    /** Between two signs of life while parked. */
    heartbeat = 5,
    /** Works as a live tracker until then. */
    liveUntil = 6,
    /** Watches a round fence, in place of the one with its number. */
    circle = 7,
    /** Watches a fence of straight edges, likewise. */
    polygon = 8,
    /** Forgets a fence, or all of them. */
    clearFence = 9,
    /** The mandate from now on, and when it ends. Another one ends all that was ordered before. */
    mandate = 10,
    /** Overwrites keys and queue. The device is blank from then on. */
    wipe = 11,
    /** Tests every part of its board; event 8 is the result. */
    selfTest = 12,
}

export interface Command {
    kind: "command"
    /** UNIX time in seconds from which the command is void. */
    expiresAtS: number
    /** The mandate it acts under, as the gateway names it: 1 to 16 bytes. */
    mandate: Buffer
    /** One of CommandKind; a tracker refuses what it does not know. */
    order: number
    args: number[]
}

export const MANDATE_BYTES_MAX = 16
/** A polygon of 12 corners takes 29. */
export const COMMAND_ARGS_MAX = 32

const KEY_EXPIRY = 1
const KEY_MANDATE = 2
const KEY_ORDER = 3
const KEY_ARGS = 4

/** Key 4 is left out where there are no arguments. */
export function encodeCommand(command: Command): Buffer {
    const out = new CborWriter()
    out.map(command.args.length > 0 ? 4 : 3)
    out.int(KEY_EXPIRY)
    out.int(command.expiresAtS)
    out.int(KEY_MANDATE)
    out.bytes(command.mandate)
    out.int(KEY_ORDER)
    out.int(command.order)
    if (command.args.length > 0) {
        out.int(KEY_ARGS)
        out.array(command.args.length)
        for (const arg of command.args) out.int(arg)
    }
    return out.result()
}

/** A command, or why the body is none. Unknown keys are passed over. */
export function decodeCommand(body: Buffer): Command | Reject {
    const command: Command = {
        kind: "command",
        expiresAtS: -1,
        mandate: Buffer.alloc(0),
        order: -1,
        args: [],
    }
    const reader = new CborReader(body)
    const pairs = reader.map()
    for (let i = 0; i < pairs && reader.fault === undefined; i++) {
        const key = reader.mapKey()
        if (key === KEY_EXPIRY) command.expiresAtS = reader.int()
        else if (key === KEY_MANDATE) command.mandate = reader.bytes()
        else if (key === KEY_ORDER) command.order = reader.int()
        else if (key === KEY_ARGS) readArgs(reader, command.args)
        else reader.skip()
    }
    const fault = reader.finish()
    if (fault !== undefined) return reject(fault)
    if (command.expiresAtS < 0 || command.order < 0) return reject("command-incomplete")
    if (command.mandate.length === 0) return reject("mandate-missing")
    if (command.mandate.length > MANDATE_BYTES_MAX) return reject("mandate-length")
    return command
}

/** `counter` is never given twice in a session. */
export function sealCommand(
    aead: Aead,
    down: Buffer,
    salt: Buffer,
    counter: number,
    command: Command,
): Buffer {
    const options = { type: MessageType.command, salt: salt, carrySalt: false, seq: counter }
    return sealMessage(aead, down, options, encodeCommand(command))
}

/** The sealed command's counter and meaning, or why it is not for this session. */
export function openCommand(
    aead: Aead,
    down: Buffer,
    salt: Buffer,
    message: Buffer,
): { kind: "opened"; counter: number; command: Command } | Reject {
    const envelope = parseEnvelope(message)
    if (envelope.kind === "reject") return envelope
    if (envelope.type !== MessageType.command) return reject("type-not-command")
    if (envelope.salt !== undefined) return reject("salt-carried")
    const body = openEnvelope(aead, down, envelope, salt)
    if (body === undefined) return reject("bad-tag")
    const command = decodeCommand(body)
    if (command.kind === "reject") return command
    return { kind: "opened", counter: envelope.seq, command: command }
}

function readArgs(reader: CborReader, args: number[]): void {
    const count = reader.array()
    // Left out is the one way to say that there are none.
    if (count === 0 && reader.fault === undefined) reader.refuse("no-arguments")
    if (count > COMMAND_ARGS_MAX) {
        reader.refuse("too-many-arguments")
        return
    }
    for (let i = 0; i < count; i++) args.push(reader.int())
}
