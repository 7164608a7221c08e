// Real TCP for machines on any clock. On a virtual clock the far end needs real time to answer, so
// this network follows the MQTT that passes: while a request is unanswered, `settle` gives a
// promise and the clock stands still. What arrives reaches the machine one link delay later.

import { connect } from "node:net"
import type { Clock } from "./clock.js"
import { MqttTally } from "./mqtt-tally.js"
import type { Link, LinkEvents, Network } from "./network.js"

/** One-way delay, in the time of the clock. */
const LINK_DELAY_MS = 40
/** A far end that owes an answer for this long in real time is silent: virtual time moves on. */
const ANSWER_WAIT_MS = 10_000

interface Flow {
    isConnecting: boolean
    tally: MqttTally
    /** Real time of the last sign of life. */
    heardAtMs: number
}

export class TcpNetwork implements Network {
    private readonly flows = new Set<Flow>()
    private waiters: (() => void)[] = []

    constructor(private readonly clock: Clock) {}

    open(host: string, port: number, events: LinkEvents): Link {
        const flow: Flow = {
            isConnecting: true,
            tally: new MqttTally(),
            heardAtMs: performance.now(),
        }
        const socket = connect({ host, port, noDelay: true })
        let isClosed = false
        const deliver = (event: () => void) => {
            this.clock.after(LINK_DELAY_MS, () => {
                if (!isClosed) event()
            })
            flow.heardAtMs = performance.now()
            this.wake()
        }
        const end = (event: () => void) => {
            if (this.flows.delete(flow)) deliver(event)
        }
        this.flows.add(flow)
        socket.on("connect", () => {
            flow.isConnecting = false
            deliver(events.opened)
        })
        socket.on("data", (bytes) => {
            flow.tally.receive(bytes)
            deliver(() => events.received(bytes))
        })
        socket.on("error", (error) => end(() => events.failed(error.message)))
        socket.on("close", () => end(events.closed))
        return {
            write: (bytes) => {
                if (!this.flows.has(flow)) return false
                flow.tally.send(bytes)
                flow.heardAtMs = performance.now()
                socket.write(bytes)
                return true
            },
            close: () => {
                isClosed = true
                this.flows.delete(flow)
                socket.destroy()
                this.wake()
            },
        }
    }

    /** Undefined when every request is answered, else a promise of the next change. */
    settle(): Promise<void> | undefined {
        const now = performance.now()
        const waits = [...this.flows]
            .filter((flow) => flow.isConnecting || flow.tally.owed > 0)
            .map((flow) => flow.heardAtMs + ANSWER_WAIT_MS - now)
            .filter((waitMs) => waitMs > 0)
        if (waits.length === 0) return undefined
        return new Promise((resolve) => {
            const timeout = setTimeout(resolve, Math.max(...waits))
            this.waiters.push(() => {
                clearTimeout(timeout)
                resolve()
            })
        })
    }

    private wake(): void {
        const waiters = this.waiters
        this.waiters = []
        for (const wake of waiters) wake()
    }
}
