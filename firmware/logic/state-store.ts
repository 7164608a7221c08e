// What the decisions remember over a sleep: rows of integers, one row for each of them, replaced
// together. A decision that finds no row, or one of another length, begins anew.

import { CborReader, CborWriter } from "../../protocol/cbor.js"
import { CellPair } from "./cell-pair.js"
import type { Hash, Nvm } from "./nvm.js"
import { STATE_CELL_BYTES, STATE_CELLS_AT } from "./nvm-layout.js"

/** Of another version the rows mean something else. */
const VERSION = 1
const HEAD_BYTES = 8
const CONTENT_BYTES = STATE_CELL_BYTES - HEAD_BYTES
const ROWS_MAX = 32
const NUMBERS_MAX = 64

export interface StateStore {
    /** As they were saved last; none on a first boot. */
    load(): number[][]
    /** False when they could not be kept. */
    save(rows: number[][]): boolean
}

export class NvmStateStore implements StateStore {
    private cells: CellPair

    constructor(nvm: Nvm, hash: Hash) {
        this.cells = new CellPair(nvm, hash, STATE_CELLS_AT, STATE_CELL_BYTES, CONTENT_BYTES)
    }

    load(): number[][] {
        this.cells.load()
        const content = this.cells.content
        return content === undefined ? [] : rowsOf(content)
    }

    save(rows: number[][]): boolean {
        const out = new CborWriter()
        out.array(rows.length + 1)
        out.int(VERSION)
        for (const row of rows) {
            out.array(row.length)
            for (const value of row) out.int(value)
        }
        const bytes = out.result()
        if (2 + bytes.length > CONTENT_BYTES) return false
        const content = Buffer.alloc(CONTENT_BYTES)
        content[0] = bytes.length >> 8
        content[1] = bytes.length & 255
        content.set(bytes, 2)
        return this.cells.store(content)
    }
}

/** For boards without FRAM. */
export class RamStateStore implements StateStore {
    private rows: number[][] = []

    load(): number[][] {
        return this.rows
    }
    save(rows: number[][]): boolean {
        this.rows = rows
        return true
    }
}

function rowsOf(content: Buffer): number[][] {
    const length = content[0] * 256 + content[1]
    if (2 + length > content.length) return []
    const reader = new CborReader(content.slice(2, 2 + length))
    const rows: number[][] = []
    const count = reader.array() - 1
    if (reader.int() !== VERSION || count > ROWS_MAX) return []
    for (let i = 0; i < count && reader.fault === undefined; i++) {
        const row: number[] = []
        const numbers = reader.array()
        if (numbers > NUMBERS_MAX) return []
        for (let k = 0; k < numbers && reader.fault === undefined; k++) row.push(reader.int())
        rows.push(row)
    }
    return reader.finish() === undefined ? rows : []
}
