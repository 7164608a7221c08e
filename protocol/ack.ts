// The application's acknowledgement: the gateway holds these records for good, the tracker may let
// go of them. It names records one by one instead of "all up to n": a tracker whose queue ran full
// has numbers that will never come, and a cumulative mark would wait for them for ever.

import { bitOf } from "./bytes.js"
import { CborReader, CborWriter } from "./cbor.js"
import { TIME_DS_END } from "./limits.js"
import { type Reject, reject } from "./reject.js"

export interface Ack {
    kind: "ack"
    epoch: number
    /** Session counter of the hello; 0 on boards that keep none. The nonce binds the salt besides. */
    session: number
    /** This record is durable. */
    seq: number
    /** Bit i set: record `seq - 1 - i` is durable too. 32 bits, unsigned. */
    earlier: number
    /**
     * Record `seq` is held but cannot be read: the gateway does not have what it is chained to. The
     * next batch must stand alone.
     */
    isBaseUnknown?: boolean
    /**
     * UTC at which the gateway made this ack, in whole seconds since 1970; in the ack whose `seq` is a
     * hello's [P-E34].
     */
    utcS?: number
}

/** Records before `seq` that an ack can name. */
export const ACK_EARLIER_BITS = 32
/** 2025-01-01: no gateway is older than that, and a computer that has lost its clock says less. */
export const ACK_UTC_S_LEAST = 1735689600
/** Like every time on the wire: from here on it is a fault. */
export const ACK_UTC_S_END = TIME_DS_END / 10

const KEY_EPOCH = 1
const KEY_SESSION = 2
const KEY_SEQ = 3
const KEY_EARLIER = 4
const KEY_BASE_UNKNOWN = 5
const KEY_UTC = 6

/** Key 5 is left out unless the base is unknown, key 6 unless the ack is to tell the time. */
export function encodeAck(ack: Ack): Buffer {
    const out = new CborWriter()
    out.map(4 + (ack.isBaseUnknown ? 1 : 0) + (ack.utcS === undefined ? 0 : 1))
    out.int(KEY_EPOCH)
    out.int(ack.epoch)
    out.int(KEY_SESSION)
    out.int(ack.session)
    out.int(KEY_SEQ)
    out.int(ack.seq)
    out.int(KEY_EARLIER)
    out.int(ack.earlier)
    if (ack.isBaseUnknown) {
        out.int(KEY_BASE_UNKNOWN)
        out.int(1)
    }
    if (ack.utcS !== undefined) {
        out.int(KEY_UTC)
        out.int(ack.utcS)
    }
    return out.result()
}

/** An ack, or why the body is none. Unknown keys are passed over. */
export function decodeAck(body: Buffer): Ack | Reject {
    const ack: Ack = { kind: "ack", epoch: -1, session: -1, seq: -1, earlier: 0 }
    const reader = new CborReader(body)
    const pairs = reader.map()
    for (let i = 0; i < pairs && reader.fault === undefined; i++) {
        const key = reader.mapKey()
        if (key === KEY_EPOCH) ack.epoch = reader.int()
        else if (key === KEY_SESSION) ack.session = reader.int()
        else if (key === KEY_SEQ) ack.seq = reader.int()
        else if (key === KEY_EARLIER) ack.earlier = reader.int()
        else if (key === KEY_BASE_UNKNOWN) ack.isBaseUnknown = reader.int() === 1
        else if (key === KEY_UTC) ack.utcS = reader.int()
        else reader.skip()
    }
    const fault = reader.finish()
    if (fault !== undefined) return reject(fault)
    if (ack.epoch < 0 || ack.session < 0 || ack.seq < 0) return reject("ack-incomplete")
    if (ack.earlier < 0 || ack.earlier > 0xffffffff) return reject("earlier-range")
    if (ack.utcS !== undefined && !isAckUtc(ack.utcS)) return reject("utc-range")
    return ack
}

/** Whether an ack may tell this time, in whole seconds of UTC. */
export function isAckUtc(utcS: number): boolean {
    return utcS >= ACK_UTC_S_LEAST && utcS < ACK_UTC_S_END
}

/** Whether the ack says that record `seq` is durable. */
export function acknowledges(ack: Ack, seq: number): boolean {
    if (seq === ack.seq) return true
    const bit = ack.seq - 1 - seq
    if (bit < 0 || bit >= ACK_EARLIER_BITS) return false
    return bitOf(ack.earlier, bit) === 1
}
