// The live feed of one operation: every message with its number, the last ten minutes of them kept
// so that a console that was away gets what it missed. Who may see which target is decided for each
// viewer when a message goes out, not when the connection was made.

import type { LiveMessage } from "../../protocol/live.js"
import type { UnixMs } from "../../protocol/units.js"

type Unnumbered<Message> = Message extends { seq: number } ? Omit<Message, "seq"> : never
export type LiveChange = Unnumbered<
    Exclude<LiveMessage, { kind: "snapshot" | "resume" | "heartbeat" }>
>
export type Numbered = Exclude<LiveMessage, { kind: "snapshot" | "resume" | "heartbeat" }>

const RING_MS = 10 * 60_000
/** Beyond this the oldest go early: a console that was away longer starts from a snapshot. */
const RING_MESSAGES_MAX = 5000

export class LiveFeed {
    seq = 0
    private ring: Numbered[] = []

    add(change: LiveChange): Numbered {
        this.seq++
        const message = { ...change, seq: this.seq } as Numbered
        this.ring.push(message)
        this.forget(change.atMs)
        return message
    }

    /** Everything behind `seq`, or undefined when some of it is gone. */
    since(seq: number): Numbered[] | undefined {
        const first = this.ring[0]?.seq ?? this.seq + 1
        if (seq > this.seq || seq + 1 < first) return undefined
        return this.ring.filter((message) => message.seq > seq)
    }

    private forget(nowMs: UnixMs): void {
        const surplus = this.ring.length - RING_MESSAGES_MAX
        const keep = this.ring.findIndex((one, i) => i >= surplus && one.atMs >= nowMs - RING_MS)
        if (keep > 0) this.ring = this.ring.slice(keep)
    }
}
