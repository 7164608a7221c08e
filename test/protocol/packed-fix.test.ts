// The packed profiles behind the doors that the plain one has.

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeFixBatch, type Fix, FixBatchWriter } from "../../protocol/fix.js"
import { decodePacked, PackedWriter } from "../../protocol/pack/packed-batch.js"
import { decodePackedBody, packedBody } from "../../protocol/pack/packed-body.js"
import { profileOf } from "../../protocol/pack/profile.js"
import { anyPackedFix } from "../support/any-fix.js"
import { cases } from "../support/cases.js"

/** Fine in everything, satellites kept. */
const WHOLE = 24

describe("a fix batch of a packed profile", () => {
    it(
        "gives each fix back whole, chained or not",
        () => {
            const some = fc.array(anyPackedFix, { minLength: 1, maxLength: 8 })
            const property = fc.property(some, some, fc.nat(1000), (before, fixes, thinned) => {
                const earlier = new FixBatchWriter(5, WHOLE)
                const wasIn = before.filter((fix) => earlier.add(fix))
                const first = decodeFixBatch(earlier.body(0))
                if (first.kind === "reject") throw new Error(first.reason)
                expect(first).toMatchObject({
                    kind: "fixes",
                    firstFix: 5,
                    fixes: wasIn,
                    thinned: 0,
                })
                expect(earlier.tail()).toEqual(first.tail)
                const writer = new FixBatchWriter(5 + wasIn.length, WHOLE, first.tail)
                const isIn = fixes.filter((fix) => writer.add(fix))
                expect(writer.count).toBe(isIn.length)
                const body = writer.body(thinned)
                const tail = first.tail
                const back = decodeFixBatch(body, (fix) => (fix === tail?.fix ? tail : undefined))
                expect(back).toMatchObject({ kind: "fixes", fixes: isIn, thinned })
                expect(decodeFixBatch(body)).toEqual({ kind: "reject", reason: "unknown-base" })
            })
            fc.assert(property, { numRuns: cases(100, 10_000) })
        },
        cases(30_000, 900_000),
    )

    it("is refused by name when its fixes lack what a fix has", () => {
        const profile = profileOf(WHOLE)!
        const writer = new PackedWriter(profile, 0, 200, undefined)
        writer.add([1e10, 0, 0, undefined, 5, 5, 5, 5, 1])
        const body = packedBody(writer.finished(), 0)
        expect(decodeFixBatch(body)).toEqual({ kind: "reject", reason: "column-missing" })
    })
})

describe("what no decoder would take", () => {
    const fix: Fix = {
        ...{ kind: "fix", timeDs: 16_890_554_520, latUdeg: 35_165_394, lonUdeg: 136_881_442 },
        ...{ altM: 40, speedDmps: 52, courseDeg: 73, accuracyDm: 53, satellites: 9 },
    }
    it.each([
        [{ timeDs: 0 }, "time-range"],
        [{ timeDs: Number.NaN }, "time-range"],
        [{ latUdeg: 90_000_001 }, "latitude-range"],
        [{ lonUdeg: -180_000_001 }, "longitude-range"],
        [{ altM: -1001 }, "altitude-range"],
        [{ speedDmps: -1 }, "speed-range"],
        [{ courseDeg: 360 }, "course-range"],
        [{ accuracyDm: 0 }, "accuracy-range"],
        [{ satellites: 256 }, "satellites-range"],
    ])("is not packed: %j", (parts, fault) => {
        for (const profile of [1, WHOLE]) {
            const writer = new FixBatchWriter(5, profile)
            writer.add(fix)
            expect(() => writer.add({ ...fix, ...parts })).toThrow(`fix 6: ${fault}`)
            // What was added before is not spoilt by it.
            expect(writer.count).toBe(1)
            const read = decodePackedBody(writer.body(0), () => undefined)
            expect(read).toMatchObject({ batch: { firstFix: 5, fixes: [{ length: 9 }] } })
        }
    })

    it.each([-1, 25, 0.5])("is not a profile: %s", (profile) => {
        const message = `profile is ${profile}, expected 0 or one of 1 to 24`
        expect(() => new FixBatchWriter(0, profile)).toThrow(message)
    })

    it("is not a time of nothing: one that would round to it is the first quantum", () => {
        const writer = new PackedWriter(profileOf(1)!, 0, 200, undefined)
        writer.add([4, 0, 0])
        const batch = decodePacked(writer.finished(), () => undefined)
        const none = Array.from({ length: 6 }, () => undefined)
        expect(batch).toMatchObject({ fixes: [[10, 0, 0, ...none]] })
    })
})
