// Settings of the gateway, checked once. One message lists every problem.

import { z } from "zod"

const port = z.coerce.number().int().min(0).max(65535)

const schema = z.strictObject({
    /** Directory that holds everything the gateway keeps. */
    data: z.string().min(1).default("./.burr"),
    /** Address to listen on, of console and broker alike. */
    host: z.string().min(1).default("127.0.0.1"),
    /** Port of the console; 0 lets the system pick. */
    port: port.default(8470),
    /** Port of the device broker; 0 lets the system pick. */
    mqttPort: port.default(1883),
})

export type GatewayConfig = Readonly<z.infer<typeof schema>>

/** Throws one message that names each setting, what was given and what was expected. */
export function gatewayConfig(given: Record<string, unknown>): GatewayConfig {
    const parsed = schema.safeParse(given)
    if (parsed.success) return Object.freeze(parsed.data)
    const problems = parsed.error.issues.map((issue) => {
        const name = issue.path.join(".")
        return `${name || "settings"}: given ${JSON.stringify(given[name])}, ${issue.message}`
    })
    throw new Error(problems.join("\n"))
}
