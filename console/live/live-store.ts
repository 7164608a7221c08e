// One operation as the console sees it: the connection feeds the reducer, and whoever draws it
// subscribes. It lives outside the components, which come and go.

import { type UnixMs, unixMs } from "../../protocol/units.js"
import { Connection, type ConnectionStatus, type ConnectionWorld } from "./connection.js"
import {
    type ConsoleInput,
    type ConsoleState,
    emptyState,
    reduce,
    resumePoint,
} from "./console-state.js"
import { gatewayNow } from "./gateway-clock.js"

export class LiveStore {
    private held: ConsoleState = emptyState
    private heldStatus: ConnectionStatus = { state: "connecting" }
    private readonly world: ConnectionWorld
    private readonly connection: Connection
    private readonly changed: () => void
    private stopTicking: (() => void) | null = null

    /** `changed` is called after every change of state or status, possibly often. */
    constructor(world: ConnectionWorld, changed: () => void) {
        this.world = world
        this.changed = changed
        this.connection = new Connection(world, {
            heard: (message) =>
                this.take({ kind: "heard", message, steadyMs: this.world.steadyMs() }),
            changed: (status) => {
                this.heldStatus = status
                this.changed()
            },
            since: () => resumePoint(this.held),
        })
    }

    get state(): ConsoleState {
        return this.held
    }

    get status(): ConnectionStatus {
        return this.heldStatus
    }

    /** The gateway's time now, or the browser's until the gateway has spoken. */
    nowMs(): UnixMs {
        return gatewayNow(this.held.clock, this.world.steadyMs()) ?? unixMs(this.world.wallMs())
    }

    start(): void {
        this.stopTicking = this.world.every(1_000, () => this.tick())
        this.connection.start()
    }

    stop(): void {
        this.stopTicking?.()
        this.connection.stop()
    }

    /** A hidden page was shown, or the network came back: look at once. */
    wake(): void {
        this.tick()
        this.connection.retryNow()
    }

    dismissFarewell(targetId: string): void {
        this.take({ kind: "farewell-read", targetId })
    }

    private tick(): void {
        this.take({ kind: "tick", steadyMs: this.world.steadyMs() })
    }

    private take(input: ConsoleInput): void {
        const next = reduce(this.held, input)
        if (next === this.held) return
        this.held = next
        if (next.isBroken) this.connection.refresh()
        this.changed()
    }
}
