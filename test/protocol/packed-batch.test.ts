import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { BODY_BYTES_MAX } from "../../protocol/limits.js"
import {
    decodePacked,
    PACKED_FIXES_MAX,
    type PackedBatch,
    type PackedTail,
    PackedWriter,
} from "../../protocol/pack/packed-batch.js"
import { BATCH_BYTES_MAX, decodePackedBody, packedBody } from "../../protocol/pack/packed-body.js"
import {
    ACCURACY,
    COURSE,
    columnsFault,
    type FixColumns,
    LONGITUDE,
    PROFILES,
    type Profile,
    profileNumber,
    profileOf,
} from "../../protocol/pack/profile.js"
import { Draws, Vehicle } from "../device/runs/packed-run.js"
import { cases } from "../support/cases.js"

const ALL: readonly Profile[] = Array.from({ length: PROFILES }, (_, i) => profileOf(i + 1)!)
const STANDARD = profileOf(1)!
const TIMEOUT_MS = cases(30_000, 900_000)
const noBase = () => undefined

/** Adds fixes until the batch is full. */
function written(profile: Profile, fixes: FixColumns[], firstFix = 0, base?: PackedTail) {
    const writer = new PackedWriter(profile, firstFix, BATCH_BYTES_MAX, base)
    for (const fix of fixes) if (!writer.add(fix)) break
    return writer
}
function read(bytes: Buffer, base?: PackedTail): PackedBatch {
    const batch = decodePacked(bytes, (fix) => (fix === base?.fix ? base : undefined))
    if (batch.kind === "reject") throw new Error(batch.reason)
    return batch
}

/** What is wrong with a fix that came back, or undefined. */
function difference(profile: Profile, given: FixColumns, back: FixColumns): string | undefined {
    for (const [column, value] of given.entries()) {
        const isKept = column < 3 || ((profile.kept >> (column - 3)) & 1) === 1
        const came = back[column]
        if (value === undefined || !isKept) {
            if (came !== undefined) return `column ${column} came from nowhere`
            continue
        }
        if (came === undefined) return `column ${column} is lost`
        const quantum = profile.quanta[column]!
        if (came % quantum !== 0) return `column ${column}: ${came} is not of its quantum`
        const circle = column === LONGITUDE ? 360_000_000 : column === COURSE ? 360 : undefined
        let off = came - value
        if (circle !== undefined) off -= circle * Math.round(off / circle)
        const isFarther =
            column === ACCURACY ? off < 0 || off >= quantum : Math.abs(off) * 2 > quantum
        if (isFarther && !isAtTheEndOfTime(column, value))
            return `column ${column}: ${value}, ${came}`
    }
    return undefined
}
/** The first and last half second that are a time at all are not rounded out of it. */
function isAtTheEndOfTime(column: number, value: number): boolean {
    return column === 0 && (value < 5 || value >= 41024447995)
}

const anyFix: fc.Arbitrary<FixColumns> = fc.tuple(
    fc.integer({ min: 1, max: 41024447999 }),
    fc.integer({ min: -90_000_000, max: 90_000_000 }),
    fc.integer({ min: -180_000_000, max: 180_000_000 }),
    fc.option(fc.integer({ min: -1000, max: 100_000 }), { nil: undefined }),
    fc.option(fc.integer({ min: 0, max: 100_000 }), { nil: undefined }),
    fc.option(fc.integer({ min: 0, max: 359 }), { nil: undefined }),
    fc.option(fc.integer({ min: 1, max: 100_000_000 }), { nil: undefined }),
    fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined }),
    fc.option(fc.integer({ min: 0, max: 15 }), { nil: undefined }),
)
/** Drives, stands, jumps, crosses the antimeridian, goes back in time, lacks columns. */
const aDrive: fc.Arbitrary<FixColumns[]> = fc
    .tuple(fc.integer({ min: 1, max: 2_000_000_000 }), fc.integer({ min: 1, max: 70 }))
    .map(([seed, count]) => {
        const vehicle = new Vehicle(new Draws(seed))
        return Array.from({ length: count }, () => vehicle.next())
    })
const someFixes = fc.oneof(aDrive, fc.array(anyFix, { minLength: 1, maxLength: 70 }))
const aProfile = fc.constantFrom(...ALL)
const aFixNumber = fc.oneof(fc.nat(100_000), fc.integer({ min: 0, max: 4294960000 }))

function expectBack(profile: Profile, given: FixColumns[], back: FixColumns[]): void {
    for (const [index, fix] of back.entries())
        expect(difference(profile, given[index]!, fix), `fix ${index}`).toBeUndefined()
}

describe("a packed batch", () => {
    it(
        "gives every field back to its quantum, in every profile [P-pack.3]",
        () => {
            const property = fc.property(
                aProfile,
                someFixes,
                aFixNumber,
                (profile, fixes, first) => {
                    const writer = written(profile, fixes, first)
                    const batch = read(writer.finished())
                    expect(batch).toMatchObject({
                        profile: profile.number,
                        firstFix: first,
                        base: -1,
                    })
                    expect(batch.fixes).toHaveLength(writer.count)
                    expectBack(profile, fixes, batch.fixes)
                    expect(batch.tail).toEqual(writer.tail())
                    const again = written(profile, batch.fixes, first)
                    expect(again.finished().toString("hex")).toBe(writer.finished().toString("hex"))
                },
            )
            fc.assert(property, { numRuns: cases(400, 40_000) })
        },
        TIMEOUT_MS,
    )

    it(
        "goes on from an earlier batch when it is chained, over any gap in the numbers",
        () => {
            const property = fc.property(
                ...[
                    aProfile,
                    aDrive,
                    someFixes,
                    aFixNumber,
                    fc.oneof(fc.constant(0), fc.nat(5000)),
                ],
                (profile, before, fixes, first, apart) => {
                    const earlier = written(profile, before, first)
                    const base = earlier.tail()
                    const writer = written(profile, fixes, base.fix + 1 + apart, base)
                    const batch = read(writer.finished(), read(earlier.finished()).tail)
                    expect(batch.base).toBe(base.fix)
                    expect(batch.firstFix).toBe(base.fix + 1 + apart)
                    expectBack(profile, fixes, batch.fixes)
                    expect(batch.tail).toEqual(writer.tail())
                },
            )
            fc.assert(property, { numRuns: cases(200, 20_000) })
        },
        TIMEOUT_MS,
    )

    it(
        "never exceeds 60 fixes or 232 bytes of body, and refuses no fix before that",
        () => {
            const property = fc.property(aProfile, someFixes, (profile, fixes) => {
                const writer = written(profile, fixes)
                expect(writer.count).toBeLessThanOrEqual(PACKED_FIXES_MAX)
                const body = packedBody(writer.finished(), 4294967295)
                expect(body.length).toBeLessThanOrEqual(BODY_BYTES_MAX)
                const isFull =
                    writer.count === PACKED_FIXES_MAX || body.length > BODY_BYTES_MAX - 72
                expect(isFull || writer.count === fixes.length).toBe(true)
            })
            fc.assert(property, { numRuns: cases(200, 20_000) })
        },
        TIMEOUT_MS,
    )

    it("is unchanged by a fix that did not fit", () => {
        const vehicle = new Vehicle(new Draws(5))
        const fixes = Array.from({ length: 60 }, () => vehicle.next())
        const writer = new PackedWriter(profileOf(24)!, 0, 60, undefined)
        const taken = fixes.filter((fix) => writer.add(fix))
        expect(taken.length).toBeLessThan(fixes.length)
        expect(writer.finished().length).toBeLessThanOrEqual(60)
        expectBack(profileOf(24)!, taken, read(writer.finished()).fixes)
    })

    it("holds a single fix, and sixty of a parked tracker in a few bytes", () => {
        const parked = [16_890_554_520, 35_165_390, 136_881_440, 40, 0, 73, 60]
        const one = written(STANDARD, [parked])
        expect(one.finished().length).toBeLessThanOrEqual(19)
        expectBack(STANDARD, [parked], read(one.finished()).fixes)
        const still = Array.from({ length: 60 }, (_, i) => [
            parked[0]! + i * 10,
            ...parked.slice(1),
        ])
        const sixty = written(STANDARD, still)
        expect(sixty.count).toBe(60)
        expect(sixty.finished().length).toBeLessThanOrEqual(30)
        expectBack(STANDARD, still, read(sixty.finished()).fixes)
    })

    it("pays nothing for columns that no fix has", () => {
        const bare = Array.from({ length: 50 }, (_, i) => [16_890_554_520 + i * 10, 5_000_000, 0])
        const withSpeed = bare.map((fix) => [...fix, undefined, 50])
        const bytes = (fixes: FixColumns[]) => written(STANDARD, fixes).finished().length
        expect(bytes(bare)).toBeLessThanOrEqual(17)
        expect(bytes(withSpeed)).toBeGreaterThan(bytes(bare))
    })

    it("crosses the antimeridian and a pole without a jump", () => {
        const eastward = Array.from({ length: 40 }, (_, i) => {
            const lon = 179_998_000 + i * 100
            return [16_890_554_520 + i * 10, -17_000_000, lon < 180e6 ? lon : lon - 360e6]
        })
        const inland = eastward.map(([at, lat, lon]) => [at, lat, (lon! + 270e6) % 180e6])
        const bytes = (fixes: FixColumns[]) => written(STANDARD, fixes).finished().length
        // The step across is no motion to go on with: a few bytes at the first fixes beyond.
        expect(bytes(eastward) - bytes(inland)).toBeLessThanOrEqual(12)
        const poles = [90e6, 89_999_990, -90e6, 90e6].map((lat, i) => [1e10 + i, lat, 180e6 - i])
        expectBack(STANDARD, poles, read(written(STANDARD, poles).finished()).fixes)
    })

    it("keeps tenths of a second where the profile does", () => {
        const fine = profileOf(
            profileNumber({
                ...{ finePosition: false, fineTime: true },
                ...{ auxiliary: "standard", reception: false },
            }),
        )!
        const fixes = [12_650_274_985, 12_650_274_995, 12_650_275_006].map((at) => [at, 0, 0])
        const times = read(written(fine, fixes).finished()).fixes.map(([at]) => at)
        expect(times).toEqual([12_650_274_985, 12_650_274_995, 12_650_275_006])
    })
})

describe("the example of the specification", () => {
    const fixes = [
        [16_890_554_520, 35_165_394, 136_881_442, 40, 52, 73, 53],
        [16_890_554_530, 35_165_406, 136_881_503, 40, 55, 75, 53],
        [16_890_554_540, 35_165_420, 136_881_560, 41, 53, undefined, 49],
    ]

    it("comes out byte for byte", () => {
        const writer = written(STANDARD, fixes, 300)
        expect(packedBody(writer.finished(), 0).toString("hex")).toBe(
            "a104581901034728a7442bde7cff56706fbb3a17a38b45c4e25eba2c01",
        )
        const next = [16_890_554_550, 35_165_431, 136_881_610, 41, 52, 78, 49]
        const chained = written(STANDARD, [next], 303, writer.tail())
        expect(packedBody(chained.finished(), 0).toString("hex")).toBe("a104470181473e66daac")
        const bare = written(STANDARD, [fixes[0]!.slice(0, 3)], 0)
        expect(packedBody(bare.finished(), 0).toString("hex")).toBe(
            "a1044e0101000c33ec3e7cff56706fbb36",
        )
    })
})

describe("losing a packed batch", () => {
    it("spoils only those that are chained to it, and they say so", () => {
        const vehicle = new Vehicle(new Draws(11))
        const fixes = Array.from({ length: 40 }, () => vehicle.next())
        const lost = written(STANDARD, fixes.slice(0, 10), 0)
        const chained = written(STANDARD, fixes.slice(10, 20), 10, lost.tail())
        const whole = written(STANDARD, fixes.slice(20, 30), 20)
        expect(decodePacked(chained.finished(), noBase)).toEqual({
            kind: "reject",
            reason: "unknown-base",
        })
        expectBack(STANDARD, fixes.slice(20, 30), read(whole.finished()).fixes)
        const next = written(STANDARD, fixes.slice(30), 30, whole.tail())
        expectBack(STANDARD, fixes.slice(30), read(next.finished(), whole.tail()).fixes)
    })

    it("leaves a tail that survives storage as JSON", () => {
        const vehicle = new Vehicle(new Draws(12))
        const fixes = Array.from({ length: 12 }, () => vehicle.next())
        const base = written(STANDARD, fixes.slice(0, 6), 0).tail()
        const bytes = written(STANDARD, fixes.slice(6), 6, base).finished()
        const stored = JSON.parse(JSON.stringify(base)) as PackedTail
        expect(read(bytes, stored)).toEqual(read(bytes, base))
    })

    it("passes over a base of another profile, and refuses one", () => {
        const vehicle = new Vehicle(new Draws(13))
        const fixes = Array.from({ length: 4 }, () => vehicle.next())
        const base = written(STANDARD, fixes.slice(0, 2), 0).tail()
        expect(read(written(profileOf(2)!, fixes.slice(2), 2, base).finished()).base).toBe(-1)
        const bytes = written(STANDARD, fixes.slice(2), 2, base).finished()
        const reason = decodePacked(bytes, () => ({ ...base, profile: 2 }))
        expect(reason).toEqual({ kind: "reject", reason: "base-profile" })
    })
})

describe("bytes that claim to be a packed batch", () => {
    const base = written(STANDARD, [[1e10, 1e6, 1e6, 5, 5, 5, 5]], 7).tail()

    /** Decodes; whatever comes out must be sound. */
    function expectSound(bytes: Buffer): void {
        const batch = decodePacked(bytes, (fix) => ({ ...base, fix }))
        if (batch.kind === "reject") expect(batch.reason).toMatch(/^[a-z][a-z-]+$/)
        else {
            expect(batch.fixes.length).toBeLessThanOrEqual(PACKED_FIXES_MAX)
            for (const fix of batch.fixes) expect(columnsFault(fix)).toBeUndefined()
        }
    }

    it(
        "are a batch or refused, whatever they are",
        () => {
            const head = fc.tuple(fc.integer({ min: 0, max: 26 }), fc.integer({ min: 0, max: 255 }))
            const random = fc.tuple(head, fc.uint8Array({ maxLength: 230 }))
            const property = fc.property(random, ([start, rest]) => {
                expectSound(Buffer.from([...start, ...rest]))
                expectSound(Buffer.from(rest))
            })
            fc.assert(property, { numRuns: cases(3000, 300_000) })
        },
        TIMEOUT_MS,
    )

    it(
        "are a batch or refused when a sound one is cut or a bit of it flips",
        () => {
            const property = fc.property(aProfile, aDrive, fc.nat(), (profile, fixes, at) => {
                const bytes = written(profile, fixes).finished()
                expectSound(bytes.subarray(0, at % bytes.length))
                const flipped = Buffer.from(bytes)
                flipped[at % bytes.length]! ^= 1 << (at % 8)
                expectSound(flipped)
            })
            fc.assert(property, { numRuns: cases(1000, 100_000) })
        },
        TIMEOUT_MS,
    )

    it.each([
        ["packed-cut-short", "01"],
        ["profile-unknown", "0001"],
        ["profile-unknown", "1901"],
        ["fix-count", "0100"],
        ["fix-count", "013d"],
        ["time-range", "0101"],
        ["first-fix-range", "0102ffffffffffff"],
        ["packed-too-long", `0101${"55".repeat(40)}`],
    ])("are refused as %s", (reason, hex) => {
        expect(decodePacked(Buffer.from(hex, "hex"), noBase)).toEqual({ kind: "reject", reason })
    })
})

describe("the body of a packed batch", () => {
    const bytes = written(STANDARD, [[1e10, 1e6, 1e6]], 3).finished()

    it("carries what was thinned, and passes over keys that it does not know", () => {
        const plain = decodePackedBody(packedBody(bytes, 0), noBase)
        expect(plain).toMatchObject({ kind: "packed-body", thinned: 0, batch: { firstFix: 3 } })
        expect(decodePackedBody(packedBody(bytes, 300), noBase)).toMatchObject({ thinned: 300 })
        const body = packedBody(bytes, 0)
        const more = Buffer.concat([
            Buffer.from([0xa2]),
            body.subarray(1),
            Buffer.from("1818f5", "hex"),
        ])
        expect(decodePackedBody(more, noBase)).toEqual(plain)
    })

    it.each([
        ["batch-missing", "a0"],
        ["batch-missing", "a2030004420101"],
        ["bytes-expected", "a10401"],
        ["thinned-range", "a204420101" + "0720"],
        ["map-expected", "80"],
        ["cut-short", "a104"],
    ])("is refused as %s", (reason, hex) => {
        expect(decodePackedBody(Buffer.from(hex, "hex"), noBase)).toEqual({
            kind: "reject",
            reason,
        })
    })
})
