import { decrypt, digest, encrypt, randomBuffer, sha256Hkdf } from "@devicescript/crypto"
import type { Aead } from "../../protocol/envelope.js"

const ALGORITHM = "aes-256-ccm"
type TagLength = 8 | 16

class BoardAead implements Aead {
    seal(key: Buffer, nonce: Buffer, body: Buffer, tagBytes: number): Buffer {
        const tagLength = tagBytes as TagLength
        return encrypt({ data: body, algo: ALGORITHM, key: key, iv: nonce, tagLength: tagLength })
    }
    /** The runtime throws on a bad tag; to the caller that is an answer. */
    open(key: Buffer, nonce: Buffer, sealed: Buffer, tagBytes: number): Buffer {
        const tagLength = tagBytes as TagLength
        try {
            return decrypt({
                data: sealed,
                algo: ALGORITHM,
                key: key,
                iv: nonce,
                tagLength: tagLength,
            })
        } catch {
            return undefined
        }
    }
}

export function boardAead(): Aead {
    return new BoardAead()
}

export function hkdf(key: Buffer, info: Buffer): Buffer {
    return sha256Hkdf(key, info)
}

/** Uniform in [0, 1) from the hardware's source: Math.random has no seed in the runtime. */
export function random(): number {
    const bytes = randomBuffer(3)
    return (bytes[0] * 65536 + bytes[1] * 256 + bytes[2]) / 16777216
}

/** Of the parts one behind the other. */
export function sha256(parts: Buffer[]): Buffer {
    return digest("sha256", ...parts)
}

/** From the hardware's source, which is a true one only while the radio runs. */
export function randomBytes(count: number): Buffer {
    return randomBuffer(count)
}
