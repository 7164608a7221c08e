// What to tell a device next. One command at a time, in the order in which they were queued, again
// until it is answered: each changes the device to a state and not by a step, so to be obeyed twice
// changes nothing, and none overtakes another.

import { CommandKind } from "../../../protocol/command.js"
import type { UnixMs } from "../../../protocol/units.js"
import type { CaseFile } from "../domain/case-file.js"
import type { NewCommand, Over, OverBecause, QueuedCommand } from "./ports.js"
import { isStillLawful } from "./request-command.js"

/** An answer takes a second on a connection that stands; after this it is told again. */
export const TELL_AGAIN_MS = 30_000

export interface Delivery {
    /** Not to be told any more. */
    over: Over[]
    /** To be told now. */
    next: QueuedCommand | undefined
}

/** `open`: the device's commands without an answer, oldest first. */
export function nextDelivery(
    caseFile: CaseFile,
    open: readonly QueuedCommand[],
    nowMs: UnixMs,
): Delivery {
    const over = overNow(caseFile, open, nowMs)
    const left = open.filter(({ id }) => !over.some((one) => one.id === id))
    // The end of a mandate waits for nothing; only the newest word about it counts.
    const mandates = left.filter(({ order }) => order === CommandKind.mandate)
    for (const { id } of mandates.slice(0, -1)) over.push({ id, because: "superseded" })
    const head = mandates.at(-1) ?? left[0]
    const isWaiting = head?.told && nowMs - head.told.atMs < TELL_AGAIN_MS
    return { over, next: isWaiting ? undefined : head }
}

/** Those of which nothing can come any more. */
export function overNow(
    caseFile: CaseFile,
    commands: readonly QueuedCommand[],
    nowMs: UnixMs,
): Over[] {
    return commands.flatMap((one) => {
        const because = overBecause(caseFile, one, nowMs)
        return because ? [{ id: one.id, because }] : []
    })
}

/** Why a command may not be told now, or never again; undefined where it may. */
export function overBecause(
    caseFile: CaseFile,
    command: NewCommand,
    nowMs: UnixMs,
): OverBecause | undefined {
    if (!isStillLawful(caseFile, command, nowMs)) return "mandate"
    return nowMs >= command.expiresAtMs ? "time" : undefined
}
