// What the way back asks of the world: a queue of commands that outlives the gateway.

import type { UnixMs } from "../../../protocol/units.js"

/**
 * pending: never told. sent: told at least once, no answer. answered: the device has said what it
 * made of it. expired: its time was up, or its mandate; an answer may still come and is then kept.
 */
export type CommandState = "pending" | "sent" | "answered" | "expired"

export interface NewCommand {
    deviceId: string
    /** Under which it acts; null for a device that needs none. */
    mandateId: string | null
    /** One of CommandKind. */
    order: number
    args: readonly number[]
    /** Two people; null for both where the mandate itself gives the order. */
    requestedBy: string | null
    approvedBy: string | null
    createdAtMs: UnixMs
    expiresAtMs: UnixMs
}

/** As which message a command went out. */
export interface Telling {
    /** Salt of the session, hexadecimal, and its counter. */
    salt: string
    session: number
    /** The command's own counter. */
    counter: number
    atMs: UnixMs
}

export interface CommandAnswer {
    /** One of Answer, or a number of a later version. */
    answer: number
    inForce: readonly number[]
    /** When the device decided, by its own time. */
    decidedAtMs: UnixMs
    receivedAtMs: UnixMs
}

export interface QueuedCommand extends NewCommand {
    id: number
    state: CommandState
    /** The last time that it was told. */
    told: Telling | null
    answer: CommandAnswer | null
}

/** Durable: what a call has changed is on the disk when it returns. Each throws when it cannot be. */
export interface CommandQueue {
    add(command: NewCommand): QueuedCommand
    /** Pending and sent, oldest first. */
    open(deviceId: string): QueuedCommand[]
    /** Of a device, newest first. */
    recent(deviceId: string, count: number): QueuedCommand[]
    /** Those of one kind, newest first. */
    newestOf(deviceId: string, order: number, count: number): QueuedCommand[]
    /** To be called before it is told: an answer to it must find it. */
    noteTold(id: number, telling: Telling): void
    expire(ids: readonly number[]): void
    /** Commands that went to the device under these counters, each with the salt. */
    toldAs(deviceId: string, session: number, counter: number): { id: number; salt: string }[]
    command(id: number): QueuedCommand | undefined
    /** The first answer stands. True when this was it. */
    noteAnswer(id: number, answer: CommandAnswer): boolean
    /** Ledger number of the last uplink that was looked at for an answer. */
    cursor(): number
    moveCursor(uplinkId: number): void
}
