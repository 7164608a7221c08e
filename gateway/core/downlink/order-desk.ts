// Where people order: what they may see of a device's orders, ask for and approve. Each of these is
// entered into the consultation log before it is shown or kept.

import { type UnixMs, unixMs } from "../../../protocol/units.js"
import type { CaseFile, Mandate, User } from "../domain/case-file.js"
import { runsAt } from "../domain/mandate.js"
import type { Clock, Consultation } from "../ports.js"
import type { Downlink } from "./downlink.js"
import { OrderError } from "./order-error.js"
import { type OrderForm, wireOrder } from "./order-form.js"
import { begunMandates, mayOrder, type OrderSight, orderSight } from "./order-people.js"
import { type OrderView, orderView } from "./order-view.js"
import { orderFields, orderName } from "./order-words.js"
import type { CommandQueue, NewCommand } from "./ports.js"

/** Of a device, newest first. */
export const ORDERS_SHOWN = 50
/** How long an order waits for its device where nobody says otherwise: long-life trackers come daily. */
export const ORDER_LIFE_MS = 2 * 86_400_000

/** GET /api/operations/:operationId/devices. */
export interface OperationDevicesView {
    devices: { id: string; label: string; targetId: string; isAssigned: boolean }[]
}

/** GET /api/devices/:deviceId/orders. */
export interface OrdersView {
    device: { id: string; label: string }
    mayAsk: boolean
    /** Newest first. */
    orders: OrderView[]
}

/** What of an entry in the consultation log the desk knows. */
export type DeskEntry = Pick<Consultation, "action" | "operationId" | "mandates" | "object">
/** Writes it; throws where it cannot be written, and then nothing is shown or kept. */
export type NoteDown = (entry: DeskEntry) => void

export interface OrderDeskParts {
    queue: CommandQueue
    downlink: Downlink
    caseFile: () => CaseFile
    clock: Clock
}

export class OrderDesk {
    constructor(private readonly parts: OrderDeskParts) {}

    /** Devices that are or were used in an operation. Each method throws an OrderError. */
    devices(user: User, operationId: string, note: NoteDown): OperationDevicesView {
        const { clock } = this.parts
        const caseFile = this.parts.caseFile()
        const nowMs = clock.nowMs()
        const may = (part: "ask" | "approve") => mayOrder(caseFile, operationId, user.id, part)
        if (!may("ask") && !may("approve"))
            throw new OrderError("not-allowed", "your role orders nothing in this operation")
        const found: OperationDevicesView["devices"] = []
        const mandates: string[] = []
        for (const { id, label } of caseFile.devices) {
            const own = begunMandates(caseFile, id, nowMs).filter(
                (mandate) => mandate.operationId === operationId,
            )
            const [last] = own
            if (!last) continue
            mandates.push(...own.map(({ reference }) => reference))
            const isAssigned = own.some((mandate) => isRunning(caseFile, id, mandate, nowMs))
            found.push({ id, label, targetId: last.targetId, isAssigned })
        }
        const object = found.map(({ id }) => id).join(" ")
        note({ action: "devices", operationId, mandates: [...new Set(mandates)], object })
        return { devices: found }
    }

    orders(user: User, deviceId: string, note: NoteDown): OrdersView {
        const sight = this.sight(user, deviceId)
        note({ ...scopeOf(sight), action: "orders", object: deviceId })
        return this.ordersIn(sight, user)
    }

    /** Keeps it as asked; another person's approval sends it. */
    ask(user: User, deviceId: string, form: OrderForm, note: NoteDown): OrderView {
        const { downlink, clock, caseFile } = this.parts
        const nowMs = clock.nowMs()
        const sight = this.sight(user, deviceId)
        const running = (sight.mandates ?? []).filter((one) =>
            isRunning(caseFile(), deviceId, one, nowMs),
        )
        const fenceShape = (fenceId: string) =>
            caseFile().fences.find(
                ({ id, operationId }) =>
                    id === fenceId && running.some((one) => one.operationId === operationId),
            )?.shape
        const request = {
            ...wireOrder(form, { deviceId, fenceShape }, nowMs),
            deviceId,
            requestedBy: user.id,
            expiresAtMs: unixMs(form.expiresAtMs ?? nowMs + ORDER_LIFE_MS),
        }
        const asked = downlink.ask(request, (command) =>
            note({
                ...scopeOf(sight, command),
                action: "order-ask",
                object: `${deviceId} ${inWords(command)}`,
            }),
        )
        return orderView(caseFile(), asked, user.id, nowMs)
    }

    approve(user: User, deviceId: string, orderId: number, note: NoteDown): OrderView {
        const { downlink, queue, clock, caseFile } = this.parts
        const sight = this.sight(user, deviceId)
        const asked = queue.command(orderId)
        if (asked?.deviceId !== deviceId || !isIn(sight, asked))
            throw new OrderError("not-allowed", `order ${orderId}: none of this device's`)
        const approved = downlink.approve(orderId, user.id, (command) =>
            note({
                ...scopeOf(sight, command),
                action: "order-approve",
                object: `${deviceId} order ${orderId}: ${inWords(command)}`,
            }),
        )
        return orderView(caseFile(), approved, user.id, clock.nowMs())
    }

    private sight(user: User, deviceId: string): OrderSight {
        const sight = orderSight(this.parts.caseFile(), user, deviceId, this.parts.clock.nowMs())
        if (sight) return sight
        // The same for a device that there is not: who may not know learns nothing.
        throw new OrderError("not-allowed", "no mandate lets you order anything of this device")
    }
    private ordersIn({ device, mandates, mayAsk }: OrderSight, user: User): OrdersView {
        const { queue, clock, caseFile } = this.parts
        const { id, label } = device
        const ids = mandates?.map((one) => one.id) ?? null
        const orders = queue.under(id, ids, ORDERS_SHOWN)
        const nowMs = clock.nowMs()
        return {
            device: { id, label },
            mayAsk,
            orders: orders.map((one) => orderView(caseFile(), one, user.id, nowMs)),
        }
    }
}

function isRunning(
    { assignments }: CaseFile,
    deviceId: string,
    mandate: Mandate,
    nowMs: UnixMs,
): boolean {
    return assignments.some(
        (one) =>
            one.deviceId === deviceId &&
            one.mandateId === mandate.id &&
            runsAt(one, nowMs) &&
            runsAt(mandate, nowMs),
    )
}

function isIn({ mandates }: OrderSight, { mandateId }: NewCommand): boolean {
    return mandates ? mandates.some(({ id }) => id === mandateId) : mandateId === null
}

/** Of all that is seen, or of one command. A device that follows nobody belongs to no operation. */
function scopeOf({ mandates }: OrderSight, command?: NewCommand) {
    const own = (mandates ?? []).filter(({ id }) => !command || id === command.mandateId)
    return {
        operationId: [...new Set(own.map(({ operationId }) => operationId))].join(" "),
        mandates: own.map(({ reference }) => reference),
    }
}

/** `profile profile=long-life`. */
function inWords({ order, args }: NewCommand): string {
    const fields = Object.entries(orderFields(order, args))
    return [orderName(order), ...fields.map(([name, value]) => `${name}=${value}`)].join(" ")
}
