// How every database of the gateway is opened.

import { chmodSync } from "node:fs"
import Database from "better-sqlite3"

export type Sqlite = Database.Database

/** The owner reads and writes, nobody else does anything. */
const OWNER_ONLY = 0o600
/** Another process (a sign-in, a backup) may hold the write lock for this long. */
const BUSY_WAIT_MS = 2000

/**
 * `durable`: a commit is on the disk when it returns. `derived`: power loss may take the newest
 * commits, which are then computed again. Throws with the path and the cause.
 */
export function openSqlite(path: string, kind: "durable" | "derived", schema: string): Sqlite {
    try {
        const database = new Database(path, { timeout: BUSY_WAIT_MS })
        chmodSync(path, OWNER_ONLY)
        database.pragma("journal_mode = WAL")
        database.pragma(`synchronous = ${kind === "durable" ? "FULL" : "NORMAL"}`)
        database.pragma("foreign_keys = ON")
        database.exec(schema)
        return database
    } catch (cause) {
        throw new Error(`cannot open ${path}: ${(cause as Error).message}`, { cause })
    }
}
