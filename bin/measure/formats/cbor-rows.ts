// The obvious compact format: a CBOR array of rows, each an array of whole numbers in the same quanta
// as ours (0.1 s, 1e-6 deg, 1 m, 0.1 m/s, 1 deg, 0.1 m), a column left out where a track has none of
// it and null where only a fix lacks it. No differences, no packing, no seal.

import { CborWriter } from "../../../protocol/cbor.js"

const NULL = Buffer.from([0xf6])

export function encodeCborRows(rows: readonly (readonly (number | undefined)[])[]): Buffer {
    const out = new CborWriter()
    out.array(rows.length)
    for (const row of rows) {
        out.array(row.length)
        for (const value of row) {
            if (value === undefined) out.raw(NULL)
            else out.int(value)
        }
    }
    return out.result()
}
