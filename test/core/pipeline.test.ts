import { randomBytes } from "node:crypto"
import { describe, expect, it } from "vitest"
import { nodeAead, nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import type { CaseFile } from "../../gateway/core/domain/case-file.js"
import { NEW_DEVICE } from "../../gateway/core/ingest/device-memory.js"
import { derive } from "../../gateway/core/pipeline.js"
import { MessageType, sealMessage } from "../../protocol/envelope.js"
import { type Fix, FixBatchWriter } from "../../protocol/fix.js"
import { epochKeys, firstChainKey } from "../../protocol/keys.js"
import { unixMs } from "../../protocol/units.js"
import { aCase, DEVICE_ID, TARGET_ID } from "../support/case.js"

const DEVICE = Buffer.from(DEVICE_ID, "hex")
const RECEIVED_MS = unixMs(Date.UTC(2021, 4, 5, 6))
const KEYS = epochKeys(nodeHkdf, firstChainKey(nodeHkdf, randomBytes(32), DEVICE), DEVICE, 0)

function aFix(secondsFromReceipt: number): Fix {
    return {
        kind: "fix",
        timeDs: (RECEIVED_MS + secondsFromReceipt * 1000) / 100,
        latUdeg: 47_139_200,
        lonUdeg: 9_522_800,
        altM: 455,
        speedDmps: 0,
        courseDeg: 0,
        accuracyDm: 30,
        satellites: 9,
    }
}

function derived(fixes: Fix[]) {
    const writer = new FixBatchWriter(0)
    for (const fix of fixes) writer.add(fix)
    const salt = Buffer.alloc(8, 1)
    const options = { type: MessageType.telemetry, salt, carrySalt: true, seq: 1 }
    const uplink = {
        id: 1,
        deviceId: DEVICE_ID,
        epoch: 0,
        session: salt.toString("hex"),
        seq: 1,
        type: MessageType.telemetry,
        message: sealMessage(nodeAead, KEYS.up, options, writer.body(0)),
        receivedAtMs: RECEIVED_MS,
    }
    const memory = { device: NEW_DEVICE, targets: new Map() }
    return derive(memory, uplink, aCase() as CaseFile, () => KEYS, nodeAead)
}

describe("the pipeline", () => {
    it("stores what was reported and tracks the target on it", () => {
        const { fixes, states, targets } = derived([aFix(-2), aFix(-1)])
        expect(fixes.map(({ number }) => number)).toEqual([0, 1])
        expect(states.map(({ state }) => state.atMs - RECEIVED_MS)).toEqual([-2000, -1000])
        expect(targets.get(TARGET_ID)!.fusion!.atMs).toBe(RECEIVED_MS - 1000)
    })

    it("keeps a fix from the future as reported and does not let it move the track there", () => {
        const { fixes, states } = derived([aFix(-2), aFix(3600), aFix(-1)])
        expect(fixes).toHaveLength(3)
        expect(states.map(({ state }) => state.atMs - RECEIVED_MS)).toEqual([-2000, -1000])
    })

    it("tells why nothing was made of a body that it cannot read", () => {
        const result = derived([{ ...aFix(0), latUdeg: 90_000_001 }])
        expect(result.rejected).toBe("latitude-range")
        expect(result.fixes).toEqual([])
    })
})
