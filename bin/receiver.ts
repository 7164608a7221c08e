// A capture through the tracker's own receiver code, in the pieces in which the bus would give it. A
// line for each solution, with the names and units of UBX-NAV-PVT whichever protocol it came in; what
// NMEA does not tell is null.

import { readFileSync } from "node:fs"
import { fixOf, type NavPvt, readNavPvt } from "../firmware/logic/nav-pvt.js"
import { NmeaReader } from "../firmware/logic/nmea.js"
import { accuracyOf, fixOfEpoch, type NmeaEpoch } from "../firmware/logic/nmea-epoch.js"
import { civilTime } from "../firmware/logic/receiver-time.js"
import { UbxScanner } from "../firmware/logic/ubx.js"
import { InputError } from "../gateway/core/input-error.js"

const READ_BYTES = 128
const DAY_S = 86_400

/** A solution as printed: a null is what its receiver did not say. */
export type ReceiverLine = { offset: number; accepted: boolean } & {
    [Field in keyof NavPvt]: NavPvt[Field] | null
}

export function receiverCommand(file: string): void {
    const capture = readCapture(file)
    if (!holdsMessages(capture))
        throw new InputError(
            `file: "${file}" holds no UBX frame and no NMEA sentence whose checksum fits, ` +
                "expected the bytes of a receiver",
        )
    for (const line of receiverLines(capture)) process.stdout.write(`${line}\n`)
}

/** One JSON line for each NAV-PVT frame, or where there is none for each instant told in NMEA. */
export function* receiverLines(capture: Buffer): Generator<string> {
    let count = 0
    for (const line of ubxLines(capture)) {
        count++
        yield JSON.stringify(line)
    }
    if (count > 0) return
    for (const line of nmeaLines(capture)) yield JSON.stringify(line)
}

function* ubxLines(capture: Buffer): Generator<ReceiverLine> {
    const scanner = new UbxScanner()
    for (const bytes of reads(capture)) {
        scanner.push(bytes)
        for (const { kind, offset, payload } of scanner.frames.splice(0)) {
            if (kind !== "pvt") continue
            const pvt = readNavPvt(payload)
            yield { offset, ...pvt, accepted: fixOf(pvt) !== undefined }
        }
    }
}

function* nmeaLines(capture: Buffer): Generator<ReceiverLine> {
    const reader = new NmeaReader()
    for (const bytes of reads(capture)) {
        reader.push(bytes)
        for (const epoch of reader.epochs.splice(0)) yield nmeaLine(epoch)
    }
    reader.finish()
    for (const epoch of reader.epochs) yield nmeaLine(epoch)
}

function nmeaLine(epoch: NmeaEpoch): ReceiverLine {
    const { days, lat, lon, altMm, geoidMm, speedMkn, courseCdeg } = epoch
    const date = days === undefined ? undefined : civilTime(days * DAY_S)
    const secondOfDay = Math.floor(epoch.timeMs / 1000)
    const time = civilTime(secondOfDay)
    const accuracyDm = accuracyOf(epoch)
    const isFix = !epoch.isVoid && !epoch.isFaulty
    return {
        offset: epoch.offset,
        iTOW: null,
        year: date?.year ?? null,
        month: date?.month ?? null,
        day: date?.day ?? null,
        hour: time.hour,
        min: time.min,
        sec: time.sec,
        valid: null,
        tAcc: null,
        nano: (epoch.timeMs % 1000) * 1_000_000,
        fixType: isFix ? (epoch.dimensions ?? null) : 0,
        flags: isFix ? 1 : 0,
        flags2: null,
        numSV: epoch.satellites ?? null,
        lon: inQuanta(lon, 600),
        lat: inQuanta(lat, 600),
        height: altMm === undefined || geoidMm === undefined ? null : altMm + geoidMm,
        hMSL: altMm ?? null,
        hAcc: accuracyDm === undefined ? null : accuracyDm * 100,
        vAcc: null,
        velN: null,
        velE: null,
        velD: null,
        gSpeed: speedMkn === undefined ? null : Math.round((speedMkn * 1852) / 3600),
        headMot: courseCdeg === undefined ? null : courseCdeg * 1000,
        sAcc: null,
        headAcc: null,
        pDOP: null,
        flags3: null,
        reserved: null,
        headVeh: null,
        magDec: null,
        magAcc: null,
        accepted: fixOfEpoch(epoch, 0) !== undefined,
    }
}

/** 1e-8 minute is 600 to 1e-7 degree. */
function inQuanta(value: number | undefined, quantum: number): number | null {
    return value === undefined ? null : Math.floor((value + quantum / 2) / quantum)
}

function* reads(capture: Buffer): Generator<Buffer> {
    for (let at = 0; at < capture.length; at += READ_BYTES)
        yield capture.subarray(at, at + READ_BYTES)
}

/** Any UBX frame or NMEA sentence, of interest to the tracker or not. */
function holdsMessages(capture: Buffer): boolean {
    const reader = new NmeaReader()
    reader.scanner.push(capture)
    if (reader.scanner.sentences.length > 0) return true
    for (let at = capture.indexOf(0xb5); at >= 0; at = capture.indexOf(0xb5, at + 1))
        if (isUbxFrame(capture.subarray(at))) return true
    return false
}

function isUbxFrame(bytes: Buffer): boolean {
    if (bytes.length < 8 || bytes[1] !== 0x62) return false
    const end = 6 + bytes.readUInt16LE(4)
    if (bytes.length < end + 2) return false
    let [low, high] = [0, 0]
    for (const byte of bytes.subarray(2, end)) {
        low = (low + byte) & 255
        high = (high + low) & 255
    }
    return bytes[end] === low && bytes[end + 1] === high
}

function readCapture(file: string): Buffer {
    try {
        return readFileSync(file)
    } catch (error) {
        const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
        throw new InputError(
            `file: cannot read "${file}" (${reason}), expected a UBX or NMEA capture`,
        )
    }
}
