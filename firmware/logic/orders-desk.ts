// From a sealed command to its answer in the queue: opened once, obeyed or refused, kept, and only
// then answered. What a power cut can do in between: the command's counter is kept and it is neither
// obeyed nor answered (the gateway tells it again under another counter), or it is obeyed and not
// answered (told again, it changes nothing and is answered).

import { MessageType } from "../../protocol/envelope.js"
import type { Reject } from "../../protocol/reject.js"
import { Answer, encodeResponse } from "../../protocol/response.js"
import type { Obeyed, OrderEffect, Orders } from "./orders.js"
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
}

export class OrdersDesk {
    orders: Orders

    constructor(private parts: DeskParts) {
        this.orders = parts.store.load()
    }

    /**
     * Takes a downlink message. A reject: it is no command for this session, has been read before,
     * or cannot be judged without the time; then nothing is answered and nothing has changed.
     * `utcS`: UTC in seconds, as the session was told it; `atS`: the device's clock.
     */
    receive(message: Buffer, utcS: number, atS: number): Handled | Reject {
        const { session, memory, store, deviceId, canWipe } = this.parts
        // Another session may begin with the answer's record: the command is of this one.
        const counterOfSession = memory.counter
        const command = session.readCommand(message)
        if (command.kind === "reject") return command
        // The session has kept that the next one must be above it.
        const counter = memory.nextCommand - 1
        let obeyed = obey(this.orders, command, {
            utcS: utcS,
            atS: atS,
            deviceId: deviceId,
            canWipe: canWipe,
        })
        if (obeyed.memory !== this.orders && !store.save(obeyed.memory))
            obeyed = refusal(this.orders, command.order, Answer.notKept, utcS)
        this.orders = obeyed.memory
        session.post(
            MessageType.response,
            encodeResponse({
                kind: "response",
                session: counterOfSession,
                counter: counter,
                order: command.order,
                answer: obeyed.answer,
                atS: utcS,
                inForce: obeyed.inForce,
            }),
        )
        return handled(command.order, obeyed)
    }

    /** Keeps orders that a decision has changed (`noteFixTime`). False when they could not be kept. */
    keep(orders: Orders): boolean {
        const isChanged = orders !== this.orders
        this.orders = orders
        return !isChanged || this.parts.store.save(orders)
    }
}

function handled(order: number, obeyed: Obeyed): Handled {
    return { kind: "handled", order: order, answer: obeyed.answer, effect: obeyed.effect }
}
