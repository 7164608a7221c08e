// From a sealed command to its answer in the queue: opened once, obeyed or refused, kept, and only
// then answered. What a power cut can do in between: the command's counter is kept and it is neither
// obeyed nor answered (the gateway tells it again under another counter), or it is obeyed and not
// answered (told again, it changes nothing and is answered).

import type { Command } from "../../protocol/command.js"
import { MessageType } from "../../protocol/envelope.js"
import type { Reject } from "../../protocol/reject.js"
import { Answer, encodeResponse, type Response } from "../../protocol/response.js"
import type { OrderEffect, Orders } from "./orders.js"
import { obey, refusal } from "./orders.js"
import type { OrdersStore } from "./orders-store.js"
import type { Session } from "./session.js"
import type { SessionMemory } from "./session-memory.js"

export interface DeskParts {
    session: Session
    memory: SessionMemory
    store: OrdersStore
    deviceId: Buffer
    /** The board's keys and queue can be overwritten for good. */
    canWipe: boolean
}

/** A command that opened and was answered. */
export interface Handled {
    kind: "handled"
    order: number
    /** One of Answer. */
    answer: number
    effect: OrderEffect
    response: Response
}

/** A command that was read, and not obeyed yet. */
export interface Told {
    kind: "told"
    /** Counters of its session and of the command itself. */
    session: number
    counter: number
    command: Command
}

export class OrdersDesk {
    orders: Orders

    constructor(private parts: DeskParts) {
        this.orders = parts.store.load()
    }

    /**
     * Takes a downlink message in one go. A reject: it is no command for this session, has been read
     * before, or cannot be judged without the time; then nothing is answered and nothing has changed.
     * `utcS`: UTC in seconds, as the session was told it; `atS`: the device's clock. The machine would
     * stop a program that does all of it to many fences without a rest: there it is `read`, `obey` and
     * `answer`, one after the other.
     */
    receive(message: Buffer, utcS: number, atS: number): Handled | Reject {
        const told = this.read(message)
        if (told.kind === "reject") return told
        const handled = this.obey(told, utcS, atS)
        this.answer(handled)
        return handled
    }

    /** A command that is for this session; it counts as read from here on. */
    read(message: Buffer): Told | Reject {
        const { session, memory } = this.parts
        // Another session may begin with the answer's record: the command is of this one.
        const counterOfSession = memory.counter
        const command = session.readCommand(message)
        if (command.kind === "reject") return command
        // The session has kept that the next one must be above it.
        const counter = memory.nextCommand - 1
        return { kind: "told", session: counterOfSession, counter: counter, command: command }
    }

    /** Changes the orders, or finds why not. */
    obey(told: Told, utcS: number, atS: number): Handled {
        const { store, deviceId, canWipe } = this.parts
        const command = told.command
        let obeyed = obey(this.orders, command, {
            utcS: utcS,
            atS: atS,
            deviceId: deviceId,
            canWipe: canWipe,
        })
        if (obeyed.memory !== this.orders && !store.save(obeyed.memory))
            obeyed = refusal(this.orders, command.order, Answer.notKept, utcS)
        this.orders = obeyed.memory
        return {
            kind: "handled",
            order: command.order,
            answer: obeyed.answer,
            effect: obeyed.effect,
            response: {
                kind: "response",
                session: told.session,
                counter: told.counter,
                order: command.order,
                answer: obeyed.answer,
                atS: utcS,
                inForce: obeyed.inForce,
            },
        }
    }

    /** Tells the gateway. */
    answer(handled: Handled): void {
        this.parts.session.post(MessageType.response, encodeResponse(handled.response))
    }

    /** Keeps orders that a decision has changed (`noteFixTime`). False when they could not be kept. */
    keep(orders: Orders): boolean {
        const isChanged = orders !== this.orders
        this.orders = orders
        return !isChanged || this.parts.store.save(orders)
    }
}
