// Orders as bytes, big-endian but for the fences (fence-list.ts); 1,025 bytes where there are as many of
// those as there may be.
//
//     0   version        1        12  live until   5    28  last stamp      2
//     1   profile        1        17  mandate end  5    30  mandate length  1
//     2   live bound     2        22  end seen     1    31  mandate         16
//     4   history bound  2        23  wipe by      5    47  fences' length  2
//     6   hold           3                              49  fences
//     9   heartbeat      3        what may be -1 stands one higher

import { putBigEndian } from "../../protocol/bytes.js"
import { MANDATE_BYTES_MAX } from "../../protocol/command.js"
import { bigEndian } from "./cell-pair.js"
import { FENCES_BYTES_MAX, fencesIn } from "./fence-list.js"
import { newOrders, type Orders } from "./orders.js"

const VERSION = 1
const LIVE_UNTIL = 12
const MANDATE_END = 17
const END_SEEN = 22
const WIPE_BY = 23
const UTC_BYTES = 5
const LAST_STAMP = 28
const MANDATE_LENGTH = 30
const MANDATE = 31
const FENCES_LENGTH = 47
const FENCES = 49

export const ORDERS_BYTES_MAX = FENCES + FENCES_BYTES_MAX

export function packOrders(orders: Orders): Buffer {
    const out = Buffer.alloc(FENCES + orders.fences.length)
    out[0] = VERSION
    out[1] = orders.profile + 1
    putBigEndian(out, 2, orders.overrides.liveBoundM + 1, 2)
    putBigEndian(out, 4, orders.overrides.historyBoundM + 1, 2)
    putBigEndian(out, 6, orders.overrides.holdS + 1, 3)
    putBigEndian(out, 9, orders.overrides.heartbeatS + 1, 3)
    putBigEndian(out, LIVE_UNTIL, orders.liveUntilS + 1, UTC_BYTES)
    putBigEndian(out, MANDATE_END, orders.mandateEndS + 1, UTC_BYTES)
    out[END_SEEN] = orders.endSeen
    putBigEndian(out, WIPE_BY, orders.wipeByS + 1, UTC_BYTES)
    putBigEndian(out, LAST_STAMP, orders.lastStamp, 2)
    out[MANDATE_LENGTH] = orders.mandate.length
    out.set(orders.mandate, MANDATE)
    putBigEndian(out, FENCES_LENGTH, orders.fences.length, 2)
    out.set(orders.fences, FENCES)
    return out
}

/** Undefined where the bytes are of another version or no orders at all. Others may follow them. */
export function unpackOrders(bytes: Buffer): Orders | undefined {
    if (bytes.length < FENCES || bytes[0] !== VERSION) return undefined
    if (bytes[MANDATE_LENGTH] > MANDATE_BYTES_MAX) return undefined
    const end = FENCES + bigEndian(bytes, FENCES_LENGTH, 2)
    if (end > bytes.length) return undefined
    const orders = newOrders()
    orders.profile = bytes[1] - 1
    orders.overrides.liveBoundM = bigEndian(bytes, 2, 2) - 1
    orders.overrides.historyBoundM = bigEndian(bytes, 4, 2) - 1
    orders.overrides.holdS = bigEndian(bytes, 6, 3) - 1
    orders.overrides.heartbeatS = bigEndian(bytes, 9, 3) - 1
    orders.liveUntilS = bigEndian(bytes, LIVE_UNTIL, UTC_BYTES) - 1
    orders.mandateEndS = bigEndian(bytes, MANDATE_END, UTC_BYTES) - 1
    orders.endSeen = bytes[END_SEEN]
    orders.wipeByS = bigEndian(bytes, WIPE_BY, UTC_BYTES) - 1
    orders.lastStamp = bigEndian(bytes, LAST_STAMP, 2)
    orders.mandate = bytes.slice(MANDATE, MANDATE + bytes[MANDATE_LENGTH])
    orders.fences = bytes.slice(FENCES, end)
    return fencesIn(orders.fences) === undefined ? undefined : orders
}
