// Chance, seeded. A `Prng` is drawn from in order (plans made once); `uniformAt` and `gaussianAt`
// answer for any index without drawing the ones before it (noise that random access must repeat).
// Not for secrets.
//
// Generator: sfc32 (C. Doty-Humphrey, PractRand), period at least 2^32. Hash: the 32-bit finaliser
// of MurmurHash3 (A. Appleby), both public domain.

export interface Prng {
    /** Uniform in [0, 1), 32 bits fine. */
    next(): number
    /** Uniform in [low, high). */
    between(low: number, high: number): number
    /** Mean 0, standard deviation 1. */
    gaussian(): number
    /**
     * A generator of its own, named. It depends on this one's seed and the label alone, not on how
     * much was drawn, so a new draw in one part of the world changes no other part.
     */
    fork(label: string | number): Prng
}

export function makePrng(seed: string | number): Prng {
    let a = hash32(seed, 0)
    let b = hash32(seed, 1)
    let c = hash32(seed, 2)
    let counter = 1
    const next = (): number => {
        const sum = (a + b + counter) | 0
        counter = (counter + 1) | 0
        a = b ^ (b >>> 9)
        b = (c + (c << 3)) | 0
        c = ((c << 21) | (c >>> 11)) + sum
        return (sum >>> 0) / 2 ** 32
    }
    // The author's advice: twelve rounds until every bit of the state depends on all of the seed.
    for (let round = 0; round < 12; round++) next()
    return {
        next,
        between: (low, high) => low + (high - low) * next(),
        gaussian: () => boxMuller(next(), next()),
        fork: (label) => makePrng(`${seed}/${label}`),
    }
}

/** A 32-bit unsigned key for `uniformAt` and `gaussianAt`, from a seed in words. */
export function noiseKey(seed: string | number): number {
    return hash32(seed, 3)
}

/** Uniform in [0, 1): always the same for a key and a whole-number index within ±2^53. */
export function uniformAt(key: number, index: number): number {
    const high = Math.floor(index / 2 ** 32)
    const mixed = mix32(key ^ mix32(high + 0x9e3779b9)) ^ mix32(index + 0x85ebca6b)
    return mix32(mixed) / 2 ** 32
}

/** Mean 0, standard deviation 1: always the same for a key and a whole-number index. */
export function gaussianAt(key: number, index: number): number {
    return boxMuller(uniformAt(key, 2 * index), uniformAt(key, 2 * index + 1))
}

function boxMuller(u: number, v: number): number {
    return Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v)
}

function hash32(seed: string | number, salt: number): number {
    const text = String(seed)
    let hash = mix32(salt + 1)
    for (let i = 0; i < text.length; i++) hash = mix32(Math.imul(hash, 31) + text.charCodeAt(i))
    return hash
}

/** A bijection of 32-bit numbers in which every input bit moves about half the output bits. */
function mix32(value: number): number {
    let mixed = value | 0
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return (mixed ^ (mixed >>> 16)) >>> 0
}
