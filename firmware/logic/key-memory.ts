// The chain key of today's epoch, and when it turns [P-E23].

import type { EpochKeys, Hkdf } from "../../protocol/keys.js"
import { epochKeys } from "../../protocol/keys.js"

/** Messages after which an epoch turns within the day. */
export const EPOCH_MESSAGES_MAX = 65536
/**
 * Epochs that the tracker goes ahead of the last one in which the gateway has answered. The gateway
 * looks 64 ahead: past that it would not know the tracker any more.
 */
export const EPOCHS_AHEAD_MAX = 60

export interface KeyMemory {
    keys: EpochKeys
    /** Turns the epoch when that is due. True when it has turned. */
    turnIfDue(dayUtc: number, sealedInEpoch: number): boolean
    /** The gateway has answered under today's keys. */
    noteAnswered(): void
}

/** A board without FRAM cannot forget a key, and stays in the epoch that the bench gave it. */
export class FixedKeys implements KeyMemory {
    keys: EpochKeys

    constructor(hkdf: Hkdf, chain: Buffer, deviceId: Buffer) {
        this.keys = epochKeys(hkdf, chain, deviceId, 0)
    }
    turnIfDue(): boolean {
        return false
    }
    noteAnswered(): void {
        // Its epoch never turns.
    }
}
