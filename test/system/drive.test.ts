// The whole way of a position: emulated receiver, the tracker's bytecode in virtual time, a real
// broker over real TCP, the real ledger and store.

import { createHash } from "node:crypto"
import { beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { gatewayConfig } from "../../gateway/config.js"
import { type Gateway, startGateway } from "../../gateway/main.js"
import { unixMs } from "../../protocol/units.js"
import type { LinkEvents, Network } from "../../simulator/vm/network.js"
import type { TcpNetwork } from "../../simulator/vm/tcp-network.js"
import { aCase, DEVICE_ID, FENCE_ID, OPERATION_ID } from "../support/case.js"
import { cases } from "../support/cases.js"
import { type Drive, recordedDrive, solutionsOf } from "../support/drive.js"
import { DriveRig, matchToDrive } from "../support/drive-rig.js"
import { GatewayProcess } from "../support/gateway-process.js"
import { batchesOf, hellosOf } from "../support/ledger-bodies.js"
import { tempFolder } from "../support/temp-folder.js"
import { quiet, testGateway } from "../support/test-gateway.js"
import { deviceProgram } from "../support/tracker-program.js"

const ALL_TIME = { fromMs: unixMs(0), toMs: unixMs(4e12) }
const DRIVE_WAIT_MS = 120_000

let program: Buffer
let drive: Drive
beforeAll(() => {
    program = deviceProgram("firmware/tracker.devs")
    drive = recordedDrive()
})

function kindsOfAlerts(gateway: Gateway): string[] {
    const alerts = gateway.store.alerts(OPERATION_ID, 100).reverse()
    expect(alerts.every((alert) => alert.fenceId === FENCE_ID)).toBe(true)
    return alerts.map((alert) => alert.kind)
}

describe("a recorded drive through receiver, bytecode, broker and store", () => {
    it(
        "stores every fix once, to its quantum, and crosses the fence once each way",
        async () => {
            const gateway = await testGateway(aCase({ fence: drive.fence }))
            const chainKey = gateway.provision(DEVICE_ID)
            const rig = new DriveRig({ drive, program, chainKey, brokerPort: gateway.mqttPort })
            await rig.driveOut()
            await gateway.settled()

            const stored = matchToDrive(drive, gateway.store.fixes(DEVICE_ID))
            expect(stored).toHaveLength(solutionsOf(drive).length)
            expect(kindsOfAlerts(gateway)).toEqual(["enter", "exit"])
            expect(gateway.store.gaps(DEVICE_ID, ALL_TIME)).toEqual([])
            const [hello] = hellosOf(gateway, chainKey)
            expect(hello!.programHash.toString("hex")).toBe(
                createHash("sha256").update(program).digest("hex"),
            )
            // The first of the connection stands alone, and nearly all others go on from an ack.
            const chained = batchesOf(gateway, chainKey).map(isChained)
            expect(chained[0]).toBe(false)
            const share = chained.filter(Boolean).length / chained.length
            expect(share).toBeGreaterThan(0.9)
        },
        DRIVE_WAIT_MS,
    )

    it(
        "shows a power cycle of the tracker as one gap with its cause",
        async () => {
            const gateway = await testGateway(aCase())
            const chainKey = gateway.provision(DEVICE_ID)
            const rig = new DriveRig({ drive, program, chainKey, brokerPort: gateway.mqttPort })
            await rig.driveTo(400.5)
            rig.tracker.powerOff()
            await rig.driveTo(460.5)
            rig.tracker.powerOn()
            await rig.driveOut()
            await gateway.settled()

            const stored = matchToDrive(drive, gateway.store.fixes(DEVICE_ID))
            const gaps = gateway.store.gaps(DEVICE_ID, ALL_TIME)
            expect(gaps.map(({ cause }) => cause)).toEqual(["restart"])
            const [gap] = gaps
            const storedAt = new Set(stored.map(({ atMs }) => atMs))
            const lost = solutionsOf(drive).filter(({ atMs }) => !storedAt.has(atMs))
            expect(lost.length).toBeGreaterThan(0)
            for (const { atMs } of lost) {
                expect(atMs).toBeGreaterThan(gap!.fromMs)
                expect(atMs).toBeLessThan(gap!.toMs!)
            }
        },
        DRIVE_WAIT_MS,
    )
})

describe("the same drive with the gateway killed", () => {
    it.each(killPlans(cases(1, 10)))(
        "$name loses nothing and doubles nothing",
        async ({ kills }) => {
            const data = tempFolder()
            const chainKey = await prepare(data)
            const gateway = new GatewayProcess(data)
            onTestFinished(() => gateway.kill())
            const { mqttPort } = await gateway.start()
            const killer = new Killer(gateway)
            const rig = new DriveRig({
                drive,
                program,
                chainKey,
                brokerPort: mqttPort,
                around: (network) => killer.around(network),
                holdClock: () => killer.restarting,
            })
            for (const { atS, isKept } of kills) {
                await rig.driveTo(atS)
                killer.arm(isKept)
            }
            await rig.driveOut()
            await gateway.kill("SIGTERM")
            expect(killer.unacknowledged).toBe(kills.length)

            const reader = await startGateway(gatewayConfig({ data, port: 0, mqttPort: 0 }), quiet)
            onTestFinished(() => reader.close())
            await reader.settled()
            const stored = matchToDrive(drive, reader.store.fixes(DEVICE_ID))
            expect(stored).toHaveLength(solutionsOf(drive).length)
            expect(kindsOfAlerts(reader)).toEqual(["enter", "exit"])
            expect(reader.store.gaps(DEVICE_ID, ALL_TIME)).toEqual([])
        },
        DRIVE_WAIT_MS,
    )
})

interface KillPlan {
    name: string
    /** isKept: killed after the commit, with the acknowledgement on its way; else before it. */
    kills: { atS: number; isKept: boolean }[]
}

/** The first plan is fixed, the others are spread over the drive. */
function killPlans(count: number): KillPlan[] {
    return Array.from({ length: count }, (_, i) => {
        const early = 200 + ((i * 97) % 400)
        const late = 700 + ((i * 61) % 400)
        return {
            name: `killed before a commit at ${early} s and after one at ${late} s`,
            kills: [
                { atS: early, isKept: false },
                { atS: late, isKept: true },
            ],
        }
    })
}

/** A data directory with a case and a provisioned device in it. */
async function prepare(data: string): Promise<Buffer> {
    const gateway = await startGateway(gatewayConfig({ data, port: 0, mqttPort: 0 }), quiet)
    gateway.registry.add(aCase({ fence: drive.fence }))
    const chainKey = gateway.provision(DEVICE_ID)
    await gateway.close()
    return chainKey
}

/** Byte 1 of the batch under key 4, bit 7 [P-pack.2]. */
function isChained(body: Buffer): boolean {
    const start = body[2] === 0x58 ? 4 : 3
    return body[start + 1]! >= 128
}

/** Kills the gateway at the next publish, before or after it is committed, and starts it again. */
class Killer {
    restarting: Promise<void> | undefined
    /** Kills that met a publish whose acknowledgement had not reached the tracker. */
    unacknowledged = 0
    private armed: "before-commit" | "after-commit" | undefined
    private isCutOff = false

    constructor(private readonly gateway: GatewayProcess) {}

    arm(isKept: boolean): void {
        this.armed = isKept ? "after-commit" : "before-commit"
    }

    around(network: TcpNetwork): Network {
        return {
            open: (host, port, events) => {
                const link = network.open(host, port, this.listen(events))
                return {
                    close: () => link.close(),
                    write: (bytes) => {
                        if (this.armed && bytes[0]! >> 4 === PUBLISH) this.cut()
                        return link.write(bytes)
                    },
                }
            },
        }
    }

    private listen(events: LinkEvents): LinkEvents {
        return {
            ...events,
            received: (bytes) => {
                if (!this.isCutOff) events.received(bytes)
                else if (!this.restarting) this.restart()
            },
        }
    }
    private cut(): void {
        this.unacknowledged++
        if (this.armed === "before-commit") {
            this.gateway.freeze()
            this.restart()
        } else this.isCutOff = true
        this.armed = undefined
    }
    private restart(): void {
        this.restarting = this.gateway
            .kill()
            .then(() => this.gateway.start())
            .then(() => {
                this.isCutOff = false
                this.restarting = undefined
            })
    }
}

const PUBLISH = 3
