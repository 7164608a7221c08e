// Orders to devices over HTTP. The desk decides and says what is to be logged; here it is only asked.

import type { FastifyRequest } from "fastify"
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod"
import { z } from "zod"
import type { User } from "../../core/domain/case-file.js"
import type { NoteDown, OrderDesk } from "../../core/downlink/order-desk.js"
import { OrderError, type OrderFault } from "../../core/downlink/order-error.js"
import { orderForm } from "../../core/downlink/order-form.js"
import { Problem } from "./problem.js"
import { described } from "./route-schema.js"

const A_NUMBER = "expected the number of an order"
const operationParams = z.object({ operationId: z.string().min(1).max(64) })
const deviceParams = z.object({ deviceId: z.string().min(1).max(64) })
const orderParams = deviceParams.extend({
    orderId: z
        .string(A_NUMBER)
        .regex(/^\d{1,15}$/, A_NUMBER)
        .transform(Number),
})

const PROBLEMS: Record<OrderFault, [status: number, title: string]> = {
    input: [400, "Bad request"],
    "not-allowed": [403, "Not allowed"],
    conflict: [409, "Not possible any more"],
}

export interface OrderRouteParts {
    desk: OrderDesk
    /** Throws a Problem where nobody is. */
    signedIn: (request: FastifyRequest) => User
    /** Enters what this person does into the consultation log. */
    noteFor: (request: FastifyRequest, user: User) => NoteDown
}

export function orderRoutes({ desk, signedIn, noteFor }: OrderRouteParts): FastifyPluginAsyncZod {
    const at = <Answer>(
        request: FastifyRequest,
        act: (user: User, note: NoteDown) => Answer,
    ): Answer => {
        const user = signedIn(request)
        try {
            return act(user, noteFor(request, user))
        } catch (error) {
            if (!(error instanceof OrderError)) throw error
            const [status, title] = PROBLEMS[error.fault]
            throw new Problem(status, title, error.message)
        }
    }
    return async (app) => {
        app.get(
            "/api/operations/:operationId/devices",
            { schema: { ...described("Devices of an operation"), params: operationParams } },
            async (request) =>
                at(request, (user, note) => desk.devices(user, request.params.operationId, note)),
        )
        app.get(
            "/api/devices/:deviceId/orders",
            {
                schema: {
                    ...described("Orders of a device and what came of them, newest first"),
                    params: deviceParams,
                },
            },
            async (request) =>
                at(request, (user, note) => desk.orders(user, request.params.deviceId, note)),
        )
        app.post(
            "/api/devices/:deviceId/orders",
            {
                schema: {
                    ...described("Ask for an order; another person's approval sends it"),
                    params: deviceParams,
                    body: orderForm,
                },
            },
            async (request, reply) => {
                const { params, body } = request
                reply.code(201)
                return at(request, (user, note) => desk.ask(user, params.deviceId, body, note))
            },
        )
        app.post(
            "/api/devices/:deviceId/orders/:orderId/approval",
            {
                schema: {
                    ...described("Approve what another person has asked for"),
                    params: orderParams,
                },
            },
            async (request) => {
                const { deviceId, orderId } = request.params
                return at(request, (user, note) => desk.approve(user, deviceId, orderId, note))
            },
        )
    }
}
