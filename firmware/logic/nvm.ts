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

/** SHA-256 of the parts one behind the other, 32 bytes. */
export type Hash = (parts: Buffer[]) => Buffer

export const CHECK_BYTES = 4

/**
 * Tells a torn or decayed stretch from a whole one, wherever in the memory it lies. The start of a
 * SHA-256 because the chip computes one at once, and a CRC-32 would take the script 10,000 steps.
 * `parts` lie one behind the other: to join them would take the heap as much again.
 */
export function checkOf(hash: Hash, at: number, ...parts: Buffer[]): Buffer {
    return hash([Buffer.from([at >> 8, at & 255]), ...parts]).slice(0, CHECK_BYTES)
}

/** As text: the chip writes and compares it at once, and byte by byte takes the script 20 steps each. */
export function isSameBytes(a: Buffer, b: Buffer): boolean {
    return a.length === b.length && a.toString("hex") === b.toString("hex")
}
