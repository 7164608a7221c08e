// Numbers into bytes, exact past 32 bits. On the tracker `%` wraps its operands into 32 bits, as `&`
// and shifts do everywhere; division and subtraction stay exact (docs/decisions/0005).

/** Byte `index` of a non-negative integer, 0 for the lowest. */
export function byteOf(value: number, index: number): number {
    return partOf(value, 256 ** index, 256)
}

/** Bit `index` of a non-negative integer, 0 for the lowest. */
export function bitOf(value: number, index: number): number {
    return partOf(value, 2 ** index, 2)
}

/** Writes the lowest `count` bytes of an integer into `out`, highest first. */
export function putBigEndian(out: Buffer, at: number, value: number, count: number): void {
    for (let i = 0; i < count; i++) out[at + i] = byteOf(value, count - 1 - i)
}

function partOf(value: number, unit: number, base: number): number {
    const whole = Math.floor(value / unit)
    return whole - Math.floor(whole / base) * base
}
