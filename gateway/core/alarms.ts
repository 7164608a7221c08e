// What may mean that somebody tampers with a tracker or its keys [P-E70]. Each counts; the log and
// the ledger hear of each kind for each device at once, and then as often as they can take.

import type { UnixMs } from "../../protocol/units.js"
import type { AlarmKind, Ledger, Log } from "./ports.js"

/** Rows of one kind for one device are so far apart; what falls between is counted in the next. */
const ROW_EVERY_MS = 60_000
/** Refused seals of a device within BAD_TAG_WINDOW_MS that a poor network does not explain. */
export const BAD_TAGS_MAX = 10
const BAD_TAG_WINDOW_MS = 60_000
/** Connections of a device, each made while another was open, within OVERLAP_WINDOW_MS. */
export const OVERLAPS_MAX = 4
const OVERLAP_WINDOW_MS = 60_000

export class Alarms {
    readonly totals: Record<AlarmKind, number> = {
        "nonce-reuse": 0,
        "clone-suspected": 0,
        "bad-tag": 0,
    }
    private readonly told = new Map<string, { atMs: UnixMs; since: number }>()
    private readonly badTags = new Windows(BAD_TAG_WINDOW_MS, BAD_TAGS_MAX)
    private readonly overlaps = new Windows(OVERLAP_WINDOW_MS, OVERLAPS_MAX)

    constructor(
        private readonly ledger: Pick<Ledger, "recordAlarm">,
        private readonly log: Log,
    ) {}

    raise(kind: AlarmKind, deviceId: string, detail: string, nowMs: UnixMs): void {
        this.totals[kind]++
        const key = `${deviceId} ${kind}`
        const last = this.told.get(key)
        if (last && nowMs - last.atMs < ROW_EVERY_MS) {
            last.since++
            return
        }
        const count = 1 + (last?.since ?? 0)
        this.told.set(key, { atMs: nowMs, since: 0 })
        this.log("error", `alarm ${kind}, device ${deviceId}: ${detail} (${count} times)`)
        try {
            this.ledger.recordAlarm({ kind, deviceId, atMs: nowMs, detail, count })
        } catch (error) {
            this.log("error", `alarm ${kind} could not be kept: ${(error as Error).message}`)
        }
    }

    /** A message under the device's handle was refused. */
    noteRefusal(deviceId: string, reason: string, nowMs: UnixMs): void {
        if (reason === "nonce-reuse")
            this.raise("nonce-reuse", deviceId, "other bytes under a number that is held", nowMs)
        else if (reason === "bad-tag") this.noteBadTag(deviceId, nowMs)
    }

    /** A session spoke that another had replaced. */
    noteReplacedSession(deviceId: string, nowMs: UnixMs): void {
        this.raise("clone-suspected", deviceId, "two sessions speak in turn", nowMs)
    }

    private noteBadTag(deviceId: string, nowMs: UnixMs): void {
        if (!this.badTags.isFull(deviceId, nowMs)) return
        const detail = `more than ${BAD_TAGS_MAX} seals did not hold within a minute`
        this.raise("bad-tag", deviceId, detail, nowMs)
    }

    /** The device connected while another connection of it was open. */
    noteOverlap(deviceId: string, nowMs: UnixMs): void {
        if (!this.overlaps.isFull(deviceId, nowMs)) return
        const detail = "connections that take over from each other"
        this.raise("clone-suspected", deviceId, detail, nowMs)
    }
}

/** Whether something has happened more than `most` times within a window, for each device. */
class Windows {
    private readonly times = new Map<string, UnixMs[]>()

    constructor(
        private readonly windowMs: number,
        private readonly most: number,
    ) {}

    /** Notes one more; true when there are too many. Holds `most` times of each device. */
    isFull(deviceId: string, nowMs: UnixMs): boolean {
        const recent = (this.times.get(deviceId) ?? []).filter((at) => nowMs - at < this.windowMs)
        const isFull = recent.length >= this.most
        recent.push(nowMs)
        this.times.set(deviceId, recent.slice(-this.most))
        return isFull
    }
}
