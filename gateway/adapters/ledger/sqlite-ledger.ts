// The ledger in SQLite: append-only, one durable transaction for all uplinks that wait at the same
// moment.

import { createHash } from "node:crypto"
import { ACK_EARLIER_BITS } from "../../../protocol/ack.js"
import { MessageType } from "../../../protocol/envelope.js"
import type { UnixMs } from "../../../protocol/units.js"
import type { Uplink } from "../../core/ingest/uplink.js"
import type { Appended, Ledger, NewUplink } from "../../core/ports.js"
import { openSqlite, type Sqlite } from "../sqlite.js"

/** Uplinks that may wait for a commit; one more is refused, and its device sends it again. */
export const WAITING_UPLINKS_MAX = 4096

const SCHEMA = `
CREATE TABLE IF NOT EXISTS uplink (
    id INTEGER PRIMARY KEY,
    device_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    session TEXT NOT NULL,
    seq INTEGER NOT NULL,
    type INTEGER NOT NULL,
    message BLOB NOT NULL,
    digest BLOB NOT NULL,
    received_at_ms INTEGER NOT NULL,
    remote TEXT NOT NULL,
    UNIQUE (device_id, session, seq)
) STRICT;
CREATE INDEX IF NOT EXISTS uplink_hello ON uplink (device_id, id) WHERE type = ${MessageType.hello};
CREATE TABLE IF NOT EXISTS downlink (
    device_id TEXT NOT NULL,
    session TEXT NOT NULL,
    next_seq INTEGER NOT NULL,
    PRIMARY KEY (device_id, session)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS uplink_no_update BEFORE UPDATE ON uplink
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- REPLACE deletes without the trigger below; a record that is held makes way for none.
CREATE TRIGGER IF NOT EXISTS uplink_no_replace BEFORE INSERT ON uplink
    WHEN EXISTS (SELECT 1 FROM uplink WHERE id = NEW.id)
        OR EXISTS (SELECT 1 FROM uplink
            WHERE device_id = NEW.device_id AND session = NEW.session AND seq = NEW.seq)
    BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER IF NOT EXISTS uplink_no_delete BEFORE DELETE ON uplink
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
`

interface Waiting {
    uplink: NewUplink
    resolve: (appended: Appended) => void
    reject: (cause: Error) => void
}

interface UplinkRow {
    id: number
    device_id: string
    epoch: number
    session: string
    seq: number
    type: number
    message: Buffer
    received_at_ms: number
}

export class SqliteLedger implements Ledger {
    private readonly database: Sqlite
    private readonly sessions = new Map<string, string | undefined>()
    private waiting: Waiting[] = []
    private readonly statements

    constructor(path: string) {
        this.database = openSqlite(path, "durable", SCHEMA)
        this.statements = prepare(this.database)
    }

    append(uplink: NewUplink): Promise<Appended> {
        return new Promise((resolve, reject) => {
            if (this.waiting.length >= WAITING_UPLINKS_MAX) {
                reject(new Error(`ledger busy: ${WAITING_UPLINKS_MAX} uplinks wait`))
                return
            }
            this.waiting.push({ uplink, resolve, reject })
            if (this.waiting.length === 1) setImmediate(() => this.commitWaiting())
        })
    }

    sessionOf(deviceId: string): string | undefined {
        if (!this.sessions.has(deviceId))
            this.sessions.set(deviceId, this.statements.latestSession.get(deviceId)?.session)
        return this.sessions.get(deviceId)
    }

    after(id: number, count: number): Uplink[] {
        return this.statements.after.all(id, count).map(uplinkOf)
    }

    /** Nothing is ever deleted, so the newest number is the count: no scan for whoever asks. */
    count(): number {
        return this.statements.newest.get()?.id ?? 0
    }

    /** Commits what waits and closes the file. */
    close(): void {
        this.commitWaiting()
        this.database.close()
    }

    private commitWaiting(): void {
        const batch = this.waiting
        this.waiting = []
        if (batch.length === 0) return
        try {
            const appended = this.database.transaction(() =>
                batch.map(({ uplink }) => this.insert(uplink)),
            )()
            batch.forEach(({ uplink, resolve }, i) => {
                const result = appended[i]!
                if (result.kind === "stored" && uplink.type === MessageType.hello)
                    this.sessions.set(uplink.deviceId, uplink.session)
                resolve(result)
            })
        } catch (cause) {
            const error = new Error(
                `cannot append ${batch.length} uplinks to the ledger: ${(cause as Error).message}`,
                { cause },
            )
            for (const { reject } of batch) reject(error)
        }
    }

    private insert(uplink: NewUplink): Appended {
        const { deviceId, session, seq, message } = uplink
        const digest = createHash("sha256").update(message).digest()
        const inserted = this.statements.insert.run(
            deviceId,
            uplink.epoch,
            session,
            seq,
            uplink.type,
            message,
            digest,
            uplink.receivedAtMs,
            uplink.remote,
        )
        const near = this.statements.near.all(deviceId, session, seq - ACK_EARLIER_BITS, seq - 1)
        const earlier = near.reduce((bits, row) => bits + 2 ** (seq - 1 - row.seq), 0)
        const downlink = this.statements.nextDownlink.get(deviceId, session)
        const isStored = inserted.changes === 1
        const held = isStored ? digest : this.statements.digest.get(deviceId, session, seq)?.digest
        return {
            kind: isStored ? "stored" : held?.equals(digest) ? "duplicate" : "conflict",
            earlier,
            downlinkSeq: downlink!.next_seq,
        }
    }
}

function prepare(database: Sqlite) {
    return {
        insert: database.prepare<
            [string, number, string, number, number, Buffer, Buffer, number, string]
        >(
            `INSERT INTO uplink
                (device_id, epoch, session, seq, type, message, digest, received_at_ms, remote)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device_id, session, seq) DO NOTHING`,
        ),
        digest: database.prepare<[string, string, number], { digest: Buffer }>(
            "SELECT digest FROM uplink WHERE device_id = ? AND session = ? AND seq = ?",
        ),
        near: database.prepare<[string, string, number, number], { seq: number }>(
            "SELECT seq FROM uplink WHERE device_id = ? AND session = ? AND seq BETWEEN ? AND ?",
        ),
        nextDownlink: database.prepare<[string, string], { next_seq: number }>(
            `INSERT INTO downlink (device_id, session, next_seq) VALUES (?, ?, 0)
             ON CONFLICT (device_id, session) DO UPDATE SET next_seq = next_seq + 1
             RETURNING next_seq`,
        ),
        latestSession: database.prepare<[string], { session: string }>(
            `SELECT session FROM uplink WHERE device_id = ? AND type = ${MessageType.hello}
             ORDER BY id DESC LIMIT 1`,
        ),
        after: database.prepare<[number, number], UplinkRow>(
            "SELECT * FROM uplink WHERE id > ? ORDER BY id LIMIT ?",
        ),
        newest: database.prepare<[], { id: number | null }>("SELECT max(id) AS id FROM uplink"),
    }
}

function uplinkOf(row: UplinkRow): Uplink {
    return {
        id: row.id,
        deviceId: row.device_id,
        epoch: row.epoch,
        session: row.session,
        seq: row.seq,
        type: row.type,
        message: row.message,
        receivedAtMs: row.received_at_ms as UnixMs,
    }
}
