// What to tell a device next. One command at a time, in the order in which they were queued, again
// until it is answered: each changes the device to a state and not by a step, so to be obeyed twice
// changes nothing, and none overtakes another.

import { CommandKind } from "../../../protocol/command.js"
import type { UnixMs } from "../../../protocol/units.js"
import type { CaseFile } from "../domain/case-file.js"
import type { QueuedCommand } from "./ports.js"
import { isStillLawful } from "./request-command.js"

/** An answer takes a second on a connection that stands; after this it is told again. */
export const TELL_AGAIN_MS = 30_000

export interface Delivery {
    /** Their time is up, or their mandate. */
    expired: number[]
    /** To be told now. */
    next: QueuedCommand | undefined
}

/** `open`: the device's commands without an answer, oldest first. */
export function nextDelivery(
    caseFile: CaseFile,
    open: readonly QueuedCommand[],
    nowMs: UnixMs,
): Delivery {
    const isOver = (one: QueuedCommand) =>
        nowMs >= one.expiresAtMs || !isStillLawful(caseFile, one, nowMs)
    const expired = open.filter(isOver).map(({ id }) => id)
    const left = open.filter(({ id }) => !expired.includes(id))
    // The end of a mandate waits for nothing; only the newest word about it counts.
    const mandates = left.filter(({ order }) => order === CommandKind.mandate)
    const superseded = mandates.slice(0, -1).map(({ id }) => id)
    const head = mandates.at(-1) ?? left[0]
    const isWaiting = head?.told && nowMs - head.told.atMs < TELL_AGAIN_MS
    return { expired: [...expired, ...superseded], next: isWaiting ? undefined : head }
}
