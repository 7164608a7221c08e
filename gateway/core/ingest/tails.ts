// Where a device's packed batches left off: what a batch chained to one of them goes on from. A tail
// holds a position, and nobody has asked yet whether a mandate covers it, so it is kept as the
// ledger keeps the record that it comes from: sealed, under a key that only the record's own epoch
// gives. Opened, it lives as long as one decoding.

import { createHmac } from "node:crypto"
import { CborReader, CborWriter } from "../../../protocol/cbor.js"
import type { Aead } from "../../../protocol/envelope.js"
import type { EpochKeys } from "../../../protocol/keys.js"
import type { PackedTail } from "../../../protocol/pack/packed-batch.js"
import { COLUMNS } from "../../../protocol/pack/profile.js"
import type { Uplink } from "./uplink.js"

/** Batches whose tails are kept of a device; it chains to the newest that it knows acknowledged. */
export const TAILS_MAX = 16

export interface KeptTail {
    session: string
    /** Of the record that left it. */
    epoch: number
    seq: number
    /** Number of the batch's last fix. */
    fix: number
    /** Base64. */
    sealed: string
}

/** Keys of an epoch of the device; undefined where the vault has none. */
export type KeysOf = (epoch: number) => EpochKeys | undefined

const TAG_BYTES = 8
const LABEL = "TRK1 tail"

/** The tails with that of one more batch, the oldest left out where there are too many. */
export function withTail(
    tails: readonly KeptTail[],
    { session, epoch, seq }: Uplink,
    tail: PackedTail,
    keysOf: KeysOf,
    aead: Aead,
): readonly KeptTail[] {
    const keys = keysOf(epoch)
    if (!keys) return tails
    const nonce = nonceOf(session, seq)
    const sealed = aead.seal(keyOf(keys), nonce, encoded(tail), TAG_BYTES).toString("base64")
    return [...tails, { session, epoch, seq, fix: tail.fix, sealed }].slice(-TAILS_MAX)
}

/** The tail of the newest batch of the session that ended with a fix, or undefined. */
export function tailOf(
    tails: readonly KeptTail[],
    session: string,
    fix: number,
    keysOf: KeysOf,
    aead: Aead,
): PackedTail | undefined {
    const kept = tails.findLast((one) => one.session === session && one.fix === fix)
    const keys = kept && keysOf(kept.epoch)
    if (!kept || !keys) return undefined
    const nonce = nonceOf(session, kept.seq)
    const opened = aead.open(keyOf(keys), nonce, Buffer.from(kept.sealed, "base64"), TAG_BYTES)
    return opened && decoded(opened)
}

/** Not the key of any message, so the nonces of messages do not matter here. */
function keyOf({ up }: EpochKeys): Buffer {
    return createHmac("sha256", up).update(LABEL).digest()
}
/** A record has one tail at most, and its session and number are given once. */
function nonceOf(session: string, seq: number): Buffer {
    const nonce = Buffer.alloc(13)
    nonce.write(session, 1, "hex")
    nonce.writeUInt32BE(seq, 9)
    return nonce
}

function encoded({ fix, profile, trail }: PackedTail): Buffer {
    const out = new CborWriter()
    const numbers = [
        ...[fix, profile, trail.known, trail.mask, trail.interval],
        ...[trail.stepTime, trail.stepNorth, trail.stepEast, trail.stepSpeeds],
        ...[trail.hasVelocity ? 1 : 0, trail.velocityNorth, trail.velocityEast, trail.cosine],
        ...trail.values,
    ]
    for (const number of numbers) out.int(number)
    return out.result()
}

function decoded(bytes: Buffer): PackedTail | undefined {
    const reader = new CborReader(bytes)
    const int = () => reader.int()
    const [fix, profile, known, mask, interval] = [int(), int(), int(), int(), int()]
    const [stepTime, stepNorth, stepEast, stepSpeeds] = [int(), int(), int(), int()]
    const hasVelocity = int() === 1
    const [velocityNorth, velocityEast, cosine] = [int(), int(), int()]
    const values = Array.from({ length: COLUMNS }, int)
    if (reader.finish() !== undefined) return undefined
    const step = { interval, stepTime, stepNorth, stepEast, stepSpeeds }
    const velocity = { hasVelocity, velocityNorth, velocityEast, cosine }
    return { fix, profile, trail: { values, known, mask, ...step, ...velocity } }
}
