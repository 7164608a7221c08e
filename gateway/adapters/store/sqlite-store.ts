// The derived store in SQLite. Reported and derived never share a row: chunks of fixes and the tables
// of evidence hold what devices reported, in the wire's own integers, `track` what fusion made of it.

import { existsSync, rmSync } from "node:fs"
import type { TrackPoint } from "../../../protocol/live.js"
import type { UnixMs } from "../../../protocol/units.js"
import { type DeviceMemory, NEW_DEVICE } from "../../core/ingest/device-memory.js"
import type { Gap } from "../../core/ingest/gap.js"
import type { Uplink } from "../../core/ingest/uplink.js"
import { InputError } from "../../core/input-error.js"
import type { Derived, TargetEvent, TargetMemory } from "../../core/pipeline.js"
import {
    type DerivedStep,
    type DerivedStore,
    type Span,
    type StoredAlert,
    type StoredGap,
    type TrackReader,
    UnstorableError,
} from "../../core/ports.js"
import { isOurData, openSqlite, type Sqlite, schemaOf, setSchema } from "../sqlite.js"
import { EVIDENCE_SCHEMA, EvidenceTables } from "./evidence-tables.js"
import { FIX_CHUNK_SCHEMA, FixChunks, type StoredFix } from "./fix-chunks.js"

export type { StoredFix } from "./fix-chunks.js"

/** 1 (never written into the file, read as 0): a row for each fix. 2: chunks, and evidence. */
export const STORE_SCHEMA = 2

const SCHEMA = `
${FIX_CHUNK_SCHEMA}${EVIDENCE_SCHEMA}CREATE TABLE IF NOT EXISTS track (
    target_id TEXT NOT NULL, at_ms INTEGER NOT NULL,
    lat_deg REAL NOT NULL, lon_deg REAL NOT NULL, speed_mps REAL NOT NULL,
    heading_deg REAL, accuracy_m REAL NOT NULL,
    PRIMARY KEY (target_id, at_ms)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alert (
    id TEXT PRIMARY KEY, operation_id TEXT NOT NULL, target_id TEXT NOT NULL,
    fence_id TEXT NOT NULL, kind TEXT NOT NULL, at_ms INTEGER NOT NULL,
    raised_at_ms INTEGER NOT NULL, state TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS alert_operation ON alert (operation_id, at_ms);
CREATE TABLE IF NOT EXISTS gap (
    id TEXT PRIMARY KEY, device_id TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER,
    cause TEXT NOT NULL, missing INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS gap_device ON gap (device_id, from_ms);
CREATE TABLE IF NOT EXISTS withheld (
    uplink_id INTEGER PRIMARY KEY, device_id TEXT NOT NULL, count INTEGER NOT NULL,
    from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS rejected (
    uplink_id INTEGER PRIMARY KEY, device_id TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS received (
    device_id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS memory (
    key TEXT PRIMARY KEY, json TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursor (
    id INTEGER PRIMARY KEY CHECK (id = 1), uplink_id INTEGER NOT NULL
) STRICT;
INSERT INTO cursor (id, uplink_id) VALUES (1, 0) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS tally (
    id INTEGER PRIMARY KEY CHECK (id = 1), fixes INTEGER NOT NULL, alerts INTEGER NOT NULL,
    withheld INTEGER NOT NULL, rejected INTEGER NOT NULL
) STRICT;
INSERT INTO tally SELECT 1, (SELECT coalesce(sum(fixes), 0) FROM fix_chunk), (SELECT count(*) FROM alert),
    (SELECT coalesce(sum(count), 0) FROM withheld), (SELECT count(*) FROM rejected)
    WHERE NOT EXISTS (SELECT 1 FROM tally);
`

/** How much of each there is, kept up at every commit: counting millions of rows takes seconds. */
export interface Tally {
    fixes: number
    alerts: number
    withheld: number
    rejected: number
}

export class SqliteStore implements DerivedStore, TrackReader {
    private readonly database: Sqlite
    private readonly statements
    private readonly targets = new Map<string, TargetMemory>()
    private readonly devices = new Map<string, DeviceMemory>()
    private readonly chunks: FixChunks
    /** Readings, scans, events, statuses and responses. */
    readonly evidence: EvidenceTables
    /** The file was of an earlier schema: it was begun anew, and the ledger fills it again. */
    readonly isBegunAnew: boolean

    /** Throws InputError, with what to do, for a file that a later release has written. */
    constructor(path: string) {
        this.isBegunAnew = makeWayFor(path)
        this.database = openSqlite(path, "derived", SCHEMA)
        setSchema(this.database, STORE_SCHEMA)
        this.statements = prepare(this.database)
        this.chunks = new FixChunks(this.database)
        this.evidence = new EvidenceTables(this.database)
    }

    cursor(): number {
        return this.statements.cursor.get()?.uplink_id ?? 0
    }

    deviceMemory(deviceId: string): DeviceMemory {
        let known = this.devices.get(deviceId)
        if (known === undefined) {
            known = this.recall<DeviceMemory>(`device:${deviceId}`) ?? NEW_DEVICE
            this.devices.set(deviceId, known)
        }
        return known
    }

    targetMemory(targetId: string): TargetMemory | undefined {
        let known = this.targets.get(targetId)
        if (known === undefined) {
            known = this.recall<TargetMemory>(`target:${targetId}`)
            if (known) this.targets.set(targetId, known)
        }
        return known
    }

    commit(steps: readonly DerivedStep[]): void {
        const devices = new Map<string, DeviceMemory>()
        const targets = new Map<string, TargetMemory>()
        const write = this.database.transaction(() => {
            for (const { uplink, derived } of steps) {
                this.write(uplink, derived)
                devices.set(uplink.deviceId, derived.device)
                for (const [id, memory] of derived.targets) targets.set(id, memory)
            }
            for (const [id, memory] of devices) this.remember(`device:${id}`, memory)
            for (const [id, memory] of targets) this.remember(`target:${id}`, memory)
            this.statements.moveCursor.run(steps.at(-1)!.uplink.id)
        })
        try {
            write()
        } catch (cause) {
            this.chunks.forget()
            const { message } = cause as Error
            if (isOurData(cause)) throw new UnstorableError(message, { cause })
            throw new Error(`cannot store what ${steps.length} uplinks mean: ${message}`, { cause })
        }
        // Only what is stored is remembered: a failed commit leaves the memory as it was.
        for (const [id, memory] of devices) this.devices.set(id, memory)
        for (const [id, memory] of targets) this.targets.set(id, memory)
    }

    lastPoint(targetId: string, { fromMs, toMs }: Span): TrackPoint | undefined {
        return this.statements.track.get(targetId, fromMs, toMs, 1)
    }

    /** Oldest first; of a longer span the newest `count` points. */
    track(targetId: string, { fromMs, toMs }: Span, count: number): TrackPoint[] {
        return this.statements.track.all(targetId, fromMs, toMs, count).reverse()
    }

    /** Newest first. */
    alerts(operationId: string, count: number): StoredAlert[] {
        return this.statements.alerts.all(operationId, count)
    }

    gaps(deviceId: string, { fromMs, toMs }: Span): StoredGap[] {
        return this.statements.gaps.all(deviceId, toMs, fromMs)
    }

    receivedAt(deviceId: string): UnixMs | undefined {
        return this.statements.received.get(deviceId)?.at_ms
    }

    /** Every stored fix of a device, in the order of its sessions' first receipt, by number. */
    fixes(deviceId: string): StoredFix[] {
        return this.chunks.ofDevice(deviceId)
    }

    /** What was reported of a target in a span, oldest first. */
    reported(targetId: string, span: Span): StoredFix[] {
        return this.chunks.ofTarget(targetId, span)
    }

    counts(): Tally {
        return this.statements.counts.get()!
    }

    close(): void {
        this.database.close()
    }

    private write(uplink: Uplink, derived: Derived): void {
        const { statements } = this
        statements.noteReceived.run(uplink.deviceId, uplink.receivedAtMs)
        const fixes = this.chunks.add(uplink.deviceId, uplink.id, derived.fixes)
        this.evidence.add(uplink, derived)
        let alerts = 0
        for (const { targetId, state } of derived.states) {
            const { atMs, latDeg, lonDeg, speedMps, headingDeg, accuracyM } = state
            const values = [latDeg, lonDeg, speedMps, headingDeg, accuracyM] as const
            statements.putPoint.run(targetId, atMs, ...values)
        }
        for (const event of derived.events)
            alerts += statements.insertAlert.run(...alertRow(event)).changes
        for (const gap of derived.gaps) statements.putGap.run(...gapRow(gap))
        for (const id of derived.filledGaps) statements.dropGap.run(id)
        const { withheld, rejected } = derived
        if (withheld) {
            const { count, fromMs, toMs } = withheld
            statements.insertWithheld.run(uplink.id, uplink.deviceId, count, fromMs, toMs)
        }
        if (rejected) statements.insertRejected.run(uplink.id, uplink.deviceId, rejected)
        statements.count.run(fixes, alerts, withheld?.count ?? 0, rejected ? 1 : 0)
    }
    private remember(key: string, memory: unknown): void {
        this.statements.remember.run(key, JSON.stringify(memory))
    }
    private recall<Memory>(key: string): Memory | undefined {
        const row = this.statements.recall.get(key)
        return row && (JSON.parse(row.json) as Memory)
    }
}

/**
 * Takes a file of an earlier schema out of the way: all in it is computed from the ledger, and is
 * so again. True where there was one.
 */
function makeWayFor(path: string): boolean {
    if (!existsSync(path)) return false
    const schema = schemaOf(path)
    if (schema === undefined || schema === STORE_SCHEMA) return false
    if (schema > STORE_SCHEMA) {
        throw new InputError(
            `${path}: schema ${schema}, this Burr reads ${STORE_SCHEMA}. Use the release that ` +
                "wrote it, or remove the file: all in it is computed again from the ledger.",
        )
    }
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true })
    return true
}

function prepare(database: Sqlite) {
    const point = `at_ms AS atMs, lat_deg AS latDeg, lon_deg AS lonDeg, speed_mps AS speedMps,
        heading_deg AS headingDeg, accuracy_m AS accuracyM`
    return {
        cursor: database.prepare<[], { uplink_id: number }>("SELECT uplink_id FROM cursor"),
        moveCursor: database.prepare("UPDATE cursor SET uplink_id = ?"),
        recall: database.prepare<[string], { json: string }>(
            "SELECT json FROM memory WHERE key = ?",
        ),
        remember: database.prepare(
            `INSERT INTO memory (key, json) VALUES (?, ?)
             ON CONFLICT (key) DO UPDATE SET json = excluded.json`,
        ),
        putPoint: database.prepare(
            `INSERT INTO track (target_id, at_ms, lat_deg, lon_deg, speed_mps, heading_deg,
                accuracy_m) VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (target_id, at_ms) DO UPDATE SET lat_deg = excluded.lat_deg,
                lon_deg = excluded.lon_deg, speed_mps = excluded.speed_mps,
                heading_deg = excluded.heading_deg, accuracy_m = excluded.accuracy_m`,
        ),
        insertAlert: database.prepare(
            `INSERT INTO alert (id, operation_id, target_id, fence_id, kind, at_ms, raised_at_ms,
                state) VALUES (?, ?, ?, ?, ?, ?, ?, 'raised') ON CONFLICT (id) DO NOTHING`,
        ),
        putGap: database.prepare(
            `INSERT INTO gap (id, device_id, from_ms, to_ms, cause, missing)
             VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET from_ms = excluded.from_ms,
                to_ms = excluded.to_ms, cause = excluded.cause, missing = excluded.missing`,
        ),
        dropGap: database.prepare("DELETE FROM gap WHERE id = ?"),
        insertWithheld: database.prepare(
            `INSERT INTO withheld (uplink_id, device_id, count, from_ms, to_ms)
             VALUES (?, ?, ?, ?, ?)`,
        ),
        insertRejected: database.prepare(
            "INSERT INTO rejected (uplink_id, device_id, reason) VALUES (?, ?, ?)",
        ),
        noteReceived: database.prepare(
            `INSERT INTO received (device_id, at_ms) VALUES (?, ?)
             ON CONFLICT (device_id) DO UPDATE SET at_ms = max(at_ms, excluded.at_ms)`,
        ),
        received: database.prepare<[string], { at_ms: UnixMs }>(
            "SELECT at_ms FROM received WHERE device_id = ?",
        ),
        track: database.prepare<[string, number, number, number], TrackPoint>(
            `SELECT ${point} FROM track WHERE target_id = ? AND at_ms BETWEEN ? AND ?
             ORDER BY at_ms DESC LIMIT ?`,
        ),
        alerts: database.prepare<[string, number], StoredAlert>(
            `SELECT id, operation_id AS operationId, target_id AS targetId, fence_id AS fenceId,
                kind, at_ms AS atMs, raised_at_ms AS raisedAtMs, state
             FROM alert WHERE operation_id = ? ORDER BY at_ms DESC, id LIMIT ?`,
        ),
        gaps: database.prepare<[string, number, number], StoredGap>(
            `SELECT id, device_id AS deviceId, from_ms AS fromMs, to_ms AS toMs, cause, missing
             FROM gap WHERE device_id = ? AND from_ms <= ? AND coalesce(to_ms, 1e15) >= ?
             ORDER BY from_ms`,
        ),
        counts: database.prepare<[], Tally>("SELECT fixes, alerts, withheld, rejected FROM tally"),
        count: database.prepare(
            `UPDATE tally SET fixes = fixes + ?, alerts = alerts + ?, withheld = withheld + ?,
                rejected = rejected + ?`,
        ),
    }
}

/** The id says what happened, so deriving it again gives the same alert and not a second one. */
function alertRow({ operationId, targetId, fenceId, kind, atMs, raisedAtMs }: TargetEvent) {
    const id = `${targetId}:${fenceId}:${kind}:${atMs}`
    return [id, operationId, targetId, fenceId, kind, atMs, raisedAtMs]
}
function gapRow({ id, deviceId, fromMs, toMs, cause, missing }: Gap): unknown[] {
    return [id, deviceId, fromMs, toMs, cause, missing]
}
