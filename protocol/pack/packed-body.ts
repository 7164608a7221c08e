// A packed batch as a message body: {4: batch, 7: records thinned}, key 7 left out while it is 0.
// The byte string under key 4, which is the first, tells a packed batch from the plain profile, and
// its first byte is the profile.

import { CborReader, CborWriter } from "../cbor.js"
import { BODY_BYTES_MAX } from "../limits.js"
import { type Reject, reject } from "../reject.js"
import { decodePacked, type PackedBatch, type PackedTail } from "./packed-batch.js"

/** Map head, key 4 and its head of two bytes, key 7 and up to 32 bits. */
const FRAME_BYTES_MAX = 10
/** The most that a packed batch may take of a body. */
export const BATCH_BYTES_MAX = BODY_BYTES_MAX - FRAME_BYTES_MAX

const KEY_BATCH = 4
const KEY_THINNED = 7

export interface PackedBody {
    kind: "packed-body"
    batch: PackedBatch
    /** Records that the full outbox has let go of since the session began. */
    thinned: number
}

export function packedBody(batch: Buffer, thinned: number): Buffer {
    const out = new CborWriter()
    out.map(thinned > 0 ? 2 : 1)
    out.int(KEY_BATCH)
    out.bytes(batch)
    if (thinned > 0) {
        out.int(KEY_THINNED)
        out.int(thinned)
    }
    return out.result()
}

/** A batch and what goes with it, or why the body is none. Unknown keys are passed over. */
export function decodePackedBody(
    body: Buffer,
    baseOf: (fix: number) => PackedTail | undefined,
): PackedBody | Reject {
    const reader = new CborReader(body)
    let bytes: Buffer | undefined
    let thinned = 0
    const pairs = reader.map()
    for (let i = 0; i < pairs && reader.fault === undefined; i++) {
        const key = reader.mapKey()
        if (i === 0 && key !== KEY_BATCH) reader.refuse("batch-missing")
        if (key === KEY_BATCH) bytes = reader.bytes()
        else if (key === KEY_THINNED) thinned = reader.int()
        else reader.skip()
    }
    const fault = reader.finish()
    if (fault !== undefined) return reject(fault)
    if (bytes === undefined) return reject("batch-missing")
    if (thinned < 0) return reject("thinned-range")
    const batch = decodePacked(bytes, baseOf)
    if (batch.kind === "reject") return batch
    return { kind: "packed-body", batch: batch, thinned: thinned }
}
