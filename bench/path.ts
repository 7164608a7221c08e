// What does a fix cost on its way through the gateway? CPU time a fix for opening, decoding, fusing,
// fencing and storing a message, beside the bare minimum that any gateway must do with it: one
// SHA-256 over the message. Batches of 1, 10 and 18 fixes (a full body in the plain profile).

import { createHash, randomBytes } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { nodeAead, nodeHkdf } from "../gateway/adapters/crypto/node-crypto.js"
import { SqliteLedger } from "../gateway/adapters/ledger/sqlite-ledger.js"
import { SqliteStore } from "../gateway/adapters/store/sqlite-store.js"
import { deriveNext } from "../gateway/core/deriver.js"
import type { CaseFile } from "../gateway/core/domain/case-file.js"
import { takeIn } from "../gateway/core/intake.js"
import { MessageType, sealMessage } from "../protocol/envelope.js"
import { type Fix, FixBatchWriter } from "../protocol/fix.js"
import { epochKeys, firstChainKey } from "../protocol/keys.js"
import type { FenceShape } from "../protocol/live.js"
import { metres, unixMs } from "../protocol/units.js"
import { HOME, offset } from "../test/support/builders.js"
import { aCase, DEVICE_ID } from "../test/support/case.js"

const FIXES = 6000
/** Messages that arrive together and share a commit. */
const TOGETHER = 64
const START_DS = Date.UTC(2021, 4, 5) / 100
const DEVICE = Buffer.from(DEVICE_ID, "hex")

export async function main(): Promise<void> {
    console.log(`cost of a fix in the gateway, ${FIXES} fixes, CPU time`)
    console.log("batch   bytes/fix   intake us/fix   derive us/fix   sha256 us/fix   ratio")
    for (const batch of [1, 10, 18]) await measure(batch)
}

async function measure(batch: number): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "burr-bench-"))
    const ledger = new SqliteLedger(join(folder, "ledger.sqlite"))
    const store = new SqliteStore(join(folder, "derived.sqlite"))
    const root = randomBytes(32)
    const keys = epochKeys(nodeHkdf, firstChainKey(nodeHkdf, root, DEVICE), DEVICE, 0)
    const messages = sealed(batch, keys.up)
    const bytes = messages.reduce((sum, one) => sum + one.length, 0)
    const caseFile = wholeCase()

    const vault = { keysOf: () => keys, handlesOf: () => [] }
    const intakeUs = await cpuUs(async () => {
        const device = { deviceId: DEVICE_ID, keys }
        const receivedAtMs = unixMs(Date.UTC(2021, 4, 6))
        const clock = { nowMs: () => receivedAtMs }
        for (let at = 0; at < messages.length; at += TOGETHER)
            await Promise.all(
                messages.slice(at, at + TOGETHER).map((message) =>
                    takeIn(ledger, vault, nodeAead, clock, {
                        device,
                        message,
                        receivedAtMs,
                        remote: "bench",
                    }),
                ),
            )
    })
    const parts = { ledger, store, vault, aead: nodeAead, caseFile: () => caseFile, log: () => {} }
    const deriveUs = await cpuUs(async () => {
        while (deriveNext(parts).length > 0);
    })
    const hashUs = await cpuUs(async () => {
        for (const message of messages) createHash("sha256").update(message).digest()
    })
    if (store.counts().fixes !== FIXES) throw new Error("the bench lost fixes")
    ledger.close()
    store.close()
    rmSync(folder, { recursive: true })
    const cells = [intakeUs, deriveUs, hashUs].map((us) => (us / FIXES).toFixed(2).padStart(12))
    const ratio = ((intakeUs + deriveUs) / hashUs).toFixed(1)
    console.log(
        `${batch}`.padStart(5),
        (bytes / FIXES).toFixed(1).padStart(10),
        ...cells,
        ratio.padStart(12),
    )
}

const FENCE: FenceShape = { type: "circle", center: HOME, radiusM: metres(500) }

function wholeCase(): CaseFile {
    return aCase({ fence: FENCE }) as CaseFile
}

/** A drive along the fence's middle, sealed in batches, each with its salt as after a restart. */
function sealed(batch: number, key: Buffer): Buffer[] {
    const salt = randomBytes(8)
    const messages: Buffer[] = []
    for (let first = 0; first < FIXES; first += batch) {
        const writer = new FixBatchWriter(first)
        for (let i = first; i < Math.min(first + batch, FIXES); i++)
            if (!writer.add(fixAt(i))) throw new Error(`${batch} fixes do not fit into a body`)
        const options = { type: MessageType.telemetry, salt, carrySalt: true, seq: messages.length }
        messages.push(sealMessage(nodeAead, key, options, writer.body(0)))
    }
    return messages
}

function fixAt(i: number): Fix {
    const { latDeg, lonDeg } = offset(((i * 13) % 2000) - 1000, Math.sin(i / 30) * 40)
    return {
        kind: "fix",
        timeDs: START_DS + i * 10,
        latUdeg: Math.round(latDeg * 1e6),
        lonUdeg: Math.round(lonDeg * 1e6),
        altM: 455,
        speedDmps: 130 + (i % 7),
        courseDeg: (90 + (i % 11)) % 360,
        accuracyDm: 30,
        satellites: 11,
    }
}

async function cpuUs(run: () => Promise<void>): Promise<number> {
    const before = process.cpuUsage()
    await run()
    const { user, system } = process.cpuUsage(before)
    return user + system
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main()
