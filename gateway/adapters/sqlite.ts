// How every database of the gateway is opened.

import { chmodSync, closeSync, openSync } from "node:fs"
import Database from "better-sqlite3"

export type Sqlite = Database.Database

/** The owner reads and writes, nobody else does anything. */
export const OWNER_ONLY = 0o600
/** Another process (a sign-in, a backup) may hold the write lock for this long. */
const BUSY_WAIT_MS = 2000

/**
 * `durable`: a commit is on the disk when it returns. `derived`: power loss may take the newest
 * commits, which are then computed again. Throws with the path and the cause.
 */
export function openSqlite(path: string, kind: "durable" | "derived", schema: string): Sqlite {
    let database: Sqlite | undefined
    try {
        makeOwnerOnly(path)
        database = new Database(path, { timeout: BUSY_WAIT_MS })
        database.pragma("journal_mode = WAL")
        database.pragma(`synchronous = ${kind === "durable" ? "FULL" : "NORMAL"}`)
        database.pragma("foreign_keys = ON")
        database.exec(schema)
        return database
    } catch (cause) {
        database?.close()
        throw new Error(`cannot open ${path}: ${(cause as Error).message}`, { cause })
    }
}

/**
 * The schema that a file says it has, 0 where it says none; undefined for one without any table.
 * Throws with the path when it is no database.
 */
export function schemaOf(path: string): number | undefined {
    let database: Sqlite | undefined
    try {
        database = new Database(path, { timeout: BUSY_WAIT_MS })
        const tables = database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get()
        if (!tables) return undefined
        return database.pragma("user_version", { simple: true }) as number
    } catch (cause) {
        throw new Error(`cannot open ${path}: ${(cause as Error).message}`, { cause })
    } finally {
        database?.close()
    }
}

export function setSchema(database: Sqlite, schema: number): void {
    database.pragma(`user_version = ${schema}`)
}

/** Before SQLite writes into it: the files that it puts beside a database get the same mode. */
export function makeOwnerOnly(path: string): void {
    closeSync(openSync(path, "a", OWNER_ONLY))
    chmodSync(path, OWNER_ONLY)
}

/** Whether it is what was written that SQLite refuses, not the disk or a lock. */
export function isOurData(error: unknown): boolean {
    // better-sqlite3 refuses a value that no column holds before SQLite sees it.
    if (error instanceof TypeError || error instanceof RangeError) return true
    return error instanceof Database.SqliteError && error.code.startsWith("SQLITE_CONSTRAINT")
}
