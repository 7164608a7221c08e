// What does a reported fix cost in the gateway's store? Bytes on disk and CPU time a fix, in chunks of
// packed columns and as a row with its key each, for six recorded tracks thinned to a fix in 10 s
// (seeded drives where they are absent) that arrive in messages of 1, 10 and 60 fixes; and the CPU
// time of reading one target's day of 8,640 fixes.

import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { openSqlite, type Sqlite } from "../gateway/adapters/sqlite.js"
import { FIX_CHUNK_SCHEMA, FixChunks } from "../gateway/adapters/store/fix-chunks.js"
import type { Cover } from "../gateway/core/domain/mandate.js"
import type { CoveredFix } from "../gateway/core/pipeline.js"
import type { TrackRow } from "../gateway/core/replay/parse-track.js"
import type { Fix } from "../protocol/fix.js"
import { unixMs } from "../protocol/units.js"
import { aCase, DEVICE_ID, MANDATE_ID, OPERATION_ID, TARGET_ID } from "../test/support/case.js"
import { recordedTracks } from "../test/support/recorded-tracks.js"

const EVERY_MS = 10_000
const DAY_FIXES = 8640
/** Each track is stored as so many sessions, so that a file's fixed pages do not count. */
const SESSIONS = 20
/** Messages that share a commit. */
const TOGETHER = 64
const READS = 50

interface Store {
    add(uplinkId: number, fixes: readonly CoveredFix[]): void
    /** The fixes of a target in a span. */
    read(fromMs: number, toMs: number): number
}

export function main(): void {
    const tracks = recordedTracks().map(({ rows }) => thinned(rows).map(fixOf))
    const count = tracks.reduce((sum, track) => sum + track.length, 0)
    console.log(`a reported fix in the store, ${count * SESSIONS} fixes at ${EVERY_MS / 1000} s`)
    console.log("batch   kind     bytes/fix   store us/fix   ratio")
    for (const batch of [1, 10, 60]) {
        const rows = measure("rows", tracks, batch)
        const chunks = measure("chunks", tracks, batch)
        print(batch, "rows", rows, rows)
        print(batch, "chunks", chunks, rows)
    }
    const day = Array.from({ length: DAY_FIXES }, (_, i) => {
        const track = tracks[0]!
        return { ...track[i % track.length]!, timeDs: track[0]!.timeDs + i * 100 }
    })
    const [rows, chunks] = (["rows", "chunks"] as const).map((kind) => readMs(kind, day))
    const ratio = (chunks! / rows!).toFixed(2)
    console.log(
        `a day of ${DAY_FIXES} fixes read: rows ${rows!.toFixed(2)} ms, chunks ` +
            `${chunks!.toFixed(2)} ms, ratio ${ratio} (CPU time)`,
    )
}

interface Cost {
    bytes: number
    cpuUs: number
}

function print(batch: number, kind: string, { bytes, cpuUs }: Cost, rows: Cost): void {
    console.log(
        `${batch}`.padStart(5),
        `  ${kind}`.padEnd(9),
        bytes.toFixed(1).padStart(10),
        cpuUs.toFixed(2).padStart(14),
        (cpuUs / rows.cpuUs).toFixed(2).padStart(7),
    )
}

/** The first row, and then each that is late enough after the last one taken. */
function thinned(rows: readonly TrackRow[]): TrackRow[] {
    let dueMs = Number.NEGATIVE_INFINITY
    return rows.filter(({ atMs }) => {
        if (atMs < dueMs) return false
        dueMs = atMs + EVERY_MS
        return true
    })
}

function fixOf(row: TrackRow): Fix {
    return {
        kind: "fix",
        timeDs: Math.round(row.atMs / 100),
        latUdeg: Math.round(row.latDeg * 1e6),
        lonUdeg: Math.round(row.lonDeg * 1e6),
        altM: Math.round(row.altitudeM ?? 0),
        speedDmps: Math.round((row.speedMps ?? 0) * 10),
        courseDeg: Math.round(row.courseDeg ?? 0) % 360,
        accuracyDm: Math.max(1, Math.round((row.hdopOrAccuracyM ?? 5) * 10)),
        satellites: row.satellites ?? 0,
    }
}

function measure(kind: "rows" | "chunks", tracks: readonly Fix[][], batch: number): Cost {
    return withStore(kind, (store, database, path) => {
        const uplinks: CoveredFix[][] = []
        for (let session = 0; session < SESSIONS; session++)
            for (const [i, track] of tracks.entries())
                uplinks.push(...batches(`${salt(session)}${salt(i)}`, track, batch))
        const fixes = uplinks.reduce((sum, one) => sum + one.length, 0)
        const cpuUs = cpuUsOf(() => {
            for (let at = 0; at < uplinks.length; at += TOGETHER)
                database.transaction(() => {
                    for (const [i, one] of uplinks.slice(at, at + TOGETHER).entries())
                        store.add(at + i, one)
                })()
        })
        const wanted = store.read(0, 4.2e12)
        if (wanted !== fixes) throw new Error(`the bench stored ${wanted} of ${fixes} fixes`)
        database.pragma("wal_checkpoint(TRUNCATE)")
        return { bytes: statSync(path).size / fixes, cpuUs: cpuUs / fixes }
    })
}

function readMs(kind: "rows" | "chunks", day: readonly Fix[]): number {
    return withStore(kind, (store) => {
        for (const uplink of batches("day", day, 10)) store.add(1, uplink)
        const [fromMs, toMs] = [day[0]!.timeDs * 100, day.at(-1)!.timeDs * 100]
        const cpuUs = cpuUsOf(() => {
            for (let i = 0; i < READS; i++)
                if (store.read(fromMs, toMs) !== day.length) throw new Error("the day is not whole")
        })
        return cpuUs / READS / 1000
    })
}

const MANDATE = aCase().mandates![0]!
const COVER: Cover = {
    ...{ mandate: MANDATE, targetId: TARGET_ID, operationId: OPERATION_ID, isLate: false },
}

/** A session's salt is 16 digits; two of these make one. */
function salt(number: number): string {
    return number.toString(16).padStart(8, "0")
}
function batches(session: string, track: readonly Fix[], batch: number): CoveredFix[][] {
    const all: CoveredFix[][] = []
    for (let first = 0; first < track.length; first += batch)
        all.push(
            track.slice(first, first + batch).map((fix, i) => {
                return { deviceId: DEVICE_ID, session, number: first + i, fix, cover: COVER }
            }),
        )
    return all
}

function withStore<Result>(
    kind: "rows" | "chunks",
    use: (store: Store, database: Sqlite, path: string) => Result,
): Result {
    const folder = mkdtempSync(join(tmpdir(), "burr-bench-"))
    const path = join(folder, "store.sqlite")
    const database = openSqlite(path, "derived", kind === "rows" ? ROW_SCHEMA : FIX_CHUNK_SCHEMA)
    try {
        return use(kind === "rows" ? rowStore(database) : chunkStore(database), database, path)
    } finally {
        database.close()
        rmSync(folder, { recursive: true })
    }
}

function chunkStore(database: Sqlite): Store {
    const chunks = new FixChunks(database)
    return {
        add: (uplinkId, fixes) => void chunks.add(DEVICE_ID, uplinkId, fixes),
        read: (fromMs, toMs) =>
            chunks.ofTarget(TARGET_ID, { fromMs: unixMs(fromMs), toMs: unixMs(toMs) }).length,
    }
}

/** As it would be without packing: a row and a key for each fix, and found by target and time. */
const ROW_SCHEMA = `
CREATE TABLE IF NOT EXISTS fix (
    device_id TEXT NOT NULL, session TEXT NOT NULL, number INTEGER NOT NULL,
    target_id TEXT NOT NULL, mandate_id TEXT NOT NULL, uplink_id INTEGER NOT NULL,
    time_ds INTEGER NOT NULL, lat_udeg INTEGER NOT NULL, lon_udeg INTEGER NOT NULL,
    alt_m INTEGER NOT NULL, speed_dmps INTEGER NOT NULL, course_deg INTEGER NOT NULL,
    accuracy_dm INTEGER NOT NULL, satellites INTEGER NOT NULL, is_late INTEGER NOT NULL,
    PRIMARY KEY (device_id, session, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fix_target ON fix (target_id, time_ds);
`
function rowStore(database: Sqlite): Store {
    const insert = database.prepare(
        `INSERT INTO fix VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (device_id, session, number) DO NOTHING`,
    )
    const read = database.prepare(
        "SELECT * FROM fix WHERE target_id = ? AND time_ds BETWEEN ? AND ? ORDER BY time_ds",
    )
    return {
        add: (uplinkId, fixes) => {
            for (const { deviceId, session, number, fix } of fixes) {
                const place = [fix.timeDs, fix.latUdeg, fix.lonUdeg, fix.altM]
                const quality = [fix.speedDmps, fix.courseDeg, fix.accuracyDm, fix.satellites]
                const identity = [deviceId, session, number, TARGET_ID, MANDATE_ID, uplinkId]
                insert.run(...identity, ...place, ...quality, 0)
            }
        },
        read: (fromMs, toMs) => read.all(TARGET_ID, fromMs / 100, toMs / 100).length,
    }
}

function cpuUsOf(run: () => void): number {
    const before = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(before)
    return user + system
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main()
