// Writes the same batch again and again in each profile and tells the host when it begins and ends:
// the host's CPU time between the two is what writing costs on the tracker's machine.

import * as ds from "@devicescript/core"
import { CodecRun } from "./runs/codec-run.js"
import { tell } from "./runs/tell.js"

const ROUNDS = 40
/** -1 writes nothing: what the loop itself costs. */
const TRIED = [-1, 0, 1, 2, 24]

for (const profile of TRIED) {
    const first = new CodecRun(profile)
    while (first.next()) await ds.sleep(1)
    for (const body of first.bodies) tell("body", `${profile} ${body.toString("hex")}`)
    tell("begin", `${profile} ${ROUNDS}`)
    for (let round = 0; round < ROUNDS; round++) {
        const run = new CodecRun(profile)
        while (run.next()) await ds.sleep(1)
    }
    tell("end", `${profile}`)
}
