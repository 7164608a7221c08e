import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import type { BatchCodec } from "../../bin/measure/batch-codec.js"
import { CODECS } from "../../bin/measure/codecs.js"
import { energyText } from "../../bin/measure/energy.js"
import { type EnergyDay, energyDay, profileDay } from "../../bin/measure/energy-day.js"
import { measureBatches, thinnedTo } from "../../bin/measure/measure-track.js"
import type { MeasuredFix } from "../../bin/measure/measured-fix.js"
import { plainCodec } from "../../bin/measure/plain-codec.js"
import { measuredText } from "../../bin/measure/tables.js"
import { energyOf, measure, measuredJson } from "../../bin/measure.js"
import { floorUa, UAS_PER_MAH } from "../../firmware/logic/energy-model.js"
import { PROFILES, ProfileNumber, profileOf } from "../../firmware/logic/profile.js"
import { deg, metres, mps, unixMs } from "../../protocol/units.js"
import { START_MS } from "../support/builders.js"
import { cases } from "../support/cases.js"
import { recordedTracks } from "../support/recorded-tracks.js"
import { makeTempFolder } from "../support/temp-folder.js"

const folder = makeTempFolder()
afterAll(folder.remove)

/** The recorded tracks as files, or seeded ones written out. */
function trackFiles(): string[] {
    return recordedTracks().map(({ name, rows }) => {
        if (existsSync(name)) return name
        const file = join(folder.path, `${name}.csv`)
        const lines = rows.map(({ atMs, latDeg, lonDeg, speedMps, courseDeg }) =>
            [atMs, latDeg, lonDeg, speedMps ?? "", courseDeg ?? ""].join(),
        )
        writeFileSync(file, ["t_unix_ms,lat,lon,speed_mps,course_deg", ...lines].join("\n"))
        return file
    })
}

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
/** Whatever a receiver may state, in any order of time. */
const anyFix: fc.Arbitrary<MeasuredFix> = fc.record({
    atMs: fc.integer({ min: 1000, max: 4_102_444_700_000 }).map(unixMs),
    latDeg: fc.double({ min: -90, max: 90, noNaN: true }).map(deg),
    lonDeg: fc.double({ min: -180, max: 180, noNaN: true }).map(deg),
    altM: optional(fc.double({ min: -900, max: 90_000, noNaN: true }).map(metres)),
    speedMps: optional(fc.double({ min: 0, max: 900, noNaN: true }).map(mps)),
    courseDeg: optional(fc.double({ min: 0, max: 360, noNaN: true }).map(deg)),
    accuracyM: optional(fc.double({ min: 0.001, max: 9_000, noNaN: true }).map(metres)),
    satellites: optional(fc.integer({ min: 0, max: 60 })),
})

function aFix(parts: Partial<MeasuredFix> = {}): MeasuredFix {
    return { atMs: START_MS, latDeg: deg(47.1), lonDeg: deg(9.5), ...parts }
}

describe("every codec", () => {
    it.each(CODECS.map((codec) => [codec.name, codec] as const))(
        "%s brings back what it was given",
        (_, codec) => {
            fc.assert(
                fc.property(
                    fc.array(anyFix, { minLength: 1, maxLength: 130, size: "max" }),
                    (fixes) => {
                        // Compares each field and throws on a difference.
                        measureBatches(fixes, 60, codec, "any track")
                    },
                ),
                { numRuns: cases(60, 3000) },
            )
        },
    )
})

describe("a measurement", () => {
    const measured = measure(trackFiles(), { live: "25", history: "5" })

    it("has each batch size, ours and the others', for every track and on average", () => {
        for (const { batches, peers } of measured.tracks) {
            expect(batches.map(({ n }) => n)).toEqual(
                [1, 10, 50].flatMap((n) => CODECS.map(() => n)),
            )
            expect(new Set(peers.map(({ name }) => name)).size).toBe(4)
        }
        measured.mean.forEach((mean, index) => {
            const all = measured.tracks.map(({ batches }) => batches[index]!.bodyBytesPerFix)
            const sum = all.reduce((total, bytes) => total + bytes, 0)
            expect(mean.bodyBytesPerFix).toBeCloseTo(sum / all.length, 9)
        })
    })

    it("knows what others spend", () => {
        const bytes = (name: string, n: number) =>
            measured.peerMean.find((row) => row.name === name && row.n === n)!
        expect(bytes("Teltonika Codec 8", 50)).toMatchObject({
            bodyBytesPerFix: 30,
            framingBytesPerFix: 0.3,
        })
        expect(bytes("OwnTracks JSON", 1).bodyBytesPerFix).toBeGreaterThan(100)
        expect(bytes("Meshtastic Position", 1).bodyBytesPerFix).toBeGreaterThan(20)
        expect(bytes("CBOR rows", 50).bodyBytesPerFix).toBeGreaterThan(20)
    })

    it("spends at most 11 bytes a message on security", () => {
        for (const { batches } of measured.tracks)
            for (const { n, securityBytesPerFix } of batches)
                if (n === 1) expect(securityBytesPerFix).toBeLessThanOrEqual(11)
    })

    it("says what thinning keeps, sends and costs in accuracy", () => {
        expect(measured.thinned!.historyShareMean!).toBeLessThanOrEqual(0.09)
        const { liveShareMax } = recordedTracks()[0]!
        expect(measured.thinned!.reportsOfFilter!).toBeLessThanOrEqual(liveShareMax)
        for (const { fixes, thinned } of measured.tracks) {
            const [figures] = thinned!
            expect(figures!.worstHistoryErrorM!).toBeLessThanOrEqual(5)
            expect(figures!.worstLiveErrorM!).toBeLessThanOrEqual(25)
            expect(figures!.sentFixes).toBeLessThan(fixes)
            expect(figures!.messages).toBeGreaterThanOrEqual(figures!.reports)
        }
    })

    it("is printed as JSON with the keys that were promised", () => {
        const plain = measure(trackFiles().slice(0, 1), { batch: "10" })
        const json = JSON.parse(JSON.stringify(measuredJson(plain)))
        expect(Object.keys(json)).toEqual(["tracks", "mean"])
        expect(Object.keys(json.tracks[0])).toEqual(["file", "fixes", "spanS", "batches"])
        for (const row of [json.tracks[0].batches[0], json.mean[0]])
            expect(Object.keys(row)).toEqual([
                ...["n", "profile", "chained"],
                ...["bodyBytesPerFix", "securityBytesPerFix", "framingBytesPerFix"],
            ])
    })

    it("is printed as a table in which no line is wider than a terminal", () => {
        const lines = measuredText(measured).split("\n")
        expect(lines.filter((line) => /^ {2}burr plain +50/.test(line))).toHaveLength(
            measured.tracks.length + 1,
        )
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(100)
    })
})

describe("a codec that gives back something else", () => {
    const altered = (change: (fix: MeasuredFix) => MeasuredFix): BatchCodec => ({
        ...plainCodec,
        open() {
            const run = plainCodec.open()
            return {
                encode: (fixes) => run.encode(fixes),
                decode: (body) => run.decode(body).map(change),
            }
        },
    })
    const measured = (codec: BatchCodec) =>
        measureBatches([aFix({ courseDeg: deg(359.8), accuracyM: metres(5) })], 1, codec, "x.csv")

    it("is caught, with the field, the fix and both values", () => {
        const north = altered((fix) => ({ ...fix, latDeg: deg(fix.latDeg + 1.1e-6) }))
        expect(() => measured(north)).toThrow(
            /^x\.csv, plain: latDeg of fix 0 was 47\.1 deg and came back as 47\.1000011, expected /,
        )
        const lost = altered(({ accuracyM: _, ...fix }) => fix)
        expect(() => measured(lost)).toThrow(
            /accuracyM of fix 0 was 5 m and came back as undefined/,
        )
        expect(() => measured(altered((fix) => fix))).not.toThrow()
    })
})

describe("fixes for a batch", () => {
    const fixes = Array.from({ length: 25 }, (_, index) =>
        aFix({ atMs: unixMs(START_MS + index * 4000) }),
    )

    it("are those that fill it, or all where there are too few", () => {
        const counted = (n: number) => {
            let count = 0
            const codec: BatchCodec = {
                ...plainCodec,
                open() {
                    const run = plainCodec.open()
                    return {
                        encode: (batch) => {
                            count += batch.length
                            return run.encode(batch)
                        },
                        decode: (body) => run.decode(body),
                    }
                },
            }
            measureBatches(fixes, n, codec, "x.csv")
            return count
        }
        expect([10, 25, 60].map(counted)).toEqual([20, 25, 25])
    })

    it("are at least the wanted time apart", () => {
        const taken = thinnedTo(fixes, 10_000)
        const steps = taken.slice(1).map(({ atMs }, index) => atMs - taken[index]!.atMs)
        expect(new Set(steps)).toEqual(new Set([12_000]))
    })
})

describe("what cannot be measured is refused by name", () => {
    const [file] = trackFiles()
    const refusals: [flags: Parameters<typeof measure>[1], message: string][] = [
        [{ batch: "0" }, 'batch is "0", expected fixes in a batch, 1 to 60, as 1,10,50'],
        [{ batch: "10,61" }, 'batch is "61", expected fixes in a batch, 1 to 60, as 1,10,50'],
        [{ live: "near" }, 'live is "near", expected a number of metres above 0'],
        [{ history: "0" }, 'history is "0", expected a number of metres above 0'],
        [{ every: "-1" }, 'every is "-1", expected a number of seconds above 0'],
        [{ profile: "best" }, 'profile is "best", expected some of plain, 1e-5, 1e-6, 1e-6/0.1s'],
        [{ profile: "1e-5,25" }, 'profile is "25", expected some of plain, 1e-5'],
    ]
    it.each(refusals)("%j", (flags, message) => {
        expect(() => measure([file!], flags)).toThrow(message)
    })

    it("a file that is not there", () => {
        expect(() => measure(["nowhere.csv"], {})).toThrow(
            'track: cannot read "nowhere.csv" (ENOENT), expected a CSV file',
        )
    })
})

describe("the modelled charge of a day", () => {
    const normal = profileOf(ProfileNumber.normal)!
    /** A fix a second at 20 m/s to the north, or on the spot. */
    const way = (seconds: number, speedMps = 20) =>
        Array.from({ length: seconds }, (_, second) =>
            aFix({
                atMs: unixMs(START_MS + second * 1000),
                latDeg: deg(47 + (second * speedMps) / 111_200),
                speedMps: mps(speedMps),
                courseDeg: deg(0),
            }),
        )
    const sumOf = ({ mahPerDay: { mcu, radio, receiver, sleep } }: EnergyDay) =>
        mcu + radio + receiver + sleep

    it("is the sum of its parts, with the floor in it however much is awake", () => {
        for (const profile of PROFILES) {
            const day = energyDay(way(3600), profile)
            expect(day.mahPerDay.all).toBeCloseTo(sumOf(day), 9)
            expect(day.mahPerDay.sleep).toBeCloseTo((floorUa() * 86_400) / UAS_PER_MAH, 9)
        }
    })

    it("is worked out by hand for a parked tracker", () => {
        // 284 looks of 1.91 s and 4 signs of life of 1.91 + 30 + 5 s, each with a search of 30 s.
        const { mahPerDay, windows, fixes } = energyDay(way(600, 0), normal)
        expect([windows, fixes]).toEqual([4, 4])
        const awakeS = 284 * 1.91 + 4 * 36.91
        expect(mahPerDay.mcu).toBeCloseTo((awakeS * 28) / 3600, 6)
        expect(mahPerDay.receiver).toBeCloseTo((120 * 15.3) / 3600, 6)
        const sentMas = 4 * (10 + 0.4)
        const radioS = 4 * (36.91 - 2.4)
        expect(mahPerDay.radio).toBeCloseTo((radioS * 56 + sentMas) / 3600, 6)
    })

    it("has a fix each time that the profile takes one, and windows as often as it holds", () => {
        const day = energyDay(way(3601), normal)
        expect(day.movingS).toBeGreaterThan(3590)
        expect(day.movingS).toBeLessThanOrEqual(3600)
        // 60 on the way and 3.83 signs of life in the 23 hours after it.
        expect(day.fixes).toBeGreaterThan(62)
        expect(day.fixes).toBeLessThan(66)
        expect(day.windows).toBeCloseTo(6 + 3.83, 1)
    })

    it("takes the mean day of a track that is longer than one", () => {
        const days = (count: number) =>
            energyDay(
                way(count * 86_400 + 1).filter((_, i) => i % 60 === 0),
                normal,
            )
        expect(days(2).mahPerDay.all / days(1).mahPerDay.all).toBeCloseTo(1, 2)
    })

    it("is what the profile's own day is when the whole day is spent on the way, or parked", () => {
        const moved = energyDay(
            way(86_401).filter((_, second) => second % 20 === 0),
            normal,
        )
        expect(moved.mahPerDay.all / profileDay(normal, true).mahPerDay.all).toBeCloseTo(1, 1)
        const stood = energyDay(way(600, 0), normal).mahPerDay.all
        expect(stood).toBeCloseTo(profileDay(normal, false).mahPerDay.all, 9)
    })

    it("is more with a quicker profile, and its life shorter on either battery", () => {
        const [live, usual, long] = [
            ProfileNumber.live,
            ProfileNumber.normal,
            ProfileNumber.longLife,
        ].map((number) => energyDay(way(3600), profileOf(number)!)) as [
            EnergyDay,
            EnergyDay,
            EnergyDay,
        ]
        for (const [quick, slow] of [
            [live, usual],
            [usual, long],
        ] as const) {
            expect(quick.mahPerDay.all).toBeGreaterThan(slow.mahPerDay.all)
            quick.life.forEach(({ days }, index) => {
                expect(days).toBeLessThan(slow.life[index]!.days)
            })
        }
    })
})

describe("burr measure --energy", () => {
    const files = trackFiles()

    it("is printed as JSON with the keys that were promised", () => {
        const json = JSON.parse(JSON.stringify(energyOf(files.slice(0, 2), { energy: "normal" })))
        expect(Object.keys(json)).toEqual(["profile", "tracks"])
        expect(json.profile).toBe("normal")
        expect(json.tracks).toHaveLength(2)
        expect(Object.keys(json.tracks[0])).toEqual([
            ...["file", "spanS", "movingS", "wakes", "fixes", "windows", "messages"],
            ...["mahPerDay", "life"],
        ])
        expect(Object.keys(json.tracks[0].mahPerDay)).toEqual([
            ...["mcu", "radio", "receiver", "sleep", "all"],
        ])
        expect(json.tracks[0].life.map((life: object) => Object.keys(life))).toEqual([
            ["battery", "capacityMah", "mahPerDay", "days"],
            ["battery", "capacityMah", "mahPerDay", "days"],
        ])
        expect(
            json.tracks[0].life.map((life: { capacityMah: number }) => life.capacityMah),
        ).toEqual([3000, 19_000])
    })

    it("is printed as a table that calls its figures modelled, no line wider than a terminal", () => {
        const text = energyText(energyOf(files, { energy: "long-life" }))
        expect(text).toContain("modelled")
        expect(text.match(/two AA lithium/g)).toHaveLength(files.length)
        for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(100)
    })

    it("names the profiles when it does not know one", () => {
        expect(() => energyOf([files[0]!], { energy: "eternal" })).toThrow(
            'energy is "eternal", expected one of live, normal, long-life, bench',
        )
    })

    it("refuses what speaks of bytes", () => {
        expect(() => energyOf([files[0]!], { energy: "normal", live: "25" })).toThrow(
            'live is "25", expected none beside energy: a tracker\'s profile has its own',
        )
        expect(() => energyOf([files[0]!], { energy: "normal", profile: "plain" })).toThrow(
            /^profile is "plain", expected none beside energy/,
        )
    })
})
