// Sign-in without passwords: a link that works once opens a session that a cookie carries. Only
// digests are kept, so a copy of the database lets nobody in.

import { createHash, randomBytes } from "node:crypto"
import type { UnixMs } from "../../../protocol/units.js"
import { openSqlite, type Sqlite } from "../sqlite.js"

export const LINK_LIFE_MS = 60 * 60_000
export const SESSION_LIFE_MS = 12 * 60 * 60_000
const SECRET_BYTES = 32

const SCHEMA = `
CREATE TABLE IF NOT EXISTS sign_in_link (
    digest TEXT PRIMARY KEY, user_id TEXT NOT NULL, until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (
    digest TEXT PRIMARY KEY, user_id TEXT NOT NULL, until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS console (id INTEGER PRIMARY KEY CHECK (id = 1), url TEXT NOT NULL) STRICT;
`

export class SignIn {
    private readonly database: Sqlite

    constructor(path: string) {
        this.database = openSqlite(path, "durable", SCHEMA)
    }

    /** The secret of a link for this user. */
    makeLink(userId: string, nowMs: UnixMs): string {
        return this.issue("sign_in_link", userId, nowMs, LINK_LIFE_MS)
    }

    /** Uses a link up; the secret of the session that it opens, or undefined when it is not valid. */
    useLink(secret: string, nowMs: UnixMs): string | undefined {
        return this.database.transaction(() => {
            const link = this.database
                .prepare<[string, number], { user_id: string }>(
                    "DELETE FROM sign_in_link WHERE digest = ? AND until_ms > ? RETURNING user_id",
                )
                .get(digestOf(secret), nowMs)
            return link && this.issue("session", link.user_id, nowMs, SESSION_LIFE_MS)
        })()
    }

    /** Who holds this session now. */
    userOf(secret: string, nowMs: UnixMs): string | undefined {
        return this.database
            .prepare<[string, number], { user_id: string }>(
                "SELECT user_id FROM session WHERE digest = ? AND until_ms > ?",
            )
            .get(digestOf(secret), nowMs)?.user_id
    }

    endSession(secret: string): void {
        this.database.prepare("DELETE FROM session WHERE digest = ?").run(digestOf(secret))
    }

    /** Where the console was last served, so that a link can be made from another process. */
    setConsoleUrl(url: string): void {
        this.database
            .prepare(
                `INSERT INTO console (id, url) VALUES (1, ?)
                 ON CONFLICT (id) DO UPDATE SET url = excluded.url`,
            )
            .run(url)
    }
    consoleUrl(): string | undefined {
        return this.database.prepare<[], { url: string }>("SELECT url FROM console").get()?.url
    }

    close(): void {
        this.database.close()
    }

    /** What has run out goes when something new comes. */
    private issue(
        table: "sign_in_link" | "session",
        userId: string,
        nowMs: UnixMs,
        lifeMs: number,
    ): string {
        const secret = randomBytes(SECRET_BYTES).toString("base64url")
        this.database.prepare(`DELETE FROM ${table} WHERE until_ms <= ?`).run(nowMs)
        this.database
            .prepare(`INSERT INTO ${table} (digest, user_id, until_ms) VALUES (?, ?, ?)`)
            .run(digestOf(secret), userId, nowMs + lifeMs)
        return secret
    }
}

function digestOf(secret: string): string {
    return createHash("sha256").update(secret).digest("hex")
}
