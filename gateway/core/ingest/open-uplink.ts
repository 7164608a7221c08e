import { partsOf } from "../../../protocol/body.js"
import {
    type Aead,
    type Envelope,
    MessageType,
    openEnvelope,
    parseEnvelope,
} from "../../../protocol/envelope.js"
import { type DeviceEvent, decodeEvent } from "../../../protocol/event.js"
import { decodeFixBatch, type FixBatch } from "../../../protocol/fix.js"
import { decodeHello, type Hello } from "../../../protocol/hello.js"
import type { EpochKeys } from "../../../protocol/keys.js"
import type { PackedTail } from "../../../protocol/pack/packed-batch.js"
import { decodeReadings, type Readings } from "../../../protocol/reading.js"
import { type Reject, reject } from "../../../protocol/reject.js"
import { decodeResponse, type Response } from "../../../protocol/response.js"
import { decodeScan, type Scan } from "../../../protocol/scan.js"
import { decodeStatus, type Status } from "../../../protocol/status.js"

/** What is known of a message once its seal has held, before anything in it is believed. */
export interface Authentic {
    kind: "authentic"
    type: number
    session: string
    seq: number
    body: Buffer
}

/**
 * Checks the seal of a message from a device. `currentSession` is the salt, hexadecimal, of the
 * device's latest session: messages that carry no salt of their own belong to it.
 */
export function authenticate(
    aead: Aead,
    keys: EpochKeys,
    message: Buffer,
    currentSession: string | undefined,
): Authentic | Reject {
    const envelope = parseEnvelope(message)
    if (envelope.kind === "reject") return envelope
    if (!isUplinkType(envelope)) return reject("type-not-uplink")
    const salt = envelope.salt ?? (currentSession ? Buffer.from(currentSession, "hex") : undefined)
    if (!salt) return reject("session-unknown")
    const body = openEnvelope(aead, keys.up, envelope, salt)
    if (!body) return reject("bad-tag")
    const session = salt.toString("hex")
    return { kind: "authentic", type: envelope.type, session, seq: envelope.seq, body }
}

export type { Response } from "../../../protocol/response.js"

/** What a device reports in one body: any of these, one at least [P-B1]. */
export interface Report {
    kind: "report"
    fixes: FixBatch | undefined
    readings: Readings | undefined
    scan: Scan | undefined
    event: DeviceEvent | undefined
    status: Status | undefined
    /** Why a part of the body is not here; what could be read of the others is. */
    fault: string | undefined
}

/** Why a batch cannot be read that is chained to one which is not known. */
export const UNKNOWN_BASE = "unknown-base"

/**
 * The meaning of an authentic body, or why it has none. `baseOf`: the tail of the batch of the same
 * session that ended with a fix.
 */
export function decodeBody(
    type: number,
    body: Buffer,
    baseOf: (fix: number) => PackedTail | undefined = () => undefined,
): Hello | Report | Response | Reject {
    if (type === MessageType.hello) return decodeHello(body)
    if (type === MessageType.response) return decodeResponse(body)
    if (type === MessageType.telemetry || type === MessageType.event)
        return decodeReport(type, body, baseOf)
    return reject("type-unknown")
}

/**
 * One part that cannot be read does not take the others with it: a tamper event must not be lost
 * because the fixes beside it are chained to a batch that is.
 */
function decodeReport(
    type: number,
    body: Buffer,
    baseOf: (fix: number) => PackedTail | undefined,
): Report | Reject {
    const parts = partsOf(body)
    if (parts.kind === "reject") return parts
    if (type === MessageType.event && !parts.event) return reject("event-missing")
    const faults: string[] = []
    const report: Report = {
        kind: "report",
        fixes: parts.fixes ? partIn(decodeFixBatch(body, baseOf), faults) : undefined,
        readings: parts.readings ? partIn(decodeReadings(body), faults) : undefined,
        scan: parts.scan ? partIn(decodeScan(body), faults) : undefined,
        event: parts.event ? partIn(decodeEvent(body), faults) : undefined,
        status: parts.status ? partIn(decodeStatus(body), faults) : undefined,
        fault: faults[0],
    }
    const { fixes, readings, scan, event, status } = report
    if (fixes || readings || scan || event || status) return report
    return reject(report.fault ?? "no-part-known")
}

/** What was decoded; undefined for a reject, whose reason joins the others. */
function partIn<Part extends { kind: string }>(
    decoded: Part | Reject,
    faults: string[],
): Part | undefined {
    if (!isReject(decoded)) return decoded
    faults.push(decoded.reason)
    return undefined
}
function isReject(decoded: { kind: string }): decoded is Reject {
    return decoded.kind === "reject"
}

function isUplinkType({ type }: Envelope): boolean {
    return (
        type === MessageType.telemetry ||
        type === MessageType.hello ||
        type === MessageType.event ||
        type === MessageType.response
    )
}
