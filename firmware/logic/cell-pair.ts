// A small state that is replaced as a whole: two cells take turns, and a cell's head follows its
// content, so a cut between any two bytes leaves the cell before it untouched.
//
//     0   generation   4 bytes, big-endian; one more at each write
//     4   check        4 bytes, over generation and content
//     8   content

import { putBigEndian } from "../../protocol/bytes.js"
import { CHECK_BYTES, checkOf, type Hash, isSameBytes, type Nvm } from "./nvm.js"

const GENERATION_BYTES = 4
const HEAD_BYTES = GENERATION_BYTES + CHECK_BYTES

export class CellPair {
    /** Content of the newer whole cell; undefined when there is none. */
    content: Buffer | undefined = undefined
    /** Content of the older one. */
    previous: Buffer | undefined = undefined
    /**
     * Both cells hold, one write apart. Otherwise the last write was cut or a cell has decayed, and
     * a counter in here may have been given out already.
     */
    isUnbroken = false
    private generation = 0
    private newer = 0

    /** The pair takes twice `cellBytes` from `at` on. */
    constructor(
        private nvm: Nvm,
        private hash: Hash,
        private at: number,
        private cellBytes: number,
        private contentBytes: number,
    ) {}

    load(): void {
        const first = this.readCell(0)
        const second = this.readCell(1)
        this.isUnbroken = false
        this.content = undefined
        this.previous = undefined
        if (first === undefined && second === undefined) return
        const firstAt = first === undefined ? -1 : generationOf(first)
        const secondAt = second === undefined ? -1 : generationOf(second)
        this.newer = firstAt > secondAt ? 0 : 1
        this.generation = Math.max(firstAt, secondAt)
        this.content = contentOf(this.newer === 0 ? first : second)
        this.previous = contentOf(this.newer === 0 ? second : first)
        this.isUnbroken = this.previous !== undefined && Math.abs(firstAt - secondAt) === 1
    }

    /** Replaces the older cell. False when the memory does not give back what was written. */
    store(content: Buffer): boolean {
        const cell = 1 - this.newer
        const generation = this.generation + 1
        const at = this.at + cell * this.cellBytes
        const checked = Buffer.alloc(GENERATION_BYTES + content.length)
        putBigEndian(checked, 0, generation, GENERATION_BYTES)
        checked.set(content, GENERATION_BYTES)
        const head = Buffer.alloc(HEAD_BYTES)
        putBigEndian(head, 0, generation, GENERATION_BYTES)
        head.set(checkOf(this.hash, at, checked), GENERATION_BYTES)
        try {
            this.nvm.write(at + HEAD_BYTES, content)
            this.nvm.write(at, head)
            const back = this.nvm.read(at, HEAD_BYTES + content.length)
            if (!isSameBytes(back.slice(0, HEAD_BYTES), head)) return false
            if (!isSameBytes(back.slice(HEAD_BYTES, back.length), content)) return false
        } catch {
            return false
        }
        this.previous = this.content
        this.content = content
        this.generation = generation
        this.newer = cell
        this.isUnbroken = true
        return true
    }

    /** Generation and content of a whole cell. */
    private readCell(cell: number): Buffer | undefined {
        const at = this.at + cell * this.cellBytes
        const bytes = this.nvm.read(at, HEAD_BYTES + this.contentBytes)
        const checked = Buffer.alloc(GENERATION_BYTES + this.contentBytes)
        checked.set(bytes.slice(0, GENERATION_BYTES), 0)
        checked.set(bytes.slice(HEAD_BYTES, bytes.length), GENERATION_BYTES)
        const check = bytes.slice(GENERATION_BYTES, HEAD_BYTES)
        return isSameBytes(check, checkOf(this.hash, at, checked)) ? checked : undefined
    }
}

/** Reads an unsigned integer: shifts would make it signed. */
export function bigEndian(bytes: Buffer, at: number, count: number): number {
    let value = 0
    for (let i = 0; i < count; i++) value = value * 256 + bytes[at + i]
    return value
}

function generationOf(cell: Buffer): number {
    return bigEndian(cell, 0, GENERATION_BYTES)
}
function contentOf(cell: Buffer | undefined): Buffer | undefined {
    return cell === undefined ? undefined : cell.slice(GENERATION_BYTES, cell.length)
}
