// What a ledger holds of a device, opened from its sealed bytes with keys derived from what the bench
// wrote: later epochs as well, of which the gateway forgets the keys.

import { nodeAead, nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import { authenticate } from "../../gateway/core/ingest/open-uplink.js"
import type { Gateway } from "../../gateway/main.js"
import { MessageType } from "../../protocol/envelope.js"
import { decodeHello, type Hello } from "../../protocol/hello.js"
import { epochKeys, nextChainKey } from "../../protocol/keys.js"
import { DEVICE_ID } from "./case.js"

const RECORDS_MAX = 10_000
/** Of packed fixes, the first in a batch's body; a status begins with its instant. */
const BATCH_KEY = 4

/** Of batches of fixes, in the order in which they came. */
export function batchesOf(gateway: Gateway, chainKey: Buffer): Buffer[] {
    const bodies = bodiesOf(gateway, chainKey, MessageType.telemetry)
    return bodies.filter((body) => body[1] === BATCH_KEY)
}

export function hellosOf(gateway: Gateway, chainKey: Buffer): Hello[] {
    return bodiesOf(gateway, chainKey, MessageType.hello).map((body) => {
        const hello = decodeHello(body)
        if (hello.kind === "reject") throw new Error(hello.reason)
        return hello
    })
}

function bodiesOf(gateway: Gateway, chainKey: Buffer, type: MessageType): Buffer[] {
    const records = gateway.ledger.after(0, RECORDS_MAX).filter((one) => one.type === type)
    return records.map(({ epoch, message, session }) => {
        const keys = keysOf(chainKey, epoch)
        const opened = authenticate(nodeAead, keys, message, session)
        if (opened.kind === "reject") throw new Error(opened.reason)
        return opened.body
    })
}

function keysOf(chainKey: Buffer, epoch: number) {
    const deviceId = Buffer.from(DEVICE_ID, "hex")
    let chain = chainKey
    for (let i = 0; i < epoch; i++) chain = nextChainKey(nodeHkdf, chain, deviceId)
    return epochKeys(nodeHkdf, chain, deviceId, epoch)
}
