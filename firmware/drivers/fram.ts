// A 32 KB FRAM (MB85RC256V or alike) on the I2C bus. The native transaction answers at once, so what
// is made of several writes is not mixed with another fiber's.

import * as ds from "@devicescript/core"
import type { Nvm } from "../logic/nvm.js"

interface Natives {
    _i2cTransaction(address: number, write: Buffer, read: Buffer): number
}

const ADDRESS = 0x50
const FRAM_BYTES = 32768
/** The bus stops the program meanwhile: 128 bytes take 3 ms at 400 kHz. */
const CHUNK_BYTES = 128

export class Fram implements Nvm {
    size = FRAM_BYTES

    read(at: number, count: number): Buffer {
        const all = Buffer.alloc(count)
        for (let done = 0; done < count; done += CHUNK_BYTES) {
            const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, count - done))
            transact(addressOf(at + done), chunk)
            all.set(chunk, done)
        }
        return all
    }

    write(at: number, bytes: Buffer): void {
        for (let done = 0; done < bytes.length; done += CHUNK_BYTES) {
            const count = Math.min(CHUNK_BYTES, bytes.length - done)
            const chunk = Buffer.alloc(2 + count)
            chunk.set(addressOf(at + done), 0)
            chunk.set(bytes.slice(done, done + count), 2)
            transact(chunk, undefined)
        }
    }
}

/** The memory, or undefined on a board that has none. */
export function findFram(): Fram {
    const fram = new Fram()
    try {
        fram.read(0, 1)
        return fram
    } catch {
        return undefined
    }
}

function addressOf(at: number): Buffer {
    return Buffer.from([at >> 8, at & 255])
}
function transact(write: Buffer, read: Buffer): void {
    const status = (ds as unknown as Natives)._i2cTransaction(ADDRESS, write, read)
    if (status !== 0) throw new Error(`FRAM: bus error ${status}`)
}
