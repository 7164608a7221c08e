// Tracker and gateway seal with different libraries. Both must come to the same bytes, and both to
// those that are published.

import { createCipheriv } from "node:crypto"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { nodeAead, nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import { Agreement, COMMANDS, UPLINKS } from "../device/runs/agreement-run.js"
import { CCM_VECTORS, COSE_CIPHERTEXT } from "../device/runs/ccm-vectors.js"
import { runOnDevice } from "../support/device-run.js"
import { sharedData } from "../support/shared-data.js"

const published = [
    ...CCM_VECTORS.flatMap(({ sealed, body }) => [sealed, body, "refused"]),
    COSE_CIPHERTEXT,
]

describe("the tracker's machine and Node", () => {
    it("agree byte for byte on 1,000 messages up and 200 commands down, and on the cipher", async () => {
        const node = new Agreement(nodeAead, nodeHkdf)
        const lines = [
            ...Array.from({ length: UPLINKS }, (_, i) => node.uplink(i)),
            ...Array.from({ length: COMMANDS }, (_, i) => node.command(i)),
        ]
        expect(lines).toHaveLength(1200)
        expect(lines.filter((line) => !line.endsWith(" opens"))).toEqual([])
        expect(node.cipher()).toEqual(published)

        const { said, complaints } = await runOnDevice("agreement", 60)
        expect(complaints).toEqual([])
        const of = (topic: string) =>
            said.filter((one) => one.topic === topic).map(({ text }) => text)
        expect(of("line")).toEqual(lines)
        expect(of("cipher")).toEqual(published)
        expect(of("end")).toEqual(["."])
    })
})

/** Packet vectors 1, 2 and 7 of RFC 3610, section 8: their key is of 128 bits. */
const RFC_3610 = [
    {
        nonce: "00000003020100a0a1a2a3a4a5",
        bytes: 31,
        tagBytes: 8,
        sealed: "588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0",
    },
    {
        nonce: "00000004030201a0a1a2a3a4a5",
        bytes: 32,
        tagBytes: 8,
        sealed: "72c91a36e135f8cf291ca894085c87e3cc15c439c9e43a3ba091d56e10400916",
    },
    {
        nonce: "00000009080706a0a1a2a3a4a5",
        bytes: 31,
        tagBytes: 10,
        sealed: "0135d1b2c95f41d5d1d4fec185d166b8094e999dfed96c048c56602c97acbb7490",
    },
]

describe("the library behind Node's side", () => {
    it.each(RFC_3610)("gives RFC 3610's packet under nonce $nonce", (vector) => {
        const key = Buffer.from("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf", "hex")
        const packet = Buffer.from(Array.from({ length: vector.bytes }, (_, i) => i))
        const [header, body] = [packet.subarray(0, 8), packet.subarray(8)]
        expect(ccm(key, vector.nonce, header, body, vector.tagBytes)).toBe(vector.sealed)
    })

    it("gives the COSE working group's messages", () => {
        const folder = sharedData("vectors-cose/aes-ccm-examples")
        const files = folder ? COSE_FILES.map((name) => `${folder}/${name}.json`) : []
        for (const file of files) {
            const { input, intermediates, output } = JSON.parse(readFileSync(file, "utf8"))
            const [, nonce, sealed] = /5: h'(\w+)'}, h'(\w+)'/.exec(output.cbor_diag)!
            const key = Buffer.from(intermediates.CEK_hex, "hex")
            const header = Buffer.from(intermediates.AAD_hex, "hex")
            const body = Buffer.from(input.plaintext)
            expect(ccm(key, nonce!, header, body, 8)).toBe(sealed!.toLowerCase())
        }
        // Its twin here is the one ciphertext typed into ccm-vectors.ts.
        expect(new Agreement(nodeAead, nodeHkdf).cipher().at(-1)).toBe(COSE_CIPHERTEXT)
    })
})

/** Those of AES-CCM-16-64-128 and -256: the nonce of 13 bytes that ours has. */
const COSE_FILES = ["aes-ccm-01", "aes-ccm-enc-01", "aes-ccm-05", "aes-ccm-enc-05"]

function ccm(key: Buffer, nonce: string, header: Buffer, body: Buffer, tagBytes: number): string {
    const name = key.length === 16 ? "aes-128-ccm" : "aes-256-ccm"
    const cipher = createCipheriv(name, key, Buffer.from(nonce, "hex"), { authTagLength: tagBytes })
    cipher.setAAD(header, { plaintextLength: body.length })
    return Buffer.concat([cipher.update(body), cipher.final(), cipher.getAuthTag()]).toString("hex")
}
