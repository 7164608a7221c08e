// A batch to weigh the codecs by, a few fixes at a time: a drive with a turn and a stop, one fix a
// second. Runs on Node and on the tracker's machine, which must write the same bytes.

import { type Fix, FixBatchWriter } from "../../../protocol/fix.js"
import { PackedWriter } from "../../../protocol/pack/packed-batch.js"
import { BATCH_BYTES_MAX, packedBody } from "../../../protocol/pack/packed-body.js"
import { type FixColumns, type Profile, profileOf } from "../../../protocol/pack/profile.js"

export const BATCH_FIXES = 50
/** Written between two breaths: the machine stops a program that takes too long over one. */
export const FIXES_A_BREATH = 5

/** `profile`: 0 for the plain one, a packed one's number, or -1 to write nothing. */
export class CodecRun {
    bodies: Buffer[] = []
    private index = 0
    private plain: FixBatchWriter
    private packed: PackedWriter | undefined = undefined
    private format: Profile | undefined = undefined

    constructor(private profile: number) {
        this.plain = new FixBatchWriter(0)
        this.format = profile > 0 ? profileOf(profile) : undefined
        this.open(0)
    }

    /** False when the batch is done. */
    next(): boolean {
        for (let i = 0; i < FIXES_A_BREATH; i++) {
            const fix = batchFix(this.index)
            if (this.profile >= 0 && !this.add(fix)) {
                this.close()
                this.open(this.index)
                this.add(fix)
            }
            this.index++
        }
        if (this.index < BATCH_FIXES) return true
        this.close()
        return false
    }

    private open(firstFix: number): void {
        const format = this.format
        if (format !== undefined)
            this.packed = new PackedWriter(format, firstFix, BATCH_BYTES_MAX, undefined)
        else this.plain = new FixBatchWriter(firstFix)
    }

    private add(fix: Fix): boolean {
        const packed = this.packed
        return packed === undefined ? this.plain.add(fix) : packed.add(columnsOf(fix))
    }

    private close(): void {
        const packed = this.packed
        if (packed !== undefined) this.bodies.push(packedBody(packed.finished(), 0))
        else if (this.profile === 0) this.bodies.push(this.plain.body(0))
    }
}

export function batchFix(index: number): Fix {
    const isStopped = index >= 35 && index < 42
    const travelled = Math.min(index, 35) + Math.max(0, index - 42)
    const beforeTurn = Math.min(travelled, 20)
    const afterTurn = travelled - beforeTurn
    return {
        kind: "fix",
        timeDs: 19000000000 + index * 10,
        latUdeg: 47139200 + beforeTurn * 55 - afterTurn * 46 + ((index * 5) % 7),
        lonUdeg: 9522800 + beforeTurn * 68 + afterTurn * 81 + ((index * 3) % 5),
        altM: 455 + (index >> 4),
        speedDmps: isStopped ? 0 : 80 + ((index * 7) % 5),
        courseDeg: index < 20 ? 40 + (index % 3) : 130 + (index % 2),
        accuracyDm: 30 + ((index >> 3) % 3) * 10,
        satellites: 11 + (index % 2),
    }
}

function columnsOf(fix: Fix): FixColumns {
    const columns: FixColumns = [fix.timeDs, fix.latUdeg, fix.lonUdeg, fix.altM, fix.speedDmps]
    columns.push(fix.courseDeg)
    columns.push(fix.accuracyDm)
    columns.push(fix.satellites)
    columns.push(undefined)
    return columns
}
