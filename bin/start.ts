// `burr start`: gateway, console and twelve simulated trackers in one process. The gateway meets
// the trackers as it does in the field, over MQTT.

import { createHash } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import pc from "picocolors"
import type { CaseAdditions } from "../gateway/adapters/registry/sqlite-registry.js"
import { type GatewayConfig, gatewayConfig } from "../gateway/config.js"
import { InputError } from "../gateway/core/input-error.js"
import { type Gateway, startGateway } from "../gateway/main.js"
import { type UnixMs, unixMs } from "../protocol/units.js"
import { powerOnDemoFleet } from "../simulator/fleet/demo-fleet.js"
import { type DemoVehicle, type DemoWorld, demoWorld } from "../simulator/world/index.js"
import { terminalLog } from "./log.js"
import { untilStopped } from "./until-stopped.js"

interface StartFlags {
    data: string
    host: string
    port?: string
    mqttPort?: string
    seed: string
}

const PROGRAM = fileURLToPath(new URL("../dist/firmware/tracker.devs", import.meta.url))
const OPERATION_ID = "demo"
const OPERATOR_ID = "operator"
const ADMINISTRATOR_ID = "administrator"
/** Orders to a tracker take two people. */
const TEAM_LEAD_ID = "team-lead"
const DAY_MS = 86_400_000
/** Short, so that the map moves: a tracker in the field waits longer and saves its battery. */
const HOLD_MS = 2000
/** As the setting `profile` has it: the bench's, awake and with every fix, from the first second on. */
const PROFILE_BENCH = 4

export async function startCommand(flags: StartFlags): Promise<void> {
    if (!existsSync(PROGRAM))
        throw new InputError("the tracker's program is not built: run `npm run build`")
    const world = demoWorld(flags.seed)
    const gateway = await startOnFreePorts(flags)
    addDemoCase(gateway, world)
    const program = readFileSync(PROGRAM)
    const trackers = world.vehicles.map((vehicle) => {
        const deviceId = deviceIdOf(vehicle)
        const chainKey = gateway.provision(deviceId)
        const broker = { brokerHost: flags.host, brokerPort: gateway.mqttPort }
        const identity = { deviceId, chainKey, ...broker }
        const more = { profile: PROFILE_BENCH }
        return { vehicle, provisioned: { ...identity, holdMs: HOLD_MS, more } }
    })
    const fleet = powerOnDemoFleet(program, trackers, (name, reason) =>
        terminalLog("warn", `tracker of ${name} stopped (${reason}), switched on again`),
    )
    untilStopped(async () => {
        fleet.powerOff()
        await gateway.close()
    })
    const link = `${gateway.url}/sign-in/${gateway.signIn.makeLink(OPERATOR_ID, now())}`
    process.stderr.write(
        `\n${pc.bold("Burr")} · ${world.vehicles.length} simulated trackers in ${world.name}, ` +
            `devices on port ${gateway.mqttPort}, data in ${flags.data}\n` +
            `Sign in as the operator (works once, for an hour; \`burr sign-in ${OPERATOR_ID}\` ` +
            "makes another):\n\n",
    )
    process.stdout.write(`${link}\n`)
    process.stderr.write("\nCtrl-C ends everything; a second start goes on with the history.\n")
}

/** Ports that were not asked for give way when they are taken. */
async function startOnFreePorts(flags: StartFlags): Promise<Gateway> {
    const { data, host } = flags
    const usual = gatewayConfig({})
    const wishes: GatewayConfig = gatewayConfig({
        data,
        host,
        port: flags.port ?? usual.port,
        mqttPort: flags.mqttPort ?? usual.mqttPort,
    })
    let config = wishes
    for (;;) {
        try {
            return await startGateway(config, terminalLog)
        } catch (error) {
            const { code, port } = error as NodeJS.ErrnoException & { port?: number }
            if (code !== "EADDRINUSE" || !port) throw error
            if (port === config.mqttPort && !flags.mqttPort) config = { ...config, mqttPort: 0 }
            else if (port === config.port && !flags.port) config = { ...config, port: 0 }
            else throw new InputError(`port ${port} on ${host} is taken, expected a free one`)
        }
    }
}

/** What the first start adds; later ones find it there. A demo mandate lasts a year. */
function addDemoCase(gateway: Gateway, world: DemoWorld): void {
    const { registry } = gateway
    if (registry.caseFile().operations.some(({ id }) => id === OPERATION_ID)) return
    const fromMs = unixMs(now() - DAY_MS)
    const toMs = unixMs(now() + 365 * DAY_MS)
    const operationId = OPERATION_ID
    const additions: CaseAdditions = {
        operations: [{ id: operationId, name: `Demo · ${world.name}` }],
        users: [
            { id: ADMINISTRATOR_ID, name: "Administrator", role: "administrator" },
            { id: OPERATOR_ID, name: "Operator", role: "operator" },
            { id: TEAM_LEAD_ID, name: "Team lead", role: "team-lead" },
        ],
        memberships: [OPERATOR_ID, TEAM_LEAD_ID].map((userId) => ({ userId, operationId })),
        fences: world.fences.map((fence) => ({ ...fence, operationId })),
        targets: world.vehicles.map(({ id, name, kind }) => ({ id, operationId, name, kind })),
        devices: world.vehicles.map((vehicle) => ({
            id: deviceIdOf(vehicle),
            label: `Tracker of ${vehicle.name}`,
            use: "tracker" as const,
            state: "deployed" as const,
        })),
        mandates: world.vehicles.map((vehicle, i) => ({
            id: mandateIdOf(vehicle),
            operationId,
            targetId: vehicle.id,
            reference: `DEMO ${String(i + 1).padStart(2, "0")}`,
            authority: "none: simulated vehicles",
            purpose: "demonstration on simulated vehicles",
            officer: "none",
            conditions: "",
            fromMs,
            toMs,
            area: null,
        })),
        assignments: world.vehicles.map((vehicle) => ({
            deviceId: deviceIdOf(vehicle),
            targetId: vehicle.id,
            mandateId: mandateIdOf(vehicle),
            fromMs,
            toMs: null,
        })),
    }
    registry.add(additions)
}

function mandateIdOf({ id }: DemoVehicle): string {
    return `demo-${id}`
}
/** The same at every start, so that history goes on. A real device's id is drawn at random. */
function deviceIdOf({ id }: DemoVehicle): string {
    return createHash("sha256").update(`burr demo ${id}`).digest("hex").slice(0, 16)
}
function now(): UnixMs {
    return unixMs(Date.now())
}
