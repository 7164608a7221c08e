// What this machine makes of the golden bodies, a line each. The same code runs on Node and on the
// tracker, and both must give the lines that the vectors ask for.

import { EVENTS, READINGS, SCANS, STATUSES, VERSIONS } from "../../../protocol/body-vectors.js"
import { decodeEvent, encodeEvent } from "../../../protocol/event.js"
import { decodeReadings, ReadingBatchWriter, type Readings } from "../../../protocol/reading.js"
import { decodeScan, encodeScan, strongest } from "../../../protocol/scan.js"
import { decodeStatus, encodeStatus } from "../../../protocol/status.js"

/** Body `step` of all: written, and read and written again. Nothing behind the last. */
export function bodyLines(step: number): string[] {
    let at = step
    if (at < READINGS.length) {
        const value = READINGS[at].value
        const writer = new ReadingBatchWriter(value.instant)
        for (const reading of value.readings) writer.add(reading)
        return linesOf(`readings ${READINGS[at].name}`, writer.body())
    }
    at -= READINGS.length
    if (at < SCANS.length) {
        const value = SCANS[at].value
        const body = encodeScan(value.instant, strongest(value.accessPoints))
        return linesOf(`scan ${SCANS[at].name}`, body)
    }
    at -= SCANS.length
    if (at < EVENTS.length)
        return linesOf(`event ${EVENTS[at].name}`, encodeEvent(EVENTS[at].value))
    at -= EVENTS.length
    if (at < STATUSES.length)
        return linesOf(`status ${STATUSES[at].name}`, encodeStatus(STATUSES[at].value))
    at -= STATUSES.length
    if (at >= VERSIONS.length) return []
    const body = Buffer.from(VERSIONS[at].body.split(" ").join(""), "hex")
    return [`${VERSIONS[at].name}: ${rewritten(body)}`]
}

/** What any of the decoders understands of a body, written again; else why none does. */
export function rewritten(body: Buffer): string {
    const readings = decodeReadings(body)
    if (readings.kind === "readings") {
        // Quantities of a later version alone: a batch of none is not written.
        if (readings.readings.length === 0) return "no reading that is known"
        return encodeReadings(readings).toString("hex")
    }
    const scan = decodeScan(body)
    if (scan.kind === "scan") return encodeScan(scan.instant, scan.accessPoints).toString("hex")
    const event = decodeEvent(body)
    if (event.kind === "event") return encodeEvent(event).toString("hex")
    const status = decodeStatus(body)
    if (status.kind === "status") return encodeStatus(status).toString("hex")
    return `${readings.reason} ${scan.reason} ${event.reason} ${status.reason}`
}

export function encodeReadings(readings: Readings): Buffer {
    const writer = new ReadingBatchWriter(readings.instant)
    for (const reading of readings.readings) writer.add(reading)
    return writer.body()
}

/** A writer filled to the brim, a few readings at a time: five quantities, each minute or two. */
export class FullReadings {
    private writer = new ReadingBatchWriter({ timeDs: 19000000000, uptimeDs: undefined })
    private minute = 0

    /** False when the writer takes no more. */
    next(): boolean {
        const at = this.minute
        this.minute++
        const afterDs = at * 600 + (at >> 2)
        for (let quantity = 1; quantity <= 5; quantity++) {
            if (quantity === 3 && (at & 1) === 1) continue
            const value = 2000 + quantity * 7 - ((at * 37 * quantity) & 63)
            const reading = {
                quantity: quantity,
                afterDs: afterDs,
                value: quantity === 2 ? 50 : value,
            }
            if (!this.writer.add(reading)) return false
        }
        return true
    }

    line(): string {
        return `${this.writer.count} readings: ${this.writer.body().toString("hex")}`
    }
}

function linesOf(name: string, body: Buffer): string[] {
    return [
        `${name}: ${body.toString("hex")}`,
        `${name}, read and written again: ${rewritten(body)}`,
    ]
}
