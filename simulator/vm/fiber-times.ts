// When the machine's next fiber wakes, read out of its memory: the heap's head points to the
// program's context, that to the list of fibers, each with its wake time. The layout is that of the
// pinned release (runtime/devicescript: gc_alloc.c, devs_internal.h, 32-bit). It is checked against
// the context's own clock whenever it is read: where that does not agree, there is no answer.

/** Words of 4 bytes into the structures. */
const HEAP = { bytesBelow: -1, firstChunk: 1, context: 5, head: 6 }
const CONTEXT = { errorCode: 2, fibers: 60, nowMs: 64 }
const FIBER = { next: 0, kind: 4, wakeMs: 6 }
/** A fiber that a native call holds; it may be let go at any time. */
const KIND_AWAITING = 5
const ROLE_HAS_WOKEN = 1 << 5
const KIND_MASK = 15
const FIBERS_MAX = 100
const HEAP_BYTES = 64 * 1024
/** The heap's block holds its own head and is aligned. */
const HEAP_SLACK_BYTES = 64
/** Where in memory the heap is looked for, once in so many calls. */
const SEARCH_FROM = 1025
const SEARCH_TO = 400_000
const SEARCH_EVERY = 16
/** The program, and with it the heap, begins no sooner after boot. */
const PROGRAM_STARTS_MS = 1100
/** The runtime's count of milliseconds may lag by a rounding. */
const CLOCK_SLACK_MS = 1
const UINT32 = 2 ** 32

export class FiberTimes {
    private readonly words: Uint32Array
    private heap = 0
    private calls = 0

    constructor(memory: ArrayBuffer) {
        this.words = new Uint32Array(memory)
    }

    /** Milliseconds until a fiber wakes, Infinity when none will; undefined where that is unknown. */
    idleMs(uptimeMs: number): number | undefined {
        const { words } = this
        if (uptimeMs < PROGRAM_STARTS_MS) return undefined
        const context = this.context()
        if (context === 0) return undefined
        const nowMs = words[context + CONTEXT.nowMs]!
        // It was set in the call that has just ended, unless this is not the context any more.
        if (Math.abs(nowMs - (Math.floor(uptimeMs) % UINT32)) > CLOCK_SLACK_MS) {
            this.heap = 0
            lastHeap = 0
            return undefined
        }
        if ((words[context + CONTEXT.errorCode]! & 0xffff) !== 0) return undefined
        let idleMs = Infinity
        let fiber = words[context + CONTEXT.fibers]! >>> 2
        for (let n = 0; fiber !== 0; n++) {
            if (n === FIBERS_MAX || fiber + FIBER.wakeMs >= words.length) return undefined
            const kind = words[fiber + FIBER.kind]!
            if ((kind & KIND_MASK) === KIND_AWAITING || (kind & ROLE_HAS_WOKEN) !== 0)
                return undefined
            const wakeMs = words[fiber + FIBER.wakeMs]!
            // The runtime compares unsigned: a time before now, past the wrap, is 49 days away.
            if (wakeMs !== 0) idleMs = Math.min(idleMs, wakeMs <= nowMs ? 0 : wakeMs - nowMs)
            fiber = words[fiber + FIBER.next]! >>> 2
        }
        return idleMs
    }

    /** Index of the program's context, or 0. */
    private context(): number {
        const { words } = this
        if (!this.isHeap(this.heap)) {
            this.heap = 0
            if (this.isHeap(lastHeap)) this.heap = lastHeap
            else if (this.calls++ % SEARCH_EVERY === 0) this.heap = this.findHeap()
            if (this.heap === 0) return 0
            lastHeap = this.heap
        }
        const context = words[this.heap + HEAP.context]! >>> 2
        return context + CONTEXT.nowMs < words.length ? context : 0
    }
    private isHeap(at: number): boolean {
        if (at === 0 || at + HEAP.head >= this.words.length) return false
        const bytes = this.words[at + HEAP.bytesBelow]! & ~7
        return (
            this.words[at + HEAP.firstChunk] === (at + HEAP.head) * 4 &&
            bytes >= HEAP_BYTES &&
            bytes <= HEAP_BYTES + HEAP_SLACK_BYTES
        )
    }
    private findHeap(): number {
        for (let at = SEARCH_FROM; at < SEARCH_TO; at++) if (this.isHeap(at)) return at
        return 0
    }
}

/** Machines allocate alike: the next one's heap lies where this one's did. */
let lastHeap = 0
