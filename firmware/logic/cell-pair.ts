// A small state that is replaced as a whole: two cells take turns, and a cell's head follows its
// content, so a cut between any two bytes leaves the cell before it untouched.
//
//     0   generation   4 bytes, big-endian like what follows; one more at each write
//     4   length       2 bytes, of the content
//     6   check        4 bytes, over generation, length and content
//     10  content

import { putBigEndian } from "../../protocol/bytes.js"
import { CHECK_BYTES, checkOf, type Hash, isSameBytes, type Nvm } from "./nvm.js"

const LENGTH = 4
const CHECK = 6
export const CELL_HEAD_BYTES = CHECK + CHECK_BYTES
/** Reading back in pieces: the content a second time would not always fit in the heap. */
const PIECE_BYTES = 64

interface Cell {
    generation: number
    content: Buffer
}

export class CellPair {
    /**
     * Both cells hold, one write apart. Otherwise the last write was cut or a cell has decayed, and
     * a counter in here may have been given out already.
     */
    isUnbroken = false
    private generation = 0
    private newer = 0
    private contentBytesMax: number

    /** The pair takes twice `cellBytes` from `at` on. */
    constructor(
        private nvm: Nvm,
        private hash: Hash,
        private at: number,
        private cellBytes: number,
    ) {
        this.contentBytesMax = cellBytes - CELL_HEAD_BYTES
    }

    /** What the whole cells hold, the newer first. To be called before anything is stored. */
    load(): Buffer[] {
        const first = this.readCell(0)
        const second = this.readCell(1)
        const firstAt = first === undefined ? -1 : first.generation
        const secondAt = second === undefined ? -1 : second.generation
        this.newer = firstAt > secondAt ? 0 : 1
        this.generation = Math.max(firstAt, secondAt)
        if (first === undefined) return second === undefined ? [] : [second.content]
        if (second === undefined) return [first.content]
        this.isUnbroken = Math.abs(firstAt - secondAt) === 1
        return this.newer === 0 ? [first.content, second.content] : [second.content, first.content]
    }

    /** Replaces the older cell. False when it is too long, or the memory does not give it back. */
    store(content: Buffer): boolean {
        if (content.length > this.contentBytesMax) return false
        const cell = 1 - this.newer
        const generation = this.generation + 1
        const at = this.at + cell * this.cellBytes
        const head = Buffer.alloc(CELL_HEAD_BYTES)
        putBigEndian(head, 0, generation, LENGTH)
        putBigEndian(head, LENGTH, content.length, CHECK - LENGTH)
        head.set(checkOf(this.hash, at, head.slice(0, CHECK), content), CHECK)
        try {
            this.nvm.write(at + CELL_HEAD_BYTES, content)
            this.nvm.write(at, head)
            if (!this.holds(at, head) || !this.holds(at + CELL_HEAD_BYTES, content)) return false
        } catch {
            return false
        }
        this.generation = generation
        this.newer = cell
        this.isUnbroken = true
        return true
    }

    private holds(at: number, bytes: Buffer): boolean {
        for (let done = 0; done < bytes.length; done += PIECE_BYTES) {
            const piece = bytes.slice(done, Math.min(done + PIECE_BYTES, bytes.length))
            if (!isSameBytes(this.nvm.read(at + done, piece.length), piece)) return false
        }
        return true
    }

    private readCell(cell: number): Cell | undefined {
        const at = this.at + cell * this.cellBytes
        const head = this.nvm.read(at, CELL_HEAD_BYTES)
        const length = bigEndian(head, LENGTH, CHECK - LENGTH)
        if (length === 0 || length > this.contentBytesMax) return undefined
        const content = this.nvm.read(at + CELL_HEAD_BYTES, length)
        const check = checkOf(this.hash, at, head.slice(0, CHECK), content)
        if (!isSameBytes(check, head.slice(CHECK, CELL_HEAD_BYTES))) return undefined
        return { generation: bigEndian(head, 0, LENGTH), content: content }
    }
}

/** Reads an unsigned integer: shifts would make it signed. */
export function bigEndian(bytes: Buffer, at: number, count: number): number {
    let value = 0
    for (let i = 0; i < count; i++) value = value * 256 + bytes[at + i]
    return value
}
