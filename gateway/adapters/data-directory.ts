// The data directory: everything the gateway keeps, one schema version, one gateway at a time.

import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import Database from "better-sqlite3"
import { InputError } from "../core/input-error.js"
import { makeOwnerOnly, OWNER_ONLY } from "./sqlite.js"

/** 2: fixes in chunks, and evidence beside them. Only what is derived has changed since 1. */
export const SCHEMA_VERSION = 2
/** What this release brings up to date by itself: derived.sqlite is computed again from the ledger. */
const MIGRATED_FROM = [1]

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
    const isCurrent = checkVersion(directory, isExclusive)
    const lock = isExclusive ? takeLock(directory) : undefined
    if (lock && !isCurrent) noteVersion(directory)
    return {
        path: directory,
        file: (name) => join(directory, name),
        release: () => lock?.close(),
    }
}

/** False for one that is new, or of a schema that this release brings up to date. */
function checkVersion(directory: string, mayMake: boolean): boolean {
    const path = versionFile(directory)
    if (!existsSync(path)) {
        if (mayMake) return false
        throw new InputError(`--data: no gateway has used ${directory}, expected one that has`)
    }
    const schema = readSchema(path)
    if (schema === SCHEMA_VERSION) return true
    if (MIGRATED_FROM.some((one) => one === schema)) return false
    throw new InputError(
        `data directory ${directory}: schema ${schema}, this Burr reads ${SCHEMA_VERSION}. ` +
            "Use the release that wrote it, or another directory (--data).",
    )
}

/** From here on an earlier release refuses the directory. */
function noteVersion(directory: string): void {
    const text = `${JSON.stringify({ schema: SCHEMA_VERSION })}\n`
    writeFileSync(versionFile(directory), text, { mode: OWNER_ONLY })
}

function versionFile(directory: string): string {
    return join(directory, "burr.json")
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
