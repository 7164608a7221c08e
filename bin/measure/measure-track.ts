// How many bytes a fix takes on a track: in each way that we have, and in those that others have.

import type { BatchCodec } from "./batch-codec.js"
import { type MeasuredFix, verify } from "./measured-fix.js"
import { publishBytes, securityBytes } from "./overhead.js"
import { PEERS } from "./peers.js"

/** A format in batches of `n`, for people by its name. */
export interface FormatFigures {
    name: string
    n: number
    bodyBytesPerFix: number
    securityBytesPerFix: number
    framingBytesPerFix: number
}

/** One of ours. */
export interface BatchFigures extends FormatFigures {
    profile: number
    chained: boolean
}

/** The fixes that are left when one is taken, then the first that is at least `everyMs` later. */
export function thinnedTo(fixes: readonly MeasuredFix[], everyMs: number): MeasuredFix[] {
    let takenAtMs = Number.NEGATIVE_INFINITY
    return fixes.filter(({ atMs }) => {
        if (atMs - takenAtMs < everyMs) return false
        takenAtMs = atMs
        return true
    })
}

/**
 * The track in batches of `n`, encoded, decoded and compared field by field; throws on the first
 * difference. Batches that do not fill up are left out, unless the track has no full one.
 */
export function measureBatches(
    fixes: readonly MeasuredFix[],
    n: number,
    codec: BatchCodec,
    file: string,
): BatchFigures {
    const run = codec.open()
    let [seq, body, security, framing, count] = [0, 0, 0, 0, 0]
    for (const { batch, firstFix } of batches(fixes, n)) {
        const bodies = run.encode(batch)
        const received = bodies.flatMap(({ bytes }) => run.decode(bytes))
        verify(batch, received, codec.tolerances, `${file}, ${codec.name}`, firstFix)
        for (const { bytes } of bodies) {
            // The session's hello was 0.
            seq++
            const sealing = securityBytes(bytes, seq)
            body += bytes.length
            security += sealing
            framing += publishBytes(bytes.length + sealing)
        }
        count += batch.length
    }
    return {
        name: `burr ${codec.name}`,
        n,
        profile: codec.profile,
        chained: codec.chained,
        bodyBytesPerFix: body / count,
        securityBytesPerFix: security / count,
        framingBytesPerFix: framing / count,
    }
}

export function measurePeers(fixes: readonly MeasuredFix[], n: number): FormatFigures[] {
    return PEERS.map((peer) => {
        let [body, security, framing, count] = [0, 0, 0, 0]
        for (const { batch } of batches(fixes, n)) {
            const bytes = peer.measure(batch)
            body += bytes.body
            security += bytes.security
            framing += bytes.framing
            count += batch.length
        }
        return {
            name: peer.name,
            n,
            bodyBytesPerFix: body / count,
            securityBytesPerFix: security / count,
            framingBytesPerFix: framing / count,
        }
    })
}

function batches(
    fixes: readonly MeasuredFix[],
    n: number,
): { batch: readonly MeasuredFix[]; firstFix: number }[] {
    if (fixes.length < n) return [{ batch: fixes, firstFix: 0 }]
    return Array.from({ length: Math.floor(fixes.length / n) }, (_, index) => ({
        batch: fixes.slice(index * n, (index + 1) * n),
        firstFix: index * n,
    }))
}
