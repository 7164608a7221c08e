import { gatewayConfig } from "../gateway/config.js"
import { startGateway } from "../gateway/main.js"
import { terminalLog } from "./log.js"
import { untilStopped } from "./until-stopped.js"

export async function gatewayCommand(options: Record<string, unknown>): Promise<void> {
    const { json, ...settings } = options
    const gateway = await startGateway(gatewayConfig(settings), terminalLog)
    untilStopped(() => gateway.close())
    const { url, mqttPort } = gateway
    if (json) process.stdout.write(`${JSON.stringify({ type: "listening", url, mqttPort })}\n`)
    process.stderr.write(`console ${url}, devices on port ${mqttPort}\n`)
}
