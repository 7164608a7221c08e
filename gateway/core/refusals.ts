import type { UnixMs } from "../../protocol/units.js"
import type { Log } from "./ports.js"

/** A device that keeps sending what is refused is mentioned this often for each reason. */
const MENTION_EVERY_MS = 60_000

/** Messages that were refused. Each counts; the log hears of them now and then. */
export class Refusals {
    total = 0
    private readonly mentioned = new Map<string, { atMs: UnixMs; since: number }>()

    constructor(private readonly log: Log) {}

    note(deviceId: string, reason: string, nowMs: UnixMs): void {
        this.total++
        const key = `${deviceId} ${reason}`
        const last = this.mentioned.get(key)
        if (last && nowMs - last.atMs < MENTION_EVERY_MS) {
            last.since++
            return
        }
        const more = last?.since ? ` (${last.since} more since)` : ""
        this.mentioned.set(key, { atMs: nowMs, since: 0 })
        this.log("warn", `device ${deviceId}: message refused, ${reason}${more}`)
    }
}
