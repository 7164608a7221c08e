import type { Log } from "./ports.js"

/** A turn that failed is tried again after this long, whether or not more has come in. */
export const DERIVE_RETRY_MS = 1000

/** Runs the deriver turn by turn while there is work, with the event loop in between. */
export class Deriving {
    /** Why the last turn failed; undefined while all goes well. */
    failure: string | undefined
    private state: "idle" | "running" | "stopped" = "idle"
    private retry: NodeJS.Timeout | undefined
    private waiters: (() => void)[] = []

    /** `turn` tells whether it found work. What it throws has changed nothing. */
    constructor(
        private readonly turn: () => boolean,
        private readonly log: Log,
        private readonly retryMs = DERIVE_RETRY_MS,
    ) {}

    wake(): void {
        if (this.state !== "idle") return
        clearTimeout(this.retry)
        this.state = "running"
        setImmediate(() => this.run())
    }

    /** Resolves once a turn has found nothing to do, or has failed. */
    idle(): Promise<void> {
        return new Promise((resolve) => {
            if (this.state === "stopped") {
                resolve()
                return
            }
            this.waiters.push(resolve)
            this.wake()
        })
    }

    /** No further turn: the next start goes on behind the cursor. */
    stop(): void {
        this.state = "stopped"
        clearTimeout(this.retry)
        this.release()
    }

    private run(): void {
        if (this.state === "stopped") return
        if (this.takeTurn()) {
            setImmediate(() => this.run())
            return
        }
        this.state = "idle"
        if (this.failure) this.retry = setTimeout(() => this.wake(), this.retryMs).unref()
        this.release()
    }

    private takeTurn(): boolean {
        try {
            const hasMore = this.turn()
            if (this.failure) this.log("info", "deriving goes on")
            this.failure = undefined
            return hasMore
        } catch (error) {
            const { message } = error as Error
            if (message !== this.failure) this.log("error", `deriving stopped: ${message}`)
            this.failure = message
            return false
        }
    }
    private release(): void {
        const waiters = this.waiters
        this.waiters = []
        for (const wake of waiters) wake()
    }
}
