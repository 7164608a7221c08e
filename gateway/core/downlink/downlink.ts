// The way back: what a device should be told, and whether it heard. Told is what waits in the queue,
// when the device has just been heard; believed is only the device's own answer, out of the ledger.

import { CommandKind, sealCommand } from "../../../protocol/command.js"
import { type Aead, MessageType } from "../../../protocol/envelope.js"
import { Answer } from "../../../protocol/response.js"
import { type UnixMs, unixMs } from "../../../protocol/units.js"
import type { CaseFile } from "../domain/case-file.js"
import type { Uplink } from "../ingest/uplink.js"
import type { Admitted } from "../intake.js"
import type { Clock, Ledger, Log, Vault } from "../ports.js"
import { nextDelivery, overNow } from "./delivery.js"
import { type MandateOrder, mandateOrderDue } from "./mandate-orders.js"
import { OrderError } from "./order-error.js"
import type { CommandQueue, NewCommand, QueuedCommand } from "./ports.js"
import {
    type CommandRequest,
    checkApproval,
    requestedCommand,
    wireCommand,
} from "./request-command.js"
import { commandOf, readResponse } from "./response-reader.js"

/** What the gateway orders by itself is given again by itself. */
const MANDATE_ORDER_LIFE_MS = 30 * 86_400_000
/** A device that refuses a mandate order is not asked again at every record of it. */
export const REFUSED_MANDATE_WAIT_MS = 3_600_000
/** Mandate orders looked back on for the one that stands. */
const MANDATE_ORDERS_SEEN = 8
const UPLINKS_AT_ONCE = 256
/** The cursor is written with every answer, and at least so often. */
const CURSOR_EVERY = 1024

export interface DownlinkParts {
    queue: CommandQueue
    ledger: Pick<Ledger, "nextDownlink" | "after">
    vault: Pick<Vault, "keysOf">
    aead: Aead
    clock: Clock
    caseFile: () => CaseFile
    /** The device on its newest connection, or undefined while it has none. */
    connected: (deviceId: string) => Admitted | undefined
    send: (device: Admitted, message: Buffer) => void
    log: Log
}

export class Downlink {
    private cursor: number
    private keptCursor: number

    constructor(private readonly parts: DownlinkParts) {
        this.cursor = parts.queue.cursor()
        this.keptCursor = this.cursor
    }

    /**
     * Keeps what one person asks for, until another approves it. `before` is called once all is right
     * and nothing is kept yet; what it throws stops it. Throws an OrderError that says what is wrong.
     */
    ask(request: CommandRequest, before: (command: NewCommand) => void): QueuedCommand {
        const { queue, clock, caseFile } = this.parts
        const { deviceId } = request
        const nowMs = clock.nowMs()
        const kept = [...queue.asked(deviceId), ...queue.open(deviceId)]
        const over = overNow(caseFile(), kept, nowMs)
        queue.expire(over)
        const waiting = kept.length - over.length
        const command = requestedCommand(caseFile(), request, waiting, nowMs)
        before(command)
        return queue.ask(command)
    }

    /** Queues what two people have agreed on, and tells it where the device listens. Likewise. */
    approve(
        id: number,
        approvedBy: string,
        before: (command: QueuedCommand) => void,
    ): QueuedCommand {
        const { queue, clock, caseFile } = this.parts
        const command = queue.command(id)
        if (!command) throw new OrderError("conflict", `order ${id}: there is none`)
        const nowMs = clock.nowMs()
        checkApproval(caseFile(), command, approvedBy, nowMs)
        before(command)
        queue.approve(id, approvedBy, nowMs)
        this.tellIfPossible(command.deviceId)
        return queue.command(id)!
    }

    /** A record of the device is held: it listens, in the session that the ledger calls current. */
    heard(deviceId: string): void {
        const { queue, log } = this.parts
        try {
            // It may have answered, and go to sleep with the ack of that: the next one is told now.
            if (queue.open(deviceId).some(({ told }) => told)) this.follow()
        } catch (error) {
            log("error", `device ${deviceId}: answers not read: ${(error as Error).message}`)
        }
        this.tellIfPossible(deviceId)
    }

    /** The registry has changed: every tracker is told what its mandate is now. */
    mandatesChanged(): void {
        for (const { id } of this.parts.caseFile().devices) this.heard(id)
    }

    /** Looks for answers in what the ledger has taken since, a part of it. True: there is more. */
    follow(): boolean {
        const { queue, ledger } = this.parts
        const uplinks = ledger.after(this.cursor, UPLINKS_AT_ONCE)
        const answered = new Set<string>()
        for (const uplink of uplinks) {
            if (uplink.type === MessageType.response && this.takeAnswer(uplink))
                answered.add(uplink.deviceId)
            this.cursor = uplink.id
        }
        if (answered.size > 0 || this.cursor - this.keptCursor >= CURSOR_EVERY) {
            queue.moveCursor(this.cursor)
            this.keptCursor = this.cursor
        }
        for (const deviceId of answered) this.tellIfPossible(deviceId)
        return uplinks.length === UPLINKS_AT_ONCE
    }

    /** What cannot be told now waits for the next occasion: it is in the queue. */
    private tellIfPossible(deviceId: string): void {
        try {
            this.followMandate(deviceId)
            this.tell(deviceId)
        } catch (error) {
            this.parts.log("error", `device ${deviceId}: not told: ${(error as Error).message}`)
        }
    }

    private followMandate(deviceId: string): void {
        const { queue, clock, caseFile } = this.parts
        const nowMs = clock.nowMs()
        const given = queue.newestOf(deviceId, CommandKind.mandate, MANDATE_ORDERS_SEEN)
        if (given[0] && isRefused(given[0], nowMs)) return
        const standing = given.find(({ state, answer }) =>
            state === "answered" ? answer?.answer === Answer.accepted : state !== "expired",
        )
        const due = mandateOrderDue(caseFile(), deviceId, mandateOrderIn(standing), nowMs)
        if (!due) return
        queue.add({
            deviceId,
            mandateId: due.mandateId,
            order: CommandKind.mandate,
            args: [due.endS],
            requestedBy: null,
            createdAtMs: nowMs,
            expiresAtMs: unixMs(nowMs + MANDATE_ORDER_LIFE_MS),
        })
    }

    /** Seals the next command anew: for the session and the keys of now, under a fresh counter. */
    private tell(deviceId: string): void {
        const { queue, ledger, aead, clock, caseFile, connected, send } = this.parts
        const nowMs = clock.nowMs()
        const { over, next } = nextDelivery(caseFile(), queue.open(deviceId), nowMs)
        if (over.length > 0) queue.expire(over)
        const device = connected(deviceId)
        if (!next || !device) return
        const numbers = ledger.nextDownlink(deviceId)
        if (!numbers) return
        const { salt, counter: session, seq: counter } = numbers
        const saltBytes = Buffer.from(salt, "hex")
        const message = sealCommand(aead, device.keys.down, saltBytes, counter, wireCommand(next))
        queue.noteTold(next.id, { salt, session, counter, atMs: nowMs })
        send(device, message)
    }

    /** True when it was an answer that was waited for. */
    private takeAnswer(uplink: Uplink): boolean {
        const { queue, vault, aead, log } = this.parts
        const { deviceId, session: salt, receivedAtMs } = uplink
        const response = readResponse(vault, aead, uplink)
        if (response.kind === "reject") {
            log("warn", `device ${deviceId}: response not understood, ${response.reason}`)
            return false
        }
        const told = queue.toldAs(deviceId, response.session, response.counter)
        const id = commandOf(told, response, salt)
        const command = id === undefined ? undefined : queue.command(id)
        if (command?.order !== response.order) {
            log("warn", `device ${deviceId}: a response to nothing that it was told`)
            return false
        }
        return queue.noteAnswer(command.id, {
            answer: response.answer,
            inForce: response.inForce,
            decidedAtMs: unixMs(response.atS * 1000),
            receivedAtMs,
        })
    }
}

/** Lately, so that asking again would bring the same. */
function isRefused({ answer }: QueuedCommand, nowMs: UnixMs): boolean {
    if (!answer || answer.answer === Answer.accepted) return false
    return nowMs - answer.receivedAtMs < REFUSED_MANDATE_WAIT_MS
}

function mandateOrderIn(command: QueuedCommand | undefined): MandateOrder | undefined {
    const endS = command?.args[0]
    if (!command?.mandateId || endS === undefined) return undefined
    return { mandateId: command.mandateId, endS }
}
