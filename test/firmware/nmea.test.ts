// The NMEA reader, the code that the tracker runs, against captures of real receivers and what other
// programs made of them.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { receiverLines } from "../../bin/receiver.js"
import { NmeaReader } from "../../firmware/logic/nmea.js"
import { fixOfEpoch, type NmeaEpoch } from "../../firmware/logic/nmea-epoch.js"
import { angleOf, decimalOf, microDegrees, timeOfDayMs } from "../../firmware/logic/nmea-fields.js"
import { civilTime, isCivilTime, unixSeconds } from "../../firmware/logic/receiver-time.js"
import { nmeaCaptures } from "../support/captures.js"
import { cases } from "../support/cases.js"

const DAY_MS = 86_400_000
const TALKER = /^(GP|GN|GL|GA|GB|BD)$/
const TIMED = /^(RMC|GGA|GNS)$/
/** Positions are printed with nine decimals there, and rounded to 1e-6 degree here. */
const HALF_QUANTUM_DEG = 0.5e-6 + 1e-9

describe.each(nmeaCaptures())(
    "the NMEA reader on $name",
    ({ name, bytes, good, others, positions }) => {
        it("finds every sentence with a good checksum, and no other", () => {
            const { scanner } = new NmeaReader()
            scanner.push(bytes)
            const found = scanner.sentences.map(({ offset, fields }) => `${offset} ${fields[0]}`)
            const isLettered = (text: string) => /^\d+ [A-OQ-Z][A-Z]{4}$/.test(text)
            expect(found.filter(isLettered)).toEqual(
                good.map((row) => `${row.byte_offset} ${row.talker}${row.type}`).filter(isLettered),
            )
            // The table counts one whose first bytes were lost, or which the file cuts off.
            expect(scanner.damaged + scanner.unsealed).toBeLessThanOrEqual(others + 1)
        })
        it("takes position, altitude, speed and course of each epoch as the table has them", () => {
            const epochs = epochsOf(bytes, [bytes.length])
            const timed = good.filter(
                ({ talker, type }) => TALKER.test(talker!) && TIMED.test(type!),
            )
            epochs.forEach((epoch, i) => {
                const end = epochs[i + 1]?.offset ?? bytes.length
                const rows = timed.filter(
                    ({ byte_offset, time_hhmmss }) =>
                        Number(byte_offset) >= epoch.offset &&
                        Number(byte_offset) < end &&
                        timeOfDayMs(time_hhmmss!) === epoch.timeMs,
                )
                const rmc = rows.find(({ type }) => type === "RMC")
                const place = rows.find(({ type }) => type !== "RMC") ?? rmc!
                expect(epoch.offset).toBe(Number(rows[0]!.byte_offset))
                if (place.lat_deg !== "") {
                    expect(Math.abs(epoch.lat! / 6e9 - Number(place.lat_deg))).toBeLessThan(1e-9)
                    expect(Math.abs(epoch.lon! / 6e9 - Number(place.lon_deg))).toBeLessThan(1e-9)
                }
                if (place.type === "GGA" && place.alt_msl_m !== "")
                    expect(epoch.altMm).toBe(Math.round(Number(place.alt_msl_m) * 1000))
                if (rmc && rmc.speed_kn !== "")
                    expect(epoch.speedMkn).toBe(Math.round(Number(rmc.speed_kn) * 1000))
                if (rmc && rmc.course_deg !== "")
                    expect(epoch.courseCdeg).toBe(Math.floor(Number(rmc.course_deg) * 100 + 1e-6))
            })
        })
        it("makes the same of the bytes whole, one by one, and in pieces of any size", () => {
            const whole = epochsOf(bytes, [bytes.length])
            expect(epochsOf(bytes, [1])).toEqual(whole)
            expect(epochsOf(bytes, [128])).toEqual(whole)
            expect(epochsOf(bytes, [3, 71, 1, 250, 17])).toEqual(whole)
        })
        it("puts each fix where gpsd puts it at that time", () => {
            const lines = [...receiverLines(bytes)].map((line) => JSON.parse(line))
            const accepted = lines.filter((line) => line.accepted)
            if (!positions) return
            // A plotter under way that stamps GGA a second after RMC, whose place gpsd takes.
            const apartDeg = name === "bundg_zeus_9.log" ? 4e-5 : 1e-7
            for (const line of accepted) {
                const { year, month, day, hour, min, sec, nano } = line
                const atMs = Date.UTC(year, month - 1, day, hour, min, sec, nano / 1e6)
                const there = positions.filter(({ time }) => Date.parse(time) === atMs)
                // gpsd leaves out the first and the last epoch of some logs.
                if (there.length === 0) continue
                const isNear = there.some(
                    ({ lat, lon }) =>
                        Math.abs(lat - line.lat / 1e7) < apartDeg &&
                        Math.abs(lon - line.lon / 1e7) < apartDeg,
                )
                expect(isNear, `${line.offset}`).toBe(true)
            }
        })
    },
)

describe("a fix from NMEA", () => {
    const RMC = "GNRMC,123519.00,A,4807.03800,N,01131.00012,E,022.4,084.4,230326,,,A"
    const GGA = "GNGGA,123519.00,4807.03800,N,01131.00012,E,1,08,0.90,545.4,M,46.9,M,,"

    it("has time, place, height, speed, course and accuracy to the quantum", () => {
        const [fix] = fixesOf([RMC, GGA])
        expect(fix).toEqual({
            kind: "fix",
            timeDs: Date.UTC(2026, 2, 23, 12, 35, 19) / 100,
            latUdeg: 48_117_300,
            lonUdeg: 11_516_669,
            altM: 545,
            speedDmps: 115,
            courseDeg: 84,
            accuracyDm: 63,
            satellites: 8,
        })
    })
    it("takes its accuracy from GST where that is sent", () => {
        const gst = "GNGST,123519.00,1.0,,,,3.000,4.000,6.0"
        expect(fixesOf([RMC, GGA, gst])[0]?.accuracyDm).toBe(50)
    })
    it("takes height and satellites from GNS, and speed from VTG, where only those are sent", () => {
        const gns = "GNGNS,123519.00,4807.03800,N,01131.00012,E,AN,09,0.90,545.4,46.9,,"
        const bare = "GNRMC,123519.00,A,4807.03800,N,01131.00012,E,,,230326,,,A"
        const vtg = "GNVTG,084.4,T,,M,022.4,N,041.5,K,A"
        expect(fixesOf([bare, gns, vtg])[0]).toMatchObject({ satellites: 9, speedDmps: 115 })
    })
    it.each([
        ["a void RMC", [RMC.replace(",A,4807", ",V,4807"), GGA]],
        ["GGA of quality 0", [RMC, GGA.replace(",E,1,", ",E,0,")]],
        ["a position that is estimated", [RMC, GGA.replace(",E,1,", ",E,6,")]],
        ["a simulator", [RMC, GGA.replace(",E,1,", ",E,8,")]],
        ["a mode that is estimated", [RMC.replace(",,,A", ",,,E"), GGA]],
        ["GSA without a fix", [RMC, GGA, "GNGSA,A,1,,,,,,,,,,,,,99.0,99.0,99.0"]],
        ["60 minutes of latitude", [RMC, GGA.replace("4807.03800", "4860.00000")]],
        ["a latitude past the pole", [RMC, GGA.replace("4807.03800", "9000.00001")]],
        ["a hemisphere that is none", [RMC, GGA.replace(",N,", ",X,")]],
        ["the 30th of February", [RMC.replace("230326", "300226"), GGA]],
        ["a course of 361 degrees", [RMC.replace("084.4", "361.0"), GGA]],
        ["two positions of one instant that disagree", [RMC, GGA.replace("4807.0", "4807.3")]],
        ["no RMC", [GGA]],
        ["no GGA", [RMC]],
        ["GGA of another time", [RMC, GGA.replace("123519", "123520")]],
        ["an HDOP that says none", [RMC, GGA.replace("0.90", "99.9")]],
        ["a talker that is none of ours", [RMC.replace("GN", "II"), GGA.replace("GN", "II")]],
    ])("is not made of %s", (_what, texts) => {
        expect(fixesOf(texts)).toEqual([])
    })
    it("is not made of sentences without a checksum", () => {
        const reader = new NmeaReader()
        reader.push(Buffer.from(`$${RMC}\r\n$${GGA}\r\n`))
        reader.finish()
        expect(reader.epochs).toEqual([])
        expect(reader.scanner.unsealed).toBe(2)
    })
    it("stays on its day when midnight falls between two epochs", () => {
        const late = [RMC, GGA].map((text) => text.replace("123519.00", "235959.90"))
        const early = [GGA, RMC].map((text) =>
            text.replace("123519.00", "000000.00").replace("230326", "240326"),
        )
        const [before, after] = fixesOf([...late, ...early])
        expect(after!.timeDs - before!.timeDs).toBe(1)
    })
    it("is dated into the present era when the receiver is 1024 weeks behind", () => {
        const [epoch] = epochsOf(sealed([RMC.replace("230326", "070806"), GGA]), [64])
        const today = Date.UTC(2026, 2, 20) / DAY_MS
        expect(fixOfEpoch(epoch!, today)?.timeDs).toBe(Date.UTC(2026, 2, 23, 12, 35, 19) / 100)
        expect(fixOfEpoch(epoch!, 0)?.timeDs).toBe(Date.UTC(2006, 7, 7, 12, 35, 19) / 100)
    })
    it("is found beside UBX frames that hold dollar signs", () => {
        const noise = Buffer.from("b5620107245c00242a33310d0a24474e", "hex")
        const bytes = Buffer.concat([noise, sealed([RMC]), noise, sealed([GGA]), noise])
        expect(epochsOf(bytes, [5]).map((epoch) => fixOfEpoch(epoch, 0)?.latUdeg)).toEqual([
            48_117_300,
        ])
    })
    it("is one a time: a straggler of the epoch before makes no other", () => {
        const next = [RMC, GGA].map((text) => text.replace("123519", "123520"))
        expect(fixesOf([RMC, GGA, ...next, RMC, GGA])).toHaveLength(3)
        expect(fixesOf([RMC, GGA, "GNGST,123520.00,,,,,,,", GGA])).toHaveLength(1)
    })
})

describe("a field of NMEA", () => {
    it("gives a position exactly, whatever its decimals", () => {
        const property = fc.property(
            fc.integer({ min: 0, max: 89 }),
            fc.bigInt({ min: 0n, max: 5_999_999_999n }),
            fc.integer({ min: 1, max: 8 }),
            (degrees, minutesE8, decimals) => {
                const text = String(minutesE8).padStart(10, "0")
                const kept = text.slice(2, 2 + decimals)
                const field = `${String(degrees).padStart(2, "0")}${text.slice(0, 2)}.${kept}`
                const exact = BigInt(text.slice(0, 2) + kept.padEnd(8, "0"))
                const expected = (BigInt(degrees) * 6_000_000_000n + exact + 3000n) / 6000n
                const angle = angleOf(field, "N", "N", "S", 90)!
                expect(BigInt(microDegrees(angle))).toBe(expected)
                expect(Math.abs(microDegrees(angle) / 1e6 - angle / 6e9)).toBeLessThan(
                    HALF_QUANTUM_DEG,
                )
            },
        )
        fc.assert(property, { numRuns: cases(500, 20_000) })
    })
    it("is a number, or nothing", () => {
        expect(decimalOf("-0.5", 2)).toBe(-50)
        expect(decimalOf("278.020", 1)).toBe(2780)
        expect(decimalOf(".5", 1)).toBe(5)
        for (const text of ["", "-", ".", "1.2.3", "1e3", "12a", " 1", "0x1", "1234567890"])
            expect(decimalOf(text, 2)).toBeUndefined()
    })
    it("is a time of day, or nothing", () => {
        expect(timeOfDayMs("235959.999")).toBe(DAY_MS - 1)
        for (const text of ["", "240000", "126000", "12", "125961", "1-3059", "12-059"])
            expect(timeOfDayMs(text)).toBeUndefined()
    })
    it("turns dates into days and back as the calendar does", () => {
        const property = fc.property(fc.integer({ min: 0, max: 4_102_444_799 }), (unixS) => {
            const t = civilTime(unixS)
            const date = new Date(unixS * 1000)
            expect([t.year, t.month, t.day]).toEqual([
                date.getUTCFullYear(),
                date.getUTCMonth() + 1,
                date.getUTCDate(),
            ])
            expect(unixSeconds(t)).toBe(unixS)
            expect(isCivilTime(t)).toBe(true)
        })
        fc.assert(property, { numRuns: cases(500, 20_000) })
    })
})

function sealed(texts: string[]): Buffer {
    const lines = texts.map((text) => {
        const sum = [...Buffer.from(text)].reduce((sum, byte) => sum ^ byte, 0)
        return `$${text}*${sum.toString(16).toUpperCase().padStart(2, "0")}\r\n`
    })
    return Buffer.from(lines.join(""))
}

function fixesOf(texts: string[]) {
    return epochsOf(sealed(texts), [40])
        .map((epoch) => fixOfEpoch(epoch, 0))
        .filter((fix) => fix !== undefined)
}

/** Feeds the bytes in pieces of the given sizes, over and over. */
function epochsOf(bytes: Buffer, sizes: number[]): NmeaEpoch[] {
    const reader = new NmeaReader()
    const epochs: NmeaEpoch[] = []
    for (let at = 0, i = 0; at < bytes.length; at += sizes[i++ % sizes.length]!) {
        reader.push(bytes.subarray(at, at + sizes[i % sizes.length]!))
        epochs.push(...reader.epochs.splice(0))
    }
    reader.finish()
    return [...epochs, ...reader.epochs]
}
