// The tracker's own machine against Node: the same seeded batches, the same bytes.

import { describe, expect, it } from "vitest"
import { packedLine } from "../device/runs/packed-run.js"
import { cases } from "../support/cases.js"
import { runOnDevice } from "../support/device-run.js"

const BATCHES = cases(240, 6000)
/** Virtual: until the program starts, and for its rests of a millisecond. */
const START_S = 1.5
const BATCH_S = 0.0055

describe("packed batches on the tracker's machine", () => {
    it(
        "are byte for byte those of Node, and read back to themselves",
        async () => {
            const { said, complaints } = await runOnDevice("packed", START_S + BATCHES * BATCH_S)
            expect(complaints).toEqual([])
            expect(said.length).toBeGreaterThanOrEqual(BATCHES)
            for (let index = 0; index < BATCHES; index++) {
                const line = await packedLine(index, () => Promise.resolve())
                expect(said[index]?.text, `batch ${index}`).toBe(line)
                const [bytes, again] = line.split(" ")
                if (again !== undefined) expect(again, `batch ${index}, written again`).toBe(bytes)
            }
        },
        cases(30_000, 900_000),
    )
})
