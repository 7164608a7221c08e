// `burr start` as its user runs it: a process of its own.

import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"

const BURR = join(import.meta.dirname, "../../bin/burr")

export class BurrStart {
    private child: ChildProcess | undefined

    constructor(private readonly data: string) {}

    /** The sign-in link that it prints. */
    async run(): Promise<string> {
        const ports = ["--port", "0", "--mqtt-port", "0"]
        const child = spawn(process.execPath, [BURR, "start", "--data", this.data, ...ports], {
            stdio: ["ignore", "pipe", "ignore"],
        })
        this.child = child
        const [link] = (await once(createInterface({ input: child.stdout! }), "line")) as [string]
        return link
    }
    signal(signal: NodeJS.Signals): void {
        this.child?.kill(signal)
    }
    /** Ctrl-C; the exit code. */
    async interrupt(): Promise<number | null> {
        const child = this.child
        this.child = undefined
        if (!child || child.exitCode !== null) return null
        const ended = once(child, "exit") as Promise<[number | null]>
        child.kill("SIGCONT")
        child.kill("SIGINT")
        return (await ended)[0]
    }
}
