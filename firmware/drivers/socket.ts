// The runtime's one TCP socket, straight over its natives: the stock classes lose data on a full
// queue and keep only the latest event while a handler is busy. Events are queued here and one
// fiber waits for them.

import * as ds from "@devicescript/core"

interface SocketNatives {
    _socketOpen(host: string, port: number): number
    _socketWrite(bytes: Buffer): number
    _socketClose(): number
    _socketOnEvent: (event: string, detail: Buffer | string) => void
}

/** The native queue is full; the bytes were not taken. */
const QUEUE_FULL = -1
const FULL_RETRY_MS = 20
const FULL_RETRIES_MAX = 200
/** What the uplink is behind by at most; a gateway that sends more than we read is cut off. */
const EVENTS_MAX = 32

export type SocketEvent =
    | { what: "opened" }
    | { what: "received"; bytes: Buffer }
    | { what: "closed" }

let events: SocketEvent[] = []
let isOpen = false
let waiter: ds.Fiber
/** Somebody has called while the fiber was busy; its next wait ends at once. */
let isCalled = false

function natives(): SocketNatives {
    return ds as unknown as SocketNatives
}

function onEvent(event: string, detail: Buffer | string): void {
    if (!isOpen) return
    if (events.length >= EVENTS_MAX) {
        closeSocket()
        events = [{ what: "closed" }]
    } else if (event === "open") events.push({ what: "opened" })
    else if (event === "data") events.push({ what: "received", bytes: detail as Buffer })
    else {
        isOpen = false
        events.push({ what: "closed" })
    }
    wakeSocket()
}

/** Starts to open a connection; `opened` or `closed` follows as an event. */
export function openSocket(host: string, port: number, isTls: boolean): void {
    closeSocket()
    events = []
    isOpen = true
    natives()._socketOnEvent = onEvent
    let status = -1
    try {
        // The runtime takes a port below 0 for TLS on that port.
        status = natives()._socketOpen(host, isTls ? -port : port)
    } catch {
        status = -1
    }
    if (status !== 0) {
        isOpen = false
        events.push({ what: "closed" })
    }
}

/** Waits while the queue is full; gives the connection up when that lasts 4 s. */
export async function sendSocket(bytes: Buffer): Promise<void> {
    for (let i = 0; i < FULL_RETRIES_MAX && isOpen; i++) {
        const status = natives()._socketWrite(bytes)
        if (status === 0) return
        if (status !== QUEUE_FULL) break
        await ds.sleep(FULL_RETRY_MS)
    }
    closeSocket()
    events.push({ what: "closed" })
}

export function closeSocket(): void {
    if (!isOpen) return
    isOpen = false
    try {
        natives()._socketClose()
    } catch {
        console.log("socket: close failed")
    }
}

/** The next event, or undefined after `waitMs` or a `wakeSocket`. */
export async function nextSocketEvent(waitMs: number): Promise<SocketEvent> {
    if (events.length === 0 && !isCalled) {
        waiter = ds.Fiber.self()
        await ds.suspend(waitMs)
        waiter = undefined
    }
    isCalled = false
    return events.shift()
}

/** Ends the wait of `nextSocketEvent` early. */
export function wakeSocket(): void {
    isCalled = true
    const fiber = waiter
    if (fiber?.suspended) fiber.resume(undefined)
}
