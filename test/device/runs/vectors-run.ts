// What this machine makes of the golden vectors, a line each. The same code runs on Node and on the
// tracker, and both must give the lines that the vectors ask for.

import { decodeAck, encodeAck } from "../../../protocol/ack.js"
import {
    decodeCommand,
    encodeCommand,
    openCommand,
    sealCommand,
} from "../../../protocol/command.js"
import type { Aead } from "../../../protocol/envelope.js"
import { openEnvelope, parseEnvelope, sealMessage } from "../../../protocol/envelope.js"
import type { Fix } from "../../../protocol/fix.js"
import { decodeFixBatch, FixBatchWriter } from "../../../protocol/fix.js"
import { decodeHello, encodeHello } from "../../../protocol/hello.js"
import type { Hkdf } from "../../../protocol/keys.js"
import { epochKeys, firstChainKey, nextChainKey } from "../../../protocol/keys.js"
import { encodeRelay, parseRelay } from "../../../protocol/relay.js"
import { ACKS, BATCHES, COMMANDS, HELLOS, KEYS, RELAYS, SEALS } from "../../../protocol/vectors.js"

export function vectorResults(aead: Aead, hkdf: Hkdf): string[] {
    const lines: string[] = []
    for (const vector of BATCHES) {
        const name = vector.name
        const value = vector.value
        const body = encodeBatch(value.firstFix, value.fixes, value.thinned)
        lines.push(`batch ${name}: ${body.toString("hex")}`)
        const back = decodeFixBatch(body)
        if (back.kind === "fixes") {
            const again = encodeBatch(back.firstFix, back.fixes, back.thinned)
            lines.push(`batch ${name}, read and written again: ${again.toString("hex")}`)
        } else lines.push(`batch ${name}: ${back.reason}`)
    }
    for (const vector of HELLOS) {
        const name = vector.name
        const value = vector.value
        const body = encodeHello(value)
        const back = decodeHello(body)
        const again = back.kind === "hello" ? encodeHello(back).toString("hex") : back.reason
        lines.push(`hello ${name}: ${body.toString("hex")}`)
        lines.push(`hello ${name}, read and written again: ${again}`)
    }
    for (const vector of ACKS) {
        const name = vector.name
        const value = vector.value
        const body = encodeAck(value)
        const back = decodeAck(body)
        const again = back.kind === "ack" ? encodeAck(back).toString("hex") : back.reason
        lines.push(`ack ${name}: ${body.toString("hex")}`)
        lines.push(`ack ${name}, read and written again: ${again}`)
    }
    for (const vector of SEALS) {
        const key = Buffer.from(vector.key, "hex")
        const salt = Buffer.from(vector.salt, "hex")
        const options = {
            type: vector.type,
            salt: salt,
            carrySalt: vector.carrySalt,
            seq: vector.seq,
        }
        const message = sealMessage(aead, key, options, Buffer.from(vector.body, "hex"))
        lines.push(`seal ${vector.name}: ${message.toString("hex")}`)
        const envelope = parseEnvelope(message)
        if (envelope.kind === "envelope") {
            const body = openEnvelope(aead, key, envelope, salt)
            lines.push(`seal ${vector.name}, opened: ${body ? body.toString("hex") : "bad-tag"}`)
        } else lines.push(`seal ${vector.name}: ${envelope.reason}`)
        message[message.length - 1] = message[message.length - 1] ^ 1
        const damaged = parseEnvelope(message)
        const opened =
            damaged.kind === "envelope" && openEnvelope(aead, key, damaged, salt) !== undefined
        lines.push(`seal ${vector.name}, damaged: ${opened ? "opened" : "refused"}`)
    }
    for (const vector of COMMANDS) {
        const key = Buffer.from(SEALS[0].key, "hex")
        const salt = Buffer.from(SEALS[0].salt, "hex")
        const body = encodeCommand(vector.value)
        const back = decodeCommand(body)
        const again = back.kind === "command" ? encodeCommand(back).toString("hex") : back.reason
        lines.push(`command ${vector.name}: ${body.toString("hex")}`)
        lines.push(`command ${vector.name}, read and written again: ${again}`)
        const message = sealCommand(aead, key, salt, vector.counter, vector.value)
        lines.push(`command ${vector.name}, sealed: ${message.toString("hex")}`)
        const opened = openCommand(aead, key, salt, message)
        const counter = opened.kind === "opened" ? `${opened.counter}` : opened.reason
        lines.push(`command ${vector.name}, opened: ${counter}`)
    }
    for (const vector of RELAYS) {
        const record = Buffer.from(vector.record, "hex")
        const message = encodeRelay(vector.epochsBack, vector.session, record)
        lines.push(`relay ${vector.name}: ${message.toString("hex")}`)
        const relay = parseRelay(message)
        const back =
            relay.kind === "relay"
                ? `${relay.epochsBack} ${relay.session} ${relay.record.toString("hex")}`
                : relay.reason
        lines.push(`relay ${vector.name}, taken apart: ${back}`)
    }
    for (const vector of KEYS) {
        const deviceId = Buffer.from(vector.deviceId, "hex")
        let chain = firstChainKey(hkdf, Buffer.from(vector.root, "hex"), deviceId)
        for (let epoch = 0; epoch < vector.epoch; epoch++)
            chain = nextChainKey(hkdf, chain, deviceId)
        const keys = epochKeys(hkdf, chain, deviceId, vector.epoch)
        lines.push(`chain: ${chain.toString("hex")}`)
        lines.push(`up: ${keys.up.toString("hex")}`)
        lines.push(`down: ${keys.down.toString("hex")}`)
        lines.push(`handle: ${keys.handle}`)
        lines.push(`password: ${keys.password}`)
    }
    return lines
}

function encodeBatch(firstFix: number, fixes: Fix[], thinned: number): Buffer {
    const writer = new FixBatchWriter(firstFix)
    for (const fix of fixes) writer.add(fix)
    return writer.body(thinned)
}
