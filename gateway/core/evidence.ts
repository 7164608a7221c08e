// What a device reports beside fixes, placed in time and held against its mandate: readings, scans,
// events and statuses, as reported. Where somebody was can be read from a scan and from the side of
// a fence, and when somebody was about from nearly everything else.

import { type DeviceEvent, EventKind } from "../../protocol/event.js"
import type { Reading } from "../../protocol/reading.js"
import type { AccessPoint } from "../../protocol/scan.js"
import type { Status } from "../../protocol/status.js"
import type { UnixMs } from "../../protocol/units.js"
import type { CaseFile } from "./domain/case-file.js"
import { type Cover, coverOf } from "./domain/mandate.js"
import type { Report } from "./ingest/open-uplink.js"
import { type ClockTie, type PlacedInstant, placeInstant } from "./ingest/place-instant.js"
import type { Uplink } from "./ingest/uplink.js"

export interface CoveredReading {
    placed: PlacedInstant
    cover: Cover
    reading: Reading
}
export interface CoveredScan {
    placed: PlacedInstant
    cover: Cover
    accessPoints: readonly AccessPoint[]
}
export interface PlacedEvent {
    placed: PlacedInstant
    /** Null for what concerns the device alone. */
    cover: Cover | null
    event: DeviceEvent
}
export interface PlacedStatus {
    placed: PlacedInstant
    status: Status
}

/** What one uplink says beside fixes. */
export interface Evidence {
    readings: CoveredReading[]
    scan: CoveredScan | null
    event: PlacedEvent | null
    status: PlacedStatus | null
    /** Times of readings, scans and events outside every mandate: all that is read of them. */
    withheldAtMs: UnixMs[]
}

export function noEvidence(): Evidence {
    return { readings: [], scan: null, event: null, status: null, withheldAtMs: [] }
}

/**
 * Events that tell of the device and of nobody's doings. They are kept without a mandate, as statuses
 * are: whoever answers for a device has to see that it works before anybody is followed with it.
 */
const OF_THE_DEVICE: readonly number[] = [
    EventKind.boot,
    EventKind.selfTest,
    EventKind.budget,
    EventKind.exception,
    EventKind.mandateEnd,
    EventKind.partFault,
]

/**
 * The evidence of a report under the mandates that cover it. A sensor at a fixed site would need
 * none for its readings; until devices have classes here, all of them are asked for one.
 */
export function evidenceOf(
    report: Report,
    uplink: Uplink,
    ties: readonly ClockTie[],
    caseFile: CaseFile,
): Evidence {
    const { deviceId, receivedAtMs } = uplink
    const evidence = noEvidence()
    const { readings, scan, event, status } = report
    const coverAt = ({ atMs }: PlacedInstant) => coverOf(caseFile, { deviceId, atMs, receivedAtMs })
    /** Under a mandate, or noted as withheld. */
    const covered = (placed: PlacedInstant): Cover | undefined => {
        const cover = coverAt(placed)
        if (!cover) evidence.withheldAtMs.push(placed.atMs)
        return cover
    }
    if (status) {
        evidence.status = { placed: placeInstant(ties, uplink, status.instant), status }
    }
    if (event) {
        const placed = placeInstant(ties, uplink, event.instant)
        const isOfDevice = OF_THE_DEVICE.includes(event.event)
        const cover = isOfDevice ? null : covered(placed)
        if (cover !== undefined) evidence.event = { placed, cover, event }
    }
    if (scan) {
        const placed = placeInstant(ties, uplink, scan.instant)
        const cover = covered(placed)
        if (cover) evidence.scan = { placed, cover, accessPoints: scan.accessPoints }
    }
    if (readings) {
        const placed = placeInstant(ties, uplink, readings.instant)
        for (const reading of readings.readings) {
            const at = { ...placed, atMs: (placed.atMs + reading.afterDs * 100) as UnixMs }
            const cover = covered(at)
            if (cover) evidence.readings.push({ placed: at, cover, reading })
        }
    }
    return evidence
}
