// Whether the non-volatile memory keeps what is written, and is as large as the layout takes it to be.
// It is tried where nothing is kept, so a power cut in the middle costs nothing.

import { isSameBytes, type Nvm } from "./nvm.js"

/** Behind the marker of a wipe, before what the decisions remember (nvm-layout.ts). */
export const MEMORY_TEST_AT = 0x0140
export const MEMORY_TEST_BYTES = 32
/** A smaller part of the same family begins anew there, and would overwrite itself. */
const SMALLER_BYTES = [8192, 16384]

/**
 * What is wrong, or undefined: `memory-byte-325: 0, expected 118`, the first one that kept another value
 * than was written; `memory-size: 8192, expected 32768`. What lay there is put back. Throws where the
 * part does not answer.
 */
export function testMemory(nvm: Nvm): string | undefined {
    // A copy: on Node a memory in RAM gives a view.
    const before = Buffer.alloc(MEMORY_TEST_BYTES)
    before.set(nvm.read(MEMORY_TEST_AT, MEMORY_TEST_BYTES), 0)
    const pattern = Buffer.alloc(MEMORY_TEST_BYTES)
    const inverse = Buffer.alloc(MEMORY_TEST_BYTES)
    for (let i = 0; i < MEMORY_TEST_BYTES; i++) {
        // 73 is odd: no two bytes are alike, so one that lands elsewhere is seen.
        pattern[i] = (i * 73 + 29) & 255
        inverse[i] = 255 - pattern[i]
    }
    let fault = written(nvm, pattern)
    if (fault === undefined) fault = sizeFault(nvm, pattern)
    if (fault === undefined) fault = written(nvm, inverse)
    const back = written(nvm, before)
    return fault === undefined ? back : fault
}

function written(nvm: Nvm, bytes: Buffer): string | undefined {
    nvm.write(MEMORY_TEST_AT, bytes)
    const back = nvm.read(MEMORY_TEST_AT, MEMORY_TEST_BYTES)
    for (let i = 0; i < MEMORY_TEST_BYTES; i++)
        if (back[i] !== bytes[i])
            return `memory-byte-${MEMORY_TEST_AT + i}: ${back[i]}, expected ${bytes[i]}`
    return undefined
}

/** `pattern` lies there: where it is found again the addresses begin anew. */
function sizeFault(nvm: Nvm, pattern: Buffer): string | undefined {
    for (const bytes of SMALLER_BYTES) {
        const at = MEMORY_TEST_AT + bytes
        if (at + MEMORY_TEST_BYTES > nvm.size) continue
        if (isSameBytes(nvm.read(at, MEMORY_TEST_BYTES), pattern))
            return `memory-size: ${bytes}, expected ${nvm.size}`
    }
    return undefined
}
