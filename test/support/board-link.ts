// Joins a board on Node to a gateway over real TCP: firmware/logic's uplink decides, a socket obeys.

import { connect, type Socket } from "node:net"
import { Uplink, type UplinkEvent } from "../../firmware/logic/uplink.js"
import type { Command } from "../../protocol/command.js"
import type { FramBoard } from "./fram-board.js"

const WAKE_MS = 20

export class BoardLink {
    readonly obeyed: Command[] = []
    private readonly uplink: Uplink
    private socket: Socket | undefined

    constructor(
        private readonly board: FramBoard,
        private readonly mqttPort: number,
    ) {
        this.uplink = new Uplink(board.keys.keys, board.outbox, () => 0)
    }

    /** Runs until the gateway holds everything. Throws when that takes longer than `waitMs`. */
    async drain(waitMs = 10_000): Promise<void> {
        const startedAtMs = performance.now()
        while (this.board.outbox.count() > 0) {
            if (performance.now() - startedAtMs > waitMs)
                throw new Error(`${this.board.outbox.count()} records are left`)
            this.tell({ what: "wake" })
            await new Promise((resolve) => setTimeout(resolve, WAKE_MS))
        }
    }
    /** The epoch has turned. */
    rename(): void {
        this.uplink.rename(this.board.keys.keys)
    }
    cut(): void {
        this.socket?.destroy()
        this.socket = undefined
    }

    private tell(event: UplinkEvent): void {
        for (const action of this.uplink.step(event, performance.now())) {
            if (action.what === "open") this.open()
            else if (action.what === "close") this.cut()
            else if (action.what === "send") this.socket?.write(action.bytes)
            else this.take(action.payload)
        }
    }
    private take(payload: Buffer): void {
        const { session } = this.board
        const ack = session.readAck(payload)
        if (ack) {
            this.uplink.acknowledged(ack, performance.now())
            session.noteHeld(ack)
            return
        }
        const command = session.readCommand(payload)
        if (command.kind === "command") this.obeyed.push(command)
    }
    private open(): void {
        const socket = connect(this.mqttPort, "127.0.0.1")
        this.socket = socket
        const tell = (event: UplinkEvent) => {
            if (this.socket === socket) this.tell(event)
        }
        socket.on("connect", () => tell({ what: "opened" }))
        socket.on("data", (bytes) => tell({ what: "received", bytes }))
        socket.on("close", () => tell({ what: "closed" }))
        socket.on("error", () => {})
    }
}
