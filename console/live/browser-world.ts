// The browser's socket, clocks and timers, as the connection asks for them.

import type { ConnectionWorld } from "./connection.js"
import { feedUrl, fetchSession } from "./gateway-http.js"
import { SteadyClock } from "./steady-clock.js"

export function browserWorld(operationId: string): ConnectionWorld {
    const clock = new SteadyClock({
        monotonicMs: () => performance.now(),
        wallMs: () => Date.now(),
    })
    return {
        open(since, handlers) {
            const socket = new WebSocket(feedUrl(location.origin, operationId, since))
            socket.onmessage = (event) => handlers.received(String(event.data))
            socket.onclose = (event) => handlers.closed(event.code, event.reason)
            return { close: () => socket.close() }
        },
        async isSignedOut() {
            try {
                return (await fetchSession()) === null
            } catch {
                return false
            }
        },
        steadyMs: () => clock.now(),
        wallMs: () => Date.now(),
        random: () => Math.random(),
        every(periodMs, task) {
            const id = setInterval(task, periodMs)
            return () => clearInterval(id)
        },
    }
}
