/**
 * Byte-addressed memory that keeps what it holds without power. Each byte is written at once or not
 * at all, lower addresses first; a write of many bytes may be cut between any two of them. Both
 * calls throw when the part does not answer.
 */
export interface Nvm {
    readonly size: number
    read(at: number, count: number): Buffer
    write(at: number, bytes: Buffer): void
}

/** RAM in its place, on a board without: a reset loses it. */
export class RamNvm implements Nvm {
    private bytes: Buffer

    constructor(public readonly size: number) {
        this.bytes = Buffer.alloc(size)
    }
    read(at: number, count: number): Buffer {
        return this.bytes.slice(at, at + count)
    }
    write(at: number, bytes: Buffer): void {
        this.bytes.set(bytes, at)
    }
}

/** SHA-256, 32 bytes. */
export type Hash = (data: Buffer) => Buffer

export const CHECK_BYTES = 4

/**
 * Tells a torn or decayed stretch from a whole one, wherever in the memory it lies. The start of a
 * SHA-256 because the chip computes one at once, and a CRC-32 would take the script 10,000 steps.
 */
export function checkOf(hash: Hash, at: number, data: Buffer): Buffer {
    const placed = Buffer.alloc(2 + data.length)
    placed[0] = at >> 8
    placed[1] = at & 255
    placed.set(data, 2)
    return hash(placed).slice(0, CHECK_BYTES)
}

export function isSameBytes(a: Buffer, b: Buffer): boolean {
    if (a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
    return true
}
