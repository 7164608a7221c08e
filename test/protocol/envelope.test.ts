import { describe, expect, it } from "vitest"
import { nodeAead, nodeHkdf } from "../../gateway/adapters/crypto/node-crypto.js"
import { type Command, decodeCommand, encodeCommand, sealCommand } from "../../protocol/command.js"
import { MessageType, sealMessage } from "../../protocol/envelope.js"
import { epochKeys, firstChainKey, nextChainKey } from "../../protocol/keys.js"
import { encodeRelay, parseRelay } from "../../protocol/relay.js"

const KEY = Buffer.alloc(32, 1)
const SALT = Buffer.alloc(8, 2)
const HOLD: Command = {
    kind: "command",
    expiresAtS: 1924992000,
    mandate: Buffer.from("M1"),
    order: 1,
    args: [60],
}

describe("what security costs", () => {
    const body = Buffer.alloc(100, 3)
    const overhead = (seq: number, carrySalt: boolean) =>
        sealMessage(
            nodeAead,
            KEY,
            { type: MessageType.telemetry, salt: SALT, carrySalt, seq },
            body,
        ).length - body.length

    it("is 10 bytes for the first 256 messages of a session and 11 to 65,536", () => {
        for (const seq of [0, 1, 255]) expect(overhead(seq, false)).toBe(10)
        for (const seq of [256, 65535]) expect(overhead(seq, false)).toBe(11)
        expect(overhead(65536, false)).toBe(12)
    })

    it("is 8 bytes more while the hello is on its way", () => {
        for (const seq of [0, 255]) expect(overhead(seq, true)).toBe(18)
        for (const seq of [256, 65535]) expect(overhead(seq, true)).toBe(19)
    })

    it("is 18 bytes for a command", () => {
        const sealed = sealCommand(nodeAead, KEY, SALT, 255, HOLD)
        expect(sealed.length - encodeCommand(HOLD).length).toBe(18)
    })

    it("is 3 bytes more for a record of yesterday's epoch and an early session", () => {
        expect(encodeRelay(1, 4, Buffer.alloc(100)).length).toBe(103)
    })
})

describe("a relay", () => {
    const record = Buffer.alloc(40, 0x41)

    it.each([
        ["no bytes behind its head", encodeRelay(0, 1, Buffer.alloc(0)), "message-empty"],
        ["a relay inside", encodeRelay(0, 1, encodeRelay(0, 1, record)), "relay-in-relay"],
        ["a cut head", Buffer.from([0x58, 0x19, 0x01]), "relay-cut-short"],
        [
            "an epoch in a longer form",
            Buffer.from([0x58, 0x18, 1, 1, 9]),
            "relay-not-shortest-form",
        ],
        ["a negative epoch", Buffer.from([0x58, 0x20, 1, 9]), "relay-epoch-range"],
        ["a text for a session", Buffer.from([0x58, 1, 0x61, 9, 9]), "relay-integer-expected"],
        ["a session past 32 bits", encodeRelay(0, 2 ** 32, record), "relay-session-range"],
        ["another first byte", Buffer.from([0x59, 0, 0, 9]), "not-a-relay"],
        ["too many bytes", encodeRelay(0, 1, Buffer.alloc(1100, 0x41)), "message-too-long"],
    ])("with %s is refused", (_, message, reason) => {
        expect(parseRelay(message)).toEqual({ kind: "reject", reason })
    })
})

describe("a command's body", () => {
    it.each([
        ["no expiry", { ...HOLD, expiresAtS: -1 }, "command-incomplete"],
        ["no mandate", { ...HOLD, mandate: Buffer.alloc(0) }, "mandate-missing"],
        ["a mandate too long", { ...HOLD, mandate: Buffer.alloc(17) }, "mandate-length"],
        ["33 arguments", { ...HOLD, args: Array(33).fill(0) }, "too-many-arguments"],
    ])("with %s is refused", (_, command, reason) => {
        expect(decodeCommand(encodeCommand(command))).toEqual({ kind: "reject", reason })
    })
})

describe("the key schedule", () => {
    it("gives every epoch other keys, another handle and another password", () => {
        const deviceId = Buffer.from("0011223344556677", "hex")
        const seen = new Set<string>()
        let chain = firstChainKey(nodeHkdf, KEY, deviceId)
        for (let epoch = 0; epoch < 200; epoch++) {
            const { up, down, handle, password } = epochKeys(nodeHkdf, chain, deviceId, epoch)
            for (const one of [chain.toString("hex"), up.toString("hex"), down.toString("hex")])
                seen.add(one)
            seen.add(handle).add(password)
            chain = nextChainKey(nodeHkdf, chain, deviceId)
        }
        expect(seen.size).toBe(1000)
    })
})
