// The gateway: adapters built, handed to the core, started. The one place where concrete things
// meet.

import { randomBytes } from "node:crypto"
import { fileURLToPath } from "node:url"
import type { EpochKeys } from "../protocol/keys.js"
import { unixMs } from "../protocol/units.js"
import { startBroker } from "./adapters/broker/aedes-broker.js"
import { nodeAead } from "./adapters/crypto/node-crypto.js"
import { openDataDirectory } from "./adapters/data-directory.js"
import { startHttp } from "./adapters/http/http-server.js"
import { findMaps } from "./adapters/http/pmtiles-files.js"
import { SqliteConsultationLog } from "./adapters/ledger/consultation-log.js"
import { SqliteLedger } from "./adapters/ledger/sqlite-ledger.js"
import { LiveHub } from "./adapters/live/live-hub.js"
import { SignIn } from "./adapters/registry/sign-in.js"
import { SqliteRegistry } from "./adapters/registry/sqlite-registry.js"
import { SqliteStore } from "./adapters/store/sqlite-store.js"
import { SqliteVault } from "./adapters/vault/sqlite-vault.js"
import type { GatewayConfig } from "./config.js"
import { deriveNext } from "./core/deriver.js"
import { type Admitted, takeIn } from "./core/intake.js"
import type { Clock, Log } from "./core/ports.js"

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
    /** Keys of a device's current epoch, to open what the ledger holds of it. */
    keysOf(deviceId: string): EpochKeys | undefined
    /** Resolves once the store has caught up with the ledger. */
    settled(): Promise<void>
    /** Stops taking in, finishes what is on its way, closes every file. */
    close(): Promise<void>
}

const systemClock: Clock = { nowMs: () => unixMs(Date.now()) }
const CONSOLE_FILES = fileURLToPath(new URL("../dist/console", import.meta.url))
const SHIPPED_MAPS = fileURLToPath(new URL("../console/maps", import.meta.url))

/** Throws when the data directory, a file in it or a port cannot be had. */
export async function startGateway(config: GatewayConfig, log: Log): Promise<Gateway> {
    const startedAtMs = Date.now()
    const directory = openDataDirectory(config.data, true)
    const registry = new SqliteRegistry(directory.file("registry.sqlite"))
    const signIn = new SignIn(directory.file("sign-in.sqlite"))
    const vault = new SqliteVault(directory.file("vault.sqlite"), directory.file("vault.key"))
    const ledger = new SqliteLedger(directory.file("ledger.sqlite"))
    const consultations = new SqliteConsultationLog(directory.file("consultations.sqlite"))
    const store = new SqliteStore(directory.file("derived.sqlite"))
    const caseFile = () => registry.caseFile()
    const run = randomBytes(6).toString("hex")
    const parts = { clock: systemClock, caseFile, source: store, consultations, log }
    const live = new LiveHub({ ...parts, run })
    const admission = new Admission(vault)
    const rejects = new Map<string, number>()
    const deriving = new Deriving(() => {
        const steps = deriveNext({ ledger, store, vault, aead: nodeAead, caseFile })
        if (steps.length > 0) live.derived(steps)
        return steps.length > 0
    }, log)

    const broker = await startBroker({
        host: config.host,
        port: config.mqttPort,
        admit: (handle) => admission.byHandle(handle),
        log,
        onPublish: async (device, message, remote) => {
            const receivedAtMs = systemClock.nowMs()
            const result = await takeIn(ledger, nodeAead, { device, message, receivedAtMs, remote })
            if (result.kind === "reject") {
                rejects.set(result.reason, (rejects.get(result.reason) ?? 0) + 1)
                log("warn", `device ${device.deviceId}: message refused, ${result.reason}`)
                return undefined
            }
            if (result.isNew) deriving.wake()
            return result.ack
        },
    })
    const http = await startHttp(
        {
            ...parts,
            signIn,
            live,
            maps: findMaps([SHIPPED_MAPS, directory.file("maps")], (text) => log("warn", text)),
            consoleFiles: CONSOLE_FILES,
            health: () => ({
                status: deriving.failure ? "degraded" : "ok",
                ...(deriving.failure ? { reason: deriving.failure } : {}),
                uptimeS: Math.floor((Date.now() - startedAtMs) / 1000),
                devicesConnected: broker.connections(),
                viewers: live.connections(),
                uplinks: ledger.count(),
                uplinksNotDerived: ledger.count() - store.cursor(),
                ...store.counts(),
                refused: [...rejects.values()].reduce((sum, count) => sum + count, 0),
            }),
        },
        config.host,
        config.port,
    )
    const url = `http://${config.host}:${http.port}`
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
            if (!vault.deviceIds().includes(deviceId)) vault.enrol(deviceId)
            admission.reload()
            return vault.firstChainKey(deviceId)!
        },
        keysOf: (deviceId) => vault.keysOf(deviceId, 0),
        settled: () => deriving.idle(),
        close: async () => {
            await broker.close()
            live.close()
            await http.close()
            await deriving.idle()
            for (const file of [ledger, consultations, store, vault, signIn, registry]) file.close()
            directory.release()
        },
    }
}

/** Devices by the handle under which they come. */
class Admission {
    private handles: Map<string, Admitted> | undefined

    constructor(private readonly vault: SqliteVault) {}

    byHandle(handle: string): Admitted | undefined {
        this.handles ??= new Map(this.vault.deviceIds().map((id) => this.entry(id)))
        return this.handles.get(handle)
    }
    reload(): void {
        this.handles = undefined
    }
    private entry(deviceId: string): [string, Admitted] {
        const keys = this.vault.keysOf(deviceId, 0) as EpochKeys
        return [keys.handle, { deviceId, keys }]
    }
}

/** Runs the deriver turn by turn while there is work, with the event loop in between. */
class Deriving {
    failure: string | undefined
    private isRunning = false
    private waiters: (() => void)[] = []

    /** `turn` tells whether it found work. */
    constructor(
        private readonly turn: () => boolean,
        private readonly log: Log,
    ) {}

    wake(): void {
        if (this.isRunning) return
        this.isRunning = true
        setImmediate(() => this.run())
    }
    idle(): Promise<void> {
        return new Promise((resolve) => {
            this.waiters.push(resolve)
            this.wake()
        })
    }

    /** After a failure the cursor stands where it stood; the next uplink tries again. */
    private run(): void {
        let hasMore = false
        try {
            hasMore = this.turn()
            if (this.failure) this.log("info", "deriving goes on")
            this.failure = undefined
        } catch (error) {
            const { message } = error as Error
            if (message !== this.failure) this.log("error", `deriving stopped: ${message}`)
            this.failure = message
        }
        if (hasMore) {
            setImmediate(() => this.run())
            return
        }
        this.isRunning = false
        const waiters = this.waiters
        this.waiters = []
        for (const wake of waiters) wake()
    }
}
