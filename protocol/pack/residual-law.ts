// How likely a residual is, given how large its column's residuals have been of late: the tail of a
// Lomax law (Pareto II, shape 3) whose mean is the column's scale m, P(|r| >= x) = (1 + x / 2m)^-3.
// That tail is heavy enough for a parked tracker to drive off at a bearable price.
//
// Sizes are counted in classes of half an octave, so that one table of the tail serves every column
// at every scale: class 0 holds 0, class 1 holds 1, the even class 2e begins at 2^e and the odd
// 2e + 1 at 1.5 times that. A column keeps its scale as a focus of 0 to 60, which is 48 less four
// times log2 m: the larger, the smaller the residuals are expected to be. Tables, since the tracker
// pays for each step of a sum.

/** Frequencies of all classes add up to this. */
export const LAW_TOTAL = 16384
/** The last class ends at 2^37, beyond a century in tenths of a second. */
export const CLASS_MAX = 73

/** From m = 4,096 quanta to an eighth of one. */
const FOCUS_MAX = 60
/** The focus of m = 1. */
const FOCUS_OF_ONE = 48
/** The end of the last class lies at twice its number, in quarter octaves. */
const TAIL_ENTRIES = 2 * (CLASS_MAX + 1) + FOCUS_MAX + 1

/** Sizes below this have their class in a table. */
export const SIZES = 64
export const CLASSES: Buffer = Buffer.alloc(SIZES)
/** By class: the smallest size in it, and how many it holds, 1 or a power of two. */
export const STARTS: number[] = []
export const WIDTHS: number[] = []
/** By class: where it begins in quarter octaves, and where the middle of its sizes is. */
export const POSITIONS: Buffer = Buffer.alloc(CLASS_MAX + 2)
export const MIDDLES: Buffer = Buffer.alloc(CLASS_MAX + 1)
/**
 * Parts of LAW_TOTAL that go to a class and all above it, by its position plus the column's focus;
 * class 0 begins the whole.
 */
export const TAILS: number[] = []
/** What a focus loses to a residual, and 1, by the middle of the class plus the focus. */
const LOSSES: Buffer = Buffer.alloc(TAIL_ENTRIES)

/** Parts beneath the law: one a half octave, so that no class goes without. */
const RAMP = 70
const LAW_PARTS = LAW_TOTAL - RAMP - 2
/** Entries of the tail that the law reaches, 5.5 octaves past the scale; then the ramp alone. */
const LAW_ENTRIES = 72
/** 2^(i/4), 16 bits after the point. */
const QUARTERS = [65536, 77936, 92682, 110218]

/** A scale moves by 1.225 (|r| / m - 1) quarter octaves, rounded, |r| / m taken as 9 at most. */
const MOVES = [-1, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 5, 6, 7, 9, 10]
/** MOVES begins an octave below the scale, as position plus focus. */
const MOVES_FROM = FOCUS_OF_ONE - 4

fillClasses()
fillTails()
fillLosses()

/** The class of a size of SIZES or more. */
export function largeClass(size: number): number {
    let rest = size
    let above = 0
    while (rest >= SIZES) {
        rest = Math.floor(rest / 2)
        above += 2
    }
    return CLASSES[rest] + above
}

/** The focus after a residual of a class above 0. */
export function nextFocus(focus: number, index: number): number {
    const next = focus + 1 - LOSSES[MIDDLES[index] + focus]
    return next < 0 ? 0 : next < FOCUS_MAX ? next : FOCUS_MAX
}

/** The focus after a residual of 0. */
export function sharper(focus: number): number {
    return focus < FOCUS_MAX ? focus + 1 : focus
}

function fillClasses(): void {
    for (let size = 0; size < SIZES; size++)
        CLASSES[size] = size < 4 ? size : CLASSES[size >> 1] + 2
    for (let index = 0; index <= CLASS_MAX; index++) {
        const width = index < 4 ? 1 : WIDTHS[index - 2] * 2
        WIDTHS.push(width)
        STARTS.push(index < 2 ? index : width * (2 + (index & 1)))
        POSITIONS[index] = index < 2 ? 0 : index * 2
        MIDDLES[index] = index < 4 ? POSITIONS[index] : index * 2 + 1
    }
    POSITIONS[CLASS_MAX + 1] = 2 * (CLASS_MAX + 1)
}

function fillTails(): void {
    for (let i = 0; i < TAIL_ENTRIES; i++) {
        const ramp = (TAIL_ENTRIES - 1 - i) >> 1
        if (i >= LAW_ENTRIES) {
            TAILS.push(ramp + 1)
            continue
        }
        // 2^28 stands for m: 16 bits of QUARTERS and the 12 octaves before it.
        const ratio = (QUARTERS[i & 3] * (1 << (i >> 2))) / 268435456
        const under = 1 / (1 + ratio / 2)
        const law = Math.floor(LAW_PARTS * (under * under * under))
        TAILS.push(law + (ramp < RAMP ? ramp : RAMP) + 1)
    }
}

function fillLosses(): void {
    for (let i = 0; i < TAIL_ENTRIES; i++) {
        const at = i - MOVES_FROM
        LOSSES[i] = 1 + MOVES[at < 0 ? 0 : at < MOVES.length ? at : MOVES.length - 1]
    }
}
