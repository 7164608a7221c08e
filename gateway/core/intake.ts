// From the broker to the ledger and back: a message whose seal holds is made durable, and only then
// is there an acknowledgement to send.

import { encodeAck } from "../../protocol/ack.js"
import { type Aead, MessageType, sealMessage } from "../../protocol/envelope.js"
import type { EpochKeys } from "../../protocol/keys.js"
import { type Reject, reject } from "../../protocol/reject.js"
import type { UnixMs } from "../../protocol/units.js"
import { authenticate } from "./ingest/open-uplink.js"
import type { Appended, Ledger } from "./ports.js"

/** The device behind a handle, as admission to the broker found it. */
export interface Admitted {
    deviceId: string
    keys: EpochKeys
}

export interface Arrival {
    device: Admitted
    message: Buffer
    receivedAtMs: UnixMs
    /** Address of the connection. */
    remote: string
}

/** held: the record is durable and `ack` tells the device so. */
export type IntakeResult = { kind: "held"; ack: Buffer; isNew: boolean } | Reject

/** Rejects (the promise) only when the ledger cannot be written: then nothing is acknowledged. */
export async function takeIn(ledger: Ledger, aead: Aead, arrival: Arrival): Promise<IntakeResult> {
    const { deviceId, keys } = arrival.device
    // The broker's buffer is shared with its next packet.
    const message = Buffer.from(arrival.message)
    const authentic = authenticate(aead, keys, message, ledger.sessionOf(deviceId))
    if (authentic.kind === "reject") return authentic
    const { session, seq, type } = authentic
    const appended = await ledger.append({
        deviceId,
        epoch: keys.epoch,
        session,
        seq,
        type,
        message,
        receivedAtMs: arrival.receivedAtMs,
        remote: arrival.remote,
    })
    if (appended.kind === "conflict") return reject("nonce-reuse")
    const ack = sealAck(aead, keys, session, seq, appended)
    return { kind: "held", ack, isNew: appended.kind === "stored" }
}

function sealAck(
    aead: Aead,
    keys: EpochKeys,
    session: string,
    seq: number,
    { earlier, downlinkSeq }: Appended,
): Buffer {
    const body = encodeAck({ kind: "ack", epoch: keys.epoch, session: 0, seq, earlier })
    const salt = Buffer.from(session, "hex")
    const options = { type: MessageType.ack, salt, carrySalt: false, seq: downlinkSeq }
    return sealMessage(aead, keys.down, options, body)
}
