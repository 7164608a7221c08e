// The queue of commands in SQLite. It is a record as well: who asked, who approved, when it was told
// and what came of it; nothing is deleted.

import type { UnixMs } from "../../../protocol/units.js"
import type {
    CommandAnswer,
    CommandQueue,
    CommandState,
    NewCommand,
    Over,
    OverBecause,
    QueuedCommand,
    Telling,
} from "../../core/downlink/ports.js"
import { openSqlite, type Sqlite } from "../sqlite.js"

const SCHEMA = `
CREATE TABLE IF NOT EXISTS command (
    id INTEGER PRIMARY KEY,
    device_id TEXT NOT NULL,
    mandate_id TEXT,
    kind INTEGER NOT NULL,
    args TEXT NOT NULL,
    requested_by TEXT,
    approved_by TEXT,
    created_at_ms INTEGER NOT NULL,
    approved_at_ms INTEGER,
    expires_at_ms INTEGER NOT NULL,
    -- Place in the queue, from the approval on.
    place INTEGER UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('asked', 'pending', 'sent', 'answered', 'expired')),
    over_because TEXT CHECK (over_because IN ('time', 'mandate', 'superseded')),
    answer INTEGER,
    in_force TEXT,
    decided_at_ms INTEGER,
    received_at_ms INTEGER,
    -- Two people, or the mandate itself; nothing comes into the queue before.
    CHECK (approved_by IS NULL OR (requested_by IS NOT NULL AND requested_by <> approved_by)),
    CHECK ((approved_by IS NULL) = (approved_at_ms IS NULL)),
    CHECK ((place IS NULL) = (requested_by IS NOT NULL AND approved_by IS NULL)),
    CHECK (place IS NOT NULL OR state IN ('asked', 'expired')),
    CHECK (place IS NULL OR state <> 'asked'),
    CHECK (state <> 'expired' OR over_because IS NOT NULL),
    CHECK ((state = 'answered') = (answer IS NOT NULL))
) STRICT;
CREATE INDEX IF NOT EXISTS command_asked ON command (device_id, id) WHERE state = 'asked';
CREATE INDEX IF NOT EXISTS command_open ON command (device_id, place) WHERE state IN ('pending', 'sent');
CREATE INDEX IF NOT EXISTS command_kind ON command (device_id, kind, id);
CREATE TABLE IF NOT EXISTS telling (
    id INTEGER PRIMARY KEY,
    command_id INTEGER NOT NULL REFERENCES command (id),
    device_id TEXT NOT NULL,
    session INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    salt TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    UNIQUE (device_id, salt, counter)
) STRICT;
CREATE INDEX IF NOT EXISTS telling_command ON telling (command_id, id);
CREATE INDEX IF NOT EXISTS telling_name ON telling (device_id, session, counter);
CREATE TABLE IF NOT EXISTS answers_read (one INTEGER PRIMARY KEY CHECK (one = 1), uplink INTEGER NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS command_no_delete BEFORE DELETE ON command
    BEGIN SELECT RAISE(ABORT, 'commands are kept'); END;
CREATE TRIGGER IF NOT EXISTS telling_no_delete BEFORE DELETE ON telling
    BEGIN SELECT RAISE(ABORT, 'commands are kept'); END;
`

interface CommandRow {
    id: number
    device_id: string
    mandate_id: string | null
    kind: number
    args: string
    requested_by: string | null
    approved_by: string | null
    created_at_ms: number
    approved_at_ms: number | null
    expires_at_ms: number
    state: CommandState
    over_because: OverBecause | null
    answer: number | null
    in_force: string | null
    decided_at_ms: number | null
    received_at_ms: number | null
    salt: string | null
    session: number | null
    counter: number | null
    at_ms: number | null
}

/** A command with the last time that it was told. */
const COMMANDS = `
SELECT command.*, telling.salt, telling.session, telling.counter, telling.at_ms
FROM command LEFT JOIN telling ON telling.id =
    (SELECT max(id) FROM telling WHERE command_id = command.id)
`

export class SqliteDownlink implements CommandQueue {
    private readonly database: Sqlite
    private readonly statements

    constructor(path: string) {
        this.database = openSqlite(path, "durable", SCHEMA)
        this.statements = prepare(this.database)
    }

    ask(command: NewCommand): QueuedCommand {
        return this.insert(command, "asked")
    }
    approve(id: number, approvedBy: string, atMs: UnixMs): boolean {
        return this.statements.approve.run(approvedBy, atMs, id).changes > 0
    }
    add(command: NewCommand): QueuedCommand {
        return this.insert(command, "pending")
    }

    asked(deviceId: string): QueuedCommand[] {
        return this.statements.asked.all(deviceId).map(commandOf)
    }
    open(deviceId: string): QueuedCommand[] {
        return this.statements.open.all(deviceId).map(commandOf)
    }
    under(deviceId: string, mandateIds: readonly string[] | null, count: number): QueuedCommand[] {
        const { underNone, under } = this.statements
        const rows = mandateIds
            ? under.all(deviceId, JSON.stringify(mandateIds), count)
            : underNone.all(deviceId, count)
        return rows.map(commandOf)
    }
    newestOf(deviceId: string, order: number, count: number): QueuedCommand[] {
        return this.statements.newestOf.all(deviceId, order, count).map(commandOf)
    }
    command(id: number): QueuedCommand | undefined {
        const row = this.statements.command.get(id)
        return row && commandOf(row)
    }

    noteTold(id: number, { salt, session, counter, atMs }: Telling): void {
        this.database.transaction(() => {
            this.statements.told.run(id, session, counter, salt, atMs, id)
            this.statements.sent.run(id)
        })()
    }
    expire(over: readonly Over[]): void {
        this.database.transaction(() => {
            for (const { id, because } of over) this.statements.expire.run(because, id)
        })()
    }
    toldAs(deviceId: string, session: number, counter: number): { id: number; salt: string }[] {
        return this.statements.toldAs.all(deviceId, session, counter)
    }
    noteAnswer(id: number, { answer, inForce, decidedAtMs, receivedAtMs }: CommandAnswer): boolean {
        const values = JSON.stringify(inForce)
        const { changes } = this.statements.answer.run(
            answer,
            values,
            decidedAtMs,
            receivedAtMs,
            id,
        )
        return changes > 0
    }

    cursor(): number {
        return this.statements.cursor.get()?.uplink ?? 0
    }
    moveCursor(uplinkId: number): void {
        this.statements.moveCursor.run(uplinkId)
    }

    close(): void {
        this.database.close()
    }

    private insert(command: NewCommand, state: "asked" | "pending"): QueuedCommand {
        const { lastInsertRowid } = this.statements.insert.run(
            command.deviceId,
            command.mandateId,
            command.order,
            JSON.stringify(command.args),
            command.requestedBy,
            command.createdAtMs,
            command.expiresAtMs,
            state,
            state,
        )
        return {
            ...command,
            id: Number(lastInsertRowid),
            state,
            ...{ approvedBy: null, approvedAtMs: null, overBecause: null },
            ...{ told: null, answer: null },
        }
    }
}

/** Behind all that are in the queue. */
const NEXT_PLACE = "(SELECT coalesce(max(place), 0) + 1 FROM command)"

function prepare(database: Sqlite) {
    return {
        insert: database.prepare<
            [string, string | null, number, string, string | null, number, number, string, string]
        >(
            `INSERT INTO command (device_id, mandate_id, kind, args, requested_by, created_at_ms,
                expires_at_ms, state, place)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, CASE ? WHEN 'pending' THEN ${NEXT_PLACE} END)`,
        ),
        approve: database.prepare<[string, number, number]>(
            `UPDATE command SET state = 'pending', approved_by = ?, approved_at_ms = ?,
                place = ${NEXT_PLACE} WHERE id = ? AND state = 'asked'`,
        ),
        asked: database.prepare<[string], CommandRow>(
            `${COMMANDS} WHERE command.device_id = ? AND state = 'asked' ORDER BY command.id`,
        ),
        open: database.prepare<[string], CommandRow>(
            `${COMMANDS} WHERE command.device_id = ? AND state IN ('pending', 'sent') ORDER BY place`,
        ),
        under: database.prepare<[string, string, number], CommandRow>(
            `${COMMANDS} WHERE command.device_id = ?
                AND mandate_id IN (SELECT value FROM json_each(?)) ORDER BY command.id DESC LIMIT ?`,
        ),
        underNone: database.prepare<[string, number], CommandRow>(
            `${COMMANDS} WHERE command.device_id = ? AND mandate_id IS NULL
                ORDER BY command.id DESC LIMIT ?`,
        ),
        newestOf: database.prepare<[string, number, number], CommandRow>(
            `${COMMANDS} WHERE command.device_id = ? AND kind = ? ORDER BY command.id DESC LIMIT ?`,
        ),
        command: database.prepare<[number], CommandRow>(`${COMMANDS} WHERE command.id = ?`),
        told: database.prepare<[number, number, number, string, number, number]>(
            `INSERT INTO telling (command_id, session, counter, salt, at_ms, device_id)
             SELECT ?, ?, ?, ?, ?, device_id FROM command WHERE id = ?`,
        ),
        sent: database.prepare<[number]>(
            "UPDATE command SET state = 'sent' WHERE id = ? AND state = 'pending'",
        ),
        expire: database.prepare<[string, number]>(
            `UPDATE command SET state = 'expired', over_because = ?
             WHERE id = ? AND state IN ('asked', 'pending', 'sent')`,
        ),
        toldAs: database.prepare<[string, number, number], { id: number; salt: string }>(
            `SELECT command_id AS id, salt FROM telling
             WHERE device_id = ? AND session = ? AND counter = ? ORDER BY id DESC`,
        ),
        answer: database.prepare<[number, string, number, number, number]>(
            `UPDATE command SET state = 'answered', answer = ?, in_force = ?, decided_at_ms = ?,
                received_at_ms = ? WHERE id = ? AND state <> 'answered'`,
        ),
        cursor: database.prepare<[], { uplink: number }>("SELECT uplink FROM answers_read"),
        moveCursor: database.prepare<[number]>(
            `INSERT INTO answers_read (one, uplink) VALUES (1, ?)
             ON CONFLICT (one) DO UPDATE SET uplink = excluded.uplink`,
        ),
    }
}

function commandOf(row: CommandRow): QueuedCommand {
    return {
        id: row.id,
        deviceId: row.device_id,
        mandateId: row.mandate_id,
        order: row.kind,
        args: JSON.parse(row.args),
        requestedBy: row.requested_by,
        approvedBy: row.approved_by,
        createdAtMs: row.created_at_ms as UnixMs,
        approvedAtMs: row.approved_at_ms as UnixMs | null,
        expiresAtMs: row.expires_at_ms as UnixMs,
        state: row.state,
        overBecause: row.over_because,
        told: tellingOf(row),
        answer: answerOf(row),
    }
}
function tellingOf({ salt, session, counter, at_ms: atMs }: CommandRow): Telling | null {
    if (salt === null || session === null || counter === null || atMs === null) return null
    return { salt, session, counter, atMs: atMs as UnixMs }
}
function answerOf(row: CommandRow): CommandAnswer | null {
    if (row.answer === null) return null
    return {
        answer: row.answer,
        inForce: JSON.parse(row.in_force ?? "[]"),
        decidedAtMs: row.decided_at_ms as UnixMs,
        receivedAtMs: row.received_at_ms as UnixMs,
    }
}
