// What a tracker is told to do [P-E60]. Sealed under the current DK with a 16-byte tag and the salt
// of the device's current session; the number in the envelope is the command's own counter. It
// counts within the session, so a command recorded in one session opens in no other, and within
// one the tracker obeys only a counter above the last.

import { CborReader, CborWriter } from "./cbor.js"
import type { Aead } from "./envelope.js"
import { MessageType, openEnvelope, parseEnvelope, sealMessage } from "./envelope.js"
import { type Reject, reject } from "./reject.js"

export enum CommandKind {
    /** Longest wait of a fix for company, in seconds. */
    hold = 1,
    /** Send what has gathered at once. No arguments. */
    report = 2,
}

export interface Command {
    kind: "command"
    /** UNIX time in seconds from which the command is void. */
    expiresAtS: number
    /** The mandate it acts under, as the gateway names it: 1 to 16 bytes. */
    mandate: Buffer
    /** One of CommandKind; a tracker passes over what it does not know. */
    order: number
    args: number[]
}

export const MANDATE_BYTES_MAX = 16
export const COMMAND_ARGS_MAX = 8

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
    if (count > COMMAND_ARGS_MAX) {
        reader.refuse("too-many-arguments")
        return
    }
    for (let i = 0; i < count; i++) args.push(reader.int())
}
