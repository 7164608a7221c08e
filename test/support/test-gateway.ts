import { onTestFinished } from "vitest"
import type { CaseAdditions } from "../../gateway/adapters/registry/sqlite-registry.js"
import { gatewayConfig } from "../../gateway/config.js"
import type { Log } from "../../gateway/core/ports.js"
import { type Gateway, type GatewayWorld, startGateway } from "../../gateway/main.js"
import { tempFolder } from "./temp-folder.js"

/** Tests that expect trouble read it from here; others do not want to see it. */
export const quiet: Log = () => {}

/** A gateway on ports of the system's choice, closed when the test is over. */
export async function testGateway(
    additions: CaseAdditions,
    data = tempFolder(),
    log: Log = quiet,
    world: Partial<GatewayWorld> = {},
): Promise<Gateway> {
    const config = gatewayConfig({ data, port: 0, mqttPort: 0 })
    const gateway = await startGateway(config, log, world)
    onTestFinished(() => gateway.close())
    gateway.registry.add(additions)
    return gateway
}
