// A device's orders, as the gateway shows them over HTTP, and in words.

import { type UnixMs, unixMs } from "../../protocol/units.js"
import { dateText, distanceText, spanText, timeText } from "./wording.js"

export type OrderState = "asked" | "waiting" | "sent" | "answered" | "refused" | "expired"

export interface OrderView {
    id: number
    order: string
    /** By name; null is the profile's own, or none. Times are UTC in milliseconds. */
    fields: Record<string, number | string | null>
    state: OrderState
    /** Why it was refused or given up. */
    reason: string | null
    /** Null for both where the mandate itself gave the order. */
    askedBy: string | null
    approvedBy: string | null
    askedAtMs: UnixMs
    expiresAtMs: UnixMs
    toldAtMs: UnixMs | null
    decidedAtMs: UnixMs | null
    /** This viewer may approve it now. */
    mayApprove: boolean
}

/** GET /api/operations/:operationId/devices. */
export interface OperationDevicesView {
    devices: { id: string; label: string; targetId: string; isAssigned: boolean }[]
}

/** GET /api/devices/:deviceId/orders, newest first. */
export interface OrdersView {
    device: { id: string; label: string }
    mayAsk: boolean
    orders: OrderView[]
}

/** What this page asks for; the gateway takes more, by HTTP and by `burr order`. */
export type OrderRequest =
    | { order: "report" }
    | { order: "profile"; profile: (typeof PROFILES)[number] }

/** Those that a tracker in use has; the fourth is for the bench. */
export const PROFILES = ["live", "normal", "long-life"] as const

/** Something may still come of it without anybody's doing here. */
export function isOpen({ state }: OrderView): boolean {
    return state === "asked" || state === "waiting" || state === "sent"
}

type Value = OrderView["fields"][string] | undefined

/** `profile long-life`, `heartbeat: 6 h`, `report now`. */
export function orderText({ order, fields }: OrderView, nowMs: UnixMs): string {
    const span = (value: Value) =>
        typeof value === "number" ? spanText(value * 1000) : "the profile's own"
    const length = (value: Value) =>
        typeof value === "number" ? boundText(value) : "the profile's own"
    switch (order) {
        case "report":
            return "report now"
        case "hold":
            return `hold: ${span(fields.seconds)}`
        case "heartbeat":
            return `heartbeat: ${span(fields.seconds)}`
        case "profile":
            return `profile ${fields.profile}`
        case "bounds":
            return `bounds: live ${length(fields.liveM)}, history ${length(fields.historyM)}`
        case "live-until":
            return typeof fields.untilMs === "number"
                ? `live until ${dateText(unixMs(fields.untilMs), nowMs)}`
                : "live no longer"
        case "mandate":
            return `mandate until ${dateText(unixMs(Number(fields.endMs)), nowMs)}`
        case "fence":
            return `watch fence ${fields.number} (${fields.shape})`
        case "clear-fence":
            return fields.number === null ? "forget all fences" : `forget fence ${fields.number}`
        default:
            return order
    }
}

/** 0 is no metre: a live channel that is closed, a history that keeps every fix. */
function boundText(metres: number): string {
    return metres === 0 ? "0" : distanceText(metres)
}

/** How far an order has come, with the time of it. */
export function orderStateText(view: OrderView, nowMs: UnixMs): string {
    const { state, reason, toldAtMs, decidedAtMs, expiresAtMs } = view
    const at = (atMs: UnixMs | null) => (atMs === null ? "" : ` ${timeText(atMs, nowMs)}`)
    switch (state) {
        case "asked":
            return "waits for another person's approval"
        case "waiting":
            return `waits for the tracker, at most until ${dateText(expiresAtMs, nowMs)}`
        case "sent":
            return `told${at(toldAtMs)}, not answered yet`
        case "answered":
            return `obeyed${at(decidedAtMs)}`
        case "refused":
            return `refused${at(decidedAtMs)}: ${reason}`
        case "expired":
            return `given up: ${reason}`
    }
}

/** Who gave it. */
export function orderPeopleText({ askedBy, approvedBy }: OrderView): string {
    if (askedBy === null) return "by the mandate itself"
    return approvedBy === null ? `asked by ${askedBy}` : `${askedBy}, approved by ${approvedBy}`
}
