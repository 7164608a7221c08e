import type { UnixMs } from "../../../protocol/units.js"

/** One message as received and made durable, sealed bytes included. */
export interface Uplink {
    /** Position in the ledger: the order in which everything is derived. */
    id: number
    deviceId: string
    epoch: number
    /** Salt of the session, hexadecimal. */
    session: string
    seq: number
    type: number
    message: Buffer
    receivedAtMs: UnixMs
}
