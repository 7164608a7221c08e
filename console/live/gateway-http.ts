// The gateway's HTTP answers. All addresses are of this origin; none of them carries a position.

import type { MapsView, SessionView, TrackView } from "../../protocol/live.js"
import type { UnixMs } from "../../protocol/units.js"
import type { OperationDevicesView, OrderRequest, OrdersView } from "./orders.js"

/** The gateway refused, in its own words. */
export class GatewayRefusal extends Error {
    readonly status: number

    constructor(status: number, title: string, detail: string | null) {
        super(detail === null ? title : `${title}: ${detail}`)
        this.name = "GatewayRefusal"
        this.status = status
    }
}

/** Who is signed in, or null where nobody is. */
export async function fetchSession(): Promise<SessionView | null> {
    try {
        return await getJson<SessionView>("/api/session")
    } catch (error) {
        if (error instanceof GatewayRefusal && error.status === 401) return null
        throw error
    }
}

export async function signOut(): Promise<void> {
    await call("/api/session", { method: "DELETE" })
}

export function fetchMaps(): Promise<MapsView> {
    return getJson<MapsView>("/api/maps")
}

/** A target's track, oldest first. The gateway records who asked for which stretch. */
export function fetchTrack(
    operationId: string,
    targetId: string,
    stretch: { fromMs: UnixMs; toMs: UnixMs },
): Promise<TrackView> {
    const operation = encodeURIComponent(operationId)
    const target = encodeURIComponent(targetId)
    const fromMs = Math.floor(stretch.fromMs)
    const toMs = Math.ceil(stretch.toMs)
    return getJson<TrackView>(
        `/api/operations/${operation}/targets/${target}/track?fromMs=${fromMs}&toMs=${toMs}`,
    )
}

/** Orders of the devices that are on a target now. The gateway records who asked. */
export async function fetchOrders(operationId: string, targetId: string): Promise<OrdersView[]> {
    const operation = encodeURIComponent(operationId)
    const { devices } = await getJson<OperationDevicesView>(`/api/operations/${operation}/devices`)
    const own = devices.filter((one) => one.targetId === targetId && one.isAssigned)
    return Promise.all(own.map(({ id }) => getJson<OrdersView>(ordersPath(id))))
}

/** Another person has to approve it before the device is told. */
export async function askOrder(deviceId: string, order: OrderRequest): Promise<void> {
    await call(ordersPath(deviceId), { method: "POST", body: JSON.stringify(order) })
}

export async function approveOrder(deviceId: string, orderId: number): Promise<void> {
    await call(`${ordersPath(deviceId)}/${orderId}/approval`, { method: "POST" })
}

function ordersPath(deviceId: string): string {
    return `/api/devices/${encodeURIComponent(deviceId)}/orders`
}

/** Where the feed of an operation is, as a WebSocket address of this origin. */
export function feedUrl(origin: string, operationId: string, since: string | null): string {
    const url = new URL(`/api/operations/${encodeURIComponent(operationId)}/live`, origin)
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:"
    if (since !== null) url.searchParams.set("since", since)
    return url.href
}

async function getJson<Body>(path: string): Promise<Body> {
    const response = await call(path, { method: "GET" })
    return (await response.json()) as Body
}

async function call(path: string, init: RequestInit): Promise<Response> {
    const accept = "application/json, application/problem+json"
    const response = await fetch(path, {
        ...init,
        headers: init.body ? { accept, "content-type": "application/json" } : { accept },
    })
    if (response.ok) return response
    const problem = await response.json().catch(() => null)
    const { title, detail } = (problem ?? {}) as { title?: unknown; detail?: unknown }
    throw new GatewayRefusal(
        response.status,
        typeof title === "string" ? title : `The gateway answered ${response.status}`,
        typeof detail === "string" ? detail : null,
    )
}
