// UBX and NMEA captures with their expected decodes: the recorded ones, or one made here where those
// are absent.

import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { navPvt } from "../../simulator/chips/ubx-frame.js"
import { makePrng } from "../../simulator/world/prng.js"
import { sharedData } from "./shared-data.js"

export interface Capture {
    name: string
    bytes: Buffer
    /** A row for each NAV-PVT whose checksum holds: column name to raw text. */
    expected: Record<string, string>[]
    /** Where each frame of any kind begins, and its whole length. */
    frames: { offset: number; length: number }[]
}

const FRAME_AROUND_PAYLOAD = 8

export function captures(): Capture[] {
    const folder = sharedData("receiver-ubx")
    if (!folder) {
        console.log("shared data absent: a made-up capture instead of receiver-ubx")
        return [madeUpCapture()]
    }
    return readdirSync(folder)
        .filter((name) => name.endsWith(".log"))
        .map((name) => {
            const bytes = readFileSync(join(folder, name))
            const frames = readTable(join(folder, `${name}.frames.csv`))
                .filter((row) => row.checksum_ok === "1")
                .map((row) => ({
                    offset: Number(row.offset),
                    length: Number(row.payload_len) + FRAME_AROUND_PAYLOAD,
                }))
            const hasPvt = readdirSync(folder).includes(`${name}.navpvt.csv`)
            const expected = hasPvt ? readTable(join(folder, `${name}.navpvt.csv`)) : []
            return { name, bytes, expected, frames }
        })
}

export interface NmeaCapture {
    name: string
    bytes: Buffer
    /** A row for each sentence with a checksum that holds: column name to text. */
    good: Record<string, string>[]
    /** How many sentences have none, or one that does not hold. */
    others: number
    /** What another program (gpsd) made of it; undefined where it was not asked. */
    positions:
        | { time: string; lat: number; lon: number; altMSL?: number; speed?: number }[]
        | undefined
}

/** Empty where the recorded ones are absent. */
export function nmeaCaptures(): NmeaCapture[] {
    const folder = sharedData("receiver-nmea")
    if (!folder) return []
    const names = readdirSync(folder)
    return names
        .filter((name) => name.endsWith(".expected.csv"))
        .map((table) => {
            const name = table.slice(0, -".expected.csv".length)
            const rows = readTable(join(folder, table))
            const good = rows.filter(({ checksum }) => checksum === "ok")
            return {
                name,
                bytes: readFileSync(join(folder, name)),
                good,
                others: rows.length - good.length,
                positions: names.includes(`${name}.chk`)
                    ? readPositions(join(folder, `${name}.chk`))
                    : undefined,
            }
        })
}

function readPositions(path: string): NonNullable<NmeaCapture["positions"]> {
    return readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line.startsWith('{"class":"TPV"'))
        .map((line) => JSON.parse(line))
        .filter((report) => report.lat !== undefined && report.time !== undefined)
}

function readTable(path: string): Record<string, string>[] {
    const [header, ...rows] = readFileSync(path, "utf8").trim().split("\n")
    const columns = header!.trim().split(",")
    return rows.map((row) => {
        const cells = row.trim().split(",")
        return Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? ""]))
    })
}

/** 60 solutions between comments, NMEA and noise that holds sync bytes and cut-off frames. */
function madeUpCapture(): Capture {
    const prng = makePrng("capture")
    const parts: Buffer[] = [Buffer.from("# a made-up capture\n")]
    const expected: Record<string, string>[] = []
    const frames: Capture["frames"] = []
    let offset = parts[0]!.length
    const put = (bytes: Buffer) => {
        parts.push(bytes)
        offset += bytes.length
    }
    for (let i = 0; i < 60; i++) {
        const atMs = Date.UTC(2031, 4, 5, 6, 7, i)
        const solution = {
            atMs,
            fixType: i % 7 === 0 ? 2 : 3,
            isFixOk: i % 5 !== 0,
            satellites: 4 + (i % 9),
            latE7: Math.round((prng.next() - 0.5) * 18e8),
            lonE7: Math.round((prng.next() - 0.5) * 36e8),
            altMm: i * 1000,
            accuracyMm: 1500 + i,
            speedMms: i * 100,
            courseE5: i * 6e5,
        }
        const frame = navPvt(solution)
        frames.push({ offset, length: frame.length })
        expected.push({
            offset: String(offset),
            year: "2031",
            month: "5",
            day: "5",
            hour: "6",
            min: "7",
            sec: String(i),
            nano: "0",
            fixType: String(solution.fixType),
            flags: solution.isFixOk ? "1" : "0",
            numSV: String(solution.satellites),
            lat: String(solution.latE7),
            lon: String(solution.lonE7),
            hMSL: String(solution.altMm),
            hAcc: String(solution.accuracyMm),
            gSpeed: String(solution.speedMms),
            headMot: String(solution.courseE5),
        })
        put(frame)
        put(
            Buffer.from(
                "$GNGGA,120000.00,4812.49046,N,01622.42913,E,1,09,1.20,171.3,M,43.1,M,,*5B\r\n",
            ),
        )
        put(Buffer.from([0xb5, 0xb5, 0x62, 0x01, 0x07, 0x5c, 0x00, i]))
    }
    return { name: "made up", bytes: Buffer.concat(parts), expected, frames }
}
