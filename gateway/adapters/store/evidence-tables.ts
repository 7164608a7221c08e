// What devices reported beside fixes, as reported: readings and statuses in the wire's own quanta,
// scans as the rows of the wire, events with their arguments.

import type { AccessPoint } from "../../../protocol/scan.js"
import type { Status } from "../../../protocol/status.js"
import type { UnixMs } from "../../../protocol/units.js"
import type { Cover } from "../../core/domain/mandate.js"
import type { Evidence } from "../../core/evidence.js"
import type { TimeQuality } from "../../core/ingest/place-instant.js"
import type { Uplink } from "../../core/ingest/uplink.js"
import type { Derived } from "../../core/pipeline.js"
import type {
    EvidenceReader,
    Span,
    StoredEvent,
    StoredReading,
    StoredResponse,
    StoredScan,
    StoredStatus,
} from "../../core/ports.js"
import type { Sqlite } from "../sqlite.js"

const INSTANT = "at_ms INTEGER NOT NULL, quality TEXT NOT NULL"
const COVER = "target_id TEXT, mandate_id TEXT, is_late INTEGER NOT NULL"
const UPLINK = "device_id TEXT NOT NULL, uplink_id INTEGER"

export const EVIDENCE_SCHEMA = `
CREATE TABLE IF NOT EXISTS reading (
    ${UPLINK} NOT NULL, ${INSTANT}, ${COVER}, quantity INTEGER NOT NULL, value INTEGER NOT NULL,
    PRIMARY KEY (device_id, at_ms, quantity, uplink_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS scan (
    ${UPLINK} PRIMARY KEY, ${INSTANT}, ${COVER}, points BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS scan_device ON scan (device_id, at_ms);
CREATE TABLE IF NOT EXISTS event (
    ${UPLINK} PRIMARY KEY, ${INSTANT}, ${COVER}, event INTEGER NOT NULL, args TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS event_device ON event (device_id, at_ms);
CREATE TABLE IF NOT EXISTS status (
    ${UPLINK} PRIMARY KEY, ${INSTANT}, fields TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS status_device ON status (device_id, at_ms);
CREATE TABLE IF NOT EXISTS response (
    ${UPLINK} PRIMARY KEY, received_at_ms INTEGER NOT NULL, fields TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS response_device ON response (device_id, uplink_id);
`

const BSSID_BYTES = 6
const ROW_BYTES = 7

export class EvidenceTables implements EvidenceReader {
    private readonly statements

    constructor(database: Sqlite) {
        this.statements = prepare(database)
    }

    add(uplink: Uplink, { evidence, response }: Pick<Derived, "evidence" | "response">): void {
        const { statements } = this
        const { deviceId, id, receivedAtMs } = uplink
        for (const { placed, cover, reading } of evidence.readings) {
            const { quantity, value } = reading
            statements.addReading.run(deviceId, id, ...rowOf(placed, cover), quantity, value)
        }
        const { scan, event, status } = evidence
        if (scan) {
            const points = rowsOf(scan.accessPoints)
            statements.addScan.run(deviceId, id, ...rowOf(scan.placed, scan.cover), points)
        }
        if (event) {
            const { event: kind, args } = event.event
            const row = rowOf(event.placed, event.cover)
            statements.addEvent.run(deviceId, id, ...row, kind, JSON.stringify(args))
        }
        if (status) {
            const { atMs, quality } = status.placed
            statements.addStatus.run(deviceId, id, atMs, quality, fieldsOf(status.status))
        }
        if (response) {
            const { kind: _, ...fields } = response
            statements.addResponse.run(deviceId, id, receivedAtMs, JSON.stringify(fields))
        }
    }

    readings(deviceId: string, { fromMs, toMs }: Span, count: number): StoredReading[] {
        const rows = this.statements.readings.all(deviceId, fromMs, toMs, count)
        return rows.reverse().map((row) => ({ ...row, isLate: row.isLate === 1 }))
    }
    scans(deviceId: string, { fromMs, toMs }: Span, count: number): StoredScan[] {
        const rows = this.statements.scans.all(deviceId, fromMs, toMs, count)
        return rows.reverse().map(({ points, isLate, ...row }) => {
            return { ...row, isLate: isLate === 1, accessPoints: pointsOf(points) }
        })
    }
    events(deviceId: string, { fromMs, toMs }: Span, count: number): StoredEvent[] {
        const rows = this.statements.events.all(deviceId, fromMs, toMs, count)
        return rows.reverse().map(({ args, isLate, ...row }) => {
            return { ...row, isLate: isLate === 1, args: JSON.parse(args) as number[] }
        })
    }
    statuses(deviceId: string, { fromMs, toMs }: Span, count: number): StoredStatus[] {
        return this.statements.statuses.all(deviceId, fromMs, toMs, count).reverse().map(statusOf)
    }
    lastStatus(deviceId: string): StoredStatus | undefined {
        const row = this.statements.lastStatus.get(deviceId)
        return row && statusOf(row)
    }
    responses(deviceId: string, count: number): StoredResponse[] {
        const rows = this.statements.responses.all(deviceId, count)
        return rows.reverse().map(({ fields, ...row }) => {
            return { ...row, response: JSON.parse(fields) as StoredResponse["response"] }
        })
    }
}

/** When, how well that is known, on which target, under which mandate, and whether late. */
function rowOf({ atMs, quality }: Evidence["readings"][number]["placed"], cover: Cover | null) {
    const { targetId = null, mandate, isLate = false } = cover ?? {}
    return [atMs, quality, targetId, mandate?.id ?? null, isLate ? 1 : 0] as const
}

/** As on the wire [P-B20]. */
function rowsOf(points: readonly AccessPoint[]): Buffer {
    return Buffer.concat(
        points.flatMap(({ bssid, signalDbm }) => [bssid, Buffer.of(0 - signalDbm)]),
    )
}
function pointsOf(rows: Buffer): AccessPoint[] {
    return Array.from({ length: rows.length / ROW_BYTES }, (_, i) => {
        const at = i * ROW_BYTES
        const signalDbm = 0 - rows[at + BSSID_BYTES]!
        return { bssid: rows.subarray(at, at + BSSID_BYTES), signalDbm }
    })
}

function fieldsOf({ kind: _, instant: __, programHash, ...fields }: Status): string {
    const hash = programHash && { programHash: programHash.toString("hex") }
    return JSON.stringify({ ...fields, ...hash })
}
function statusOf({ fields, ...row }: StatusRow): StoredStatus {
    return { ...row, status: JSON.parse(fields) as StoredStatus["status"] }
}

interface Row {
    uplinkId: number
    atMs: UnixMs
    quality: TimeQuality
}
type StatusRow = Row & { fields: string }
type CoveredRow<Of> = Omit<Of, "isLate"> & { isLate: 0 | 1 }
type SpanQuery = [deviceId: string, fromMs: number, toMs: number, count: number]

function prepare(database: Sqlite) {
    const placed = "uplink_id AS uplinkId, at_ms AS atMs, quality"
    const cover = "target_id AS targetId, mandate_id AS mandateId, is_late AS isLate"
    const inSpan = `WHERE device_id = ? AND at_ms BETWEEN ? AND ?
        ORDER BY at_ms DESC, uplink_id DESC`
    const insert = (table: string, columns: string) => {
        const marks = columns.split(",").fill("?").join(", ")
        return database.prepare(
            `INSERT INTO ${table} (device_id, uplink_id, ${columns}) VALUES (?, ?, ${marks})`,
        )
    }
    const covered = "at_ms, quality, target_id, mandate_id, is_late"
    return {
        addReading: insert("reading", `${covered}, quantity, value`),
        addScan: insert("scan", `${covered}, points`),
        addEvent: insert("event", `${covered}, event, args`),
        addStatus: insert("status", "at_ms, quality, fields"),
        addResponse: insert("response", "received_at_ms, fields"),
        readings: database.prepare<SpanQuery, CoveredRow<StoredReading>>(
            `SELECT ${placed}, ${cover}, quantity, value FROM reading ${inSpan}, quantity DESC
             LIMIT ?`,
        ),
        scans: database.prepare<
            SpanQuery,
            Omit<CoveredRow<StoredScan>, "accessPoints"> & { points: Buffer }
        >(`SELECT ${placed}, ${cover}, points FROM scan ${inSpan} LIMIT ?`),
        events: database.prepare<
            SpanQuery,
            Omit<CoveredRow<StoredEvent>, "args"> & { args: string }
        >(`SELECT ${placed}, ${cover}, event, args FROM event ${inSpan} LIMIT ?`),
        statuses: database.prepare<SpanQuery, StatusRow>(
            `SELECT ${placed}, fields FROM status ${inSpan} LIMIT ?`,
        ),
        lastStatus: database.prepare<[string], StatusRow>(
            `SELECT ${placed}, fields FROM status WHERE device_id = ?
             ORDER BY at_ms DESC, uplink_id DESC LIMIT 1`,
        ),
        responses: database.prepare<
            [string, number],
            Omit<StoredResponse, "response"> & { fields: string }
        >(
            `SELECT uplink_id AS uplinkId, received_at_ms AS receivedAtMs, fields FROM response
             WHERE device_id = ? ORDER BY uplink_id DESC LIMIT ?`,
        ),
    }
}
