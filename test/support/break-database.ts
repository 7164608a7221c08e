// Takes a database's ability to write away, and gives it back.

import { join } from "node:path"
import Database from "better-sqlite3"

/** The handle inside an adapter: some troubles are those of one connection. */
export function handleOf(adapter: object): Database.Database {
    return (adapter as { database: Database.Database }).database
}

/** As when the disk is full: SQLITE_FULL for whatever needs another page. The return undoes it. */
export function fillDisk(adapter: object): () => void {
    const database = handleOf(adapter)
    const pages = database.pragma("page_count", { simple: true })
    const before = database.pragma("max_page_count", { simple: true })
    database.pragma(`max_page_count = ${pages}`)
    return () => {
        database.pragma(`max_page_count = ${before}`)
    }
}

/** Refuses every row of a table, or those of which `when` is true. The return undoes it. */
export function refuseRows(data: string, file: string, table: string, when = "1"): () => void {
    const run = (sql: string) => {
        const database = new Database(join(data, file))
        database.exec(sql)
        database.close()
    }
    run(`CREATE TRIGGER refused BEFORE INSERT ON ${table} WHEN ${when}
        BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END`)
    return () => run("DROP TRIGGER refused")
}

/** Rows of a table, read beside the gateway. */
export function rowsOf<Row>(data: string, file: string, sql: string): Row[] {
    const database = new Database(join(data, file), { readonly: true })
    try {
        return database.prepare<[], Row>(sql).all()
    } finally {
        database.close()
    }
}
