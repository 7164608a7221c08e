// Root keys of the devices, each sealed by a key-encryption key that lies beside the database in a
// file only its owner reads. What leaves the vault is one epoch's keys, or once, at provisioning,
// the first chain key.

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto"
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import {
    DEVICE_ID_BYTES,
    type EpochKeys,
    epochKeys,
    firstChainKey,
    handleOf,
    nextChainKey,
    ROOT_KEY_BYTES,
} from "../../../protocol/keys.js"
import { InputError } from "../../core/input-error.js"
import { EPOCH_MAX, type Vault } from "../../core/ports.js"
import { nodeHkdf } from "../crypto/node-crypto.js"
import { OWNER_ONLY, openSqlite, type Sqlite } from "../sqlite.js"

const SCHEMA = `
CREATE TABLE IF NOT EXISTS root (
    device_id TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
`
const SEAL = "aes-256-gcm"
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32
/** Keys of so many epochs are at hand, of all devices; the oldest make way. */
const DERIVED_KEYS_MAX = 20_000
const CHAINS_MAX = 20_000
const DEVICE_ID = new RegExp(`^[0-9a-f]{${2 * DEVICE_ID_BYTES}}$`)

export class SqliteVault implements Vault {
    private readonly database: Sqlite
    private readonly key: Buffer
    private readonly derived = new Map<string, EpochKeys>()
    private readonly chains = new Map<string, { epoch: number; chain: Buffer }>()

    /** Throws when the key is missing, or is not the one that sealed what the database holds. */
    constructor(databasePath: string, keyPath: string) {
        this.database = openSqlite(databasePath, "durable", SCHEMA)
        try {
            const [first] = this.deviceIds()
            this.key = readOrMakeKey(keyPath, first === undefined)
            if (first) this.root(first)
        } catch (error) {
            this.database.close()
            throw error
        }
    }

    /** Makes and keeps a device's root key. Throws when the device has one already. */
    enrol(deviceId: string): void {
        if (!DEVICE_ID.test(deviceId))
            throw new InputError(
                `device id "${deviceId}": expected ${2 * DEVICE_ID_BYTES} hexadecimal digits`,
            )
        const root = randomBytes(ROOT_KEY_BYTES)
        this.database
            .prepare("INSERT INTO root (device_id, sealed) VALUES (?, ?)")
            .run(deviceId, this.seal(deviceId, root))
    }

    /** What the bench writes into a board: the chain key of epoch 0. */
    firstChainKey(deviceId: string): Buffer | undefined {
        const root = this.root(deviceId)
        return root && firstChainKey(nodeHkdf, root, Buffer.from(deviceId, "hex"))
    }

    keysOf(deviceId: string, epoch: number): EpochKeys | undefined {
        const name = `${deviceId} ${epoch}`
        const known = this.derived.get(name)
        if (known) return known
        const chain = this.chainKey(deviceId, epoch)
        if (!chain) return undefined
        const keys = epochKeys(nodeHkdf, chain, Buffer.from(deviceId, "hex"), epoch)
        if (this.derived.size >= DERIVED_KEYS_MAX) this.derived.delete(firstOf(this.derived))
        this.derived.set(name, keys)
        return keys
    }

    handlesOf(deviceId: string, first: number, last: number): { epoch: number; handle: string }[] {
        const id = Buffer.from(deviceId, "hex")
        const handles: { epoch: number; handle: string }[] = []
        let chain = this.chainKey(deviceId, first)
        for (let epoch = first; chain && epoch <= last; epoch++) {
            handles.push({ epoch, handle: handleOf(nodeHkdf, chain, id) })
            chain = nextChainKey(nodeHkdf, chain, id)
        }
        return handles
    }

    deviceIds(): string[] {
        const rows = this.database.prepare<[], { device_id: string }>("SELECT device_id FROM root")
        return rows.all().map((row) => row.device_id)
    }

    close(): void {
        this.database.close()
    }

    /** Walks the chain on from where it was left for the device, or from the root. */
    private chainKey(deviceId: string, epoch: number): Buffer | undefined {
        if (!Number.isInteger(epoch) || epoch < 0 || epoch > EPOCH_MAX) return undefined
        const id = Buffer.from(deviceId, "hex")
        const left = this.chains.get(deviceId)
        let at = left && left.epoch <= epoch ? left.epoch : 0
        let chain = left && left.epoch <= epoch ? left.chain : this.firstChainKey(deviceId)
        if (!chain) return undefined
        for (; at < epoch; at++) chain = nextChainKey(nodeHkdf, chain, id)
        if (this.chains.size >= CHAINS_MAX) this.chains.delete(firstOf(this.chains))
        this.chains.set(deviceId, { epoch, chain })
        return chain
    }
    private root(deviceId: string): Buffer | undefined {
        const row = this.database
            .prepare<[string], { sealed: Buffer }>("SELECT sealed FROM root WHERE device_id = ?")
            .get(deviceId)
        return row && this.unseal(deviceId, row.sealed)
    }
    private seal(deviceId: string, root: Buffer): Buffer {
        const nonce = randomBytes(NONCE_BYTES)
        const cipher = createCipheriv(SEAL, this.key, nonce).setAAD(Buffer.from(deviceId))
        const text = Buffer.concat([cipher.update(root), cipher.final()])
        return Buffer.concat([nonce, text, cipher.getAuthTag()])
    }
    private unseal(deviceId: string, sealed: Buffer): Buffer {
        const nonce = sealed.subarray(0, NONCE_BYTES)
        const tag = sealed.subarray(sealed.length - TAG_BYTES)
        const decipher = createDecipheriv(SEAL, this.key, nonce).setAAD(Buffer.from(deviceId))
        decipher.setAuthTag(tag)
        try {
            const text = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES))
            return Buffer.concat([text, decipher.final()])
        } catch (cause) {
            throw new Error(`vault: the key file does not open device ${deviceId}`, { cause })
        }
    }
}

/** The key that has been in a map for longest. */
function firstOf(map: ReadonlyMap<string, unknown>): string {
    return map.keys().next().value as string
}

/** A missing key is made only while there is nothing that the old one would have to open. */
function readOrMakeKey(path: string, mayMake: boolean): Buffer {
    if (existsSync(path)) {
        const key = readFileSync(path)
        if (key.length !== KEY_BYTES)
            throw new Error(`vault key ${path}: ${key.length} bytes, expected ${KEY_BYTES}`)
        return key
    }
    if (!mayMake)
        throw new Error(`vault key ${path} is missing: without it no device can be opened`)
    const key = randomBytes(KEY_BYTES)
    const file = openSync(path, "wx", OWNER_ONLY)
    try {
        writeSync(file, key)
        fsyncSync(file)
    } finally {
        closeSync(file)
    }
    syncFolder(dirname(path))
    return key
}

/** The key's name is on the disk before anything is sealed by it. */
function syncFolder(path: string): void {
    const folder = openSync(path, "r")
    try {
        fsyncSync(folder)
    } finally {
        closeSync(folder)
    }
}
