/** A stop that takes longer than this is cut off: whatever was acknowledged is on disk by then. */
const STOP_WAIT_MS = 2500

/** Runs `stop` on SIGINT or SIGTERM and ends the process, within 3 s in any case. */
export function untilStopped(stop: () => Promise<void>): void {
    let isStopping = false
    const onSignal = async () => {
        if (isStopping) return
        isStopping = true
        setTimeout(() => process.exit(1), STOP_WAIT_MS).unref()
        try {
            await stop()
            process.exit(0)
        } catch (error) {
            process.stderr.write(`burr: stopping failed: ${(error as Error).message}\n`)
            process.exit(1)
        }
    }
    process.on("SIGINT", onSignal)
    process.on("SIGTERM", onSignal)
}
