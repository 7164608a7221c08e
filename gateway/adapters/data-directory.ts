// The data directory: everything the gateway keeps, one schema version, one gateway at a time.

import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import Database from "better-sqlite3"
import { InputError } from "../core/input-error.js"
import { makeOwnerOnly, OWNER_ONLY } from "./sqlite.js"

export const SCHEMA_VERSION = 1

export interface DataDirectory {
    path: string
    /** A file in it. */
    file(name: string): string
    /** Lets another gateway have it. */
    release(): void
}

/**
 * Opens a data directory. With `isExclusive` no second gateway gets it, and a missing one is made;
 * without, it must be one that a gateway has used. Throws a message that says what to do when it is
 * of another schema, in use or no directory.
 */
export function openDataDirectory(path: string, isExclusive: boolean): DataDirectory {
    const directory = resolve(path)
    if (existsSync(directory) && !statSync(directory).isDirectory())
        throw new InputError(`--data: ${directory} is a file, expected a directory`)
    if (isExclusive) mkdirSync(directory, { recursive: true, mode: 0o700 })
    checkVersion(directory, isExclusive)
    const lock = isExclusive ? takeLock(directory) : undefined
    return {
        path: directory,
        file: (name) => join(directory, name),
        release: () => lock?.close(),
    }
}

function checkVersion(directory: string, mayMake: boolean): void {
    const path = join(directory, "burr.json")
    if (!existsSync(path)) {
        if (!mayMake)
            throw new InputError(`--data: no gateway has used ${directory}, expected one that has`)
        writeFileSync(path, `${JSON.stringify({ schema: SCHEMA_VERSION })}\n`, { mode: OWNER_ONLY })
        return
    }
    const schema = readSchema(path)
    if (schema === SCHEMA_VERSION) return
    throw new InputError(
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
    const path = join(directory, "lock.sqlite")
    makeOwnerOnly(path)
    const lock = new Database(path, { timeout: 0 })
    try {
        lock.pragma("locking_mode = EXCLUSIVE")
        lock.exec("BEGIN EXCLUSIVE")
        return lock
    } catch (cause) {
        lock.close()
        const { code, message } = cause as Error & { code?: string }
        if (code !== "SQLITE_BUSY") throw new Error(`cannot lock ${path}: ${message}`, { cause })
        throw new InputError(
            `data directory ${directory} is in use by another gateway: stop that one, or use ` +
                "another directory (--data)",
        )
    }
}
