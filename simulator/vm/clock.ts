// Time for machines, chips and links. The virtual clock stands still between events; the real one
// follows the wall.

export interface Timer {
    cancel(): void
}

export interface Clock {
    /** Milliseconds of UTC since 1970; fractions count. */
    readonly nowMs: number
    after(delayMs: number, run: () => void): Timer
}

export class RealClock implements Clock {
    get nowMs(): number {
        return Date.now()
    }
    after(delayMs: number, run: () => void): Timer {
        const timeout = setTimeout(run, delayMs)
        return { cancel: () => clearTimeout(timeout) }
    }
}

interface Entry {
    atMs: number
    order: number
    run: () => void
    isCancelled: boolean
}

/** Events in order of time, and of their making where times are equal. */
export class VirtualClock implements Clock {
    private heap: Entry[] = []
    private made = 0

    constructor(public nowMs: number) {}

    after(delayMs: number, run: () => void): Timer {
        const atMs = this.nowMs + Math.max(0, delayMs)
        const entry: Entry = { atMs, order: this.made++, run, isCancelled: false }
        this.insert(entry)
        return {
            cancel: () => {
                entry.isCancelled = true
            },
        }
    }

    /**
     * Runs every event up to `untilMs`. Before time moves on, `settle` is asked: while it answers
     * with a promise the clock waits for the world outside (sockets, commits), and what came in is
     * run first.
     */
    async runUntil(untilMs: number, settle: () => Promise<void> | undefined): Promise<void> {
        for (;;) {
            const outside = settle()
            if (outside !== undefined) {
                await outside
                continue
            }
            const next = this.heap[0]
            if (next === undefined || next.atMs > untilMs) break
            this.removeFirst()
            if (next.isCancelled) continue
            this.nowMs = next.atMs
            next.run()
        }
        this.nowMs = untilMs
    }

    private insert(entry: Entry): void {
        const heap = this.heap
        let at = heap.length
        heap.push(entry)
        while (at > 0) {
            const parent = (at - 1) >> 1
            if (isBefore(heap[parent]!, entry)) break
            heap[at] = heap[parent]!
            at = parent
        }
        heap[at] = entry
    }
    private removeFirst(): void {
        const heap = this.heap
        const last = heap.pop()!
        if (heap.length === 0) return
        let at = 0
        for (;;) {
            let child = 2 * at + 1
            if (child >= heap.length) break
            if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
            if (isBefore(last, heap[child]!)) break
            heap[at] = heap[child]!
            at = child
        }
        heap[at] = last
    }
}

function isBefore(a: Entry, b: Entry): boolean {
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
