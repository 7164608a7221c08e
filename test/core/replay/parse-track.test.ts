import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { InputError } from "../../../gateway/core/input-error.js"
import { parseTrack } from "../../../gateway/core/replay/parse-track.js"
import { cases } from "../../support/cases.js"

const HEADER = "t_unix_ms,lat,lon,alt_m,speed_mps,course_deg,hdop_or_accuracy_m,sats"
const ROW = "1689055452000,35.16539393,136.88144241,39.645,0.045,73.28,5.230,20"

function messageOf(text: string, name = "drive.csv"): string {
    try {
        parseTrack(text, name)
    } catch (error) {
        expect(error).toBeInstanceOf(InputError)
        return (error as Error).message
    }
    throw new Error("expected an InputError")
}

describe("a recorded track", () => {
    it("is read by column name", () => {
        const { name, accuracy, rows } = parseTrack(`${HEADER}\n${ROW}\n`, "drive.csv")
        expect({ name, accuracy }).toEqual({ name: "drive.csv", accuracy: "m" })
        expect(rows).toEqual([
            {
                atMs: 1689055452000,
                latDeg: 35.16539393,
                lonDeg: 136.88144241,
                altitudeM: 39.645,
                speedMps: 0.045,
                courseDeg: 73.28,
                hdopOrAccuracyM: 5.23,
                satellites: 20,
            },
        ])
    })

    it("may name its columns in any order, leave some out and have others", () => {
        const { rows } = parseTrack("lon,heart_rate,lat,t_unix_ms\n9.5,140,47.1,1000", "run.csv")
        expect(rows[0]).toMatchObject({ atMs: 1000, latDeg: 47.1, lonDeg: 9.5 })
        expect(rows[0]!.speedMps).toBeUndefined()
    })

    it("knows nothing of an empty field", () => {
        const { rows } = parseTrack(`${HEADER}\n1000,47.1,9.5,,,,,\n`, "bus.csv")
        const { altitudeM, speedMps, courseDeg, hdopOrAccuracyM, satellites } = rows[0]!
        for (const value of [altitudeM, speedMps, courseDeg, hdopOrAccuracyM, satellites]) {
            expect(value).toBeUndefined()
        }
    })

    it("may begin with a byte order mark, end its lines with CRLF and hold blank ones", () => {
        const { rows } = parseTrack(`\uFEFF${HEADER}\r\n${ROW}\r\n\r\n${ROW}\r\n`, "drive.csv")
        expect(rows).toHaveLength(2)
    })

    it("holds HDOP where the file's own name says so, unless told otherwise", () => {
        const text = `${HEADER}\n${ROW}`
        expect(parseTrack(text, "tracks/car_HDOP_1s.csv").accuracy).toBe("hdop")
        expect(parseTrack(text, "hdop/car.csv").accuracy).toBe("m")
        expect(parseTrack(text, "car_hdop.csv", "m").accuracy).toBe("m")
        expect(parseTrack(text, "car.csv", "hdop").accuracy).toBe("hdop")
    })

    it.each([
        ["an empty file", "", "drive.csv: is empty"],
        ["a file without fixes", `${HEADER}\n`, "has a header and no fixes"],
        [
            "a header without columns we know",
            "time,x,y\n1,2,3",
            "line 1: lacks t_unix_ms, lat, lon",
        ],
        ["a column twice", "t_unix_ms,lat,lon,lat\n1,2,3,4", "line 1: column lat appears twice"],
        ["a latitude out of range", `${HEADER}\n${ROW}\n1,97,9,,,,,`, 'line 3: lat is "97"'],
        ["a word", `${HEADER}\n1,x,9,,,,,`, 'line 2: lat is "x", expected degrees from -90 to 90'],
        ["a missing longitude", `${HEADER}\n1,47,,,,,,`, "line 2: lon is empty, expected degrees"],
        ["a time in seconds with a point", `${HEADER}\n1.5,47,9,,,,,`, 't_unix_ms is "1.5"'],
        ["an infinite speed", `${HEADER}\n1,47,9,,1e999,,,`, 'speed_mps is "1e999"'],
        ["a hexadecimal number", `${HEADER}\n1,0x10,9,,,,,`, 'lat is "0x10"'],
        ["an accuracy of nothing", `${HEADER}\n1,47,9,,,,0,`, 'hdop_or_accuracy_m is "0"'],
        ["a line cut short", `${HEADER}\n1,47`, "line 2: has 2 fields, expected 8"],
    ])("that is %s is refused, saying where and what was expected", (_, text, part) => {
        expect(messageOf(text)).toContain(part)
    })

    it("is refused or read, whatever the text", () => {
        const cell = fc.oneof(fc.string(), fc.double().map(String), fc.integer().map(String))
        const line = fc.array(cell, { minLength: 1, maxLength: 9 }).map((cells) => cells.join(","))
        fc.assert(
            fc.property(fc.array(line, { maxLength: 6 }), fc.boolean(), (lines, hasHeader) => {
                const text = [...(hasHeader ? [HEADER] : []), ...lines].join("\n")
                try {
                    for (const { latDeg, lonDeg, atMs } of parseTrack(text, "any.csv").rows) {
                        for (const value of [latDeg, lonDeg, atMs]) {
                            expect(Number.isFinite(value)).toBe(true)
                        }
                    }
                } catch (error) {
                    expect(error).toBeInstanceOf(InputError)
                }
            }),
            { numRuns: cases(300, 20_000) },
        )
    })
})
