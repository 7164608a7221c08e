// A record of an earlier session or epoch on the handle of today [P-E40]:
//
//     byte 0      0x58    version 1; type relay; no salt; no seq
//     1-5 bytes   how many epochs before today's the record was sealed, a shortest CBOR integer
//     1-5 bytes   its session counter, likewise
//     n bytes     the record as it was sealed
//
// It has no seal of its own. A wrong epoch leads to a wrong key, a wrong session to a wrong salt,
// and where the record carries its salt the gateway compares the counter with the session's hello.

import { CborReader, CborWriter } from "./cbor.js"
import { MESSAGE_BYTES_MAX } from "./envelope.js"
import { type Reject, reject } from "./reject.js"

export interface Relay {
    kind: "relay"
    /** Epochs between the record's and that of the handle under which it comes. */
    epochsBack: number
    session: number
    /** A sealed message, never a relay. */
    record: Buffer
}

const FIRST_BYTE = 0x58
/** Epochs and sessions are counted in 32 bits. */
const COUNTER_MAX = 0xffffffff

export function isRelay(message: Buffer): boolean {
    return message.length > 0 && message[0] === FIRST_BYTE
}

export function encodeRelay(epochsBack: number, session: number, record: Buffer): Buffer {
    const out = new CborWriter()
    out.raw(Buffer.from([FIRST_BYTE]))
    out.int(epochsBack)
    out.int(session)
    out.raw(record)
    return out.result()
}

/** The record and where it belongs, or why the message is no relay. */
export function parseRelay(message: Buffer): Relay | Reject {
    if (message.length > MESSAGE_BYTES_MAX) return reject("message-too-long")
    if (!isRelay(message)) return reject("not-a-relay")
    const reader = new CborReader(message.slice(1, message.length))
    const epochsBack = reader.int()
    const session = reader.int()
    const record = reader.rest()
    if (reader.fault !== undefined) return reject(`relay-${reader.fault}`)
    if (epochsBack < 0 || epochsBack > COUNTER_MAX) return reject("relay-epoch-range")
    if (session < 0 || session > COUNTER_MAX) return reject("relay-session-range")
    if (record.length === 0) return reject("message-empty")
    if (isRelay(record)) return reject("relay-in-relay")
    return { kind: "relay", epochsBack: epochsBack, session: session, record: record }
}
