// The data directory: everything the gateway keeps, one schema version, one gateway at a time.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import Database from "better-sqlite3"

export const SCHEMA_VERSION = 1

export interface DataDirectory {
    path: string
    /** A file in it. */
    file(name: string): string
    /** Lets another gateway have it. */
    release(): void
}

/**
 * Opens, and where needed makes, a data directory. With `isExclusive` no second process gets it.
 * Throws a message that says what to do when it is of another schema or in use.
 */
export function openDataDirectory(path: string, isExclusive: boolean): DataDirectory {
    const directory = resolve(path)
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    checkVersion(directory)
    const lock = isExclusive ? takeLock(directory) : undefined
    return {
        path: directory,
        file: (name) => join(directory, name),
        release: () => lock?.close(),
    }
}

function checkVersion(directory: string): void {
    const path = join(directory, "burr.json")
    if (!existsSync(path)) {
        writeFileSync(path, `${JSON.stringify({ schema: SCHEMA_VERSION })}\n`)
        return
    }
    const schema = readSchema(path)
    if (schema === SCHEMA_VERSION) return
    throw new Error(
        `data directory ${directory}: schema ${schema}, this Burr reads ${SCHEMA_VERSION}. ` +
            "Use the release that wrote it, or another directory (--data).",
    )
}

function readSchema(path: string): unknown {
    try {
        return JSON.parse(readFileSync(path, "utf8")).schema
    } catch (cause) {
        throw new Error(`${path}: not readable as JSON with a field "schema"`, { cause })
    }
}

/** SQLite's own file lock: the system lets go of it however the process ends. */
function takeLock(directory: string): Database.Database {
    const lock = new Database(join(directory, "lock.sqlite"), { timeout: 0 })
    try {
        lock.pragma("locking_mode = EXCLUSIVE")
        lock.exec("BEGIN EXCLUSIVE")
        return lock
    } catch (cause) {
        lock.close()
        throw new Error(`data directory ${directory} is in use by another gateway`, { cause })
    }
}
