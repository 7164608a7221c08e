// The salt of a new session [P-E12]: 32 fresh random bytes, what all boots before have gathered, and
// everything that tells this boot from another. Any one of them keeps two sessions apart.

import { putBigEndian } from "../../protocol/bytes.js"
import { SALT_BYTES } from "../../protocol/envelope.js"
import type { Hash } from "./nvm.js"

export interface SaltSeed {
    /** 32 bytes, drawn once the radio runs: before that the chip's source is a plain generator. */
    random: Buffer
    /** Empty without FRAM. */
    pool: Buffer
    counter: number
    uptimeMs: number
    deviceId: Buffer
}

/** Salt, and the pool for the next session. The salt goes over the air; the pool never does. */
export function drawSalt(hash: Hash, seed: SaltSeed): { salt: Buffer; pool: Buffer } {
    const numbers = Buffer.alloc(8)
    putBigEndian(numbers, 0, seed.counter, 4)
    putBigEndian(numbers, 4, Math.floor(seed.uptimeMs), 4)
    const digest = hash([seed.random, seed.pool, numbers, seed.deviceId])
    return { salt: digest.slice(0, SALT_BYTES), pool: hash([seed.pool, digest]) }
}
