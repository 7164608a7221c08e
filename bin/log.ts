import pc from "picocolors"
import type { Log } from "../gateway/core/ports.js"

/** Talk for the person at the terminal, on stderr. */
export const terminalLog: Log = (level, message) => {
    const colour = level === "error" ? pc.red : level === "warn" ? pc.yellow : pc.dim
    process.stderr.write(`${colour(`${level}: ${message}`)}\n`)
}
