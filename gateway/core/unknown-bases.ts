// A batch that is chained to one which is not known: its record is held and was acknowledged like any
// other, its fixes nobody can read. The device is told in a further ack of the same record, so that
// its next batch is chained to none [P-E33].

import type { Aead } from "../../protocol/envelope.js"
import { UNKNOWN_BASE } from "./ingest/open-uplink.js"
import type { Uplink } from "./ingest/uplink.js"
import { type Admitted, sealAck } from "./intake.js"
import type { Clock, DerivedStep, Ledger, Log } from "./ports.js"

/**
 * A record that was received longer ago is not answered. By then the device has chained to others
 * and been told of those, or has connected anew, and then its batch is chained to none.
 */
export const ANSWER_WITHIN_MS = 30_000

export interface UnknownBasesParts {
    ledger: Ledger
    aead: Aead
    clock: Clock
    log: Log
    /** The device on its newest connection, or undefined while it has none. */
    connected: (deviceId: string) => Admitted | undefined
    send: (device: Admitted, message: Buffer) => void
}

export class UnknownBases {
    /** Records up to this one were received in an earlier run: deriving them anew tells nobody. */
    private readonly heardBefore: number

    constructor(private readonly parts: UnknownBasesParts) {
        this.heardBefore = parts.ledger.count()
    }

    /** Tells each device once of what has just been derived: it has one base to drop. */
    answer(steps: readonly DerivedStep[]): void {
        const newest = new Map<string, Uplink>()
        for (const { uplink, derived } of steps)
            if (derived.rejected === UNKNOWN_BASE && this.isFresh(uplink))
                newest.set(uplink.deviceId, uplink)
        for (const uplink of newest.values()) this.tell(uplink)
    }

    private isFresh({ id, receivedAtMs }: Uplink): boolean {
        return id > this.heardBefore && this.parts.clock.nowMs() - receivedAtMs <= ANSWER_WITHIN_MS
    }

    private tell({ deviceId, epoch, session, seq }: Uplink): void {
        const { ledger, aead, connected, send, log } = this.parts
        const device = connected(deviceId)
        if (!device) return
        try {
            const downlink = ledger.nextDownlink(deviceId)
            if (!downlink) return
            const counter = ledger.counterOf(deviceId, session) ?? 0
            const ack = { kind: "ack" as const, epoch, session: counter, seq, earlier: 0 }
            send(device, sealAck(aead, device.keys, { ...ack, isBaseUnknown: true }, downlink))
        } catch (error) {
            // It is told of its next batch instead, which cannot be read either.
            log("error", `device ${deviceId}: unknown base not told: ${(error as Error).message}`)
        }
    }
}
