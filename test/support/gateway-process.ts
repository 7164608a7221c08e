// A gateway as a process of its own, to be killed.

import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"

const BURR = join(import.meta.dirname, "../../bin/burr")

export interface Listening {
    url: string
    mqttPort: number
}

export class GatewayProcess {
    private child: ChildProcess | undefined

    constructor(
        private readonly data: string,
        private mqttPort = 0,
    ) {}

    /** Starts it, on the device port it had before, and waits until it listens. */
    async start(): Promise<Listening> {
        const ports = ["--port", "0", "--mqtt-port", String(this.mqttPort)]
        const child = spawn(
            process.execPath,
            [BURR, "gateway", "--json", "--data", this.data, ...ports],
            { stdio: ["ignore", "pipe", "inherit"] },
        )
        this.child = child
        const lines = createInterface({ input: child.stdout! })
        const [line] = (await Promise.race([
            once(lines, "line"),
            once(child, "exit").then(([code]) => {
                throw new Error(`the gateway ended with ${code} before it listened`)
            }),
        ])) as [string]
        const listening = JSON.parse(line) as Listening
        this.mqttPort = listening.mqttPort
        return listening
    }

    /** Stops it where it stands: what the tracker sends from now on is taken by nobody. */
    freeze(): void {
        this.child?.kill("SIGSTOP")
    }
    async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
        const child = this.child
        this.child = undefined
        if (!child || child.exitCode !== null) return
        const ended = once(child, "exit")
        child.kill(signal)
        await ended
    }
}
