// Fixes that were accepted and are in no record yet. In non-volatile memory they outlive sleep and
// reset, so a tracker that sleeps between fixes still sends them many to a record.
//
// A fix lies in the slot of its number, and its slot says the number. What counts are the numbers
// from the session's `nextFix` on without a hole: nothing has to be freed, moving `nextFix` does it.
//
//     0   number     4 bytes, big-endian like all that follows
//     4   time       5 bytes, tenths of a second since 1970
//     9   latitude   4 bytes, millionths of a degree above -90 degrees
//     13  longitude  4 bytes, millionths of a degree above -180 degrees
//     17  altitude   3 bytes, metres above -1,000 m
//     20  speed      3 bytes, dm/s
//     23  course     2 bytes, degrees
//     25  accuracy   4 bytes, dm
//     29  satellites 1 byte
//     30  check      4 bytes

import { putBigEndian } from "../../protocol/bytes.js"
import { columnsOf, type Fix, fixOfColumns } from "../../protocol/fix.js"
import { bigEndian } from "./cell-pair.js"
import { CHECK_BYTES, checkOf, type Hash, isSameBytes, type Nvm, RamNvm } from "./nvm.js"
import { FIX_LOG_AT, FIX_LOG_BYTES } from "./nvm-layout.js"

const WIDTHS: number[] = [5, 4, 4, 3, 3, 2, 4, 1]
const OFFSETS: number[] = [0, 90000000, 180000000, 1000, 0, 0, 0, 0]
const NUMBER_BYTES = 4
const ROW_BYTES = 30
export const FIX_SLOT_BYTES = ROW_BYTES + CHECK_BYTES
/** 67: one full body and some. */
const FIX_LOG_FIXES = Math.floor(FIX_LOG_BYTES / FIX_SLOT_BYTES)
/** Without FRAM: 816 bytes of the heap. When it is full a body is closed, be it due or not. */
export const RAM_LOG_FIXES = 24

export class FixLog {
    /** It takes FIX_SLOT_BYTES for each of `capacity` fixes, from `start` on. */
    constructor(
        private nvm: Nvm,
        private hash: Hash,
        private start: number = FIX_LOG_AT,
        /** Fixes it can hold. */
        public capacity: number = FIX_LOG_FIXES,
    ) {}

    /** False when it could not be kept. */
    put(number: number, fix: Fix): boolean {
        const at = this.at(number)
        const slot = Buffer.alloc(FIX_SLOT_BYTES)
        putBigEndian(slot, 0, number, NUMBER_BYTES)
        let offset = NUMBER_BYTES
        const columns = columnsOf(fix)
        for (let i = 0; i < columns.length; i++) {
            putBigEndian(slot, offset, columns[i] + OFFSETS[i], WIDTHS[i])
            offset += WIDTHS[i]
        }
        slot.set(checkOf(this.hash, at, slot.slice(0, ROW_BYTES)), ROW_BYTES)
        try {
            this.nvm.write(at, slot)
            return isSameBytes(this.nvm.read(at, FIX_SLOT_BYTES), slot)
        } catch {
            return false
        }
    }

    /** Undefined when there is none under that number, or it has decayed. */
    get(number: number): Fix | undefined {
        const at = this.at(number)
        let slot: Buffer
        try {
            slot = this.nvm.read(at, FIX_SLOT_BYTES)
        } catch {
            return undefined
        }
        if (bigEndian(slot, 0, NUMBER_BYTES) !== number) return undefined
        const check = slot.slice(ROW_BYTES, FIX_SLOT_BYTES)
        if (!isSameBytes(check, checkOf(this.hash, at, slot.slice(0, ROW_BYTES)))) return undefined
        const columns: number[] = []
        let offset = NUMBER_BYTES
        for (let i = 0; i < WIDTHS.length; i++) {
            columns.push(bigEndian(slot, offset, WIDTHS[i]) - OFFSETS[i])
            offset += WIDTHS[i]
        }
        return fixOfColumns(columns)
    }

    private at(number: number): number {
        const turns = Math.floor(number / this.capacity)
        return this.start + (number - turns * this.capacity) * FIX_SLOT_BYTES
    }
}

/** For boards without FRAM: a reset loses it. */
export function ramFixLog(hash: Hash): FixLog {
    return new FixLog(new RamNvm(RAM_LOG_FIXES * FIX_SLOT_BYTES), hash, 0, RAM_LOG_FIXES)
}
