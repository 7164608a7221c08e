// Wi-Fi access points heard at an instant [P-B20]: evidence of position without satellites. They
// travel as one byte string, 7 bytes each: the BSSID, and the signal as the number of dBm below 0.

import { type Instant, instantFault, KEY_SCAN, noInstant, readBody, writeStart } from "./body.js"
import { CborWriter } from "./cbor.js"
import { type Reject, reject } from "./reject.js"

export interface AccessPoint {
    /** 6 bytes. */
    bssid: Buffer
    /** -127 to 0. */
    signalDbm: number
}

export interface Scan {
    kind: "scan"
    instant: Instant
    /** Strongest first, each once. None is a finding too: nobody was heard. */
    accessPoints: AccessPoint[]
}

/** 8 make a body of at most 76 bytes, a third of one: there is room for fixes beside them. */
export const SCAN_MAX = 8
const BSSID_BYTES = 6
const ROW_BYTES = 7
const SIGNAL_DBM_MIN = -127
/** First byte of a MAC address: a group of receivers. No access point has such a name. */
const GROUP_BIT = 1

/**
 * What a scan keeps of all that was heard: every access point once, at its strongest, strongest
 * first, those that are none left out, and no more than fit.
 */
export function strongest(heard: AccessPoint[]): AccessPoint[] {
    const kept: AccessPoint[] = []
    for (const point of heard) {
        if (pointFault(point) !== undefined) continue
        const twin = indexOf(kept, point.bssid)
        if (twin >= 0) {
            if (kept[twin].signalDbm >= point.signalDbm) continue
            remove(kept, twin)
        }
        let at = kept.length
        kept.push(point)
        while (at > 0 && kept[at - 1].signalDbm < point.signalDbm) {
            kept[at] = kept[at - 1]
            at--
        }
        kept[at] = point
    }
    return kept.slice(0, SCAN_MAX)
}

/** `accessPoints` as `strongest` gives them. */
export function encodeScan(instant: Instant, accessPoints: AccessPoint[]): Buffer {
    const rows = Buffer.alloc(accessPoints.length * ROW_BYTES)
    for (let i = 0; i < accessPoints.length; i++) {
        rows.set(accessPoints[i].bssid, i * ROW_BYTES)
        rows[i * ROW_BYTES + BSSID_BYTES] = -accessPoints[i].signalDbm
    }
    const out = new CborWriter()
    writeStart(out, instant, 1)
    out.int(KEY_SCAN)
    out.bytes(rows)
    return out.result()
}

/** A scan, or why the body has none. Unknown keys are passed over. */
export function decodeScan(body: Buffer): Scan | Reject {
    const scan: Scan = { kind: "scan", instant: noInstant(), accessPoints: [] }
    let isFound = false
    const fault = readBody(body, scan.instant, (key, reader) => {
        if (key !== KEY_SCAN) return false
        isFound = true
        const wrong = readRows(reader.bytes(), scan.accessPoints)
        if (wrong !== undefined) reader.refuse(wrong)
        return true
    })
    if (fault !== undefined) return reject(fault)
    if (!isFound) return reject("scan-missing")
    const wrong = instantFault(scan.instant)
    return wrong === undefined ? scan : reject(wrong)
}

/** Takes the rows apart into `points`; the answer is what is wrong with them, or undefined. */
function readRows(rows: Buffer, points: AccessPoint[]): string | undefined {
    const count = Math.floor(rows.length / ROW_BYTES)
    if (count * ROW_BYTES !== rows.length) return "scan-length"
    if (count > SCAN_MAX) return "scan-count"
    for (let i = 0; i < count; i++) {
        const start = i * ROW_BYTES
        const bssid = rows.slice(start, start + BSSID_BYTES)
        const point: AccessPoint = { bssid: bssid, signalDbm: 0 - rows[start + BSSID_BYTES] }
        const fault = pointFault(point)
        if (fault !== undefined) return fault
        if (indexOf(points, bssid) >= 0) return "bssid-twice"
        if (i > 0 && points[i - 1].signalDbm < point.signalDbm) return "scan-order"
        points.push(point)
    }
    return undefined
}

function pointFault(point: AccessPoint): string | undefined {
    const bssid = point.bssid
    if (bssid.length !== BSSID_BYTES) return "bssid-length"
    if ((bssid[0] & GROUP_BIT) !== 0) return "bssid-group"
    let sum = 0
    for (let i = 0; i < BSSID_BYTES; i++) sum += bssid[i]
    if (sum === 0) return "bssid-zero"
    if (point.signalDbm > 0 || point.signalDbm < SIGNAL_DBM_MIN) return "signal-range"
    return undefined
}

function indexOf(points: AccessPoint[], bssid: Buffer): number {
    const name = bssid.toString("hex")
    for (let i = 0; i < points.length; i++) if (points[i].bssid.toString("hex") === name) return i
    return -1
}

function remove(points: AccessPoint[], index: number): void {
    for (let i = index + 1; i < points.length; i++) points[i - 1] = points[i]
    points.pop()
}
