// The gateway: adapters built, handed to the core, started. The one place where concrete things
// meet.

import { randomBytes } from "node:crypto"
import { fileURLToPath } from "node:url"
import type { EpochKeys } from "../protocol/keys.js"
import { unixMs } from "../protocol/units.js"
import { startBroker } from "./adapters/broker/aedes-broker.js"
import { nodeAead } from "./adapters/crypto/node-crypto.js"
import { openDataDirectory } from "./adapters/data-directory.js"
import { SqliteDownlink } from "./adapters/downlink/sqlite-downlink.js"
import { startHttp } from "./adapters/http/http-server.js"
import { findMaps } from "./adapters/http/pmtiles-files.js"
import { SqliteConsultationLog } from "./adapters/ledger/consultation-log.js"
import { SqliteLedger } from "./adapters/ledger/sqlite-ledger.js"
import { LiveHub, type LivePace } from "./adapters/live/live-hub.js"
import { SignIn } from "./adapters/registry/sign-in.js"
import { type CaseAdditions, SqliteRegistry } from "./adapters/registry/sqlite-registry.js"
import { SqliteStore } from "./adapters/store/sqlite-store.js"
import { SqliteVault } from "./adapters/vault/sqlite-vault.js"
import type { GatewayConfig } from "./config.js"
import { Admission } from "./core/admission.js"
import { Alarms } from "./core/alarms.js"
import { deriveNext } from "./core/deriver.js"
import { Deriving } from "./core/deriving.js"
import { Downlink } from "./core/downlink/downlink.js"
import { OrderDesk } from "./core/downlink/order-desk.js"
import { RememberedQueue } from "./core/downlink/remembered-queue.js"
import { type Admitted, takeIn } from "./core/intake.js"
import type { Clock, Log } from "./core/ports.js"
import { Refusals } from "./core/refusals.js"
import { UnknownBases } from "./core/unknown-bases.js"

export interface Gateway {
    /** Where the console is. */
    url: string
    mqttPort: number
    registry: SqliteRegistry
    store: SqliteStore
    ledger: SqliteLedger
    signIn: SignIn
    /**
     * Gives a device of the registry its root key, and returns what the bench writes into the
     * board. A device that has one keeps it.
     */
    provision(deviceId: string): Buffer
    /** Keys of the newest epoch in which a record of the device is held. */
    keysOf(deviceId: string): EpochKeys | undefined
    /** Resolves once the store has caught up with the ledger, or cannot. */
    settled(): Promise<void>
    /** Stops taking in, keeps what is on its way, closes every file. */
    close(): Promise<void>
}

/** The world as the gateway meets it, for whoever has another one. */
export interface GatewayWorld {
    clock: Clock
    /** How often viewers are told. */
    pace: LivePace
    /** Wait before deriving is tried again after the disk failed. */
    deriveRetryMs: number
}

const systemClock: Clock = { nowMs: () => unixMs(Date.now()) }
const CONSOLE_FILES = fileURLToPath(new URL("../dist/console", import.meta.url))
const SHIPPED_MAPS = fileURLToPath(new URL("../console/maps", import.meta.url))

/**
 * Throws when the data directory, a file in it or a port cannot be had; what was opened until then
 * is closed again, so another attempt may follow.
 */
export async function startGateway(
    config: GatewayConfig,
    log: Log,
    world: Partial<GatewayWorld> = {},
): Promise<Gateway> {
    const closing = new Closing()
    try {
        return await start(config, log, world, closing)
    } catch (error) {
        // What cannot be closed must not hide why the start failed.
        await closing.run().catch((more: Error) => log("error", more.message))
        throw error
    }
}

async function start(
    config: GatewayConfig,
    log: Log,
    { clock = systemClock, pace, deriveRetryMs }: Partial<GatewayWorld>,
    closing: Closing,
): Promise<Gateway> {
    const startedAtMs = performance.now()
    const directory = openDataDirectory(config.data, true)
    closing.add(() => directory.release())
    const file = <File extends { close(): void }>(opened: File): File => {
        closing.add(() => opened.close())
        return opened
    }
    const registry = file(new WatchedRegistry(directory.file("registry.sqlite")))
    const signIn = file(new SignIn(directory.file("sign-in.sqlite")))
    const vault = file(new SqliteVault(directory.file("vault.sqlite"), directory.file("vault.key")))
    const ledger = file(new SqliteLedger(directory.file("ledger.sqlite")))
    const consultations = file(new SqliteConsultationLog(directory.file("consultations.sqlite")))
    const queue = new RememberedQueue(file(new SqliteDownlink(directory.file("downlink.sqlite"))))
    const store = file(new SqliteStore(directory.file("derived.sqlite")))
    if (store.isBegunAnew) {
        const what = "derived.sqlite is of an earlier schema"
        log("info", `${what}: it is computed again from ${ledger.count()} records of the ledger`)
    }
    const caseFile = () => registry.caseFile()
    const run = randomBytes(6).toString("hex")
    const parts = { clock, caseFile, source: store, consultations, log }
    const live = file(new LiveHub({ ...parts, run }, pace))
    const admission = new Admission(vault, ledger, vault.deviceIds(), log)
    const refusals = new Refusals(log)
    const alarms = new Alarms(ledger, log)
    const turn = () => {
        const steps = deriveNext({ ledger, store, vault, aead: nodeAead, caseFile, log })
        if (steps.length > 0) live.derived(steps)
        unknownBases.answer(steps)
        const hasMore = downlink.follow()
        return steps.length > 0 || hasMore
    }
    const deriving = new Deriving(turn, log, deriveRetryMs)
    closing.add(() => deriving.stop())

    const broker = await startBroker({
        host: config.host,
        port: config.mqttPort,
        admit: (handle) => admission.byHandle(handle),
        onOverlap: (deviceId) => alarms.noteOverlap(deviceId, clock.nowMs()),
        log,
        onPublish: async (device, message, remote) => {
            const receivedAtMs = clock.nowMs()
            const { deviceId } = device
            const arrival = { device, message, receivedAtMs, remote }
            const result = await takeIn(ledger, vault, nodeAead, clock, arrival)
            if (result.kind === "reject") {
                refusals.note(deviceId, result.reason, receivedAtMs)
                alarms.noteRefusal(deviceId, result.reason, receivedAtMs)
                return undefined
            }
            admission.advance(deviceId, result.epoch)
            if (result.isOfReplacedSession) alarms.noteReplacedSession(deviceId, receivedAtMs)
            if (result.isNew) deriving.wake()
            // Before the ack: with it the device may have nothing left to stay awake for.
            downlink.heard(deviceId)
            return result.ack
        },
    })
    closing.add(() => broker.close())
    const wayBack = {
        ...{ ledger, aead: nodeAead, clock, log },
        connected: (deviceId: string) => broker.connected(deviceId),
        send: (device: Admitted, message: Buffer) => broker.send(device, message),
    }
    const unknownBases = new UnknownBases(wayBack)
    const downlink = new Downlink({ ...wayBack, queue, vault, caseFile })
    registry.onChange = () => downlink.mandatesChanged()
    const http = await startHttp(
        {
            ...parts,
            signIn,
            live,
            desk: new OrderDesk({ queue, downlink, caseFile, clock }),
            maps: findMaps([SHIPPED_MAPS, directory.file("maps")], (text) => log("warn", text)),
            consoleFiles: CONSOLE_FILES,
            // Anybody may ask: counts, and no word about a device or a file.
            health: () => ({
                status: deriving.failure ? "degraded" : "ok",
                ...(deriving.failure ? { reason: "deriving fails, the log says why" } : {}),
                uptimeS: Math.floor((performance.now() - startedAtMs) / 1000),
                devicesConnected: broker.connections(),
                viewers: live.connections(),
                uplinks: ledger.count(),
                uplinksNotDerived: ledger.count() - store.cursor(),
                ...store.counts(),
                refused: refusals.total,
                alarmsNonceReuse: alarms.totals["nonce-reuse"],
                alarmsCloneSuspected: alarms.totals["clone-suspected"],
                alarmsBadTag: alarms.totals["bad-tag"],
            }),
        },
        config.host,
        config.port,
    )
    closing.add(() => {
        live.close()
        return http.close()
    })
    const url = `http://${inUrl(config.host)}:${http.port}`
    signIn.setConsoleUrl(url)
    deriving.wake()

    return {
        url,
        mqttPort: broker.port,
        registry,
        store,
        ledger,
        signIn,
        provision: (deviceId) => {
            if (!vault.firstChainKey(deviceId)) vault.enrol(deviceId)
            admission.add(deviceId)
            return vault.firstChainKey(deviceId)!
        },
        keysOf: (deviceId) => vault.keysOf(deviceId, ledger.newestEpoch(deviceId)),
        settled: () => deriving.idle(),
        close: () => closing.run(),
    }
}

/** Registry and sign-in of a data directory, beside a gateway that may be running on it. */
export interface Access {
    registry: SqliteRegistry
    signIn: SignIn
    close(): void
}

/** Throws when the directory or a file in it cannot be had. */
export function openAccess(data: string): Access {
    const directory = openDataDirectory(data, false)
    const registry = new SqliteRegistry(directory.file("registry.sqlite"))
    const signIn = new SignIn(directory.file("sign-in.sqlite"))
    return {
        registry,
        signIn,
        close: () => {
            signIn.close()
            registry.close()
        },
    }
}

/** One whose changes somebody waits for: a mandate that was cut short has to reach its trackers. */
class WatchedRegistry extends SqliteRegistry {
    onChange: () => void = () => {}

    override add(additions: CaseAdditions): void {
        super.add(additions)
        this.onChange()
    }
}

/** An IPv6 address stands in brackets (RFC 3986, 3.2.2). */
function inUrl(host: string): string {
    return host.includes(":") ? `[${host}]` : host
}

/** What was opened, closed in the opposite order. */
class Closing {
    private readonly steps: (() => unknown)[] = []
    private running: Promise<void> | undefined

    add(step: () => unknown): void {
        this.steps.push(step)
    }
    /** Closes all, whatever one of them does, and then throws what the first to fail threw. */
    run(): Promise<void> {
        this.running ??= this.runOnce()
        return this.running
    }
    private async runOnce(): Promise<void> {
        const failures: unknown[] = []
        for (const step of this.steps.reverse()) {
            try {
                await step()
            } catch (error) {
                failures.push(error)
            }
        }
        if (failures.length > 0) throw failures[0]
    }
}
