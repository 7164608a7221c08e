// The three kinds of symbol that a packed batch is made of, once written and once read. Whatever
// goes through a coder comes back from it: the writer gives back what it was given, the reader what
// is in the bytes, whatever it was given. So the walk over a batch is one function for both.

import { RangeDecoder, RangeEncoder } from "./range-coder.js"
import {
    CLASS_MAX,
    CLASSES,
    LAW_TOTAL,
    largeClass,
    nextFocus,
    POSITIONS,
    SIZES,
    STARTS,
    sharper,
    TAILS,
    WIDTHS,
} from "./residual-law.js"

export interface SymbolCoder {
    /** An integer from 0 to `limit` - 1, all of them alike likely. */
    uniform(value: number, limit: number): number
    /** 0 or 1, of which 1 is a surprise: by the law at `focuses[context]`, which moves. */
    flag(value: number, focuses: number[], context: number): number
    /** Any integer below 2^37 in size, likewise. */
    residual(value: number, focuses: number[], context: number): number
}

/** Uniform integers are cut into digits of this base. */
const DIGIT = 16384
/** Signed places within a class, up to this many, are coded in one with the class. */
const PLACES_MAX = 64

export class SymbolWriter extends RangeEncoder implements SymbolCoder {
    uniform(value: number, limit: number): number {
        if (limit > DIGIT) {
            const high = Math.floor(value / DIGIT)
            this.uniform(high, Math.ceil(limit / DIGIT))
            this.part(value - high * DIGIT, 1, DIGIT)
        } else if (limit > 1) this.part(value, 1, limit)
        return value
    }
    flag(value: number, focuses: number[], context: number): number {
        const focus = focuses[context]
        const tail = TAILS[focus]
        if (value === 0) {
            this.part(tail, LAW_TOTAL - tail, LAW_TOTAL)
            focuses[context] = sharper(focus)
        } else {
            this.part(0, tail, LAW_TOTAL)
            focuses[context] = nextFocus(focus, 1)
        }
        return value
    }
    residual(value: number, focuses: number[], context: number): number {
        const focus = focuses[context]
        if (value === 0) {
            const tail = TAILS[focus]
            this.part(tail, LAW_TOTAL - tail, LAW_TOTAL)
            focuses[context] = sharper(focus)
            return 0
        }
        const size = value < 0 ? -value : value
        const index = size < SIZES ? CLASSES[size] : largeClass(size)
        const above = TAILS[POSITIONS[index + 1] + focus]
        const own = TAILS[POSITIONS[index] + focus] - above
        const width = WIDTHS[index]
        const place = value < 0 ? size - STARTS[index] + width : size - STARTS[index]
        if (width * 2 > PLACES_MAX) {
            this.part(above, own, LAW_TOTAL)
            this.uniform(place, width * 2)
        } else this.partOfPart(above, own, place, width * 2)
        focuses[context] = nextFocus(focus, index)
        return value
    }
}

export class SymbolReader extends RangeDecoder implements SymbolCoder {
    uniform(_value: number, limit: number): number {
        if (limit > DIGIT) {
            const high = this.uniform(0, Math.ceil(limit / DIGIT))
            return high * DIGIT + this.digit(DIGIT)
        }
        return limit > 1 ? this.digit(limit) : 0
    }
    flag(_value: number, focuses: number[], context: number): number {
        const focus = focuses[context]
        const tail = TAILS[focus]
        if (this.peek(LAW_TOTAL) < tail) {
            this.take(0, tail)
            focuses[context] = nextFocus(focus, 1)
            return 1
        }
        this.take(tail, LAW_TOTAL - tail)
        focuses[context] = sharper(focus)
        return 0
    }
    residual(_value: number, focuses: number[], context: number): number {
        const focus = focuses[context]
        const part = this.peek(LAW_TOTAL)
        let index = 0
        let tail = LAW_TOTAL
        let above = TAILS[focus]
        while (above > part && index < CLASS_MAX) {
            index++
            tail = above
            above = TAILS[POSITIONS[index + 1] + focus]
        }
        if (index === 0) {
            this.take(above, tail - above)
            focuses[context] = sharper(focus)
            return 0
        }
        focuses[context] = nextFocus(focus, index)
        const width = WIDTHS[index]
        let place = 0
        if (width * 2 > PLACES_MAX) {
            this.take(above, tail - above)
            place = this.uniform(0, width * 2)
        } else place = this.placeOf(above, tail - above, width * 2)
        return place < width ? STARTS[index] + place : width - place - STARTS[index]
    }

    private digit(limit: number): number {
        const value = this.peek(limit)
        this.take(value, 1)
        return value
    }
}
