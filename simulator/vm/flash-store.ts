// The runtime's settings-and-program store in flash ("fstor"), as it stands on ESP32 boards: 64
// pages of 4 KiB at 0x1c0000. Two header areas of 16 KiB alternate; entries are appended behind the
// header and their data grows down from the area's end; the program lies behind both areas.

const STORE_BYTES = 256 * 1024
const PAGE_BYTES = 4096
const PAGES = STORE_BYTES / PAGE_BYTES
const HEADER_PAGES = 4
const AREA_BYTES = HEADER_PAGES * PAGE_BYTES
const MAGIC = [0x52545346, 0x6becea0a] as const
const STORE_HEADER_BYTES = 24
const ENTRY_BYTES = 24
const KEY_BYTES_MAX = 15
const PROGRAM_KEY = "*prog"
const PROGRAM_MAGIC = [0x8d8abd53, 0xb27c4b2b] as const
const PROGRAM_HEADER_BYTES = 128
/** A longer value is accepted when written and stops the device when read. */
const VALUE_BYTES_MAX = 200

export const FLASH_STORE_BYTES = STORE_BYTES

/**
 * A fresh store that holds a program and settings, ready to be flashed or booted.
 *
 * Throws when a key is longer than 14 characters, a value longer than 200 bytes of JSON, the
 * program too large or the area full.
 */
export function buildFlashStore(
    program: Uint8Array,
    settings: Readonly<Record<string, string | number>>,
): Buffer {
    const store = Buffer.alloc(STORE_BYTES, 0xff)
    store.fill(0, 0, STORE_HEADER_BYTES)
    store.writeUInt32LE(MAGIC[0], 0)
    store.writeUInt32LE(MAGIC[1], 4)
    store.writeUInt32LE(1, 8)
    store.writeUInt32LE(PAGE_BYTES, 12)
    store.writeUInt16LE(PAGES, 16)
    store.writeUInt16LE(HEADER_PAGES, 18)
    const entries = new EntryWriter(store)
    writeProgram(store, program, entries)
    for (const [key, value] of Object.entries(settings)) {
        const json = Buffer.from(JSON.stringify(value))
        if (json.length > VALUE_BYTES_MAX)
            throw new Error(`setting ${key}: ${json.length} bytes, at most ${VALUE_BYTES_MAX}`)
        entries.addValue(`:${key}`, json)
    }
    return store
}

class EntryWriter {
    private nextEntry = STORE_HEADER_BYTES
    private dataStart = AREA_BYTES

    constructor(private readonly store: Buffer) {}

    addValue(key: string, value: Buffer): void {
        const bytes = Math.max(8, (value.length + 7) & ~7)
        this.dataStart -= bytes
        // The entry after the last must stay blank: it marks the end.
        if (this.dataStart < this.nextEntry + 2 * ENTRY_BYTES) throw new Error("settings area full")
        value.copy(this.store, this.dataStart)
        this.addEntry(key, this.dataStart, value.length)
    }
    addEntry(key: string, at: number, length: number): void {
        if (key.length > KEY_BYTES_MAX)
            throw new Error(`setting ${key}: name too long, at most ${KEY_BYTES_MAX} bytes`)
        this.store.fill(0, this.nextEntry, this.nextEntry + 16)
        this.store.write(key, this.nextEntry, "latin1")
        this.store.writeUInt32LE(at, this.nextEntry + 16)
        this.store.writeUInt32LE(length, this.nextEntry + 20)
        this.nextEntry += ENTRY_BYTES
    }
}

function writeProgram(store: Buffer, program: Uint8Array, entries: EntryWriter): void {
    const at = 2 * AREA_BYTES
    const length = PROGRAM_HEADER_BYTES + program.length
    if (at + length > STORE_BYTES)
        throw new Error(`program of ${program.length} bytes does not fit into the store`)
    store.writeUInt32LE(PROGRAM_MAGIC[0], at)
    store.writeUInt32LE(program.length, at + 4)
    store.writeUInt32LE(PROGRAM_MAGIC[1], at + 8)
    store.writeUInt32LE(fnv1a(program), at + 12)
    store.set(program, at + PROGRAM_HEADER_BYTES)
    entries.addEntry(PROGRAM_KEY, at, length)
}

function fnv1a(bytes: Uint8Array): number {
    let hash = 0x811c9dc5
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x1000193) >>> 0
    return hash
}
