// The sealed envelope around a body:
//
//     byte 0      vv ttt s ll   version 1; type; salt present; length of seq - 1
//     [8 bytes]   salt          only with s = 1
//     1-4 bytes   seq           shortest form, big-endian
//     n bytes     ciphertext    AES-256-CCM, n >= 1
//     8 bytes     tag           16 for commands
//
// The nonce is byte 0, the session's salt and the seq as 4 bytes: with no associated data in the
// tracker's cipher, every header bit is bound through the nonce, and device, epoch and direction
// through the key.

import { putBigEndian } from "./bytes.js"
import { type Reject, reject } from "./reject.js"

export enum MessageType {
    telemetry = 0,
    hello = 1,
    event = 2,
    relay = 3,
    ack = 4,
    command = 5,
    seal = 6,
    response = 7,
}

export const SALT_BYTES = 8
export const SEQ_MAX = 0xffffffff
/** A sealed message larger than this is refused unread. */
export const MESSAGE_BYTES_MAX = 1024
const VERSION = 1
const TAG_BYTES = 8
const COMMAND_TAG_BYTES = 16

/** AES-256-CCM with a 13-byte nonce and no associated data: the tracker's own, or node:crypto's. */
export interface Aead {
    /** Ciphertext and tag in one. */
    seal(key: Buffer, nonce: Buffer, body: Buffer, tagBytes: number): Buffer
    /** The body, or undefined when the tag does not fit. */
    open(key: Buffer, nonce: Buffer, sealed: Buffer, tagBytes: number): Buffer | undefined
}

export interface Envelope {
    kind: "envelope"
    type: number
    /** On the wire only until the gateway is known to hold the session's hello. */
    salt: Buffer | undefined
    seq: number
    sealed: Buffer
}

export interface SealOptions {
    type: number
    salt: Buffer
    /** Put the salt on the wire. */
    carrySalt: boolean
    seq: number
}

/** The message that carries `body`, ready to be published. */
export function sealMessage(aead: Aead, key: Buffer, options: SealOptions, body: Buffer): Buffer {
    const seqBytes = lengthOfSeq(options.seq)
    const first = firstByte(options.type, options.carrySalt, seqBytes)
    const nonce = nonceOf(first, options.salt, options.seq)
    const sealed = aead.seal(key, nonce, body, tagBytesOf(options.type))
    const saltBytes = options.carrySalt ? SALT_BYTES : 0
    const message = Buffer.alloc(1 + saltBytes + seqBytes + sealed.length)
    message[0] = first
    if (options.carrySalt) message.set(options.salt, 1)
    putBigEndian(message, 1 + saltBytes, options.seq, seqBytes)
    message.set(sealed, 1 + saltBytes + seqBytes)
    return message
}

/** The parts of a message, or why it is none. Nothing is decrypted here. */
export function parseEnvelope(message: Buffer): Envelope | Reject {
    if (message.length > MESSAGE_BYTES_MAX) return reject("message-too-long")
    if (message.length === 0) return reject("message-empty")
    const first = message[0]
    if (first >> 6 !== VERSION) return reject("version-unknown")
    const type = (first >> 3) & 7
    const saltBytes = (first & 4) !== 0 ? SALT_BYTES : 0
    const seqBytes = (first & 3) + 1
    const start = 1 + saltBytes + seqBytes
    if (message.length < start + 1 + tagBytesOf(type)) return reject("message-too-short")
    let seq = 0
    for (let i = 0; i < seqBytes; i++) seq = seq * 256 + message[1 + saltBytes + i]
    if (lengthOfSeq(seq) !== seqBytes) return reject("seq-not-shortest")
    const salt = saltBytes > 0 ? message.slice(1, 1 + SALT_BYTES) : undefined
    const sealed = message.slice(start, message.length)
    return { kind: "envelope", type: type, salt: salt, seq: seq, sealed: sealed }
}

/** The body under the seal, or undefined when key, salt or any bit of the message is another. */
export function openEnvelope(
    aead: Aead,
    key: Buffer,
    envelope: Envelope,
    salt: Buffer,
): Buffer | undefined {
    const first = firstByte(envelope.type, envelope.salt !== undefined, lengthOfSeq(envelope.seq))
    const nonce = nonceOf(first, salt, envelope.seq)
    return aead.open(key, nonce, envelope.sealed, tagBytesOf(envelope.type))
}

function firstByte(type: number, carriesSalt: boolean, seqBytes: number): number {
    return (VERSION << 6) | (type << 3) | (carriesSalt ? 4 : 0) | (seqBytes - 1)
}
function nonceOf(first: number, salt: Buffer, seq: number): Buffer {
    const nonce = Buffer.alloc(1 + SALT_BYTES + 4)
    nonce[0] = first
    nonce.set(salt, 1)
    putBigEndian(nonce, 1 + SALT_BYTES, seq, 4)
    return nonce
}
function lengthOfSeq(seq: number): number {
    if (seq < 0x100) return 1
    if (seq < 0x10000) return 2
    return seq < 0x1000000 ? 3 : 4
}
function tagBytesOf(type: number): number {
    return type === MessageType.command ? COMMAND_TAG_BYTES : TAG_BYTES
}
