// What the gateway or the tracker makes of a body: its value, or why it refuses it.

import { InputError } from "../../gateway/core/input-error.js"
import { decodeAck } from "../../protocol/ack.js"
import { type Parts, partsOf } from "../../protocol/body.js"
import { decodeCommand } from "../../protocol/command.js"
import { MessageType } from "../../protocol/envelope.js"
import { decodeEvent } from "../../protocol/event.js"
import { decodeFixBatch } from "../../protocol/fix.js"
import { decodeHello } from "../../protocol/hello.js"
import type { PackedTail } from "../../protocol/pack/packed-batch.js"
import { decodePackedBody } from "../../protocol/pack/packed-body.js"
import { decodeReadings } from "../../protocol/reading.js"
import { decodeResponse } from "../../protocol/response.js"
import { decodeScan } from "../../protocol/scan.js"
import { decodeStatus } from "../../protocol/status.js"
import { isReport } from "./body-keys.js"

type Decoder = (body: Buffer) => object

const DECODERS: Partial<Record<number, Decoder>> = {
    [MessageType.hello]: decodeHello,
    [MessageType.ack]: decodeAck,
    [MessageType.command]: decodeCommand,
    [MessageType.response]: decodeResponse,
}

/** Byte strings as hexadecimal; null for a type without a body of its own. */
export function decodedBody(
    type: number,
    body: Buffer,
    tails: readonly PackedTail[],
): object | null {
    const value = isReport(type) ? decodedReport(body, tails) : DECODERS[type]?.(body)
    return value === undefined ? null : (withHex(value) as object)
}

/**
 * Where the batches leave off that a message goes on from, oldest first: each may be chained to the
 * one before it. Throws InputError for a body that has no packed batch, or an unknown base itself.
 */
export function tailsOf(bodies: readonly Buffer[]): PackedTail[] {
    const tails: PackedTail[] = []
    for (const body of bodies) {
        const batch = decodePackedBody(body, (fix) => tails.find((tail) => tail.fix === fix))
        if (batch.kind === "reject") {
            throw new InputError(
                `base is refused (${batch.reason}), expected the message of a packed batch, and ` +
                    "before it, with a comma, what that one is chained to",
            )
        }
        tails.push(batch.batch.tail)
    }
    return tails
}

/** One part as it is; several, or none, under their names. */
function decodedReport(body: Buffer, tails: readonly PackedTail[]): object {
    const parts = partsOf(body)
    if (parts.kind === "reject") return parts
    const decoders: [name: keyof Parts, decode: Decoder][] = [
        ["fixes", (bytes) => decodedFixes(bytes, tails)],
        ["readings", decodeReadings],
        ["scan", decodeScan],
        ["event", decodeEvent],
        ["status", decodeStatus],
    ]
    const found = decoders
        .filter(([name]) => parts[name] === true)
        .map(([name, decode]): [string, object] => [name, decode(body)])
    if (found.length === 1) return found[0]![1]
    return { kind: "report", ...Object.fromEntries(found) }
}

/** Plain or packed, whole fixes or columns; why not, when it is chained to what is not at hand. */
function decodedFixes(body: Buffer, tails: readonly PackedTail[]): object {
    let base: number | undefined
    const baseOf = (fix: number) => {
        base = fix
        return tails.find((tail) => tail.fix === fix)
    }
    const whole = decodeFixBatch(body, baseOf)
    if (whole.kind !== "reject") {
        const { tail: _, ...batch } = whole
        return base === undefined ? batch : { ...batch, base }
    }
    const packed = decodePackedBody(body, baseOf)
    if (packed.kind !== "reject") {
        const { tail: _, ...batch } = packed.batch
        return { ...batch, thinned: packed.thinned }
    }
    if (packed.reason === "unknown-base")
        return { ...packed, what: `chained to fix ${base}; its base is needed to read the fixes` }
    return packed.reason === "batch-missing" ? whole : packed
}

function withHex(value: unknown): unknown {
    if (Buffer.isBuffer(value)) return value.toString("hex")
    if (Array.isArray(value)) return value.map(withHex)
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withHex(inner)]))
}
