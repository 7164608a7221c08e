// The ledger in SQLite: append-only, one durable transaction for all uplinks that wait at the same
// moment.

import { createHash } from "node:crypto"
import { ACK_EARLIER_BITS } from "../../../protocol/ack.js"
import type { UnixMs } from "../../../protocol/units.js"
import type { Uplink } from "../../core/ingest/uplink.js"
import type { Alarm, Appended, Downlink, Ledger, NewUplink, SessionRef } from "../../core/ports.js"
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
CREATE INDEX IF NOT EXISTS uplink_epoch ON uplink (device_id, epoch);
-- One row for each session whose hello is held. current_from: the record that showed the device to
-- be in that session; null where only relays have told of it.
CREATE TABLE IF NOT EXISTS session (
    device_id TEXT NOT NULL,
    session TEXT NOT NULL,
    counter INTEGER NOT NULL,
    opened_by INTEGER NOT NULL,
    current_from INTEGER,
    PRIMARY KEY (device_id, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_counter ON session (device_id, counter);
CREATE TABLE IF NOT EXISTS alarm (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    device_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    count INTEGER NOT NULL
) STRICT;
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
CREATE TRIGGER IF NOT EXISTS alarm_no_update BEFORE UPDATE ON alarm
    BEGIN SELECT RAISE(ABORT, 'alarms are kept'); END;
CREATE TRIGGER IF NOT EXISTS alarm_no_delete BEFORE DELETE ON alarm
    BEGIN SELECT RAISE(ABORT, 'alarms are kept'); END;
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
    /** Current sessions and newest epochs, as far as they were asked for. */
    private readonly current = new Map<string, SessionRef | undefined>()
    private readonly epochs = new Map<string, number>()
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

    /** Commits run in the order in which they were asked for, each at the next turn of the loop. */
    committed(): Promise<void> {
        return new Promise((resolve) => setImmediate(resolve))
    }

    nextDownlink(deviceId: string): (Downlink & SessionRef) | undefined {
        const session = this.currentSession(deviceId)
        return session && { ...session, ...this.downlink(deviceId, session.salt) }
    }

    currentSession(deviceId: string): SessionRef | undefined {
        if (!this.current.has(deviceId))
            this.current.set(deviceId, this.statements.currentSession.get(deviceId))
        return this.current.get(deviceId)
    }
    recentSessions(deviceId: string, count: number): SessionRef[] {
        return this.statements.recentSessions.all(deviceId, count)
    }
    sessionsWith(deviceId: string, counter: number, count: number): SessionRef[] {
        return this.statements.sessionsWith.all(deviceId, counter, count)
    }
    counterOf(deviceId: string, salt: string): number | undefined {
        return this.statements.counter.get(deviceId, salt)?.counter
    }

    newestEpoch(deviceId: string): number {
        const known = this.epochs.get(deviceId)
        if (known !== undefined) return known
        const epoch = this.statements.newestEpoch.get(deviceId)?.epoch ?? 0
        this.epochs.set(deviceId, epoch)
        return epoch
    }

    recordAlarm({ kind, deviceId, atMs, detail, count }: Alarm): void {
        this.statements.recordAlarm.run(atMs, deviceId, kind, detail, count)
    }
    /** Newest first. */
    alarms(count: number): Alarm[] {
        return this.statements.alarms.all(count)
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
            const appended = this.database.transaction(() => {
                const kinds = batch.map(({ uplink }) => this.insert(uplink))
                return this.answered(batch, kinds)
            })()
            batch.forEach(({ uplink, resolve }, i) => {
                const result = appended[i]!
                if (result.kind === "stored") {
                    const { deviceId, epoch } = uplink
                    this.epochs.set(deviceId, Math.max(epoch, this.newestEpoch(deviceId)))
                }
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

    private insert(uplink: NewUplink): Appended["kind"] {
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
        const isStored = inserted.changes === 1
        if (isStored) {
            this.noteSession(uplink, inserted.lastInsertRowid as number)
            return "stored"
        }
        const held = this.statements.digest.get(deviceId, session, seq)?.digest
        return held?.equals(digest) ? "duplicate" : "conflict"
    }

    /**
     * Each with its answer, but that the highest record of a session speaks for those near it. A hello
     * is answered by itself: its ack tells the time [P-E34].
     */
    private answered(batch: readonly Waiting[], kinds: readonly Appended["kind"][]): Appended[] {
        const speakers = new Map<string, number>()
        batch.forEach(({ uplink }, i) => {
            const speaker = speakers.get(sessionOf(uplink))
            const isHigher = speaker === undefined || uplink.seq >= batch[speaker]!.uplink.seq
            if (kinds[i] !== "conflict" && isHigher) speakers.set(sessionOf(uplink), i)
        })
        return batch.map(({ uplink }, i) => {
            const kind = kinds[i]!
            const speaker = speakers.get(sessionOf(uplink))
            const isNamed =
                speaker !== undefined &&
                speaker !== i &&
                uplink.helloCounter === null &&
                batch[speaker]!.uplink.seq - uplink.seq <= ACK_EARLIER_BITS
            return {
                kind,
                answer: kind === "conflict" || isNamed ? undefined : this.answer(uplink),
            }
        })
    }

    private answer({ deviceId, session, seq, isRelayed }: NewUplink): Appended["answer"] {
        const near = this.statements.near.all(deviceId, session, seq - ACK_EARLIER_BITS, seq - 1)
        const earlier = near.reduce((bits, row) => bits + 2 ** (seq - 1 - row.seq), 0)
        // A message that came by itself is of the session in which the device is now.
        const current = isRelayed ? this.statements.currentSession.get(deviceId) : undefined
        return { earlier, downlink: this.downlink(deviceId, current?.salt ?? session) }
    }

    private downlink(deviceId: string, salt: string): Downlink {
        return { salt, seq: this.statements.nextDownlink.get(deviceId, salt)!.next_seq }
    }

    /** A relayed hello is of the past, unless its counter says that it is the newest. */
    private noteSession(uplink: NewUplink, id: number): void {
        const { deviceId, session, isRelayed, helloCounter } = uplink
        if (helloCounter !== null) {
            const latest = this.statements.currentSession.get(deviceId)
            const isCurrent = !isRelayed || !latest || helloCounter > latest.counter
            const from = isCurrent ? id : null
            this.statements.openSession.run(deviceId, session, helloCounter, id, from)
            this.current.delete(deviceId)
        } else if (!isRelayed && this.current.get(deviceId)?.salt !== session) {
            const { changes } = this.statements.enterSession.run(id, deviceId, session)
            if (changes > 0) this.current.delete(deviceId)
        }
    }
}

function sessionOf({ deviceId, session }: NewUplink): string {
    return `${deviceId} ${session}`
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
        currentSession: database.prepare<[string], SessionRef>(
            `SELECT session AS salt, counter FROM session
             WHERE device_id = ? AND current_from IS NOT NULL
             ORDER BY current_from DESC LIMIT 1`,
        ),
        recentSessions: database.prepare<[string, number], SessionRef>(
            `SELECT session AS salt, counter FROM session WHERE device_id = ?
             ORDER BY opened_by DESC LIMIT ?`,
        ),
        enterSession: database.prepare<[number, string, string]>(
            `UPDATE session SET current_from = ?
             WHERE device_id = ? AND session = ? AND current_from IS NULL`,
        ),
        sessionsWith: database.prepare<[string, number, number], SessionRef>(
            `SELECT session AS salt, counter FROM session WHERE device_id = ? AND counter = ?
             ORDER BY opened_by DESC LIMIT ?`,
        ),
        counter: database.prepare<[string, string], { counter: number }>(
            "SELECT counter FROM session WHERE device_id = ? AND session = ?",
        ),
        openSession: database.prepare<[string, string, number, number, number | null]>(
            `INSERT INTO session (device_id, session, counter, opened_by, current_from)
             VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (device_id, session) DO UPDATE SET current_from = excluded.current_from
             WHERE excluded.current_from IS NOT NULL`,
        ),
        newestEpoch: database.prepare<[string], { epoch: number | null }>(
            "SELECT max(epoch) AS epoch FROM uplink WHERE device_id = ?",
        ),
        recordAlarm: database.prepare<[number, string, string, string, number]>(
            "INSERT INTO alarm (at_ms, device_id, kind, detail, count) VALUES (?, ?, ?, ?, ?)",
        ),
        alarms: database.prepare<[number], Alarm>(
            `SELECT at_ms AS atMs, device_id AS deviceId, kind, detail, count FROM alarm
             ORDER BY id DESC LIMIT ?`,
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
