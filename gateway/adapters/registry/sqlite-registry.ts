// The registry: devices, cases and the people who may see them. Reads give a whole CaseFile; a
// change is one transaction.

import type { UnixMs } from "../../../protocol/units.js"
import type {
    Assignment,
    CaseFile,
    Device,
    Mandate,
    Membership,
    Operation,
    OperationFence,
    Target,
    User,
} from "../../core/domain/case-file.js"
import { openSqlite, type Sqlite } from "../sqlite.js"

const SCHEMA = `
CREATE TABLE IF NOT EXISTS device (
    id TEXT PRIMARY KEY, label TEXT NOT NULL, use TEXT NOT NULL, state TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS operation (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS target (
    id TEXT PRIMARY KEY, operation_id TEXT NOT NULL REFERENCES operation (id),
    name TEXT NOT NULL, kind TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS mandate (
    id TEXT PRIMARY KEY, operation_id TEXT NOT NULL REFERENCES operation (id),
    target_id TEXT NOT NULL REFERENCES target (id), reference TEXT NOT NULL,
    authority TEXT NOT NULL, purpose TEXT NOT NULL, officer TEXT NOT NULL,
    conditions TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, area TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS assignment (
    device_id TEXT NOT NULL REFERENCES device (id),
    target_id TEXT NOT NULL REFERENCES target (id),
    mandate_id TEXT NOT NULL REFERENCES mandate (id),
    from_ms INTEGER NOT NULL, to_ms INTEGER,
    PRIMARY KEY (device_id, mandate_id, from_ms)
) STRICT;
CREATE TABLE IF NOT EXISTS user (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS membership (
    user_id TEXT NOT NULL REFERENCES user (id),
    operation_id TEXT NOT NULL REFERENCES operation (id),
    PRIMARY KEY (user_id, operation_id)
) STRICT;
CREATE TABLE IF NOT EXISTS fence (
    id TEXT PRIMARY KEY, operation_id TEXT NOT NULL REFERENCES operation (id),
    name TEXT NOT NULL, shape TEXT NOT NULL
) STRICT;
`

/** What a change may add; each list goes in whole or not at all. */
export type CaseAdditions = { [Kind in keyof CaseFile]?: CaseFile[Kind] }

export class SqliteRegistry {
    private readonly database: Sqlite
    private held: CaseFile

    constructor(path: string) {
        this.database = openSqlite(path, "durable", SCHEMA)
        this.held = this.read()
    }

    caseFile(): CaseFile {
        return this.held
    }

    /** Throws, and changes nothing, when an id is taken or a reference leads nowhere. */
    add(additions: CaseAdditions): void {
        const { database } = this
        const insert = (table: string, columns: string, rows: readonly unknown[][]) => {
            const marks = columns.replace(/\w+/g, "?")
            const statement = database.prepare(
                `INSERT INTO ${table} (${columns}) VALUES (${marks})`,
            )
            for (const row of rows) statement.run(...row)
        }
        const rowsOf = <Row>(rows: readonly Row[] | undefined, columns: (row: Row) => unknown[]) =>
            (rows ?? []).map(columns)
        database.transaction(() => {
            const { devices, operations, targets, mandates } = additions
            const { assignments, users, memberships, fences } = additions
            insert("device", "id, label, use, state", rowsOf(devices, deviceRow))
            insert("operation", "id, name", rowsOf(operations, operationRow))
            insert("target", "id, operation_id, name, kind", rowsOf(targets, targetRow))
            insert("mandate", MANDATE_COLUMNS, rowsOf(mandates, mandateRow))
            insert("assignment", ASSIGNMENT_COLUMNS, rowsOf(assignments, assignmentRow))
            insert("user", "id, name, role", rowsOf(users, userRow))
            insert("membership", "user_id, operation_id", rowsOf(memberships, membershipRow))
            insert("fence", "id, operation_id, name, shape", rowsOf(fences, fenceRow))
        })()
        this.held = this.read()
    }

    close(): void {
        this.database.close()
    }

    private read(): CaseFile {
        const all = <Row>(sql: string) => this.database.prepare<[], Row>(sql).all()
        return {
            devices: all<Device>("SELECT id, label, use, state FROM device"),
            operations: all<Operation>("SELECT id, name FROM operation"),
            targets: all<Target>(
                "SELECT id, operation_id AS operationId, name, kind FROM target ORDER BY name",
            ),
            mandates: all<MandateRow>("SELECT * FROM mandate ORDER BY from_ms, id").map(mandateOf),
            assignments: all<Assignment>(
                `SELECT device_id AS deviceId, target_id AS targetId, mandate_id AS mandateId,
                    from_ms AS fromMs, to_ms AS toMs FROM assignment ORDER BY from_ms, device_id`,
            ),
            users: all<User>("SELECT id, name, role FROM user"),
            memberships: all<Membership>(
                "SELECT user_id AS userId, operation_id AS operationId FROM membership",
            ),
            fences: all<FenceRow>("SELECT * FROM fence ORDER BY name").map(fenceOf),
        }
    }
}

const MANDATE_COLUMNS = `id, operation_id, target_id, reference, authority, purpose, officer,
    conditions, from_ms, to_ms, area`
const ASSIGNMENT_COLUMNS = "device_id, target_id, mandate_id, from_ms, to_ms"

interface MandateRow extends Omit<Mandate, "area"> {
    operation_id: string
    target_id: string
    from_ms: number
    to_ms: number
    area: string | null
}
interface FenceRow {
    id: string
    operation_id: string
    name: string
    shape: string
}

function mandateOf(row: MandateRow): Mandate {
    const { id, reference, authority, purpose, officer, conditions } = row
    return {
        ...{ id, reference, authority, purpose, officer, conditions },
        operationId: row.operation_id,
        targetId: row.target_id,
        fromMs: row.from_ms as UnixMs,
        toMs: row.to_ms as UnixMs,
        area: row.area === null ? null : JSON.parse(row.area),
    }
}
function fenceOf(row: FenceRow): OperationFence {
    const shape = JSON.parse(row.shape)
    return { id: row.id, operationId: row.operation_id, name: row.name, shape }
}
function deviceRow(row: Device): unknown[] {
    return [row.id, row.label, row.use, row.state]
}
function operationRow(row: Operation): unknown[] {
    return [row.id, row.name]
}
function targetRow(row: Target): unknown[] {
    return [row.id, row.operationId, row.name, row.kind]
}
function mandateRow(row: Mandate): unknown[] {
    const recorded = [row.reference, row.authority, row.purpose, row.officer, row.conditions]
    const area = row.area && JSON.stringify(row.area)
    return [row.id, row.operationId, row.targetId, ...recorded, row.fromMs, row.toMs, area]
}
function assignmentRow(row: Assignment): unknown[] {
    return [row.deviceId, row.targetId, row.mandateId, row.fromMs, row.toMs]
}
function userRow(row: User): unknown[] {
    return [row.id, row.name, row.role]
}
function membershipRow(row: Membership): unknown[] {
    return [row.userId, row.operationId]
}
function fenceRow(row: OperationFence): unknown[] {
    return [row.id, row.operationId, row.name, JSON.stringify(row.shape)]
}
