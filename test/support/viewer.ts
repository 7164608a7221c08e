// A signed-in user of the console: HTTP with the session's cookie, and the live feed.

import { onTestFinished } from "vitest"
import { WebSocket } from "ws"
import type { Gateway } from "../../gateway/main.js"
import type { LiveMessage } from "../../protocol/live.js"
import { unixMs } from "../../protocol/units.js"
import { OPERATION_ID, OPERATOR_ID } from "./case.js"

export type Kind = LiveMessage["kind"]
export type Of<K extends Kind> = Extract<LiveMessage, { kind: K }>

/** Opens a one-time link; the cookie header of the session. `nowMs` for gateways with a clock. */
export async function signIn(
    gateway: Gateway,
    userId: string = OPERATOR_ID,
    nowMs = Date.now(),
): Promise<string> {
    const secret = gateway.signIn.makeLink(userId, unixMs(nowMs))
    const answer = await fetch(`${gateway.url}/sign-in/${secret}`, { redirect: "manual" })
    const [cookie] = answer.headers.getSetCookie()
    if (answer.status !== 303 || !cookie) throw new Error(`sign-in answered ${answer.status}`)
    return cookie.split(";")[0]!
}

export interface ViewerOptions {
    cookie?: string
    operationId?: string
    since?: string
    origin?: string
}

/** One connection to the live feed. */
export class Viewer {
    readonly messages: LiveMessage[] = []
    readonly socket: WebSocket
    /** Close code, once closed. */
    readonly closed: Promise<number>
    private closeCode: number | undefined
    private waiting: (() => void) | undefined

    constructor(gateway: Gateway, { cookie, operationId, since, origin }: ViewerOptions) {
        const query = since === undefined ? "" : `?since=${encodeURIComponent(since)}`
        const path = `/api/operations/${operationId ?? OPERATION_ID}/live${query}`
        this.socket = new WebSocket(gateway.url.replace("http", "ws") + path, {
            headers: cookie ? { cookie } : {},
            ...(origin ? { origin } : {}),
        })
        this.socket.on("message", (data) => {
            this.messages.push(JSON.parse(String(data)))
            this.waiting?.()
        })
        this.socket.on("error", () => {})
        this.closed = new Promise((resolve) => {
            this.socket.on("close", (code) => {
                this.closeCode = code
                this.waiting?.()
                resolve(code)
            })
        })
        onTestFinished(() => this.socket.terminate())
    }

    /** The first message of this kind that fits, waited for; `from` skips earlier messages. */
    async next<K extends Kind>(
        kind: K,
        fits: (message: Of<K>) => boolean = () => true,
        from = 0,
    ): Promise<Of<K>> {
        for (;;) {
            const found = this.messages
                .slice(from)
                .find((one): one is Of<K> => one.kind === kind && fits(one as Of<K>))
            if (found) return found
            if (this.closeCode !== undefined)
                throw new Error(`closed with ${this.closeCode} before a ${kind} came`)
            await new Promise<void>((resolve) => {
                this.waiting = resolve
            })
        }
    }
}
