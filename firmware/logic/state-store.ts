// What the decisions remember over a sleep: rows of integers, one row for each of them, replaced
// together. A decision that finds no row, or one of another length, begins anew.

import { CborReader, CborWriter } from "../../protocol/cbor.js"
import { CellPair } from "./cell-pair.js"
import type { Hash, Nvm } from "./nvm.js"
import { STATE_CELL_BYTES, STATE_CELLS_AT } from "./nvm-layout.js"

/** Of another version the rows mean something else. */
const VERSION = 1
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
        this.cells = new CellPair(nvm, hash, STATE_CELLS_AT, STATE_CELL_BYTES)
    }

    load(): number[][] {
        const kept = this.cells.load()
        return kept.length === 0 ? [] : rowsOf(kept[0])
    }

    save(rows: number[][]): boolean {
        const out = new CborWriter()
        out.array(rows.length + 1)
        out.int(VERSION)
        for (const row of rows) {
            out.array(row.length)
            for (const value of row) out.int(value)
        }
        return this.cells.store(out.result())
    }
}

/** For boards without FRAM: a program asks once, at its start, when there could be nothing yet. */
export class RamStateStore implements StateStore {
    load(): number[][] {
        return []
    }
    save(): boolean {
        return true
    }
}

function rowsOf(content: Buffer): number[][] {
    const reader = new CborReader(content)
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
