// All that a sensor node's decisions remember over a sleep, as rows for the state store.

import { type ClockMemory, clockOf, clockRow, newClock } from "./device-clock.js"
import { type Heartbeat, heartbeatOf, heartbeatRow, newHeartbeat } from "./heartbeat.js"
import type { RecordName } from "./record-list.js"
import { BATCH_ROWS } from "./sensor-batch.js"

/** What no single decision owns. Device seconds, -1 for never. */
export interface NodeNotes {
    /** Program starts since the battery was fitted. */
    boots: number
    /** When a status was last made. */
    statusAtS: number
    /** When the oldest record that waits was made. */
    waitsAtS: number
    /** When the gateway was last asked for the time. */
    askedAtS: number
    /** Exceptions that were caught since the last status. */
    exceptions: number
    /** The longest that a reading waits for company, as a command has set it; -1: as the bench has. */
    holdS: number
    /** Bit i: the board's part i was there at the last start that nobody had planned; -1: no such start. */
    parts: number
    /** The contact's level when it was last read; -1 where it was not. */
    contact: number
}

/** Readings that wait for company, and how far they have got. */
export interface KeptBatch {
    /** As sensor-batch.ts has them; none where none waits. */
    rows: number[][]
    /**
     * The record that they were about to become: its session's counter and its number; -1: they were
     * not.
     */
    session: number
    seq: number
}

export interface NodeMemory {
    clock: ClockMemory
    heartbeat: Heartbeat
    notes: NodeNotes
    batch: KeptBatch
    /** Where each rule stands (sampling.ts). */
    samples: number[][]
}

const NOTES = 8
const MARK = 2
/** Clock, heartbeat, notes, mark, and the batch with its head. */
const FIXED_ROWS = 4 + 1 + BATCH_ROWS

export function nodeRows(memory: NodeMemory): number[][] {
    const { batch } = memory
    const rows = [
        clockRow(memory.clock),
        heartbeatRow(memory.heartbeat),
        notesRow(memory.notes),
        [batch.session, batch.seq],
    ]
    for (const row of batch.rows) rows.push(row)
    while (rows.length < FIXED_ROWS) rows.push([])
    for (const row of memory.samples) rows.push(row)
    return rows
}

/** New where there are no rows, or rows of another version. */
export function nodeMemoryOf(rows: number[][]): NodeMemory {
    if (rows.length < FIXED_ROWS || rows[3].length !== MARK) {
        return {
            clock: newClock(),
            heartbeat: newHeartbeat(),
            notes: notesOf([]),
            batch: noBatch(),
            samples: [],
        }
    }
    return {
        clock: clockOf(rows[0]),
        heartbeat: heartbeatOf(rows[1]),
        notes: notesOf(rows[2]),
        batch: {
            rows: rows.slice(4, FIXED_ROWS).filter((row) => row.length > 0),
            session: rows[3][0],
            seq: rows[3][1],
        },
        samples: rows.slice(FIXED_ROWS),
    }
}

export function noBatch(): KeptBatch {
    return { rows: [], session: -1, seq: -1 }
}

/** Whether the batch has become a record. `newest`: what the queue has seen, before anything new is sealed. */
export function isInQueue(batch: KeptBatch, newest: RecordName | undefined): boolean {
    if (newest === undefined || batch.seq < 0) return false
    return newest.session === batch.session && newest.seq >= batch.seq
}

function notesRow(notes: NodeNotes): number[] {
    return [
        notes.boots,
        notes.statusAtS,
        notes.waitsAtS,
        notes.askedAtS,
        notes.exceptions,
        notes.holdS,
        notes.parts,
        notes.contact,
    ]
}
function notesOf(given: number[]): NodeNotes {
    const row = given.length === NOTES ? given : [0, -1, -1, -1, 0, -1, -1, -1]
    return {
        boots: row[0],
        statusAtS: row[1],
        waitsAtS: row[2],
        askedAtS: row[3],
        exceptions: row[4],
        holdS: row[5],
        parts: row[6],
        contact: row[7],
    }
}
