import { type Aead, openEnvelope, parseEnvelope } from "../../../protocol/envelope.js"
import { type Reject, reject } from "../../../protocol/reject.js"
import { decodeResponse, type Response } from "../../../protocol/response.js"
import type { Uplink } from "../ingest/uplink.js"
import type { Vault } from "../ports.js"

/** The response in a record of the ledger, or why there is none. */
export function readResponse(
    vault: Pick<Vault, "keysOf">,
    aead: Aead,
    uplink: Uplink,
): Response | Reject {
    const envelope = parseEnvelope(uplink.message)
    if (envelope.kind === "reject") return envelope
    const keys = vault.keysOf(uplink.deviceId, uplink.epoch)
    if (!keys) return reject("epoch-unknown")
    const body = openEnvelope(aead, keys.up, envelope, Buffer.from(uplink.session, "hex"))
    return body ? decodeResponse(body) : reject("bad-tag")
}

/**
 * The command that a response is about, of those told under its counters. A board without memory counts
 * no sessions (0): there the salt alone tells. One that has lost its memory counts them anew, so the
 * salt of the record decides where two fit.
 */
export function commandOf(
    told: readonly { id: number; salt: string }[],
    response: Response,
    recordSalt: string,
): number | undefined {
    const sameSalt = told.find(({ salt }) => salt === recordSalt)
    if (sameSalt) return sameSalt.id
    return response.session > 0 && told.length === 1 ? told[0]!.id : undefined
}
