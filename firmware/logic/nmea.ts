// A receiver's NMEA sentences put together by their time: GGA or GNS, RMC, GST, VTG and GSA of one
// instant make an epoch, GSV tells how well satellites are heard. An epoch is finished when a
// sentence of another time begins the next, so the split of the stream into reads changes nothing.

import { type NmeaEpoch, newEpoch } from "./nmea-epoch.js"
import { angleOf, dateOf, decimalOf, timeOfDayMs } from "./nmea-fields.js"
import { NmeaScanner, type NmeaSentence } from "./nmea-scanner.js"
import { isCivilTime, unixDays } from "./receiver-time.js"
import { SignalTally } from "./signal.js"

/** GPS, several together, GLONASS, Galileo, BeiDou in its two spellings. */
const TALKERS = ["GP", "GN", "GL", "GA", "GB", "BD"]
/**
 * Two sentences of an instant may come from two filters, a second apart: 36 m at 130 km/h. In 1e-8
 * minute, 93 m; past it one of them was damaged and its checksum fits by chance, one time in 256.
 */
const POSITION_SPREAD = 5000000
const SPEED_MAX_MKN = 20000000
const COURSE_END_CDEG = 36001

export class NmeaReader {
    /** Finished, oldest first: to be taken out after each push. */
    epochs: NmeaEpoch[] = []
    scanner = new NmeaScanner()
    /** Of the last finished cycle of GSV sentences. */
    signal = new SignalTally()
    private heard = new SignalTally()
    private epoch: NmeaEpoch | undefined = undefined
    private finishedMs = -1

    push(chunk: Buffer): void {
        this.scanner.push(chunk)
        if (this.scanner.sentences.length === 0) return
        const sentences = this.scanner.sentences
        this.scanner.sentences = []
        for (const sentence of sentences) this.take(sentence)
    }

    /** The receiver has fallen silent: nothing more belongs to the epoch that is open. */
    finish(): void {
        const epoch = this.epoch
        this.epoch = undefined
        if (epoch === undefined) return
        this.finishedMs = epoch.timeMs
        this.epochs.push(epoch)
        this.signal = this.heard
        this.heard = new SignalTally()
    }

    /** Forgets what is half read: the receiver has been off. */
    reset(): void {
        this.epoch = undefined
        this.finishedMs = -1
        this.heard = new SignalTally()
    }

    private take(sentence: NmeaSentence): void {
        const fields = sentence.fields
        if (fields[0].length !== 5 || TALKERS.indexOf(fields[0].slice(0, 2)) < 0) return
        const type = fields[0].slice(2)
        if (type === "GSV") this.takeGsv(fields)
        else if (type === "GSA" || type === "VTG") {
            const epoch = this.epoch
            if (epoch === undefined) return
            if (type === "GSA") takeGsa(epoch, fields)
            else takeVtg(epoch, fields)
        } else if (type === "RMC" || type === "GGA" || type === "GNS" || type === "GST") {
            const epoch = this.epochOf(sentence)
            if (epoch === undefined) return
            if (type === "RMC") takeRmc(epoch, fields)
            else if (type === "GGA") takeGga(epoch, fields)
            else if (type === "GNS") takeGns(epoch, fields)
            else takeGst(epoch, fields)
        }
    }

    /** The open epoch if the sentence is of its time, else the next one. */
    private epochOf({ fields, offset }: NmeaSentence): NmeaEpoch | undefined {
        const timeMs = timeOfDayMs(fieldOf(fields, 1))
        if (this.epoch !== undefined && this.epoch.timeMs === timeMs) return this.epoch
        this.finish()
        // A receiver that has no time has no fix; and a straggler makes no second epoch.
        if (timeMs === undefined || timeMs === this.finishedMs) return undefined
        const epoch = newEpoch(offset, timeMs)
        this.epoch = epoch
        return epoch
    }

    /** Four fields a satellite from the fifth on; the last of them is its C/N0, empty if unheard. */
    private takeGsv(fields: string[]): void {
        for (let at = 7; at < fields.length; at += 4) {
            const cn0 = decimalOf(fields[at], 0)
            if (cn0 !== undefined) this.heard.add(cn0)
        }
    }
}

function takeRmc(epoch: NmeaEpoch, fields: string[]): void {
    if (fieldOf(fields, 2) !== "A" || isRefusedMode(fieldOf(fields, 12))) epoch.isVoid = true
    takePlace(epoch, fields, 3)
    takeSpeed(epoch, fieldOf(fields, 7), fieldOf(fields, 8))
    const date = dateOf(fieldOf(fields, 9))
    if (date === undefined) {
        epoch.isFaulty = true
        return
    }
    const isDay = isCivilTime({
        year: date[0],
        month: date[1],
        day: date[2],
        hour: 0,
        min: 0,
        sec: 0,
    })
    const days = unixDays(date[0], date[1], date[2])
    if (!isDay || (epoch.days !== undefined && epoch.days !== days)) epoch.isFaulty = true
    epoch.days = days
}

/** Quality: 1 plain, 2 differential, 3 military, 4 and 5 carrier phase; the rest is no fix. */
function takeGga(epoch: NmeaEpoch, fields: string[]): void {
    const quality = decimalOf(fieldOf(fields, 6), 0)
    if (quality === undefined || quality < 1 || quality > 5) epoch.isVoid = true
    takePlace(epoch, fields, 2)
    takeQuality(epoch, fields, 7)
    if (fieldOf(fields, 10) !== "M" && fieldOf(fields, 9) !== "") epoch.isFaulty = true
    takeHeight(epoch, fieldOf(fields, 9), fieldOf(fields, 11))
}

/** One mode letter a constellation: one of them must have a fix, and none an estimate. */
function takeGns(epoch: NmeaEpoch, fields: string[]): void {
    const modes = fieldOf(fields, 6)
    let isFix = false
    for (let i = 0; i < modes.length; i++) {
        const mode = modes.slice(i, i + 1)
        if (mode !== "N" && isRefusedMode(mode)) epoch.isVoid = true
        else if (mode !== "N") isFix = true
    }
    if (!isFix) epoch.isVoid = true
    takePlace(epoch, fields, 2)
    takeQuality(epoch, fields, 7)
    takeHeight(epoch, fieldOf(fields, 9), fieldOf(fields, 10))
}

function takeGst(epoch: NmeaEpoch, fields: string[]): void {
    const north = decimalOf(fieldOf(fields, 6), 3)
    const east = decimalOf(fieldOf(fields, 7), 3)
    if (north === undefined || east === undefined) return
    epoch.errorMm = Math.ceil(Math.sqrt(north * north + east * east))
}

function takeVtg(epoch: NmeaEpoch, fields: string[]): void {
    if (isRefusedMode(fieldOf(fields, 9))) epoch.isVoid = true
    if (epoch.speedMkn === undefined) takeSpeed(epoch, fieldOf(fields, 5), fieldOf(fields, 1))
}

function takeGsa(epoch: NmeaEpoch, fields: string[]): void {
    const dimensions = decimalOf(fieldOf(fields, 2), 0)
    if (dimensions === 2 || dimensions === 3) epoch.dimensions = dimensions
    else epoch.isVoid = true
}

/** Latitude, hemisphere, longitude, hemisphere from field `at` on. */
function takePlace(epoch: NmeaEpoch, fields: string[], at: number): void {
    const lat = angleOf(fieldOf(fields, at), fieldOf(fields, at + 1), "N", "S", 90)
    const lon = angleOf(fieldOf(fields, at + 2), fieldOf(fields, at + 3), "E", "W", 180)
    if (lat === undefined || lon === undefined) {
        epoch.isFaulty = true
        return
    }
    const { lat: latBefore, lon: lonBefore } = epoch
    const isFirst = latBefore === undefined || lonBefore === undefined
    if (!isFirst && isFarFrom(lat, latBefore)) epoch.isFaulty = true
    if (!isFirst && isFarFrom(lon, lonBefore)) epoch.isFaulty = true
    // The place that belongs to the altitude and the HDOP: GGA's or GNS's before RMC's.
    if (isFirst || (fields[0].slice(2) !== "RMC" && epoch.altMm === undefined)) {
        epoch.lat = lat
        epoch.lon = lon
    }
}

function isFarFrom(angle: number, before: number | undefined): boolean {
    return before === undefined || Math.abs(angle - before) > POSITION_SPREAD
}

/** An empty speed is left to VTG, an empty course is one at a standstill. */
function takeSpeed(epoch: NmeaEpoch, speedText: string, courseText: string): void {
    const speedMkn = decimalOf(speedText, 3)
    const courseCdeg = decimalOf(courseText, 2)
    const isSpeed =
        speedText === "" || (speedMkn !== undefined && speedMkn >= 0 && speedMkn <= SPEED_MAX_MKN)
    const isCourse =
        courseText === "" ||
        (courseCdeg !== undefined && courseCdeg >= 0 && courseCdeg < COURSE_END_CDEG)
    if (!isSpeed || !isCourse) epoch.isFaulty = true
    if (speedMkn === undefined) return
    epoch.speedMkn = speedMkn
    epoch.courseCdeg = courseCdeg
}

/** Satellites and HDOP from field `at` on. Several constellations' sentences count their own. */
function takeQuality(epoch: NmeaEpoch, fields: string[], at: number): void {
    const satellites = decimalOf(fieldOf(fields, at), 0)
    const hdopC = decimalOf(fieldOf(fields, at + 1), 2)
    const before = epoch.satellites
    if (satellites !== undefined && (before === undefined || satellites > before))
        epoch.satellites = satellites
    if (hdopC !== undefined && (epoch.hdopC === undefined || hdopC > epoch.hdopC))
        epoch.hdopC = hdopC
}

function takeHeight(epoch: NmeaEpoch, altText: string, geoidText: string): void {
    const altMm = decimalOf(altText, 3)
    if (altMm === undefined && altText !== "") epoch.isFaulty = true
    if (epoch.altMm !== undefined) return
    epoch.altMm = altMm
    epoch.geoidMm = decimalOf(geoidText, 3)
}

/** A autonomous, D differential, P precise, R and F carrier phase; empty before NMEA 2.3. */
function isRefusedMode(mode: string): boolean {
    return mode !== "" && (mode.length !== 1 || "ADPRF".indexOf(mode) < 0)
}

function fieldOf(fields: string[], index: number): string {
    return index < fields.length ? fields[index] : ""
}
