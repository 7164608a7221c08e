// What the way back asks of the world: a queue of commands that outlives the gateway.

import type { UnixMs } from "../../../protocol/units.js"

/**
 * asked: by one person, approved by none. pending: never told. sent: told at least once, no answer.
 * answered: the device has said what it made of it. expired: given up; an answer to one that was told
 * may still come and is then kept.
 */
export type CommandState = "asked" | "pending" | "sent" | "answered" | "expired"

/**
 * Why a command is given up: its own time, the end of what it acts under, or for an order about the
 * mandate a later one.
 */
export type OverBecause = "time" | "mandate" | "superseded"

export interface NewCommand {
    deviceId: string
    /** Under which it acts; null for a device that needs none. */
    mandateId: string | null
    /** One of CommandKind. */
    order: number
    args: readonly number[]
    /** Null where the mandate itself gives the order. */
    requestedBy: string | null
    createdAtMs: UnixMs
    expiresAtMs: UnixMs
}

export interface Over {
    id: number
    because: OverBecause
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
    /** Another person than asked; null while nobody has, and where the mandate itself orders. */
    approvedBy: string | null
    approvedAtMs: UnixMs | null
    /** Null unless it was given up. */
    overBecause: OverBecause | null
    /** The last time that it was told. */
    told: Telling | null
    answer: CommandAnswer | null
}

/** Durable: what a call has changed is on the disk when it returns. Each throws when it cannot be. */
export interface CommandQueue {
    /** Keeps what one person has asked for. It is told once another has approved it. */
    ask(command: NewCommand): QueuedCommand
    /** Into the queue, behind all that were approved before. False where it was not `asked`. */
    approve(id: number, approvedBy: string, atMs: UnixMs): boolean
    /** Into the queue, for the mandate itself. */
    add(command: NewCommand): QueuedCommand
    /** Those that wait for an approval, oldest first. */
    asked(deviceId: string): QueuedCommand[]
    /** Pending and sent, in the order in which they came into the queue. */
    open(deviceId: string): QueuedCommand[]
    /** Of a device under one of these mandates, or for null under none; newest first. */
    under(deviceId: string, mandateIds: readonly string[] | null, count: number): QueuedCommand[]
    /** Those of one kind, newest first. */
    newestOf(deviceId: string, order: number, count: number): QueuedCommand[]
    /** To be called before it is told: an answer to it must find it. */
    noteTold(id: number, telling: Telling): void
    expire(over: readonly Over[]): void
    /** Commands that went to the device under these counters, each with the salt. */
    toldAs(deviceId: string, session: number, counter: number): { id: number; salt: string }[]
    command(id: number): QueuedCommand | undefined
    /** The first answer stands. True when this was it. */
    noteAnswer(id: number, answer: CommandAnswer): boolean
    /** Ledger number of the last uplink that was looked at for an answer. */
    cursor(): number
    moveCursor(uplinkId: number): void
}
