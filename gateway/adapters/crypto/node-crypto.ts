import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto"
import type { Aead } from "../../../protocol/envelope.js"
import type { Hkdf } from "../../../protocol/keys.js"

const ALGORITHM = "aes-256-ccm"

/** AES-256-CCM by OpenSSL, byte for byte what the tracker's runtime computes. */
export const nodeAead: Aead = {
    seal(key, nonce, body, tagBytes) {
        const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: tagBytes })
        return Buffer.concat([cipher.update(body), cipher.final(), cipher.getAuthTag()])
    },
    open(key, nonce, sealed, tagBytes) {
        const textBytes = sealed.length - tagBytes
        if (textBytes < 0) return undefined
        const cipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: tagBytes })
        cipher.setAuthTag(sealed.subarray(textBytes))
        const body = cipher.update(sealed.subarray(0, textBytes))
        try {
            cipher.final()
        } catch {
            return undefined
        }
        return body
    },
}

export const nodeHkdf: Hkdf = (key, info) =>
    Buffer.from(hkdfSync("sha256", key, Buffer.alloc(0), info, 32))
