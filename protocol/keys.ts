// The key schedule [P-E20]. The tracker holds only its current chain key; the gateway derives every
// epoch from the root key in its vault. HKDF-SHA-256 with an empty salt, 32 bytes out.

import { putBigEndian } from "./bytes.js"

/** `hkdf(key, info)` gives 32 bytes. */
export type Hkdf = (key: Buffer, info: Buffer) => Buffer

export const DEVICE_ID_BYTES = 8
export const ROOT_KEY_BYTES = 32

export interface EpochKeys {
    epoch: number
    /** Seals what the tracker sends. */
    up: Buffer
    /** Seals what the gateway answers. */
    down: Buffer
    /** 8 characters: the MQTT user name and the name in topics. */
    handle: string
    /** 22 characters: admission to the broker only, trust comes from the seal. */
    password: string
}

/** Chain key of epoch 0. */
export function firstChainKey(hkdf: Hkdf, root: Buffer, deviceId: Buffer): Buffer {
    return hkdf(root, info("TRK1 chain", [deviceId]))
}

/** Chain key of the epoch that follows. There is no way back: what is overwritten is gone. */
export function nextChainKey(hkdf: Hkdf, chain: Buffer, deviceId: Buffer): Buffer {
    return hkdf(chain, info("TRK1 next", [deviceId]))
}

export function epochKeys(hkdf: Hkdf, chain: Buffer, deviceId: Buffer, epoch: number): EpochKeys {
    const number = Buffer.alloc(4)
    putBigEndian(number, 0, epoch, 4)
    const pass = hkdf(chain, info("TRK1 mqtt", [deviceId]))
    return {
        epoch: epoch,
        up: hkdf(chain, info("TRK1 key", [Buffer.from([1]), deviceId, number])),
        down: hkdf(chain, info("TRK1 key", [Buffer.from([2]), deviceId, number])),
        handle: handleOf(hkdf, chain, deviceId),
        password: base64url(pass.slice(0, 16)),
    }
}

/** The name under which a device comes in the epoch of this chain key. */
export function handleOf(hkdf: Hkdf, chain: Buffer, deviceId: Buffer): string {
    return base64url(hkdf(chain, info("TRK1 hdl", [deviceId])).slice(0, 6))
}

/** RFC 4648 section 5 without padding; written out because the tracker's runtime has only hex. */
export function base64url(bytes: Buffer): string {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    let text = ""
    let held = 0
    let bits = 0
    for (let i = 0; i < bytes.length; i++) {
        held = (held << 8) | bytes[i]
        bits += 8
        while (bits >= 6) {
            bits -= 6
            text += letters[(held >> bits) & 63]
        }
        held = held & ((1 << bits) - 1)
    }
    if (bits > 0) text += letters[(held << (6 - bits)) & 63]
    return text
}

function info(label: string, parts: Buffer[]): Buffer {
    const name = Buffer.from(label)
    let length = name.length
    for (const part of parts) length += part.length
    const joined = Buffer.alloc(length)
    joined.set(name, 0)
    let at = name.length
    for (const part of parts) {
        joined.set(part, at)
        at += part.length
    }
    return joined
}
