// Fixes as reported, in chunks: up to 60 fixes with consecutive numbers, packed by the wire's own
// code in the profile that loses nothing of a Fix (only 180 degrees east comes back as 180 west). All
// fixes of a chunk stand under one mandate, on one target, late or not; no chunk needs another one.

import { type Fix, fixOfColumns, packedColumnsOf } from "../../../protocol/fix.js"
import {
    decodePacked,
    PACKED_FIXES_MAX,
    PackedWriter,
} from "../../../protocol/pack/packed-batch.js"
import { profileNumber, profileOf } from "../../../protocol/pack/profile.js"
import type { Cover } from "../../core/domain/mandate.js"
import type { CoveredFix } from "../../core/pipeline.js"
import type { Span } from "../../core/ports.js"
import type { Sqlite } from "../sqlite.js"

export const FIX_CHUNK_SCHEMA = `
CREATE TABLE IF NOT EXISTS fix_chunk (
    device_id TEXT NOT NULL, session TEXT NOT NULL,
    first_fix INTEGER NOT NULL, fixes INTEGER NOT NULL,
    target_id TEXT NOT NULL, mandate_id TEXT NOT NULL, is_late INTEGER NOT NULL,
    uplink_id INTEGER NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
    columns BLOB NOT NULL,
    PRIMARY KEY (device_id, session, first_fix)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fix_chunk_target ON fix_chunk (target_id, from_ms);
`

export interface StoredFix extends Omit<Fix, "kind"> {
    session: string
    number: number
    targetId: string
    isLate: 0 | 1
}

/** A chunk covers no more, so that a span is found among the chunks that begin near it. */
const CHUNK_SPAN_MAX_MS = 24 * 3600_000
/** Chunks whose writer is kept for the fixes to come; another is unpacked and packed again. */
const OPEN_CHUNKS_MAX = 1024
/** A chunk closes here, too. On real tracks 60 fixes take a fifth to a half of it. */
const CHUNK_BYTES_MAX = 1024
const WHOLE = profileOf(
    profileNumber({ finePosition: true, fineTime: true, auxiliary: "fine", reception: true }),
)!

/** What a chunk is found by and what its fixes share. */
interface ChunkHead {
    session: string
    firstFix: number
    fixes: number
    targetId: string
    mandateId: string
    isLate: 0 | 1
    uplinkId: number
    fromMs: number
    toMs: number
}
type ChunkRow = ChunkHead & { columns: Buffer }

interface OpenChunk {
    head: ChunkHead
    writer: PackedWriter
    /** As it is indexed; undefined for one that is not stored yet. */
    storedFromMs: number | undefined
}

export class FixChunks {
    private readonly statements
    private readonly open = new Map<string, OpenChunk>()
    /** The chunk with the highest numbers of each session, as far as it was asked for. */
    private readonly tops = new Map<string, ChunkHead>()

    constructor(database: Sqlite) {
        this.statements = prepare(database)
    }

    /** Stores what is not stored yet of an uplink's fixes; the answer is how many that were. */
    add(deviceId: string, uplinkId: number, fixes: readonly CoveredFix[]): number {
        let added = 0
        for (const run of runsOf(fixes)) {
            const first = run[0]!
            const { session, number } = first
            const last = number + run.length - 1
            const near = this.near(deviceId, session, number, last)
            // Mostly none of them is stored, and the run is one piece.
            const isAhead = near.every((one) => number >= one.firstFix + one.fixes)
            const pieces = isAhead
                ? [run]
                : runsOf(run.filter((one) => !near.some((two) => isIn(two, one))))
            for (const piece of pieces) {
                this.append(deviceId, uplinkId, piece, near)
                added += piece.length
            }
        }
        return added
    }

    /** Every fix of a device: its sessions by first receipt, and within one by number. */
    ofDevice(deviceId: string): StoredFix[] {
        const sessions = new Map<string, StoredFix[]>()
        for (const row of this.statements.ofDevice.all(deviceId)) {
            const fixes = sessions.get(row.session)
            if (fixes) fixes.push(...unpacked(row))
            else sessions.set(row.session, unpacked(row))
        }
        const byNumber = (a: StoredFix, b: StoredFix) => a.number - b.number
        return [...sessions.values()].flatMap((fixes) => fixes.sort(byNumber))
    }

    /** The fixes of a target in a span, oldest first. */
    ofTarget(targetId: string, { fromMs, toMs }: Span): StoredFix[] {
        const rows = this.statements.ofTarget.all(
            ...[targetId, fromMs - CHUNK_SPAN_MAX_MS, toMs, fromMs],
        )
        return rows
            .flatMap(unpacked)
            .filter(({ timeDs }) => timeDs * 100 >= fromMs && timeDs * 100 <= toMs)
            .sort((a, b) => a.timeDs - b.timeDs)
    }

    /** What was written since the last commit is not to be relied on: it was undone. */
    forget(): void {
        this.open.clear()
        this.tops.clear()
    }

    /** Chunks that may hold one of these numbers, or end before them. */
    private near(deviceId: string, session: string, first: number, last: number): ChunkHead[] {
        const name = `${deviceId} ${session}`
        const top = this.tops.get(name) ?? this.statements.top.get(deviceId, session)
        if (!top) return []
        keep(this.tops, name, top)
        if (first >= top.firstFix + top.fixes) return [top]
        return this.statements.near.all(deviceId, session, first - PACKED_FIXES_MAX, last)
    }

    private append(
        deviceId: string,
        uplinkId: number,
        run: readonly CoveredFix[],
        near: readonly ChunkHead[],
    ): void {
        const before = near.find(
            (one) => one.firstFix + one.fixes === run[0]!.number && one.fixes < PACKED_FIXES_MAX,
        )
        let chunk = before && this.reopen(deviceId, before)
        for (const covered of run) {
            if (chunk && take(chunk, covered)) continue
            if (chunk) this.write(deviceId, chunk)
            chunk = begun(uplinkId, covered)
        }
        if (chunk) this.write(deviceId, chunk)
    }

    private reopen(deviceId: string, head: ChunkHead): OpenChunk {
        const known = this.open.get(nameOf(deviceId, head))
        if (known) return known
        const { columns } = this.statements.columns.get(deviceId, head.session, head.firstFix)!
        const writer = newWriter(head.firstFix)
        for (const fix of decoded(columns)) writer.add(fix)
        return { head: { ...head }, writer, storedFromMs: head.fromMs }
    }

    private write(deviceId: string, chunk: OpenChunk): void {
        const { session, firstFix, fixes, targetId, mandateId, ...rest } = chunk.head
        const { isLate, uplinkId, fromMs, toMs } = rest
        const columns = chunk.writer.finished()
        // Columns that stand in no index are changed in place.
        if (chunk.storedFromMs === fromMs) {
            this.statements.grow.run(fixes, toMs, columns, deviceId, session, firstFix)
        } else {
            const place = [deviceId, session, firstFix, fixes, targetId, mandateId] as const
            this.statements.put.run(...place, isLate, uplinkId, fromMs, toMs, columns)
        }
        chunk.storedFromMs = fromMs
        const top = this.tops.get(`${deviceId} ${session}`)
        if (!top || firstFix >= top.firstFix) keep(this.tops, `${deviceId} ${session}`, chunk.head)
        if (fixes < PACKED_FIXES_MAX) keep(this.open, nameOf(deviceId, chunk.head), chunk)
        else this.open.delete(nameOf(deviceId, chunk.head))
    }
}

/** As the newest of at most OPEN_CHUNKS_MAX. */
function keep<Value>(map: Map<string, Value>, name: string, value: Value): void {
    map.delete(name)
    map.set(name, value)
    if (map.size > OPEN_CHUNKS_MAX) map.delete(map.keys().next().value!)
}

/** Stretches of consecutive numbers of one session under one cover. */
function runsOf(fixes: readonly CoveredFix[]): CoveredFix[][] {
    const runs: CoveredFix[][] = []
    let last: CoveredFix | undefined
    for (const fix of fixes) {
        const isNext = last?.session === fix.session && last.number + 1 === fix.number
        if (isNext && isSameCover(last!.cover, fix.cover)) runs.at(-1)!.push(fix)
        else runs.push([fix])
        last = fix
    }
    return runs
}

function isIn({ firstFix, fixes }: ChunkHead, { number }: CoveredFix): boolean {
    return number >= firstFix && number < firstFix + fixes
}
function isSameCover(a: Cover, b: Cover): boolean {
    if (a === b) return true
    return a.targetId === b.targetId && a.mandate.id === b.mandate.id && a.isLate === b.isLate
}

/** A chunk with one fix. */
function begun(uplinkId: number, { session, number, fix, cover }: CoveredFix): OpenChunk {
    const atMs = fix.timeDs * 100
    const writer = newWriter(number)
    if (!writer.add(packedColumnsOf(fix))) throw new Error("a chunk has no room for one fix")
    const head: ChunkHead = {
        session,
        firstFix: number,
        fixes: 1,
        targetId: cover.targetId,
        mandateId: cover.mandate.id,
        isLate: cover.isLate ? 1 : 0,
        uplinkId,
        fromMs: atMs,
        toMs: atMs,
    }
    return { head, writer, storedFromMs: undefined }
}

/** Adds the fix that follows, or returns false: another cover, a day's span, or no room. */
function take({ head, writer }: OpenChunk, { fix, cover }: CoveredFix): boolean {
    const atMs = fix.timeDs * 100
    const fromMs = Math.min(head.fromMs, atMs)
    const toMs = Math.max(head.toMs, atMs)
    const isSame =
        head.targetId === cover.targetId &&
        head.mandateId === cover.mandate.id &&
        (head.isLate === 1) === cover.isLate
    if (!isSame || toMs - fromMs > CHUNK_SPAN_MAX_MS) return false
    if (!writer.add(packedColumnsOf(fix))) return false
    head.fixes++
    head.fromMs = fromMs
    head.toMs = toMs
    return true
}
function newWriter(firstFix: number): PackedWriter {
    return new PackedWriter(WHOLE, firstFix, CHUNK_BYTES_MAX, undefined)
}
function nameOf(deviceId: string, { session, firstFix }: ChunkHead): string {
    return `${deviceId} ${session} ${firstFix}`
}

/** Throws for bytes that this store has not written. */
function decoded(columns: Buffer) {
    const batch = decodePacked(columns, () => undefined)
    if (batch.kind === "reject") throw new Error(`a chunk of fixes is damaged: ${batch.reason}`)
    return batch.fixes
}
function unpacked({ session, firstFix, targetId, isLate, columns }: ChunkRow): StoredFix[] {
    return decoded(columns).map((one, i) => {
        const { kind: _, ...fix } = fixOfColumns(one)!
        return { session, number: firstFix + i, targetId, isLate, ...fix }
    })
}

function prepare(database: Sqlite) {
    const head = `session, first_fix AS firstFix, fixes, target_id AS targetId,
        mandate_id AS mandateId, is_late AS isLate, uplink_id AS uplinkId, from_ms AS fromMs,
        to_ms AS toMs`
    return {
        near: database.prepare<[string, string, number, number], ChunkHead>(
            `SELECT ${head} FROM fix_chunk
             WHERE device_id = ? AND session = ? AND first_fix BETWEEN ? AND ?`,
        ),
        top: database.prepare<[string, string], ChunkHead>(
            `SELECT ${head} FROM fix_chunk WHERE device_id = ? AND session = ?
             ORDER BY first_fix DESC LIMIT 1`,
        ),
        grow: database.prepare(
            `UPDATE fix_chunk SET fixes = ?, to_ms = ?, columns = ?
             WHERE device_id = ? AND session = ? AND first_fix = ?`,
        ),
        columns: database.prepare<[string, string, number], { columns: Buffer }>(
            `SELECT columns FROM fix_chunk
             WHERE device_id = ? AND session = ? AND first_fix = ?`,
        ),
        put: database.prepare(
            `INSERT INTO fix_chunk (device_id, session, first_fix, fixes, target_id, mandate_id,
                is_late, uplink_id, from_ms, to_ms, columns)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (device_id, session, first_fix) DO UPDATE SET fixes = excluded.fixes,
                from_ms = excluded.from_ms, to_ms = excluded.to_ms, columns = excluded.columns`,
        ),
        ofDevice: database.prepare<[string], ChunkRow>(
            `SELECT ${head}, columns FROM fix_chunk WHERE device_id = ?
             ORDER BY uplink_id, first_fix`,
        ),
        ofTarget: database.prepare<[string, number, number, number], ChunkRow>(
            `SELECT ${head}, columns FROM fix_chunk
             WHERE target_id = ? AND from_ms BETWEEN ? AND ? AND to_ms >= ?`,
        ),
    }
}
