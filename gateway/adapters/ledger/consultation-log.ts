// Who looked at what: one row before anything is shown, none ever changed.

import type { Consultation, ConsultationLog } from "../../core/ports.js"
import { openSqlite, type Sqlite } from "../sqlite.js"

const SCHEMA = `
CREATE TABLE IF NOT EXISTS consultation (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    action TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    mandates TEXT NOT NULL,
    object TEXT NOT NULL,
    from_ms INTEGER,
    to_ms INTEGER,
    remote TEXT NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS consultation_no_update BEFORE UPDATE ON consultation
    BEGIN SELECT RAISE(ABORT, 'the consultation log is append-only'); END;
-- REPLACE deletes without the trigger below.
CREATE TRIGGER IF NOT EXISTS consultation_no_replace BEFORE INSERT ON consultation
    WHEN EXISTS (SELECT 1 FROM consultation WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the consultation log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS consultation_no_delete BEFORE DELETE ON consultation
    BEGIN SELECT RAISE(ABORT, 'the consultation log is append-only'); END;
`

export class SqliteConsultationLog implements ConsultationLog {
    private readonly database: Sqlite
    private readonly insert

    constructor(path: string) {
        this.database = openSqlite(path, "durable", SCHEMA)
        this.insert = this.database.prepare(
            `INSERT INTO consultation (at_ms, user_id, action, operation_id, mandates, object,
                from_ms, to_ms, remote) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
    }

    record(consultation: Consultation): number {
        const { atMs, userId, action, operationId, mandates, object } = consultation
        const { fromMs, toMs, remote } = consultation
        const listed = JSON.stringify(mandates)
        const written = this.insert.run(
            ...[atMs, userId, action, operationId, listed, object, fromMs, toMs, remote],
        )
        return Number(written.lastInsertRowid)
    }

    close(): void {
        this.database.close()
    }
}
