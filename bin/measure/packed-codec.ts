// The packed profiles, each by itself and chained: there every batch goes on from the one before, as
// it does when all are acknowledged.

import { type PackedTail, PackedWriter } from "../../protocol/pack/packed-batch.js"
import { BATCH_BYTES_MAX, decodePackedBody, packedBody } from "../../protocol/pack/packed-body.js"
import {
    ACCURACY,
    ALTITUDE,
    COURSE,
    type FixColumns,
    LATITUDE,
    LONGITUDE,
    type Profile,
    profileOf,
    SATELLITES,
    SPEED,
    TIME,
} from "../../protocol/pack/profile.js"
import type { BatchCodec, BatchRun, Body } from "./batch-codec.js"
import { FIX_TOLERANCES, measuredOf, quantisedFix } from "./fix-quanta.js"
import type { MeasuredFix, Tolerances } from "./measured-fix.js"

export function packedCodec(number: number, name: string, chained: boolean): BatchCodec {
    const profile = profileOf(number)
    if (profile === undefined) throw new Error(`there is no profile ${number}`)
    return {
        name: chained ? `${name} chained` : name,
        profile: number,
        chained,
        tolerances: tolerancesOf(profile),
        open: () => new PackedRun(profile, chained),
    }
}

/**
 * The tracker's own rounding, and where the profile's quantum is larger, half of that on top; an
 * accuracy is rounded up there, by less than the whole of it.
 */
function tolerancesOf({ quanta, kept }: Profile): Tolerances {
    const most = (field: keyof typeof FIX_TOLERANCES, column: number): number => {
        const quantum = quanta[column]!
        if (quantum === 1) return FIX_TOLERANCES[field]
        return FIX_TOLERANCES[field] * (1 + quantum * (column === ACCURACY ? 2 : 1))
    }
    const keepsSatellites = ((kept >> (SATELLITES - ALTITUDE)) & 1) === 1
    return {
        atMs: most("atMs", TIME),
        latDeg: most("latDeg", LATITUDE),
        lonDeg: most("lonDeg", LONGITUDE),
        altM: most("altM", ALTITUDE),
        speedMps: most("speedMps", SPEED),
        courseDeg: most("courseDeg", COURSE),
        accuracyM: most("accuracyM", ACCURACY),
        satellites: keepsSatellites ? 0 : undefined,
    }
}

class PackedRun implements BatchRun {
    private nextFix = 0
    private sentTail: PackedTail | undefined
    /** The one batch that the next may be chained to. */
    private heldTail: PackedTail | undefined

    constructor(
        private profile: Profile,
        private chained: boolean,
    ) {}

    encode(fixes: readonly MeasuredFix[]): Body[] {
        const bodies: Body[] = []
        let writer = this.writer()
        const close = () => {
            bodies.push({ bytes: packedBody(writer.finished(), 0), fixes: writer.count })
            this.sentTail = writer.tail()
        }
        for (const fix of fixes) {
            const columns = columnsOf(fix)
            if (!writer.add(columns)) {
                close()
                writer = this.writer()
                writer.add(columns)
            }
            this.nextFix++
        }
        if (writer.count > 0) close()
        return bodies
    }

    decode(body: Buffer): MeasuredFix[] {
        const read = decodePackedBody(body, () => this.heldTail)
        if (read.kind === "reject") throw new Error(`a body was refused: ${read.reason}`)
        this.heldTail = read.batch.tail
        return read.batch.fixes.map((columns) =>
            measuredOf({
                timeDs: columns[TIME]!,
                latUdeg: columns[LATITUDE]!,
                lonUdeg: columns[LONGITUDE]!,
                altM: columns[ALTITUDE],
                speedDmps: columns[SPEED],
                courseDeg: columns[COURSE],
                accuracyDm: columns[ACCURACY],
                satellites: columns[SATELLITES],
            }),
        )
    }

    private writer(): PackedWriter {
        const base = this.chained ? this.sentTail : undefined
        return new PackedWriter(this.profile, this.nextFix, BATCH_BYTES_MAX, base)
    }
}

/** No recording states a quality. */
function columnsOf(measured: MeasuredFix): FixColumns {
    const fix = quantisedFix(measured)
    return [
        ...[fix.timeDs, fix.latUdeg, fix.lonUdeg],
        ...[fix.altM, fix.speedDmps, fix.courseDeg, fix.accuracyDm, fix.satellites],
        undefined,
    ]
}
