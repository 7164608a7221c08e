// Profile 0, the readable fallback. It has all eight columns in every row, so a value that a track has
// not is the one before it once more: a difference of 0, one byte.

import {
    BATCH_FIXES_MAX,
    decodeFixBatch,
    type Fix,
    FixBatchWriter,
    PROFILE_PLAIN,
} from "../../protocol/fix.js"
import type { BatchCodec, BatchRun, Body } from "./batch-codec.js"
import { FIX_TOLERANCES, measuredOf, quantisedFix } from "./fix-quanta.js"
import type { MeasuredFix } from "./measured-fix.js"

export const plainCodec: BatchCodec = {
    name: "plain",
    profile: PROFILE_PLAIN,
    chained: false,
    tolerances: FIX_TOLERANCES,
    open: () => new PlainRun(),
}

const UNKNOWN: Omit<Fix, "kind" | "timeDs" | "latUdeg" | "lonUdeg"> = {
    altM: 0,
    speedDmps: 0,
    courseDeg: 0,
    accuracyDm: 1,
    satellites: 0,
}

class PlainRun implements BatchRun {
    private nextFix = 0
    private before = UNKNOWN

    encode(fixes: readonly MeasuredFix[]): Body[] {
        const bodies: Body[] = []
        let writer = new FixBatchWriter(this.nextFix)
        const close = () => {
            if (writer.count > 0) bodies.push({ bytes: writer.body(0), fixes: writer.count })
            writer = new FixBatchWriter(this.nextFix)
        }
        for (const measured of fixes) {
            const fix = this.fixOf(measured)
            if (writer.count === BATCH_FIXES_MAX || !writer.add(fix)) {
                close()
                writer.add(fix)
            }
            this.nextFix++
        }
        close()
        return bodies
    }

    decode(body: Buffer): MeasuredFix[] {
        const batch = decodeFixBatch(body)
        if (batch.kind === "reject") throw new Error(`a body was refused: ${batch.reason}`)
        return batch.fixes.map(measuredOf)
    }

    private fixOf(measured: MeasuredFix): Fix {
        const { timeDs, latUdeg, lonUdeg, ...known } = quantisedFix(measured)
        this.before = { ...this.before, ...known }
        return { kind: "fix", timeDs, latUdeg, lonUdeg, ...this.before }
    }
}
