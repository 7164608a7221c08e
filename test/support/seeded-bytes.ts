import { createHash } from "node:crypto"

/** Bytes that look random and are the same at every run. */
export function seededBytes(seed: number): (count: number) => Buffer {
    let block = 0
    let rest = Buffer.alloc(0)
    return (count) => {
        while (rest.length < count) {
            const next = createHash("sha512").update(`${seed}:${block++}`).digest()
            rest = Buffer.concat([rest, next])
        }
        const bytes = rest.subarray(0, count)
        rest = rest.subarray(count)
        return Buffer.from(bytes)
    }
}
